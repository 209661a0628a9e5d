"""What a rehearsal on a real control plane saw beside what every rehearsal sees, as frozen values. Times are seconds."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class HostSeen:
    """One host of a real control plane: each time that its API and its etcd were away, its Node's InternalIP at the end.

    `runs`: "api", "etcd" or both; etcd may have hosts of its own, which are no Nodes.
    """

    name: str
    api: tuple[float, ...]
    etcd: tuple[float, ...]
    internal_ip: str
    runs: tuple[str, ...] = ("api", "etcd")


@dataclass(frozen=True)
class Lease:
    """How often a Lease was seen renewed, the longest time without, and whether it was renewed after the last line."""

    name: str
    renewals: int
    longest: float
    at_the_end: bool


@dataclass(frozen=True)
class ControlPlane:
    """What a real control plane showed. `acked` and what follows are writes through the API, `timeouts` are among `failed`.

    `own_bytes`: the folder's own runbooks and manifests were run; else the same mapping was rendered from the replica's
    facts. `left` still names an old address at the end, `unlike` is what was not like the cluster of the facts.
    """

    kubernetes: str
    own_bytes: bool
    endpoint: str
    acked: int
    failed: int
    timeouts: int
    refused: int
    lost_count: int
    gap: float
    gap_at: float
    hosts: tuple[HostSeen, ...]
    leases: tuple[Lease, ...]
    left: tuple[str, ...]
    unlike: tuple[str, ...]
