"""`bridge` and `restore` on real control planes, killed after each command of every phase that changes something."""

from __future__ import annotations

from pathlib import Path

import pytest
from etcd_renumber.rehearsal.kubeadm.cluster import Cluster
from etcd_renumber.rehearsal.kubeadm.load import Load
from etcd_renumber.rehearsal.kubeadm.spec import Spec

from tests import real_state as state
from tests.real import Real, cluster, named  # noqa: F401 -- the fixture

pytestmark = pytest.mark.real
SHAPES = [Spec(), Spec(version="1.24.17")]
KILLED = {
    "bridge": ("prepare", "readdress", "settle", "unbridge", "release"),
    "restore": ("prepare", "stop", "restore", "start", "reopen"),
}
MAY_ONLY_LOOK = " release"  # it changes something where a process still leaves from an old address
A_MINUTE = 60


def everything_is_killed(real: Real, method: str, start: str = "", until: str = "") -> dict[str, int]:
    """Every line of the order in its turn; how often each was killed."""
    doing, found = not start, {}
    for line in real.change.order:
        host, what = real.host_of(line), line.phase or line.action
        doing = doing or f"{host} {what}" == start
        if f"{host} {what}" == until:
            break
        if doing and line.phase in KILLED[method]:
            found[f"{host} {what}"] = real.killed_at_every_command(host, "apply", line.phase)
        elif doing and line.kind == "phase":
            real.apply(host, line.phase)
        elif doing:
            real.person(host, line.action)
    return found


@pytest.mark.parametrize("cluster", SHAPES, indirect=True, ids=named)
def test_bridge_goes_on_after_each_and_settle_goes_back(cluster: Cluster, tmp_path: Path) -> None:  # noqa: F811
    real = Real(cluster, tmp_path, method="bridge")
    with Load(cluster) as load:
        load.wait_for(200)
        real.everybody_moves(crash=True)
        met = everything_is_killed(real, "bridge", until="master1 unbridge")
        assert real.killed_at_every_command("master3", "undo", "settle") > 1
        calls_itself = cluster.spec.minor > (1, 24)  # an older kubelet calls the load balancer
        state.leases_are_renewed(cluster, A_MINUTE, but="master3" if calls_itself else "")
        assert real.killed_at_every_command("master3", "apply", "settle") > 1
        met |= everything_is_killed(real, "bridge", start="master1 unbridge")
        load.wait_for(100)
    print(load.summary(), met, sep="\n")
    assert load.lost() == []
    assert all(count > 0 for what, count in met.items() if not what.endswith(MAY_ONLY_LOOK)), met
    state.leases_are_renewed(cluster, A_MINUTE)
    state.the_change_is_whole(cluster, real)
    state.a_deployment_gets_its_pods(cluster)


@pytest.mark.parametrize("cluster", SHAPES, indirect=True, ids=named)
def test_restore_goes_on_after_each_and_start_goes_back(cluster: Cluster, tmp_path: Path) -> None:  # noqa: F811
    real = Real(cluster, tmp_path, method="restore")
    state.a_deployment_gets_its_pods(cluster)
    with Load(cluster) as load:
        load.wait_for(200)
        real.follow_the_order(until="master1 quiesce")
        load.tell("pause")
        met = everything_is_killed(real, "restore", start="master1 quiesce", until="master1 reopen")
        assert real.killed_at_every_command("master3", "undo", "start") > 1
        assert real.killed_at_every_command("master3", "apply", "start") > 1
        real.apply("master3", "finish")  # what it had compared was of data that the undo has taken out of use
        met |= everything_is_killed(real, "restore", start="master1 reopen")
        load.tell("resume")
        load.wait_for(100, A_MINUTE)
    print(load.summary(), met, sep="\n")
    assert load.lost() == []
    assert all(count > 0 for what, count in met.items() if not what.endswith(MAY_ONLY_LOOK)), met
    state.leases_are_renewed(cluster, A_MINUTE)
    state.the_change_is_whole(cluster, real)
    assert cluster.kubectl("scale", "deployment", "web", "--replicas=5").exit == 0
    state.pods_are_ready(cluster, 5)
