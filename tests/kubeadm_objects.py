"""The objects that kubeadm keeps in the API, before and after, on a real kube-apiserver for a whole test file.

`from tests.kubeadm_objects import made_api, made_server` makes `api` and `server` fixtures there.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.api_server import Api, api_server
from tests.cluster_phase import Member
from tests.scenario import hosts, scenario

VERSIONS = [
    pytest.param("1.37.2", marks=pytest.mark.sample),
    pytest.param("1.24.17", marks=pytest.mark.real),
]
OLD, NEW = (
    ("192.168.100.10", "192.168.100.11", "192.168.100.12"),
    ("192.168.110.10", "192.168.110.11", "192.168.110.12"),
)
V1BETA4 = f"""apiServer:
  certSANs:
  - {OLD[0]}
  - "{OLD[1]}"
  - api.example.org
  extraArgs:
  - name: advertise-address
    value: {OLD[0]}
apiVersion: kubeadm.k8s.io/v1beta4
# master1 is {OLD[0]}, not 192.168.100.101, 1{OLD[0]} or {OLD[0]}.example.org
controlPlaneEndpoint: {OLD[0]}:6443
etcd:
  local:
    dataDir: /var/lib/etcd
    extraArgs:
    - name: listen-metrics-urls
      value: http://127.0.0.1:2381,http://{OLD[1]}:2381
    peerCertSANs:
    - {OLD[2]}
    serverCertSANs:
    - {OLD[2]}
    - {NEW[2]}
kind: ClusterConfiguration
networking:
  podSubnet: 10.244.0.0/16
notes: "a\\\\b C:\\\\new {OLD[1]}"
"""
V1BETA4_NEW = f"""apiServer:
  certSANs:
  - {OLD[0]}
  - {NEW[0]}
  - "{OLD[1]}"
  - "{NEW[1]}"
  - api.example.org
  extraArgs:
  - name: advertise-address
    value: {NEW[0]}
apiVersion: kubeadm.k8s.io/v1beta4
# master1 is {NEW[0]}, not 192.168.100.101, 1{OLD[0]} or {OLD[0]}.example.org
controlPlaneEndpoint: {NEW[0]}:6443
etcd:
  local:
    dataDir: /var/lib/etcd
    extraArgs:
    - name: listen-metrics-urls
      value: http://127.0.0.1:2381,http://{NEW[1]}:2381
    peerCertSANs:
    - {OLD[2]}
    - {NEW[2]}
    serverCertSANs:
    - {OLD[2]}
    - {NEW[2]}
kind: ClusterConfiguration
networking:
  podSubnet: 10.244.0.0/16
notes: "a\\\\b C:\\\\new {NEW[1]}"
"""
STATUS = f"""apiEndpoints:
  master1:
    advertiseAddress: {OLD[0]}
    bindPort: 6443
  master2:
    advertiseAddress: {OLD[1]}
    bindPort: 6443
kind: ClusterStatus
"""
KUBECONFIG = """apiVersion: v1
clusters:
- cluster:
    certificate-authority-data: LS0tLS1CRUdJTg==
    server: https://%s:6443
  name: ""
# another line with 192.168.100.10
kind: Config
"""
OTHER = {"config.conf": f"bindAddress: {OLD[0]}\n"}
CONFIG, INFO, PROXY = ("kube-system", "kubeadm-config"), ("kube-public", "cluster-info"), ("kube-system", "kube-proxy")
BEFORE = [V1BETA4, STATUS, KUBECONFIG % OLD[0], KUBECONFIG % OLD[0]]
AFTER = [
    V1BETA4_NEW,
    STATUS.replace(OLD[0], NEW[0]).replace(OLD[1], NEW[1]),
    KUBECONFIG % NEW[0],
    KUBECONFIG % NEW[0],
]
DAEMONSET = {
    "apiVersion": "apps/v1",
    "kind": "DaemonSet",
    "metadata": {"name": "kube-proxy", "namespace": "kube-system"},
    "spec": {
        "selector": {"matchLabels": {"k8s-app": "kube-proxy"}},
        "template": {
            "metadata": {"labels": {"k8s-app": "kube-proxy"}},
            "spec": {"containers": [{"name": "kube-proxy", "image": "none"}]},
        },
    },
}


@pytest.fixture(scope="module", params=VERSIONS, name="server")
def made_server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    with api_server(tmp_path_factory.mktemp("api"), request.param, NEW[0]) as api:
        yield api


@pytest.fixture(name="api")
def made_api(server: Api) -> Api:
    """What kubeadm has written, with master1 as the endpoint of everybody."""
    server.put(*CONFIG, {"ClusterConfiguration": V1BETA4, "ClusterStatus": STATUS}, labels={"mine": OLD[0]})
    server.put(*INFO, {"kubeconfig": KUBECONFIG % OLD[0], "jws-kubeconfig-abcdef": "x..y"})
    server.put(*PROXY, {"kubeconfig.conf": KUBECONFIG % OLD[0], **OTHER})
    server.forget("kube-system", "kube-proxy", "daemonset")
    server.kubectl("create", "-f", "-", stdin=json.dumps(DAEMONSET))
    return server


def member(tmp_path: Path, api: Api, objects: str = "kubeadm", method: str = "rolling", **more: object) -> Member:
    made = scenario(tmp_path / "made", hosts(3), version="3.5", objects=objects, method=method)
    return Member(made, tmp_path / "host", api, **more).with_kubeconfig()  # type: ignore[arg-type]


def texts(api: Api) -> list[str]:
    """The four, in the order of the phase."""
    config = api.get(*CONFIG)["data"]
    return [
        config["ClusterConfiguration"],
        config["ClusterStatus"],
        api.get(*INFO)["data"]["kubeconfig"],
        api.get(*PROXY)["data"]["kubeconfig.conf"],
    ]
