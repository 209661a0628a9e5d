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
from etcd_renumber.manifests import renumber
from etcd_renumber.manifests.etcd import etcd_of, is_etcd
from etcd_renumber.manifests.unit import etcd_of_unit
from etcd_renumber.methods import chosen
from etcd_renumber.methods.method import Action, Method, Phase
from etcd_renumber.methods.workers import WORKERS
from etcd_renumber.model import Change, Cluster, Facts, Line, Manifest, Mapping, Member, Worker

FORMAT = 1
SOURCE = "-"  # the host of a line that is done where the candidates say; no member can be called so


def plan(cluster: Cluster) -> Change:
    """The change that this cluster's mapping asks for. The cluster must have passed check()."""
    mapping = cluster.mapping
    moves = mapping.moves()
    manifests = {m.name: renumber.manifests_of(cluster.facts[m.name], m, moves) for m in mapping.members}
    method = chosen(mapping.method, mapping.addresses, mapping.certificates)
    order = _order(mapping, method)
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
        "order": [
            {"line": n.line, "host": n.host, "kind": n.kind, "phase": n.phase, "action": n.action, "text": n.text}
            for n in order
        ],
    }
    text = json.dumps(data, indent=2, sort_keys=True, ensure_ascii=False) + "\n"
    return Change(cluster, method, order, manifests, text, sha256(text)[:12])


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
    mapping = Mapping(members=members, workers=workers, facts=Path("facts"), **given)
    return plan(Cluster(mapping, facts, data["ca_fingerprint"]))


def _manifest(m: Manifest) -> dict[str, str]:
    """A file of etcd's unit has its place on the host too."""
    hashes = {"old": m.old, "old_sha256": sha256(m.old), "new_sha256": sha256(m.new)}
    return hashes | ({"path": m.path} if m.path else {})


def ca_fingerprint(cluster: Cluster) -> str:
    """Upper-case hex sha256 of etcd's public CA (the first certificate of its file), "" when no host's facts have it."""
    found = (fingerprint(f.ca_pem or "") for f in cluster.facts.values())
    return cluster.ca_fingerprint or next(filter(None, found), "")


def _order(mapping: Mapping, method: Method) -> tuple[Line, ...]:
    """Every line of RUNBOOK.md: what the method says, host by host; what a person does is a line too."""
    known: dict[str, Phase | Action] = {a.name: a for a in method.actions} | {p.name: p for p in method.phases}
    lines: list[tuple[Member | Worker | None, Phase | Action]] = []
    for step in method.order:
        whats = [known[name] for name in ((step,) if isinstance(step, str) else step)]
        if isinstance(whats[0], Phase) and whats[0].on_source:
            lines += [(None, whats[0])]
        else:
            who = [m for m in mapping.members if not m.stays or all(isinstance(w, Phase) and w.stays for w in whats)]
            pairs = [(m, what) for m in who for what in whats if _has(m, what, mapping, lines)]
            lines += _with_workers(_endpoint_goes_last(pairs, mapping), mapping, method)
    return tuple(_line(number, *entry) for number, entry in enumerate(lines, start=1))


def _has(
    member: Member, what: Phase | Action, mapping: Mapping, lines: list[tuple[Member | Worker | None, Phase | Action]]
) -> bool:
    """Whether this host has this line: no line removes an address that stays, and what is done once is done on the first.

    Where no other member moves, a second line of what is done once would find nothing to do.
    """
    if isinstance(what, Action):
        return not (member.old_stays and what.name == "remove")
    others = [m for m in mapping.members[1:] if not m.stays]
    return not what.on_first or (member is mapping.members[0] and bool(others or (member, what) not in lines))


def _endpoint_goes_last(
    step: list[tuple[Member, Phase | Action]], mapping: Mapping
) -> list[tuple[Member, Phase | Action]]:
    """Kubelets of the other hosts call the endpoint until their own files are exchanged: its old address goes after all others."""
    of_it = [pair for pair in step if pair[0].name == mapping.endpoint]
    at = next(
        (n for n, (_, what) in enumerate(of_it) if isinstance(what, Action) and what.name == "remove"), len(of_it)
    )
    late = of_it[at:] if len({what.name for _, what in of_it}) > 1 else []
    return [pair for pair in step if pair not in late] + late


def _with_workers(
    step: list[tuple[Member, Phase | Action]], mapping: Mapping, method: Method
) -> list[tuple[Member | Worker | None, Phase | Action]]:
    """The workers look before anything is done, after all members. Each follows the member that it calls: right after that one's
    phase where the step goes host by host, else after the phase of all."""
    lines: list[tuple[Member | Worker | None, Phase | Action]] = []
    names = {what.name for _, what in step}
    for member, what in step:
        lines.append((member, what))
        if what.name == method.workers_after and len(names) > 1:
            lines += [(w, WORKERS.phase("move")) for w in mapping.workers if w.calls == member.name]
    if len(names) == 1 and names & {"preflight", method.workers_after}:
        phase = WORKERS.phase("preflight" if "preflight" in names else "move")
        lines += [(worker, phase) for worker in mapping.workers]
    return lines


def _line(number: int, host: Member | Worker | None, what: Phase | Action) -> Line:
    if isinstance(what, Phase):
        text = f"bash runbook.sh apply {what.name}{what.options}"
        return Line(number, host.name if host else SOURCE, "phase", phase=what.name, text=text)
    assert isinstance(host, Member), "what a person does is done on a member"
    text = what.text.format(old=host.old, new=host.new)
    return Line(number, host.name, "address", action=what.name, text=text)


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
