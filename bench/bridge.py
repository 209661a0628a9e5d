"""All members killed under sixteen writers, all addresses changed: what the bridge loses, and how soon writes go on."""

from __future__ import annotations

import random
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.rig import Rig, ca_pem
from tests.scenario import hosts, scenario

RUNS = {"3.3": 6, "3.4": 7, "3.5": 7}
WRITERS, RATE = 16, 320
QUIET = 3  # seconds under load before `unbridge`: the largest gap in them is the yardstick
MEBIBYTE = 2**20


@dataclass(frozen=True)
class Figures:
    """Of one run: acknowledged and lost writes; seconds from the beginning of the second `readdress` to the first write;
    the largest gaps in the seconds before `unbridge` and in it."""

    acked: int
    lost: int
    first_write: float
    quiet: float
    unbridging: float


def measured(version: str) -> Figures:
    """One cluster of its own."""
    with tempfile.TemporaryDirectory() as tmp:
        made = scenario(Path(tmp), hosts(3), ca_pem(), version, method="bridge")
        with Rig(made, version, wide=True) as rig:
            with rig.writer(WRITERS, RATE) as writer:
                writer.wait_for(100)
                time.sleep(3 * random.random())
                rig.everybody_crashes()
                before = len(writer.acked)
                rig.follow_the_order(until="master1 readdress")
                rig.apply("master1", "readdress")
                majority = time.monotonic()
                rig.apply("master2", "readdress")
                writer.wait_for(1, 60)
                first = min(at for _, at in writer.acked[before:])
                rig.follow_the_order(start="master3 readdress", until="master1 unbridge")
                time.sleep(QUIET)
                middle = time.monotonic()
                rig.follow_the_order(start="master1 unbridge", until="master1 remove")
                end = time.monotonic()
            gaps = writer.largest_gap(middle - QUIET, middle), writer.largest_gap(middle, end)
            return Figures(len(writer.acked), len(writer.lost()), first - majority, *gaps)


def fill(rig: Rig, mebibytes: int) -> None:
    """So much data, a mebibyte a key."""
    host = rig["master1"]
    host.must(["bash", "-c", f"head -c {MEBIBYTE * 3 // 4} /dev/urandom | base64 -w 0 >/root/value"])
    for number in range(mebibytes):
        put = host.run(["bash", "-c", f"{etcdctl(rig)} put fill/{number} </root/value"])
        assert put.exit == 0, put.text


def etcdctl(rig: Rig) -> str:
    """The line that calls it on a host."""
    pki = "/etc/kubernetes/pki/etcd"
    files = f"--cacert={pki}/ca.crt --cert={pki}/server.crt --key={pki}/server.key"
    return f"ETCDCTL_API=3 etcdctl --endpoints=https://127.0.0.1:2379 {files}"


def table() -> Iterator[str]:
    """Markdown: a row a version over all its runs."""
    yield from header("etcd")
    for version, runs in RUNS.items():
        yield row(version, str(runs), [measured(version) for _ in range(runs)])


def header(what: str) -> list[str]:
    """`first write`: counted from the beginning of the second host's `readdress`."""
    return [
        f"| {what} | runs | acknowledged | lost | first write | largest gap before | in `unbridge` |",
        "|---|---|---|---|---|---|---|",
    ]


def row(what: str, runs: str, found: list[Figures]) -> str:
    """Sums, and the range of each figure."""
    firsts, quiets, gaps = ([getattr(f, n) for f in found] for n in ("first_write", "quiet", "unbridging"))
    return (
        f"| {what} | {runs} | {sum(f.acked for f in found)} | {sum(f.lost for f in found)} | {span(firsts)} "
        f"| {span(quiets)} | {span(gaps)} |"
    )


def span(values: list[float]) -> str:
    """Smallest to largest, in seconds."""
    low, high = f"{min(values):.3f}", f"{max(values):.3f}"
    return f"{low} s" if low == high else f"{low} to {high} s"
