"""What a hostile host can send as evidence: the report is written all the same."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.paper import Paper, add, made_paper, report  # noqa: F401 -- the fixture


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
