"""The kubelet stand-in does what a real one was seen to do, and when."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path

import pytest
from etcd_renumber.rehearsal.testbed import kubelet
from etcd_renumber.rehearsal.testbed.host import Host
from etcd_renumber.rehearsal.testbed.testbed import Bed

from tests.conftest import three_masters

MANIFESTS = "/etc/kubernetes/manifests"
SCHEDULER = f"{MANIFESTS}/kube-scheduler.yaml"


@pytest.fixture(scope="module")
def host(etcd35: Path) -> Iterator[Host]:
    """One member with a scheduler beside it, whose placeholder is what most of these tests look at."""
    spec = three_masters()[0]
    kept = {n: t for n, t in spec.manifests.items() if n in ("etcd.yaml", "kube-scheduler.yaml")}
    with Bed([replace(spec, manifests=kept)], etcd35) as bed:
        bed.wait_healthy()
        yield bed["master1"]


@contextmanager
def listening(host: Host, port: int = 6443) -> Iterator[None]:
    """Somebody takes connections on that port of the host: all that kubelet's stand-in asks of an API."""
    words = "import socket, time; s = socket.create_server(('', int(__import__('sys').argv[1]))); time.sleep(1000)"
    with subprocess.Popen([*host.place.enter("net"), sys.executable, "-c", words, str(port)]) as process:
        try:
            host.wait_for(lambda: f":{port} " in host.must(["ss", "-Hltn"]), 5, "the port is open")
            yield
        finally:
            process.kill()


def pid(host: Host, seconds: float = 3, but: int = 0) -> int:
    """The scheduler's process, once there is exactly one that is not `but`."""
    host.wait_for(lambda: [p for p in host.processes("kube-scheduler") if p != but] != [], seconds, "a scheduler")
    return next(p for p in host.processes("kube-scheduler") if p != but)


def test_a_manifest_out_and_in_again_ends_and_starts_its_process_at_once(host: Host) -> None:
    pid(host)
    host.must(["mv", SCHEDULER, "/root/aside.yaml"])
    host.wait_for(lambda: host.processes("kube-scheduler") == [], 1, "the scheduler gone")
    time.sleep(2)
    assert host.processes("kube-scheduler") == []
    host.must(["mv", "/root/aside.yaml", SCHEDULER])
    assert pid(host, 1.5)


def test_a_killed_process_comes_back_and_then_more_and_more_slowly(host: Host) -> None:
    first = pid(host)
    os.kill(first, signal.SIGKILL)
    second = pid(host, 2, but=first)
    os.kill(second, signal.SIGKILL)
    time.sleep(2)
    assert host.processes("kube-scheduler") == []
    host.must(["mv", SCHEDULER, "/root/aside.yaml"])
    time.sleep(0.5)
    host.must(["mv", "/root/aside.yaml", SCHEDULER])
    pid(host, 2)


def test_an_edit_in_place_stops_at_once_and_starts_after_twelve_seconds(host: Host) -> None:
    before, text = pid(host), host.read_text(SCHEDULER)
    host.write_text(SCHEDULER, text.replace("--leader-elect=true", "--leader-elect=false"))
    began = time.monotonic()
    after = pid(host, 14, but=before)
    assert kubelet.EDITED - 0.5 < time.monotonic() - began < kubelet.EDITED + 1.5
    assert b"--leader-elect=false\0" in Path(f"/proc/{after}/cmdline").read_bytes()


def test_dot_files_and_half_a_manifest_are_no_pods(host: Host) -> None:
    before = pid(host)
    host.must(["cp", SCHEDULER, f"{MANIFESTS}/.kube-scheduler.yaml"])
    host.path(f"{MANIFESTS}/half.yaml").write_text("apiVersion: v1\nmetadata: {na")
    time.sleep(0.5)
    assert host.processes("kube-scheduler") == [before]
    host.must(["rm", f"{MANIFESTS}/half.yaml", f"{MANIFESTS}/.kube-scheduler.yaml"])


def test_pods_outlive_kubelet_and_are_taken_over(host: Host) -> None:
    scheduler, etcd = pid(host), host.etcd_pid()
    host.stop_kubelet()
    assert host.processes("kubelet") == []
    assert (pid(host), host.etcd_pid()) == (scheduler, etcd)
    os.kill(scheduler, signal.SIGKILL)
    time.sleep(1)
    assert host.processes("kube-scheduler") == []
    host.start_kubelet()
    assert pid(host, 3) != scheduler
    assert host.etcd_pid() == etcd


@pytest.mark.parametrize("api", [False, True])
def test_the_first_pod_comes_later_where_an_api_answers(host: Host, api: bool) -> None:
    pid(host)
    host.stop_kubelet()
    for there in host.processes("kube-scheduler"):
        os.kill(there, signal.SIGTERM)
    with listening(host) if api else nullcontext():
        began = time.monotonic()
        host.start_kubelet()
        pid(host, 4)
        took = time.monotonic() - began
    least = kubelet.FIRST_POD_API if api else kubelet.FIRST_POD
    assert least <= took < least + 2
    assert host.kubelet_log().splitlines()[-1].endswith(f"first static pod after {least:g} s")


def test_a_process_of_an_older_manifest_runs_beside_the_new_one_until_the_api_answers(host: Host) -> None:
    before, text = pid(host), host.read_text(SCHEDULER)
    host.stop_kubelet()
    host.write_text(SCHEDULER, text + "# changed\n", 0o600)
    host.start_kubelet()
    after = pid(host, 4, but=before)
    time.sleep(2)
    assert host.processes("kube-scheduler") == sorted([before, after])
    with listening(host):
        host.wait_for(lambda: host.processes("kube-scheduler") == [after], 5, "the older one gone")


def test_a_second_file_of_the_same_pod_replaces_it(host: Host) -> None:
    before = pid(host)
    host.must(["cp", SCHEDULER, f"{SCHEDULER}.bak"])
    after = pid(host, 3, but=before)
    host.wait_for(lambda: host.processes("kube-scheduler") == [after], 3, "one scheduler")
    host.must(["rm", f"{SCHEDULER}.bak"])
    host.wait_for(lambda: host.processes("kube-scheduler") == [], 2, "the scheduler gone")
    time.sleep(1)
    assert host.processes("kube-scheduler") == []


def test_a_host_that_lost_its_power_comes_back_with_its_data(host: Host) -> None:
    assert host.etcdctl("put", "key", "value").exit == 0
    host.down()
    assert [host.processes(n) for n in ("etcd", "kubelet", "kube-scheduler")] == [[], [], []]
    host.up()
    host.wait_for(host.healthy, 20, "healthy")
    assert host.etcdctl("get", "key").out == "key\nvalue\n"
