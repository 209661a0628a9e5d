"""`status` asked of every host after each line that changes something: it must always answer."""

from __future__ import annotations

from generator.rehearsal.replica import Replica
from generator.rehearsal.running import Running

ASKING = 120.0  # seconds


class Statuses:
    """Questions that are open. `one_at_a_time`: no host is asked again before it has answered.

    A real control plane leaves so little over of the processors that questions would pile up.
    """

    def __init__(self, replica: Replica, one_at_a_time: bool = False) -> None:
        self.replica, self.one_at_a_time = replica, one_at_a_time
        self.open: list[tuple[str, Running]] = []
        self.faults: list[str] = []

    def ask(self, when: str) -> None:
        """Every host, side by side. It changes nothing, so the order goes on meanwhile."""
        if self.one_at_a_time:
            self._wait()
        for m in self.replica.roster:
            self.open.append((f"{when}: status on {m.name}", self.replica.start_behind(m.name, "status")))

    def hear(self) -> list[str]:
        """Every one of those asked must have answered: who has not, in words."""
        self._wait()
        faults, self.faults = self.faults, []
        return faults

    def _wait(self) -> None:
        for what, running in self.open:
            try:
                said = f"exit {running.wait(ASKING).exit}"
            except TimeoutError:
                said = f"no answer in {ASKING:g} s"
            if said != "exit 0":
                self.faults.append(f"{what}: {said}")
        self.open = []
