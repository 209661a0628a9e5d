"""URLs in etcd's flags that sound clusters have: what is refused, what is said, and what is nothing."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from etcd_renumber.assets import folder
from etcd_renumber.checks.cluster import check
from etcd_renumber.errors import Refused
from etcd_renumber.inputs.mapping import load
from etcd_renumber.model import Problem
from etcd_renumber.planning.plan import plan
from etcd_renumber.rendering.render import render

EXAMPLE = folder("examples") / "three-masters"
LISTEN = "--listen-client-urls=https://127.0.0.1:2379,https://192.168.100.1"
ADVERTISE = "--advertise-client-urls=https://192.168.100.10:2379"
METRICS = "--listen-metrics-urls=http://127.0.0.1:2381"
INITIAL = "--initial-cluster=master1=https://192.168.100.10:2380"
TOKEN = "    - --snapshot-count=10000\n"
pytestmark = pytest.mark.quick


def changed(tmp: Path, old: str, new: str, hosts: str = "*") -> Path:
    """The mapping of the example with a text exchanged in etcd.yaml of these hosts."""
    shutil.copytree(EXAMPLE, tmp / "e")
    paths = list((tmp / "e/facts").glob(f"{hosts}/manifests/etcd.yaml"))
    assert any(old in p.read_text() for p in paths)
    for path in paths:
        path.write_text(path.read_text().replace(old, new))
    return tmp / "e/mapping.yaml"


def said(mapping: Path) -> list[Problem]:
    """Everything that is found."""
    try:
        return check(load(mapping))
    except Refused as refused:
        return list(refused.problems)


SAID: dict[str, tuple[str, str, str, str]] = {
    "a member that was removed": (
        INITIAL,
        INITIAL + ",gone=https://192.168.100.9:2380",
        "warning",
        "names gone on 192.168.100.9",
    ),
    "a member by name": (
        INITIAL,
        INITIAL + ",gone=https://gone.example:2380",
        "note",
        "names gone=https://gone.example:2380",
    ),
    "a record on loopback": (
        INITIAL,
        "--initial-cluster=master1=https://127.0.0.1:2380",
        "warning",
        "has master1 on 127.0.0.1",
    ),
    "a name for clients": (
        ADVERTISE,
        "--advertise-client-urls=https://m1.example:2379",
        "note",
        "contains a host name",
    ),
    "a name beside the address": (ADVERTISE, ADVERTISE + ",https://m1.example:2379", "note", "contains a host name"),
    "a name in a listener": (LISTEN, LISTEN.replace("127.0.0.1", "m1.example"), "error", "'m1.example' is no address"),
    "a name for metrics": (METRICS, "--listen-metrics-urls=http://m1.example:2381", "warning", "contains a host name"),
    "two ports for others": (LISTEN, LISTEN.replace("127.0.0.1:2379", "192.0.2.1:2383"), "error", "more than one port"),
    "a token on one host": (
        TOKEN,
        TOKEN + "    - --initial-cluster-token=x\n",
        "note",
        "master2 has no --initial-cluster-token",
    ),
    "plain http for others": (LISTEN, LISTEN.replace("https://192", "http://192"), "error", "is not https"),
}


@pytest.mark.parametrize("case", SAID)
def test_it_says_of(case: str, tmp_path: Path) -> None:
    old, new, severity, words = SAID[case]
    found = said(changed(tmp_path, old, new, "master1"))
    assert {p.severity for p in found} == {severity} and words in found[0].fact, found


@pytest.mark.parametrize(
    ("new", "asked"),
    [
        (LISTEN.replace("127.0.0.1:2379", "127.0.0.1:2383"), "192.168.100.10"),
        (LISTEN.replace("127.0.0.1", "localhost"), "192.168.100.10"),
        (LISTEN.replace("https://127.0.0.1:2379", "http://127.0.0.1:2383"), "192.168.100.10"),
        (LISTEN, "127.0.0.1"),
    ],
)
def test_loopback_may_be_on_another_port_by_name_and_without_tls(new: str, asked: str, tmp_path: Path) -> None:
    mapping = changed(tmp_path, LISTEN, new)
    assert said(mapping) == []
    runbook = render(plan(load(mapping)))["hosts/master1/runbook.sh"]
    assert f"readonly OLD_CLIENT={asked}\n" in runbook and "readonly CLIENT_PORT=2379\n" in runbook


@pytest.mark.parametrize(
    ("urls", "new"),
    [
        ("http://192.168.100.10:2381", "http://192.168.110.10:2381"),
        ("http://127.0.0.1:2381,http://192.168.100.10:2381", "http://127.0.0.1:2381,http://192.168.110.10:2381"),
        ("http://0.0.0.0:2381", "http://0.0.0.0:2381"),
    ],
)
def test_metrics_on_the_address_of_the_node_move_with_it(urls: str, new: str, tmp_path: Path) -> None:
    mapping = changed(tmp_path, METRICS, f"--listen-metrics-urls={urls}", "master1")
    assert said(mapping) == []
    manifest = render(plan(load(mapping)))["hosts/master1/manifests/etcd.yaml"]
    assert f"    - --listen-metrics-urls={new}\n" in manifest


def test_a_member_on_loopback_alone_is_one_error_with_the_way_out(tmp_path: Path) -> None:
    found = said(changed(tmp_path, "https://192.168.100.10:", "https://127.0.0.1:", "master1"))
    errors = [p for p in found if p.severity == "error"]
    assert [p.fact for p in errors] == ["etcd of master1 is on loopback alone: it has no address that could change"]
    assert "etcdctl member update" in errors[0].hint
    assert not [p for p in found if "moved already" in p.fact]
