"""Data of a restore that is neither whole nor gone, and a snapshot that is of other data: never "none", never complete."""

from __future__ import annotations

import hashlib
import shlex
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.pki import TEMPLATES
from tests.rig import Rig
from tests.scenario import hosts
from tests.test_restore import DATA, WAL, Shape, ended_well, restoring
from tests.test_restore_ways import BACK, MANIFEST, NAMES

SEPARATE = Shape("3.5", hosts(3), (f"--wal-dir={WAL}",))


# --- what is said of a folder ---


def said_of(root: Path, wal: Path) -> str:
    """ "whole", "gone", or what part of the data is there."""
    part = (TEMPLATES / "runbook/lib/files.sh").read_text()
    values = f"DATA_DIR={shlex.quote(str(root))} WAL_DIR={shlex.quote(str(wal))} BACKUP=x MANIFESTS=x\n"
    ask = 'if data_is_there; then echo whole; else p=$(part_of_data); echo "${p:-gone}"; fi'
    ran = subprocess.run(
        ["bash", "-c", f"set -o errexit -o nounset -o pipefail\n{values}{part}\n{ask}"], capture_output=True, text=True
    )
    assert ran.returncode == 0, ran.stderr
    return ran.stdout.strip().replace(str(wal), "WAL").replace(f"{root}/", "")


@pytest.mark.parametrize(
    ("files", "said"),
    [
        (["member/snap/db", "member/wal/0-0.wal"], "whole"),
        ([], "gone"),
        (["member/"], "gone"),
        (["lost+found/"], "gone"),
        (["member/snap/db"], "member/snap/db is there, and no WAL file is in WAL"),
        (["member/wal/0-0.wal"], "WAL files are in WAL, and member/snap/db is not there or empty"),
        (["member/snap/0-1.snap"], "files are below /DATA/member, and neither a database nor WAL files are among them"),
    ],
)
def test_data_has_three_answers(files: list[str], said: str, tmp_path: Path) -> None:
    for name in files:
        path = tmp_path / name
        (path if name.endswith("/") else path.parent).mkdir(parents=True, exist_ok=True)
        if not name.endswith("/"):
            path.write_text("x")
    assert said_of(tmp_path, tmp_path / "member/wal") == said.replace("/DATA/", "")


def test_a_wal_folder_behind_a_link_is_followed(tmp_path: Path) -> None:
    (tmp_path / "data/member/snap").mkdir(parents=True)
    (tmp_path / "data/member/snap/db").write_text("x")
    (tmp_path / "disk").mkdir()
    (tmp_path / "disk/0-0.wal").write_text("x")
    (tmp_path / "wal").symlink_to(tmp_path / "disk")
    assert said_of(tmp_path / "data", tmp_path / "wal") == "whole"


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (["revision=9 index=1 complete=yes cluster=a", "revision=12 index=1 complete=no cluster=a last-write=9"], ""),
        (
            ["revision=9 index=1 complete=yes cluster=a", "revision=12 index=1 complete=no cluster=a last-write=10"],
            "m1 (last write at revision 10) ",
        ),
        (
            [
                "revision=9 index=1 complete=no cluster=a last-write=9",
                "revision=12 index=1 complete=no cluster=a last-write=12",
            ],
            "",
        ),
        (["none", "revision=12 index=1 complete=yes cluster=a"], ""),
        (
            [
                "revision=9 index=1 complete=yes cluster=a",
                "revision=12 index=1 complete=yes cluster=a",
                "revision=12 index=1 complete=no cluster=a last-write=11",
                "revision=20 index=1 complete=no cluster=b last-write=20",
            ],
            "",
        ),
    ],
)
def test_writes_after_the_complete_snapshot_are_seen(lines: list[str], said: str) -> None:
    parts = "".join((TEMPLATES / f"runbook/{part}.sh").read_text() for part in ("lib/lists", "restore/source"))
    names = [f"m{n}" for n in range(len(lines))]
    values = f"NAMES=({' '.join(names)}) lost=() without=()\n"
    values += (
        f"candidate_lines=({' '.join(shlex.quote(f'{n} {line}') for n, line in zip(names, lines, strict=True))})\n"
    )
    script = f"set -o errexit -o nounset -o pipefail\n{parts}\n{values}\nwho_was_written_later"
    ran = subprocess.run(["bash", "-c", script], capture_output=True, text=True)
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, said, "")


