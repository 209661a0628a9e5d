"""A real control plane that died, and one host of it with its etcd's data: `bridge` brings the others back, `rejoin` this one."""

from __future__ import annotations

from pathlib import Path

import pytest
from etcd_renumber.rehearsal.kubeadm.cluster import Cluster
from etcd_renumber.rehearsal.kubeadm.load import Load

from tests import real_state as state
from tests.real import ON_BOTH_VERSIONS, Real, cluster  # noqa: F401 -- the fixture

pytestmark = [pytest.mark.real, ON_BOTH_VERSIONS]
DATA = "/var/lib/etcd"
LOST = "master3"


def test_a_host_that_lost_its_data_is_a_member_again(cluster: Cluster, tmp_path: Path) -> None:  # noqa: F811
    """Its kubelet was started beside an empty data folder and asked no API; `rejoin` is killed, and the power goes."""
    real = Real(cluster, tmp_path, method="bridge", objects="kubeadm")
    before = real.members("master1")
    with Load(cluster) as load:
        load.wait_for(200)
        for member in real.roster:
            real[member.name].down()
        for member in real.roster:
            real.person(member.name, "replace")
        real[LOST].must(["mv", f"{DATA}/member", "/root/lost"])
        for member in real.roster:
            real[member.name].up()
        assert "apply rejoin --lost master3" in real.apply(LOST, "preflight", expect=4).text
        for line in real.change.order:
            if line.phase == "rejoin":
                break
            if line.host != LOST and line.kind == "phase":
                real.say(line.host, "apply", line.phase, "--without", LOST)
        load.wait_for(100)
        assert "the data of this host is lost" in real.apply(LOST, "rejoin", expect=4).text
        words = ("apply", "rejoin", "--lost", LOST)
        killed = real.start_killed(LOST, *words, before="mv -f /etc/kubernetes/manifests/.etcd.yaml").wait(300)
        assert killed.exit == 137, killed.text
        real.reboot(LOST)
        assert real[LOST].etcd_pid() == 0  # no manifest is in kubelet's folder
        real.say(LOST, *words)
        real.follow_the_order(start="master1 rejoin")
        load.wait_for(100)
    print(load.summary(), real.seconds(), sep="\n")
    assert load.lost() == []
    after = real.members("master1")
    assert {name for name in after if after[name][0] != before[name][0]} == {LOST}
    state.the_change_is_whole(cluster, real)
    state.old_addresses_are_off(cluster, real)
    state.its_owner_works(cluster)
