"""What RUNBOOK.md says of each exit code."""

from __future__ import annotations

AGAIN, MEND, HINT = "look, same line again", "mend, same line again", "read the hint"
REVIEW, CALL, CHOOSE = "stop: facts, render, review", "stop: touch nothing, call", "mend, same line again, or `undo`"

# exit, what it means, then what to do in the four columns
EXIT_CODES: tuple[tuple[str, str, str, str, str, str], ...] = (
    ("0", "done, or it already held", "next line", "next line", "next line", "next line"),
    ("1", "a command failed; it is printed", AGAIN, AGAIN, AGAIN, AGAIN),
    ("2", "wrong usage, or not root", HINT, HINT, HINT, HINT),
    ("3", "a guard is closed; nothing changed", MEND, MEND, MEND, MEND),
    ("4", "not the world that was reviewed", REVIEW, REVIEW, CALL, CALL),
    ("5", "changed, and the gate does not hold", "cannot be", CHOOSE, CHOOSE, MEND),
)
