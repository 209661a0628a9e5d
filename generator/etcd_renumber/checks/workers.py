"""Rules over the workers of the mapping: each a host of its own, and each calls a member that gets another address."""

from __future__ import annotations

from collections.abc import Iterator

from etcd_renumber.model import Cluster, Problem


def worker_rules(cluster: Cluster) -> Iterator[Problem]:
    """All of them, in the order of the mapping."""
    mapping = cluster.mapping
    members = {m.name.lower(): m for m in mapping.members}
    seen: set[str] = set()
    for number, worker in enumerate(mapping.workers):
        key = f"workers.{number}.name"
        place, name = mapping.places.get(key, ""), worker.name.lower()
        if name in members:
            fact, hint = (
                f"the worker {worker.name} is a member, too",
                "remove it here: kubelet of a member moves with it",
            )
            yield Problem(fact, place, key, hint)
        if name in seen:
            yield Problem(f"the worker {worker.name} is listed twice", place, key, "keep one line")
        if worker.name != name:
            hint = "write its Node's name, as `kubectl get nodes` shows it"
            yield Problem(f"{worker.name} is not the name of a Node: they have no capitals", place, key, hint)
        seen.add(name)
        called = members.get(worker.calls.lower())
        key = f"workers.{number}.calls"
        place = mapping.places.get(key, mapping.places.get(f"workers.{number}", ""))
        if called is None and worker.calls:
            names = ", ".join(m.name for m in mapping.members)
            hint = f"name the member whose address is in its kubelet.conf; the members are {names}"
            yield Problem(f"{worker.name} calls {worker.calls}, and no member has that name", place, key, hint)
        elif called is not None and called.stays:
            hint = "remove this worker: nothing changes for it"
            yield Problem(f"{worker.name} calls {called.name}, which keeps its address", place, key, hint)
