"""A real control plane gets new addresses under four writers of its API: three ways beside each other.

*runbook*: RUNBOOK.md from the first `move` to its last line. *article*: its second way: a snapshot, every etcd and
kube-apiserver stopped, data and manifests exchanged on all hosts, everything started. *remove and join*: each host is reset
by kubeadm, its Node deleted, its address changed, and joined again. Certificates that hold both addresses are made before,
in the first two ways; from there the clock runs.
"""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from etcd_renumber.methods.steps import TITLES
from etcd_renumber.rehearsal.kubeadm.cluster import Cluster
from etcd_renumber.rehearsal.kubeadm.load import Load
from etcd_renumber.rehearsal.kubeadm.spec import Spec

from bench.other_ways import article, remove_and_join
from tests.real import Real

VERSIONS = ("1.37.2", "1.24.17")
PATIENCE = 300  # seconds until the API has to take writes again


@dataclass(frozen=True)
class Figures:
    """Of one way: seconds in all, the longest time without an acknowledged write, failed requests, time-outs, lost writes."""

    whole: float
    gap: float
    failed: int
    timeouts: int
    lost: int
    hosts: tuple[HostFigures, ...] = ()


@dataclass(frozen=True)
class HostFigures:
    """Of one host in RUNBOOK.md's order, in seconds: from the first command of the exchange until `verify move` has held, the
    largest gap meanwhile, how long its etcd and its API were away; `again`: kubelet was restarted a second time."""

    name: str
    exchange: float
    gap: float
    etcd: float
    api: float
    again: bool


def runbook(real: Real) -> None:
    """The lines of RUNBOOK.md from the first `move` on; `verify move` before each old address goes."""
    real.follow_the_order(start=f"{real.roster[0].name} move")


def host_figures(real: Real, load: Load, host: str) -> HostFigures:
    """Once its lines were carried out."""
    told = {words: (began, ran) for words, began, ran in real.told}
    verified, proof = told[f"{host} verify move"]
    began, may_go = exchange_began(real, host), verified + proof.seconds
    etcd, api = (sum(load.away(kind, host, began - 1, may_go)) for kind in ("etcd", "ready"))
    again = "kubelet is restarted, once" in told[f"{host} apply move"][1].text
    return HostFigures(host, may_go - began, load.largest_gap(began, may_go), etcd, api, again)


def exchange_began(real: Real, host: str) -> float:
    """When the journal says that the first new file was written, on the monotonic clock."""
    rows = [json.loads(line) for line in real[host].read_text(f"{real.state}/journal.jsonl").splitlines()]
    wanted = ("begin", "apply", "move", TITLES["write_new_files"])
    at = [row["at"] for row in rows if tuple(row[key] for key in ("event", "verb", "phase", "step")) == wanted]
    return datetime.fromisoformat(at[-1]).timestamp() - time.time() + time.monotonic()


WAYS: dict[str, Callable[[Real], None]] = {
    "article": article,
    "remove and join": remove_and_join,
    "runbook": runbook,
}


def measured(version: str, way: str) -> Figures:
    """One cluster of its own, one way."""
    with tempfile.TemporaryDirectory() as tmp, Cluster(Spec(version=version)) as cluster:
        real = Real(cluster, Path(tmp))
        for member in real.roster:
            real.apply(member.name, "prepare")
        for member in real.roster:
            real.add_new(member.name)
        with Load(cluster) as load:
            load.wait_for(100)
            time.sleep(3)
            began = time.monotonic()
            WAYS[way](real)
            load.wait_for(50, PATIENCE)
            end = time.monotonic()
            time.sleep(3)
        hosts = tuple(host_figures(real, load, m.name) for m in real.roster) if way == "runbook" else ()
        lost = len(load.lost())
        return Figures(end - began, load.largest_gap(began), len(load.failed), len(load.timeouts), lost, hosts)


def table() -> Iterator[str]:
    """Markdown, a row a version and way as it is measured; then a row a host of the runbook."""
    yield from (
        "| Kubernetes | way | without API writes | in all | failed requests | of them time-outs | lost |",
        "|---|---|---|---|---|---|---|",
    )
    hosts: list[str] = []
    for version in VERSIONS:
        for way in WAYS:
            f = measured(version, way)
            yield f"| {version} | {way} | {f.gap:.2f} s | {f.whole:.0f} s | {f.failed} | {f.timeouts} | {f.lost} |"
            hosts += [_row(version, host) for host in f.hosts]
    yield from (
        "",
        "| Kubernetes | host | exchange begun to OLD may go | etcd down | its API down | largest gap | kubelet restarted again |",
        "|---|---|---|---|---|---|---|",
        *hosts,
    )


def _row(version: str, h: HostFigures) -> str:
    cells = (f"{h.exchange:.1f} s", f"{h.etcd:.1f} s", f"{h.api:.1f} s", f"{h.gap:.2f} s", "yes" if h.again else "no")
    return f"| {version} | {h.name} | {' | '.join(cells)} |"
