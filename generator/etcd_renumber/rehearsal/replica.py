"""A bed with a change folder on its hosts, and what people do there: run a runbook, change an address, carry a snapshot."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Protocol

from etcd_renumber.methods.restore_words import CARRIED
from etcd_renumber.model import Address, Change, Line, Member
from etcd_renumber.planning.plan import SOURCE
from etcd_renumber.rehearsal.testbed.host import Host
from etcd_renumber.rehearsal.testbed.process import Ran, Running

FOLDER = "/root/change"
# Each command has a session of its own, and sessions share the processors as groups: `nice` counts inside a group only. The
# kernel takes such a wish ten times a second, unless it is root's.
BEHIND = """group=/proc/self/autogroup
for _ in 1 2 3 4 5 6 7 8 9; do [[ ! -e $group ]] || echo 19 >$group && break; sleep 0.05; done 2>/dev/null
exec nice -n 19 "$@"
"""
COMMAND = "    # "  # so the line of a command begins
KILLER, KILLER_THERE = Path(__file__).with_name("kill_after.bash"), "/run/kill_after.bash"


def commands(ran: Ran) -> list[str]:
    """The commands that a runbook printed, each before it was carried out; of a killed one the last may not have been."""
    return [line.removeprefix(COMMAND) for line in ran.text.splitlines() if line.startswith(COMMAND)]


class Hosts(Protocol):
    """A bed, or a real cluster: hosts by name."""

    def __getitem__(self, name: str, /) -> Host: ...

    def wait_healthy(self, seconds: float, /) -> None:
        """Until every member agrees with a majority. Raises TimeoutError."""


class Replica:
    """A bed with each host's folder of the change, and what was heard there so far: `candidates`, `snapshot`, `sha256`, `maker`.

    `bits` gives an address its prefix length, `device` is where a new address goes. `ways` is what the network people do
    once the addresses of a host have changed: routes that the kernel took away with them. `workers`: those there, and apiservers.
    """

    def __init__(
        self,
        change: Change,
        folder: Path,
        bed: Hosts,
        bits: Callable[[Address], int],
        device: str = "eth0",
        ways: Callable[[Host], None] = lambda host: None,
        workers: Sequence[str] = (),
    ) -> None:
        self.change, self.folder, self.bed = change, folder, bed
        self.bits, self.device, self.ways, self.workers = bits, device, ways, tuple(workers)
        self.candidates: dict[str, str] = {}
        self.snapshot = self.sha256 = self.maker = ""

    def copy_folders(self) -> None:
        """Each host gets its own folder and nothing else. The bed must be up."""
        for member in self.roster:
            self.bed[member.name].copy_in(self.folder / "hosts" / member.name, FOLDER)
        for name in self.workers:
            self.bed[name].copy_in(self.folder / self.change.script(name).name, FOLDER)

    def __getitem__(self, name: str) -> Host:
        return self.bed[name]

    @property
    def roster(self) -> tuple[Member, ...]:
        """Every member, in the mapping's order."""
        return self.change.cluster.mapping.members

    def member(self, name: str) -> Member:
        """The line of the mapping with this name."""
        return next(m for m in self.roster if m.name == name)

    # --- the runbook ---

    def start(self, host: str, *words: str, env: Mapping[str, str] | None = None) -> Running:
        """`bash runbook.sh WORDS` on a host, as root there, begun and not waited for."""
        return self.bed[host].start(["bash", f"{FOLDER}/runbook.sh", *words], env=env)

    def runbook(self, host: str, *words: str, env: Mapping[str, str] | None = None) -> Ran:
        """The same to its end, five minutes at most."""
        return self.start(host, *words, env=env).wait(300)

    def start_behind(self, host: str, *words: str) -> Running:
        """The same, begun, with what the processors have left over."""
        return self.bed[host].start(["bash", "-c", BEHIND, "behind", "bash", f"{FOLDER}/runbook.sh", *words])

    def start_killed(self, host: str, *words: str, after: int = 10000, before: str = "") -> Running:
        """The same, ended by SIGKILL after that many of its commands, or before the first that begins with `before` (at its own
        end, when it has no more)."""
        self.bed[host].write_text(KILLER_THERE, KILLER.read_text(encoding="utf-8"))
        return self.start(host, *words, env={"BASH_ENV": KILLER_THERE, "KILL_AFTER": str(after), "KILL_BEFORE": before})

    # --- a line of the order, and what its reader carries on to the next ones; only `restore` has anything to carry ---

    def host_of(self, line: Line) -> str:
        """Where the line is carried out."""
        return self.source() if line.host == SOURCE else line.host

    def words_of(self, phase: str, host: str) -> tuple[str, ...]:
        """What stands behind `bash runbook.sh` for it."""
        return ("apply", phase, *self.options_of(phase, host))

    def options_of(self, phase: str, host: str) -> tuple[str, ...]:
        """What the phase must be told there."""
        options = {p.name: p.options for p in self.change.method.phases}.get(phase, "")  # a worker's has none
        if "--candidates" in options:
            return ("--candidates", "; ".join(self.candidates.values()))
        file = self.snapshot if host == self.maker else CARRIED
        return ("--snapshot", file, "--sha256", self.sha256) if "--snapshot" in options else ()

    def source(self) -> str:
        """The host that the runbook itself names as the source; asked on the last one."""
        last = self.roster[-1].name
        ran = self.runbook(last, "plan", "snapshot", *self.options_of("snapshot", last))
        return found[1] if (found := re.search(r"the source is (\S+), not", ran.text)) else last

    def heard(self, host: str, phase: str, ran: Ran) -> None:
        """Keep what the next lines need. Raises RuntimeError where a phase that ended well did not say it."""
        last = ran.out.rstrip("\n").rpartition("\n")[2]
        if phase == "stop":
            if not last.startswith(f"candidate {host} "):
                raise RuntimeError(f"its last line is not `candidate {host} ...`: {last!r}")
            self.candidates[host] = last
        elif phase == "snapshot":
            said = re.fullmatch(r"snapshot (/\S+) sha256=([0-9a-f]{64}) .*", last)
            if not said:
                raise RuntimeError(f"its last line is not `snapshot FILE sha256=...`: {last!r}")
            self.snapshot, self.sha256 = said[1], said[2]
            self.carry_the_snapshot(host)

    def carry_the_snapshot(self, source: str) -> None:
        """The file to every other host, under the name that RUNBOOK.md says, for root alone."""
        self.maker, data = source, self.bed[source].path(self.snapshot).read_bytes()
        for member in self.roster:
            if member.name != source:
                target = self.bed[member.name].path(CARRIED)
                target.touch(mode=0o600)
                target.write_bytes(data)

    # --- addresses ---

    @property
    def proof(self) -> str:
        """The phase whose `verify` must hold on a host before its old address goes."""
        return self.change.method.last_change

    def person(self, host: str, action: str) -> None:
        """add, remove or replace: what the network people do to a host's addresses, where it is not so yet."""
        member = self.member(host)
        if action in ("remove", "replace") and self.has(host, member.old):
            self.remove_old(host)
        if action in ("add", "replace") and not self.has(host, member.new):
            self.add_new(host)

    def everybody_moves(self, crash: bool) -> None:
        """All hosts die, or are asked to end; every address changes; they come up while no API answers anywhere."""
        for m in self.roster:
            self[m.name].down() if crash else self[m.name].shut_down()
        for m in self.roster:
            if not m.stays:
                self.person(m.name, "replace")
        for m in self.roster:
            self[m.name].up()

    def has(self, host: str, address: Address) -> bool:
        """Whether the host has this address now."""
        return f" {address}/" in self.bed[host].must(["ip", "-o", "address"])

    def add_new(self, host: str) -> None:
        """NEW goes on, beside whatever is there."""
        self.bed[host].add_address(self.interface(self.member(host).new), self.device)
        self.ways(self.bed[host])

    def remove_old(self, host: str) -> None:
        """OLD is taken away, under whatever uses it."""
        self.bed[host].remove_address(self.interface(self.member(host).old))
        self.ways(self.bed[host])

    def interface(self, address: Address) -> str:
        """The address with its prefix length, as `ip` wants it."""
        return f"{address}/{self.bits(address)}"

    # --- what the cluster says ---

    def members(self, host: str) -> dict[str, tuple[str, str, str]]:
        """Name to (id, peer URL, client URL), as this host's etcd says."""
        answer = self.bed[host].etcdctl("member", "list")
        rows = re.findall(r"^([0-9a-f]+), started, ([^,]+), ([^,]+), ([^,\s]+)", answer.out, re.M)
        return {name: (ident, peer, client) for ident, name, peer, client in rows}

    def endpoint(self, host: str) -> dict[str, str]:
        """Field to value of `endpoint status`, empty where this host's etcd does not run or does not answer in time."""
        if not self.bed[host].etcd_pid():
            return {}
        quick = ("--dial-timeout=1s", "--command-timeout=2s")
        text = self.bed[host].etcdctl(*quick, "endpoint", "status", "-w", "fields").out
        return {key: value.strip('"') for key, value in re.findall(r'^"(\w+)" : (.+)$', text, re.M)}

    def old_connections(self) -> list[str]:
        """Connections of etcd with an address that went, at either end, on any host."""
        gone = {str(m.old) for m in self.roster if not m.stays}
        found = []
        for m in self.roster:
            for row in self.bed[m.name].must(["ss", "-Htnp", "state", "established"]).splitlines():
                if '"etcd"' in row and any(_plain(end) in gone for end in row.split()[2:4]):
                    found.append(f"{m.name}: {row}")
        return found


def _plain(end: str) -> str:
    return end.rpartition(":")[0].strip("[]").removeprefix("::ffff:")
