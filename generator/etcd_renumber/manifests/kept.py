"""What stays in the manifests of all hosts although it holds an address that moves, each text once with its places."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from etcd_renumber.manifests.renumber import kept_in
from etcd_renumber.manifests.unit_exchange import kept_in_unit
from etcd_renumber.model import Cluster

Place = tuple[str, str, int]  # host, file, line


def kept_texts(cluster: Cluster) -> dict[tuple[str, str, str], list[Place]]:
    """(name, value, why) to its places, of the hosts that move."""
    moves = cluster.mapping.moves()
    found: dict[tuple[str, str, str], list[Place]] = {}
    for member in cluster.mapping.members:
        facts = cluster.facts[member.name]
        files: Mapping[str, str] = {} if member.stays else {**facts.unit_files, **facts.manifests}
        for file, text in files.items():
            for it in kept_in(text, moves) if file in facts.manifests else kept_in_unit(text, moves):
                found.setdefault((it.name, it.value, it.why), []).append((member.name, file, it.line))
    return found


def where(places: Iterable[Place]) -> str:
    """ "etcd.yaml of master1, master2": the hosts of each file."""
    hosts: dict[str, list[str]] = {}
    for host, file, _ in places:
        hosts.setdefault(file, [])
        hosts[file] += [host] if host not in hosts[file] else []
    return "; ".join(f"{file} of {', '.join(names)}" for file, names in hosts.items())
