"""Whole rehearsals, as a user has them: the command line, a change folder, a real etcd, and what is left afterwards."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from etcd_renumber.change_folder.write import SUMS
from etcd_renumber.cli.messages import rehearsed
from etcd_renumber.records.run import Run, last_rehearsal
from etcd_renumber.rehearsal.output_folder import SCRATCH
from etcd_renumber.rehearsal.testbed.namespaces import gone
from etcd_renumber.rehearsal.testbed.process import children

from tests.browser import look
from tests.conftest import ROOT
from tests.ordinary import NOBODY, WHOEVER_TESTS, User, ordinary_user
from tests.scenario import Host, hosts, manifests, rendered, scenario

EXAMPLE = ROOT / "out" / "three-masters"
RESULTS = ["COMMANDS.md", "REPORT.html", "REPORT.md", "run.json"]


def command(folder: Path, *words: str, user: User = WHOEVER_TESTS) -> list[str]:
    """The command line of a rehearsal."""
    return user.command("from etcd_renumber.cli.main import main; main()", "rehearse", str(folder), *words)


@contextmanager
def owned_by(folder: Path, user: User) -> Iterator[Path]:
    """The folder, or a copy where an ordinary user may come and write; the results come back from there."""
    if not user.become:
        yield folder
        return
    with tempfile.TemporaryDirectory() as top:
        there = Path(top) / folder.name
        shutil.copytree(folder, there)
        for path in (Path(top), there, *there.rglob("*")):
            os.chown(path, NOBODY, NOBODY)
        yield there
        shutil.copytree(there / "rehearsal", folder / "rehearsal", dirs_exist_ok=True)


def rehearse(folder: Path, *words: str, ordinary: bool = False, expect: int = 0) -> tuple[Run, str]:
    """To its end, with the exit code that is expected: its record, and what it said. Nothing is left but the results."""
    before = machine()
    user = ordinary_user() if ordinary else WHOEVER_TESTS
    with owned_by(folder, user) as there:
        argv = command(there, *words, user=user)
        ran = subprocess.run(argv, capture_output=True, text=True, env=user.environment, check=False)
    said = ran.stdout + ran.stderr
    report = folder / "rehearsal" / "REPORT.md"
    assert ran.returncode == expect, said + (report.read_text() if report.exists() else "")
    assert sorted(p.name for p in (folder / "rehearsal").iterdir()) == RESULTS
    assert machine() == before
    run = last_rehearsal(folder)
    assert run is not None and run.passed is (expect == 0)
    return run, said


def machine() -> tuple[list[str], str]:
    """What a rehearsal could leave behind on it: interfaces and mounts."""
    return sorted(os.listdir("/sys/class/net")), Path("/proc/mounts").read_text()


def lines_of(run: Run) -> list[tuple[int, str, str]]:
    return [(d.line, d.host, d.what) for d in run.lines if d.line]


def hash_again(folder: Path) -> None:
    """Make the lists agree with the files again."""
    for top in [*(folder / "hosts").iterdir(), folder]:
        if (top / SUMS).is_file():
            names = [line.split("  ", 1)[1] for line in (top / SUMS).read_text().splitlines()]
            rows = (f"{hashlib.sha256((top / n).read_bytes()).hexdigest()}  {n}\n" for n in names)
            (top / SUMS).write_text("".join(rows))


def without_step(folder: Path, phase: str, step: str, instead: str = "") -> None:
    """Every host's runbook, with one step of a phase removed or another one instead, and lists that say so."""
    for runbook in folder.glob("hosts/*/runbook.sh"):
        text, found = re.subn(
            rf"(^apply_{phase}\(\) \{{\n(?:  .*\n)*?)  {step}\n", rf"\1{instead}", runbook.read_text(), flags=re.M
        )
        assert found == 1
        runbook.write_text(text)
    hash_again(folder)


# --- it passes ---


def test_the_example_passes_and_its_page_is_whole_until_a_byte_changes(tmp_path: Path) -> None:
    folder = tmp_path / "three-masters"
    shutil.copytree(EXAMPLE, folder, ignore=shutil.ignore_patterns("rehearsal", "evidence"))
    run, said = rehearse(folder)
    assert said.splitlines()[0].startswith(f"passed: {run.load.acked:,} writes acknowledged, none lost"), said  # type: ignore[union-attr]
    assert len(said.splitlines()) == 2, "no progress where nobody watches"
    assert len(lines_of(run)) == 23 and all(d.exit == 0 for d in run.lines)
    assert run.load and run.load.lost_count == 0 and run.load.back == () and run.load.gap < 5
    assert [s.id for s in run.after] == [s.id for s in run.before]
    assert [s.peer for s in run.after] == [f"https://192.168.110.{10 + n}:2380" for n in range(3)]
    for width, dark in ((390, False), (390, True), (1100, False)):
        seen, console = look(folder / "rehearsal" / "REPORT.html", tmp_path, width, dark)
        assert seen.wide <= seen.width == width and seen.blocks == [17], "one picture, with a block for every phase"
        assert console == []
        assert (brightness(seen.page) < 60 and brightness(seen.text) > 180) is dark
    assert "rehearsed with exactly these bytes" in rehearsed(last_rehearsal(folder), folder).fact
    with (folder / "RUNBOOK.md").open("a") as runbook:
        runbook.write("One more word.\n")
    hash_again(folder)
    assert "was of other bytes" in rehearsed(last_rehearsal(folder), folder).fact


