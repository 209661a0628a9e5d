"""Three members get new addresses under four writers: the article's literal way beside the runbook."""

from __future__ import annotations

import re
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from etcd_renumber.rehearsal.testbed.load_client import Writer

from tests.rig import Rig, ca_pem
from tests.scenario import hosts, scenario

ETCD = "/etc/kubernetes/manifests/etcd.yaml"
CASES = (("3.4", "another subnet"), ("3.5", "another subnet"), ("3.5", "OLD's own subnet"))
RATE = 200  # writes a second: at 60 the largest gap is the pause that the writers themselves make
QUIET = 3  # seconds under load before the first change: the largest gap in them is the yardstick
AFTER_REMOVAL = 200  # seconds that the writers get to find each other again


@dataclass(frozen=True)
class Figures:
    """Of one way: largest gaps (s) before, while members move, while old addresses go; failed requests, terms, lost writes."""

    quiet: float
    moving: float
    leaving: float
    failed: int
    terms: int
    lost: int


def article(rig: Rig) -> None:
    """Manifest edited, container killed, started again by kubelet, `member update` when it is up; the next one."""
    for member in rig.made.members:
        host = rig[member.name]
        number = rig.members(member.name)[member.name][0]
        host.write_text(ETCD, (rig.made.host_folder(member.name) / "manifests" / "etcd.yaml").read_text(), 0o600)
        host.kill_etcd()
        host.wait_for(lambda m=member: f"{m.new}:2380" in rig[m.name].must(["ss", "-Hltn"]), 90, "etcd")  # type: ignore[misc]
        host.wait_for(host.healthy, 90, "healthy")
        url = rig.urls("new")[member.name][0]
        updated = host.etcdctl("member", "update", number, f"--peer-urls={url}")
        assert updated.exit == 0, updated.text
        time.sleep(2)


def runbook(rig: Rig) -> None:
    """The same three moves, by the runbooks."""
    for member in rig.made.members:
        rig.apply(member.name, "move")


def addresses_go(rig: Rig, writer: Writer) -> None:
    """One host after another; then until writes have been acknowledged for five seconds without a pause."""
    for member in rig.made.members:
        rig.remove_old(member.name)
        time.sleep(5)
    until = time.monotonic() + AFTER_REMOVAL
    while time.monotonic() < until:
        now = time.monotonic()
        if writer.largest_gap(now - 5, now) < 1:
            return
        time.sleep(0.5)


def measured(version: str, network: str, way: Callable[[Rig], None]) -> Figures:
    """One cluster of its own, one way."""
    new = "192.168.110.{}" if network == "another subnet" else "192.168.100.1{}"
    with tempfile.TemporaryDirectory() as tmp, Rig(scenario(Path(tmp), hosts(3, new=new), ca_pem()), version) as rig:
        for member in rig.made.members:
            for device in ("all", "eth0"):
                rig[member.name].sysctl(f"net.ipv4.conf.{device}.promote_secondaries", "1")
        rig.prepare_all()
        before = term(rig)
        with rig.writer(rate=RATE) as writer:
            writer.wait_for(10)
            time.sleep(QUIET)
            began = time.monotonic()
            way(rig)
            middle = time.monotonic()
            addresses_go(rig, writer)
            end = time.monotonic()
        quiet = writer.largest_gap(began - QUIET, began)
        moving, leaving = writer.largest_gap(began, middle), writer.largest_gap(middle, end)
        return Figures(quiet, moving, leaving, len(writer.failed), term(rig) - before, len(writer.lost()))


def term(rig: Rig) -> int:
    """The highest raft term that a member names."""
    texts = [rig[m.name].etcdctl("endpoint", "status", "-w", "fields").out for m in rig.made.members]
    return max((int(t) for text in texts for t in re.findall(r'"RaftTerm" : (\d+)', text)), default=0)


def table() -> Iterator[str]:
    """Markdown, row by row as it is measured: a row a case and way, then the ratio of their largest gaps."""
    yield from (
        "| etcd | NEW in | way | largest gap before | moving | old addresses going | failed requests | terms | lost |",
        "|---|---|---|---|---|---|---|---|---|",
    )
    for version, network in CASES:
        found = {name: measured(version, network, way) for name, way in (("article", article), ("runbook", runbook))}
        for name, f in found.items():
            yield (
                f"| {version} | {network} | {name} | {f.quiet:.3f} s | {f.moving:.3f} s | {f.leaving:.3f} s "
                f"| {f.failed} | {f.terms} | {f.lost} |"
            )
        worst = {name: max(f.moving, f.leaving) for name, f in found.items()}
        yield f"| {version} | {network} | *ratio* | *{worst['article'] / worst['runbook']:.0f} : 1* | | | | | |"
