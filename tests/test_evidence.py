"""The report of a real change: what the evidence says, and what is said about evidence that lacks or contradicts something."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from etcd_renumber.change_folder.bundle import bundle
from etcd_renumber.change_folder.write import sha256
from etcd_renumber.errors import Refused
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


@pytest.fixture
def paper(tmp_path: Path) -> Paper:
    return Paper(scenario(tmp_path, hosts(3)))


def report(paper: Paper) -> str:
    return change_report(paper.made.folder)[0]["REPORT.md"]


def serious(paper: Paper) -> list[str]:
    return [p.fact for p in change_report(paper.made.folder)[1] if p.severity != "note"]


def test_whole_evidence_says_who_ran_what_when_for_how_long_and_what_changed(paper: Paper) -> None:
    files, problems = change_report(paper.made.folder)
    text = files["REPORT.md"]
    assert problems == []
    assert "**Carried out: every line has evidence, without contradictions.**" in text
    assert "| 10 | master1 | move | ann@jump | 2030-01-02 03:10:00 | 29.8 | 0 | 7 | 1 |" in text
    assert (
        "| 12 | master1 | *when bash runbook.sh verify move ends with exit 0: remove 192.168.100.10* | ann@jump |"
        in text
    )
    assert "| ann@jump | 17 | 2030-01-02 03:01:00 | 2030-01-02 03:23:30 |" in text
    row = "| master2 | 192.168.100.11 | 192.168.110.11 | https://192.168.100.11:2380 | https://192.168.110.11:2380 |"
    assert row in text
    assert "Cluster id 6bd655b0e74c0eaf before, 6bd655b0e74c0eaf after." in text
    assert "| master1 | 3.5.16 | 300 | 300 | 2 | 2 | [] |" in text
    assert change_report(paper.made.folder)[0] == files, "the same evidence, the same bytes"


def by_hand(p: Paper) -> None:
    p.run("master1", "move", START + timedelta(hours=1), by_hand=True)


def tried_twice(p: Paper) -> None:
    p.run("master3", "finish", START + timedelta(hours=1), 3)


QUIET: dict[str, tuple[Callable[[Paper], None], str]] = {
    "a line that was run by hand once more": (by_hand, "| by hand | 1 |"),
    "a run that was refused": (tried_twice, "master3: apply finish, 2030-01-02 04:00:00, exit 3, by ann@jump:"),
}


@pytest.mark.parametrize("case", QUIET)
def test_no_fault_is(paper: Paper, case: str) -> None:
    change, said = QUIET[case]
    change(paper)
    assert serious(paper) == []
    assert said in report(paper)


def remove(p: Paper, name: str) -> None:
    for path in [*(p.top / name).rglob("*")]:
        if path.is_file():
            path.unlink()


def undone(p: Paper) -> None:
    p.run("master3", "move", START + timedelta(hours=1), verb="undo")


def killed(p: Paper) -> None:
    p.journal("master2", "begin", "apply", "finish", START + timedelta(hours=1), 0)


def other_order(p: Paper) -> None:
    p.edit("master2/journal.jsonl", "2030-01-02T03:14:00.200Z", "2030-01-02T03:09:00.200Z")


def only_run_sh(p: Paper) -> None:
    p.edit("master1/journal.jsonl", '"apply","phase":"release"', '"undo","phase":"release"')
    for path in (p.top / "master1" / "output").glob("005-*"):
        path.unlink()


def stranger(p: Paper) -> None:
    (p.top / "master9").mkdir()


def other_plan(p: Paper) -> None:
    (p.top.parent / "0123456789ab").mkdir()


FAULTS: dict[str, tuple[Callable[[Paper], None], str]] = {
    "a host without any": (lambda p: remove(p, "master2"), "there is no evidence of master2"),
    "a phase that was taken back": (undone, "line 17, master3: move: no run that exited 0 and was not undone"),
    "a run without an end": (killed, "master2: apply finish, started 2030-01-02T04:00:00.000Z, has no end"),
    "half a line of a journal": (lambda p: add(p.top / "master1" / "journal.jsonl", '{"at":"20'), "not a line of a journal"),
    "an impossible time": (lambda p: p.edit("run.jsonl", "2030-01-02T03:01:00", "2030-99-02T03:01:00"), "not a line of a journal"),
    "an exit that the journal does not know": (
        lambda p: (p.top / "master1" / "output" / "003-apply-move.exit").write_text("5\n") and None,
        "master1: 003-apply-move ended with 5, but the journal says 0",
    ),
    "an output that the journal does not know": (
        lambda p: p.edit("master1/journal.jsonl", '"apply","phase":"release"', '"undo","phase":"release"'),
        "master1: 005-apply-release is not in the journal; it ended with 0",
    ),
    "a line that only run.sh saw": (
        only_run_sh,
        "run.sh saw line 13, master1: release exit 0, but the host has no such run",
    ),
    "hosts out of order": (other_order, "line 14 (move on master2) started at 2030-01-02T03:09:00.200Z, before line 13 ended"),
    "two hosts that disagree about the members": (
        lambda p: p.edit("master3/output/005-apply-finish.out", "after:  member c2bde6fe848e75b1", "after:  member ffffffff"),
        "master3 and master1 have different member lists after the change",
    ),
    "ids that are others than before": (
        lambda p: [p.edit(f"{n}/before.txt", "cluster 6bd655b0e74c0eaf", "cluster 1") for n in NAMES] and None,
        "cluster or member ids differ from those before",
    ),
    "another folder on the host": (
        lambda p: (p.made.host_folder("master1") / "SHA256SUMS").write_text("x  runbook.sh\n") and None,
        "master1: the folder on the host differs from hosts/master1",
    ),
    "a host that is no member": (stranger, "no member has the name master9"),
    "another plan's evidence": (other_plan, "this is evidence of another plan: 0123456789ab"),
}  # fmt: skip


@pytest.mark.parametrize("case", FAULTS)
def test_named_in_the_report_is(paper: Paper, case: str) -> None:
    change, fact = FAULTS[case]
    change(paper)
    files, problems = change_report(paper.made.folder)
    text = files["REPORT.md"]
    assert any(fact in p.fact for p in problems if p.severity != "note"), [p.fact for p in problems]
    assert "## Missing or contradictory" in text and "missing or contradictory.**" in text


def test_what_a_host_says_stays_words(paper: Paper) -> None:
    at = START + timedelta(hours=1)
    paper.run("master1", "finish", at, 1)
    paper.edit("master1/output/008-apply-finish.err", "no disk", "<script>|\x1b[2Jx|")
    text = report(paper)
    assert "<script>" not in text and "\x1b" not in text and "&lt;script>" in text


def many_digits(p: Paper) -> None:
    paths = [p.top / "master1" / "output" / f"003-apply-move.{kind}" for kind in ("exit", "out")]
    paths[0].write_text("9" * 5000 + "\n")
    paths[1].write_text(f"done, {'9' * 5000} commands carried out\n")


def other_digits(p: Paper) -> None:
    (p.top / "master1" / "output" / "003-apply-move.exit").write_text("\u00b2\n")
    p.edit("run.jsonl", "2030-01-02T03:01:00", "\u0662\u0660\u0663\u0660-01-02T03:01:00")


def deep(p: Paper) -> None:
    add(p.top / "master1" / "journal.jsonl", "[" * 200_000)
    add(p.top / "run.jsonl", '{"at":' * 200_000)


def large(p: Paper) -> None:
    add(
        p.top / "run.jsonl",
        (p.top / "run.jsonl").read_text().splitlines()[0].replace('"line": 1', f'"line": {10**400}'),
    )


def unfinished(p: Paper) -> None:
    add(p.top / "master1" / "output" / "007-apply-finish.out", "----- etcd-renumber x -----\n" * 100_000)


def without_rights(p: Paper) -> None:
    (p.top / "master1" / "output" / "003-apply-move.exit").unlink()
    (p.top / "master1" / "output" / "003-apply-move.exit").mkdir()


HOSTILE: dict[str, Callable[[Paper], None]] = {
    "numbers of five thousand digits": many_digits,
    "digits of other scripts": other_digits,
    "lines that nest two hundred thousand deep": deep,
    "a line of the order that is no number of ours": large,
    "a ticket that begins again and again": unfinished,
    "a folder where a file belongs": without_rights,
}


@pytest.mark.parametrize("case", HOSTILE)
def test_the_report_is_written_whatever_a_host_has_sent(paper: Paper, case: str) -> None:
    HOSTILE[case](paper)
    assert "# " in report(paper)


def test_without_evidence_there_is_no_report(tmp_path: Path) -> None:
    made = scenario(tmp_path, hosts(1))
    with pytest.raises(Refused, match="there is no evidence of plan"):
        change_report(made.folder)


def test_the_same_folder_is_the_same_bundle_and_holds_everything(paper: Paper, tmp_path: Path) -> None:
    import tarfile

    (paper.made.folder / "signatures").mkdir()
    (paper.made.folder / "signatures" / "ann.sig").write_text("sig\n")
    first, second = tmp_path / "a.tar.gz", tmp_path / "b.tar.gz"
    digest = bundle(paper.made.folder, first)
    (paper.made.folder / "RUNBOOK.md").touch()
    assert bundle(paper.made.folder, second) == digest == sha256(second.read_bytes())
    with tarfile.open(first) as archive:
        names, entries = archive.getnames(), archive.getmembers()
    assert names == sorted(names) and "test/run.sh" in names and "test/signatures/ann.sig" in names
    assert f"test/evidence/{paper.made.change.digest}/master1/journal.jsonl" in names
    assert {(e.mtime, e.uid, e.gid, e.uname) for e in entries} == {(0, 0, 0, "")}
    assert {e.name: e.mode for e in entries if e.name.endswith(".sh")}["test/run.sh"] == 0o755


def test_a_bundle_is_written_beside_its_folder_and_follows_no_link(paper: Paper, tmp_path: Path) -> None:
    with pytest.raises(Refused, match="would contain itself"):
        bundle(paper.made.folder, paper.made.folder / "x.tar.gz")
    (paper.made.folder / "evidence" / "link").symlink_to("/etc/passwd")
    with pytest.raises(Refused, match="this is a link"):
        bundle(paper.made.folder, tmp_path / "x.tar.gz")
    assert not re.search("x.tar.gz", " ".join(p.name for p in tmp_path.iterdir()))


def test_a_phase_that_stands_twice_needs_a_run_for_each_of_its_lines(paper: Paper) -> None:
    """The first run is the first line's, whatever comes after it; one alone leaves the second line without."""
    assert "| 11 | master1 | cluster | ann@jump | 2030-01-02 03:11:00 |" in report(paper)
    assert "| 20 | master1 | cluster | ann@jump | 2030-01-02 03:20:00 |" in report(paper)
    for name in ("journal.jsonl",):
        path = paper.top / "master1" / name
        kept = [line for line in path.read_text().splitlines() if "T03:20:" not in line]
        path.write_text("\n".join(kept) + "\n")
    for path in (paper.top / "master1" / "output").glob("006-*"):
        path.unlink()
    assert "line 20, master1: cluster: no run that exited 0 and was not undone" in serious(paper)
