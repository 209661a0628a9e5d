"""A real etcd on hosts of its own gets new addresses under load; two real apiservers widen before it moves, switch after."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from etcd_renumber.rehearsal.kubeadm.cluster import Cluster
from etcd_renumber.rehearsal.kubeadm.load import Load
from etcd_renumber.rehearsal.kubeadm.spec import Spec, etcd_hosts, staying
from etcd_renumber.rehearsal.replica import commands

from tests import real_state as state
from tests.pki import openssl
from tests.real import START, STOP, Real, cluster, named  # noqa: F401 -- the fixture

pytestmark = pytest.mark.real
CA, CA_KEY = "/etc/kubernetes/pki/etcd/ca.crt", "/etc/kubernetes/pki/etcd/ca.key"
SHAPES = [
    Spec(version, nodes=staying(1, 2), joining=staying(3, 3), etcd_hosts=etcd_hosts())
    for version in ("1.37.2", "1.24.17")
]


def servers(cluster: Cluster, host: str) -> set[str]:  # noqa: F811
    """The members that the kube-apiserver which runs there calls, by its arguments."""
    (pid,) = cluster[host].processes("kube-apiserver")
    return set(re.findall(r"https://([0-9.]+):2379", Path(f"/proc/{pid}/cmdline").read_text()))


def addresses(cluster: Cluster, *which: str) -> set[str]:  # noqa: F811
    return {str(getattr(node, side)) for node in cluster.spec.members for side in which}


def killed_and_carried_on(real: Real, host: str, phase: str) -> None:
    """It dies at the rename, kubelet stopped; the same line goes on."""
    ran = real.killed(host, "apply", phase, before="mv -f /etc/kubernetes/")
    assert ran.exit == 137 and STOP in commands(ran) and START not in commands(ran), ran.text
    real.apply(host, phase)


def signed_on_the_first(real: Real, host: str) -> None:
    """kubeadm's documentation leaves the key of etcd's CA on the first host alone: `prepare` asks for what it cannot sign."""
    assert f"{real.state}/signed/" in real.say(host, "apply", "prepare", expect=3).text
    requests = sorted(real[host].path(f"{real.state}/csr").glob("*.csr"))
    for number, request in enumerate(requests, 100):
        signed = real[host].path(f"{real.state}/signed") / f"{request.stem}.crt"
        openssl(
            "x509", "-req", "-in", request, "-CA", real["etcd1"].path(CA), "-CAkey", real["etcd1"].path(CA_KEY),
            "-set_serial", str(number), "-copy_extensions", "copyall", "-days", "300", "-out", signed,
        )  # fmt: skip
    assert len(requests) == 2
    real.apply(host, "prepare")


@pytest.mark.parametrize("cluster", SHAPES, indirect=True, ids=named)
def test_the_members_move_and_the_api_is_never_away(cluster: Cluster, tmp_path: Path) -> None:  # noqa: F811
    real = Real(cluster, tmp_path, objects="kubeadm")
    before, without_key = real.members("etcd1"), ("etcd2", "etcd3")
    for host in without_key:
        real[host].must(["rm", CA_KEY])
    with Load(cluster) as load:
        real.follow_the_order(until="etcd2 prepare")
        for host in without_key:
            signed_on_the_first(real, host)
        real.follow_the_order(start="etcd1 add", until="master1 widen")
        killed_and_carried_on(real, "master1", "widen")
        assert servers(cluster, "master1") == addresses(cluster, "old", "new")
        real.follow_the_order(start="master1 widen", until="etcd2 move")
        killed_and_carried_on(real, "etcd2", "move")
        real.undo("etcd2", "move")
        real.follow_the_order(start="etcd2 move", until="master1 cluster")
        assert real.killed_at_every_command("master1", "apply", "cluster") > 4 and state.objects_with_old(cluster) == []
        assert real.killed_at_every_command("master1", "undo", "cluster") > 3
        assert state.objects_with_old(cluster) == ["kubeadm-config"]
        real.follow_the_order(start="master1 cluster")
        load.wait_for(100)
    print(load.summary(), real.seconds(), sep="\n")
    assert (load.lost(), load.timeouts) == ([], [])
    after = real.members("etcd1")
    assert {name: m[0] for name, m in after.items()} == {name: m[0] for name, m in before.items()}
    for master in cluster.spec.nodes:
        assert servers(cluster, master.name) == addresses(cluster, "new")
    assert real.old_connections() == []
    state.leases_are_renewed(cluster)
    assert state.files_with(cluster, "old") == []
    state.no_draft_is_left(real)
    assert state.objects_with_old(cluster) == []
    state.old_addresses_are_off(cluster, real)
    state.its_owner_works(cluster)
