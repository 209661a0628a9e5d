"""What a change has left behind, read from evidence/: journals and outputs of the hosts, and what run.sh wrote down.

    evidence/DIGEST/HOST/journal.jsonl, before.txt, output/NNN-VERB-PHASE.{run,out,err,exit}
    evidence/DIGEST/run.jsonl

It comes from machines, so nothing in it is trusted: what cannot be read is a problem, and no error.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path

from etcd_renumber.errors import Refused
from etcd_renumber.evidence.journal import between, entry, plain_text, when
from etcd_renumber.hashes import sha256
from etcd_renumber.model import Problem

FOLDER = "evidence"
RUN = re.compile(r"([0-9]{3,})-(apply|undo|verify)-([a-z]+)\.run")
BY_HAND = "by hand"


@dataclass(frozen=True)
class Attempt:
    """One run of a phase on a host, by its journal. `exit` is None where nobody wrote its end down.

    `run` names the output that run.sh kept of it, "" for a run by hand; `commands` are those it carried out (-1: unknown).
    `why` is what the runbook said was wrong, `said` the last lines of its errors.
    """

    host: str
    verb: str
    phase: str
    began: str
    ended: str = ""
    exit: int | None = None
    by: str = BY_HAND
    run: str = ""
    commands: int = -1
    why: str = ""
    said: tuple[str, ...] = ()

    @property
    def seconds(self) -> float:
        """How long it took, by the host's own clock; 0 where the end is not known."""
        return between(self.began, self.ended)


@dataclass(frozen=True)
class Entry:
    """One line of run.jsonl: run.sh began, ended or passed over a line of the order."""

    at: str
    event: str
    line: int
    host: str
    what: str
    exit: int
    by: str


@dataclass(frozen=True)
class HostEvidence:
    """What came from one host. `before` is its note of the members as they were, `ticket` what its last `finish` printed."""

    host: str
    attempts: tuple[Attempt, ...]
    before: str
    ticket: str


@dataclass(frozen=True)
class Evidence:
    """All of it, and everything that cannot be read or does not belong here."""

    digest: str
    hosts: tuple[HostEvidence, ...]
    entries: tuple[Entry, ...]
    problems: tuple[Problem, ...]

    @property
    def attempts(self) -> tuple[Attempt, ...]:
        """Of all hosts, in the order in which they began."""
        return tuple(sorted((a for h in self.hosts for a in h.attempts), key=lambda a: (a.began, a.host)))


def read_evidence(folder: Path, digest: str, members: list[str]) -> Evidence:
    """The evidence of this plan in a change folder. Raises Refused when there is none at all."""
    top = folder / FOLDER / digest
    if not top.is_dir() or not any(top.iterdir()):
        hint = "bash run.sh collect copies it here; without run.sh: each host's STATE/journal.jsonl"
        raise Refused(Problem(f"there is no evidence of plan {digest}", str(folder / FOLDER), hint=hint))
    problems: list[Problem] = []
    for path in sorted((folder / FOLDER).iterdir()):
        if path.is_dir() and path.name != digest:
            problems.append(
                Problem(f"this is evidence of another plan: {path.name}", str(path), hint="move it elsewhere")
            )
    for path in sorted(top.iterdir()):
        if path.is_dir() and path.name not in members and not path.name.startswith("."):
            problems.append(Problem(f"no member has the name {path.name}", str(path)))
    hosts = [_host(top / name, name, problems) for name in members if (top / name).is_dir()]
    return Evidence(digest, tuple(hosts), _entries(top / "run.jsonl", problems), tuple(problems))


