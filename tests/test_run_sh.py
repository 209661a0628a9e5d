# ruff: noqa: F811  the fixture is an argument
"""What run.sh itself decides: which lines, when it asks, what it does with an exit code. On hosts with stubs for runbooks."""

from __future__ import annotations

import json
import re
import subprocess
import time
from pathlib import Path

import pytest

from tests.scenario import Scenario
from tests.stub import Stubs, hash_again, three, wait_for  # noqa: F401

NAMES = ("master1", "master2", "master3")
REFUSED = 'echo "runbook.sh: no disk" >&2; echo "runbook.sh: hint: buy one" >&2; exit {}'


def everybody_moves(s: Stubs) -> None:
    """The addresses are as they are at the end, so that no line waits for a person."""
    for name in NAMES:
        s.add_new(name)
        s.remove_old(name)


def log(made: Scenario) -> list[dict[str, object]]:
    path = made.folder / "evidence" / made.change.digest / "run.jsonl"
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_without_a_verb_it_shows_the_order_and_changes_nothing(three: Stubs) -> None:
    text = three.run().text
    assert text.count(" open") == 23 and "   1  master1  bash runbook.sh apply preflight" in text
    assert [three.calls(n) for n in NAMES] == [[], [], []] and not three.state("master1").exists()
    assert not (three.made.folder / "evidence").exists()


@pytest.mark.parametrize("words", ["bash run.sh", "./run.sh", "bash ../test/run.sh"])
def test_it_finds_its_folder_however_it_is_called(three: Stubs, words: str) -> None:
    command = ["bash", "-c", words]
    ran = subprocess.run(command, cwd=three.made.folder, env=three.env, capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stderr) == (0, ""), ran.stderr
    assert ran.stdout.count(" open") == 23


