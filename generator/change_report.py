"""evidence/REPORT.md: the change as it was carried out, for the ticket. It says nothing that the evidence does not."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from generator.change_file import read_change
from generator.environment import environment
from generator.errors import Refused
from generator.evidence import Attempt, Evidence, folder_sha256, read_evidence
from generator.findings import before_of, findings, last_good, lists, part
from generator.model import Problem
from generator.sums import sha256

STATUS = re.compile(r"^status (\S+) version=(\S+) revision=(\S+) term=(\S+) alarms=(.*)$", re.M)


def change_report(folder: Path) -> tuple[str, list[Problem]]:
    """The Markdown, and what is missing or contradicts. Raises Refused for no change folder, or one without evidence."""
    change, problems = read_change(_read(folder / "change.json"), str(folder / "change.json"))
    if change is None:
        raise Refused(*problems)
    digest = sha256(_read(folder / "change.json"))[:12]
    names = [m["name"] for m in change["members"]]
    evidence = read_evidence(folder, digest, names)
    sums = {name: sha256(_read(folder / "hosts" / name / "SHA256SUMS")) for name in names}
    problems = findings(change, evidence, sums)
    clusters, members = _members(change, evidence)
    text = (
        environment()
        .get_template("REPORT.change.md.j2")
        .render(
            mapping={k: _cell(v) for k, v in change["mapping"].items() if isinstance(v, str)},
            digest=digest,
            folder_sha256=folder_sha256(folder),
            verdict=verdict(problems),
            problems=[_cell(f"{p.fact}{f' ({p.hint})' if p.hint else ''}") for p in problems],
            people=_cells(_people(evidence)),
            lines=_cells(_lines(change, evidence)),
            members=_cells(members),
            clusters=clusters,
            status=_cells(_status(evidence)),
            stops=[(_cell(title), [_cell(t) for t in said]) for title, said in _stops(evidence)],
            signatures=[_cell(p.stem) for p in sorted((folder / "signatures").glob("*.sig"))],
        )
    )
    return text, problems


def verdict(problems: list[Problem]) -> str:
    """One line: is there evidence of every line, and does it agree?"""
    serious = [p for p in problems if p.severity != "note"]
    if not serious:
        return "Carried out: every line has evidence, and it agrees"
    return f"{len(serious)} thing{'s are' if len(serious) > 1 else ' is'} missing or contradicting"


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return ""


def _people(evidence: Evidence) -> Iterator[list[object]]:
    by: dict[str, list[Attempt]] = {}
    for a in evidence.attempts:
        by.setdefault(a.by, []).append(a)
    for name, all_ in by.items():
        yield [name, len(all_), _short(all_[0].began), _short(all_[-1].ended or all_[-1].began)]


def _lines(change: dict[str, Any], evidence: Evidence) -> Iterator[list[object]]:
    for line in change["order"]:
        number, host = line["line"], line["host"]
        if line["kind"] == "address":
            entries = [e for e in evidence.entries if e.line == number]
            begun = next((e for e in entries if e.event == "begin"), None)
            ended = next((e for e in entries if e.event == "end" and e.exit == 0), None)
            what = f"*{line['text'].replace('`', '')}*"
            yield [number, host, what, begun.by if begun else "?", _short(ended.at) if ended else "?", "", "", "", ""]
            continue
        tries = [
            a for a in evidence.attempts if a.phase == line["phase"] and a.verb == "apply" and host in (a.host, "-")
        ]
        good = last_good(evidence, host, line["phase"])
        # The run that counts is the one that did the work, not one that found it done.
        worked = [a for a in tries if a.exit == 0 and a.commands > 0]
        one = (worked[-1] if worked else good) if good else (tries[-1] if tries else None)
        if one is None:
            yield [number, host, line["phase"], "", "**nothing**", "", "", "", 0]
            continue
        exit_ = ("?" if one.exit is None else one.exit) if good else f"**{one.exit}**"
        commands = one.commands if one.commands >= 0 else ""
        at = one.host if host == "-" else host
        yield [number, at, line["phase"], one.by, _short(one.began), f"{one.seconds:.1f}", exit_, commands, len(tries)]


def _members(change: dict[str, Any], evidence: Evidence) -> tuple[tuple[str, str], list[list[object]]]:
    """Cluster ids before and after, and a row a member, by the first host that has said so."""
    cluster, was = lists(next(filter(None, map(before_of, evidence.hosts)), ""))
    cluster_now, now = lists(next(filter(None, (part(h, "after") for h in evidence.hosts)), ""))
    before, after = {n: (i, u) for n, i, u in was}, {n: (i, u) for n, i, u in now}
    rows: list[list[object]] = []
    for m in change["members"]:
        (id_was, url_was), (id_now, url_now) = before.get(m["name"], ("?", "?")), after.get(m["name"], ("?", "?"))
        new = "stays" if m["new"] == m["old"] else m["new"]
        rows.append([m["name"], m["old"], new, url_was, url_now, id_was, id_now])
    return (cluster, cluster_now), rows


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
            end = "without an end" if a.exit is None else f"exit {a.exit}"
            yield f"{a.host}: {a.verb} {a.phase}, {_short(a.began)}, {end}, by {a.by}:", a.said


def _short(at: str) -> str:
    """To the second: `2030-01-02 03:04:05`."""
    return at[:19].replace("T", " ")


def _cells(rows: Iterator[list[object]] | list[list[object]]) -> list[list[str]]:
    return [[_cell(cell) for cell in row] for row in rows]


def _cell(text: object) -> str:
    """A host's words in Markdown: no cell, line or tag ends by them, and no control character gets through."""
    plain = re.sub(r"[\x00-\x1f\x7f-\x9f]", " ", str(text))
    return " ".join(plain.split()).replace("|", "\\|").replace("<", "&lt;")