@pytest.mark.parametrize(
    ("image", "version"), [(f"3.6.10-0@sha256:{'3a' * 32}", "3.6."), ("3.7.1-0", "3.7.")], ids=["1.36", "1.37"]
)
def test_a_master_of_kubeadm_of_today_passes_with_its_own_etcd(image: str, version: str, tmp_path: Path) -> None:
    flags = ("--feature-gates=InitialCorruptCheck=true", "--watch-progress-notify-interval=5s")
    members = hosts(1)
    facts = {m.name: manifests(m, members, flags) for m in members}
    facts = {
        name: {f: t.replace("/etcd:mirrored", f"/etcd:{image}") for f, t in of.items()} for name, of in facts.items()
    }
    run, _ = rehearse(rendered(tmp_path, members, facts).folder)
    assert run.versions["etcd"].startswith(f"{version}")
    assert f"the minor version of the cluster's image, k8s.gcr.io/etcd:{image}" in run.versions["etcd"]


def brightness(colour: str) -> float:
    """0 to 255 of "rgb(1, 2, 3)"."""
    return sum(map(int, re.findall(r"\d+", colour)[:3])) / 3


def test_a_bridge_after_a_crash_passes_for_an_ordinary_user_though_a_runbook_is_killed(tmp_path: Path) -> None:
    folder = scenario(tmp_path, hosts(3), version="3.5", method="bridge").folder
    run, _ = rehearse(folder, "--crash", "--fail", "master2:readdress:3", ordinary=True)
    assert run.load and run.load.lost_count == 0 and run.cluster_ids[0] == run.cluster_ids[1]
    assert run.lines[0].what == "all members are killed, then every address changes"
    drill = [(d.exit, d.expected) for d in run.lines if (d.host, d.what) == ("master2", "readdress")]
    assert drill == [(137, 137), (0, 0)]
    assert run.options == ("--fail master2:readdress:3", "--crash")


# --- it fails, and says where ---


def test_a_runbook_without_one_of_its_steps_fails_and_the_report_says_where(tmp_path: Path) -> None:
    folder = scenario(tmp_path, hosts(1), version="3.5").folder
    without_step(folder, "prepare", "widen_certificates")
    run, said = rehearse(folder, expect=1)
    assert run.faults[0].startswith("line 2, prepare on master1: exit 5, not 0, in the step: ")
    assert run.faults[0] in said and run.faults[0] in (folder / "rehearsal" / "REPORT.md").read_text()
    assert run.lines[-1].what == "prepare", "nothing is carried out after it"
    assert rehearsed(run, folder).severity == "warning"


def test_what_forbids_the_change_is_said_of_every_host(tmp_path: Path) -> None:
    folder = scenario(tmp_path, hosts(2), version="3.5").folder
    without_step(folder, "preflight", "the_clocks_agree", "  closed 'not today'\n")
    run, _ = rehearse(folder, expect=1)
    assert [f.partition(", in the step")[0] for f in run.faults] == [
        f"line {n}, preflight on master{n}: exit 3, not 0" for n in (1, 2)
    ]


# --- nothing is left ---


def test_whoever_ends_it_nothing_is_left_and_the_next_one_clears_away_what_a_killed_one_wrote(tmp_path: Path) -> None:
    folder = scenario(tmp_path, hosts(1), version="3.5").folder
    before = machine()
    for number, exit_, left in ((signal.SIGKILL, -signal.SIGKILL, [SCRATCH]), (signal.SIGINT, 130, [])):
        process = subprocess.Popen(command(folder), stderr=subprocess.PIPE, env=WHOEVER_TESTS.environment, text=True)
        with process:
            below = everything_below(process.pid)
            process.send_signal(number)
            process.wait(30)
        assert process.returncode == exit_
        assert all(gone(pid, 5) for pid in below)
        rest = folder / "rehearsal"
        assert [p.name for p in rest.iterdir()] == left if left else not rest.exists()
        assert machine() == before


def everything_below(pid: int) -> set[int]:
    """The processes that a rehearsal has, once a runbook is among them."""
    deadline = time.monotonic() + 90
    while time.monotonic() < deadline:
        found, new = set(), {pid}
        while new := {child for parent in new for child in children(parent)} - found:
            found |= new
        if any(b"runbook.sh" in Path(f"/proc/{p}/cmdline").read_bytes() for p in found if Path(f"/proc/{p}").exists()):
            return found
        time.sleep(0.05)
    pytest.fail("no runbook was run")


