"""What stays in the manifests although it holds an address that moves: said here, and in RUNBOOK.md."""

from __future__ import annotations

from collections.abc import Iterator

from etcd_renumber.checks.unit import place_of
from etcd_renumber.manifests.identities import IMAGE, OIDC
from etcd_renumber.manifests.kept import kept_texts, where
from etcd_renumber.model import Cluster, Problem, Severity


def identity_rules(cluster: Cluster) -> Iterator[Problem]:
    """One for each text, at the first place of it. What somebody calls at that address is more than a note."""
    for (name, value, why), places in kept_texts(cluster).items():
        host, file, line = places[0]
        severity: Severity = "warning" if why in (IMAGE, OIDC) else "note"
        place = f"{place_of(cluster.facts[host], file)}:{line}"
        yield Problem(f"{name} {value} stays as it is, in {where(places)}", place, name.lstrip("-"), why, severity)
