"""A real control plane with quorum is restored from one snapshot onto new addresses; what was made before behaves afterwards."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from etcd_renumber.rehearsal.kubeadm.cluster import Cluster
from etcd_renumber.rehearsal.kubeadm.load import Load
from etcd_renumber.rehearsal.kubeadm.spec import Spec

from tests import real_state as state
from tests.real import Real, cluster, named  # noqa: F401 -- the fixture

pytestmark = pytest.mark.real
SHAPES = [Spec(), Spec(version="1.24.17")]


@pytest.mark.parametrize("cluster", SHAPES, indirect=True, ids=named)
def test_nothing_of_before_the_snapshot_is_lost(cluster: Cluster, tmp_path: Path) -> None:  # noqa: F811
    real = Real(cluster, tmp_path, method="restore", objects="kubeadm")
    state.a_deployment_gets_its_pods(cluster)
    with Load(cluster) as load:
        load.wait_for(200)
        real.follow_the_order(until="master1 quiesce")
        load.tell("pause")
        began = time.monotonic()
        real.follow_the_order(start="master1 quiesce")
        resumed = time.monotonic()
        load.tell("resume")
        load.wait_for(100, 60)
    first = next(at for _, at in load.acked if at > resumed)
    print(
        f"{resumed - began:.1f} s from the first quiesce to the last reopen, first write {first - resumed:.1f} s after it"
    )
    print(load.summary(), real.seconds(), sep="\n")
    assert load.lost() == []
    state.the_change_is_whole(cluster, real)
    state.old_addresses_are_off(cluster, real)
    scaled = cluster.kubectl("scale", "deployment", "web", "--replicas=5")
    assert scaled.exit == 0, scaled.text
    state.pods_are_ready(cluster, 5)
    state.kubeadm_works(cluster, "master1")
