"""Workers whose kubelet calls a master by its old address: they follow it before that address goes, and back."""

from __future__ import annotations

from pathlib import Path

import pytest
from etcd_renumber.rehearsal.replica import commands

from tests.rig import ca_pem
from tests.scenario import Scenario, hosts, scenario
from tests.workers import CONF, WithWorkers, at, worker

OLD, NEW = "192.168.100.10", "192.168.110.10"
DRAFTS = ["find", "/etc/kubernetes", "-name", ".*.etcd-renumber"]


def one_master(tmp: Path, *names: str, **mapping: object) -> Scenario:
    return scenario(tmp, hosts(1), ca_pem(), workers=[{"name": name} for name in names or ("worker1",)], **mapping)


def test_a_worker_follows_its_master_and_goes_back_with_it(tmp_path: Path) -> None:
    with WithWorkers(one_master(tmp_path), "3.5", [worker("worker1", at(OLD))], wide=True) as rig:
        host = rig["worker1"]
        before, pods = host.read_text(CONF), rig.pod("worker1")
        rig.follow_the_order(until="worker1 move")
        rig.restart_kubelet("worker1")
        assert rig.calls_now("worker1") == {OLD} and len(pods) == 1
        assert f"kubelet.conf calls {OLD} port 6443: the OLD address of master1" in rig.status("worker1")
        rig.verify("worker1", "move", expect=1)
        ran = rig.apply("worker1", "move")
        assert f"ok: kubelet (pid {host.must(['systemctl', 'show', '-P', 'MainPID', 'kubelet']).strip()})" in ran.text
        assert host.read_text(CONF) == before.replace(OLD, NEW) and rig.calls_now("worker1") == {NEW}
        assert host.path(CONF).stat().st_mode & 0o777 == 0o600 and host.must(DRAFTS) == ""
        assert host.read_text(f"{rig.made.state}/backup/host-files{CONF}") == before
        assert f"/etc/kubernetes/manifests/nginx-proxy.yaml:13: {OLD}" in ran.text, "listed, not changed"
        again = rig.apply("worker1", "move")
        assert commands(again) == [] and "done, 0 commands carried out" in again.text
        rig.verify("worker1")
        rig.undo("worker1", "move")
        assert host.read_text(CONF) == before and rig.calls_now("worker1") == {OLD}
        assert commands(rig.undo("worker1", "move")) == []
        rig.apply("worker1", "move")
        rig.follow_the_order(start="master1 remove")
        rig.undo("worker1", "move", expect=3)
        rig.verify("worker1", "move")
        assert rig.pod("worker1") == pods


FEW = (6, 8)  # before kubelet is stopped for the file, and between the file and kubelet's start
EACH = pytest.param(tuple(range(20)), marks=pytest.mark.chaos, id="each")


@pytest.mark.parametrize("points", [pytest.param(FEW, id="few"), EACH])
def test_killed_before_a_command_and_run_again_it_comes_to_the_same_end(
    tmp_path: Path, points: tuple[int, ...]
) -> None:
    with WithWorkers(one_master(tmp_path), "3.5", [worker("worker1", at(OLD))], wide=True) as rig:
        rig.follow_the_order(until="worker1 move")
        rig.restart_kubelet("worker1")
        for after in points:
            ran = rig.killed_worker("worker1", "apply", after)
            if ran.exit == 0:
                break
            assert ran.exit == 137 and len(commands(ran)) == after + 1, ran.text
            if any("systemctl stop" in c for c in commands(ran)[:-1]) and "rm -f" not in commands(ran)[-1]:
                assert "in between: kubelet is stopped" in rig.status("worker1")
            if after % 2 == 0:
                rig.apply("worker1", "move")
            rig.undo("worker1", "move")
            assert f"https://{OLD}:6443" in rig["worker1"].read_text(CONF) and rig.calls_now("worker1") == {OLD}
            assert rig["worker1"].must(DRAFTS) == ""
        assert after > 6
        rig.apply("worker1", "move")


def test_it_waits_for_its_master_and_says_so(tmp_path: Path) -> None:
    with WithWorkers(one_master(tmp_path), "3.5", [worker("worker1", at(OLD))], wide=True) as rig:
        text = rig.apply("worker1", "preflight").text
        assert f"kube-apiserver of master1 answers this worker on {OLD}" in text
        assert f"kube-apiserver of master1 does not answer this worker on {NEW} now" in text
        ran = rig.apply("worker1", "move", expect=3)
        assert f"kube-apiserver of master1 does not answer this worker on {NEW}: " in ran.text and commands(ran) == []
        assert f"https://{OLD}:6443" in rig["worker1"].read_text(CONF)


@pytest.mark.parametrize("calls", ["api.example:6443", "127.0.0.1:6443", "192.168.100.101:6443"])
def test_where_kubelet_calls_something_else_there_is_nothing_to_do(tmp_path: Path, calls: str) -> None:
    with WithWorkers(one_master(tmp_path), "3.5", [worker("worker1", calls)], wide=True) as rig:
        before = rig["worker1"].read_text(CONF)
        for ran in (rig.apply("worker1", "preflight"), rig.apply("worker1", "move"), rig.verify("worker1", "move")):
            assert f"nothing to do, kubelet.conf on this worker calls {calls.replace(':', ' port ')}" in ran.text
            assert commands(ran) == []
        assert "nothing to undo" in rig.undo("worker1", "move").text
        assert rig["worker1"].read_text(CONF) == before


def test_a_host_that_is_not_in_the_mapping_and_one_that_calls_another_master_are_refused(tmp_path: Path) -> None:
    made = scenario(
        tmp_path, hosts(2), ca_pem(), workers=[{"name": "worker1"}, {"name": "worker2", "calls": "master2"}]
    )
    there = [worker("worker1", at("192.168.100.11")), worker("stranger", at(OLD), 51)]
    with WithWorkers(made, "3.5", there, wide=True) as rig:
        ran = rig.apply("worker1", "preflight", expect=4)
        assert "calls the old address of master2, and by the mapping worker1 calls master1" in ran.text
        ran = rig.apply("stranger", "move", expect=4)
        assert "the Node of this host is stranger, the workers are worker1 worker2" in ran.text


def test_a_kubelet_that_does_not_stay_up_is_taken_back(tmp_path: Path) -> None:
    with WithWorkers(one_master(tmp_path), "3.5", [worker("worker1", at(OLD))], wide=True) as rig:
        rig.follow_the_order(until="worker1 move")
        rig["worker1"].write_text("/etc/default/kubelet", "KUBELET_EXTRA_ARGS=--no-such-flag\n")
        ran = rig.apply("worker1", "move", expect=5)
        assert "unknown flag" in ran.text and "GOING BACK" in ran.text
        assert f"https://{OLD}:6443" in rig["worker1"].read_text(CONF)
        rig["worker1"].write_text("/etc/default/kubelet", "KUBELET_EXTRA_ARGS=\n")
        rig.apply("worker1", "move")


@pytest.mark.parametrize("method", ["bridge", "restore"])
def test_it_follows_in_the_other_methods_too(tmp_path: Path, method: str) -> None:
    """Its master has lost its old address already, or loses it while the API is away."""
    made = one_master(tmp_path, version="3.5", method=method)
    with WithWorkers(made, "3.5", [worker("worker1", at(OLD))], wide=True) as rig:
        if method == "bridge":
            rig.everybody_crashes()
        rig.follow_the_order()
        assert f"https://{NEW}:6443" in rig["worker1"].read_text(CONF) and rig.calls_now("worker1") == {NEW}
        rig.verify("worker1", "move")
        rig.undo("worker1", "move", expect=3)
