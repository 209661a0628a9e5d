"""workers/runbook.sh: one file for all workers. Which of them it runs on, it finds out there."""

from __future__ import annotations

from etcd_renumber.methods.workers import WORKERS
from etcd_renumber.model import Change
from etcd_renumber.rendering.etcd_values import Value
from etcd_renumber.rendering.script import script
from etcd_renumber.rendering.values import MANIFESTS, assignments


def workers_runbook(change: Change) -> str:
    """The bash script of the workers."""
    groups = [(heading, assignments(group)) for heading, group in _values(change)]
    return script("workers.sh.j2", change, WORKERS, groups)


def _values(change: Change) -> list[tuple[str, dict[str, Value]]]:
    m = change.cluster.mapping
    this: dict[str, Value] = {"CLUSTER": m.cluster, "CHANGE": m.change, "DIGEST": change.digest, "METHOD": m.method}
    members: dict[str, Value] = {
        "NAMES": [x.name for x in m.members],
        "OLDS": [str(x.old) for x in m.members],
        "NEWS": [str(x.new) for x in m.members],
    }
    workers: dict[str, Value] = {
        "WORKERS": [w.name for w in m.workers],
        "CALLS": [w.calls for w in m.workers],
        "MANIFESTS": MANIFESTS,
        "PHASES": [p.name for p in WORKERS.phases],
        "UNDOABLE": WORKERS.undoable,
    }
    return [
        ("this change", this),
        ("the members, and their addresses", members),
        ("the workers, and the member that each one calls", workers),
    ]
