"""Two people who move two hosts at the same moment; and what `status` says to them."""

from __future__ import annotations

from pathlib import Path

from tests.rig import Rig, ca_pem
from tests.scenario import hosts, scenario


def test_two_moves_in_the_same_moment_never_cost_quorum_and_the_later_one_is_told(tmp_path: Path) -> None:
    with Rig(scenario(tmp_path, hosts(3), ca_pem()), "3.5", wide=True) as rig:
        rig.prepare_all()
        with rig.writer() as writer:
            both = [rig.start(name, "apply", "move") for name in ("master1", "master2")]
            exits = [run.wait(200).exit for run in both]
            texts = [run.text for run in both]
            assert sorted(exits)[0] == 0, texts
            assert set(exits) <= {0, 3, 5}, texts
            for name, code, text in zip(("master1", "master2"), exits, texts, strict=True):
                if code:
                    assert "runbook.sh: hint:" in text and "address asked" in text
                    rig.apply(name, "move")
            rig.apply("master3", "move")
        assert {n: m[1:] for n, m in rig.members("master2").items()} == rig.urls("new")
        assert writer.largest_gap() < 1, "nobody ever lost quorum"
        assert writer.lost() == []


def test_two_people_who_stopped_half_way_can_both_go_on_or_both_go_back(tmp_path: Path) -> None:
    with Rig(scenario(tmp_path, hosts(3), ca_pem()), "3.4", wide=True) as rig:
        rig.prepare_all()
        rig.hand_leadership_to("master3")
        stop_both(rig)
        told = rig.status("master3")
        assert told.count("in between:") == 2, told
        for name in ("master2", "master1"):
            rig.undo(name, "move")
        assert {n: m[1:] for n, m in rig.members("master3").items()} == rig.urls("old")
        stop_both(rig)
        assert "its own move is not finished" in rig.apply("master2", "move", expect=3).text
        for name in ("master1", "master2"):
            rig.apply(name, "move")
        for name in ("master1", "master2"):
            rig.verify(name, "move")


def stop_both(rig: Rig) -> None:
    """Both recorded on their new address, both still listening on the old one."""
    for name in ("master1", "master2"):
        number = rig.members("master3")[name][0]
        url = rig.urls("new")[name][0]
        rig["master3"].etcdctl("member", "update", number, f"--peer-urls={url}")


def test_status_says_the_truth_before_in_the_middle_after_and_without_quorum(tmp_path: Path) -> None:
    with Rig(scenario(tmp_path, hosts(3), ca_pem()), "3.5") as rig:
        for name in ("master1", "master2", "master3"):
            words = rig.status(name)
            assert words.count("old only") == 3 and "next: line" in words and "quorum: yes" in words
        rig.prepare_all()
        for name in ("master1", "master2", "master3"):
            words = rig.status(name)
            assert words.count(" both ") == 3, words
        rig.follow_the_order(start="master1 move", until="master2 move")
        for name in ("master1", "master2", "master3"):
            words = rig.status(name)
            assert row(words, "master1")[1:3] == ["new", "yes"] and row(words, "master2")[1:3] == ["old", "yes"]
            assert "on master2: bash runbook.sh apply move" in words
            assert words.count("leads") == 2, "one member, and the heading"
        for name in ("master2", "master3"):
            rig[name].stop_kubelet()
            rig[name].kill_etcd()
        for name in ("master1", "master2"):
            words = rig.status(name)
            assert "NO QUORUM" in words
            assert row(words, "master3")[2] == "no"


def row(words: str, name: str) -> list[str]:
    return next(line.split() for line in words.splitlines() if line.split()[:1] == [name])
