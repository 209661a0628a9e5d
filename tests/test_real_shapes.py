"""Real control planes of other shapes get new addresses under load: an old version, one host, endpoints, no --node-ip."""

from __future__ import annotations

from pathlib import Path

import pytest
from etcd_renumber.rehearsal.kubeadm.cluster import Cluster
from etcd_renumber.rehearsal.kubeadm.load import Load
from etcd_renumber.rehearsal.kubeadm.spec import Spec, usual

from tests import real_state as state
from tests.real import Real, cluster, named  # noqa: F401 -- the fixture

pytestmark = pytest.mark.real
OLD, NOW = "1.24.17", "1.37.2"
SHAPES = [
    Spec(version=NOW, joining=usual(4, 4)),
    Spec(version=OLD, joining=usual(4, 4)),
    Spec(version=NOW, endpoint="dns"),
    Spec(version=OLD, endpoint="dns"),
    Spec(version=NOW, endpoint="first"),
    Spec(version=OLD, endpoint="first"),
    Spec(version=NOW, node_ip=False),
    Spec(version=OLD, node_ip=False),
    Spec(version=NOW, nodes=usual(1, 1), endpoint="none"),
    Spec(version=OLD, nodes=usual(1, 1), endpoint="none"),
]


@pytest.mark.parametrize("cluster", SHAPES, indirect=True, ids=named)
def test_every_line_ends_well_and_the_cluster_works(cluster: Cluster, tmp_path: Path) -> None:  # noqa: F811
    spec, first = cluster.spec, cluster.spec.nodes[0]
    of_the_endpoint = {"endpoint": first.name} if spec.endpoint == "first" else {}
    real = Real(cluster, tmp_path, objects="kubeadm", **of_the_endpoint)
    with Load(cluster) as load:
        real.follow_the_order(until=f"{first.name} move")
        if spec.endpoint == "dns":
            cluster.rename({spec.endpoint_name: str(first.new)})
        if not spec.node_ip:  # kubelet takes the address that its host's name leads to
            cluster.rename({node.name: str(node.new) for node in spec.nodes})
        real.follow_the_order(start=f"{first.name} move")
        load.wait_for(100)
    print(load.summary(), real.seconds(), sep="\n")
    assert load.lost() == []
    if len(spec.nodes) > 1 and spec.endpoint == "lb":
        assert load.timeouts == []
    state.the_change_is_whole(cluster, real)
    state.old_addresses_are_off(cluster, real)
    state.its_owner_works(cluster, drained=spec.nodes[1].name if len(spec.nodes) > 1 else "")
