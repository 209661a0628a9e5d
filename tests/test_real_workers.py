"""A worker of a real cluster without an endpoint: it follows its only master, stays Ready, and its pods are not touched."""

from __future__ import annotations

from pathlib import Path

import pytest
from etcd_renumber.rehearsal.kubeadm.cluster import Cluster
from etcd_renumber.rehearsal.kubeadm.load import Load
from etcd_renumber.rehearsal.kubeadm.spec import Spec, usual, worker

from tests import real_state as state
from tests.real import Real, cluster, named  # noqa: F401 -- the fixture

pytestmark = pytest.mark.real
# Before, a kubelet said NotReady in its first report after each start (kubernetes/kubernetes, pull request 124430).
SAYS_READY_AT_ONCE = (1, 31)
CONF, WORKER = "/etc/kubernetes/kubelet.conf", "worker1"
SHAPES = [
    Spec(version=version, nodes=usual(1, 1), workers=(worker(1),), endpoint="none") for version in ("1.37.2", "1.24.17")
]
BALANCED = Spec(nodes=usual(1, 1), workers=(worker(1),))
POD = """apiVersion: v1
kind: Pod
metadata: {{name: stays}}
spec:
  nodeName: worker1
  containers:
  - {{name: stays, image: "{image}", imagePullPolicy: IfNotPresent}}
"""


def a_pod_runs_on_the_worker(made: Cluster) -> str:
    """The id of its container."""
    ran = made.kubectl("apply", "-f", "-", stdin=POD.format(image=made.programs.pause))
    assert ran.exit == 0, ran.text
    state.wait_for("a pod on the worker", 90, lambda: container(made) != "")
    return container(made)


def container(made: Cluster) -> str:
    return state.field(made, "{.status.containerStatuses[0].containerID}", "pod", "stays")


@pytest.mark.parametrize("cluster", SHAPES, indirect=True, ids=named)
def test_it_follows_its_master_and_nothing_on_it_stops(cluster: Cluster, tmp_path: Path) -> None:  # noqa: F811
    real = Real(cluster, tmp_path, workers=[{"name": WORKER}], objects="kubeadm")
    old, new = (str(getattr(cluster.spec.nodes[0], which)) for which in ("old", "new"))
    assert f"server: https://{old}:6443" in cluster[WORKER].read_text(CONF)
    before, ready = a_pod_runs_on_the_worker(cluster), state.ready_since(cluster)[WORKER]
    with Load(cluster) as load:
        real.follow_the_order(until=f"{WORKER} move")
        assert real.killed_at_every_command(WORKER, "apply", "move") > 6
        real.say(WORKER, "verify", "move")
        assert real.killed_at_every_command(WORKER, "undo", "move") > 3
        real.apply(WORKER, "move")
        real.undo(WORKER, "move")
        assert f"server: https://{old}:6443" in cluster[WORKER].read_text(CONF)
        real.follow_the_order(start=f"{WORKER} move")
        load.wait_for(100)
    print(load.summary(), real.seconds(), sep="\n")
    assert load.lost() == []
    assert f"server: https://{new}:6443" in cluster[WORKER].read_text(CONF)
    state.the_change_is_whole(cluster, real)
    state.old_addresses_are_off(cluster, real)
    now = state.ready_since(cluster)[WORKER]
    assert now and (now == ready or cluster.spec.minor < SAYS_READY_AT_ONCE), "it was Ready all through"
    assert container(cluster) == before
    state.a_deployment_gets_its_pods(cluster)


@pytest.mark.parametrize("cluster", [BALANCED], indirect=True, ids=named)
def test_with_an_endpoint_there_is_nothing_to_do(cluster: Cluster, tmp_path: Path) -> None:  # noqa: F811
    real = Real(cluster, tmp_path, workers=[{"name": WORKER}], objects="kubeadm")
    conf = cluster[WORKER].read_text(CONF)
    real.follow_the_order()
    said = [ran.text for words, _, ran in real.told if words == f"{WORKER} apply move"]
    assert len(said) == 1 and "nothing to do, kubelet.conf on this worker calls api.cluster.test port 6443" in said[0]
    assert cluster[WORKER].read_text(CONF) == conf