@pytest.mark.parametrize(
    ("answer", "exit", "said"),
    [
        ('"Key" : "a"\n"ModRevision" : 7\n"More" : true\n"Count" : 3', 0, "7"),
        ('"Revision" : 1\n"Count" : 0', 0, "0"),
        ("", 1, ""),
    ],
)
def test_the_last_write_of_a_database_without_a_key_is_none(answer: str, exit: int, said: str) -> None:
    parts = "".join((TEMPLATES / f"runbook/{part}.sh").read_text() for part in ("lib/etcd", "restore/candidate"))
    asks = f"ask_copy() {{ printf '%s\\n' '{answer}'; return {exit}; }}"
    script = f"set -o errexit -o nounset -o pipefail\nTOOLS=/t BACKUP=/b\n{parts}\n{asks}\nlast_write_in_copy"
    ran = subprocess.run(["bash", "-c", script], capture_output=True, text=True)
    assert (ran.returncode, ran.stdout.strip(), ran.stderr) == (0, said, "")


def weighed(tmp: Path, complete: bytes | None) -> tuple[str, list[str]]:
    """What `stop` says of a host whose snapshot was "saved" when it was noted, and is this now; the notes that are left."""
    state, file = tmp / "snapshot", tmp / "snapshot/stop-1.db"
    state.mkdir()
    if complete is not None:
        file.write_bytes(complete)
    (tmp / "stopped.txt").write_text("data\n")
    of = hashlib.sha256(b"data\n").hexdigest()
    noted = f"file {file}\nsha256 {hashlib.sha256(b'saved').hexdigest()}\nrevision 9\nindex 12\ncluster a\nof {of}\n"
    (state / "complete.txt").write_text(noted)
    (tmp / "candidate.txt").write_text(f"line candidate m1 revision=9 index=12 complete=yes cluster=a\nof {of}\n")
    parts = "".join((TEMPLATES / f"runbook/{part}.sh").read_text() for part in ("lib/run", "restore/candidate"))
    values = f"STATE={tmp} STOPPED={tmp}/stopped.txt COMPLETE={state}/complete.txt CANDIDATE={tmp}/candidate.txt"
    stubs = f"""MODE=apply HOST=m1 DATA_DIR=/d SCRATCH={tmp}
field() {{ sed -n "s/^$2 //p" "$1" 2>/dev/null; }}
data_is_restored() {{ false; }}; data_is_there() {{ true; }}; has_room() {{ true; }}; why_no_room() {{ :; }}
free_name() {{ printf '%s-1%s' "$1" "$2"; }}; note_down() {{ cp "$SCRATCH/note" "$1"; }}
weigh_a_copy() {{ weight='revision=9 index=12 complete=no cluster=a last-write=9'; }}"""
    script = f"set -o errexit -o nounset -o pipefail\n{values}\n{parts}\n{stubs}\nweigh_the_data; echo; echo $last_line"
    (tmp / "stop.sh").write_text(script)
    ran = subprocess.run(["bash", tmp / "stop.sh"], capture_output=True, text=True)
    assert (ran.returncode, ran.stderr) == (0, ""), ran.stderr
    return ran.stdout, sorted(p.name for p in state.glob("*.txt"))


def test_a_snapshot_that_is_as_stop_saved_it_is_complete(tmp_path: Path) -> None:
    said, notes = weighed(tmp_path, b"saved")
    assert said.endswith("\ncandidate m1 revision=9 index=12 complete=yes cluster=a\n")
    assert "no longer counts" not in said and notes == ["complete.txt"]


@pytest.mark.parametrize("file", [b"of another host", b"", None])
def test_a_snapshot_that_is_not_as_stop_saved_it_is_not_complete(file: bytes | None, tmp_path: Path) -> None:
    said, notes = weighed(tmp_path, file)
    assert said.endswith("\ncandidate m1 revision=9 index=12 complete=no cluster=a last-write=9\n")
    assert "stop-1.db is missing, or has another sha256 than stop noted: that snapshot no longer counts" in said
    assert notes == ["complete.before-1.txt"]


# --- on the bed ---


def wals(rig: Rig, host: str) -> set[str]:
    return {path.name for path in rig[host].path(WAL).glob("*.wal")}


