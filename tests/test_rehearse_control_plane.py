"""`rehearse --control-plane` as a whole, on a real control plane."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from etcd_renumber.records.run import last_rehearsal

from tests.ordinary import WHOEVER_TESTS
from tests.test_rehearse import EXAMPLE, machine

# --- the whole of it ---


@pytest.mark.real
def test_the_example_passes_on_a_real_control_plane(tmp_path: Path) -> None:
    folder = tmp_path / "three-masters"
    shutil.copytree(EXAMPLE, folder, ignore=shutil.ignore_patterns("rehearsal", "evidence"))
    before = machine()
    argv = WHOEVER_TESTS.command(
        "from etcd_renumber.cli.main import main; main()", "rehearse", str(folder), "--control-plane"
    )
    ran = subprocess.run(argv, capture_output=True, text=True, env=WHOEVER_TESTS.environment, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert machine() == before
    run = last_rehearsal(folder)
    assert run and run.passed and run.control_plane and run.load
    assert run.control_plane.kubernetes == "1.24.17" and not run.control_plane.own_bytes
    assert run.control_plane.lost_count == run.load.lost_count == 0
    assert [h.internal_ip for h in run.control_plane.hosts] == [f"192.168.110.{10 + n}" for n in range(3)]
    assert all(lease.at_the_end for lease in run.control_plane.leases)
    assert all(d.exit == 0 for d in run.lines)
