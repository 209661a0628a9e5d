"""`status` asked of every host while the order is carried out: it must always answer."""

from __future__ import annotations

from etcd_renumber.rehearsal.replica import Replica
from etcd_renumber.rehearsal.testbed.process import Running

ASKING = 120.0  # seconds


class Statuses:
    """Questions that are open. `at_once`: each is waited for before the order goes on.

    Else nobody waits: a question gets what the processors have left over, and a host that has not answered the last one is not
    asked the next, so that they do not pile up. A real control plane leaves so little that they would get in the way of the
    lines that are measured.
    """

    def __init__(self, replica: Replica, at_once: bool = False) -> None:
        self.replica, self.at_once = replica, at_once
        self.open: list[tuple[str, str, Running]] = []
        self.faults: list[str] = []

    def ask(self, when: str) -> None:
        """Every host that is not still answering, side by side."""
        start = self.replica.start if self.at_once else self.replica.start_behind
        busy = {host for host, _, running in self.open if running.runs}
        for m in self.replica.roster:
            if m.name not in busy:
                self.open.append((m.name, f"{when}: status on {m.name}", start(m.name, "status")))
        if self.at_once:
            self._wait()

    def hear(self) -> list[str]:
        """Every one of those asked must have answered: who has not, in words."""
        self._wait()
        faults, self.faults = self.faults, []
        return faults

    def _wait(self) -> None:
        for _, what, running in self.open:
            try:
                said = f"exit {running.wait(ASKING).exit}"
            except TimeoutError:
                said = f"no answer in {ASKING:g} s"
            if said != "exit 0":
                self.faults.append(f"{what}: {said}")
        self.open = []
