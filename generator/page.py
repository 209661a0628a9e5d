"""RUNBOOK.md: the page that people sign, carry to the night shift and go by. What is said of a phase stands in `words`."""

from __future__ import annotations

import hashlib
from typing import Any

from generator import words
from generator.environment import environment
from generator.model import Change, Line, Member
from generator.plan import tolerance


def page(change: Change, files: dict[str, str]) -> str:
    """The Markdown of one change. `files` are the rendered files of the hosts, for their hashes."""
    mapping = change.cluster.mapping
    moving = [m for m in mapping.members if not m.stays]
    first = change.cluster.facts[mapping.members[0].name].etcd
    assert first is not None, "check() refuses a host without an etcd manifest"
    size = len(mapping.members)
    return environment().get_template("RUNBOOK.md.j2").render(
        change=change,
        mapping=mapping,
        moving=moving,
        size=size,
        tolerated=tolerance(size)[1],
        table=[(n, *tolerance(n), n == size) for n in range(1, max(9, size) + 1)],
        down=words.what_is_down(size, mapping.addresses),
        order=[_row(change, line) for line in change.order],
        codes=words.EXIT_CODES,
        undo=[(p.name, p.undo_when or p.no_undo, bool(p.undo)) for p in change.phases],
        flows=_flows(moving, mapping.members, first.peer_port, first.client_port),
        scripts=[(m.name, sha256_of(files[f"hosts/{m.name}/runbook.sh"])) for m in mapping.members],
        folders=[(m.name, sha256_of(files[f"hosts/{m.name}/SHA256SUMS"])) for m in mapping.members],
        founders=founders(change),
    )


def sha256_of(text: str) -> str:
    """Hex sha256 of a rendered file, the same that `sha256sum` prints on the host."""
    return hashlib.sha256(text.encode()).hexdigest()


def founders(change: Change) -> list[str]:
    """Members whose manifest would found a new, empty cluster beside an empty data folder: they lack state `existing`."""
    found = []
    for member in change.cluster.mapping.members:
        etcd = change.cluster.facts[member.name].etcd
        if etcd is not None and etcd.flags.get("initial-cluster-state", "new") == "new":
            found.append(member.name)
    return found


def _row(change: Change, line: Line) -> dict[str, Any]:
    """One line of the order: number, host, what is done, what it does, what one sees, how to go back."""
    what = line.phase or line.action
    does, seen, back = words.LINES[what]
    command = f"`{line.text}`" if line.kind == "phase" else line.text
    return {"line": line.line, "host": line.host, "command": command, "does": does, "seen": seen, "back": back}


def _flows(moving: list[Member], members: tuple[Member, ...], peer: int, client: int) -> list[tuple[str, str, str, str]]:
    """(from, to, ports, why): every member to every new address, both ways, with the old ones open until the end."""
    rows = []
    for target in moving:
        sources = [m for m in members if m is not target]
        if sources:
            hosts = ", ".join(_both(m) for m in sources)
            rows.append((hosts, f"{target.new} ({target.name})", f"{peer}/tcp", "etcd peers: without it the member is cut off"))
            rows.append((hosts, f"{target.new} ({target.name})", f"{client}/tcp", "the gate asks every member for its progress"))
    return rows


def _both(m: Member) -> str:
    return f"{m.old}" if m.stays else f"{m.old} and {m.new}"
