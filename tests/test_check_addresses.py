"""What check() says of addresses that are swapped, that listen everywhere, that have moved, that stay or that are virtual."""

from __future__ import annotations

import shutil
from pathlib import Path

from etcd_renumber.checks.cluster import check
from etcd_renumber.inputs.mapping import load

from tests.checked_example import ETCD, EXAMPLE, MAPPING, found


def test_two_members_that_swap_their_addresses_are_told_to_do_it_in_two_changes(tmp_path: Path) -> None:
    problems = found(
        tmp_path, (MAPPING, "192.168.110.10", "192.168.100.11"), (MAPPING, "new: 192.168.110.11", "new: 192.168.100.10")
    )
    assert [(p.severity, p.fact) for p in problems if "swap" in p.fact] == [
        ("error", "master1's new address 192.168.100.11 is master2's old one: a swap"),
        ("error", "master2's new address 192.168.100.10 is master1's old one: a swap"),
    ]
    assert all(
        p.hint.startswith("make two changes: first to addresses that no host has") for p in problems if "swap" in p.fact
    )


def test_wildcard_listeners_pass(tmp_path: Path) -> None:
    assert (
        found(
            tmp_path,
            (
                ETCD,
                "peer-urls=https://192.168.100.10:2380\n    - --name",
                "peer-urls=https://0.0.0.0:2380\n    - --name",
            ),
        )
        == []
    )


def test_a_host_that_moved_last_week_is_a_note_and_rendered_unchanged(tmp_path: Path) -> None:
    problems = found(tmp_path, (ETCD, "192.168.100.10", "192.168.110.10"))
    assert [(p.severity, "has moved already" in p.fact) for p in problems] == [("note", True)]


def test_a_member_that_stays_keeps_its_manifests_and_is_told_what_they_hold(tmp_path: Path) -> None:
    apiserver = "facts/master3/manifests/kube-apiserver.yaml"
    servers = "--etcd-servers=https://127.0.0.1:2379"
    problems = found(
        tmp_path,
        (MAPPING, "new: 192.168.110.12", "stays: true"),
        (apiserver, servers, servers + ",https://192.168.100.10:2379"),
    )
    assert [p.fact for p in problems if p.severity == "warning"] == [
        "master3 keeps its address, but its kube-apiserver.yaml names the old address 192.168.100.10: --etcd-servers"
    ]


def test_a_virtual_address_in_another_static_pod_is_no_new_address(tmp_path: Path) -> None:
    shutil.copytree(EXAMPLE, tmp_path / "e")
    pod = "spec:\n  containers:\n  - name: k\n    command: [kube-vip, --address, 192.168.110.11]\nmetadata: {name: k}\n"
    (tmp_path / "e/facts/master1/manifests/kube-vip.yaml").write_text(pod)
    assert any("a virtual address" in p.fact for p in check(load(tmp_path / "e" / "mapping.yaml")))
