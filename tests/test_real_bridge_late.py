"""`bridge` while the load balancer still leads to old addresses: kubelet of 1.24 calls it, and no Node is Ready without it."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from etcd_renumber.rehearsal.kubeadm.cluster import Cluster
from etcd_renumber.rehearsal.kubeadm.load import Load
from etcd_renumber.rehearsal.kubeadm.spec import Spec

from tests import real_state as state
from tests.real import Real, cluster  # noqa: F401 -- the fixture

pytestmark = pytest.mark.real
SPEC = Spec(version="1.24.17")
SILENT = "https://api.cluster.test:6443, named in /etc/kubernetes/kubelet.conf"


def test_settle_says_so_and_unbridge_waits_for_it(cluster: Cluster, tmp_path: Path) -> None:  # noqa: F811
    cluster.balance("old")
    real = Real(cluster, tmp_path, method="bridge")
    with Load(cluster) as load:
        load.wait_for(200)
        real.everybody_moves(crash=True)
        real.follow_the_order(until="master1 settle")
        for name in ("master1", "master2", "master3"):
            said = real.apply(name, "settle").text
            assert "NOT YET: the Lease kube-node-lease/" in said and SILENT in said
        refused = real.say("master1", "apply", "unbridge", expect=3).text
        assert SILENT in refused and "point that load balancer" in refused
        cluster.balance()
        began, known = time.monotonic(), len(load.acked)
        real.follow_the_order(start="master1 unbridge")
        load.wait_for(100)
    print(f"first write {load.acked[known][1] - began:.1f} s after the load balancer was switched")
    print(load.summary(), real.seconds(), sep="\n")
    assert load.lost() == []
    state.the_change_is_whole(cluster, real)
    state.a_deployment_gets_its_pods(cluster)
