"""`rehearse --control-plane` of an etcd on hosts of its own: the replica has both kinds of hosts, each with its own flags."""

from __future__ import annotations

from pathlib import Path

import pytest
from etcd_renumber.errors import Refused
from etcd_renumber.rehearsal.control_plane.against import against
from etcd_renumber.rehearsal.control_plane.flags import Known, kept
from etcd_renumber.rehearsal.control_plane.wanted import (
    endpoint,
    images_of,
    members,
    nodes,
    refuse_what_cannot_be,
    version_of,
)

from tests.external import external

SEVERAL = "--endpoint none: without an endpoint kubeadm cannot join a second host, and there are 2"
MEMBERS = ["etcd1", "etcd2", "etcd3"]


def test_apiservers_are_the_nodes_and_keep_their_addresses(tmp_path: Path) -> None:
    change = external(tmp_path).change
    refuse_what_cannot_be(change)
    assert [node.name for node in members(change)] == MEMBERS
    assert [(n.name, str(n.old), str(n.new)) for n in nodes(change)] == [
        ("master1", "192.168.100.30", "192.168.100.30"),
        ("master2", "192.168.100.31", "192.168.100.31"),
    ]
    assert len(images_of(change)) == 2 and version_of(change)[0] == "1.24.17"


def test_no_balancer_can_have_the_name_of_either_kind(tmp_path: Path) -> None:
    change = external(tmp_path).change
    for name in ("etcd2", "master2"):
        with pytest.raises(Refused, match=f"--endpoint {name}:6443: a balancer"):
            endpoint(f"{name}:6443", change)
    with pytest.raises(Refused, match=SEVERAL):
        endpoint("none", change)
    assert endpoint("none", external(tmp_path / "one", masters=1).change) == {"endpoint": "none"}


def test_flags_are_those_of_the_hosts_that_run_each_component(tmp_path: Path) -> None:
    change = external(tmp_path).change
    every = Known(frozenset({"enable-admission-plugins", "kubelet-preferred-address-types"}), "NodeRestriction")
    arguments, left = kept(change, {"etcd": every, "kube-apiserver": every}, "3.5")
    assert set(arguments["kube-apiserver"]) == every.flags and set(arguments["etcd"]) == {"snapshot-count"}
    assert left == []


def test_the_folders_own_bytes_cannot_run_and_what_is_missing_is_said(tmp_path: Path) -> None:
    change = external(tmp_path).change
    assert against(change, "1.20.9", images_of(change), {}, "3.4") == [
        "etcd has hosts of its own: of those that call it, the facts have the manifest of kube-apiserver alone",
        "etcd 3.4 is not the minor version of k8s.gcr.io/etcd:mirrored",
    ]


def test_without_any_apiserver_there_is_no_control_plane_to_rehearse(tmp_path: Path) -> None:
    with pytest.raises(Refused) as refused:
        refuse_what_cannot_be(external(tmp_path, masters=0).change)
    assert [p.fact for p in refused.value.problems] == [
        f"no manifest of {name} runs kube-apiserver" for name in MEMBERS
    ]
