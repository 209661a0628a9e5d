"""evidence/REPORT.md and REPORT.html: the change as it was carried out. They say nothing that the evidence does not."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from etcd_renumber.errors import Refused
from etcd_renumber.evidence.audit import before_of, findings, part
from etcd_renumber.evidence.build_record import carried_out
from etcd_renumber.evidence.collected import Attempt, Evidence, folder_sha256, read_evidence
from etcd_renumber.evidence.journal import plain_text
from etcd_renumber.hashes import sha256
from etcd_renumber.model import Problem
from etcd_renumber.planning.change_json import beside_of, read_change
from etcd_renumber.records.run import Run, Seat, last_rehearsal
from etcd_renumber.rendering.environment import environment
from etcd_renumber.reports.lines import exit_of, short
from etcd_renumber.reports.run_report import cell, page
from etcd_renumber.reports.run_report import verdict as verdict_of

STATUS = re.compile(r"^status (\S+) version=(\S+) revision=(\S+) term=(\S+) alarms=(.*)$", re.M)


def change_report(folder: Path) -> tuple[dict[str, str], list[Problem]]:
    """File name to text, and what is missing or contradicts. The page shows the rehearsal of these very bytes beside it.

    Raises Refused for no change folder, or one without evidence.
    """
    change, problems = read_change(plain_text(folder / "change.json"), str(folder / "change.json"))
    if change is None:
        raise Refused(*problems)
    digest = sha256(plain_text(folder / "change.json"))[:12]
    names = [m["name"] for m in change["members"]]
    evidence = read_evidence(folder, digest, [*names, *beside_of(change)])
    sums = {name: sha256(plain_text(folder / "hosts" / name / "SHA256SUMS")) for name in names}
    problems = findings(change, evidence, sums)
    run = carried_out(change, evidence, folder_sha256(folder), problems)
    rehearsal = last_rehearsal(folder)
    same_bytes = rehearsal is not None and rehearsal.folder_sha256 == run.folder_sha256
    text = (
        environment()
        .get_template("pages/REPORT.change.md.j2")
        .render(
            mapping={k: cell(v) for k, v in change["mapping"].items() if isinstance(v, str)},
            digest=digest,
            folder_sha256=run.folder_sha256,
            verdict=verdict(problems),
            rehearsal=rehearsal and same_bytes and (cell(rehearsal.began), cell(verdict_of(rehearsal))),
            problems=[cell(str(p)) for p in problems],
            people=_cells(_people(evidence)),
            lines=_cells(_lines(change, run)),
            members=_cells(_members(run)),
            clusters=run.cluster_ids,
            status=_cells(_status(evidence)),
            stops=[(cell(title), [cell(t) for t in said]) for title, said in _stops(evidence)],
            signatures=[cell(p.stem) for p in sorted((folder / "signatures").glob("*.sig"))],
        )
    )
    return {"REPORT.md": text, "REPORT.html": page(run, rehearsal if same_bytes else None)}, problems


def verdict(problems: list[Problem]) -> str:
    """One line: is there evidence of every line, and does it agree?"""
    serious = [p for p in problems if p.severity != "note"]
    if not serious:
        return "Carried out: every line has evidence, without contradictions"
    return f"{len(serious)} thing{'s are' if len(serious) > 1 else ' is'} missing or contradictory"


def _people(evidence: Evidence) -> Iterator[list[object]]:
    by: dict[str, list[Attempt]] = {}
    for a in evidence.attempts:
        by.setdefault(a.by, []).append(a)
    for name, all_ in by.items():
        yield [name, len(all_), short(all_[0].began), short(all_[-1].ended or all_[-1].began)]


def _lines(change: dict[str, Any], run: Run) -> Iterator[list[object]]:
    for line, d in zip(change["order"], run.lines, strict=True):
        if d.kind == "address":
            what = f"*{line['text'].replace('`', '')}*"
            yield [d.line, d.host, what, d.by or "?", short(d.began) or "?", "", "", "", ""]
        elif not d.tries:
            yield [d.line, d.host, d.what, "", f"**{d.note}**", "", "", "", 0]
        else:
            exit_ = exit_of(d)
            exit_ = f"**{exit_}**" if d.exit != 0 or d.note else exit_
            commands = d.commands if d.commands >= 0 else ""
            yield [d.line, d.host, d.what, d.by, short(d.began), f"{d.seconds:.1f}", exit_, commands, d.tries]


def _members(run: Run) -> Iterator[list[object]]:
    """A row a member, by the first host that has said so."""
    before, after = ({s.name: s for s in seats} for seats in (run.before, run.after))
    nobody = Seat("", "?", "?", "?")
    for m in run.members:
        was, now = before.get(m.name, nobody), after.get(m.name, nobody)
        yield [m.name, m.old, "stays" if m.stays else m.new, was.peer, now.peer, was.id, now.id]


def _status(evidence: Evidence) -> Iterator[list[object]]:
    """Each member's progress: before by the first note, after by the last `finish`."""
    was = {m[0]: m for m in STATUS.findall(next(filter(None, map(before_of, evidence.hosts)), ""))}
    now = {
        m[0]: m for m in STATUS.findall(next(filter(None, (part(h, "after") for h in reversed(evidence.hosts))), ""))
    }
    for name in now:
        _, version, revision, term, alarms = now[name]
        old = was.get(name, ("", "", "?", "?", ""))
        yield [name, version, old[2], revision, old[3], term, alarms]


def _stops(evidence: Evidence) -> Iterator[tuple[str, tuple[str, ...]]]:
    for a in evidence.attempts:
        if a.exit != 0:
            end = "no end recorded" if a.exit is None else f"exit {a.exit}"
            yield f"{a.host}: {a.verb} {a.phase}, {short(a.began)}, {end}, by {a.by}:", a.said


def _cells(rows: Iterator[list[object]]) -> list[list[str]]:
    return [[cell(text) for text in row] for row in rows]
