"""How `rejoin` sees what has come of a host that lost its data: in its files, and in the member list of the others."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.pki import TEMPLATES
from tests.scenario import hosts, manifests, rendered

NEW = "https://192.168.110.12:2380"
OTHERS = "1 master1 https://192.168.110.10:2380 no\n2 master2 https://192.168.110.11:2380 no\n"
OLD_MEMBER, NEW_MEMBER = f"{OTHERS}3 master3 {NEW} no\n", f"{OTHERS}9 master3 {NEW} no\n"
LEARNER, ADDED = f"{OTHERS}9 master3 {NEW} learner\n", f"{OTHERS}9 - {NEW} no\n"
# What the files of the host say, as bash: whether the data is whole, whether etcd's manifest is the one by which it joins, and
# whether a person has given the data up.
STUBS = """set -o errexit -o nounset -o pipefail
HOST=master3 OWN=2 NAMES=(master1 master2 master3) NEW_URLS=(x y {new}) FILES_JOIN=(j) FILES_NEW=(n) DATA_DIR=/x DIGEST=d
STATE={state}
said=([0]='' [1]={others} [2]={own})
data_is_there() {{ {data}; }}
db_is_a_database() {{ true; }}
manifest_is_joining() {{ {joins}; }}
we_are_given_up() {{ {given_up}; }}
"""


def holds(folder: Path, what: str, others: str, joined: str = "", own: str = "", **states: bool) -> bool:
    if joined:
        (folder / "joined.txt").write_text(f"{joined}\n")
    words = {key: "true" if states.get(key) else "false" for key in ("data", "joins", "given_up")}
    stubs = STUBS.format(new=NEW, state=folder, others=f"'{others.rstrip()}'", own=f"'{own.rstrip()}'", **words)
    parts = [(TEMPLATES / f"runbook/{part}.sh").read_text() for part in ("lib/lists", "bridge/lost")]
    script = "\n".join([stubs, *parts, f"if {what}; then echo yes; fi"])
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout == "yes\n"


TO_GO = {
    "no data": (True, OLD_MEMBER, {}),
    "no data, and nobody answers": (True, "", {}),
    "the data of the member that is there": (False, OLD_MEMBER, {"data": True}),
    "the same, given up": (True, OLD_MEMBER, {"data": True, "given_up": True}),
    "given up, and nobody answers": (False, "", {"data": True, "given_up": True}),
    "the new member's own, and the option is still given": (
        False, NEW_MEMBER, {"data": True, "given_up": True, "joined": "9"}),
    "the new member's own, which is lost again": (True, NEW_MEMBER, {"joined": "9"}),
    "what a learner has fetched": (False, LEARNER, {"data": True, "joins": True, "joined": "9", "given_up": True}),
    "what etcd fetches before the others know its name": (
        False, ADDED, {"data": True, "joins": True, "joined": "9", "given_up": True}),
    "old data on a disk that was mounted after the new member was added": (True, ADDED, {"data": True, "joined": "9"}),
    "a learner that somebody has removed": (True, OTHERS, {"data": True, "joins": True, "joined": "9"}),
    "a member that somebody has removed on purpose": (False, OTHERS, {"data": True}),
}  # fmt: skip


@pytest.mark.parametrize("case", TO_GO)
def test_data_goes_where_it_is_not_that_of_the_member_in_the_cluster(case: str, tmp_path: Path) -> None:
    expected, others, more = TO_GO[case]
    assert holds(tmp_path, "data_is_to_go", others, **more) == expected  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("others", "expected"), [(OLD_MEMBER, False), (LEARNER, True), (ADDED, True), (OTHERS, False), ("", False)]
)
def test_a_learner_and_one_that_was_never_started_do_not_vote(others: str, expected: bool, tmp_path: Path) -> None:
    assert holds(tmp_path, "is_no_voter", others) == expected


def test_what_our_own_etcd_shows_of_its_past_is_not_believed(tmp_path: Path) -> None:
    """A learner that has just started shows itself as a voter, as its manifest names it."""
    assert not holds(tmp_path, "has_rejoined", LEARNER, "9", own=NEW_MEMBER)
    assert holds(tmp_path, "has_rejoined", NEW_MEMBER, "9", own=OLD_MEMBER)


@pytest.mark.parametrize(
    ("own", "expected"), [(f"5 master3 {NEW} no\n", True), (OLD_MEMBER, False), ("", False)], ids=["alone", "all", "-"]
)
def test_an_etcd_that_shows_no_other_member_has_founded_a_cluster(own: str, expected: bool, tmp_path: Path) -> None:
    assert holds(tmp_path, "has_founded", "", own=own) == expected


WAL_FOLDERS = {
    "none": (["mkdir data"], "data/member/wal", "no", True),
    "in the data folder": (["mkdir -p data/member/wal"], "data/member/wal", "no", True),
    "a link in the data that goes": (
        ["mkdir -p data/member disk", "ln -s $PWD/disk data/member/wal"],
        "data/member/wal",
        "no",
        True,
    ),
    "a folder of its own": (["mkdir -p data fast/wal"], "fast/wal", "no", True),
    "a folder that the pod mounts": (["mkdir -p data fast/wal"], "fast/wal", "yes", False),
    "a link": (["mkdir -p data disk", "ln -s $PWD/disk wal"], "wal", "no", False),
    "a mount point of the host": (["mkdir -p data fast", "mount -t tmpfs none fast"], "fast", "no", False),
}


@pytest.mark.parametrize("case", WAL_FOLDERS)
def test_a_wal_folder_that_etcd_cannot_make_is_seen_before_the_member_is_removed(case: str, tmp_path: Path) -> None:
    commands, wal, mounted, can_be_made = WAL_FOLDERS[case]
    text = (TEMPLATES / "runbook/bridge/rejoin.sh").read_text()
    values = f"DATA_DIR=$PWD/data WAL_DIR=$PWD/{wal} WAL_MOUNTED={mounted}"
    lines = ["set -o errexit -o nounset -o pipefail", f"cd {tmp_path}", *commands, values, text]
    script = "\n".join([*lines, "if wal_folder_can_be_made; then echo yes; fi"])
    entered = ["unshare", "--user", "--map-root-user", "--mount", "bash", "-c", script]
    done = subprocess.run(entered, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
    assert (done.stdout == "yes\n") == can_be_made


@pytest.mark.parametrize(
    ("path", "mounted"), [("/var/lib/etcd-wal", "yes"), ("/var/lib/etcd-wal/wal", "no"), ("/var/lib/etcd/wal", "no")]
)
def test_the_runbook_knows_whether_the_pod_mounts_the_wal_folder(path: str, mounted: str, tmp_path: Path) -> None:
    members = hosts(3)
    facts = {h.name: manifests(h, members) for h in members}
    facts = {name: files | {"etcd.yaml": with_wal(files["etcd.yaml"], path)} for name, files in facts.items()}
    made = rendered(tmp_path, members, facts, method="bridge")
    assert f"readonly WAL_MOUNTED={mounted}\n" in (made.folder / "hosts/master1/runbook.sh").read_text()


def with_wal(text: str, path: str) -> str:
    """etcd's manifest with this WAL folder, and a volume at /var/lib/etcd-wal."""
    text = text.replace("    - --name=", f"    - --wal-dir={path}\n    - --name=", 1)
    text = text.replace(
        "    volumeMounts:\n", "    volumeMounts:\n    - mountPath: /var/lib/etcd-wal\n      name: wal\n", 1
    )
    return text.replace("  volumes:\n", "  volumes:\n  - hostPath: {path: /mnt/disk/wal}\n    name: wal\n", 1)
