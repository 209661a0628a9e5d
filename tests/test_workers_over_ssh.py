"""The lines of workers in run.sh: whose host it is, what is carried there, what is left behind. With stubs for runbooks."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from etcd_renumber.change_folder.review import review
from etcd_renumber.rehearsal.testbed.host_spec import HostSpec
from etcd_renumber.reports.change_report import change_report

from tests.scenario import Scenario, hosts, scenario
from tests.stub import Stubs, hash_again, stubs
from tests.workers import at, worker

W1, W2 = "192.168.100.50", "192.168.100.51"


def two(tmp: Path, first: str = W1, second: str = W2) -> tuple[Scenario, list[HostSpec]]:
    there = [worker("worker1", at("192.168.100.10"), 50), worker("worker2", at("192.168.100.10"), 51)]
    mine = [{"name": "worker1", "ssh": first}, {"name": "worker2", "ssh": second}]
    return scenario(tmp, hosts(1), workers=mine), there


@pytest.fixture
def one(tmp_path: Path) -> Iterator[Stubs]:
    made, there = two(tmp_path)
    with stubs(made, there) as s:
        yield s


def test_their_folder_is_carried_and_their_lines_come_in_the_order(one: Stubs) -> None:
    text = one.run().text
    assert (
        "   2  worker1  bash runbook.sh apply preflight" in text and "   7  worker1  bash runbook.sh apply move" in text
    )
    one.add_new("master1")
    one.run("apply", "--yes", "--to", "8")
    assert [one.calls(n) for n in ("worker1", "worker2")] == [["apply preflight", "apply move"]] * 2
    state = one.state("worker1")
    assert sorted(p.name for p in (state / "folder").iterdir()) == ["SHA256SUMS", "runbook.sh"]
    evidence = one.made.folder / "evidence" / one.made.change.digest / "worker2"
    assert (evidence / "journal.jsonl").is_file() and (evidence / "output" / "002-apply-move.exit").read_text() == "0\n"
    assert one.run().text.count("done 20") == 7
    files, problems = change_report(one.made.folder)
    assert [p.fact for p in problems if "worker" in p.fact] == []
    assert "| 7 | worker1 | move |" in files["REPORT.md"] and "worker2 move" in files["REPORT.html"]
    one.does("worker1", "move", "exit 5")
    assert "or roll back: ssh 192.168.100.50 " in one.run("apply", "--yes", "--from", "7", "--to", "7", expect=5).text


def test_the_name_of_the_node_decides_which_worker_it_is(tmp_path: Path) -> None:
    made, there = two(tmp_path, W2, W1)
    with stubs(made, there) as s:
        assert f"worker1: {W2}: its Node is worker2" in s.run("apply", "--yes", "--to", "1", expect=4).text
    assert not s.bed.hosts


def test_a_worker_that_is_gone_can_be_left_out_and_no_runbook_hears_of_it(one: Stubs) -> None:
    one.bed["worker2"].remove_address(f"{W2}/24")
    one.bed["worker2"].remove_address("192.168.110.51/24")
    one.run("apply", "--yes", "--to", "2", expect=255)
    one.run("apply", "--yes", "--without", "worker2", "--to", "3")
    assert one.calls("worker1") == ["apply preflight"] and one.calls("worker2") == []
    assert one.calls("master1") == ["apply preflight"]


def test_a_runbook_of_workers_that_was_changed_goes_nowhere(one: Stubs) -> None:
    path = one.made.folder / "workers" / "runbook.sh"
    path.write_text(path.read_text() + "\n")
    one.run("apply", "--yes", expect=4)
    hash_again(one.made.folder)
    assert "the files in workers do not match its SHA256SUMS" in one.run("apply", "--yes", expect=4).text
    hash_again(path.parent)
    hash_again(one.made.folder)
    assert "workers is not the folder that run.sh was made for" in one.run("apply", "--yes", expect=4).text
    places = [p.place.rpartition("/workers/")[2] for p in review(one.made.folder) if "/workers/" in p.place]
    assert "runbook.sh" in places
