"""What RUNBOOK.md and `plan` say of the method rolling as a whole."""

from __future__ import annotations

from typing import Any

from etcd_renumber.methods.method import Rows
from etcd_renumber.quorum import tolerance

# Without quorum while one of one or two members restarts, with etcd's own election timeout: see quorum.silence.
RESTART, NO_WRITES = "3 to 5 s", "4 to 5 s"
BEFORE: Rows = [
    ("`preflight`, `finish`", "continue", "nothing is down", "1 minute"),
    ("`prepare`", "continue", "nothing is down", "1 minute, plus the snapshot"),
]
AFTER = ("`cluster`, `release`", "continue", "nothing is down", "2 minutes")
# What is said of workers, and what instead where the change has lines for some of them.
OTHER_WORKERS = (
    "every worker's kubelet and kube-proxy that call",
    "kube-proxy, and the kubelets of other workers, that call",
)
BELOW = (
    "point the load balancers, DNS names and other people's kubeconfigs that call the API at {} to the new one. "
    "So too every worker's kubelet and kube-proxy that call one of these addresses. They are not part of this change. "
    "The kubeconfigs and kubelet's files on the hosts of the plan are: `bash runbook.sh plan move` says which. "
    "`bash runbook.sh plan preflight` lists, below YOURS, what each host sees of them."
)
# With `addresses: replace` a host never has both: `undo move` ends with etcd down, and `undo leave` goes on from there. By
# phase: what its row says instead.
REPLACED: dict[str, dict[str, Any]] = {
    "move": {
        "does": "replaces files; starts etcd, kubelet, API on the new address",
        "back": "`undo move`, change the address back, `undo leave`",
        "undo_when": "its certificates hold the old address; ends with etcd down: add that address again, then `undo leave`",
    },
    "cluster": {"back": "`undo cluster`, after `undo leave` of this host"},
    "release": {"back": "go on up the table"},
    "finish": {"back": "go on up the table"},
}


def first_page(size: int) -> Rows:
    """Of the box at the top: what is down, the point of no return, what may fail meanwhile."""
    tolerated = tolerance(size)[1]
    if size > 2:
        down = "one member at a time; the API of the other hosts stays up"
    elif size == 2:
        down = "**writes**, and with them the API of both hosts, as the next table says"
    else:
        down = "**writes and the API**, as the next table says: there is no other host"
    fail = {0: "nothing else", 1: "nothing but the member that is being moved: all others must be up"}
    return [
        ("What is down", down),
        ("Point of no return", "none: what was prepared and moved can be undone, the last one first,"),
        ("", "as long as the old addresses can be added again"),
        ("May fail meanwhile", fail.get(tolerated, f"{tolerated} of {size}, including the member being moved")),
    ]


def down(size: int) -> Rows:
    """Line, writes to etcd, this host meanwhile, the limit after which it is not normal."""
    restart = "continue, with a gap of up to 0.3 s" if size > 2 else f"**none for {RESTART}**"
    return [*BEFORE, ("`move`", restart, "its etcd down for 3 s, its API for 15 s", "2 minutes"), AFTER]


def down_with_replace(size: int) -> Rows:
    """The same where a host never has both addresses."""
    away = "continue, with a gap of up to 0.3 s" if size > 2 else "**none, all the while**"
    leave = ("`leave` until `move` ends", away, "etcd and API down, Node NotReady", "2 minutes a phase, plus your work")
    return [
        *BEFORE,
        leave,
        ("`move`, its second part", "continue", "its API starts", "2 minutes, all of `move`"),
        AFTER,
    ]


def meaning(size: int) -> str:
    """What the tolerance means while the change runs."""
    failures = tolerance(size)[1]
    if failures == 0:
        return f"Every restart costs quorum: no writes for {NO_WRITES} in each `move`. Nothing else may fail meanwhile."
    others = "no other one may be down" if failures == 1 else f"{failures - 1} more may be down"
    return f"The member being moved is down for some seconds: meanwhile {others}. etcd continues to take writes."
