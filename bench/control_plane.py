"""A real control plane gets new addresses under four writers of its API: three ways beside each other.

*runbook*: RUNBOOK.md from the first `move` to its last line. *article*: its second way: a snapshot, every etcd and
kube-apiserver stopped, data and manifests exchanged on all hosts, everything started. *remove and join*: each host is reset
by kubeadm, its Node deleted, its address changed, and joined again. Certificates that hold both addresses are made before,
in the first two ways; from there the clock runs.
"""

from __future__ import annotations

import json
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from generator.rehearsal.kubeadm import configs
from generator.rehearsal.kubeadm.cluster import CONFIG, Cluster
from generator.rehearsal.kubeadm.load import Load
from generator.rehearsal.kubeadm.spec import Spec
from generator.rehearsal.network import bits
from generator.rehearsal.replica import Replica
from tests.scenario import Host, rendered

VERSIONS = ("1.37.2", "1.24.17")
MANIFESTS, DATA = "/etc/kubernetes/manifests", "/var/lib/etcd"
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


Told = dict[
    tuple[str, str], tuple[float, float, str]
]  # host and "apply move": when it began and ended, what it printed


def runbook(replica: Replica, cluster: Cluster) -> Told:
    """The lines of RUNBOOK.md from the first `move` on; `verify move` before each old address goes."""
    lines = list(replica.change.order)
    told: Told = {}
    for line in lines[next(n for n, line in enumerate(lines) if line.phase == "move") :]:
        host = replica.host_of(line)
        if line.kind == "phase":
            _say(replica, told, host, "apply", line.phase)
        else:
            if line.action == "remove":
                _say(replica, told, host, "verify", replica.proof)
            replica.person(host, line.action)
    return told


def _say(replica: Replica, told: Told, host: str, verb: str, phase: str) -> None:
    began = time.monotonic()
    ran = replica.runbook(host, verb, phase)
    if ran.exit:
        raise RuntimeError(f"{host}: {verb} {phase}: exit {ran.exit}\n{ran.text}")
    told[host, f"{verb} {phase}"] = (began, time.monotonic(), ran.text)


def _host_figures(replica: Replica, cluster: Cluster, load: Load, told: Told, host: str) -> HostFigures:
    _, _, said = told[host, "apply move"]
    _, may_go, _ = told[host, "verify move"]
    began = _exchange_began(cluster, replica, host)
    etcd, api = (sum(load.away(kind, host, began - 1, may_go)) for kind in ("etcd", "ready"))
    again = "kubelet is restarted once more" in said
    return HostFigures(host, may_go - began, load.largest_gap(began, may_go), etcd, api, again)


def _exchange_began(cluster: Cluster, replica: Replica, host: str) -> float:
    """When the journal says that the first new file was written, on the monotonic clock."""
    (journal,) = Path(cluster[host].path(f"/var/lib/etcd-renumber/{replica.change.cluster.mapping.cluster}")).glob(
        "*/journal.jsonl"
    )
    rows = [json.loads(line) for line in journal.read_text().splitlines()]
    at = [
        row["at"] for row in rows if (row["event"], row["step"], row["phase"]) == ("begin", "write_new_files", "move")
    ]
    return datetime.fromisoformat(at[-1]).timestamp() - time.time() + time.monotonic()


def article(replica: Replica, cluster: Cluster) -> Told:
    """One snapshot for all; everything down; restored with the new initial cluster; the new manifests in."""
    names = [member.name for member in replica.roster]
    first = cluster[names[0]]
    kept = Path(first.path("/root/article.db"))
    saved = first.etcdctl("snapshot", "save", str(kept), timeout=60)
    assert saved.exit == 0, saved.text
    for name in names:
        for file in ("etcd.yaml", "kube-apiserver.yaml"):
            cluster[name].must(["mv", f"{MANIFESTS}/{file}", "/root/"])
    for name in names:
        cluster[name].wait_for(lambda n=name: not _running(cluster, n), 120, "etcd and kube-apiserver are gone")  # type: ignore[misc]
    whole = ",".join(f"{m.name}=https://{m.new}:2380" for m in replica.roster)
    tools = next(iter(first.path(f"/var/lib/etcd-renumber/{replica.change.cluster.mapping.cluster}").glob("*/tools")))
    for member in replica.roster:
        host = cluster[member.name]
        if member.name != names[0]:
            shutil.copyfile(kept, host.path("/root/article.db"))
        tool = f"{tools}/etcdutl".partition("/root/")[2] if (tools / "etcdutl").exists() else ""
        words = ["snapshot", "restore", "/root/article.db", f"--name={member.name}", f"--initial-cluster={whole}"]
        words += [f"--initial-advertise-peer-urls=https://{member.new}:2380", "--data-dir=/root/restored"]
        host.must([f"/{tool}" if tool else f"/{str(tools).partition('/root/')[2]}/etcdctl", *words])
        host.must(["mv", f"{DATA}/member", "/root/member.old"])
        host.must(["mv", "/root/restored/member", f"{DATA}/member"])
    for name in names:
        for file in ("etcd.yaml", "kube-apiserver.yaml"):
            text = (replica.folder / "hosts" / name / "manifests" / file).read_text()
            cluster[name].write_text(f"{MANIFESTS}/{file}", text, 0o600)
    return {}


