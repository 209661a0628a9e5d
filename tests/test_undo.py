"""The way back: bytes, records and routes as they were; and the refusals that keep it safe."""

from __future__ import annotations

from pathlib import Path

from etcd_renumber.rehearsal.replica import commands
from etcd_renumber.rehearsal.testbed import pki

from tests.rig import Rig, ca_pem
from tests.scenario import hosts, scenario

KEPT = (
    "/etc/kubernetes/manifests/etcd.yaml",
    "/etc/kubernetes/manifests/kube-apiserver.yaml",
    "/etc/kubernetes/pki/etcd/server.crt",
    "/etc/kubernetes/pki/etcd/peer.crt",
    "/etc/kubernetes/pki/apiserver.crt",
)


def files(rig: Rig, host: str) -> dict[str, bytes]:
    return {path: rig[host].path(path).read_bytes() for path in KEPT}


def routes_of_ours(rig: Rig, host: str) -> str:
    return rig[host].must(["ip", "route", "show", "proto", "147"])


def test_in_a_cluster_of_two_everything_goes_back_byte_for_byte(tmp_path: Path) -> None:
    with Rig(scenario(tmp_path, hosts(2), ca_pem()), "3.5") as rig:
        before = {name: files(rig, name) for name in ("master1", "master2")}
        rig.prepare_all()
        rig.apply("master1", "move")
        assert routes_of_ours(rig, "master1")
        refused = rig.undo("master1", "prepare", expect=4)
        assert "first: bash runbook.sh undo move" in refused.text
        rig.undo("master1", "move")
        assert routes_of_ours(rig, "master1") == ""
        assert commands(rig.undo("master1", "move")) == []
        for name in ("master2", "master1"):
            rig.undo(name, "prepare")
            assert commands(rig.undo(name, "prepare")) == []
        assert {name: files(rig, name) for name in before} == before
        assert {n: m[1:] for n, m in rig.members("master2").items()} == rig.urls("old")
        rig.apply("master1", "prepare")  # and forward again: a backup of its own
        rig.verify("master1", "prepare")


def test_a_new_etcd_that_never_comes_up_goes_back_in_a_cluster_of_two(tmp_path: Path) -> None:
    """After `member update` nobody has quorum once this etcd is down: the old manifest first, then the update back."""
    with Rig(scenario(tmp_path, hosts(2), ca_pem()), "3.4") as rig:
        rig.prepare_all()
        planned = rig.runbook("master1", "plan", "move").out.splitlines()
        commands = [line.strip() for line in planned if line.strip().startswith("would run: ")]
        ran = rig.killed("master1", "move", commands.index("would run: systemctl start kubelet"))
        assert ran.exit == 137
        assert rig["master1"].etcd_pid() == 0
        assert "IS STOPPED by this change" in rig.status("master1")
        assert "NO QUORUM" in rig.status("master2")
        rig.undo("master1", "move")
        assert {n: m[1:] for n, m in rig.members("master2").items()} == rig.urls("old")


def test_a_certificate_that_was_renewed_meanwhile_is_left_alone(tmp_path: Path) -> None:
    with Rig(scenario(tmp_path, hosts(1), ca_pem()), "3.5") as rig:
        rig.prepare_all()
        names = ("localhost", "master1", "192.168.100.10", "192.168.110.10", "127.0.0.1")
        renewed = pki.leaf(pki.authority("etcd-ca"), "/CN=master1", pki.BOTH, names, part="renewed")
        rig["master1"].write_text("/etc/kubernetes/pki/etcd/peer.key", renewed.key, 0o600)
        rig["master1"].write_text("/etc/kubernetes/pki/etcd/peer.crt", renewed.crt)
        refused = rig.undo("master1", "prepare", expect=4)
        assert "it was renewed since" in refused.text
        assert rig["master1"].read_text("/etc/kubernetes/pki/etcd/peer.crt") == renewed.crt
