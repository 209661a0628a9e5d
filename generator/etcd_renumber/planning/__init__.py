"""From a checked cluster to the change: what moves where, in which order, and the file that says so."""
