"""The ways in and out of a restore: what is refused, what is chosen, what is taken back, what goes on after a kill."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

import pytest
from etcd_renumber.methods.restore_words import CARRIED
from etcd_renumber.rehearsal.replica import commands

from tests.conftest import etcd_folder
from tests.rig import Rig
from tests.scenario import hosts
from tests.test_restore import DATA, WAL, Shape, ended_well, restoring

MANIFEST = "/etc/kubernetes/manifests/etcd.yaml"
BACK = ("start", "restore", "snapshot", "stop", "quiesce")
NAMES = [m.name for m in hosts(3)]


def aside(rig: Rig) -> str:
    return f"{DATA}/.etcd-renumber-{rig.made.change.digest}"


def test_without_quorum_it_must_be_accepted_and_the_highest_revision_is_taken(tmp_path: Path) -> None:
    strict = restoring(tmp_path / "strict", Shape("3.4", hosts(3))).made
    with restoring(tmp_path, Shape("3.4", hosts(3)), accept_loss=True) as rig:
        with rig.writer(16, 160) as writer:
            writer.wait_for(200)
            rig.bed.cut("master3")
            time.sleep(8)  # it stands for election again and again: the highest term, the oldest data
            writer.wait_for(50)
            rig.everybody_crashes()
        rig.bed.reconnect("master3")
        rig["master1"].copy_in(strict.host_folder("master1"), "/root/strict")
        ran = rig["master1"].run(["bash", "/root/strict/runbook.sh", "apply", "preflight"], timeout=120)
        assert ran.exit == 4 and "method: bridge" in ran.text, ran.text
        rig["master1"].must(["mkdir", "-p", "/usr/local/sbin"])
        shutil.copy(etcd_folder("3.5") / "etcdctl", rig["master1"].path("/usr/local/sbin/etcdctl"))
        assert "tools of another minor" in rig.apply("master1", "preflight", expect=4).text
        assert "tools of another minor" in rig.apply("master1", "prepare", expect=4).text
        rig["master1"].path("/usr/local/sbin/etcdctl").unlink()
        rig.follow_the_order(until="- snapshot")
        revisions = {name: int(line.split("revision=")[1].split()[0]) for name, line in rig.candidates.items()}
        assert revisions["master3"] < min(revisions["master1"], revisions["master2"])
        assert all("complete=no" in line for line in rig.candidates.values())
        assert revisions[rig.source()] == max(revisions.values())
        rig.follow_the_order(start="- snapshot")
        rig.bed.wait_healthy()
        missing = writer.lost()
        print(f"{len(writer.acked)} acknowledged, {len(missing)} lost")
        assert set(missing) <= {key for key, _ in writer.acked[-40:]}
        assert {n: m[1:] for n, m in rig.members("master2").items()} == rig.urls("new")


@pytest.mark.chaos
def test_what_was_taken_back_and_written_is_there_after_the_next_restore(tmp_path: Path) -> None:
    with restoring(tmp_path, Shape("3.5", hosts(3), (f"--wal-dir={WAL}",))) as rig:
        before, cluster = rig.ids("master1"), rig.cluster_id("master1")
        with rig.writer() as first:
            first.wait_for(60)
        rig.follow_the_order(until="master1 finish")
        assert "undo the later phases first, the last one first" in rig.undo("master1", "prepare", expect=4).text
        source = rig.source()
        assert "first: bash runbook.sh undo start" in rig.undo("master1", "restore", expect=3).text
        assert "first: bash runbook.sh undo restore" in rig.undo("master1", "stop", expect=3).text
        for phase in BACK:
            if phase == "stop":
                change_addresses_back(rig)
            for name in [source] if phase == "snapshot" else reversed(NAMES):
                killed_undo_and_carried_on(rig, name, phase)
        rig.bed.wait_healthy()
        assert rig.ids("master1") == before and rig.cluster_id("master1") == cluster
        for member in rig.made.members:
            for file, text in rig.made.facts[member.name].items():
                assert rig[member.name].read_text(f"/etc/kubernetes/manifests/{file}") == text
        with rig.writer() as second:
            second.wait_for(100)
        for name in NAMES:
            rig.undo(name, "prepare")
        rig.follow_the_order(start="master1 prepare")
        ended_well(rig, before, cluster)
        assert first.lost() == [] and second.lost() == []


def change_addresses_back(rig: Rig) -> None:
    for name in NAMES:
        rig.remove_new(name)
        rig.add_old(name)


def killed_undo_and_carried_on(rig: Rig, host: str, phase: str) -> None:
    assert rig.killed(host, phase, 3, verb="undo").exit in (0, 137)
    rig.status(host)
    rig.undo(host, phase)
    assert commands(rig.undo(host, phase)) == []


def test_what_does_not_fit_is_refused_and_no_data_is_touched(tmp_path: Path) -> None:
    with restoring(tmp_path, Shape("3.5", hosts(3))) as rig:
        with rig.writer() as writer:
            writer.wait_for(60)
        small(rig, "master3")
        assert "and 15 % must stay free" in rig.apply("master3", "preflight", expect=3).text
        rig["master3"].must(["mount", "-o", "remount,size=1g", DATA])
        rig.follow_the_order(until="- snapshot")
        one, lines = rig["master1"], rig.candidates
        two = "; ".join((lines["master1"], lines["master2"]))
        assert "no candidate line of: master3" in rig.apply("master1", "snapshot", "--candidates", two, expect=3).text
        assert (
            "not a candidate line: 'candidate x"
            in rig.apply("master1", "snapshot", "--candidates", "candidate x", expect=2).text
        )
        ahead = lines["master2"].replace("revision=", "revision=1")
        ran = rig.apply(
            "master1", "snapshot", "--candidates", "; ".join((lines["master1"], ahead)), "--lost", "master3", expect=3
        )
        assert "the source is master2, not master1" in ran.text

        good = one.path(f"{rig.made.state}/snapshot/stop-1.db").read_bytes()
        bad = bytearray(good)
        bad[len(bad) // 2] ^= 1
        one.path("/root/bad.db").write_bytes(bytes(bad))
        assert "expected sha256" in rig.apply("master1", "snapshot", "--from", "/root/bad.db", expect=1).text
        assert one.path(f"{DATA}/member/snap/db").exists() and not one.path(f"{aside(rig)}/member").exists()

        one.path(f"{rig.made.state}/snapshot/stop-1.db").write_bytes(bytes(bad))
        every = rig.options_of("snapshot", "master1")
        assert "has another sha256 than stop noted" in rig.apply("master1", "snapshot", *every, expect=4).text
        ran = rig.apply("master1", "stop")
        assert "that snapshot no longer counts" in ran.text and "complete=no" in ran.out.splitlines()[-1]
        rig.heard("master1", "stop", ran)
        assert "done, 0 commands carried out" in rig.apply("master1", "stop").text

        snapshot = next(n for n in rig.made.change.order if n.phase == "snapshot")
        assert rig.source() == "master2"
        rig.carry_out(snapshot)
        copy = one.path(CARRIED)
        copy.write_bytes(bytes(bad))
        assert (
            "has another sha256 than"
            in rig.apply("master1", "restore", *rig.options_of("restore", "master1"), expect=4).text
        )
        assert one.path(f"{DATA}/member/snap/db").exists()
        rig.apply("master1", "start", expect=3)


def small(rig: Rig, name: str) -> None:
    """A data folder on a disk with room for what is there and little more."""
    host = rig[name]
    rig.watch.excused.add(name)
    host.down()
    host.must(
        [
            "bash",
            "-c",
            f"cp -a {DATA} /root/was; mount -t tmpfs -o size=150m,mode=700 tmpfs {DATA}; cp -a /root/was/. {DATA}/",
        ]
    )
    host.up()
    rig.bed.wait_healthy()
    rig.watch.excused.clear()


def what_was_written_is_never_taken_back(rig: Rig) -> None:
    """Seen by an etcd that runs, and in the data of one that does not."""
    assert rig["master1"].etcdctl("put", "early", "bird").exit == 0
    assert "the restored cluster has new writes" in rig.undo("master2", "start", expect=4).text
    third, kept = rig["master3"], f"{rig.made.state}/aside/etcd.yaml"
    third.must(["mv", MANIFEST, kept])
    third.wait_for(lambda: not third.etcd_pid(), 40, "etcd ends")
    assert "the restored cluster has new writes" in rig.undo("master3", "restore", expect=4).text
    third.must(["mv", kept, MANIFEST])
    rig.bed.wait_healthy()


@pytest.mark.chaos
def test_a_file_of_the_users_own_and_a_host_of_an_earlier_attempt(tmp_path: Path) -> None:
    with restoring(tmp_path, Shape("3.4", hosts(3))) as rig:
        before, cluster = rig.ids("master1"), rig.cluster_id("master1")
        with rig.writer() as writer:
            writer.wait_for(60)
        rig.follow_the_order(until="master1 start")
        first = (rig.snapshot, rig.sha256)
        for name in ("master2", "master1"):  # master3 stays as the first attempt left it
            rig.undo(name, "restore")
        rig.undo(rig.source(), "snapshot")
        raw = "/root/raw.db"
        rig["master1"].must(["cp", f"{DATA}/member/snap/db", raw])
        ran = rig.apply("master1", "snapshot", "--from", raw)
        assert "taken without verifying a checksum" in ran.text
        rig.snapshot, rig.sha256 = (word.removeprefix("sha256=") for word in ran.out.splitlines()[-1].split()[1:3])
        assert rig.sha256 != first[1]
        rig.carry_the_snapshot("master1")
        assert (
            "is restored from another snapshot"
            in rig.apply("master3", "restore", *rig.options_of("restore", "master3"), expect=4).text
        )
        for name in ("master1", "master2"):
            rig.apply(name, "restore", *rig.options_of("restore", name))
        for name in NAMES:
            rig.apply(name, "start")
        ran = rig.apply("master1", "finish", expect=4)
        assert "was added and never started" in ran.text and not rig["master3"].healthy()
        rig.undo("master3", "start")
        rig.undo("master3", "restore")
        outside = "/root/copied.db"
        rig["master3"].must(["cp", CARRIED, outside])
        rig.apply("master3", "restore", "--snapshot", outside, "--sha256", rig.sha256)
        rig.apply("master3", "start")
        assert "A RAW FILE WITHOUT A CHECKSUM" in rig.apply("master1", "finish").text
        rig.follow_the_order(start="master2 finish", until="master1 reopen")
        what_was_written_is_never_taken_back(rig)
        rig.follow_the_order(start="master1 reopen", until="master3 reopen")
        assert f"YOURS: the snapshot is still in {outside}" in rig.apply("master3", "reopen").text
        ended_well(rig, before, cluster)
        assert rig["master3"].path(outside).exists() and rig["master1"].path(raw).exists()
        assert writer.lost() == []


def test_a_host_whose_data_is_gone_gets_anothers(tmp_path: Path) -> None:
    """Its manifest is never beside an empty folder, not even when everything is taken back."""
    with restoring(tmp_path, Shape("3.5", hosts(3)), accept_loss=True) as rig:
        before, cluster = rig.ids("master1"), rig.cluster_id("master1")
        with rig.writer() as writer:
            writer.wait_for(60)
        time.sleep(1)  # what is acknowledged is committed on a majority's disks, and they know it
        rig.everybody_crashes()
        rig.watch.excused.add("master3")
        rig["master3"].must(["mv", f"{DATA}/member", "/root/lost"])
        rig.follow_the_order(until="- snapshot")
        rig.watch.excused.clear()
        assert rig.candidates["master3"] == "candidate master3 none"
        rig.follow_the_order(start="- snapshot", until="master1 start")
        source = rig.source()
        for phase in BACK[1:]:
            for name in [source] if phase == "snapshot" else reversed(NAMES):
                rig.undo(name, phase)
        assert not rig["master3"].path(MANIFEST).exists() and not rig["master3"].path(f"{DATA}/member").exists()
        assert rig["master1"].path(MANIFEST).exists()
        rig.follow_the_order(start="master1 quiesce")
        ended_well(rig, before, cluster)
        assert writer.lost() == []


@pytest.mark.chaos
@pytest.mark.parametrize("after", range(20))
def test_a_phase_killed_goes_on_to_the_same_end(tmp_path: Path, after: int) -> None:
    """Odd ones after a crash, with nothing complete, so that copies are opened; even ones with quorum."""
    crashes = after % 2 == 1
    with restoring(tmp_path, Shape("3.5", hosts(3), (f"--wal-dir={WAL}",)), accept_loss=True) as rig:
        before, cluster = rig.ids("master1"), rig.cluster_id("master1")
        with rig.writer() as writer:
            writer.wait_for(60)
        time.sleep(1)  # what is acknowledged is committed on a majority's disks, and they know it
        if crashes:
            rig.everybody_crashes()
        rig.follow_the_order(until="master1 quiesce")
        order = rig.made.change.order
        for line in order[next(n for n, x in enumerate(order) if x.phase == "quiesce") :]:
            if line.kind == "address":
                rig.person(line.host, line.action)
                continue
            host = rig.source() if line.host == "-" else line.host
            assert rig.killed(host, line.phase, after).exit in (0, 137)
            rig.status(host)
            rig.carry_out(line)
            rig.verify(host, line.phase)
        ended_well(rig, before, cluster)
        assert writer.lost() == []
        for name in NAMES:
            assert len(rig[name].processes("etcd")) == 1
            left = {p.name for p in rig[name].path(aside(rig)).iterdir()}
            assert left <= {"member"}, left
