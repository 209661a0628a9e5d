"""What of a change's evidence is missing, and what in it contradicts itself or the plan."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

from etcd_renumber.evidence.collected import Attempt, Evidence, HostEvidence
from etcd_renumber.methods import METHODS
from etcd_renumber.model import Problem

MEMBER = re.compile(r"^member ([0-9a-f]+) (\S+) (\S+)$", re.M)
CLUSTER = re.compile(r"^cluster ([0-9a-f]+)$", re.M)


def findings(change: dict[str, Any], evidence: Evidence, sums: dict[str, str]) -> list[Problem]:
    """All of it, in the order of the plan. `sums` is each host's folder by hash: sha256 of its SHA256SUMS."""
    return [
        *evidence.problems,
        *_no_host(change, evidence),
        *_lines(change, evidence),
        *_ends(evidence),
        *_entries(evidence),
        *_order(change, evidence),
        *_tickets(evidence, sums),
        *_ids(change, evidence),
    ]


def attempts_of(change: dict[str, Any], line: dict[str, Any], evidence: Evidence) -> list[Attempt]:
    """Every `apply` and `undo` that belongs to a line, as they began; the host `-` stands for any.

    Where its phase stands in the order twice, the first `apply` that ended with 0 is the end of the first line's.
    """
    host, phase = line["host"], line["phase"]
    every = [a for a in evidence.attempts if a.phase == phase and host in (a.host, "-") and a.verb != "verify"]
    lines = [n["line"] for n in change["order"] if (n["host"], n["phase"]) == (host, phase)]
    if len(lines) == 1:
        return every
    good = next((n for n, a in enumerate(every, 1) if a.verb == "apply" and a.exit == 0), len(every))
    return every[:good] if line["line"] == lines[0] else every[good:]


def last_good(attempts: list[Attempt]) -> Attempt | None:
    """The newest `apply` that ended with 0 and was not taken back."""
    found: Attempt | None = None
    for a in attempts:
        if a.exit == 0:
            found = a if a.verb == "apply" else None
    return found


def lists(text: str) -> tuple[str, list[tuple[str, str, str]]]:
    """Cluster id, and (name, id, peer URL) of each member, of a note such as before.txt."""
    cluster = CLUSTER.search(text)
    return cluster[1] if cluster else "", sorted((name, ident, url) for ident, name, url in MEMBER.findall(text))


def part(host: HostEvidence, which: str) -> str:
    """The lines of the ticket block that begin with `before` or `after`, without that word."""
    return "\n".join(line.split(":", 1)[1].strip() for line in host.ticket.splitlines() if line.startswith(f"{which}:"))


def before_of(host: HostEvidence) -> str:
    """Its own note, else what its ticket block says of it."""
    return host.before or part(host, "before")


def _no_host(change: dict[str, Any], evidence: Evidence) -> Iterator[Problem]:
    there = {h.host for h in evidence.hosts if h.attempts}
    mapping = change["mapping"]
    for host in [*change["members"], *mapping.get("workers", []), *mapping.get("apiservers", [])]:
        if host["name"] not in there:
            yield Problem(f"there is no evidence of {host['name']}", hint="bash run.sh collect")


def _lines(change: dict[str, Any], evidence: Evidence) -> Iterator[Problem]:
    """A line of the order without a run that ended well; what people do leaves a trace only where run.sh saw it."""
    seen = {(e.line, e.host) for e in evidence.entries if e.event == "end" and e.exit == 0}
    for line in change["order"]:
        where = f"line {line['line']}, {line['host']}: {line['phase'] or line['action']}"
        if line["kind"] == "phase" and last_good(attempts_of(change, line, evidence)) is None:
            yield Problem(f"{where}: no run that exited 0 and was not undone")
        elif line["kind"] == "address" and (line["line"], line["host"]) not in seen:
            yield Problem(f"{where}: no record that it was done", severity="note")


