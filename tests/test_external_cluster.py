"""kubeadm-config where etcd has hosts of its own: the first apiserver sees to it after `switch`, and puts it back."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from etcd_renumber.rehearsal.replica import commands

from tests.external import external
from tests.rig import Rig, ca_pem

KUBECTL, STORE = "/usr/local/sbin/kubectl", "/root/kubeadm-config.json"
RUNBOOK = ["bash", "/root/change/runbook.sh"]
# One ConfigMap in a file, with what an API does of its own: another resourceVersion at each change, and no change of an older one.
STAND_IN = """#!/usr/bin/env bash
set -o errexit -o nounset -o pipefail
version_in() { sed -nE 's/.*"resourceVersion": "([0-9]+)".*/\\1/p' "$1"; }
case " $* " in
  *' get '*' kubeadm-config '*) cat STORE ;;
  *' get '*) ;;
  *' replace -f '*)
    file=${*: -1} now=$(version_in STORE)
    [[ $(version_in "$file") == "$now" ]] || { echo 'Error: the object has been modified' >&2 && exit 1; }
    sed "s/\\"resourceVersion\\": \\"$now\\"/\\"resourceVersion\\": \\"$((now + 1))\\"/" "$file" >STORE
    ;;
  *) exit 1 ;;
esac
""".replace("STORE", STORE)
TEXT = """apiVersion: kubeadm.k8s.io/v1beta4
etcd:
  external:
    caFile: /etc/kubernetes/pki/etcd/ca.crt
    endpoints:
    - https://192.168.100.10:2379
    - https://192.168.100.100:2379
imageRepository: 192.168.100.10:5000
"""
NEW = TEXT.replace("https://192.168.100.10:", "https://192.168.110.10:")


def text(rig: Rig) -> str:
    """ClusterConfiguration as the API has it."""
    found: str = json.loads(rig["master1"].read_text(STORE))["data"]["ClusterConfiguration"]
    return found


def put(rig: Rig, value: str, version: int) -> None:
    meta = {"name": "kubeadm-config", "namespace": "kube-system", "resourceVersion": str(version)}
    made = {"apiVersion": "v1", "data": {"ClusterConfiguration": value}, "kind": "ConfigMap", "metadata": meta}
    rig["master1"].write_text(STORE, json.dumps(made, indent=4) + "\n", 0o600)


def no_administrator_on(rig: Rig) -> None:
    for name in ("admin.conf", "super-admin.conf"):
        rig["master1"].path(f"/etc/kubernetes/{name}").unlink(missing_ok=True)


@contextmanager
def switched(tmp: Path, objects: str) -> Iterator[Rig]:
    """Every line before `cluster` is done; one member, two apiservers."""
    with Rig(external(tmp, ca_pem(), count=1, objects=objects), "3.5", wide=True) as rig:
        rig["master1"].write_text(KUBECTL, STAND_IN, 0o755)
        put(rig, TEXT, 7)
        rig.follow_the_order(until="master1 cluster")
        yield rig


def test_only_endpoints_follow_and_killed_anywhere_it_comes_to_its_end_and_goes_back(tmp_path: Path) -> None:
    with switched(tmp_path, "kubeadm") as rig:
        said = rig["master1"].must([*RUNBOOK, "plan", "cluster"])
        assert "+     - https://192.168.110.10:2379" in said and "- imageRepository" not in said
        assert "what apply cluster would do now on master1" in rig["master1"].must(RUNBOOK)
        assert text(rig) == TEXT
        for after in range(20):
            ran = rig.start_killed("master1", "apply", "cluster", after=after).wait(120)
            if ran.exit == 0:
                break
            assert ran.exit == 137 and text(rig) in (TEXT, NEW), ran.text
            if after % 2:
                rig.undo("master1", "cluster")
                assert text(rig) == TEXT
        assert after > 4 and text(rig) == NEW
        assert commands(rig.apply("master1", "cluster")) == []
        rig.verify("master1", "cluster")
        assert "nothing is left to do on this host" in rig["master1"].must(RUNBOOK)
        rig.undo("master1", "switch")
        assert "first: bash runbook.sh undo cluster" in rig.undo("master1", "widen", expect=3).text
        rig.undo("master1", "cluster")
        assert text(rig) == TEXT and commands(rig.undo("master1", "cluster")) == []
        rig.follow_the_order(start="master1 switch")
        assert text(rig) == NEW


def test_what_somebody_else_has_changed_since_is_not_put_back(tmp_path: Path) -> None:
    with switched(tmp_path, "kubeadm") as rig:
        rig.undo("master1", "switch")
        assert "switch was not carried out on this host" in rig.apply("master1", "cluster", expect=3).text
        assert "is carried out on master1, not on master2" in rig.apply("master2", "cluster", expect=3).text
        rig.follow_the_order(start="master1 switch")
        put(rig, NEW + "clusterName: other\n", 99)
        ran = rig.undo("master1", "cluster", expect=3)
        assert "was changed by somebody else" in ran.text and text(rig).endswith("other\n")


@pytest.mark.parametrize("kubectl", [True, False], ids=["with kubectl", "without"])
def test_a_list_changes_nothing_and_stops_nothing(kubectl: bool, tmp_path: Path) -> None:
    with switched(tmp_path, "list") as rig:
        if not kubectl:
            no_administrator_on(rig)
        said = rig.apply("master1", "cluster").text
        if kubectl:
            assert "YOURS: ConfigMap kube-system/kubeadm-config, ClusterConfiguration names an old address" in said
            assert "  + " in said and "kubectl -n kube-system edit configmap kubeadm-config" in said
        else:
            assert "NOT CHECKED: neither admin.conf nor super-admin.conf is in /etc/kubernetes" in said
        assert text(rig) == TEXT
        rig.follow_the_order(start="master1 cluster")


def test_where_it_is_to_be_replaced_preflight_asks_for_an_administrator(tmp_path: Path) -> None:
    with Rig(external(tmp_path, ca_pem(), count=1, objects="kubeadm"), "3.5", wide=True) as rig:
        no_administrator_on(rig)
        assert "neither admin.conf nor super-admin.conf" in rig.apply("master1", "preflight", expect=3).text
        assert "the phase cluster is carried out on master1 only" in rig.apply("master2", "preflight").text
