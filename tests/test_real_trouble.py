"""What goes wrong on a host of a real control plane in the middle of its `move`: power, kubelet, kube-apiserver."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from etcd_renumber.rehearsal.kubeadm.cluster import Cluster
from etcd_renumber.rehearsal.replica import commands

from tests import real_state as state
from tests.real import (  # noqa: F401 -- the fixture
    DOWN,
    ON_BOTH_VERSIONS,
    START,
    Real,
    cluster,
    under_load,
)

pytestmark = [pytest.mark.real, ON_BOTH_VERSIONS]
HOST = "master2"
FLAGS = "/var/lib/kubelet/kubeadm-flags.env"


@pytest.fixture(scope="module")
def real(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Real]:  # noqa: F811
    """Everything before the move of HOST is done; each test leaves it so, and nothing acknowledged is lost in any."""
    with under_load(cluster, tmp_path_factory.mktemp("trouble"), f"{HOST} move") as (made, _):
        yield made


def goes_back(real: Real) -> None:
    real.undo(HOST, "move")
    state.leases_are_renewed(real.cluster)
    state.nodes_have(real.cluster, "old", HOST)
    assert state.files_with(real.cluster, "new", HOST) == []


def test_the_power_goes_while_kubelet_is_stopped(real: Real) -> None:
    """Up again on the old files: the member answers on its old address, and the same line goes on."""
    assert real.killed(HOST, "apply", "move", before="kill -TERM").exit == 137
    assert DOWN in real.status(HOST)
    real.reboot(HOST)
    real.cluster.wait_healthy(120)
    real.cluster.wait_ready([HOST])
    assert state.files_with(real.cluster, "new", HOST) == []
    real.apply(HOST, "move")
    goes_back(real)


def test_the_power_goes_when_everything_is_renamed(real: Real) -> None:
    """Up again on the new files: the same line finds it done and asks the gates."""
    assert real.killed(HOST, "apply", "move", before=START).exit == 137
    real.reboot(HOST)
    real.cluster.wait_healthy(120)
    assert state.files_with(real.cluster, "old", HOST) == []
    real.apply(HOST, "move")
    goes_back(real)


def test_the_power_goes_in_the_middle_of_the_renames(real: Real) -> None:
    """Some files old and some new, each whole: with both addresses on the host everything runs, and the way back is open."""
    rename = "mv -f /etc/kubernetes/.scheduler.conf.etcd-renumber"  # that of kubelet may call a load balancer
    assert real.killed(HOST, "apply", "move", before=rename).exit == 137
    assert state.files_with(real.cluster, "new", HOST) and state.files_with(real.cluster, "old", HOST)
    real.reboot(HOST)
    real.cluster.wait_healthy(120)
    goes_back(real)
    state.no_draft_is_left(real)


def test_a_kubelet_that_cannot_start_takes_the_phase_back(real: Real) -> None:
    """An unknown flag: kubelet ends at once. It is the host's own fault, so the way back meets it too: exit 5, in words."""
    machine = real[HOST]
    before = machine.read_text(FLAGS)
    machine.write_text(FLAGS, before.replace('="', '="--no-such-flag=yes '))
    try:
        ran = real.apply(HOST, "move", expect=5)
        assert "GOING BACK: kubelet does not stay up" in ran.text and "no-such-flag" in ran.text
    finally:
        now = machine.read_text(FLAGS)
        machine.write_text(FLAGS, now.replace("--no-such-flag=yes ", ""))
    assert state.files_with(real.cluster, "new", HOST) == []
    goes_back(real)


def test_an_apiserver_that_cannot_start_leaves_the_way_back(real: Real) -> None:
    """A certificate that it needs cannot be read: exit 5, and the way back is named and works."""
    machine = real[HOST]
    ca = "/etc/kubernetes/pki/front-proxy-ca.crt"
    good = machine.read_text(ca)
    machine.write_text(ca, "broken\n")
    try:
        ran = real.apply(HOST, "move", expect=5)
        assert "bash runbook.sh undo move" in ran.text
        refused = real.apply("master3", "move", expect=3)
        assert f"kube-apiserver of these hosts does not work: {HOST}" in refused.text and commands(refused) == []
    finally:
        machine.write_text(ca, good)
    goes_back(real)
    assert commands(real.undo(HOST, "move")) == []
