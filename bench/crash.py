"""All members killed under sixteen writers, all addresses changed: three ways back, what each loses and how long it takes."""

from __future__ import annotations

import random
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from bench.bridge import RATE, WRITERS, fill
from tests.rig import Rig, ca_pem
from tests.scenario import hosts, scenario

DATA, MANIFEST = "/var/lib/etcd", "/etc/kubernetes/manifests/etcd.yaml"
CASES = ((20, "3.4"), (20, "3.5"), (200, "3.4"), (200, "3.5"), (1000, "3.5"))  # mebibytes before the crash, etcd


@dataclass(frozen=True)
class Figures:
    """Of one run: acknowledged before the crash and lost of them; seconds from the first command to the first new write."""

    acked: int
    lost: int
    back: float


def article(rig: Rig) -> None:
    """Its second way as it stands there, with the one file that a dead cluster has: the first member's database, as it lies."""
    first, names = rig["master1"], [m.name for m in rig.made.members]
    for name in names:
        rig[name].must(["mv", MANIFEST, "/root/etcd.yaml"])
        rig[name].kill_etcd()
    first.must(["cp", f"{DATA}/member/snap/db", "/tmp/snapshot.db"])
    for name in names[1:]:
        rig[name].path("/tmp/snapshot.db").write_bytes(first.path("/tmp/snapshot.db").read_bytes())
    every = ",".join(f"{m.name}=https://{m.new}:2380" for m in rig.made.members)
    for member in rig.made.members:
        host = rig[member.name]
        rig.watch.excused.add(member.name)
        words = (
            f"--name {member.name} --initial-cluster {every} --initial-advertise-peer-urls https://{member.new}:2380"
        )
        restore = f"ETCDCTL_API=3 etcdctl snapshot restore /tmp/snapshot.db --skip-hash-check {words} --data-dir {DATA}"
        host.must(["bash", "-c", f"rm -rf {DATA}; {restore}"], timeout=300)
    for name in names:
        new = rig.made.host_folder(name) / "manifests" / "etcd.yaml"
        rig[name].write_text(MANIFEST, new.read_text(), 0o600)


def restore(rig: Rig) -> None:
    """By the runbooks, prepared before: from `quiesce` on, the file carried by hand."""
    rig.follow_the_order(start="master1 quiesce", until="master1 finish")


def bridge(rig: Rig) -> None:
    """By the runbooks, prepared before."""
    rig.follow_the_order(start="master1 readdress", until="master1 settle")


WAYS: dict[str, tuple[str, str, Callable[[Rig], None]]] = {
    "article, the first member's raw file": ("bridge", "master1 readdress", article),
    "`restore`, `accept_loss`": ("restore", "master1 quiesce", restore),
    "`bridge`": ("bridge", "master1 readdress", bridge),
}


def measured(way: str, version: str, mebibytes: int) -> Figures:
    """One cluster of its own. Preparation is not counted: in every way it is done before."""
    method, first, go = WAYS[way]
    more = {"accept_loss": True} if method == "restore" else {}
    with tempfile.TemporaryDirectory() as tmp:
        made = scenario(Path(tmp), hosts(3), ca_pem(), version, method=method, **more)
        with Rig(made, version, wide=True) as rig:
            fill(rig, mebibytes)
            with rig.writer(WRITERS, RATE) as writer:
                writer.wait_for(100)
                time.sleep(3 * random.random())
                rig.everybody_crashes()
                before = len(writer.acked)
                rig.follow_the_order(until=first)
                began = time.monotonic()
                go(rig)
                writer.wait_for(1, 120)
                back = min(at for _, at in writer.acked[before:]) - began
            return Figures(before, len(writer.lost()), back)


def table() -> Iterator[str]:
    """Markdown: the three ways side by side, for each size."""
    yield "| data | etcd | way | acknowledged | lost | first new write after |"
    yield "|---|---|---|---|---|---|"
    for size, version in CASES:
        for way in WAYS:
            f = measured(way, version, size)
            yield f"| {size} MiB | {version} | {way} | {f.acked} | {f.lost} | {f.back:.1f} s |"
