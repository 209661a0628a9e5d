"""SIGKILL between any two commands of a phase, then rerun the same command: the same end."""

from __future__ import annotations

from pathlib import Path

import pytest
from etcd_renumber.rehearsal.replica import commands

from tests.rig import Rig, ca_pem
from tests.scenario import hosts, scenario

# Before and after `member update`, and in the exchange: before and after kubelet is stopped, processes ended, the renames.
FEW = ((0, 25, 28), (3, 24, 31))


def killed_and_carried_on(rig: Rig, after: int) -> bool:
    """One kill and its repair, back to where it began. False when the phase has no more commands than that."""
    ran = rig.killed("master1", "move", after)
    if ran.exit == 0:
        rig.undo("master1", "move")
        return False
    assert ran.exit == 137, ran.text
    assert len(commands(ran)) == after + 1, "the one that was killed is printed and not carried out"
    words = rig.status("master1")
    assert "next: line" in words
    rig.apply("master1", "move")
    rig.verify("master1", "move")
    assert rig.members("master2")["master1"][1] == rig.urls("new")["master1"][0]
    rig.undo("master1", "move")
    assert rig.members("master2")["master1"][1] == rig.urls("old")["master1"][0]
    return True


@pytest.mark.parametrize("points", [FEW[0], pytest.param(FEW[1], marks=pytest.mark.chaos)])
def test_a_move_killed_in_its_middle_goes_on_to_the_same_end(tmp_path: Path, points: tuple[int, ...]) -> None:
    with Rig(scenario(tmp_path, hosts(3), ca_pem()), "3.5", wide=True) as rig:
        rig.prepare_all()
        with rig.writer() as writer:
            for after in points:
                assert killed_and_carried_on(rig, after)
        assert writer.lost() == []


DRAFTS = ["find", "/etc", "/var/lib/kubelet", "-name", ".*.etcd-renumber"]


@pytest.mark.parametrize("way_on", ["apply", "undo"])
def test_no_new_file_that_nobody_used_is_left_behind(tmp_path: Path, way_on: str) -> None:
    """Killed when all of them are written and none is in use; that of a kubeconfig holds a private key."""
    with Rig(scenario(tmp_path, hosts(3), ca_pem()), "3.5", wide=True) as rig:
        rig.prepare_all()
        assert rig.killed("master1", "move", before="systemctl stop kubelet").exit == 137
        assert "/etc/kubernetes/.kubelet.conf.etcd-renumber" in rig["master1"].must(DRAFTS)
        if way_on == "undo":
            rig.undo("master1", "move")
        else:
            rig.apply("master1", "move")
        assert rig["master1"].must(DRAFTS) == ""


@pytest.mark.chaos
@pytest.mark.parametrize(("version", "step"), [("3.5", 1), ("3.3", 5), ("3.4", 5)])
def test_a_move_killed_anywhere_goes_on_to_the_same_end(tmp_path: Path, version: str, step: int) -> None:
    with Rig(scenario(tmp_path, hosts(3), ca_pem()), version) as rig:
        rig.prepare_all()
        with rig.writer() as writer:
            after = 0
            while killed_and_carried_on(rig, after):
                after += step
        assert after >= 10
        assert writer.lost() == []


def test_a_preparation_killed_in_its_middle_goes_on_to_the_same_end(tmp_path: Path) -> None:
    with Rig(scenario(tmp_path, hosts(1), ca_pem()), "3.4") as rig:
        rig.apply("master1", "preflight")
        for after in (1, 4, 9, 14, 18, 30, 45, 60):
            ran = rig.killed("master1", "prepare", after)
            assert ran.exit in (0, 137), ran.text
        rig.apply("master1", "prepare")
        assert commands(rig.apply("master1", "prepare")) == []
        rig.verify("master1", "prepare")


@pytest.mark.chaos
@pytest.mark.parametrize("method", ["bridge", "restore"])
def test_a_preparation_killed_anywhere_goes_on_to_the_same_end(tmp_path: Path, method: str) -> None:
    """Each time from its beginning: what was prepared is taken back in between. `bridge` prepares with etcd down."""
    with Rig(scenario(tmp_path, hosts(3), ca_pem(), "3.5", method=method), "3.5") as rig:
        if method == "bridge":
            rig.everybody_crashes()
        rig.follow_the_order(until="master1 prepare")
        after = 0
        while (ran := rig.killed("master1", "prepare", after)).exit:
            assert ran.exit == 137, ran.text
            rig.apply("master1", "prepare")
            rig.verify("master1", "prepare")
            rig.undo("master1", "prepare")
            after += 1
        assert after > 30