def _running(cluster: Cluster, name: str) -> bool:
    return bool(cluster[name].processes("etcd") or cluster[name].processes("kube-apiserver"))


def remove_and_join(replica: Replica, cluster: Cluster) -> Told:
    """As every other guide says it: reset, delete the Node, change the address, join."""
    for node in cluster.spec.nodes:
        host = cluster[node.name]
        other = next(n.name for n in cluster.spec.nodes if n.name != node.name)
        host.must(["kubeadm", "reset", "--force"], timeout=200)
        gone = cluster.kubectl("delete", "node", node.name, host=other)
        assert gone.exit == 0, gone.text
        host.remove_address(f"{node.old}/{bits(node.old)}")
        cluster.ways(host)
        moved = replace(node, old=node.new)
        host.write_text(CONFIG, configs.join(cluster.spec, moved), 0o600)
        host.must(["kubeadm", "join", "--config", CONFIG, "--ignore-preflight-errors=all"], timeout=300)
    return {}


WAYS: dict[str, Callable[[Replica, Cluster], Told]] = {
    "article": article,
    "remove and join": remove_and_join,
    "runbook": runbook,
}


def measured(version: str, way: str) -> Figures:
    """One cluster of its own, one way."""
    with tempfile.TemporaryDirectory() as tmp, Cluster(Spec(version=version)) as cluster:
        replica = _replica(cluster, Path(tmp))
        for member in replica.roster:
            _say(replica, {}, member.name, "apply", "prepare")
        for member in replica.roster:
            replica.add_new(member.name)
        with Load(cluster) as load:
            load.wait_for(100)
            time.sleep(3)
            began = time.monotonic()
            told = WAYS[way](replica, cluster)
            load.wait_for(50, PATIENCE)
            end = time.monotonic()
            time.sleep(3)
        names = [m.name for m in replica.roster] if told else []
        hosts = tuple(_host_figures(replica, cluster, load, told, name) for name in names)
        lost = len(load.lost())
        return Figures(end - began, load.largest_gap(began), len(load.failed), len(load.timeouts), lost, hosts)


def _replica(cluster: Cluster, tmp: Path) -> Replica:
    """The change folder of this very cluster, on its hosts."""
    cluster.facts(tmp / "read")
    facts = {
        n.name: {p.name: p.read_text() for p in sorted((tmp / "read" / n.name / "manifests").glob("*.yaml"))}
        for n in cluster.spec.nodes
    }
    members = [Host(n.name, str(n.old), str(n.new)) for n in cluster.spec.nodes]
    made = rendered(tmp, members, facts, cluster[members[0].name].read_text("/etc/kubernetes/pki/etcd/ca.crt"))
    replica = Replica(made.change, made.folder, cluster, bits, ways=cluster.ways)
    replica.copy_folders()
    return replica


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
        "| Kubernetes | host | exchange begun to OLD may go | etcd away | its API away | largest gap | kubelet restarted again |",
        "|---|---|---|---|---|---|---|",
        *hosts,
    )


def _row(version: str, h: HostFigures) -> str:
    cells = (f"{h.exchange:.1f} s", f"{h.etcd:.1f} s", f"{h.api:.1f} s", f"{h.gap:.2f} s", "yes" if h.again else "no")
    return f"| {version} | {h.name} | {' | '.join(cells)} |"
