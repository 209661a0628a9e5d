"""Lines and files that came from other machines, read without trust."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from etcd_renumber.model import Problem

TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?Z")


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
        numbers = all(type(data[k]) is int for k in keys if k in ("line", "exit"))
        texts = all(isinstance(data[k], str) for k in keys if k not in ("line", "exit"))
        if numbers and texts and is_time(data["at"]):
            return {k: data[k] for k in keys}
    except (ValueError, KeyError, TypeError):
        pass
    hint = "a host that lost power may leave half a line"
    problems.append(Problem("this is not a line of a journal", f"{path}:{number}", hint=hint))
    return None


def when(text: str) -> str:
    """The time, or "" when it is none."""
    return text if is_time(text) else ""


def plain_text(path: Path) -> str:
    """A plain file's text; "" where there is none."""
    if path.is_symlink() or not path.is_file():
        return ""
    return path.read_bytes().decode(errors="replace")
