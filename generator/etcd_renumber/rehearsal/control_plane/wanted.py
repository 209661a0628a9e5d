"""The replica that a change folder asks for: its version, its hosts, its flags; and what stands against its own bytes."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from ipaddress import ip_address, ip_interface, ip_network
from typing import Any

from etcd_renumber.errors import Refused
from etcd_renumber.manifests.etcd import container_of, minor_of_image
from etcd_renumber.model import Change, Problem
from etcd_renumber.rehearsal.control_plane.against import against, minor
from etcd_renumber.rehearsal.control_plane.flags import COMPONENTS, flags, kept, known_of, manifests_of
from etcd_renumber.rehearsal.etcd_binaries import download
from etcd_renumber.rehearsal.gobuild import build
from etcd_renumber.rehearsal.kubeadm.spec import ETCD, Node, Spec, free
from etcd_renumber.rehearsal.subnets import bits

BUILT = "kubernetes-"
WORKERS = 2  # of the mapping, at most: each is one more kubelet and containerd
NODE = re.compile(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?")  # what the API takes as a Node's name


@dataclass(frozen=True)
class Wanted:
    """`why`: where the version comes from. `against`: why the folder's own bytes cannot run; empty where they can."""

    spec: Spec
    why: str
    against: tuple[str, ...]
    left_out: tuple[str, ...]


def versions() -> tuple[str, ...]:
    """Those that can be built, the newest first."""
    found = [name.removeprefix(BUILT) for name in build.names() if name.startswith(BUILT)]
    return tuple(sorted(found, key=minor, reverse=True))


def choose(images: Iterable[str], every: Iterable[str]) -> tuple[str, str]:
    """(the version to run, why it is this one): the minor of the API servers' images, else the nearest one."""
    offered = sorted(every, key=minor, reverse=True)
    found = sorted({minor_of_image(image) for image in images} - {""}, key=minor)
    if not found:
        return offered[0], "no image tag of kube-apiserver names a version: the newest version that is built here"
    mine = minor(found[0])
    chosen = min(offered, key=lambda v: abs(minor(v)[1] - mine[1]))
    mixed = f" (hosts differ: {', '.join(found)})" if len(found) > 1 else ""
    if minor(chosen) == mine:
        return chosen, f"your minor version, {found[0]}{mixed}"
    return chosen, f"yours is {found[0]}{mixed}; the nearest version that is built here"


def images_of(change: Change) -> list[str]:
    """Those of every kube-apiserver."""
    return [str(container_of(text).get("image", "")) for text in manifests_of(change, "kube-apiserver").values()]


def version_of(change: Change) -> tuple[str, str]:
    """The version that a replica of this cluster has, and why."""
    return choose(images_of(change), versions())


def nodes(change: Change) -> tuple[Node, ...]:
    """The hosts with an apiserver: the members, or those that call an etcd on hosts of its own and keep their addresses."""
    return tuple(Node(a.name, a.address, a.address) for a in change.cluster.mapping.apiservers or ()) or members(change)


def members(change: Change) -> tuple[Node, ...]:
    """The hosts with a member of etcd."""
    return tuple(Node(m.name, m.old, m.new) for m in change.cluster.mapping.members)


def endpoint(text: str | None, change: Change) -> dict[str, Any]:
    """What --endpoint says, for a Spec. Raises Refused for what cannot be had."""
    there = nodes(change)
    hint = "give NAME:PORT as controlPlaneEndpoint has it, with a DNS name; or none"
    if text is None:
        return {"endpoint": "first" if change.cluster.mapping.endpoint else "lb"}
    if text == "none":
        if len(there) > 1:
            fact = f"--endpoint none: without an endpoint kubeadm cannot join a second host, and there are {len(there)}"
            raise Refused(Problem(fact, hint="leave it out to use a balancer of the replica, or give its NAME:PORT"))
        return {"endpoint": "none"}
    name, _, port = text.rpartition(":")
    if not port.isdecimal() or not 0 < int(port) < 65536 or not NODE.fullmatch(name):
        raise Refused(Problem(f"--endpoint {text} is not NAME:PORT", hint=hint))
    if name in {node.name for node in (*members(change), *there)} or name == "localhost" or _is_address(name):
        fact = f"--endpoint {text}: a balancer of the replica gets this name: no host and no address can have it"
        raise Refused(Problem(fact, hint=hint))
    return {"endpoint": "lb", "name": name, "port": int(port)}


