"""Real control planes whose certificates lose the old addresses at the end of the change: what their ports show afterwards."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from etcd_renumber.rehearsal.kubeadm.cluster import Cluster
from etcd_renumber.rehearsal.kubeadm.load import Load
from etcd_renumber.rehearsal.replica import commands

from tests import real_state as state
from tests.real import ON_BOTH_VERSIONS, Real, cluster  # noqa: F401 -- the fixture

pytestmark = [pytest.mark.real, ON_BOTH_VERSIONS]
PEER, ADDRESS = "/etc/kubernetes/pki/etcd/peer", r"192\.168\.1[01]0\.[0-9]+"


def shown(real: Real, host: str, port: int) -> list[str]:
    """The addresses of both networks in the certificate that is served there, by openssl on the host itself."""
    own = "" if port == 6443 else f"-cert {PEER}.crt -key {PEER}.key"
    ask = f"openssl s_client -connect {real.member(host).new}:{port} {own} </dev/null 2>/dev/null"
    return re.findall(ADDRESS, real[host].must(["bash", "-c", f"{ask} | openssl x509 -noout -ext subjectAltName"]))


def containers(real: Real, host: str) -> dict[str, list[int]]:
    """Who must not be restarted for it."""
    return {name: real[host].processes(name) for name in ("etcd", "kube-apiserver", "kubelet")}


def test_no_port_shows_an_old_address_and_nothing_is_restarted(cluster: Cluster, tmp_path: Path) -> None:  # noqa: F811
    real = Real(cluster, tmp_path, certificates="narrow", objects="kubeadm")
    with Load(cluster) as load:
        real.follow_the_order(until="master1 narrow")
        assert str(real.member("master1").old) in shown(real, "master1", 6443)
        before = {m.name: containers(real, m.name) for m in real.roster}
        real.follow_the_order(start="master1 narrow")
        load.wait_for(100)
    print(load.summary(), real.seconds(), sep="\n")
    assert (load.lost(), load.timeouts) == ([], [])
    assert {m.name: containers(real, m.name) for m in real.roster} == before
    for member in real.roster:
        for port in (2379, 2380, 6443):
            assert shown(real, member.name, port) == [str(member.new)], f"{member.name}, port {port}"
        assert commands(real.say(member.name, "apply", "narrow")) == []
        assert commands(real.say(member.name, "apply", "prepare")) == []
        said = real.undo(member.name, "move", expect=3)
        assert "narrow has begun on this host" in said.text
    state.the_change_is_whole(cluster, real)
    state.old_addresses_are_off(cluster, real)
    state.its_owner_works(cluster)  # renews all certificates of master1, which keeps the SANs that are there
    for name in ("apiserver", "etcd/server", "etcd/peer"):
        words = ["openssl", "x509", "-noout", "-ext", "subjectAltName", "-in", f"/etc/kubernetes/pki/{name}.crt"]
        assert re.findall(ADDRESS, real["master1"].must(words)) == [str(real.member("master1").new)], name
