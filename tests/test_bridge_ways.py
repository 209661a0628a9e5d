"""The ways in and out of a bridge: what is refused, what is taken back, what goes on after a kill, a reboot, a lost disk."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from etcd_renumber.rehearsal.replica import commands

from tests.rig import Rig, ca_pem
from tests.scenario import hosts, manifests, rendered, scenario

DATA = "/var/lib/etcd"
MANIFESTS = "/etc/kubernetes/manifests"
MANIFEST = f"{MANIFESTS}/etcd.yaml"
TAKEN_BY_A_REBOOT = "/usr/sbin/nft flush ruleset; ip route flush proto 147"


def bridge(tmp: Path, version: str, count: int = 3) -> Rig:
    return Rig(scenario(tmp, hosts(count), ca_pem(), version, method="bridge"), version, wide=True)


def test_what_is_no_case_for_a_bridge_is_refused(tmp_path: Path) -> None:
    with bridge(tmp_path, "3.5") as rig:
        first, second, third = (rig[m.name] for m in rig.made.members)
        ran = rig.apply("master1", "preflight", expect=4)
        assert "this cluster has quorum" in ran.text and "method: rolling" in ran.text
        rig.everybody_crashes()
        for tool in ("nft", "iptables"):
            first.write_text(f"/usr/local/sbin/{tool}", "#!/bin/bash\nexit 1\n", 0o755)
        assert "neither nft" in rig.apply("master1", "preflight", expect=3).text
        first.must(["rm", "/usr/local/sbin/nft", "/usr/local/sbin/iptables"])
        first.must(["/usr/sbin/nft", "add", "table", "ip", "etcd_renumber_0123456789ab"])
        assert "nft delete table ip etcd_renumber_0123456789ab" in rig.apply("master1", "preflight", expect=4).text
        first.must(["/usr/sbin/nft", "delete", "table", "ip", "etcd_renumber_0123456789ab"])
        second.must(["bash", "-c", f"cp {DATA}/member/snap/db /root/db; printf nothing >{DATA}/member/snap/db"])
        assert "is not an etcd database" in rig.apply("master2", "preflight", expect=4).text
        second.must(["cp", "/root/db", f"{DATA}/member/snap/db"])
        rig.remove_new("master3")
        assert "neither 192.168.110.12 nor 192.168.100.12" in rig.apply("master3", "preflight", expect=3).text
        assert "is not on this host" in rig.apply("master3", "readdress", expect=3).text
        rig.add_new("master3")
        assert "prepare was not carried out here" in rig.apply("master3", "readdress", expect=3).text
        assert commands(rig.apply("master1", "settle", expect=3)) == []
        assert third.read_text(MANIFEST) == rig.made.facts["master3"]["etcd.yaml"]


@pytest.mark.chaos
def test_a_reboot_takes_the_bridge_and_readdress_puts_it_back_without_a_restart(tmp_path: Path) -> None:
    with bridge(tmp_path, "3.4") as rig:
        rig.everybody_crashes()
        rig.follow_the_order(until="master1 settle")
        rig["master1"].must(["bash", "-c", TAKEN_BY_A_REBOOT])
        assert "in between" in rig.status("master1")
        assert "a reboot removes them" in rig.apply("master1", "settle", expect=3).text
        before = rig["master1"].etcd_pid()
        rig.apply("master1", "readdress")
        assert rig["master1"].etcd_pid() == before
        rig.apply("master1", "settle")
        assert "recorded on its old address" in rig.apply("master1", "unbridge", expect=3).text
        rig.follow_the_order(start="master2 settle")


@pytest.mark.chaos
def test_an_etcd_that_kubelet_lets_wait_is_started_anew(tmp_path: Path) -> None:
    with bridge(tmp_path, "3.5") as rig:
        rig.everybody_crashes()
        rig.follow_the_order(until="master1 settle")
        rig.remove_new("master3")
        for _ in range(3):
            rig["master3"].kill_etcd()
            time.sleep(1)
        rig.add_new("master3")
        ran = rig.apply("master3", "readdress")
        assert rig["master3"].etcd_pid() and ran.exit == 0
        rig.follow_the_order(start="master1 settle")


def test_manifests_that_were_edited_on_every_host_are_bridged(tmp_path: Path) -> None:
    """As after sed over /etc/kubernetes: the facts are on the new addresses, and etcd's record on the old ones."""
    members = hosts(3)
    old = {m.name: manifests(m, members, version="3.5") for m in members}
    new = {n: {f: t.replace("192.168.100.", "192.168.110.") for f, t in of.items()} for n, of in old.items()}
    made = rendered(tmp_path, members, new, ca_pem(), method="bridge")
    made.facts = old  # with them the cluster is founded
    with Rig(made, "3.5", wide=True) as rig:
        before, cluster = rig.members("master1"), rig.cluster_id("master1")
        with rig.writer() as writer:
            writer.wait_for(60)
            rig.everybody_crashes()
            for name, of in new.items():
                for file, text in of.items():
                    rig[name].write_text(f"{MANIFESTS}/{file}", text, 0o600)
            rig.follow_the_order()
        after = rig.members("master1")
        assert {n: m[1:] for n, m in after.items()} == rig.urls("new")
        assert {n: m[0] for n, m in after.items()} == {n: m[0] for n, m in before.items()}
        assert rig.cluster_id("master1") == cluster
        assert writer.lost() == [] and rig.old_connections() == []


