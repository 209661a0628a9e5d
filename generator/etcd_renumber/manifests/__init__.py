"""Static pod manifests: what a member's own says, and the same with other addresses."""
