"""Cluster and method to Change: who runs what, in which order; the same as data in change.json."""

from __future__ import annotations

import json
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from etcd_renumber import __version__
from etcd_renumber.assets import templates_sha256
from etcd_renumber.errors import Refused
from etcd_renumber.hashes import fingerprint, sha256
from etcd_renumber.manifests import apiserver, renumber
from etcd_renumber.manifests.etcd import etcd_of, is_etcd
from etcd_renumber.manifests.unit import etcd_of_unit
from etcd_renumber.methods import chosen
from etcd_renumber.model import ApiManifests, Apiserver, Change, Cluster, Facts, Manifest, Mapping, Member, Worker
from etcd_renumber.planning.order import SOURCE as SOURCE
from etcd_renumber.planning.order import order_of

FORMAT = 1


def plan(cluster: Cluster) -> Change:
    """The change that this cluster's mapping asks for. The cluster must have passed check()."""
    mapping = cluster.mapping
    moves = mapping.moves()
    manifests = {m.name: renumber.manifests_of(cluster.facts[m.name], m, moves) for m in mapping.members}
    method = chosen(mapping.method, mapping.addresses, mapping.certificates, mapping.apiservers)
    apis = {name: apiserver.manifests(text, moves) for name, text in cluster.apiservers.items()}
    order = order_of(mapping, method)
    data = {
        "format": FORMAT,
        "tool": {"name": "etcd-renumber", "version": __version__, "templates_sha256": templates_sha256()},
        "mapping": _mapping(cluster),
        "ca_fingerprint": ca_fingerprint(cluster),
        "members": [
            {
                "name": m.name,
                "old": str(m.old),
                "new": str(m.new),
                "facts": _facts(cluster.facts[m.name]),
                "manifests": {f.file: _manifest(f) for f in manifests[m.name]},
            }
            for m in mapping.members
        ],
        **({"apiservers": {name: _api(m) for name, m in apis.items()}} if apis else {}),
        "order": [
            {"line": n.line, "host": n.host, "kind": n.kind, "phase": n.phase, "action": n.action, "text": n.text}
            for n in order
        ],
    }
    text = json.dumps(data, indent=2, sort_keys=True, ensure_ascii=False) + "\n"
    return Change(cluster, method, order, manifests, text, sha256(text)[:12], apis)


def from_json(text: str) -> Change:
    """The change again from its own change.json: the old manifests and the mapping in it are all that is needed.

    Raises Refused when a manifest in it cannot be read, KeyError or ValueError when it is no change.json.
    """
    data = json.loads(text)
    facts = {}
    for member in data["members"]:
        texts = {file: m["old"] for file, m in member["manifests"].items() if "path" not in m}
        unit_files = {file: m["old"] for file, m in member["manifests"].items() if "path" in m}
        if unit_files:
            etcd = etcd_of_unit(unit_files, member["name"])
        else:
            etcd = next((etcd_of(t, f"{member['name']}/{f}") for f, t in texts.items() if is_etcd(t)), (None, []))
        if etcd[1]:
            raise Refused(*etcd[1])
        facts[member["name"]] = Facts(member["name"], Path(member["name"]), texts, None, etcd[0], unit_files)
    given = dict(data["mapping"])
    members = tuple(
        Member(
            m["name"],
            ip_address(m["old"]),
            ip_address(m["new"]),
            m["stays"],
            tuple(m["ssh"]),
            m.get("old_stays", False),
        )
        for m in given.pop("members")
    )
    workers = tuple(Worker(w["name"], w["calls"], tuple(w["ssh"])) for w in given.pop("workers", []))
    apis = given.pop("apiservers", None)
    apiservers = None if apis is None else tuple(_apiserver(a) for a in apis)
    mapping = Mapping(members=members, workers=workers, apiservers=apiservers, facts=Path("facts"), **given)
    texts = {name: m["old"] for name, m in data.get("apiservers", {}).items()}
    return plan(Cluster(mapping, facts, data["ca_fingerprint"], texts))


def _apiserver(data: dict[str, Any]) -> Apiserver:
    also = tuple(ip_address(a) for a in data.get("calls_from", []))
    return Apiserver(data["name"], ip_address(data["address"]), tuple(data["ssh"]), also)


def _of_apiserver(one: Apiserver) -> dict[str, Any]:
    also = {"calls_from": [str(a) for a in one.calls_from]} if one.calls_from else {}
    return {"name": one.name, "address": str(one.address), "ssh": list(one.ssh)} | also


def _manifest(m: Manifest) -> dict[str, str]:
    """A file of etcd's unit has its place on the host too."""
    hashes = {"old": m.old, "old_sha256": sha256(m.old), "new_sha256": sha256(m.new)}
    return hashes | ({"path": m.path} if m.path else {})


def _api(m: ApiManifests) -> dict[str, str]:
    sums = {f"{side}_sha256": sha256(getattr(m, side)) for side in ("old", "widened", "switched")}
    return {"old": m.old, **sums}


def ca_fingerprint(cluster: Cluster) -> str:
    """Upper-case hex sha256 of etcd's public CA (the first certificate of its file), "" when no host's facts have it."""
    found = (fingerprint(f.ca_pem or "") for f in cluster.facts.values())
    return cluster.ca_fingerprint or next(filter(None, found), "")


def _mapping(cluster: Cluster) -> dict[str, Any]:
    m = cluster.mapping
    return {
        "cluster": m.cluster,
        "change": m.change,
        "method": m.method,
        "addresses": m.addresses,
        "snapshots": m.snapshots,
        "objects": m.objects,
        "accept_loss": m.accept_loss,
        "bump_revision": m.bump_revision,
        "tools": m.tools,
        "address_command": m.address_command,
        "hosts_file": m.hosts_file,
        **({"endpoint": m.endpoint} if m.endpoint else {}),
        **({} if m.certificates == "wide" else {"certificates": m.certificates}),
        "members": [
            {"name": x.name, "old": str(x.old), "new": str(x.new), "stays": x.stays, "ssh": list(x.ssh)}
            | ({"old_stays": True} if x.old_stays else {})
            for x in m.members
        ],
        **(
            {"workers": [{"name": w.name, "calls": w.calls, "ssh": list(w.ssh)} for w in m.workers]}
            if m.workers
            else {}
        ),
        **({} if m.apiservers is None else {"apiservers": [_of_apiserver(a) for a in m.apiservers]}),
    }


def _facts(facts: Facts) -> dict[str, Any]:
    etcd = facts.etcd
    if etcd is None:
        return {}
    return {
        "data_dir": etcd.data_dir,
        "wal_dir": etcd.wal_dir,
        "peer_port": etcd.peer_port,
        "client_port": etcd.client_port,
        "image": etcd.image,
    }


def moved_before(change: Change) -> tuple[str, ...]:
    """The members whose etcd was on the new address before anything of this change was done, by their facts."""
    members = change.cluster.mapping.members
    return tuple(m.name for m in members if not m.stays and not change.manifests[m.name][0].changes)
