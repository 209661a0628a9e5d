"""Cluster and method to Change: who runs what, in which order; the same as data in change.json."""

from __future__ import annotations

import json
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from generator import __version__, methods
from generator.assets import templates_sha256
from generator.errors import Refused
from generator.hashes import fingerprint, sha256
from generator.manifests import renumber
from generator.manifests.etcd import etcd_of, is_etcd
from generator.methods import wording
from generator.model import Change, Cluster, Facts, Line, Mapping, Member, Phase

FORMAT = 1
SOURCE = "-"  # the host of a line that is done where the candidates say; no member can be called so

Entry = tuple[Member | None, str, str]


def plan(cluster: Cluster) -> Change:
    """The change that this cluster's mapping asks for. The cluster must have passed check()."""
    mapping = cluster.mapping
    moves = mapping.moves()
    manifests = {m.name: renumber.manifests_of(cluster.facts[m.name], m, moves) for m in mapping.members}
    phases = methods.phases(mapping.method, mapping.addresses)
    order = _order(mapping, phases)
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
                "manifests": {
                    f.file: {"old": f.old, "old_sha256": sha256(f.old), "new_sha256": sha256(f.new)}
                    for f in manifests[m.name]
                },
            }
            for m in mapping.members
        ],
        "order": [
            {"line": n.line, "host": n.host, "kind": n.kind, "phase": n.phase, "action": n.action, "text": n.text}
            for n in order
        ],
    }
    text = json.dumps(data, indent=2, sort_keys=True, ensure_ascii=False) + "\n"
    return Change(cluster, phases, order, manifests, text, sha256(text)[:12])


def from_json(text: str) -> Change:
    """The change again from its own change.json: the old manifests and the mapping in it are all that is needed.

    Raises Refused when a manifest in it cannot be read, KeyError or ValueError when it is no change.json.
    """
    data = json.loads(text)
    facts = {}
    for member in data["members"]:
        texts = {file: m["old"] for file, m in member["manifests"].items()}
        etcd = next((etcd_of(t, f"{member['name']}/{f}") for f, t in texts.items() if is_etcd(t)), (None, []))
        if etcd[1]:
            raise Refused(*etcd[1])
        facts[member["name"]] = Facts(member["name"], Path(member["name"]), texts, None, etcd[0])
    given = dict(data["mapping"])
    members = tuple(
        Member(m["name"], ip_address(m["old"]), ip_address(m["new"]), m["stays"], tuple(m["ssh"]))
        for m in given.pop("members")
    )
    mapping = Mapping(members=members, facts=Path("facts"), **given)
    return plan(Cluster(mapping, facts, data["ca_fingerprint"]))


def ca_fingerprint(cluster: Cluster) -> str:
    """Upper-case hex sha256 of etcd's public CA (the first certificate of its file), "" when no host's facts have it."""
    found = (fingerprint(f.ca_pem or "") for f in cluster.facts.values())
    return cluster.ca_fingerprint or next(filter(None, found), "")


def _order(mapping: Mapping, phases: tuple[Phase, ...]) -> tuple[Line, ...]:
    """Every line of RUNBOOK.md. One block per column of the plan; what a person does is a line too."""
    members = mapping.members
    moving = [m for m in members if not m.stays]
    stay_in = {p.name for p in phases if p.stays}

    def everybody(phase: str) -> list[Entry]:
        return [(m, "phase", phase) for m in (members if phase in stay_in else moving)]

    lines = everybody("preflight") + everybody("prepare")
    if mapping.method == "restore":
        lines += everybody("quiesce") + everybody("stop") + [(None, "phase", "snapshot")] + everybody("restore")
        lines += [(m, "address", "replace") for m in moving]
        lines += everybody("start") + everybody("finish") + everybody("reopen")
        return _numbered(mapping.method, lines)
    if mapping.addresses == "both":
        lines += [(m, "address", "add") for m in moving]
    if mapping.method == "bridge":
        lines += everybody("readdress") + everybody("settle") + everybody("unbridge")
    for m in moving:
        if mapping.method == "bridge":
            lines += [(m, "address", "remove"), (m, "phase", "release")]
        elif mapping.addresses == "both":
            lines += [(m, "phase", "move"), (m, "address", "remove"), (m, "phase", "release")]
        else:
            lines += [(m, "phase", "leave"), (m, "address", "replace"), (m, "phase", "move"), (m, "phase", "release")]
    lines += everybody("finish")
    return _numbered(mapping.method, lines)


def _numbered(method: str, lines: list[Entry]) -> tuple[Line, ...]:
    return tuple(_line(number, method, *entry) for number, entry in enumerate(lines, start=1))


def _line(number: int, method: str, member: Member | None, kind: str, what: str) -> Line:
    if kind == "phase" or member is None:
        text = f"bash runbook.sh apply {what}{wording.OPTIONS.get(what, '') if method == 'restore' else ''}"
        return Line(number, member.name if member else SOURCE, "phase", phase=what, text=text)
    text = wording.PERSON[method][what].format(old=member.old, new=member.new)
    return Line(number, member.name, "address", action=what, text=text)


def _mapping(cluster: Cluster) -> dict[str, Any]:
    m = cluster.mapping
    return {
        "cluster": m.cluster,
        "change": m.change,
        "method": m.method,
        "addresses": m.addresses,
        "snapshots": m.snapshots,
        "accept_loss": m.accept_loss,
        "bump_revision": m.bump_revision,
        "tools": m.tools,
        "address_command": m.address_command,
        "members": [
            {"name": x.name, "old": str(x.old), "new": str(x.new), "stays": x.stays, "ssh": list(x.ssh)}
            for x in m.members
        ],
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
