"""What changes in a file, as `diff -u` shows it."""

from __future__ import annotations

import difflib


def diff(file: str, before: str, after: str, old: str = "old", new: str = "new") -> str:
    """A unified diff from `old`/file to `new`/file."""
    lines = difflib.unified_diff(
        before.splitlines(keepends=True), after.splitlines(keepends=True), f"{old}/{file}", f"{new}/{file}"
    )
    return "".join(line if line.endswith("\n") else line + "\n\\ No newline at end of file\n" for line in lines)
