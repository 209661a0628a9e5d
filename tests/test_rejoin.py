"""The phase `rejoin` of a bridge: a host whose data is lost comes back as a new member; nothing happens where the data is there."""

from __future__ import annotations

from pathlib import Path

import pytest
from etcd_renumber.rehearsal.replica import commands

from tests.kills import killed_at_every_command
from tests.rig import Rig, ca_pem
from tests.scenario import hosts, scenario
from tests.test_bridge_ways import DATA, MANIFEST, bridge
from tests.test_unit_bed import scenario as of_units
from tests.unit_shapes import SHAPES

LOST, LEFT_OUT = ("--lost", "master3"), ("--without", "master3")
KEPT = f"{DATA}/.etcd-renumber-*.lost-1"


def others_go_on(rig: Rig, until: str = "unbridge") -> None:
    """All lines on the hosts that have their data, up to the first of this phase."""
    for line in rig.made.change.order:
        if line.phase == until:
            return
        if line.host != "master3" and line.kind == "phase":
            rig.apply(line.host, line.phase, *LEFT_OUT)


def everything_is_lost_on(rig: Rig, host: str) -> None:
    rig.watch.excused.add(host)
    rig[host].must(["mv", f"{DATA}/member", "/root/lost"])


def whole(rig: Rig, before: dict[str, str]) -> None:
    """Three members on their new addresses; one of them is a new one, and has the files that all others have."""
    rig.bed.wait_healthy(30)
    assert {n: m[1:] for n, m in rig.members("master2").items()} == rig.urls("new")
    after = rig.ids("master1")
    assert {n for n in after if after[n] != before[n]} == {"master3"}
    new = (rig.made.host_folder("master3") / "manifests" / "etcd.yaml").read_text()
    assert rig["master3"].read_text(MANIFEST) == new


def test_a_host_whose_data_is_gone_comes_back_as_a_new_member(tmp_path: Path) -> None:
    """Its certificate has the old address alone: the others answer it once that is mended."""
    with Rig(scenario(tmp_path, hosts(3), ca_pem(), "3.5", method="bridge"), "3.5") as rig:
        before = rig.ids("master1")
        with rig.writer() as writer:
            writer.wait_for(60)
            rig.everybody_crashes()
            everything_is_lost_on(rig, "master3")
            said = rig.apply("master3", "preflight", expect=4).text
            assert "--without master3" in said and "apply rejoin --lost master3" in said
            others_go_on(rig, until="unbridge")
            assert "master3 has lost its data" in rig.status("master3")
            said = rig.apply("master3", "rejoin", expect=4).text
            assert "which removes its member from the cluster" in said and rig.ids("master1") == before
            rig.apply("master3", "rejoin", *LOST)
            whole(rig, before)
            assert commands(rig.apply("master3", "rejoin", *LOST)) == commands(rig.apply("master3", "rejoin")) == []
            assert commands(rig.apply("master1", "rejoin", *LOST)) == []
            rig.follow_the_order(start="master1 unbridge")
        assert writer.lost() == [] and rig.old_connections() == []


@pytest.mark.chaos
@pytest.mark.parametrize("version", ["3.3", "3.5", "3.7"])
def test_damaged_data_is_kept_beside_and_a_kill_loses_nothing(version: str, tmp_path: Path) -> None:
    """Its database is none any more, so that etcd does not start; the run is killed after every command, and goes on."""
    with bridge(tmp_path, version) as rig:
        before = rig.ids("master1")
        with rig.writer() as writer:
            writer.wait_for(60)
            rig.everybody_crashes()
            rig.watch.excused.add("master3")
            rig["master3"].must(["bash", "-c", f"printf nothing >{DATA}/member/snap/db"])
            assert "is not an etcd database" in rig.apply("master3", "preflight", expect=4).text
            others_go_on(rig)
            times, _ = killed_at_every_command(rig, "master3", "apply", "rejoin", *LOST)
            whole(rig, before)
            rig.follow_the_order(start="master1 unbridge")
        assert times > 30
        assert rig["master3"].must(["bash", "-c", f"cat {KEPT}/snap/db"]) == "nothing"
        assert writer.lost() == []


@pytest.mark.chaos
def test_it_can_still_go_back_to_its_old_address(tmp_path: Path) -> None:
    """The rules stand on it as on every other host: `undo settle` and `undo readdress` work there, too."""
    with bridge(tmp_path, "3.5") as rig:
        with rig.writer() as writer:
            writer.wait_for(60)
            rig.everybody_crashes()
            everything_is_lost_on(rig, "master3")
            others_go_on(rig)
            rig.apply("master3", "rejoin", *LOST)
            for member in rig.made.members:
                rig.add_old(member.name)
            for phase in ("settle", "readdress", "prepare"):
                for name in ("master3", "master2", "master1"):
                    rig.undo(name, phase)
            rig.bed.wait_healthy()
            writer.wait_for(20)
        assert {n: m[1:] for n, m in rig.members("master1").items()} == rig.urls("old")
        assert writer.lost() == []


def test_what_forbids_it_is_said_before_anything_is_stopped(tmp_path: Path) -> None:
    with bridge(tmp_path, "3.5") as rig:
        rig.everybody_crashes()
        everything_is_lost_on(rig, "master3")
        assert (
            "the other members that answer are no majority of 3" in rig.apply("master3", "rejoin", *LOST, expect=3).text
        )
        others_go_on(rig, until="settle")
        ran = rig.apply("master3", "rejoin", *LOST, expect=3)
        assert "carry out readdress and settle on the other hosts first" in ran.text and commands(ran) == []
        others_go_on(rig)
        rig.remove_new("master3")
        assert "192.168.110.12 is not on this host" in rig.apply("master3", "rejoin", *LOST, expect=3).text
        said = rig.apply("master1", "rejoin", "--lost", "master1", expect=3).text
        assert "the etcd of this host answers: its data is not lost" in said


@pytest.mark.chaos
@pytest.mark.parametrize("name", list(SHAPES))
def test_a_unit_comes_back_as_well(name: str, tmp_path: Path) -> None:
    with Rig(of_units(tmp_path, SHAPES[name], method="bridge"), "3.4", wide=True) as rig:
        before = rig.ids("master1")
        rig.everybody_crashes()
        rig.watch.excused.add("master3")
        data = rig["master3"].spec.etcd.data_dir  # type: ignore[union-attr]
        rig["master3"].must(["mv", f"{data}/member", "/root/lost"])
        others_go_on(rig)
        times, _ = killed_at_every_command(rig, "master3", "apply", "rejoin", *LOST)
        rig.follow_the_order(start="master1 unbridge")
        after = rig.ids("master1")
        assert times > 30 and {n for n in after if after[n] != before[n]} == {"master3"}


def test_an_intact_cluster_passes_it_without_a_command(tmp_path: Path) -> None:
    with Rig(scenario(tmp_path, hosts(1), ca_pem(), "3.5", method="bridge"), "3.5", wide=True) as rig:
        rig.everybody_crashes()
        rig.follow_the_order(until="master1 rejoin")
        assert commands(rig.apply("master1", "rejoin")) == []
        rig.verify("master1", "rejoin")
