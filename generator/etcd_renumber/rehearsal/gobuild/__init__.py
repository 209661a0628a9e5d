"""Programs that no package has are built from Go modules, once, into a cache."""
