"""One real cluster for a whole test file (`from tests.real import cluster` makes it a fixture there), and a change on it."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from etcd_renumber.rehearsal import subnets
from etcd_renumber.rehearsal.kubeadm.cluster import Cluster
from etcd_renumber.rehearsal.kubeadm.load import Load
from etcd_renumber.rehearsal.kubeadm.spec import Spec
from etcd_renumber.rehearsal.replica import FOLDER, Replica
from etcd_renumber.rehearsal.testbed.process import Ran

from tests.kills import killed_at_every_command
from tests.rig import BROKEN
from tests.scenario import Host, rendered

STOP, START = "systemctl stop kubelet", "systemctl start kubelet"
DOWN = "kubelet here: IS STOPPED by this change, since "


@pytest.fixture(scope="module")
def cluster(request: pytest.FixtureRequest) -> Iterator[Cluster]:
    """Three masters of 1.37.2 behind a load balancer; `SPEC` in the test file, or its parameter, asks for another one."""
    if os.geteuid():
        pytest.skip("a real control plane needs root: cgroups, containers and their mounts")
    with Cluster(getattr(request, "param", None) or getattr(request.module, "SPEC", Spec())) as made:
        yield made


def named(spec: Spec) -> str:
    """For a test's name."""
    without = "" if spec.node_ip else ", no --node-ip"
    apart = f", etcd on {len(spec.etcd_hosts)} of its own" if spec.etcd_hosts else ""
    return f"{spec.version}, {len(spec.nodes)} hosts, {spec.endpoint}{without}{apart}"


# For `pytestmark`: every test of a file on one cluster of today, then on one of the old version.
ON_BOTH_VERSIONS = pytest.mark.parametrize("cluster", [Spec(), Spec(version="1.24.17")], indirect=True, ids=named)


class Real(Replica):
    """A change of a real cluster, from its own facts through the tool's own functions, its folders on the hosts.

    `told` is what the hosts were told, in order: "HOST VERB PHASE", when that began on the monotonic clock, what came of it.
    """

    def __init__(self, cluster: Cluster, tmp: Path, **mapping: object) -> None:
        cluster.facts(tmp / "facts")
        members = [Host(n.name, str(n.old), str(n.new)) for n in cluster.spec.members]
        if cluster.spec.etcd_hosts:
            mapping = {"apiservers": [{"name": n.name, "address": str(n.old)} for n in cluster.spec.nodes]} | mapping
        made = rendered(tmp, members, {}, **mapping)
        given = made.change.cluster.mapping
        super().__init__(
            made.change,
            made.folder,
            cluster,
            subnets.bits,
            ways=cluster.ways,
            workers=[one.name for one in (*given.workers, *(given.apiservers or ()))],
        )  # type: ignore[arg-type]
        self.cluster, self.state = cluster, made.state
        self.told: list[tuple[str, float, Ran]] = []
        for name in (*(m.name for m in self.roster), *self.workers):
            cluster[name].run(["rm", "-rf", FOLDER])
        self.copy_folders()

    # --- the runbook ---

    def say(self, host: str, *words: str, expect: int = 0) -> Ran:
        """One line of RUNBOOK.md, with the exit code that is expected; the output stands in the failure."""
        began = time.monotonic()
        ran = self.runbook(host, *words)
        self.told.append((f"{host} {' '.join(words[:2])}", began, ran))
        assert ran.exit == expect, f"{host}: {' '.join(words)}: exit {ran.exit}, not {expect}\n{ran.text}"
        assert not BROKEN.search(ran.text), ran.text
        return ran

    def seconds(self) -> str:
        """How long each line has taken, for people."""
        return "\n".join(f"{ran.seconds:6.1f} s  {words}" for words, _, ran in self.told)

    def apply(self, host: str, phase: str, expect: int = 0) -> Ran:
        """With what the lines before have said, in a restore."""
        ran = self.say(host, *self.words_of(phase, host), expect=expect)
        if not expect:
            self.heard(host, phase, ran)
        return ran

    def undo(self, host: str, phase: str, expect: int = 0) -> Ran:
        return self.say(host, "undo", phase, expect=expect)

    def status(self, host: str) -> str:
        return self.say(host, "status").text

    def follow_the_order(self, until: str = "", start: str = "") -> None:
        """Every line of the plan's order, what a person does included; from `start` to before `until`, each "HOST WHAT"."""
        doing = not start
        for line in self.change.order:
            host, what = self.host_of(line), line.phase or line.action
            doing = doing or f"{host} {what}" == start
            if f"{host} {what}" == until:
                return
            if doing and line.kind == "phase":
                self.apply(host, what)
            elif doing:
                self.person(host, what)

    def person(self, host: str, action: str) -> None:
        """What the network people do; before an old address goes, `verify` must hold."""
        if action == "remove":
            self.say(host, "verify", self.proof)
        super().person(host, action)

    # --- the power ---

    def reboot(self, *hosts: str) -> None:
        """Killed, and switched on again: containerd and kubelet start, as enabled units do."""
        for host in hosts:
            self[host].down()
        for host in hosts:
            self[host].up()

    # --- kills ---

    def killed(self, host: str, verb: str, phase: str, after: int = 10000, before: str = "") -> Ran:
        """Ended by SIGKILL after that many of its commands or before this one, or at its own end when it has no more."""
        words = self.words_of(phase, host) if verb == "apply" else (verb, phase)
        ran = self.start_killed(host, *words, after=after, before=before).wait(300)
        assert ran.exit in (0, 137), ran.text
        return ran

    def killed_at_every_command(self, host: str, verb: str, phase: str) -> int:
        """The same line again and again, each time killed a command later; how often."""
        times, ran = killed_at_every_command(
            self, host, *(self.words_of(phase, host) if verb == "apply" else (verb, phase))
        )
        if verb == "apply":
            self.heard(host, phase, ran)
        return times


@contextmanager
def under_load(cluster: Cluster, tmp: Path, until: str) -> Iterator[tuple[Real, Load]]:
    """Everything before that line is done, under a load that lasts as long as the block; nothing acknowledged is lost in it."""
    real = Real(cluster, tmp)
    with Load(cluster) as load:
        real.follow_the_order(until=until)
        yield real, load
        load.wait_for(100)
    print(load.summary())
    assert load.lost() == []
