"""What is said of a rehearsal: its pages, its picture, `review`'s word on it; no bed, a run made up."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from dataclasses import replace
from pathlib import Path

import pytest
from etcd_renumber.cli.messages import rehearsed
from etcd_renumber.hashes import sha256
from etcd_renumber.model import Problem
from etcd_renumber.records.run import Done, Load, Moved, Run, Seat, from_json, to_json
from etcd_renumber.reports.change_report import change_report
from etcd_renumber.reports.chart import picture, spark
from etcd_renumber.reports.run_report import page, reports

from tests.scenario import Scenario, hosts, scenario
from tests.test_evidence import Paper

NAMES = ("master1", "master2", "master3")
LOAD = Load(
    writers=4, acked=2400, failed=1, refused=7, lost=(), lost_count=0, gap=0.42, gap_at=21.0, bin=0.25,
    rate=tuple(15 for _ in range(160)), read=380, unread=1, back=(),
)  # fmt: skip


def seats(which: str) -> tuple[Seat, ...]:
    return tuple(Seat(m.name, f"a{n}", f"https://{getattr(m, which)}:2380", "") for n, m in enumerate(hosts(3)))


def made_up(**changes: object) -> Run:
    """A rehearsal of 40 seconds that went well: a preflight, an address and a move on each of three hosts."""
    lines = []
    for n, name in enumerate(NAMES):
        lines.append(Done(n + 1, name, "phase", "preflight", at=n * 2.0, seconds=2.0, acked=30, term=2))
        lines.append(Done(n + 4, name, "address", "add", at=6.0 + n, seconds=0.2, acked=60))
        lines.append(Done(n + 7, name, "phase", "move", at=10.0 + n * 10, seconds=9.0, gap=0.42, acked=90, term=3))
    run = Run(
        kind="rehearsal", cluster="prod", change="CHG-1", method="rolling", digest="0123456789ab", folder_sha256="ab" * 32,
        began="2030-01-02T03:04:05Z", seconds=40.0, faults=(), versions={"etcd": "3.4.23: asked for"},
        assumed=("network: one link",), options=(), members=tuple(Moved(m.name, m.old, m.new, False) for m in hosts(3)),
        lines=tuple(sorted(lines, key=lambda d: d.line)), load=LOAD, before=seats("old"), after=seats("new"),
        cluster_ids=("c1", "c1"), terms=(2, 3),
    )  # fmt: skip
    return replace(run, **changes)  # type: ignore[arg-type]


FAILED = made_up(
    faults=("line 8, move on master2: exit 5, not 0, in the step: the gate",),
    lines=(Done(8, "master2", "phase", "move", 10.0, 9.0, exit=5, said=("    <script>alert(1)</script> | x",)),),
)


def test_a_run_comes_back_from_its_record_as_it_was() -> None:
    for run in (made_up(), FAILED, made_up(options=("--crash",), load=None)):
        assert from_json(to_json(run)) == run
    for text in ("", "[]", "{}", '{"format": 2}', to_json(made_up()).replace('"acked"', '"asked"')):
        with pytest.raises(ValueError):
            from_json(text)


def test_every_command_is_listed_below_its_line_as_it_was_printed() -> None:
    stop, kill = "systemctl stop kubelet", "kill -TERM 17"
    moves = (
        Done(8, "master2", "phase", "move", 10.0, 9.0, exit=137, expected=137, note="drill: killed", ran=(stop,)),
        Done(8, "master2", "phase", "move", 20.0, 9.0, ran=(stop, kill)),
        Done(9, "master2", "phase", "release", 30.0, 2.0),
    )
    text = reports(made_up(lines=moves))["COMMANDS.md"]
    first, second = text.partition("## Line 8: master2, move (drill: killed)\n\n")[2].split(
        "## Line 8: master2, move\n\n"
    )
    assert first == f"    {stop}\n\n" and second == f"    {stop}\n    {kill}\n"
    assert "release" not in text and from_json(to_json(made_up(lines=moves))).lines == moves


def test_the_pages_say_what_a_ticket_asks_for() -> None:
    pages = reports(made_up())
    text, html = pages["REPORT.md"], pages["REPORT.html"]
    for said in ("2,400", "0.42 s", "ab" * 32, "0123456789ab", "3.4.23: asked for", "2 → 3"):
        assert said in text and said in html
    assert "passed: 2,400 writes acknowledged, none lost, largest gap 0.42 s." in text
    assert "| 7 | master1 | move | 9.0 | 0 | 0.42 | 90 | 3 |  |" in text
    assert "| master1 | 192.168.100.10 → 192.168.110.10 | https://192.168.100.10:2380 |" in text


def test_a_page_needs_nothing_but_itself() -> None:
    html = reports(made_up())["REPORT.html"]
    assert re.findall(r"(?:src|href)=|url\(|@import|<script|https?://(?!192\.168\.)", html) == []


def test_what_a_runbook_said_stays_words() -> None:
    pages = reports(FAILED)
    assert "<script>" not in pages["REPORT.html"] and "&lt;script&gt;alert(1)" in pages["REPORT.html"]
    assert "FAILED: line 8, move on master2: exit 5, not 0, in the step: the gate." in pages["REPORT.md"]
    assert "    <script>alert(1)</script> | x" in pages["REPORT.md"], "indented: code, and no markup"


@pytest.mark.parametrize("width", [960.0, 358.0])
def test_everything_in_the_picture_lies_inside_of_it(width: float) -> None:
    drawn = picture(made_up(), width)
    assert len(drawn.blocks) == 6 and len(drawn.marks) == 3 and len(drawn.lanes) == 3
    assert all(drawn.left <= b.x and b.x + b.width <= width for b in drawn.blocks)
    assert all(b.y + drawn.lane <= drawn.height for b in drawn.blocks)
    assert all(0 <= t.x <= width for t in drawn.ticks)
    points = [float(x) for x in re.findall(r"L([\d.]+) ", drawn.area)]
    assert drawn.left <= min(points) and max(points) <= width


def test_a_drill_and_a_failure_have_colours_of_their_own() -> None:
    drill = Done(7, "master1", "phase", "move", 1.0, 1.0, exit=137, expected=137)
    kinds = [b.kind for b in picture(made_up(lines=(drill, replace(drill, exit=5, expected=0))), 960.0).blocks]
    assert kinds == ["drill", "bad"]


def test_the_picture_in_letters_has_a_row_a_host() -> None:
    rows = spark(made_up(), LOAD, columns=40)
    assert rows[0] == "writes   " + "█" * 40
    assert rows[1] == "master1  aa        bbbbbbbbb"
    assert rows[-1] == "one column is 1.0 s; a preflight, b move"


def about(run: Run | None, tmp_path: Path) -> Problem:
    (tmp_path / "SHA256SUMS").write_text("x  y\n")
    return rehearsed(run, tmp_path)


def test_review_says_whether_these_bytes_were_rehearsed_and_how_that_ended(tmp_path: Path) -> None:
    these = sha256("x  y\n")
    assert about(None, tmp_path).fact == "not rehearsed"
    stale = about(made_up(), tmp_path)
    assert "was of other bytes" in stale.fact and stale.severity == "note" and "etcd-renumber rehearse" in stale.hint
    passed = about(made_up(folder_sha256=these, options=("--crash",)), tmp_path)
    assert passed.severity == "note"
    assert passed.fact.startswith(
        "rehearsed with exactly these bytes at 2030-01-02T03:04:05Z (--crash): passed: 2,400 writes"
    )
    failed = about(replace(FAILED, folder_sha256=these), tmp_path)
    assert failed.severity == "warning" and "FAILED: line 8, move on master2" in failed.fact


# --- the change beside its rehearsal ---


@pytest.fixture
def made(tmp_path: Path) -> Scenario:
    made = scenario(tmp_path, hosts(3))
    Paper(made)
    return made


def record(made: Scenario, run: Run) -> None:
    (made.folder / "rehearsal").mkdir()
    (made.folder / "rehearsal" / "run.json").write_text(to_json(run))


def rows(html: str) -> list[list[str]]:
    """The cells of the table of lines."""
    table = html[html.index('<table class="lines') :]
    table = table[: table.index("</table>") + 8]
    return [[cell.text or "" for cell in row] for row in ET.fromstring(table).iter("tr")]


def test_the_real_lines_stand_beside_the_rehearsed_ones(made: Scenario) -> None:
    these = sha256((made.folder / "SHA256SUMS").read_text())
    lines = (Done(10, "master1", "phase", "move", at=10.0, seconds=9.0, gap=0.42),)
    record(made, made_up(folder_sha256=these, lines=lines))
    files, _ = change_report(made.folder)
    move = next(r for r in rows(files["REPORT.html"]) if r[0] == "10")
    assert move == [
        "10", "master1", "move", "ann@jump", "2030-01-02 03:10:00", "29.8", "0", "1", "9.0", "0", "0.42", "",
    ]  # fmt: skip
    assert "As it was carried out" in files["REPORT.html"] and "As it was rehearsed" in files["REPORT.html"]
    assert "Exactly these bytes were rehearsed at 2030-01-02T03:04:05Z: passed: 2,400 writes" in files["REPORT.md"]


def test_a_rehearsal_of_other_bytes_is_none(made: Scenario) -> None:
    record(made, made_up())
    files, _ = change_report(made.folder)
    assert "As it was rehearsed" not in files["REPORT.html"]
    assert "These bytes were not rehearsed." in files["REPORT.html"] and "were not rehearsed." in files["REPORT.md"]


def test_a_change_without_a_load_has_a_picture_of_its_phases(made: Scenario) -> None:
    html = change_report(made.folder)[0]["REPORT.html"]
    assert html.count("<svg") == 2 and html.count('class="block') == 2 * 17 and 'class="area"' not in html
    assert page(made_up(kind="change", load=None, faults=("x",))).count("Missing or contradictory") == 1
