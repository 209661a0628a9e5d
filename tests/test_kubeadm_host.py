"""A host for a real kubelet, without one: its service manager, its cgroups, and that nothing of it is left."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from etcd_renumber.errors import Refused
from etcd_renumber.rehearsal.kubeadm import places
from etcd_renumber.rehearsal.kubeadm.machine import Machine
from etcd_renumber.rehearsal.testbed.host_spec import HostSpec

from tests.conftest import ROOT

UNIT = """[Service]
ExecStart=/usr/bin/sleep $SECONDS_TO_SLEEP
Environment="SECONDS_TO_SLEEP=1001"
EnvironmentFile=-/etc/default/job
Restart=always
RestartSec=1
"""
HOLD = """
import os, sys, time
from etcd_renumber.rehearsal.kubeadm import places
wire = places.wire()
host = places.machine(wire, "held", [])
print(os.getpid(), host.pid, flush=True)
time.sleep(60)
"""

try:
    places.may()
except Refused as refused:
    pytest.skip(str(refused), allow_module_level=True)


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    wire = places.wire()
    machine = Machine(HostSpec("host"), places.machine(wire, "host", []), tmp_path_factory.mktemp("etcd"))
    try:
        yield machine
    finally:
        machine.place.close()
        wire.close()
    assert not is_there(os.getpid())


@pytest.fixture
def job(host: Machine) -> Iterator[Machine]:
    host.write_text("/etc/systemd/system/job.service", UNIT)
    host.must(["systemctl", "daemon-reload"])
    yield host
    host.must(["systemctl", "stop", "job"])
    host.run(["rm", "-rf", "/etc/systemd/system/job.service.d", "/etc/default/job", "/run/units/job"])


def is_there(pid: int) -> bool:
    return places.group(pid) in places.groups()


def arguments(host: Machine) -> str:
    return host.must(["ps", "-o", "args=", "-p", host.unit("job")["MainPID"]]).strip()


def test_show_says_what_kubelets_unit_would(job: Machine) -> None:
    assert job.must(["systemctl", "show", "-p", "LoadState,ActiveState", "--value", "job"]) == "loaded\ninactive\n"
    job.must(["systemctl", "start", "job"])
    said = job.unit("job.service")
    assert (said["LoadState"], said["ActiveState"], said["SubState"], said["NRestarts"]) == (
        "loaded",
        "active",
        "running",
        "0",
    )
    assert job.must(["systemctl", "is-active", "job"]) == "active\n"
    job.must(["systemctl", "stop", "job"])
    assert job.run(["systemctl", "is-active", "job"]).exit == 3
    assert job.must(["systemctl", "show", "-p", "MainPID", "job"]) == "MainPID=0\n"


def test_a_unit_that_is_not_there_is_not_found(host: Machine) -> None:
    assert host.unit("nothing")["LoadState"] == "not-found"
    ran = host.run(["systemctl", "start", "nothing"])
    assert (ran.exit, "not found" in ran.err) == (5, True)


def test_an_environment_file_is_read_at_each_start(job: Machine) -> None:
    job.must(["systemctl", "start", "job"])
    assert arguments(job) == "/usr/bin/sleep 1001"
    job.write_text("/etc/default/job", 'SECONDS_TO_SLEEP="1002 1"\n')
    job.must(["systemctl", "restart", "job"])
    assert arguments(job) == "/usr/bin/sleep 1002 1"


def test_a_drop_in_counts_after_daemon_reload_and_not_before(job: Machine) -> None:
    job.must(["systemctl", "start", "job"])
    job.write_text(
        "/etc/systemd/system/job.service.d/10-other.conf", "[Service]\nExecStart=\nExecStart=/usr/bin/sleep 7\n"
    )
    job.must(["systemctl", "restart", "job"])
    assert (arguments(job), job.unit("job")["NeedDaemonReload"]) == ("/usr/bin/sleep 1001", "yes")
    job.must(["systemctl", "daemon-reload"])
    job.must(["systemctl", "restart", "job"])
    assert (arguments(job), job.unit("job")["NeedDaemonReload"]) == ("/usr/bin/sleep 7", "no")


def test_a_unit_that_ends_is_started_again_and_one_that_is_stopped_is_not(job: Machine) -> None:
    job.must(["systemctl", "start", "job"])
    job.must(["kill", job.unit("job")["MainPID"]])
    job.wait_for(lambda: job.unit("job")["SubState"] == "auto-restart", 2, "waits for its restart")
    job.wait_for(lambda: job.unit("job")["NRestarts"] == "1" and job.unit("job")["SubState"] == "running", 5, "again")
    job.must(["kill", job.unit("job")["MainPID"]])
    job.wait_for(lambda: job.unit("job")["SubState"] == "auto-restart", 2, "waits for its restart")
    job.must(["systemctl", "stop", "job"])
    time.sleep(1.5)
    assert job.unit("job")["ActiveState"] == "inactive"


def test_what_a_unit_prints_is_its_journal(host: Machine) -> None:
    host.write_text("/etc/systemd/system/talk.service", "[Service]\nExecStart=/usr/bin/seq 1 5\n")
    host.must(["systemctl", "start", "talk"])
    host.wait_for(lambda: host.unit("talk")["ActiveState"] == "inactive", 5, "has ended")
    assert host.must(["journalctl", "-u", "talk", "-n", "2", "--no-pager", "-o", "cat"]) == "4\n5\n"


def test_a_unit_is_in_the_hosts_cgroup_whoever_started_it(job: Machine) -> None:
    job.must(["systemctl", "start", "job"])
    pid = int(job.unit("job")["MainPID"])
    outside = next(p for p in job.processes("sleep") if f"\t{pid}\n" in Path(f"/proc/{p}/status").read_text())
    assert f"{places.group()}/host" in Path(f"/proc/{outside}/cgroup").read_text()


def test_after_a_loss_of_power_units_start_as_they_are_enabled_and_temporary_files_are_gone(job: Machine) -> None:
    job.must(["systemctl", "start", "job"])
    job.write_text("/run/something", "")
    job.down()
    assert job.processes("sleep") == [] and not job.path("/run/something").exists()
    assert job.run(["systemctl", "is-active", "job"]).exit == 3
    for unit in ("containerd", "kubelet"):
        job.write_text(f"/etc/systemd/system/{unit}.service", "[Service]\nExecStart=/usr/bin/sleep 1003\n")
    job.up()
    assert len(job.processes("sleep")) == 2


def test_after_a_kill_of_the_holder_no_process_and_no_cgroup_folder_is_left() -> None:
    env = os.environ | {"PYTHONPATH": str(ROOT / "generator")}
    with subprocess.Popen([sys.executable, "-c", HOLD], stdout=subprocess.PIPE, text=True, env=env) as holder:
        assert holder.stdout
        pid, first = map(int, holder.stdout.readline().split())
        assert is_there(pid) and Path(f"/proc/{first}").exists()
        holder.kill()
    deadline = time.monotonic() + 10
    while (is_there(pid) or Path(f"/proc/{first}").exists()) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not is_there(pid) and not Path(f"/proc/{first}").exists()


def test_the_next_cluster_removes_the_folders_of_one_that_is_gone_and_no_others() -> None:
    gone = subprocess.Popen(["true"])
    gone.wait()
    with subprocess.Popen(["sleep", "30"]) as there:
        for pid in (gone.pid, there.pid):
            subprocess.run(["bash", str(places.HERE / "group.sh"), "in", f"{places.group(pid)}/x", "true"], check=True)
        places.sweep()
        left = is_there(gone.pid), is_there(there.pid)
        subprocess.run(["bash", str(places.HERE / "group.sh"), "remove", places.group(there.pid)], check=True)
        there.kill()
    assert left == (False, True) and not is_there(there.pid)
