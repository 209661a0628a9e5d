"""`rehearse --control-plane`: which version it takes, and what it refuses before anything is built."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from etcd_renumber.errors import Refused
from etcd_renumber.rehearsal.build_record import Options
from etcd_renumber.rehearsal.control_plane.rehearse import rehearse
from etcd_renumber.rehearsal.control_plane.wanted import (
    choose,
    endpoint,
    refuse_what_cannot_be,
    versions,
    workers,
)
from etcd_renumber.rehearsal.replica_hosts import without_workers

from tests.ordinary import WHOEVER_TESTS
from tests.scenario import Host, Scenario, hosts, manifests, rendered, scenario

EVERY = ("1.37.2", "1.24.17")


def facts(refused: pytest.ExceptionInfo[Refused]) -> list[str]:
    return [p.fact for p in refused.value.problems]


# --- the version ---


@pytest.mark.parametrize(
    ("tags", "version", "why"),
    [
        (["v1.37.0"], "1.37.2", "your minor version, 1.37"),
        (["v1.24.1", "v1.24.17"], "1.24.17", "your minor version, 1.24"),
        (["v1.20.2"], "1.24.17", "yours is 1.20; the nearest version that is built here"),
        (["v1.32.4"], "1.37.2", "yours is 1.32; the nearest version that is built here"),
        (
            ["v1.30.0", "v1.29.9"],
            "1.24.17",
            "yours is 1.29 (hosts differ: 1.29, 1.30); the nearest version that is built here",
        ),
        (
            ["latest"],
            "1.37.2",
            "no image tag of kube-apiserver names a version: the newest version that is built here",
        ),
    ],
)
def test_the_version_is_the_users_minor_or_the_nearest(tags: list[str], version: str, why: str) -> None:
    assert choose([f"registry.k8s.io/kube-apiserver:{tag}" for tag in tags], EVERY) == (version, why)


def test_what_can_be_built_is_what_is_here() -> None:
    assert versions() == EVERY


# --- what is refused ---


ENDPOINTS = {
    "api": "--endpoint api is not NAME:PORT",
    "api:x": "--endpoint api:x is not NAME:PORT",
    "Api.example:6443": "--endpoint Api.example:6443 is not NAME:PORT",
    "api.example:0": "--endpoint api.example:0 is not NAME:PORT",
    "master1:6443": "--endpoint master1:6443: a balancer of the replica gets this name: no host and no address can have it",
    "192.0.2.1:6443": "--endpoint 192.0.2.1:6443: a balancer of the replica gets this name: no host and no address can have it",
    "none": "--endpoint none: without an endpoint kubeadm cannot join a second host, and there are 3",
}


@pytest.mark.parametrize("text", ENDPOINTS)
def test_an_endpoint_that_cannot_be_is_refused(text: str, planned: Scenario) -> None:
    with pytest.raises(Refused) as refused:
        endpoint(text, planned.change)
    assert facts(refused) == [ENDPOINTS[text]]


def test_an_endpoint_is_a_name_of_ours_or_none_of_one_host(planned: Scenario, tmp_path: Path) -> None:
    assert endpoint(None, planned.change) == {"endpoint": "lb"}
    assert endpoint("k8s.example.com:443", planned.change) == {
        "endpoint": "lb",
        "name": "k8s.example.com",
        "port": 443,
    }
    assert endpoint("none", scenario(tmp_path, hosts(1)).change) == {"endpoint": "none"}


def test_two_workers_of_the_mapping_are_there_on_addresses_that_nobody_has(tmp_path: Path) -> None:
    names = ("worker1", "worker2", "worker3")
    change = scenario(tmp_path, hosts(3), workers=[{"name": name} for name in names]).change
    found = workers(change)
    assert [node.name for node in found] == ["worker1", "worker2"]
    addresses = {str(node.old) for node in found}
    assert addresses == {str(node.new) for node in found} == {"192.168.100.253", "192.168.100.254"}
    on = {line.host for line in change.order_with(*(node.name for node in found))}
    assert on & set(names) == {"worker1", "worker2"}
    assert without_workers(change, ["worker1", "worker2"]) == (
        "workers: worker1, worker2; the lines of worker3 were not rehearsed",
    )
    assert without_workers(change) == ("workers: none; the lines of worker1, worker2, worker3 were not rehearsed",)


def test_what_no_control_plane_of_ours_can_show_is_refused_all_at_once(tmp_path: Path) -> None:
    members = [Host("Master_1", "fd00:a::1", "fd00:b::1")]
    of = {"Master_1": {f: t for f, t in manifests(members[0], members).items() if f == "etcd.yaml"}}
    with pytest.raises(Refused) as refused:
        refuse_what_cannot_be(rendered(tmp_path, members, of, method="bridge").change)
    assert facts(refused) == [
        "'Master_1' cannot be the name of a Node: use lower case letters, digits, dot and hyphen only",
        "not supported yet: --control-plane with IPv6 addresses (Master_1)",
        "no manifest of Master_1 runs kube-apiserver",
    ]


def test_options_of_the_other_rehearsal_are_refused(planned: Scenario) -> None:
    with pytest.raises(Refused) as refused:
        rehearse(
            planned.folder,
            Options(etcd="3.5", snapshot=Path("x"), crash=True, control_plane=True),
            lambda p: None,
        )
    assert facts(refused) == [
        "not supported yet: --control-plane with --etcd",
        "not supported yet: --control-plane with --snapshot",
        "--crash is for bridge and restore: rolling needs the quorum that it removes",
    ]


def test_without_root_it_says_why_and_leaves_nothing(planned: Scenario, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(Refused, match="needs root, this is user 1000") as refused:
        rehearse(planned.folder, Options(control_plane=True), lambda p: None)
    assert "mount file systems and make cgroups" in refused.value.problems[0].hint
    assert not (planned.folder / "rehearsal").exists()


def test_an_endpoint_alone_is_wrong_usage(planned: Scenario) -> None:
    argv = WHOEVER_TESTS.command(
        "from etcd_renumber.cli.main import main; main()", "rehearse", str(planned.folder), "--endpoint", "none"
    )
    ran = subprocess.run(argv, capture_output=True, text=True, env=WHOEVER_TESTS.environment, check=False)
    assert ran.returncode == 2 and "--endpoint needs --control-plane" in ran.stderr