def test_what_the_environment_says_of_folders_and_of_openssl_does_not_count(three: Stubs, tmp_path: Path) -> None:
    folder = three.made.folder
    (tmp_path / "elsewhere" / folder.name).mkdir(parents=True)
    names = {"CDPATH": f"{tmp_path}/elsewhere", "POSIXLY_CORRECT": "1", "OPENSSL_CONF": "/x", "OPENSSL_MODULES": "/x"}
    shown = f". {folder.name}/run.sh; printf '%s\\n' \"$HERE\"; env"
    ran = subprocess.run(
        ["bash", "-c", shown], cwd=folder.parent, env=three.env | names, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0 and str(folder) in ran.stdout.splitlines(), ran.stdout + ran.stderr
    assert not [line for line in ran.stdout.splitlines() if line.partition("=")[0] in names]


def test_lines_are_chosen_by_number_by_host_and_by_what_is_done_already(three: Stubs) -> None:
    three.run("apply", "--yes", "--to", "2")
    assert [three.calls(n) for n in NAMES] == [["apply preflight"], ["apply preflight"], []]
    text = three.run("apply", "--yes", "--to", "5").text
    assert "the lines before 3 are done" in text
    assert three.calls("master1") == ["apply preflight", "apply prepare"] and three.calls("master3") == [
        "apply preflight"
    ]
    three.run("apply", "--yes", "--only", "master3", "--from", "1", "--to", "6")
    assert three.calls("master3") == ["apply preflight", "apply preflight", "apply prepare"]
    assert three.calls("master2") == ["apply preflight", "apply prepare"]
    assert "nothing is left to do" in three.run("apply", "--yes", "--to", "6").text
    assert re.search(r" 6 .*done 20\d\d-.*\n +7 .*open +<- next", three.run().text)


def test_a_phase_that_stands_twice_is_done_for_the_members_that_its_host_has_noted(three: Stubs) -> None:
    everybody_moves(three)
    note = three.state("master1") / "cluster.done"
    three.does("master1", "cluster.1", f"printf 'master1\\n' >{three.made.state}/cluster.done")
    three.run("apply", "--yes", "--to", "19")
    assert three.calls("master1").count("apply cluster") == 1 and note.read_text() == "master1\n"
    text = three.run().text
    assert re.search(r" 11 .*apply cluster +done 20\d\d-", text) and re.search(
        r" 20 .*apply cluster +open +<- next", text
    )
    three.does("master1", "cluster.2", f"printf 'master1\\nmaster2\\nmaster3\\n' >{three.made.state}/cluster.done")
    three.run("apply", "--yes", "--to", "20")
    assert three.calls("master1").count("apply cluster") == 2
    assert re.search(r" 20 .*apply cluster +done 20\d\d-.*\n +21 .*open +<- next", three.run().text)


def test_it_asks_at_every_line_and_takes_yes_pass_over_and_stop(three: Stubs) -> None:
    ran = three.run("apply", stdin="y\nwhat\ns\nq\n", expect=3)
    assert [three.calls(n) for n in NAMES] == [["apply preflight"], [], []]
    assert ran.text.count("carry it out?") == 4 and "expect: done, 0 commands; no FILTERED" in ran.text
    assert "run.sh: stopped before line 3" in ran.text and "bash run.sh apply --from 3" in ran.text
    assert [(e["line"], e["event"]) for e in log(three.made)] == [(1, "begin"), (1, "end"), (2, "passed")]
    assert "stopped before line 2" in three.run("apply", expect=3).text, "no answer is no yes"


def test_a_closed_gate_is_tried_again_and_said_once_until_it_opens(three: Stubs) -> None:
    three.does("master2", "preflight.1", "echo same; " + REFUSED.format(3))
    three.does("master2", "preflight.2", "echo same; " + REFUSED.format(3))
    three.does("master2", "preflight.3", "echo open at last")
    text = three.run("apply", "--yes", "--to", "3").text
    assert three.calls("master2") == ["apply preflight"] * 3
    assert text.count("| same") == 1 and text.count("precondition failed: no disk") == 1 and "open at last" in text


def test_a_gate_that_stays_closed_ends_it_with_3_when_the_limit_is_over(three: Stubs) -> None:
    three.does("master1", "prepare", REFUSED.format(3))
    ran = three.run("apply", "--yes", "--to", "6", "--wait", "3", expect=3)
    assert "line 4, master1: no disk (still so after 3 s of trying; nothing that runs was changed)" in ran.text
    assert "bash run.sh apply --from 4" in ran.text
    assert three.calls("master2") == ["apply preflight"], "nobody goes on before all are through"


STOPS = {
    1: "fix the cause, then rerun the same command",
    4: "the host or the cluster is not as reviewed: stop",
    5: "or roll back: ssh 192.168.100.10 'bash /var/lib",
}


@pytest.mark.parametrize("code", STOPS)
def test_another_exit_stops_it_and_says_how_to_go_on_or_back(three: Stubs, code: int) -> None:
    three.does("master1", "prepare", 'echo "    # something"; ' + REFUSED.format(code))
    ran = three.run("apply", "--yes", "--to", "6", expect=code)
    assert "run.sh: line 4, master1: no disk" in ran.text and STOPS[code] in ran.text
    assert three.calls("master1").count("apply prepare") == 1, "tried once"
    assert three.calls("master2") == ["apply preflight"]
    assert log(three.made)[-1]["exit"] == code
    host = three.made.folder / "evidence" / three.made.change.digest / "master1"
    assert (host / "output" / "002-apply-prepare.exit").read_text() == f"{code}\n"
    assert "no disk" in (host / "output" / "002-apply-prepare.err").read_text()
    assert (host / "journal.jsonl").is_file()


def test_a_phase_without_undo_is_not_offered_one(three: Stubs) -> None:
    three.does("master1", "preflight", REFUSED.format(5))
    text = three.run("apply", "--yes", "--to", "1", expect=5).text
    assert "fix the cause, then: bash run.sh apply --from 1" in text and "roll back" not in text


def test_only_lines_that_read_or_stop_go_side_by_side(three: Stubs) -> None:
    for name in NAMES:
        for phase in ("preflight", "prepare"):
            three.does(name, phase, f"date +%s%N >>/run/{phase}.at; sleep 2; date +%s%N >>/run/{phase}.at")
    three.run("apply", "--yes", "--to", "6")

    def times(phase: str) -> list[tuple[int, ...]]:
        texts = [three.bed[n].read_text(f"/run/{phase}.at") for n in NAMES]
        return sorted(tuple(map(int, text.split())) for text in texts)

    assert max(begin for begin, _ in times("preflight")) < min(end for _, end in times("preflight"))
    for (_, end), (begin, _) in zip(times("prepare"), times("prepare")[1:], strict=False):
        assert end < begin


def test_the_worst_that_happens_side_by_side_is_not_lost(three: Stubs) -> None:
    three.does("master2", "preflight", REFUSED.format(4))
    ran = three.run("apply", "--yes", expect=4)
    assert "the first one that is not: 2" in ran.text and "line 2, master2: no disk" in ran.text
    assert three.calls("master3") == ["apply preflight"]


def test_a_host_that_is_never_reached_is_255_before_the_first_line(three: Stubs) -> None:
    three.remove_old("master2")
    ran = three.run("apply", "--yes", expect=255)
    assert "master2: 192.168.100.11: no host has 192.168.100.11" in ran.text
    assert [three.calls(n) for n in NAMES] == [[], [], []]
    text = three.run(expect=0).text
    assert "unknown" in text and "master2 was not reached" in text


def test_a_member_left_out_is_neither_called_nor_forgotten(three: Stubs) -> None:
    three.remove_old("master3")
    everybody_moves_but = NAMES[:2]
    for name in everybody_moves_but:
        three.add_new(name)
        three.remove_old(name)
    three.run("apply", "--yes", "--without", "master3")
    assert "apply move --without master3" in three.calls("master1")
    assert three.run("--without", "master3").text.count("left out") == 7


def test_a_persons_line_says_what_to_do_and_waits_until_it_is_so(three: Stubs) -> None:
    three.run("apply", "--yes", "--to", "6")
    running = three.start("apply", "--yes", "--from", "7", "--to", "12")
    for name in NAMES:
        wait_for(lambda: f"{name} | NOW: add " in running.text, running.text)  # noqa: B023
        three.add_new(name)
    wait_for(lambda: "NOW: remove 192.168.100.10" in running.text, running.text)
    assert three.calls("master1")[-1] == "verify move", "nothing needs the old address: the runbook says so"
    time.sleep(1)
    three.remove_old("master1")
    assert running.wait(30).exit == 0, running.text
    ran = three.run("apply", "--yes", "--from", "15", "--to", "15", "--wait", "2", expect=3)
    assert "192.168.100.11 is gone from the host, which answers on 192.168.110.11" in ran.text


def test_an_old_address_stays_while_the_runbook_does_not_let_it_go(three: Stubs) -> None:
    for name in NAMES:
        three.add_new(name)
    three.does("master1", "move.2", REFUSED.format(1))
    text = three.start("apply", "--yes", "--from", "10", "--to", "12")
    wait_for(lambda: "NOW: remove" in text.text, text.text)
    assert "192.168.100.10 must not be removed yet: no disk" in text.text
    three.remove_old("master1")
    assert text.wait(30).exit == 0


WRONG = {
    "an unknown verb": ["do"],
    "an unknown option": ["apply", "--force"],
    "a line that is no number": ["apply", "--from", "one"],
    "a host that is no member": ["apply", "--only", "master9"],
    "an option without its value": ["apply", "--to"],
}


@pytest.mark.parametrize("case", WRONG)
def test_wrong_usage_is_2(three: Stubs, case: str) -> None:
    assert "run.sh: hint:" in three.run(*WRONG[case], expect=2).text
