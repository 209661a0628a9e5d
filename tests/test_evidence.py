"""The report of a real change: what the evidence says, and what is said about evidence that lacks or contradicts something."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from etcd_renumber.change_folder.bundle import bundle
from etcd_renumber.change_folder.write import sha256
from etcd_renumber.errors import Refused
from etcd_renumber.evidence.collected import read_evidence
from etcd_renumber.reports.change_report import change_report

from tests.paper import NAMES, START, Paper, add, made_paper, report, serious  # noqa: F401 -- the fixture
from tests.scenario import hosts, scenario


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


def test_the_last_ticket_is_that_of_the_greatest_number(paper: Paper) -> None:
    paper.numbers["master3"] = 998
    for hour in (1, 2):
        paper.run("master3", "finish", START + timedelta(hours=hour))
    paper.edit("master3/output/1000-apply-finish.out", "digest ", "the last: digest ")
    ticket = read_evidence(paper.made.folder, paper.made.change.digest, ["master3"]).hosts[0].ticket
    assert ticket.startswith("the last: ")


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


def test_a_member_that_rejoin_has_added_may_have_another_id(paper: Paper) -> None:
    for name in NAMES:
        paper.edit(f"{name}/before.txt", "member c2bde6fe848e75b1 master2", "member ffff master2")
    differ = "cluster or member ids differ from those before"
    assert differ in [p.fact for p in change_report(paper.made.folder)[1]]
    paper.run("master2", "rejoin", START + timedelta(hours=1), 3, by_hand=True)
    assert differ in [p.fact for p in change_report(paper.made.folder)[1]], "a refusal adds no member"
    paper.run("master2", "rejoin", START + timedelta(hours=2), by_hand=True)
    problems = change_report(paper.made.folder)[1]
    assert differ not in [p.fact for p in problems]
    assert ("note", "master2 has another member id than before: rejoin has added it as a new member") in [
        (p.severity, p.fact) for p in problems
    ]


def test_a_majority_never_has_other_ids_nor_is_a_member_gone(paper: Paper) -> None:
    differ = "cluster or member ids differ from those before"
    for name in ("master2", "master3"):
        paper.run(name, "rejoin", START + timedelta(hours=1), by_hand=True)
    assert differ not in [p.fact for p in change_report(paper.made.folder)[1]]
    for name in NAMES:
        paper.edit(f"{name}/before.txt", "member c2bde6fe848e75b1 master2", "member ffff master2")
        paper.edit(f"{name}/before.txt", "member c2bde6fe848e75b2 master3", "member eeee master3")
    assert differ in [p.fact for p in change_report(paper.made.folder)[1]]


def test_what_a_host_says_stays_words(paper: Paper) -> None:
    at = START + timedelta(hours=1)
    paper.run("master1", "finish", at, 1)
    paper.edit("master1/output/008-apply-finish.err", "no disk", "<script>|\x1b[2Jx|")
    text = report(paper)
    assert "<script>" not in text and "\x1b" not in text and "&lt;script>" in text


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
