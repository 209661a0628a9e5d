"""A whole change that ends with `narrow`: what every port shows afterwards, what is refused before, and kills in between."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from etcd_renumber.rehearsal.replica import commands

from tests.rig import Rig, ca_pem
from tests.scenario import Host, hosts, scenario
from tests.test_shapes import way_to_the_new_network

MEMBERS = [*hosts(2), Host("master3", "192.168.100.12", "192.168.100.12")]
PORTS = (2379, 2380, 6443)
CERTIFICATES = ("etcd/server.crt", "etcd/peer.crt", "apiserver.crt")


def shown(rig: Rig, host: str) -> dict[int, str]:
    """The SANs of the certificate on each port, by openssl on the host itself."""
    peer = "/etc/kubernetes/pki/etcd/peer"
    found = {}
    for port in PORTS:
        own = f"-cert {peer}.crt -key {peer}.key" if port != 6443 else ""
        ask = f"openssl s_client -connect {rig.member(host).new}:{port} {own} </dev/null 2>/dev/null"
        found[port] = rig[host].must(["bash", "-c", f"{ask} | openssl x509 -noout -ext subjectAltName"])
    return found


def narrowing(tmp: Path, members: list[Host]) -> Rig:
    return Rig(scenario(tmp, members, ca_pem(), certificates="narrow"), "3.5", wide=True)


def keys(rig: Rig, host: str) -> list[bytes]:
    return [rig[host].path(f"/etc/kubernetes/pki/{c}").with_suffix(".key").read_bytes() for c in CERTIFICATES]


def test_every_port_shows_new_addresses_only_and_nothing_is_restarted(tmp_path: Path) -> None:
    with narrowing(tmp_path, MEMBERS) as rig:
        way_to_the_new_network(rig)
        with rig.writer() as writer:
            rig.follow_the_order(until="master1 finish")
            refused = rig.apply("master1", "narrow", expect=3)
            assert "finish was not carried out here" in refused.text
            rig.follow_the_order(start="master1 finish", until="master1 narrow")
            assert "192.168.100.10" in shown(rig, "master1")[6443]
            assert rig.status("master1").rstrip().endswith("next: line 19: on master1: bash runbook.sh apply narrow")
            pids, secrets = {m.name: rig[m.name].etcd_pid() for m in MEMBERS}, keys(rig, "master1")
            rig.follow_the_order(start="master1 narrow")
        for member in MEMBERS:
            for port, names in shown(rig, member.name).items():
                assert set(re.findall(r"192\.168\.1[01]0\.1[012]", names)) == {member.new}, (member.name, port)
        assert {m.name: rig[m.name].etcd_pid() for m in MEMBERS} == pids and keys(rig, "master1") == secrets
        assert (writer.lost(), rig.old_connections()) == ([], [])
        for host in ("master1", "master3"):
            assert "nothing more that can be seen from here" in rig.status(host)
            assert "nothing is left to do on this host" in rig.runbook(host).text
        for member in MEMBERS:
            assert commands(rig.apply(member.name, "narrow")) == []
        assert "certificate renewals keep the old address" not in rig.apply("master1", "finish").text
        rig.add_old("master1")
        for phase, code in (("move", 3), ("prepare", 3)):
            said = rig.undo("master1", phase, expect=code)
            assert "narrow has begun on this host" in said.text and commands(said) == []
        assert "there is no undo of narrow" in rig.undo("master1", "narrow", expect=2).text


def test_whatever_still_uses_an_old_address_is_refused(tmp_path: Path) -> None:
    with narrowing(tmp_path, hosts(1)) as rig:
        rig.follow_the_order(until="master1 narrow")
        host = rig["master1"]
        conf = host.path("/etc/kubernetes/admin.conf")
        right = conf.read_text()
        conf.write_text(right.replace("192.168.110.10", "192.168.100.10"))
        said = rig.apply("master1", "narrow", expect=3).text
        assert "these files of this host name an old address: /etc/kubernetes/admin.conf:" in said
        conf.write_text(right)
        rig.add_old("master1")
        assert "192.168.100.10 is still on this host" in rig.apply("master1", "narrow", expect=3).text
        caller = host.start(["bash", "-c", "exec 3<>/dev/tcp/192.168.100.10/6443; sleep 60"])
        host.must(
            ["bash", "-c", "for _ in {1..50}; do [[ $(ss -Htn) == *100.10:6443* ]] && exit; sleep 0.1; done; exit 1"]
        )
        rig.remove_old("master1")
        said = rig.apply("master1", "narrow", expect=3).text
        assert re.search(r"a connection of this host has 192\.168\.100\.10 at one end: \w+ 192", said)
        caller.kill_all()
        host.must(["ss", "-Ktn", "src", "192.168.100.10"])
        assert commands(rig.runbook("master1", "plan", "narrow")) == []
        rig.apply("master1", "narrow")


def killed_and_carried_on(rig: Rig, after: int) -> bool:
    """One kill and the same command again. False when the phase has no more commands than that."""
    ran = rig.killed("master1", "narrow", after)
    if ran.exit == 0:
        return False
    assert ran.exit == 137, ran.text
    rig.apply("master1", "narrow")
    rig.verify("master1", "narrow")
    for port, names in shown(rig, "master1").items():
        assert "192.168.110.10" in names and "192.168.100" not in names, port
    return True


def back_to_before(rig: Rig, state: str) -> None:
    """What no undo does: the certificates of before, and this phase never begun."""
    pki, kept = "/etc/kubernetes/pki", f"{state}/backup/pki.before-narrow"
    words = [f"cp -p {kept}{pki}/{c} {pki}/{c}" for c in CERTIFICATES]
    rig["master1"].must(["bash", "-c", f"set -e; {'; '.join(words)}; rm -rf {kept}* {state}/narrowed"])


@pytest.mark.parametrize("points", [(1, 15), pytest.param((0, 9, 17), marks=pytest.mark.chaos)])
def test_a_narrowing_killed_in_its_middle_goes_on_to_the_same_end(tmp_path: Path, points: tuple[int, ...]) -> None:
    with narrowing(tmp_path, hosts(1)) as rig:
        rig.follow_the_order(until="master1 narrow")
        for after in points:
            assert killed_and_carried_on(rig, after)
            back_to_before(rig, rig.made.state)


@pytest.mark.chaos
def test_a_narrowing_killed_anywhere_goes_on_to_the_same_end(tmp_path: Path) -> None:
    with narrowing(tmp_path, hosts(3)) as rig:
        rig.follow_the_order(until="master1 narrow")
        after = 0
        while killed_and_carried_on(rig, after):
            back_to_before(rig, rig.made.state)
            after += 1
        assert after > 30


@pytest.mark.parametrize("method", [pytest.param("bridge", marks=pytest.mark.chaos), "restore"])
def test_the_other_methods_end_with_it_too(tmp_path: Path, method: str) -> None:
    made = scenario(tmp_path, hosts(1), ca_pem(), "3.5", method=method, certificates="narrow")
    with Rig(made, "3.5", wide=True) as rig:
        if method == "bridge":
            rig.everybody_crashes()
        rig.follow_the_order(until="master1 narrow")
        last = "finish" if method == "bridge" else "reopen"
        assert "the certificate holds 192.168.100.10" in rig.apply("master1", last).text
        rig.follow_the_order(start="master1 narrow")
        for port, names in shown(rig, "master1").items():
            assert "192.168.110.10" in names and "192.168.100" not in names, port
        assert "nothing is left to do on this host" in rig.runbook("master1").text
        assert commands(rig.apply("master1", "prepare")) == []
        undo = "settle" if method == "bridge" else "start"
        said = rig.undo("master1", undo, expect=3 if method == "bridge" else 4).text
        assert ("narrow has begun on this host" if method == "bridge" else "the API is back on this host") in said
