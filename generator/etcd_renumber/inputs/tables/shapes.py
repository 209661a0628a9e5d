"""Parts of a document that somebody else has written: each is what it should be, or empty."""

from __future__ import annotations

from typing import Any


def mapping_of(value: Any) -> dict[Any, Any]:
    """The mapping, or an empty one."""
    return value if isinstance(value, dict) else {}


def mappings_of(value: Any) -> list[dict[Any, Any]]:
    """The mappings in a list."""
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def texts_of(value: Any) -> tuple[str, ...]:
    """The words in a list, or the one word."""
    values = value if isinstance(value, list) else [value]
    return tuple(str(one) for one in values if isinstance(one, str | int) and one != "")
