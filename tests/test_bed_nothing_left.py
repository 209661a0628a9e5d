"""Nothing is left of a bed, however the process that made it ended, and whoever it belonged to."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest
from etcd_renumber.errors import Refused
from etcd_renumber.rehearsal.testbed.namespaces import gone
from etcd_renumber.rehearsal.testbed.testbed import Bed

from tests.conftest import three_masters
from tests.ordinary import WHOEVER_TESTS, User, ordinary_user

PROGRAM = """
import os, sys, time
from pathlib import Path
sys.path.insert(0, {root!r})
from tests.conftest import three_masters
from etcd_renumber.errors import Refused
from etcd_renumber.rehearsal.testbed.testbed import Bed
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


def begin(how: str, minor: str, user: User) -> tuple[subprocess.Popen[str], list[int]]:
    """The program above, begun; the processes that it says it has."""
    words = user.command(PROGRAM.format(root=str(user.root), etcd=str(user.etcd(minor)), how=how))
    process = subprocess.Popen(words, stdout=subprocess.PIPE, env=user.environment, text=True)
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
    process, pids = begin(how, etcd35.name, WHOEVER_TESTS)
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
    process, pids = begin("end", every_etcd.name, ordinary_user())
    with process:
        assert process.wait(30) == 0
    time.sleep(0.1)
    assert all_gone(pids)
