"""The order carried out on a replica under load: each line timed, `status` asked everywhere, drills in between."""

from __future__ import annotations

import time
from dataclasses import replace
from itertools import zip_longest
from typing import Protocol

from etcd_renumber.model import Line
from etcd_renumber.records.run import Done
from etcd_renumber.rehearsal.drills import Drills
from etcd_renumber.rehearsal.progress import Progress, Tell
from etcd_renumber.rehearsal.replica import Replica, commands
from etcd_renumber.rehearsal.statuses import Statuses
from etcd_renumber.rehearsal.testbed.load_client import Writer
from etcd_renumber.rehearsal.testbed.process import Ran, Running

LIMIT, LAST_LINES = 900.0, 30
KILLED, CLOSED = 137, 3
LOOKS = "preflight"  # its lines stand first and go side by side, as in run.sh
READS_ONLY = (LOOKS, "release")


class Pausing(Protocol):
    """A load that may hang up for a while."""

    paused: bool

    def tell(self, line: str, /) -> None:
        """ "pause" or "resume"."""


class Stage:
    """What has been done so far, and what did not go as it should. Times count from the moment this was made.

    `api` are writers through the API of a real control plane. There, the order waits until every `status` has answered.
    """

    def __init__(
        self, replica: Replica, writer: Writer, drills: Drills, tell: Tell, api: Pausing | None = None
    ) -> None:
        self.replica, self.writer, self.drills, self.tell = replica, writer, drills, tell
        self.api = api
        self.zero = time.monotonic()
        self.done: list[Done] = []
        self.faults: list[str] = []
        self.begun: dict[int, Running] = {}  # by line: started before its turn
        self.statuses = Statuses(replica, at_once=api is not None)

    def carry_out(self) -> None:
        """Every line of the order but those on workers that the replica does not have, until one does not end as it should."""
        order = self.replica.change.order_with(*self.replica.workers)
        if not any(k.phase == LOOKS for k in self.drills.kills):
            self.begun = {line.line: self._started(line) for line in order if line.phase == LOOKS}
        for line, after in zip_longest(order, order[1:]):
            down = next((d for d in self.drills.downs if d.line == line.line), None)
            held = self._with_one_down(line, down.host) if down else True
            if not held or not (self._person(line) if line.kind == "address" else self._phase(line)):
                break
            if line.kind == "address" and not (after and after.kind == "address"):
                self.statuses.ask(f"after {self._where(line, line.host)}")
        for line in (line for line in order if line.line in self.begun):
            self._phase(line)  # one of those side by side has stopped the order; what the others say counts too
        self.faults += self.statuses.hear()

    def everybody_stops(self, crash: bool) -> None:
        """All members die, or are asked to end; then every address changes, and kubelets come back."""
        began = time.monotonic()
        self.replica.everybody_moves(crash)
        what = "all members are killed" if crash else "all members are stopped"
        self._note(began, "all hosts", f"{what}, then every address changes")

    @property
    def last(self) -> str:
        """What was done last, in words."""
        done = self.done[-1] if self.done else None
        return f"line {done.line}, {done.what} on {done.host}" if done else "the start"

    # --- one line ---

    def _phase(self, line: Line) -> bool:
        if line.phase == "stop" and not self.replica.candidates:
            self.writer.tell("pause")  # the API is away on every host, and with it whoever wrote
        if line.phase == "quiesce" and self.api and not self.api.paused:
            self.api.tell("pause")
        host, kill = self.replica.host_of(line), self.drills.kill(line)
        if kill:
            running = self.replica.start_killed(host, *self.replica.words_of(line.phase, host), after=kill.after)
            killed = self._ended(line, host, running, KILLED, f"drill: killed after {kill.after} commands")
            if killed.exit == 0:
                self.faults.append(f"{self._where(line, host)}: it has at most {kill.after} commands: not killed")
                return True
            if killed.exit != KILLED:
                return False
        note = "rerun after the kill" if kill else ""
        ran = self._ended(line, host, self._started(line), 0, note)
        if line.phase == "reopen":
            for load in (self.writer, self.api):
                if load and load.paused:
                    load.tell("resume")
        return ran.exit == 0

    def _started(self, line: Line) -> Running:
        if begun := self.begun.pop(line.line, None):
            return begun
        host = self.replica.host_of(line)
        return self.replica.start(host, *self.replica.words_of(line.phase, host))

    def _ended(self, line: Line, host: str, running: Running, expected: int, note: str) -> Done:
        """Wait for a runbook, ask `status` everywhere where it has changed something, write it all down."""
        began = running.started
        ran = self._watched(line, host, running)
        ended = began + ran.seconds
        row = Done(
            line.line, host, "phase", line.phase, began - self.zero, ran.seconds, ran.exit, expected,
            self.writer.largest_gap(began, ended), len(self.writer.acked), note=note,
            ran=tuple(commands(ran)),
        )  # fmt: skip
        if ran.exit != expected and not (expected == KILLED and ran.exit == 0):
            step = next((s[4:] for s in reversed(ran.text.splitlines()) if s.startswith("==> ")), "its beginning")
            self.faults.append(f"{self._where(line, host)}: exit {ran.exit}, not {expected}, in the step: {step}")
            row = replace(row, said=tuple(ran.text.splitlines()[-LAST_LINES:]))
        elif expected == 0:
            try:
                self.replica.heard(host, line.phase, ran)
            except RuntimeError as error:
                self.faults.append(f"{self._where(line, host)}: {error}")
                row = replace(row, exit=1, said=tuple(ran.text.splitlines()[-LAST_LINES:]))
        row = replace(row, term=self._term(host))
        if line.phase not in READS_ONLY:
            self.statuses.ask(f"after {self._where(line, host)}")
        self.done.append(row)
        self.tell(self._progress(line, host, row.seconds, row.exit))
        return row

    def _watched(self, line: Line, host: str, running: Running) -> Ran:
        while running.first.poll() is None and time.monotonic() - running.started < LIMIT:
            self.tell(self._progress(line, host, time.monotonic() - running.started))
            time.sleep(0.05)
        try:
            return running.wait(1)
        except TimeoutError as error:
            return Ran(running.argv, 124, "", "", str(error), LIMIT)

    def _person(self, line: Line) -> bool:
        """What a person does; before an old address goes, `verify` must hold, as the line says."""
        began, ran = time.monotonic(), None
        if line.action == "remove":
            ran = self._watched(line, line.host, self.replica.start(line.host, "verify", self.replica.proof))
        if ran and ran.exit:
            self.faults.append(f"{self._where(line, line.host)}: verify {self.replica.proof}: exit {ran.exit}")
        else:
            self.replica.person(line.host, line.action)
        self._note(began, line.host, line.action, line, ran)
        return not ran or ran.exit == 0

    # --- drills ---

    def _with_one_down(self, line: Line, down: str) -> bool:
        """While that member is down, the gate of this line must be closed and nothing changed; then it comes back."""
        began = time.monotonic()
        self.replica[down].down()
        self._note(began, down, "drill: this member is stopped")
        row = self._ended(line, line.host, self._started(line), CLOSED, f"drill: {down} is down, the gate must refuse")
        began = time.monotonic()
        self.replica[down].up()
        self.replica.bed.wait_healthy(120)
        self._note(began, down, "drill: this member is started again")
        return row.exit == CLOSED

    # --- words and figures ---

    def _note(self, began: float, host: str, what: str, line: Line | None = None, ran: Ran | None = None) -> None:
        ended = time.monotonic()
        self.done.append(
            Done(
                line.line if line else 0, host, "address" if line else "event", what, began - self.zero, ended - began,
                ran.exit if ran else 0, 0, self.writer.largest_gap(began, ended), len(self.writer.acked),
                said=tuple(ran.text.splitlines()[-LAST_LINES:]) if ran and ran.exit else (),
            )
        )  # fmt: skip
        self.tell(Progress(line.line if line else 0, self._of, host, what, ended - began, len(self.writer.acked), 0))

    @property
    def _of(self) -> int:
        return len(self.replica.change.order)

    def _progress(self, line: Line, host: str, seconds: float, exit_: int | None = None) -> Progress:
        what = line.phase or line.action
        return Progress(line.line, self._of, host, what, seconds, len(self.writer.acked), exit_)

    def _where(self, line: Line, host: str) -> str:
        return f"line {line.line}, {line.phase or line.action} on {host}"

    def _term(self, first: str) -> int:
        for name in (first, *(m.name for m in self.replica.roster if m.name != first)):
            if found := self.replica.endpoint(name).get("RaftTerm"):
                return int(found)
        return 0
