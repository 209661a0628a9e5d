"""From the record of a run to pages for people."""