@pytest.mark.chaos
def test_a_restore_killed_while_the_wal_moves_goes_back(tmp_path: Path) -> None:
    with restoring(tmp_path, SEPARATE) as rig:
        before, cluster = rig.ids("master1"), rig.cluster_id("master1")
        with rig.writer() as writer:
            writer.wait_for(60)
        rig.follow_the_order(until="master2 restore")
        there = wals(rig, "master2")
        assert rig.killed("master2", "restore", before=f"mv {DATA}/member").exit == 137
        assert wals(rig, "master2") == set() and rig["master2"].path(f"{DATA}/member/snap/db").exists()
        for phase in ("stop", "quiesce"):
            refused = rig.undo("master2", phase, expect=3).text
            assert "first: bash runbook.sh undo" in refused
        source = rig.source()
        for phase in BACK[1:]:
            for name in [source] if phase == "snapshot" else reversed(NAMES):
                rig.undo(name, phase)
            if phase == "restore":
                assert wals(rig, "master2") == there
        rig.bed.wait_healthy()
        assert rig.ids("master1") == before and rig.cluster_id("master1") == cluster
        assert writer.lost() == []


def by_hand(rig: Rig, there: str, back: str, runs: bool, names: Sequence[str] = NAMES) -> None:
    """Somebody moves etcd's manifest on these hosts."""
    for name in names:
        rig[name].must(["mv", there, back])
    for name in names:
        rig[name].wait_for(lambda name=name: bool(rig[name].etcd_pid()) == runs, 60, "etcd follows")  # type: ignore[misc]


def test_a_snapshot_of_an_earlier_stop_does_not_count_for_data_that_went_on(tmp_path: Path) -> None:
    with restoring(tmp_path, Shape("3.5", hosts(3)), accept_loss=True) as rig:
        before, cluster = rig.ids("master1"), rig.cluster_id("master1")
        rig.follow_the_order(until="master1 stop")
        rig.killed("master1", "stop", before=f"mv -f {MANIFEST}")  # etcd has stopped, and its manifest is still there
        assert rig["master1"].path(MANIFEST).exists() and not rig["master1"].etcd_pid()
        rig.follow_the_order(start="master1 stop", until="- snapshot")
        assert "complete=yes" in rig.candidates["master1"]
        aside = f"{rig.made.state}/aside/etcd.yaml"
        by_hand(rig, aside, MANIFEST, runs=True)
        rig.bed.wait_healthy()
        rig["master1"].etcdctl("put", "written-since", "yes")
        by_hand(rig, MANIFEST, aside, runs=False)
        said = rig.apply("master1", "snapshot", *rig.options_of("snapshot", "master1"), expect=4).text
        assert "the data of this host is not as it was when stop noted it" in said
        said = rig.apply("master1", "stop").text
        assert "writes that are not in the snapshot that stop saved" in said and "complete=no" in said.splitlines()[-1]
        rig.follow_the_order(start="master1 stop")
        ended_well(rig, before, cluster)
        assert "yes" in rig["master2"].etcdctl("get", "written-since").out


def test_a_complete_snapshot_does_not_count_where_the_others_went_on(tmp_path: Path) -> None:
    with restoring(tmp_path, Shape("3.5", hosts(3)), accept_loss=True) as rig:
        before, cluster, others = rig.ids("master1"), rig.cluster_id("master1"), NAMES[1:]
        rig.follow_the_order(until="- snapshot")
        aside = f"{rig.made.state}/aside/etcd.yaml"
        by_hand(rig, aside, MANIFEST, True, others)
        rig["master2"].wait_for(lambda: not rig["master2"].etcdctl("put", "written-since", "yes").exit, 60, "it writes")
        by_hand(rig, MANIFEST, aside, False, others)
        rig.follow_the_order(start="master1 stop", until="- snapshot")
        assert [n for n, line in rig.candidates.items() if "complete=yes" in line] == ["master1"]
        said = rig.apply("master1", "snapshot", *rig.options_of("snapshot", "master1"), expect=4).text
        assert "the complete snapshot of master1 lacks writes that other members have: master2 (last write at" in said
        rig.candidates["master1"] = "candidate master1 none"
        rig.follow_the_order(start="- snapshot")
        ended_well(rig, before, cluster)
        assert "yes" in rig["master1"].etcdctl("get", "written-since").out
