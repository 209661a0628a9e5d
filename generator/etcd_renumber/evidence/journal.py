"""Lines and files that came from other machines, read without trust."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from etcd_renumber.model import Problem

TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?Z")
LARGEST = 99_999  # of an exit code and of a line of the order, with room


def between(began: str, ended: str) -> float:
    """Seconds from one time to another, both as a journal writes them; 0 where one is missing."""
    if not began or not ended:
        return 0.0
    return (_time(ended) - _time(began)).total_seconds()


def is_time(text: str) -> bool:
    """Whether it is a time as a journal writes it, and one that exists."""
    try:
        return bool(TIME.fullmatch(text)) and bool(_time(text))
    except ValueError:
        return False


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text.removesuffix("Z")).replace(tzinfo=UTC)


def entry(line: str, path: Path, number: int, problems: list[Problem], keys: tuple[str, ...]) -> dict[str, Any] | None:
    """One line of a journal, when it has these keys and its numbers and time are such."""
    try:
        data = json.loads(line)
        numbers = all(type(data[k]) is int and 0 <= data[k] <= LARGEST for k in keys if k in ("line", "exit"))
        texts = all(isinstance(data[k], str) for k in keys if k not in ("line", "exit"))
        if numbers and texts and is_time(data["at"]):
            return {k: data[k] for k in keys}
    except (ValueError, KeyError, TypeError, RecursionError):
        pass
    hint = "a host that lost power may leave half a line"
    problems.append(Problem("this is not a line of a journal", f"{path}:{number}", hint=hint))
    return None


def when(text: str) -> str:
    """The time, or "" when it is none."""
    return text if is_time(text) else ""


def plain_text(path: Path) -> str:
    """A plain file's text; "" where there is none, or none that can be read: an archive says with which mode it is written."""
    try:
        return "" if path.is_symlink() or not path.is_file() else path.read_bytes().decode(errors="replace")
    except OSError:
        return ""
