"""What kubeadm is told: v1beta4 for today's, v1beta3 for 1.24, which wants flags as a map and not as a list."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import yaml

from etcd_renumber.rehearsal.kubeadm.spec import Node, Spec
from etcd_renumber.rehearsal.testbed.host_spec import url_host

CONFIG = "/root/kubeadm.yaml"  # where a host has what kubeadm is told
TOKEN = "abcdef.0123456789abcdef"
CERTIFICATE_KEY = "0123456789abcdef" * 4
SOCKET = "unix:///run/containerd/containerd.sock"
REPOSITORY = "registry.k8s.io"
COMPONENTS = {
    "apiServer": "kube-apiserver",
    "controllerManager": "kube-controller-manager",
    "scheduler": "kube-scheduler",
}


def init(spec: Spec, etcd_tag: str) -> str:
    """For `kubeadm init` on the first host."""
    first = spec.nodes[0]
    begin = {
        "certificateKey": CERTIFICATE_KEY,
        "bootstrapTokens": [{"token": TOKEN, "ttl": "24h0m0s"}],
        "nodeRegistration": _registration(spec, first),
        "localAPIEndpoint": _api(first),
    }
    return (
        _text(spec, InitConfiguration=begin, ClusterConfiguration=_cluster(spec, etcd_tag))
        + "---\n"
        + yaml.safe_dump(kubelet(spec), sort_keys=False)
    )


def join(spec: Spec, node: Node) -> str:
    """For `kubeadm join` on another one, with `--control-plane` unless it is a worker."""
    first = f"{url_host(str(spec.nodes[0].old))}:6443"
    token = {
        "token": TOKEN,
        "apiServerEndpoint": spec.control_plane_endpoint or first,
        "unsafeSkipCAVerification": True,
    }
    begin: dict[str, Any] = {
        "discovery": {"bootstrapToken": token},
        "nodeRegistration": _registration(spec, node),
    }
    if node not in spec.workers:
        begin["controlPlane"] = {"localAPIEndpoint": _api(node), "certificateKey": CERTIFICATE_KEY}
    return _text(spec, JoinConfiguration=begin)


def member(spec: Spec, node: Node, etcd_tag: str) -> str:
    """For `kubeadm init phase` on a host with etcd alone, as kubeadm's documentation has it: etcd listens on no other address."""
    urls = {n.name: f"https://{url_host(str(n.old))}" for n in spec.etcd_hosts}
    own, address = urls[node.name], str(node.old)
    flags = {
        "initial-cluster": ",".join(f"{name}={url}:2380" for name, url in urls.items()),
        "initial-cluster-state": "new",
        "name": node.name,
        "listen-peer-urls": f"{own}:2380",
        "listen-client-urls": f"{own}:2379",
        "advertise-client-urls": f"{own}:2379",
        "initial-advertise-peer-urls": f"{own}:2380",
    }
    local = {
        "imageTag": etcd_tag,
        "dataDir": spec.data_dir,
        "serverCertSANs": [address],
        "peerCertSANs": [address],
        "extraArgs": _flags(spec, flags | dict(spec.arguments.get("etcd", {}))),
    }
    begin = {"nodeRegistration": {"name": node.name}, "localAPIEndpoint": {"advertiseAddress": address}}
    whole = {
        "kubernetesVersion": f"v{spec.version}",
        "imageRepository": REPOSITORY,
        "etcd": {"local": local},
    }
    return _text(spec, InitConfiguration=begin, ClusterConfiguration=whole)


def _etcd(spec: Spec, etcd_tag: str) -> dict[str, Any]:
    if spec.etcd_hosts:
        client = "/etc/kubernetes/pki/apiserver-etcd-client"
        return {
            "external": {
                "endpoints": [f"https://{url_host(str(n.old))}:2379" for n in spec.etcd_hosts],
                "caFile": "/etc/kubernetes/pki/etcd/ca.crt",
                "certFile": f"{client}.crt",
                "keyFile": f"{client}.key",
            }
        }
    local: dict[str, Any] = {"imageTag": etcd_tag, "dataDir": spec.data_dir}
    if found := spec.arguments.get("etcd"):
        local["extraArgs"] = _flags(spec, found)
    return {"local": local}


def _cluster(spec: Spec, etcd_tag: str) -> dict[str, Any]:
    whole: dict[str, Any] = {
        "kubernetesVersion": f"v{spec.version}",
        "imageRepository": REPOSITORY,
        "networking": {"podSubnet": spec.pods, "serviceSubnet": spec.services},
        "etcd": _etcd(spec, etcd_tag),
    }
    if spec.control_plane_endpoint:
        whole["controlPlaneEndpoint"] = spec.control_plane_endpoint
    for key, component in COMPONENTS.items():
        if found := spec.arguments.get(component):
            whole[key] = {"extraArgs": _flags(spec, found)}
    return whole


def _registration(spec: Spec, node: Node) -> dict[str, Any]:
    flags = dict(spec.arguments.get("kubelet", {}))
    if spec.node_ip:
        flags["node-ip"] = str(node.old)
    # Without taints: a Deployment made afterwards gets its pods, though there is no worker.
    said: dict[str, Any] = {"name": node.name, "criSocket": SOCKET, "taints": [], "imagePullPolicy": "IfNotPresent"}
    return said | ({"kubeletExtraArgs": _flags(spec, flags)} if flags else {})


def _api(node: Node) -> dict[str, Any]:
    return {"advertiseAddress": str(node.old), "bindPort": 6443}


def _flags(spec: Spec, flags: Mapping[str, str]) -> object:
    if spec.minor < (1, 31):
        return dict(flags)
    return [{"name": name, "value": value} for name, value in flags.items()]


def kubelet_alone(spec: Spec) -> str:
    """The configuration of a kubelet that has static pods and no API, as kubeadm's documentation has it."""
    said = kubelet(spec) | {
        "address": "127.0.0.1",
        "authentication": {"anonymous": {"enabled": False}, "webhook": {"enabled": False}},
        "authorization": {"mode": "AlwaysAllow"},
        "staticPodPath": "/etc/kubernetes/manifests",
    }
    if spec.minor >= (1, 27):
        said["containerRuntimeEndpoint"] = SOCKET
    return yaml.safe_dump(said, sort_keys=False)


def kubelet(spec: Spec) -> dict[str, Any]:
    """What every kubelet of these clusters is told."""
    said: dict[str, Any] = {
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "cgroupDriver": "cgroupfs",
        "enforceNodeAllocatable": [],
        "failSwapOn": False,
        # The disk is this machine's own: how full it is says nothing about the cluster.
        "imageGCHighThresholdPercent": 100,
        "evictionHard": {"imagefs.available": "0%", "nodefs.available": "0%", "nodefs.inodesFree": "0%"},
    }
    if spec.minor >= (1, 31):
        said["failCgroupV1"] = False
    return said


def _text(spec: Spec, **documents: Mapping[str, Any]) -> str:
    version = "kubeadm.k8s.io/v1beta4" if spec.minor >= (1, 31) else "kubeadm.k8s.io/v1beta3"
    whole = [{"apiVersion": version, "kind": kind, **said} for kind, said in documents.items()]
    return yaml.safe_dump_all(whole, sort_keys=False)
