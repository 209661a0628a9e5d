"""Every flag of etcd 3.3 to 3.7, what it means for a change of addresses, and the minors that have it. etcd.py reads it.

Names, without dashes, are those of every tag from v3.3.0 to v3.7.3: etcdmain/config.go, from 3.6 on AddFlags in
embed/config.go as well. A minor has a flag when one of its patches has it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["ours", "honoured", "harmless", "noted", "refused"]
MINORS = (3, 4, 5, 6, 7)  # of etcd 3


@dataclass(frozen=True)
class Flag:
    """`ours` holds addresses that the change rewrites; `honoured` is read and kept to; `refused` has a reason in `why`.

    `first` and `last` are the minors of etcd 3 between which it is there.
    """

    name: str
    kind: Kind
    why: str = ""
    first: int = MINORS[0]
    last: int = MINORS[-1]


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
    "snapshot-count heartbeat-interval election-timeout initial-election-tick-advance enable-v2 max-snapshots max-wals"
    " cors host-whitelist auto-compaction-retention auto-compaction-mode enable-pprof metrics max-txn-ops"
    " max-request-bytes grpc-keepalive-min-time grpc-keepalive-interval grpc-keepalive-timeout pre-vote"
    " strict-reconfig-check auth-token bcrypt-cost auth-token-ttl cipher-suites tls-min-version tls-max-version"
    " backend-bbolt-freelist-type backend-batch-interval backend-batch-limit max-concurrent-streams socket-reuse-port"
    " socket-reuse-address enable-grpc-gateway raft-read-timeout raft-write-timeout logger log-level log-format"
    " log-output log-outputs log-package-levels log-rotation-config-json enable-log-rotation debug proxy"
    " proxy-failure-wait proxy-refresh-interval proxy-dial-timeout proxy-write-timeout proxy-read-timeout"
    " v2-deprecation self-signed-cert-validity feature-gates max-learners version help unsafe-no-fsync"
    " next-cluster-version-compatible"
)
# Of etcd 0.x: taken, and without any effect.
IGNORED = (
    "cluster-active-size cluster-remove-delay cluster-sync-interval config force max-result-buffer max-retry-attempts"
    " peer-election-timeout peer-heartbeat-interval retry-interval snapshot test.coverprofile test.outputdir v vv"
)
# From 3.6 on without the prefix `experimental-`, which 3.7 knows no more.
ONCE_EXPERIMENTAL = (
    "corrupt-check-time compact-hash-check-time compaction-batch-limit compaction-sleep-interval"
    " watch-progress-notify-interval warning-apply-duration warning-unary-request-duration"
    " bootstrap-defrag-threshold-megabytes memory-mlock snapshot-catchup-entries downgrade-check-time"
    " enable-distributed-tracing distributed-tracing-address distributed-tracing-service-name"
    " distributed-tracing-instance-id distributed-tracing-sampling-rate peer-skip-client-san-verification"
)
# Experimental switches that 3.6 made gates of `feature-gates`.
GATES = {
    "experimental-initial-corrupt-check": "InitialCorruptCheck",
    "experimental-compact-hash-check-enabled": "CompactHashCheck",
    "experimental-enable-lease-checkpoint": "LeaseCheckpoint",
    "experimental-enable-lease-checkpoint-persist": "LeaseCheckpointPersist",
    "experimental-stop-grpc-service-on-defrag": "StopGRPCServiceOnDefrag",
    "experimental-txn-mode-write-with-shared-buffer": "TxnModeWriteWithSharedBuffer",
}
OTHER_EXPERIMENTAL = "experimental-enable-v2v3 experimental-backend-bbolt-freelist-type"
DISCOVERY = "discovery finds the members at a first start; the plan must name them"
OF_DISCOVERY = (
    "discovery-cacert discovery-cert discovery-dial-timeout discovery-insecure-skip-tls-verify"
    " discovery-insecure-transport discovery-keepalive-time discovery-keepalive-timeout discovery-key"
    " discovery-password discovery-request-timeout discovery-user"
)
REFUSED = {
    "force-new-cluster": "it removes all other members at every start",
    "config-file": "with it etcd reads no other flag, so the manifest does not say what runs",
    "discovery": DISCOVERY,
    "discovery-srv": "members are named in DNS: change their addresses there",
    "discovery-srv-name": "members are named in DNS: change their addresses there",
    "discovery-fallback": DISCOVERY,
    "discovery-proxy": DISCOVERY,
    "discovery-token": DISCOVERY,
    "discovery-endpoints": DISCOVERY,
    **dict.fromkeys(OF_DISCOVERY.split(), "it belongs to discovery-endpoints"),
    "auto-tls": "etcd makes its own certificates: no address can be added to them, and no CA can verify them",
    "peer-auto-tls": "etcd makes its own certificates: no address can be added to them, and no CA can verify them",
    "peer-client-cert-file": "from 3.5 on peers identify themselves with it, and the runbook uses the peer certificate",
    "peer-client-key-file": "it belongs to peer-client-cert-file",
    "client-cert-file": "the runbook uses the server certificate",
    "client-key-file": "it belongs to client-cert-file",
    "ca-file": "it is the old name of trusted-ca-file, which the runbook reads",
    "peer-ca-file": "it is the old name of peer-trusted-ca-file, which the runbook reads",
}
SKIP = "the server does not compare a caller's address with its certificate: a wrong source address is not detected"

# First and last minor of those that are not in all of them.
LIFE = {
    (3, 3): "ca-file peer-ca-file",
    (3, 4): "debug log-output log-package-levels",
    (3, 5): (
        "enable-v2 experimental-enable-v2v3 proxy proxy-dial-timeout proxy-failure-wait proxy-read-timeout"
        " proxy-refresh-interval proxy-write-timeout"
    ),
    (3, 6): (
        "discovery discovery-proxy experimental-corrupt-check-time experimental-initial-corrupt-check"
        " experimental-peer-skip-client-san-verification"
    ),
    (4, 4): "experimental-backend-bbolt-freelist-type next-cluster-version-compatible",
    (4, 6): (
        "experimental-compaction-batch-limit experimental-enable-lease-checkpoint"
        " experimental-enable-lease-checkpoint-persist experimental-warning-apply-duration"
        " experimental-watch-progress-notify-interval"
    ),
    (4, 7): (
        "backend-batch-interval backend-batch-limit bcrypt-cost client-cert-allowed-hostname discovery-srv-name"
        " enable-grpc-gateway host-whitelist listen-client-http-urls log-level log-outputs logger max-concurrent-streams"
        " peer-cert-allowed-hostname pre-vote tls-max-version tls-min-version unsafe-no-fsync"
    ),
    (5, 6): (
        "experimental-bootstrap-defrag-threshold-megabytes experimental-compact-hash-check-enabled"
        " experimental-compact-hash-check-time experimental-compaction-sleep-interval"
        " experimental-distributed-tracing-address experimental-distributed-tracing-instance-id"
        " experimental-distributed-tracing-sampling-rate experimental-distributed-tracing-service-name"
        " experimental-downgrade-check-time experimental-enable-distributed-tracing experimental-memory-mlock"
        " experimental-snapshot-catchup-entries experimental-stop-grpc-service-on-defrag"
        " experimental-txn-mode-write-with-shared-buffer"
    ),
    (5, 7): (
        "backend-bbolt-freelist-type client-cert-file client-key-file enable-log-rotation log-rotation-config-json"
        " peer-client-cert-file peer-client-key-file raft-read-timeout raft-write-timeout self-signed-cert-validity"
        " socket-reuse-address socket-reuse-port v2-deprecation"
    ),
    (6, 6): "experimental-warning-unary-request-duration",
    (
        6,
        7,
    ): f"discovery-endpoints discovery-token feature-gates log-format max-learners {OF_DISCOVERY} {ONCE_EXPERIMENTAL}",
}


def _table() -> dict[str, Flag]:
    once = ONCE_EXPERIMENTAL.split()
    kinds: dict[str, tuple[Kind, str]] = {n: ("ours", "") for n in OURS.split()}
    kinds |= {n: ("honoured", "") for n in HONOURED.split()}
    kinds |= {n: ("harmless", "") for n in (*HARMLESS.split(), *IGNORED.split(), *OTHER_EXPERIMENTAL.split(), *GATES)}
    kinds |= {f"{prefix}{n}": ("harmless", "") for n in once for prefix in ("", "experimental-")}
    kinds |= {f"{prefix}peer-skip-client-san-verification": ("noted", SKIP) for prefix in ("", "experimental-")}
    kinds |= {n: ("refused", why) for n, why in REFUSED.items()}
    life = {n: minors for minors, names in LIFE.items() for n in names.split()}
    return {n: Flag(n, kind, why, *life.get(n, (MINORS[0], MINORS[-1]))) for n, (kind, why) in kinds.items()}


TABLE = _table()


def classify(name: str) -> Flag | None:
    """The flag of this name (without dashes), or None for one that no etcd from 3.3 to 3.7 has."""
    return TABLE.get(name)


def out_of_place(name: str, minor: str) -> str:
    """Why etcd `minor` ("3.7") does not know a flag of the table, in words that follow the flag; "" where it does.

    Also "" for a flag that is not in the table, and for a minor that the table does not cover.
    """
    flag, number = TABLE.get(name), int(minor.removeprefix("3.") or 0) if minor.startswith("3.") else 0
    if not flag or number not in MINORS or flag.first <= number <= flag.last:
        return ""
    if number < flag.first:
        return f"etcd has it from 3.{flag.first} on"
    return f"etcd has it up to 3.{flag.last}"


def instead_of(name: str, minor: str) -> str:
    """What etcd `minor` has in place of an `experimental-` flag that it does not know; "" where that is nothing."""
    plain = name.removeprefix("experimental-")
    if name in GATES and not out_of_place("feature-gates", minor):
        return f"--feature-gates={GATES[name]}=true"
    return f"--{plain}" if plain != name and plain in TABLE and not out_of_place(plain, minor) else ""
