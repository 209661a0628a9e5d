"""What RUNBOOK.md says of each exit code."""

from __future__ import annotations

AGAIN, FIX, HINT = "read the message, rerun it", "fix, rerun it", "read the hint"
REVIEW, CALL, CHOOSE = "stop: facts, render, review", "stop: touch nothing, call", "fix, rerun it, or `undo`"

# exit, what it means, then what to do in the four columns
EXIT_CODES: tuple[tuple[str, str, str, str, str, str], ...] = (
    ("0", "done, or it already held", "next line", "next line", "next line", "next line"),
    ("1", "a command failed, or `verify` found a NO", AGAIN, AGAIN, AGAIN, AGAIN),
    ("2", "wrong usage, or not root", HINT, HINT, HINT, HINT),
    ("3", "not ready: nothing that runs was changed", FIX, FIX, FIX, FIX),
    ("4", "host or cluster is not as reviewed", REVIEW, REVIEW, CALL, CALL),
    ("5", "changed, and its last check failed", "cannot be", CHOOSE, CHOOSE, FIX),
)
