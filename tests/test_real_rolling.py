"""A kubeadm control plane of today gets new addresses under load, in RUNBOOK.md's order; then everything its owner does works."""

from __future__ import annotations

from pathlib import Path

import pytest
from etcd_renumber.rehearsal.kubeadm.cluster import Cluster
from etcd_renumber.rehearsal.kubeadm.load import Load
from etcd_renumber.rehearsal.kubeadm.spec import Spec, usual
from etcd_renumber.rehearsal.replica import commands

from tests import real_state as state
from tests.real import DOWN, START, STOP, Real, cluster  # noqa: F401 -- the fixture

pytestmark = pytest.mark.sample
SPEC = Spec(joining=usual(4, 4))
GAP = 5.0  # seconds; what it is on a quiet machine `make real` and `make bench` say


def killed_in_its_middle_and_carried_on(real: Real, host: str) -> None:
    """`apply move` dies at the first rename, kubelet stopped; status says so, and the same line goes on."""
    ran = real.killed(host, "apply", "move", before="mv -f /etc/kubernetes/manifests/")
    assert ran.exit == 137 and STOP in commands(ran) and START not in commands(ran), ran.text
    said = real.status(host)
    assert f"{DOWN}" in said and "in phase move" in said
    assert said.rstrip().endswith("bash runbook.sh apply move") and f"on {host}:" in said.rpartition("next: ")[2]
    real.apply(host, "move")


def test_three_masters_get_new_addresses_and_their_owner_notices_nothing(cluster: Cluster, tmp_path: Path) -> None:  # noqa: F811
    state.a_virtual_ip_pod_runs(cluster, "master1")
    real = Real(cluster, tmp_path)
    with Load(cluster) as load:
        real.follow_the_order(until="master2 move")
        killed_in_its_middle_and_carried_on(real, "master2")
        real.follow_the_order(start="master2 move", until="master3 move")
        real.apply("master3", "move")
        real.undo("master3", "move")
        assert state.files_with(cluster, "new", "master3") == []
        real.follow_the_order(start="master3 move")
        load.wait_for(100)
    print(load.summary(), real.seconds(), sep="\n")
    assert (load.lost(), load.timeouts) == ([], [])
    assert load.largest_gap() < GAP
    state.the_change_is_whole(cluster, real)
    state.virtual_ip_pod_has(cluster, "master1", "192.168.110.10")
    for member in real.roster:
        assert commands(real.say(member.name, "apply", "move")) == []
    state.its_owner_works(cluster, drained="master2")
