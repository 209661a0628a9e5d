"""What run.sh itself decides: which lines, when it asks, what it does with an exit code. On hosts with stubs for runbooks."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.scenario import Scenario, hosts, scenario
from tests.stub import Stubs, hash_again, stubs, wait_for

NAMES = ("master1", "master2", "master3")
REFUSED = 'echo "runbook.sh: no disk" >&2; echo "runbook.sh: hint: buy one" >&2; exit {}'


@pytest.fixture
def three(tmp_path: Path) -> Iterator[Stubs]:
    with stubs(scenario(tmp_path, hosts(3))) as s:
        yield s


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


def test_the_etcd_name_decides_whose_host_it_is(three: Stubs) -> None:
    text = three.bed["master2"].read_text("/etc/kubernetes/manifests/etcd.yaml")
    three.bed["master2"].write_text(
        "/etc/kubernetes/manifests/etcd.yaml", text.replace("--name=master2", "--name=other")
    )
    ran = three.run("apply", "--yes", expect=4)
    assert "master2: 192.168.100.11: its etcd is other" in ran.text
    assert not three.state("master1").exists() and not three.state("master2").exists()


def test_a_manifest_that_was_set_aside_still_says_whose_host_it_is(three: Stubs) -> None:
    three.run("apply", "--yes", "--to", "1")
    aside = three.state("master1") / "aside"
    aside.mkdir()
    three.bed["master1"].path("/etc/kubernetes/manifests/etcd.yaml").rename(aside / "etcd.yaml")
    three.run("apply", "--yes", "--from", "1", "--to", "1")


def test_a_folder_is_copied_when_it_differs_and_only_then(three: Stubs) -> None:
    first = three.run("apply", "--yes", "--to", "3").text
    assert first.count("copying its folder to") == 3
    state = three.state("master1")
    assert state.stat().st_mode & 0o777 == 0o700 and (state / "folder").stat().st_mode & 0o777 == 0o700
    assert "copying its folder to" not in three.run("apply", "--yes", "--from", "1", "--to", "3").text
    (state / "folder" / "manifests" / "etcd.yaml").write_text("somebody was here")
    assert three.run("apply", "--yes", "--from", "1", "--to", "1").text.count("copying its folder to") == 1
    subprocess.run(["sha256sum", "--quiet", "--check", "SHA256SUMS"], cwd=state / "folder", check=True)


@pytest.mark.parametrize("name", ["hosts/master1/runbook.sh", "RUNBOOK.md", "hosts/master2/manifests/etcd.yaml"])
def test_a_folder_that_is_not_as_it_was_rendered_goes_nowhere(three: Stubs, name: str) -> None:
    path = three.made.folder / name
    path.write_text(path.read_text() + "\n")
    three.run("apply", "--yes", expect=4)
    hash_again(three.made.folder)
    if name.startswith("hosts/"):
        three.run("apply", "--yes", expect=4)
        hash_again(path.parents[1 if path.parent.name == "manifests" else 0])
        hash_again(three.made.folder)
        assert "is not the folder that run.sh was made for" in three.run("apply", "--yes", expect=4).text
    assert not three.state("master1").exists()


def test_a_phase_that_was_killed_there_is_1_and_the_same_line_again(three: Stubs) -> None:
    three.does("master1", "prepare.1", "kill -KILL $PPID; kill -KILL $(ps -o ppid= -p $PPID)")
    three.run("apply", "--yes", "--to", "3")
    ran = three.run("apply", "--yes", "--to", "4", expect=1)
    assert "master1: it was killed on the host" in ran.text
    three.run("apply", "--yes", "--to", "4")


def test_a_killed_run_sh_is_followed_by_the_next_one(three: Stubs) -> None:
    three.does("master1", "prepare", "for n in 1 2 3 4 5 6 7 8; do echo step $n; sleep 0.5; done")
    first = three.start("apply", "--yes", "--to", "4")
    wait_for(lambda: "step 3" in first.text, first.text)
    first.kill_all(signal.SIGKILL)
    text = three.run("apply", "--yes", "--to", "4").text
    assert "apply prepare is already running on the host, started by" in text and "follows from the beginning" in text
    assert re.findall(r"step (\d)", text) == list("12345678")
    assert three.calls("master1").count("apply prepare") == 1


def test_ctrl_c_ends_run_sh_and_not_the_phase(three: Stubs) -> None:
    three.does("master1", "prepare", "echo begun; sleep 3; echo ended >/run/ended")
    running = three.start("apply", "--yes", "--to", "4")
    wait_for(lambda: "| begun" in running.text, running.text)
    running.kill_all(signal.SIGINT)
    ran = running.wait(30)
    assert ran.exit == 130 and "keeps running on its host; to follow it: bash run.sh apply --from 4" in ran.text
    wait_for(lambda: three.bed["master1"].path("/run/ended").exists(), "the phase went on")


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


def test_where_systemd_runs_the_phase_is_a_unit_of_its_own(three: Stubs) -> None:
    """With a stand-in for systemd-run: the bed has no systemd. It says what it was called with, and runs it."""
    stand_in = (
        '#!/bin/bash\nif [[ $1 == --help ]]; then echo "  --collect"; exit 0; fi\necho "$*" >>/run/called\n'
        'while [[ $1 == --* ]]; do shift; done\nsetsid "$@" </dev/null >/dev/null 2>&1 &\n'
    )
    three.bed["master1"].path("/run/systemd/system").mkdir(parents=True)
    three.bed["master1"].write_text("/usr/local/sbin/systemd-run", stand_in, 0o755)
    three.run("apply", "--yes", "--to", "1")
    words = three.bed["master1"].read_text("/run/called").split()
    digest = three.made.change.digest
    assert words[:4] == ["--quiet", f"--unit=etcd-renumber-{digest}-001-apply-preflight", "--collect", "bash"]
    assert three.calls("master1") == ["apply preflight"]


def test_where_systemd_run_is_refused_the_phase_has_a_session_of_its_own(three: Stubs) -> None:
    stand_in = '#!/bin/bash\n[[ $1 == --help ]] || { echo "Failed to connect to bus" >&2; exit 1; }\n'
    three.bed["master1"].path("/run/systemd/system").mkdir(parents=True)
    three.bed["master1"].write_text("/usr/local/sbin/systemd-run", stand_in, 0o755)
    three.run("apply", "--yes", "--to", "1")
    assert three.calls("master1") == ["apply preflight"]


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
