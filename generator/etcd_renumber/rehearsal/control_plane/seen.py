"""What the control plane is like once the last line is through: Leases, Nodes, and whatever still names an old address."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from etcd_renumber.methods.method import Method
from etcd_renumber.records.control_plane import ControlPlane, HostSeen, Lease
from etcd_renumber.records.run import Done
from etcd_renumber.rehearsal.control_plane.leftovers import items, left_on_old
from etcd_renumber.rehearsal.kubeadm.cluster import Cluster
from etcd_renumber.rehearsal.kubeadm.load import Load

LEADERS = ("kube-controller-manager", "kube-scheduler")
PATIENCE = 60.0  # a Node's Lease is renewed every 10 s
GAP = 10.0  # seconds without an acknowledged write through the API, with three hosts or more behind a balancer


def wait_for_leases(cluster: Cluster, load: Load) -> list[Lease]:
    """Every Lease that must go on, once it was renewed after now; or after a minute, as it is then."""
    ended = time.monotonic()
    names = [*LEADERS, *(node.name for node in (*cluster.spec.nodes, *cluster.spec.workers))]
    while not all(load.renewals(name, ended) for name in names) and time.monotonic() - ended < PATIENCE:
        time.sleep(0.2)
    return [_lease(load, name, ended) for name in names]


def _lease(load: Load, name: str, ended: float) -> Lease:
    times = load.renewals(name)
    until = [*times, ended] if times and times[-1] < ended else times
    longest = max((after - before for before, after in pairwise([load.began, *until])), default=0.0)
    return Lease(name, len(times), round(longest, 1), bool(load.renewals(name, ended)))


def hosts(cluster: Cluster, load: Load) -> list[HostSeen]:
    """Each host, with its Node's InternalIP as the API says it; empty where it does not, and of a host with etcd alone."""
    nodes = items(cluster, "nodes")
    found = {n["metadata"]["name"]: n.get("status", {}).get("addresses", []) for n in nodes}
    return [
        HostSeen(
            node.name,
            tuple(round(s, 1) for s in load.away("ready", node.name)),
            tuple(round(s, 1) for s in load.away("etcd", node.name)),
            next((a["address"] for a in found.get(node.name, []) if a["type"] == "InternalIP"), ""),
            (*(("api",) if node in cluster.spec.nodes else ()), *(("etcd",) if node in cluster.spec.members else ())),
        )
        for node in cluster.spec.control_plane
    ]


def with_api(lines: Sequence[Done], zero: float, load: Load) -> list[Done]:
    """The lines, with the longest time without a write through the API in each, and how long that host's API was away."""
    return [
        replace(
            d,
            api_gap=round(load.largest_gap(zero + d.at, zero + d.at + d.seconds), 3),
            api_away=round(sum(load.away("ready", d.host, zero + d.at, zero + d.at + d.seconds)), 1),
        )
        for d in lines
    ]


def faults(
    cluster: Cluster, load: Load, method: Method, seen: list[HostSeen], leases: list[Lease], lost: list[str]
) -> list[str]:
    """What of the control plane does not hold, in words."""
    found = [f"{len(lost)} acknowledged writes through the API are lost, the first is {lost[0]}"] if lost else []
    found += [
        f"the Lease {x.name} was not renewed within {PATIENCE:g} s after the last line"
        for x in leases
        if not x.at_the_end
    ]
    wanted = {node.name: str(node.new) for node in cluster.spec.nodes}
    found += [
        f"the Node {h.name} has the InternalIP {h.internal_ip or 'none'}, not {wanted[h.name]}"
        for h in seen
        if h.name in wanted and h.internal_ip != wanted[h.name]
    ]
    gap = load.largest_gap()
    if method.keeps_quorum and len(cluster.spec.nodes) > 2 and cluster.spec.endpoint == "lb" and gap > GAP:
        found.append(f"no write through the API was acknowledged for {gap:.1f} s, with {len(cluster.spec.nodes)} hosts")
    return found


def control_plane(
    cluster: Cluster,
    load: Load,
    own: bool,
    found: tuple[list[HostSeen], list[Lease], list[str]],
    unlike: list[str],
    zero: float,
) -> ControlPlane:
    """All of it, for the record. `zero` is when the first line began."""
    (hosts, leases, lost), (at, gap) = found, load.gaps()[0]
    return ControlPlane(
        kubernetes=cluster.spec.version,
        own_bytes=own,
        endpoint=cluster.spec.control_plane_endpoint,
        acked=len(load.acked),
        failed=len(load.failed),
        timeouts=len(load.timeouts),
        refused=len(load.refused),
        lost_count=len(lost),
        gap=round(gap, 3),
        gap_at=round(at - zero, 3),
        hosts=tuple(hosts),
        leases=tuple(leases),
        left=tuple(left_on_old(cluster)),
        unlike=tuple(unlike),
    )
