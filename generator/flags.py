"""Every flag of etcd 3.3 to 3.6 and what it means for a change of addresses. One table; check.py reads it.

Names are those of `etcd --help` of 3.3.25, 3.4.23, 3.5.16 and of 3.6's server/embed/config.go, without dashes. A flag that
lost its `experimental-` prefix stands here under both names.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["ours", "honoured", "harmless", "noted", "refused"]


@dataclass(frozen=True)
class Flag:
    """`ours` holds addresses that the change rewrites; `honoured` is read and kept to; `refused` has a reason in `why`."""

    name: str
    kind: Kind
    why: str = ""


OURS = (
    "name listen-peer-urls listen-client-urls listen-metrics-urls initial-advertise-peer-urls advertise-client-urls"
    " initial-cluster listen-client-http-urls"
)
HONOURED = (
    "data-dir wal-dir quota-backend-bytes cert-file key-file client-cert-auth trusted-ca-file peer-cert-file"
    " peer-key-file peer-client-cert-auth peer-trusted-ca-file peer-cert-allowed-cn peer-cert-allowed-hostname"
    " peer-crl-file client-crl-file client-cert-allowed-hostname initial-cluster-state initial-cluster-token"
)
HARMLESS = (
    "snapshot-count heartbeat-interval election-timeout initial-election-tick-advance enable-v2 enable-v2v3 max-snapshots"
    " max-wals cors host-whitelist auto-compaction-retention auto-compaction-mode enable-pprof metrics max-txn-ops"
    " max-request-bytes grpc-keepalive-min-time grpc-keepalive-interval grpc-keepalive-timeout pre-vote"
    " strict-reconfig-check auth-token bcrypt-cost auth-token-ttl cipher-suites tls-min-version tls-max-version"
    " backend-bbolt-freelist-type backend-batch-interval backend-batch-limit max-concurrent-streams socket-reuse-port"
    " socket-reuse-address enable-grpc-gateway raft-read-timeout raft-write-timeout logger log-level log-format"
    " log-output log-outputs log-package-levels log-rotation-config-json enable-log-rotation debug proxy"
    " proxy-failure-wait proxy-refresh-interval proxy-dial-timeout proxy-write-timeout proxy-read-timeout"
    " v2-deprecation self-signed-cert-validity listen-client-http-allow-insecure feature-gates max-learners"
    " version help local-address unsafe-no-fsync"
)
# Each of these is also known with the prefix `experimental-`.
ONCE_EXPERIMENTAL = (
    "initial-corrupt-check corrupt-check-time compact-hash-check-enabled compact-hash-check-time enable-lease-checkpoint"
    " enable-lease-checkpoint-persist compaction-batch-limit compaction-sleep-interval watch-progress-notify-interval"
    " warning-apply-duration warning-unary-request-duration bootstrap-defrag-threshold-megabytes memory-mlock"
    " snapshot-catchup-entries stop-grpc-service-on-defrag txn-mode-write-with-shared-buffer enable-v2v3"
    " downgrade-check-time max-learners enable-distributed-tracing distributed-tracing-address"
    " distributed-tracing-service-name distributed-tracing-instance-id distributed-tracing-sampling-rate"
    " peer-skip-client-san-verification auth-token-ttl backend-bbolt-freelist-type apply-duration"
)
REFUSED = {
    "force-new-cluster": "it makes this member forget all others at every start",
    "config-file": "with it etcd reads no other flag, so the manifest does not say what runs",
    "discovery": "discovery finds members anew at a first start; the plan must name them",
    "discovery-srv": "members are named in DNS: renumber them there",
    "discovery-srv-name": "members are named in DNS: renumber them there",
    "discovery-fallback": "discovery finds members anew at a first start; the plan must name them",
    "discovery-proxy": "discovery finds members anew at a first start; the plan must name them",
    "discovery-token": "discovery finds members anew at a first start; the plan must name them",
    "discovery-endpoints": "discovery finds members anew at a first start; the plan must name them",
    "auto-tls": "etcd makes its certificates itself: there is nothing to widen and nobody to check",
    "peer-auto-tls": "etcd makes its certificates itself: there is nothing to widen and nobody to check",
    "peer-client-cert-file": "from 3.5 on callers are checked by it, and the runbook asks with the peer certificate",
    "peer-client-key-file": "it belongs to peer-client-cert-file",
    "client-cert-file": "the runbook asks with the server certificate",
    "client-key-file": "it belongs to client-cert-file",
}
SKIP = "the server does not compare a caller's address with its certificate: a wrong source address will not show"


def _table() -> dict[str, Flag]:
    table = {n: Flag(n, "ours") for n in OURS.split()}
    table |= {n: Flag(n, "honoured") for n in HONOURED.split()}
    table |= {n: Flag(n, "harmless") for n in HARMLESS.split()}
    for name in ONCE_EXPERIMENTAL.split():
        table.setdefault(name, Flag(name, "harmless"))
        table.setdefault(f"experimental-{name}", Flag(f"experimental-{name}", "harmless"))
    for prefix in ("", "experimental-"):
        name = f"{prefix}peer-skip-client-san-verification"
        table[name] = Flag(name, "noted", SKIP)
    return table | {n: Flag(n, "refused", why) for n, why in REFUSED.items()}


TABLE = _table()


def classify(name: str) -> Flag | None:
    """The flag of this name (without dashes), or None for one that no etcd from 3.3 to 3.6 has."""
    return TABLE.get(name)
