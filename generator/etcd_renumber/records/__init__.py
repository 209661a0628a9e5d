"""What a run came to: the schema of run.json, for a rehearsal and for the real change."""