def _is_address(text: str) -> bool:
    try:
        return bool(ip_address(text))
    except ValueError:
        return False


def refuse_what_cannot_be(change: Change) -> None:
    """Raises Refused with everything that no real control plane of ours can show."""
    problems = []
    hosts = dict.fromkeys((*members(change), *nodes(change)))
    for name in (*(host.name for host in hosts), *(w.name for w in change.cluster.mapping.workers[:WORKERS])):
        if not NODE.fullmatch(name):
            hint = "use lower case letters, digits, dot and hyphen only"
            problems.append(Problem(f"{name!r} cannot be the name of a Node: {hint}"))
    for host in hosts:
        if host.old.version == 6 or host.new.version == 6:
            problems.append(Problem(f"not supported yet: --control-plane with IPv6 addresses ({host.name})"))
    hint, with_api = "rehearse without --control-plane", manifests_of(change, "kube-apiserver")
    for m in change.cluster.mapping.members:
        if change.cluster.facts[m.name].unit_files:
            fact = f"not supported yet: --control-plane with an etcd that systemd runs ({m.name})"
            problems.append(Problem(fact, hint=hint))
    for host in nodes(change):
        if host.name not in with_api:
            problems.append(Problem(f"no manifest of {host.name} runs kube-apiserver", hint=hint))
    if problems:
        raise Refused(*problems)


def wanted(change: Change, asked: str | None, tell: Callable[[str], None]) -> Wanted:
    """Everything, before any host is there. What is not built yet is built now. Raises Refused."""
    refuse_what_cannot_be(change)
    how = endpoint(asked, change)
    version, why = version_of(change)
    folder = build.built(f"{BUILT}{version}", tell)
    known = {name: known_of(folder / name) for name in COMPONENTS if (folder / name).exists()}
    etcd = _etcd(change, version, why)
    reasons = against(change, version, images_of(change), known, etcd)
    spec = Spec(
        version,
        nodes(change),
        etcd=etcd,
        etcd_hosts=members(change) if change.cluster.mapping.apiservers else (),
        workers=workers(change),
        **_networks(change),
        **how,
    )
    if not reasons:
        return Wanted(spec, why, (), ())
    arguments, left = kept(change, known, spec.etcd_minor)
    return Wanted(replace(spec, arguments=arguments), why, tuple(reasons), tuple(left))


def workers(change: Change) -> tuple[Node, ...]:
    """The first two of the mapping, each on an address beside the first member's old one that nobody else has."""
    there = (*members(change), *nodes(change))
    subnet = str(ip_network(f"{there[0].old}/{bits(there[0].old)}", strict=False))
    taken = {a for node in there for a in (node.old, node.new)}
    found: list[Node] = []
    for one in change.cluster.mapping.workers[:WORKERS]:
        address = ip_interface(free(subnet, taken)).ip
        taken.add(address)
        found.append(Node(one.name, address, address))
    return tuple(found)


def _etcd(change: Change, version: str, why: str) -> str:
    """The user's own minor with the user's own Kubernetes, else the one that belongs to the version."""
    minors = {minor_of_image(f.etcd.image) for f in change.cluster.facts.values() if f.etcd}
    mine = minors.pop() if len(minors) == 1 else ""
    return mine if mine in download.MINORS and why.startswith("your minor") else ETCD["{}.{}".format(*minor(version))]


def _networks(change: Change) -> dict[str, Any]:
    """Networks and etcd's folder, as far as the first host's manifests say them."""
    components = ("kube-apiserver", "kube-controller-manager")
    api, manager = (flags(next(iter(manifests_of(change, c).values()), "")) for c in components)
    found = {"services": api.get("service-cluster-ip-range", ""), "pods": manager.get("cluster-cidr", "")}
    etcd = change.cluster.facts[change.cluster.mapping.members[0].name].etcd
    data = {"data_dir": etcd.data_dir} if etcd else {}
    return data | {key: value for key, value in found.items() if _is_network(value)}


def _is_network(text: str) -> bool:
    try:
        return ip_network(text).version == 4
    except ValueError:
        return False
