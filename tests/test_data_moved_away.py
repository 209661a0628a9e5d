"""A restore that was ended while it moved the old data away: what `stop` says of such a host, and what brings its data back."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.test_what_a_look_proves import bash

ASIDE = ".etcd-renumber-0"
PARTS = (
    "lib/run",
    "lib/lists",
    "lib/files",
    "restore/data",
    "restore/candidate",
    "restore/stop",
    "restore/restore",
    "restore/undo",
)
# The rest of a host: no etcd, no manifest, enough room; notes are written without a journal.
STUBS = """journal() { :; }; status_after_stop() { :; }; look_at_etcd() { etcd_pid=; }; manifest_is_out() { :; }; has_room() { :; }
free_kib() { echo 1; }; size_kib() { echo 1; }
note_down() { run mv "$SCRATCH/note" "$1"; }
"""


def carried_out(what: str, root: Path, wal: Path) -> subprocess.CompletedProcess[str]:
    (root / "scratch").mkdir(exist_ok=True)
    parts = [f"runbook/{part}.sh" for part in PARTS]
    places = {"DATA_DIR": f"{root}/data", "WAL_DIR": str(wal), "STATE": str(root), "SCRATCH": f"{root}/scratch"}
    return bash(STUBS + what, *parts, **places)


def made(root: Path, *names: str) -> None:
    """Files below `root`, each with its own name in it; a name that ends with a slash is a folder."""
    for name in names:
        (root / name if name.endswith("/") else (root / name).parent).mkdir(parents=True, exist_ok=True)
        if not name.endswith("/"):
            (root / name).write_text(name)


MEMBER, LATER = f"data/{ASIDE}/member", "a run of restore or of its undo was ended there"
FOLDERS = {
    "aside, and nothing in its place": ([f"{MEMBER}/snap/db", f"{MEMBER}/wal/0.wal"], LATER),
    "aside, and its WAL too": ([f"{MEMBER}/snap/db", f"wal/{ASIDE}/old/0.wal"], LATER),
    "aside, the restored WAL in place": ([f"{MEMBER}/snap/db", f"wal/{ASIDE}/old/0.wal", "wal/1.wal"], LATER),
    "half of the WAL away": (["data/member/snap/db", f"wal/{ASIDE}/old/0.wal", "wal/1.wal"], LATER),
    "a database without WAL": (["data/member/snap/db", "wal/"], "the data of this host is neither whole nor gone"),
    "no data": (["data/", "wal/"], None),
    "no data, and an empty folder kept": ([f"{MEMBER}/", "wal/"], None),
}


@pytest.mark.parametrize("case", FOLDERS)
def test_stop_says_none_only_where_no_data_is_left_anywhere(case: str, tmp_path: Path) -> None:
    files, refusal = FOLDERS[case]
    made(tmp_path, *files)
    wal = tmp_path / ("wal" if any(name.startswith("wal/") for name in files) else "data/member/wal")
    (tmp_path / "stopped.txt").write_text("the reading of stop\n")
    ran = carried_out('note_the_data; weigh_the_data; echo "$last_line"', tmp_path, wal)
    if refusal is None:
        assert ran.returncode == 0 and ran.stdout.splitlines()[-1] == "candidate master1 none", ran.stderr
    else:
        assert ran.returncode == 4 and refusal in ran.stderr
        assert (tmp_path / "stopped.txt").read_text() == "the reading of stop\n"


@pytest.mark.parametrize("case", [case for case, (_, refusal) in FOLDERS.items() if refusal == LATER])
def test_undo_restore_puts_back_every_file_of_the_old_data(case: str, tmp_path: Path) -> None:
    files, _ = FOLDERS[case]
    made(tmp_path, *files)
    wal = tmp_path / ("wal" if any(name.startswith("wal/") for name in files) else "data/member/wal")
    ran = carried_out("put_the_old_data_back", tmp_path, wal)
    assert ran.returncode == 0, ran.stderr
    assert (tmp_path / "data/member/snap/db").is_file() and (wal / "0.wal").is_file()
    assert not (tmp_path / MEMBER).exists() and not (wal / ASIDE / "old").exists()
    # What lay in the WAL folder is the restored one's, but where `member` had not been moved yet.
    assert (wal / "1.wal").exists() == (case == "half of the WAL away")
