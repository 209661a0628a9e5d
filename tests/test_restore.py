"""One snapshot becomes the data of every member: a new cluster on the new addresses, with all that was in it."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.rig import Rig, ca_pem
from tests.scenario import Host, hosts, manifests, rendered

DATA, WAL = "/var/lib/etcd", "/var/lib/etcd-wal"
OWNER = "1234:1234"


def mounted(rig: Rig) -> None:
    """The data folder, and the WAL's where it has one, are mount points: nobody can rename or remove them."""
    for member in rig.made.members:
        host = rig[member.name]
        rig.watch.excused.add(member.name)
        host.down()
        for folder in (DATA, *([WAL] if host.path(WAL).exists() else [])):
            host.must(
                ["bash", "-c", f"mv {folder} /root/was; mkdir {folder}; mount -t tmpfs -o mode=700 tmpfs {folder}"]
            )
            host.must(["bash", "-c", f"cp -a /root/was/. {folder}/; rm -rf /root/was"])
        host.up()
    rig.bed.wait_healthy()
    rig.watch.excused.clear()


def owned(rig: Rig) -> None:
    """The data belongs to another user than root."""
    for member in rig.made.members:
        rig[member.name].must(["chown", "-R", OWNER, DATA])


def leased(rig: Rig) -> None:
    """Keys that expire while the change goes on: they raise the revision, and nobody writes."""
    for seconds in (20, 60):
        lease = rig["master1"].etcdctl("lease", "grant", str(seconds)).out.split()[1]
        assert rig["master1"].etcdctl("put", f"--lease={lease}", f"leased/{seconds}", "gone soon").exit == 0


@dataclass(frozen=True)
class Shape:
    """A cluster, and what is special about its hosts' data."""

    version: str
    members: list[Host]
    flags: tuple[str, ...] = ()
    before: tuple[Callable[[Rig], None], ...] = (leased,)


def restoring(tmp: Path, shape: Shape, **mapping: object) -> Rig:
    facts = {m.name: manifests(m, shape.members, shape.flags, shape.version) for m in shape.members}
    made = rendered(tmp, shape.members, facts, ca_pem(), method="restore", **mapping)
    return Rig(made, shape.version, wide=True, bits=64 if ":" in shape.members[0].old else 24)


STAYS = Host("master3", "192.168.100.12", "192.168.100.12")
SHAPES = {
    "3.3, data of another owner": Shape("3.3", hosts(3), before=(leased, owned)),
    "3.7, a WAL folder of its own, both mount points": Shape("3.7", hosts(3), (f"--wal-dir={WAL}",), (mounted, leased)),
}
MORE = {
    "3.4, a WAL folder of its own, both mount points": Shape("3.4", hosts(3), (f"--wal-dir={WAL}",), (mounted, leased)),
    "3.5": Shape("3.5", hosts(3)),
    "3.6": Shape("3.6", hosts(3)),
    "3.7, a WAL folder of its own": Shape("3.7", hosts(3), (f"--wal-dir={WAL}",)),
    "five members on 3.3": Shape("3.3", hosts(5)),
    "five members on 3.4": Shape("3.4", hosts(5), before=(mounted, leased)),
    "five members on 3.5, a WAL folder of its own": Shape("3.5", hosts(5), (f"--wal-dir={WAL}",)),
    "one member": Shape("3.5", hosts(1)),
    "IPv6": Shape("3.5", hosts(3, "fd00:a::{}", "fd00:b::{}")),
    "a member that stays": Shape("3.5", [*hosts(2, new="192.168.100.1{}"), STAYS]),
}


def carried_out(tmp: Path, shape: Shape) -> None:
    with restoring(tmp, shape) as rig:
        for prepare in shape.before:
            prepare(rig)
        before, cluster = rig.ids("master1"), rig.cluster_id("master1")
        rig.follow_the_order(until="master1 stop")
        with rig.writer() as writer:
            writer.wait_for(60)
            refused = rig.apply("master1", "stop", expect=3).text
            assert re.search(r"etcd still receives writes; its clients: .*[\d\]]:\d+", refused), refused
        rig.follow_the_order(start="master1 stop", until="master1 reopen")
        assert writer.lost() == []
        with_quorum = [m.name for m in rig.made.members[: (len(rig.made.members) + 1) // 2]]
        assert [n for n, line in rig.candidates.items() if "complete=yes" in line] == with_quorum
        for name in with_quorum:
            own_snapshot_is_kept(rig, name)
        assert not any(rig[m.name].processes("kube-apiserver") for m in rig.made.members)
        rig.follow_the_order(start="master1 reopen")
        ended_well(rig, before, cluster)
        for member in rig.made.members:
            old_data_is_kept(rig, member.name, shape)
        if shape.version == "3.5" and len(rig.made.members) == 3:
            rig.everything_again_changes_nothing()
        for phase in ("start", "restore", "snapshot", "stop", "quiesce"):
            assert "the API is back" in rig.undo("master1", phase, expect=4).text


def ended_well(rig: Rig, before: dict[str, str], cluster: str) -> None:
    """As the article checks it: new client and peer addresses everywhere, all healthy; and it is another cluster."""
    rig.bed.wait_healthy()
    for member in rig.made.members:
        after = rig.members(member.name)
        assert {n: m[1:] for n, m in after.items()} == rig.urls("new")
        assert not {m[0] for m in after.values()} & set(before.values())
        assert rig.cluster_id(member.name) != cluster
        assert rig[member.name].processes("kube-apiserver")
    assert rig.old_connections() == []


def own_snapshot_is_kept(rig: Rig, name: str) -> None:
    """What its own `stop` has saved is what its note says: the source's snapshot came under another name."""
    words = rig[name].read_text(f"{rig.made.state}/snapshot/complete.txt").splitlines()
    note = dict(line.split(" ", 1) for line in words)
    assert rig[name].must(["sha256sum", note["file"]]).split()[0] == note["sha256"]


def old_data_is_kept(rig: Rig, name: str, shape: Shape) -> None:
    """Set aside whole, and nothing of it in the new tree; owner and mode as they were."""
    host, digest = rig[name], rig.made.change.digest
    kept = host.path(f"{DATA}/.etcd-renumber-{digest}/member")
    assert (kept / "snap" / "db").stat().st_size > 0
    wal = host.path(f"{WAL}/.etcd-renumber-{digest}/old") if shape.flags else kept / "wal"
    old, new = (
        {p.name: p.stat().st_ino for p in f.glob("*.wal")}
        for f in (wal, host.path(WAL if shape.flags else f"{DATA}/member/wal"))
    )
    assert old and new and not set(old.values()) & set(new.values())
    owner = host.must(["stat", "-c", "%u:%g %a", f"{DATA}/member", f"{DATA}/member/snap/db"]).split("\n")
    assert owner[0] == (f"{OWNER} 700" if owned in shape.before else "0:0 700")


@pytest.mark.parametrize("name", SHAPES)
def test_restored_with(name: str, tmp_path: Path) -> None:
    carried_out(tmp_path, SHAPES[name])


@pytest.mark.chaos
@pytest.mark.parametrize("name", MORE)
def test_restored_too_with(name: str, tmp_path: Path) -> None:
    carried_out(tmp_path, MORE[name])
