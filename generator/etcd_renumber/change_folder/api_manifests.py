"""The manifests of the apiservers in a change folder: the reviewed ones, with other addresses of etcd and nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from etcd_renumber.hashes import sha256
from etcd_renumber.manifests.apiserver import address_of, prove, servers_of
from etcd_renumber.model import Problem
from etcd_renumber.planning.change_json import moves_of

RENDER_AGAIN = "render the folder again; what is in it now is not what was reviewed"


def api_manifests(files: Mapping[str, str], change: dict[str, Any]) -> list[Problem]:
    """Bytes as change.json says, nothing but --etcd-servers changed, and the wanted addresses in it."""
    problems, moves = [], moves_of(change)
    for name, entry in change.get("apiservers", {}).items():
        named = {address_of(server) for server in servers_of(entry["old"])}
        new = {moves.get(a, a) if a else a for a in named}
        for stage, wanted in (("widened", named | new), ("switched", new)):
            place = f"apiservers/{name}/kube-apiserver.{stage}.yaml"
            text = files.get(place, "")
            if sha256(text) != entry[f"{stage}_sha256"]:
                fact = f"its sha256 differs from {stage}_sha256 in change.json"
                problems.append(Problem(fact, place, hint=RENDER_AGAIN))
            problems += prove(entry["old"], text, place)
            if {address_of(server) for server in servers_of(text)} != wanted:
                problems.append(Problem("--etcd-servers names other addresses", place, hint=RENDER_AGAIN))
    return problems
