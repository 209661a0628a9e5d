"""A change folder whose runbooks do what a test says, on a bed without etcd: for what run.sh itself decides."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest
from etcd_renumber.change_folder.write import sha256
from etcd_renumber.rehearsal.testbed.host_spec import HostSpec
from etcd_renumber.rehearsal.testbed.process import Ran, Running, start
from etcd_renumber.rehearsal.testbed.testbed import Bed

from tests.conftest import etcd_folder
from tests.scenario import Scenario, hosts, scenario

ENTER = Path(__file__).parent / "enter.sh"
# What a host's runbook does is a file there: /run/PHASE (or /run/PHASE.N for the Nth time) is bash; nothing is exit 0.
STUB = """#!/usr/bin/env bash
STATE=${BASH_SOURCE[0]%/folder/*}
[[ $1 != phases ]] || exit 0
count=0
[[ ! -e /run/$2.count ]] || count=$(</run/$2.count)
count=$((count + 1))
echo "$count" >"/run/$2.count"
echo "$*" >>/run/calls
at() { date -u +%Y-%m-%dT%H:%M:%S.%3NZ; }
form='{"at":"%s","event":"%s","verb":"%s","phase":"%s","step":"","result":"held","exit":%d,"ms":0}\\n'
# shellcheck disable=SC2059
line() { printf "$form" "$(at)" "$@" >>"$STATE/journal.jsonl"; }
[[ $1 == verify ]] || line begin "$1" "$2" 0
echo "$1 $2 begins"
status=0
for what in "/run/$2.$count" "/run/$2"; do
  [[ -e $what ]] || continue
  bash "$what" || status=$?
  break
done
[[ $1 == verify ]] || line end "$1" "$2" "$status"
exit "$status"
"""


class Stubs:
    """The bed's hosts and the folder; run.sh runs beside the bed and enters its hosts by nsenter."""

    def __init__(self, bed: Bed, made: Scenario) -> None:
        self.bed, self.made = bed, made

    @property
    def env(self) -> dict[str, str]:
        pids = " ".join(str(host.place.pid) for host in self.bed.hosts.values())
        user = "--user --preserve-credentials" if os.geteuid() else ""
        scratch = str(self.made.folder.parent)  # a run.sh that is killed leaves something there
        return {**os.environ, "ETCD_RENUMBER_SSH": f"bash {ENTER}", "BED": pids, "BED_USER": user, "TMPDIR": scratch}

    def start(self, *words: str, env: Mapping[str, str] | None = None, stdin: str | None = None) -> Running:
        command = ["bash", str(self.made.folder / "run.sh"), *words]
        return start(command, env=self.env | dict(env or {}), stdin=stdin)

    def run(self, *words: str, expect: int = 0, env: Mapping[str, str] | None = None, stdin: str | None = None) -> Ran:
        ran = self.start(*words, env=env, stdin=stdin).wait(120)
        assert ran.exit == expect, f"run.sh {' '.join(words)}: exit {ran.exit}, not {expect}\n{ran.text}"
        return ran

    def run_on_the_host(self, *words: str, expect: int = 0) -> Ran:
        """The same on the first host, with its own /etc; the folder is copied there, and it reaches itself only."""
        host = self.bed[self.made.members[0].name]
        host.must(["rm", "-rf", "/root/out"])
        host.copy_in(self.made.folder, "/root/out/test")
        host.write_text("/root/self.sh", 'exec bash -c "$2"\n')
        ran = host.run(["bash", "/root/out/test/run.sh", *words], {"ETCD_RENUMBER_SSH": "bash /root/self.sh"})
        assert ran.exit == expect, f"run.sh {' '.join(words)}: exit {ran.exit}, not {expect}\n{ran.text}"
        return ran

    def does(self, host: str, phase: str, text: str) -> None:
        """What a host's runbook does in a phase (PHASE.N: the Nth time)."""
        self.bed[host].write_text(f"/run/{phase}", text + "\n")

    def calls(self, host: str) -> list[str]:
        """How a host's runbook was called, in order."""
        path = self.bed[host].path("/run/calls")
        return path.read_text().splitlines() if path.exists() else []

    def state(self, host: str) -> Path:
        return self.bed[host].path(self.made.state)

    def add_new(self, name: str) -> None:
        self.bed[name].add_address(f"{next(m.new for m in self.made.members if m.name == name)}/24")

    def remove_old(self, name: str) -> None:
        self.bed[name].remove_address(f"{next(m.old for m in self.made.members if m.name == name)}/24")


@contextmanager
def stubs(made: Scenario, workers: Sequence[HostSpec] = ()) -> Iterator[Stubs]:
    """Three hosts with the manifests and no etcd, and stub runbooks in the folder; workers beside them."""
    stub_runbooks(made)
    specs = [HostSpec(m.name, made.facts[m.name], (f"{m.old}/24",)) for m in made.members]
    with Bed([*specs, *workers], etcd_folder("3.5"), found=False) as bed:
        for host in bed.hosts.values():
            host.install()
        yield Stubs(bed, made)


def stub_runbooks(made: Scenario) -> None:
    """Other runbooks, and every list that names them hashed again."""
    script = made.folder / "run.sh"
    text = script.read_text()
    folders = [made.host_folder(member.name) for member in made.members]
    for folder in [*folders, *(p for p in (made.folder / "workers",) if p.is_dir())]:
        before = sha256((folder / "SHA256SUMS").read_bytes())
        (folder / "runbook.sh").write_text(STUB)
        hash_again(folder)
        text = text.replace(before, sha256((folder / "SHA256SUMS").read_bytes()))
    script.write_text(text)
    hash_again(made.folder)


def hash_again(folder: Path) -> None:
    """SHA256SUMS of the files that it names already."""
    names = [line.split("  ", 1)[1] for line in (folder / "SHA256SUMS").read_text().splitlines()]
    lines = [f"{sha256((folder / n).read_bytes())}  {n}\n" for n in names]
    (folder / "SHA256SUMS").write_text("".join(lines))


def wait_for(what: Callable[[], bool], text: str, seconds: float = 60) -> None:
    """Look twenty times a second."""
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline, f"not within {seconds} s: {text}"
        time.sleep(0.05)


@pytest.fixture
def three(tmp_path: Path) -> Iterator[Stubs]:
    with stubs(scenario(tmp_path, hosts(3))) as s:
        yield s
