"""What a reader of the report must know: what was not like the cluster of the facts, and what it ran on."""

from __future__ import annotations

from etcd_renumber.model import Change
from etcd_renumber.rehearsal.control_plane.flags import COMPONENTS, differences, manifests_of
from etcd_renumber.rehearsal.control_plane.wanted import Wanted
from etcd_renumber.rehearsal.kubeadm.spec import Spec
from etcd_renumber.rehearsal.replica_hosts import without_workers

# Flags that hold nothing but what the replica is told, or what every cluster has as its own.
OWN = ("initial-cluster", "initial-cluster-state")


def unlike(wanted: Wanted, own: bool, why_not: list[str], yours: Change, ours: Change) -> list[str]:
    """Everything, most important first."""
    spec, found = wanted.spec, []
    if not wanted.why.startswith("your minor"):
        found.append(f"Kubernetes {spec.version}: {wanted.why}")
    if own:
        found.append(
            "the runbooks and manifests are the folder's own, byte for byte; programs built here run under the names of your images"
        )
    else:
        found.append(
            "NOT the folder's own bytes: the same mapping was rendered from the replica's own facts by the same templates; "
            "the runbooks are the folder's except for their values, the manifests are kubeadm's of this version"
        )
        found += [f"why not the folder's own: {text}" for text in why_not]
        found += wanted.left_out
        found += _flags(yours, ours)
    found.append(_endpoint(spec))
    found.append("certificates: made by kubeadm for the replica; no key of yours was used")
    if own:
        found.append(
            "openssl: shows the replica's etcd CA as the reviewed one, and answers for itself in everything else"
        )
    found.append(
        "kubelet has --node-ip, which the facts do not show; the Nodes have no taints; at most two workers of the mapping are there"
    )
    found += without_workers(yours, [w.name for w in spec.workers])
    found.append("kube-proxy and CoreDNS: pods that only wait, or none")
    return found


def _flags(yours: Change, ours: Change) -> list[str]:
    """Per component: the flags that differ on the first host that has it."""
    found = []
    for component in COMPONENTS:
        mine, here = (next(iter(manifests_of(change, component).values()), "") for change in (yours, ours))
        if names := differences(mine, here, OWN):
            found.append(f"flags of {component} that differ here, or are only on one side: {', '.join(names)}")
    return found


def _endpoint(spec: Spec) -> str:
    if spec.endpoint == "none":
        return "no control plane endpoint, as you said: every client calls its own host"
    if spec.endpoint == "first":
        return f"the control plane's endpoint is {spec.control_plane_endpoint}, the address of the first host, as the mapping says"
    return (
        f"the control plane's endpoint is {spec.control_plane_endpoint}, a balancer of the replica (haproxy) with both addresses "
        "of every host; yours must have the new ones too"
    )


def assumed(spec: Spec) -> tuple[str, ...]:
    """What it ran on."""
    return (
        f"network: one link with {', '.join(spec.subnets)}; every host has a route to each of them, as through a router; "
        "no firewall; promote_secondaries on",
        "kubeadm, kubelet, kube-apiserver, kube-controller-manager, kube-scheduler, etcd, containerd, runc: real ones, each host "
        "in namespaces of this machine",
        "systemctl, journalctl: stand-ins that start kubelet and containerd as their units say",
        "data: a new cluster with what the writers wrote; etcd's data is in memory",
    )
