"""How many members must agree, and how many may fail (etcd's FAQ: a cluster of n needs n // 2 + 1)."""

from __future__ import annotations

import re
from collections.abc import Iterable

MILLISECONDS = re.compile(r"[0-9]{1,9}")


def tolerance(members: int) -> tuple[int, int]:
    """(majority, failures tolerated) of a cluster with this many members."""
    majority = members // 2 + 1
    return majority, members - majority


def silence(usual: str, timeouts: Iterable[str]) -> str:
    """How long a cluster of one or two takes no writes while a member restarts, in words. An election takes one to two of etcd's
    election timeouts, which is 1 s where no flag says it; `timeouts` are the values of that flag. `usual` is with 1 s.
    """
    longest = max((int(t) for t in timeouts if MILLISECONDS.fullmatch(t)), default=1000)
    if longest <= 1000:
        return usual
    return f"some seconds and an election of {longest / 1000:g} to {longest / 500:g} s (--election-timeout={longest})"
