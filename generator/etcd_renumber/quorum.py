"""How many members must agree, and how many may fail (etcd's FAQ: a cluster of n needs n // 2 + 1)."""

from __future__ import annotations


def tolerance(members: int) -> tuple[int, int]:
    """(majority, failures tolerated) of a cluster with this many members."""
    majority = members // 2 + 1
    return majority, members - majority