def _ends(evidence: Evidence) -> Iterator[Problem]:
    for a in evidence.attempts:
        if a.exit is None:
            yield Problem(f"{a.host}: {a.verb} {a.phase}, started {a.began}, has no end: it was killed, or still runs")
        elif a.ended and a.seconds < 0:
            yield Problem(f"{a.host}: {a.verb} {a.phase} ended before it started: {a.began}, {a.ended}")


def _entries(evidence: Evidence) -> Iterator[Problem]:
    """run.sh saw a line end well, and the host knows nothing of it."""
    for e in evidence.entries:
        is_phase = e.what not in ("add", "remove", "replace")
        good = (a for a in evidence.attempts if a.verb == "apply" and a.phase == e.what and a.exit == 0)
        if e.event == "end" and e.exit == 0 and is_phase and not any(e.host in (a.host, "-") for a in good):
            yield Problem(f"run.sh saw line {e.line}, {e.host}: {e.what} exit 0, but the host has no such run")
        if e.event == "passed":
            yield Problem(f"{e.by} skipped line {e.line}, {e.host}: {e.what}", severity="note")


def _order(change: dict[str, Any], evidence: Evidence) -> Iterator[Problem]:
    """A phase was first carried out before the one that stands above it had ended, by the hosts' clocks."""
    first: list[tuple[dict[str, Any], Attempt]] = []
    for line in change["order"]:
        tries = attempts_of(change, line, evidence)
        found = next((a for a in tries if a.verb == "apply" and a.exit == 0 and a.ended), None)
        if found is not None:
            first.append((line, found))
    for (line, a), (after, b) in pairwise(first):
        if b.began < a.ended and not (line["phase"] == after["phase"] and a.phase in ("preflight", "quiesce", "stop")):
            fact = (
                f"line {after['line']} ({b.phase} on {b.host}) started at {b.began}, before line {line['line']} ended"
            )
            yield Problem(fact, hint="the clocks of the two hosts differ, or the order was not kept")


def _tickets(evidence: Evidence, sums: dict[str, str]) -> Iterator[Problem]:
    for host in evidence.hosts:
        for digest, sha in re.findall(r"^digest (\S+), this folder sha256 (\S+)$", host.ticket, re.M):
            if digest != evidence.digest:
                yield Problem(f"{host.host}: its finish belongs to plan {digest}")
            if sha != sums.get(host.host):
                yield Problem(f"{host.host}: the folder on the host differs from hosts/{host.host}: sha256 {sha}")


def _ids(change: dict[str, Any], evidence: Evidence) -> Iterator[Problem]:
    """All hosts must say the same of the members, and rolling and bridge keep every id but that of a member that came back as a
    new one, by `rejoin`."""
    befores = {h.host: lists(before_of(h)) for h in evidence.hosts if before_of(h)}
    afters = {h.host: lists(part(h, "after")) for h in evidence.hosts if part(h, "after")}
    for name, text in afters.items():
        if text != next(iter(afters.values())):
            yield Problem(f"{name} and {next(iter(afters))} have different member lists after the change")
    if not befores or not afters or not METHODS[change["mapping"]["method"]].same_cluster:
        return
    (cluster, was), (cluster_now, now) = next(iter(befores.values())), next(iter(afters.values()))
    others = [m[0] for m in now if m[:2] not in [w[:2] for w in was]]
    names_stay = [m[0] for m in was] == [m[0] for m in now]
    # bridge keeps the data of a majority: only fewer than half can have come back as new members
    if (
        cluster != cluster_now
        or not names_stay
        or 2 * len(others) >= len(was)
        or not set(others) <= _rejoined(evidence)
    ):
        yield Problem("cluster or member ids differ from those before")
        return
    for name in others:
        yield Problem(f"{name} has another member id than before: rejoin has added it as a new member", severity="note")


def _rejoined(evidence: Evidence) -> set[str]:
    """Hosts whose `rejoin` may have added a new member: it was begun, not refused, and is not known to have done nothing."""
    tried = [a for a in evidence.attempts if (a.verb, a.phase) == ("apply", "rejoin")]
    return {a.host for a in tried if a.commands != 0 and a.exit not in (2, 3, 4)}
