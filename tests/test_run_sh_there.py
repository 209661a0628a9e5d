# ruff: noqa: F811  the fixture is an argument
"""What run.sh does on a host: whose host it is, what it copies there, and a phase that outlives its connection."""

from __future__ import annotations

import re
import signal
import subprocess

import pytest

from tests.stub import Stubs, hash_again, three, wait_for  # noqa: F401


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
