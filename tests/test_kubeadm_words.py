"""What kubeadm, haproxy and /etc/hosts are told for a cluster, as text."""

import os
from dataclasses import replace
from ipaddress import ip_address
from typing import Any

import pytest
import yaml
from etcd_renumber.errors import Refused
from etcd_renumber.rehearsal.kubeadm import configs, files, holder, places
from etcd_renumber.rehearsal.kubeadm.spec import Node, Spec, usual

TODAY, OLDEST = Spec(), Spec(version="1.24.17")


def documents(text: str) -> dict[str, Any]:
    return {d["kind"]: d for d in yaml.safe_load_all(text)}


@pytest.mark.parametrize(
    "spec, version, flags",
    [
        (TODAY, "kubeadm.k8s.io/v1beta4", [{"name": "node-ip", "value": "192.168.100.10"}]),
        (OLDEST, "kubeadm.k8s.io/v1beta3", {"node-ip": "192.168.100.10"}),
    ],
    ids=["today's flags are a list", "1.24 wants a map"],
)
def test_flags_have_the_form_that_the_version_wants(spec: Spec, version: str, flags: object) -> None:
    said = documents(configs.init(spec, "3.7.3-0"))
    assert said["InitConfiguration"]["apiVersion"] == said["ClusterConfiguration"]["apiVersion"] == version
    assert said["InitConfiguration"]["nodeRegistration"]["kubeletExtraArgs"] == flags
    assert ("failCgroupV1" in said["KubeletConfiguration"]) == (spec is TODAY)


@pytest.mark.parametrize(
    "endpoint, wanted, who",
    [
        ("lb", "api.cluster.test:6443", "192.168.100.254"),
        ("dns", "master1.cluster.test:6443", "192.168.100.10"),
        ("none", "", ""),
    ],
)
def test_an_endpoint_has_a_name_and_everybody_knows_it(endpoint: Any, wanted: str, who: str) -> None:
    spec = replace(TODAY, endpoint=endpoint)
    said = documents(configs.init(spec, "3.7.3-0"))["ClusterConfiguration"]
    assert said.get("controlPlaneEndpoint", "") == wanted
    known = files.hosts(spec.known_as())
    assert f"{who} {wanted.partition(':')[0]}\n" in known if who else "cluster.test" not in known
    assert "192.168.100.12 master3\n" in known


def test_without_node_ip_kubelet_is_told_none() -> None:
    spec = replace(TODAY, node_ip=False)
    assert "node-ip" not in configs.init(spec, "3.7.3-0") + configs.join(spec, spec.nodes[1])


def test_a_users_flags_reach_their_component_and_no_other() -> None:
    spec = replace(TODAY, arguments={"etcd": {"quota-backend-bytes": "1"}, "kubelet": {"v": "4"}})
    said = documents(configs.init(spec, "3.7.3-0"))
    assert said["ClusterConfiguration"]["etcd"]["local"]["extraArgs"] == [{"name": "quota-backend-bytes", "value": "1"}]
    assert {"name": "v", "value": "4"} in said["InitConfiguration"]["nodeRegistration"]["kubeletExtraArgs"]
    assert "apiServer" not in said["ClusterConfiguration"]


def test_the_balancer_has_both_addresses_of_every_host_and_its_own_in_each_network() -> None:
    text = files.haproxy(replace(TODAY, joining=usual(4, 4)))
    assert text.count(" check\n") == 8
    for line in (
        "bind 192.168.100.254:6443",
        "bind 192.168.110.254:6443",
        "server master4-new 192.168.110.13:6443 check",
    ):
        assert line in text
    assert "inter 500ms fall 2 rise 1" in text


def test_the_balancers_address_is_nobody_elses() -> None:
    last = Node("a", ip_address("192.0.2.254"), ip_address("198.51.100.1"))
    assert Spec(nodes=(last,)).balancer == ["192.0.2.253/24", "198.51.100.254/24"]


def test_a_cluster_in_a_file_is_the_same_cluster() -> None:
    spec = Spec("1.24.17", usual(1, 1), usual(2, 2), "none", node_ip=False, arguments={"etcd": {"name": "x"}})
    assert holder._spec(holder._words(spec)) == spec


def test_an_ordinary_user_is_told_that_it_takes_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(Refused, match="needs root, this is user 1000"):
        places.may()