def test_everything_can_be_taken_back_before_the_first_unbridge(tmp_path: Path) -> None:
    with bridge(tmp_path, "3.5") as rig:
        with rig.writer() as writer:
            writer.wait_for(60)
            rig.everybody_crashes()
            rig.follow_the_order(until="master1 unbridge")
            assert "is not on this host" in rig.undo("master3", "readdress", expect=3).text
            for member in rig.made.members:
                rig.add_old(member.name)
            assert "first: bash runbook.sh undo settle" in rig.undo("master3", "readdress", expect=4).text
            assert "first: bash runbook.sh undo settle" in rig.undo("master3", "prepare", expect=4).text
            nobody_goes_back_where_rules_are_missing(rig)
            for phase in ("settle", "readdress", "prepare"):
                for name in ("master3", "master2", "master1"):
                    rig.undo(name, phase)
            rig.bed.wait_healthy()
            writer.wait_for(20)
        assert {n: m[1:] for n, m in rig.members("master1").items()} == rig.urls("old")
        assert writer.lost() == []
        for member in rig.made.members:
            host = rig[member.name]
            assert host.must(["ip", "route", "show", "proto", "147"]) == ""
            assert "etcd_renumber" not in host.must(["/usr/sbin/nft", "list", "ruleset"])
            assert host.read_text(MANIFEST) == rig.made.facts[member.name]["etcd.yaml"]


def nobody_goes_back_where_rules_are_missing(rig: Rig) -> None:
    """What makes master3 reachable by its old address are the rules of the others; their connections live on without them."""
    rig["master1"].must(["bash", "-c", TAKEN_BY_A_REBOOT])
    said = rig.undo("master3", "settle", expect=3).text
    assert (
        "the rules for 192.168.100.12 are missing on: master1; this member is recorded on its new address again" in said
    )
    assert {n: m[1:] for n, m in rig.members("master2").items()} == rig.urls("new")
    rig.bed.wait_healthy()
    assert "MISSING" in rig.status("master1")
    rig.apply("master1", "readdress")


def killed_and_carried_on(rig: Rig, host: str, phase: str, after: int) -> None:
    ran = rig.killed(host, phase, after)
    assert ran.exit in (0, 137), ran.text
    rig.status(host)
    if ran.exit:
        rig.apply(host, phase)
    rig.verify(host, phase)


@pytest.mark.chaos
@pytest.mark.parametrize("after", range(14))
def test_a_phase_killed_goes_on_to_the_same_end(tmp_path: Path, after: int) -> None:
    with bridge(tmp_path, "3.5") as rig:
        with rig.writer() as writer:
            writer.wait_for(60)
            rig.everybody_crashes()
            rig.follow_the_order(until="master1 readdress")
            for phase in ("readdress", "settle", "unbridge"):
                for member in rig.made.members:
                    killed_and_carried_on(rig, member.name, phase, after)
            rig.follow_the_order(start="master1 cluster")
        assert {n: m[1:] for n, m in rig.members("master1").items()} == rig.urls("new")
        assert writer.lost() == [] and rig.old_connections() == []
