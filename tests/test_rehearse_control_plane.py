"""`rehearse --control-plane` as a whole, on a real control plane."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from etcd_renumber.records.run import last_rehearsal

from tests.external import external
from tests.ordinary import WHOEVER_TESTS
from tests.scenario import hosts, scenario
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


@pytest.mark.real
def test_a_worker_without_an_endpoint_follows_and_certificates_are_narrowed(tmp_path: Path) -> None:
    """Everything that a mapping can ask for, on one host and one worker; nothing names an old address at the end."""
    made = scenario(tmp_path, hosts(1), workers=[{"name": "worker1"}], certificates="narrow", objects="kubeadm")
    words = ("rehearse", str(made.folder), "--control-plane", "--endpoint", "none")
    argv = WHOEVER_TESTS.command("from etcd_renumber.cli.main import main; main()", *words)
    ran = subprocess.run(argv, capture_output=True, text=True, env=WHOEVER_TESTS.environment, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    run = last_rehearsal(made.folder)
    assert run and run.passed and run.control_plane and run.control_plane.lost_count == 0
    assert [(d.host, d.exit) for d in run.lines if d.what == "narrow"] == [("master1", 0)]
    assert [(d.what, d.exit) for d in run.lines if d.host == "worker1"] == [("preflight", 0), ("move", 0)]
    assert [lease.at_the_end for lease in run.control_plane.leases if lease.name == "worker1"] == [True]
    assert run.control_plane.left == ()


@pytest.mark.real
def test_an_etcd_on_hosts_of_its_own_has_both_kinds_of_hosts_there(tmp_path: Path) -> None:
    """Members and apiservers are different hosts; only the members move, and their certificates and kubeadm-config name OLD."""
    folder = external(tmp_path).folder
    words = ("rehearse", str(folder), "--control-plane", "--fail", "etcd2:move:4")
    argv = WHOEVER_TESTS.command("from etcd_renumber.cli.main import main; main()", *words)
    ran = subprocess.run(argv, capture_output=True, text=True, env=WHOEVER_TESTS.environment, check=False)
    print(ran.stdout, (folder / "rehearsal" / "REPORT.md").read_text(), sep="\n")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    run = last_rehearsal(folder)
    assert run and run.passed and run.control_plane and run.load
    assert run.control_plane.lost_count == run.load.lost_count == 0
    assert [h.name for h in run.control_plane.hosts] == ["etcd1", "etcd2", "etcd3", "master1", "master2"]
    assert [h.runs for h in run.control_plane.hosts] == [("etcd",)] * 3 + [("api",)] * 2
    assert all(bool(h.etcd) == ("etcd" in h.runs) and bool(h.api) == ("api" in h.runs) for h in run.control_plane.hosts)
    assert {d.host for d in run.lines if d.what in ("widen", "switch")} == {"master1", "master2"}
    left = [text for text in run.control_plane.left if ": certificate " not in text]
    assert left == ["ConfigMap kube-system/kubeadm-config"]
