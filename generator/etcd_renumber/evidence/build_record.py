"""The change as it was carried out, as a run: every line of the order with the one attempt that counts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from etcd_renumber.evidence.audit import attempts_of, before_of, last_good, lists, part
from etcd_renumber.evidence.collected import Attempt, Entry, Evidence
from etcd_renumber.evidence.journal import between
from etcd_renumber.model import Problem
from etcd_renumber.records.run import Done, Moved, Run, Seat


def carried_out(change: dict[str, Any], evidence: Evidence, folder_sha256: str, problems: list[Problem]) -> Run:
    """`change` is a change.json, read. Times are those of the hosts' own clocks, `at` counts from the first line's begin."""
    lines = [*_lines(change, evidence)]
    began = min((d.began for d in lines if d.began), default="")
    ends = [between(began, d.began) + d.seconds for d in lines if d.began]
    (id_before, before), (id_after, after) = _seats(evidence)
    mapping = change["mapping"]
    return Run(
        kind="change",
        cluster=mapping["cluster"],
        change=mapping["change"],
        method=mapping["method"],
        digest=evidence.digest,
        folder_sha256=folder_sha256,
        began=began,
        seconds=max(ends, default=0.0),
        faults=tuple(str(p) for p in problems if p.severity != "note"),
        members=tuple(Moved(m["name"], m["old"], m["new"], m["old"] == m["new"]) for m in change["members"]),
        lines=tuple(replace(d, at=between(began, d.began)) for d in lines),
        before=before,
        after=after,
        cluster_ids=(id_before, id_after),
    )


def _lines(change: dict[str, Any], evidence: Evidence) -> Iterator[Done]:
    for line in change["order"]:
        if line["kind"] == "address":
            yield _by_a_person(line, [e for e in evidence.entries if e.line == line["line"]])
        else:
            yield _by_a_runbook(line, attempts_of(change, line, evidence))


def _by_a_person(line: dict[str, Any], entries: list[Entry]) -> Done:
    """It leaves a trace only where run.sh was told of it."""
    begun = next((e for e in entries if e.event == "begin"), None)
    ended = next((e for e in entries if e.event == "end" and e.exit == 0), None)
    done = Done(line["line"], line["host"], "address", line["action"], at=0.0, seconds=0.0, exit=-1, tries=0)
    if not begun or not ended:
        return done
    return replace(done, by=begun.by, began=begun.at, seconds=between(begun.at, ended.at), exit=0, tries=1)


def _by_a_runbook(line: dict[str, Any], attempts: list[Attempt]) -> Done:
    """The run that counts is the one that did the work, not one that found it done."""
    host, phase = line["host"], line["phase"]
    tries = [a for a in attempts if a.verb == "apply"]
    good = last_good(attempts)
    worked = [a for a in tries if a.exit == 0 and a.commands > 0]
    one: Attempt | None = (worked[-1] if worked else good) if good else (tries[-1] if tries else None)
    if one is None:
        return Done(line["line"], host, "phase", phase, at=0.0, seconds=0.0, exit=-1, note="not run", tries=0)
    return Done(
        line["line"], one.host, "phase", phase, at=0.0, seconds=one.seconds, exit=-1 if one.exit is None else one.exit,
        by=one.by, began=one.began, commands=one.commands, tries=len(tries),
        note="" if good or one.exit != 0 else "undone",
    )  # fmt: skip


def _seats(evidence: Evidence) -> tuple[tuple[str, tuple[Seat, ...]], tuple[str, tuple[Seat, ...]]]:
    """(cluster id, members) before and after, by the first host that has said so."""
    before = lists(next(filter(None, map(before_of, evidence.hosts)), ""))
    after = lists(next(filter(None, (part(h, "after") for h in evidence.hosts)), ""))
    return tuple((cluster, tuple(Seat(n, i, u, "") for n, i, u in found)) for cluster, found in (before, after))  # type: ignore[return-value]
