"""What whoever watches a rehearsal is told, many times a second."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Progress:
    """For whoever watches: line `number` of `of`, begun `seconds` ago; `exit` once it has ended."""

    number: int
    of: int
    host: str
    what: str
    seconds: float
    acked: int
    exit: int | None = None


Tell = Callable[[Progress], None]