def _host(folder: Path, name: str, problems: list[Problem]) -> HostEvidence:
    numbers = {
        path: int(run[1]) for path in sorted((folder / "output").glob("*.run")) if (run := RUN.fullmatch(path.name))
    }
    kept = [_kept(path, name) for path in sorted(numbers, key=lambda path: numbers[path])]
    attempts = _journal(folder / "journal.jsonl", name, problems)
    used: set[str] = set()
    for n, attempt in enumerate(attempts):
        mine = next((k for k in kept if k.run not in used and _is_of(attempt, k)), None)
        if mine is not None:
            used.add(mine.run)
            if None not in (attempt.exit, mine.exit) and attempt.exit != mine.exit:
                fact = f"{name}: {mine.run} ended with {mine.exit}, but the journal says {attempt.exit}"
                problems.append(Problem(fact, str(folder)))
            attempts[n] = replace(
                mine, began=attempt.began, ended=attempt.ended, exit=mine.exit if attempt.exit is None else attempt.exit
            )
    # A second run that was told of the lock has only its output; one that ended well, or half-way, must be in the journal.
    others = [k for k in kept if k.run not in used and k.verb != "verify"]
    lacking = (k for k in others if k.exit in (0, 5))
    problems += [Problem(f"{name}: {k.run} is not in the journal; it ended with {k.exit}") for k in lacking]
    attempts += others
    out = [folder / "output" / f"{k.run}.out" for k in kept if k.phase == "finish" and k.exit == 0]
    return HostEvidence(name, tuple(attempts), plain_text(folder / "before.txt"), _ticket(out[-1]) if out else "")


def _ticket(path: Path) -> str:
    """What the last `finish` of a host printed for the change ticket, without its first and last line; "" for none."""
    ticket = ""
    lines: list[str] | None = None
    for line in plain_text(path).splitlines():
        if line.startswith("----- etcd-renumber ") and line.endswith(" -----"):
            lines = []
        elif line == "----- end -----" and lines is not None:
            ticket, lines = "\n".join(lines), None
        elif lines is not None:
            lines.append(line)
    return ticket


def _is_of(attempt: Attempt, kept: Attempt) -> bool:
    """The journal's first line of a run comes after run.sh began it, and before it wrote its end down."""
    same = (attempt.verb, attempt.phase) == (kept.verb, kept.phase)
    return same and kept.began <= attempt.began and (not kept.ended or attempt.began <= kept.ended)


def _kept(path: Path, host: str) -> Attempt:
    """A run by the files that run.sh's part on the host has kept of it."""
    match = RUN.fullmatch(path.name)
    assert match is not None
    words = dict(line.split("=", 1) for line in plain_text(path).splitlines() if "=" in line)
    exit_ = plain_text(path.with_suffix(".exit")).strip()
    out, err = plain_text(path.with_suffix(".out")), plain_text(path.with_suffix(".err"))
    commands = re.findall(r"done, ([0-9]{1,9}) commands carried out", out)
    why = re.findall(r"^runbook\.sh: (?!hint: )(.*)$", err, re.M)
    return Attempt(
        host,
        match[2],
        match[3],
        when(words.get("at", "")),
        when(words.get("end", "")),
        int(exit_) if re.fullmatch(r"[0-9]{1,3}", exit_) else None,
        words.get("by", "?"),
        path.stem,
        int(commands[-1]) if commands else -1,
        why[0] if why else "",
        tuple(err.splitlines()[:4]) if exit_ != "0" else (),
    )


def _journal(path: Path, host: str, problems: list[Problem]) -> list[Attempt]:
    """Runs of whole phases; one that was killed has no end."""
    attempts: list[Attempt] = []
    for number, line in enumerate(plain_text(path).splitlines(), start=1):
        data = entry(line, path, number, problems, ("at", "event", "verb", "phase", "step", "exit"))
        if data is None or data["step"]:
            continue
        if data["event"] == "begin":
            attempts.append(Attempt(host, data["verb"], data["phase"], data["at"]))
        elif attempts and (attempts[-1].verb, attempts[-1].phase) == (data["verb"], data["phase"]):
            attempts[-1] = replace(attempts[-1], ended=data["at"], exit=int(data["exit"]))
        else:
            problems.append(
                Problem(f"{host}: {data['verb']} {data['phase']} has an end but no start", f"{path}:{number}")
            )
    return attempts


def _entries(path: Path, problems: list[Problem]) -> tuple[Entry, ...]:
    keys = ("at", "event", "line", "host", "what", "exit", "by")
    lines = enumerate(plain_text(path).splitlines(), start=1)
    found = (entry(line, path, number, problems, keys) for number, line in lines)
    return tuple(Entry(**{k: d[k] for k in keys}) for d in found if d is not None)


def folder_sha256(folder: Path) -> str:
    """The hash of the change folder: that of its list."""
    return sha256(plain_text(folder / "SHA256SUMS"))