# --- the rest of them ---


@dataclass(frozen=True)
class Case:
    """A change folder, and the words after `rehearse`."""

    version: str
    method: str
    words: tuple[str, ...] = ()
    ordinary: bool = False
    members: tuple[Host, ...] = tuple(hosts(3))
    addresses: str = "both"


MORE = {
    "rolling, 3.3": Case("3.3", "rolling"),
    "rolling, 3.5, ordinary user": Case("3.5", "rolling", ordinary=True),
    "rolling, addresses replaced": Case("3.5", "rolling", addresses="replace"),
    "rolling, the move killed half-way": Case("3.5", "rolling", ("--fail", "master1:move:4")),
    "rolling, another member down": Case("3.5", "rolling", ("--fail", "master3:down")),
    "rolling, five members": Case("3.5", "rolling", members=tuple(hosts(5))),
    "rolling, IPv6": Case("3.5", "rolling", members=tuple(hosts(3, "fd00:a::{}", "fd00:b::{}"))),
    "bridge, 3.4": Case("3.4", "bridge"),
    "bridge, another member down": Case("3.4", "bridge", ("--crash", "--fail", "master3:down")),
    "restore, 3.3": Case("3.3", "restore"),
    "restore, 3.4, ordinary user": Case("3.4", "restore", ordinary=True),
    "rolling, 3.6": Case("3.6", "rolling"),
    "bridge, 3.7": Case("3.7", "bridge", ("--crash",)),
    "restore, 3.7, ordinary user": Case("3.7", "restore", ordinary=True),
    "restore, another member down": Case("3.5", "restore", ("--fail", "master3:down")),
}


@pytest.mark.chaos
@pytest.mark.parametrize("name", MORE)
def test_it_passes_with(name: str, tmp_path: Path) -> None:
    case = MORE[name]
    mapping = (
        {"method": case.method, "addresses": case.addresses} if case.method == "rolling" else {"method": case.method}
    )
    folder = scenario(tmp_path, list(case.members), version=case.version, **mapping).folder
    run, _ = rehearse(folder, *case.words, ordinary=case.ordinary)
    assert run.load and run.load.lost_count == 0
    ids = {s.name: s.id for s in run.before} == {s.name: s.id for s in run.after}
    assert ids is (case.method != "restore")


@pytest.mark.chaos
def test_after_a_crash_a_restore_goes_as_it_should_and_the_report_says_what_it_lost(tmp_path: Path) -> None:
    folder = scenario(tmp_path, hosts(3), version="3.5", method="restore", accept_loss=True).folder
    subprocess.run(command(folder, "--crash"), capture_output=True, env=WHOEVER_TESTS.environment, check=False)
    run = last_rehearsal(folder)
    assert run is not None and run.load is not None
    assert [f for f in run.faults if "acknowledged writes are lost" not in f] == []
    assert bool(run.faults) is (run.load.lost_count > 0)
    assert lines_of(run)[-1][2] == "reopen"


@pytest.mark.chaos
def test_what_a_runbook_does_not_notice_is_seen_from_outside(tmp_path: Path) -> None:
    folder = scenario(tmp_path, hosts(1), version="3.5").folder
    without_step(folder, "finish", "for_the_ticket", '  printf "#" >>"$MANIFESTS/kube-apiserver.yaml"\n')
    run, _ = rehearse(folder, expect=1)
    assert any("kube-apiserver.yaml" in fault for fault in run.faults), run.faults


@pytest.mark.chaos
def test_it_begins_with_the_data_of_a_snapshot(tmp_path: Path, etcd35: Path) -> None:
    folder = scenario(tmp_path, hosts(3), version="3.5").folder
    run, _ = rehearse(folder, "--snapshot", str(saved(etcd35, tmp_path)))
    assert run.options == ("--snapshot mine.db",)
    assert any("the data of mine.db" in text for text in run.assumed)


def saved(etcd: Path, tmp: Path) -> Path:
    """A snapshot of an etcd of somebody's own."""
    urls = ("http://127.0.0.1:23790", "http://127.0.0.1:23800")
    words = [f"--data-dir={tmp}/data", f"--listen-client-urls={urls[0]}", f"--advertise-client-urls={urls[0]}"]
    words += [f"--listen-peer-urls={urls[1]}", f"--initial-advertise-peer-urls={urls[1]}"]
    words += [f"--initial-cluster=default={urls[1]}"]
    ctl = [str(etcd / "etcdctl"), f"--endpoints={urls[0]}"]
    with subprocess.Popen([etcd / "etcd", *words], stderr=subprocess.DEVNULL) as process:
        try:
            subprocess.run([*ctl, "put", "mine", "1", "--dial-timeout=20s"], check=True, capture_output=True)
            subprocess.run([*ctl, "snapshot", "save", str(tmp / "mine.db")], check=True, capture_output=True)
        finally:
            process.kill()
    return tmp / "mine.db"
