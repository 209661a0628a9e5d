"""Evidence on paper (`from tests.paper import made_paper` makes `paper` a fixture there), and what the report says of it."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from etcd_renumber.change_folder.write import sha256
from etcd_renumber.reports.change_report import change_report

from tests.scenario import Scenario, hosts, scenario

NAMES = ("master1", "master2", "master3")
START = datetime(2030, 1, 2, 3, 0, 0, tzinfo=UTC)


class Paper:
    """Evidence as run.sh would have brought it, a minute a line."""

    def __init__(self, made: Scenario) -> None:
        self.made = made
        self.top = made.folder / "evidence" / made.change.digest
        self.numbers = dict.fromkeys(NAMES, 0)
        for name in NAMES:
            (self.top / name / "output").mkdir(parents=True)
            (self.top / name / "before.txt").write_text(self.members("old"))
        for line in made.change.order:
            at = START + timedelta(minutes=line.line)
            self.entry(line.line, line.host, line.phase or line.action, at, "begin")
            if line.kind == "phase":
                self.run(line.host, line.phase, at)
            self.entry(line.line, line.host, line.phase or line.action, at + timedelta(seconds=31), "end")

    def entry(self, line: int, host: str, what: str, at: datetime, event: str, exit_: int = 0) -> None:
        data = {
            "at": stamp(at),
            "event": event,
            "line": line,
            "host": host,
            "what": what,
            "exit": exit_,
            "by": "ann@jump",
        }
        add(self.top / "run.jsonl", json.dumps(data))

    def run(
        self, host: str, phase: str, at: datetime, exit_: int = 0, verb: str = "apply", *, by_hand: bool = False
    ) -> None:
        """A run of 30 seconds, with its output unless it was run by hand."""
        self.numbers[host] += 1
        run = self.top / host / "output" / f"{self.numbers[host]:03}-{verb}-{phase}"
        begin, end = at + timedelta(milliseconds=200), at + timedelta(seconds=30)
        self.journal(host, "begin", verb, phase, begin, 0)
        self.journal(host, "end", verb, phase, end, exit_)
        if by_hand:
            return
        run.with_suffix(".run").write_text(
            f"at={stamp(at)}\nby=ann@jump\nwords={verb} {phase}\nend={stamp(end + timedelta(seconds=1))}\n"
        )
        said = f"    apply {phase} on {host}: done, 7 commands carried out\n" if exit_ == 0 else ""
        run.with_suffix(".out").write_text(self.ticket(host) + said if phase == "finish" else said)
        run.with_suffix(".err").write_text("" if exit_ == 0 else "\nrunbook.sh: no disk\nrunbook.sh: hint: buy one\n")
        run.with_suffix(".exit").write_text(f"{exit_}\n")

    def journal(self, host: str, event: str, verb: str, phase: str, at: datetime, exit_: int) -> None:
        data = {"at": stamp(at), "event": event, "verb": verb, "phase": phase, "step": "", "result": "held"}
        add(self.top / host / "journal.jsonl", json.dumps({**data, "exit": exit_, "ms": 1}, separators=(",", ":")))

    def members(self, which: str, prefix: str = "") -> str:
        rows = ["cluster 6bd655b0e74c0eaf"]
        rows += [
            f"member c2bde6fe848e75b{n} {m.name} https://{getattr(m, which)}:2380"
            for n, m in enumerate(self.made.members)
        ]
        rows += [f"status {m.name} version=3.5.16 revision={len(which)}00 term=2 alarms=[]" for m in self.made.members]
        return "".join(f"{prefix}{row}\n" for row in rows)

    def ticket(self, host: str) -> str:
        sums = sha256((self.made.host_folder(host) / "SHA256SUMS").read_bytes())
        return (
            f"----- etcd-renumber test CHG-1, {host} -----\ndigest {self.made.change.digest}, this folder sha256 {sums}\n"
            f"{self.members('old', 'before: ')}{self.members('new', 'after:  ')}----- end -----\n"
        )

    def edit(self, name: str, old: str, new: str) -> None:
        path = self.top / name
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new))


def stamp(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03}Z"


def add(path: Path, line: str) -> None:
    with path.open("a") as file:
        file.write(line + "\n")


@pytest.fixture(name="paper")
def made_paper(tmp_path: Path) -> Paper:
    return Paper(scenario(tmp_path, hosts(3)))


def report(paper: Paper) -> str:
    return change_report(paper.made.folder)[0]["REPORT.md"]


def serious(paper: Paper) -> list[str]:
    return [p.fact for p in change_report(paper.made.folder)[1] if p.severity != "note"]
