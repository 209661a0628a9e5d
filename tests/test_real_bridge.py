"""A real control plane that died under load and came up on new addresses is brought back by `bridge`."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from etcd_renumber.rehearsal.kubeadm.cluster import Cluster
from etcd_renumber.rehearsal.kubeadm.load import Load
from etcd_renumber.rehearsal.kubeadm.spec import Spec

from tests import real_state as state
from tests.real import Real, cluster, named  # noqa: F401 -- the fixture

SHAPES = [
    pytest.param(Spec(), marks=pytest.mark.sample),
    pytest.param(Spec(version="1.24.17"), marks=pytest.mark.real),
]


@pytest.mark.parametrize("cluster", SHAPES, indirect=True, ids=named)
def test_the_same_cluster_comes_back_with_everything_it_had(cluster: Cluster, tmp_path: Path) -> None:  # noqa: F811
    real = Real(cluster, tmp_path, method="bridge", objects="kubeadm")
    before = real.members("master1")
    with Load(cluster) as load:
        load.wait_for(200)
        real.everybody_moves(crash=True)
        real.follow_the_order(until="master1 readdress")
        began, known = time.monotonic(), len(load.acked)
        real.follow_the_order(start="master1 readdress", until="master2 readdress")
        real.reboot("master1")  # what stands on its disk is meant: etcd on NEW, the API aside
        real.apply("master1", "readdress")
        real.follow_the_order(start="master2 readdress")
        load.wait_for(100)
    print(f"first write {load.acked[known][1] - began:.1f} s after the first readdress began")
    print(load.summary(), real.seconds(), sep="\n")
    assert load.lost() == []
    assert {name: m[0] for name, m in real.members("master1").items()} == {name: m[0] for name, m in before.items()}
    state.the_change_is_whole(cluster, real)
    state.old_addresses_are_off(cluster, real)
    state.a_deployment_gets_its_pods(cluster)
    state.kubeadm_works(cluster, "master1")
