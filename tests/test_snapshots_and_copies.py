"""A snapshot has a limit and is of a member that has quorum; a copy of the data is never the data; an operator's file stays."""

from __future__ import annotations

from pathlib import Path

import pytest
from etcd_renumber.methods.restore import RESTORE

from tests.test_what_a_look_proves import bash

STUBS = "journal() { :; }; status_after_stop() { :; }; find_etcdctl() { etcdctl=/tools/etcdctl; }\n"


def a_database(root: Path) -> Path:
    """Of 25 MiB, below `root`/data."""
    (root / "data/member/snap").mkdir(parents=True)
    (root / "data/member/snap/db").write_bytes(b"x" * (25 << 20))
    return root / "data"


def test_the_first_snapshot_is_of_the_member_that_was_chosen_within_a_limit(tmp_path: Path) -> None:
    what = f"""{STUBS}run() {{ echo "run $*"; }}; client_url() {{ printf 'https://%s' "${{NAMES[$1]}}"; }}; ask_everybody() {{ :; }}
ctl() {{ [[ $1 == https://master1 ]] || printf '"Revision" : 5\\n'; }}
NAMES=(master1 master2 master3) OWN=0 said=(yes yes yes) MODE=plan; find_etcdctl; take_snapshot"""
    ran = bash(what, "runbook/lib/run.sh", "runbook/lib/etcd.sh", "runbook/rolling/snapshot.sh", SNAPSHOT="yes",
               DATA_DIR=str(a_database(tmp_path)), STATE=str(tmp_path), TOOLS="/tools", CLIENT_CA="a", CLIENT_CERT="b",
               CLIENT_KEY="c")  # fmt: skip
    assert "run timeout -k 1 62 /tools/etcdctl --endpoints=https://master2 " in ran.stdout, ran.stderr
    assert "snapshot save" in ran.stdout.splitlines()[-1]


def of_a_restore(what: str, root: Path, wal: Path) -> tuple[int, str, str]:
    parts = (
        "lib/run",
        "lib/lists",
        "lib/files",
        "lib/etcd",
        "restore/data",
        "restore/scratch",
        "restore/restore",
        "restore/reopen",
    )
    ran = bash(STUBS + what, *(f"runbook/{part}.sh" for part in parts), DATA_DIR=f"{root}/data", WAL_DIR=str(wal),
               STATE=f"{root}/state", TOOLS="/tools", QUOTA="")  # fmt: skip
    return ran.returncode, ran.stdout, ran.stderr


def test_the_snapshot_of_a_copy_has_a_limit(tmp_path: Path) -> None:
    wal = a_database(tmp_path) / "member/wal"
    what = 'run() { echo "run $*"; }; copy_pid() { echo 7; }; save_copy_to /file'
    status, said, why = of_a_restore(what, tmp_path, wal)
    assert status == 0, why
    assert said.startswith("run nsenter --net=/proc/7/ns/net timeout -k 1 62 /tools/etcdctl "), said
    assert said.endswith(" snapshot save /file\n")


@pytest.mark.parametrize("link", ["member", "member/snap", "member/wal/0.wal", None])
def test_a_copy_of_data_that_is_behind_a_link_is_refused(link: str | None, tmp_path: Path) -> None:
    data = tmp_path / "data"
    for folder in ("snap", "wal"):
        (data / "member" / folder).mkdir(parents=True)
    (data / "member/snap/db").write_text("x")
    (data / "member/wal/0.wal").write_text("x")
    if link is not None:
        (data / link).rename(tmp_path / "elsewhere")
        (data / link).symlink_to(tmp_path / "elsewhere")
    what = "run() { echo carried out; exit 0; }; open_copy 'a hint'"
    status, said, why = of_a_restore(what, tmp_path, data / "member/wal")
    if link is None:
        assert (status, said) == (0, "carried out\n"), why
    else:
        assert (status, said) == (4, "") and f"{data / link} is a symbolic link" in why


def test_wal_files_of_a_half_restored_snapshot_are_found_behind_a_link(tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    (tmp_path / "disk/0.wal").write_text("x")
    (tmp_path / "wal").symlink_to(tmp_path / "disk")
    status, _, why = of_a_restore("put_half_away", tmp_path, tmp_path / "wal")
    assert status == 0, why
    assert [path.name for path in tmp_path.glob("disk/.etcd-renumber-0/half-1/*")] == ["0.wal"]
    assert not (tmp_path / "disk/0.wal").exists()


def test_the_file_that_was_given_for_a_restore_stays_and_is_named(tmp_path: Path) -> None:
    (tmp_path / "given.db").write_text("x")
    (tmp_path / "state").mkdir()
    note = f'printf "given {tmp_path}/given.db\\nsha256 %s\\n" "$(sha256sum <{tmp_path}/given.db | cut -d " " -f 1)" >"$RESTORED"'
    status, said, why = of_a_restore(f"{note}; no_copy_lies_about", tmp_path, tmp_path / "wal")
    assert status == 0, why
    assert f"the snapshot is still in {tmp_path}/given.db" in said
    assert (tmp_path / "given.db").exists()
    what = RESTORE.phase("reopen").title
    assert "names copies of the snapshot" in what and "removed" not in what
