"""Which addresses of the Node and of its static pods hold up a change: the one that goes, and none that was never either."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.pki import TEMPLATES

PARTS = ("runbook/lib/api.sh", "runbook/lib/kubernetes.sh")
VALUES = """set -o errexit -o nounset -o pipefail
STATE=/nowhere PHASE=move MODE=apply PODS=(kube-system/pods/etcd)
"""
ASK = """
node=master1
kubelet_argument() { case $1 in node-ip) printf '%s' "$NODE_IP" ;; cloud-provider) printf '%s' "$CLOUD" ;; esac; }
api_get() { api_status=200 api_body=$BODY; }
miss_node_address NEW OLD
printf 'node: %s|%s|%s\\n' "$kubernetes_why" "$stale_address" "${elsewhere[*]-}"
kubernetes_why='' stale_address='' elsewhere=()
miss_pod_address 0 NEW OLD
printf 'pod: %s|%s|%s\\n' "$kubernetes_why" "$stale_address" "${elsewhere[*]-}"
"""
NODE = '{"status":{"addresses":[{"type":"InternalIP","address":"%s"},{"type":"Hostname","address":"master1"}],"podIP":"%s"}}'
OLD_NODE = "the Node master1 does not have NEW as its address"
OLD_POD = "the pod etcd-master1 has the address OLD, not NEW"


def asked(folder: Path, address: str, node_ip: str = "NEW", cloud: str = "") -> list[list[str]]:
    """Of the Node, then of the pod: what is missing, what is stale, what has neither address."""
    text = "\n".join([VALUES, *((TEMPLATES / part).read_text() for part in PARTS), ASK])
    (folder / "ask.sh").write_text(text)
    body = (
        NODE % (address, address) if address else '{"status":{"addresses":[{"type":"Hostname","address":"master1"}]}}'
    )
    env = {"PATH": "/usr/bin:/bin", "BODY": body, "NODE_IP": node_ip, "CLOUD": cloud}
    ran = subprocess.run(["bash", str(folder / "ask.sh")], capture_output=True, text=True, timeout=30, env=env)
    assert ran.returncode == 0 and ran.stderr == "", ran.stderr
    return [line.partition(": ")[2].split("|") for line in ran.stdout.splitlines()]


def test_the_new_address_is_what_is_wanted(tmp_path: Path) -> None:
    assert asked(tmp_path, "NEW") == [["", "", ""], ["", "", ""]]


def test_the_old_address_is_waited_for(tmp_path: Path) -> None:
    assert asked(tmp_path, "OLD") == [[OLD_NODE, OLD_NODE, ""], [OLD_POD, OLD_POD, ""]]


def test_an_address_that_is_not_there_yet_is_waited_for(tmp_path: Path) -> None:
    none = "the pod etcd-master1 has the address none yet, not NEW"
    assert asked(tmp_path, "") == [[OLD_NODE, OLD_NODE, ""], [none, none, ""]]


def test_an_address_of_another_network_is_said_and_holds_nothing_up(tmp_path: Path) -> None:
    assert asked(tmp_path, "10.1.1.1") == [
        ["", "", "the Node master1 has neither NEW nor OLD as its address"],
        ["", "", "the pod etcd-master1 has the address 10.1.1.1, neither NEW nor OLD"],
    ]


@pytest.mark.parametrize("address", ["OLD", "10.1.1.1"])
def test_without_node_ip_release_asks(tmp_path: Path, address: str) -> None:
    assert asked(tmp_path, address, node_ip="") == [["", "", ""], ["", "", ""]]


def test_a_cloud_provider_gives_the_nodes_address(tmp_path: Path) -> None:
    assert asked(tmp_path, "OLD", cloud="external")[0] == ["", "", ""]
