"""A bed with a rendered change folder on it: what the tests of the runbook handle."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack
from types import TracebackType

from etcd_renumber.manifests.unit import is_unit_file
from etcd_renumber.model import Line
from etcd_renumber.rehearsal import subnets
from etcd_renumber.rehearsal.replica import Replica, commands
from etcd_renumber.rehearsal.replica_hosts import apiservers
from etcd_renumber.rehearsal.testbed import pki
from etcd_renumber.rehearsal.testbed.host import Host
from etcd_renumber.rehearsal.testbed.host_spec import HostSpec, Leg
from etcd_renumber.rehearsal.testbed.load_client import Writer
from etcd_renumber.rehearsal.testbed.process import Ran, Running
from etcd_renumber.rehearsal.testbed.testbed import Bed

from tests import run_lines
from tests.conftest import etcd_folder
from tests.scenario import Scenario, bracketed
from tests.watch import Watch

# A `$(...)` that dies of it is empty, and empty often means "none": no exit code shows it.
BROKEN = re.compile(r"unbound variable|syntax error|bad substitution|ambiguous redirect|division by 0")


class Rig(Replica):
    """A running cluster and the change folder that is for it.

    `bits` is the prefix length of every address. `wide`: the certificates hold both addresses from the beginning, as
    after an earlier try; preparing three hosts then costs no quarter of a minute of openssl. `endpoint` is HOST:PORT of the
    API that admin.conf and kubelet.conf of every host name; without it each names itself.
    """

    def __init__(
        self,
        made: Scenario,
        version: str,
        *,
        bits: int = 24,
        legs: Mapping[str, Sequence[Leg]] | None = None,
        extra: Sequence[HostSpec] = (),
        device: str = "eth0",
        gateway: str = "",
        of: str = "bed",
        wide: bool = False,
        endpoint: str = "",
    ) -> None:
        self.made, self.version, self.gateway = made, version, gateway
        specs, apis = [], made.change.cluster.mapping.apiservers
        for m in made.members:
            first, *also = (legs or {}).get(m.name) or [Leg("wire", (f"{m.old}/{bits}",))]
            where = {"addresses": first.addresses, "network": first.network, "gateway": first.gateway}
            where |= {"endpoint": endpoint, "kubelet_calls": endpoint, "standalone": apis is not None}
            sans = (m.new,) if wide else ()
            pods = {file: text for file, text in made.facts[m.name].items() if not is_unit_file(file)}
            unit = {file: text for file, text in made.facts[m.name].items() if is_unit_file(file)}
            specs.append(HostSpec(m.name, pods, also=tuple(also), sans=sans, unit_files=unit, **where))  # type: ignore[arg-type]
        self.took: list[tuple[str, float]] = []
        bed = Bed([*specs, *apiservers(made.change), *extra], etcd_folder(version), of=of)
        there, bits_of = [a.name for a in apis or ()], lambda address: bits
        super().__init__(made.change, made.folder, bed, bits_of, device, self.put_default_route, there)

    def __enter__(self) -> Rig:
        self._stack = ExitStack()
        self._stack.enter_context(self.bed)
        self.copy_folders()
        run_lines.listen(self)
        for name in self.workers:
            subnets.put_ways(self[name], self.change)
        self.bed.wait_healthy()
        self.watch = Watch(self.bed.members)
        self._stack.callback(self.watch.stop)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        run_lines.collect(self)
        self._stack.close()
        if error is None:
            assert self.watch.looks > 0 and self.watch.seen == [], "an etcd manifest beside an empty data folder"

    # --- the runbook ---

    def start(self, host: str, *words: str, env: Mapping[str, str] | None = None) -> Running:
        """Which of its lines change the host is noted, unless it is to be killed."""
        return super().start(host, *words, env={**run_lines.ON_A_HOST, **(env or {})})

    def apply(self, host: str, phase: str, *words: str, expect: int = 0) -> Ran:
        """A phase, with the exit code that is expected; the output stands in the failure. `took` has its seconds."""
        began = time.monotonic()
        ran = self._expect(host, expect, "apply", phase, *words)
        self.took.append((phase, time.monotonic() - began))
        return ran

    def undo(self, host: str, phase: str, *words: str, expect: int = 0) -> Ran:
        return self._expect(host, expect, "undo", phase, *words)

    def verify(self, host: str, *words: str, expect: int = 0) -> Ran:
        return self._expect(host, expect, "verify", *words)

    def status(self, host: str) -> str:
        return self._expect(host, 0, "status").text

    def _expect(self, host: str, expect: int, *words: str) -> Ran:
        ran = self.runbook(host, *words)
        assert ran.exit == expect, f"{host}: {' '.join(words)}: exit {ran.exit}, not {expect}\n{ran.text}"
        assert not BROKEN.search(ran.text), ran.text
        return ran

    def killed(self, host: str, phase: str, after: int = 10000, verb: str = "apply", before: str = "") -> Ran:
        """`apply PHASE`, ended by SIGKILL after that many of its commands or before this one (or at its end)."""
        words = self.words_of(phase, host) if verb == "apply" else (verb, phase)
        return self.start_killed(host, *words, after=after, before=before).wait(300)

    # --- the order of RUNBOOK.md ---

    def follow_the_order(self, until: str = "", start: str = "") -> None:
        """Every line of the plan's order, what a person does included; from `start` to before `until`, each "HOST WHAT"."""
        doing = not start
        for line in self.made.change.order:
            what = line.phase or line.action
            doing = doing or f"{line.host} {what}" == start
            if f"{line.host} {what}" == until:
                return
            if doing and line.kind == "phase":
                self.carry_out(line)
            elif doing:
                self.person(line.host, what)

    def carry_out(self, line: Line, *words: str) -> Ran:
        """One line; of a restore with what its `stop`s and its `snapshot` have said, the file carried to every host."""
        host = self.host_of(line)
        ran = self.apply(host, line.phase, *self.options_of(line.phase, host), *words)
        self.heard(host, line.phase, ran)
        return ran

    def everything_again_changes_nothing(self) -> None:
        """Every phase once more after the end: no command, every predicate holds."""
        for line in self.made.change.order:
            if line.kind == "phase":
                host = self.host_of(line)
                ran = self.apply(host, line.phase, *self.options_of(line.phase, host))
                assert commands(ran) == [], ran.text
                assert f"apply {line.phase} on {host}: done, 0 commands carried out" in ran.text
                self.verify(host, line.phase)

    def person(self, host: str, action: str) -> None:
        """What the network people do to a host's addresses; before an old one goes, `verify` must hold."""
        if action == "remove":
            self.verify(host, self.proof)
        super().person(host, action)

    def everybody_crashes(self, keeps: str = "") -> None:
        """SIGKILL for every etcd, then every address has changed already, but for that of the host `keeps`."""
        for m in self.made.members:
            self.bed[m.name].kill_etcd()
        for m in self.made.members:
            if not m.stays and m.name != keeps:
                self.remove_old(m.name)
                self.add_new(m.name)

    def add_old(self, host: str) -> None:
        self.bed[host].add_address(self.interface(self.member(host).old))

    def remove_new(self, host: str) -> None:
        self.bed[host].remove_address(self.interface(self.member(host).new), self.device)

    def prepare_all(self) -> None:
        """Preflight and prepare everywhere, and every new address on."""
        first = next(m.name for m in self.made.members if not m.stays)
        what = "move" if self.made.change.cluster.mapping.addresses == "both" else "leave"
        self.follow_the_order(until=f"{first} {what}")

    def put_default_route(self, host: Host) -> None:
        """Where hosts reach each other through a router: the way through it, once the new address is there."""
        if self.workers:
            subnets.put_ways(host, self.change)
        if self.gateway and self.has(host.name, self.member(host.name).new):
            way = ["via", self.gateway, "dev", self.device]
            host.must(["ip", "route", "replace", "default", *way, "metric", "50"])

    # --- what the cluster says ---

    def writer(self, writers: int = 4, rate: float = 30) -> AbstractContextManager[Writer]:
        """Writers against every member's client addresses, those that come later too."""
        return self.bed.writer(writers, rate)

    def ids(self, host: str) -> dict[str, str]:
        """Name to id, of members that are down too."""
        return {name: row[0] for name, row in self.members(host).items()}

    def cluster_id(self, host: str) -> str:
        text = self.bed[host].etcdctl("endpoint", "status", "-w", "fields").out
        return re.findall(r'"ClusterID" : (\d+)', text)[0]

    def leader(self) -> str:
        """The name of the member that leads."""
        for m in self.made.members:
            text = self.bed[m.name].etcdctl("endpoint", "status", "-w", "fields").out
            own, lead = re.findall(r'"MemberID" : (\d+)', text), re.findall(r'"Leader" : (\d+)', text)
            if own and own == lead:
                return m.name
        return ""

    def hand_leadership_to(self, name: str) -> None:
        """This member leads from now on."""
        leader = self.leader()
        if leader != name:
            moved = self.bed[leader].etcdctl("move-leader", self.members(leader)[name][0])
            assert moved.exit == 0, moved.text

    def urls(self, which: str) -> dict[str, tuple[str, str]]:
        """Name to (peer URL, client URL) when everybody is on the `old` or the `new` address."""
        return {
            m.name: tuple(f"https://{bracketed(getattr(m, which))}:{p}" for p in (2380, 2379))
            for m in self.made.members
        }  # type: ignore[misc]


def ca_pem() -> str:
    """The public CA of every bed of this process: what the facts hold."""
    return pki.authority("etcd-ca").crt
