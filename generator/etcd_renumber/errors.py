"""The one error a user's mistake becomes; cli/main.py turns it into an exit code in one place."""

from __future__ import annotations

from etcd_renumber.model import Problem


class Refused(Exception):
    """What the user gave cannot be used. Carries every problem found, at least one."""

    def __init__(self, *problems: Problem) -> None:
        super().__init__("; ".join(p.fact for p in problems))
        self.problems = problems
