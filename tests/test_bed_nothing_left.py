"""Nothing is left of a bed, however the process that made it ended, and whoever it belonged to."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from generator.errors import Refused
from generator.rehearsal.bed import Bed
from generator.rehearsal.namespaces import gone
from tests.conftest import ROOT, three_masters

PROGRAM = """
import os, sys, time
from pathlib import Path
sys.path.insert(0, {root!r})
from tests.conftest import three_masters
from generator.errors import Refused
from generator.rehearsal.bed import Bed
with Bed(three_masters(), Path({etcd!r})) as bed:
    bed.wait_healthy()
    with bed.writer() as writer:
        bed["master1"].start(["sleep", "1000"])
        writer.wait_for(20)
        pids = [p.pid for p in bed.places] + [h.etcd_pid() for h in bed.members] + [writer.process.pid]
        print(*pids, flush=True)
        if {how!r} == "stay":
            time.sleep(1000)
        if {how!r} == "raise":
            raise RuntimeError("as a test does")
"""
NOBODY = 65534


def interpreter() -> str:
    """A Python that an ordinary user can start, too; this one where nobody else is needed."""
    if os.geteuid():
        return sys.executable
    for python in (sys.executable, "/usr/bin/python3"):
        try_it = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", "sh", "-c", 'exec "$0" "$@"']
        probe = [*try_it, python, "-c", "import yaml, sys; sys.exit(sys.version_info < (3, 11))"]
        if subprocess.run(probe, capture_output=True, env=environment(), check=False).returncode == 0:
            return python
    pytest.skip("no Python here that an ordinary user could start")


def environment() -> dict[str, str]:
    path = [str(ROOT), *(p for p in sys.path if p.endswith("site-packages"))]
    return os.environ | {"PYTHONPATH": os.pathsep.join(path)}


def begin(how: str, etcd: Path, *before: str, python: str = sys.executable) -> tuple[subprocess.Popen[str], list[int]]:
    """The program above, begun; the processes that it says it has."""
    text = PROGRAM.format(root=str(ROOT), etcd=str(etcd), how=how)
    process = subprocess.Popen([*before, python, "-c", text], stdout=subprocess.PIPE, env=environment(), text=True)
    assert process.stdout
    pids = [int(word) for word in process.stdout.readline().split()]
    assert len(pids) == 9
    return process, pids


def all_gone(pids: list[int]) -> bool:
    return all(gone(pid, 5) for pid in pids)


@pytest.mark.parametrize(
    ("how", "number"), [("stay", signal.SIGKILL), ("stay", signal.SIGINT), ("raise", 0), ("end", 0)]
)
def test_nothing_is_left(how: str, number: int, etcd35: Path) -> None:
    mounts, interfaces = Path("/proc/mounts").read_text(), sorted(os.listdir("/sys/class/net"))
    process, pids = begin(how, etcd35)
    with process:
        if number:
            process.send_signal(number)
        process.wait(20)
    assert all_gone(pids)
    assert Path("/proc/mounts").read_text() == mounts
    assert sorted(os.listdir("/sys/class/net")) == interfaces


def test_a_bed_that_does_not_come_up_leaves_nothing(etcd35: Path, tmp_path: Path) -> None:
    bed = Bed(three_masters(), tmp_path)  # no etcd in there
    with pytest.raises(Refused, match="no etcd"), bed:
        pass
    assert bed.places == []
    for tool in ("etcd", "etcdctl"):
        (tmp_path / tool).write_text("#!/bin/bash\necho broken >&2\nexit 1\n")
        (tmp_path / tool).chmod(0o755)
    with pytest.raises(RuntimeError, match="broken"), Bed(three_masters(), tmp_path, patience=1):
        pass
    assert bed.places == []


def test_an_ordinary_user_can_have_a_bed(every_etcd: Path) -> None:
    user = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", "sh", "-c", 'exec "$0" "$@"']
    process, pids = begin("end", every_etcd, *(user if os.geteuid() == 0 else []), python=interpreter())
    with process:
        assert process.wait(30) == 0
    time.sleep(0.1)
    assert all_gone(pids)
