"""What stands against running the folder's own manifests on the replica, byte for byte."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import PurePosixPath

import yaml

from etcd_renumber.checks.etcd_flags import out_of_place
from etcd_renumber.manifests.etcd import container_of, minor_of_image
from etcd_renumber.manifests.pod import words_of
from etcd_renumber.model import Change, Member
from etcd_renumber.planning.plan import moved_before
from etcd_renumber.rehearsal.control_plane.flags import COMPONENTS, HAS, Known, files_in, flags, manifest_of

PORTS = {"secure-port": ("kube-apiserver", "6443")}


def minor(version: str) -> tuple[int, int]:
    """(1, 24) of "1.24.17"."""
    major, number, *_ = version.split(".")
    return int(major), int(number)


def against(change: Change, version: str, images: list[str], known: Mapping[str, Known], etcd: str) -> list[str]:
    """Every reason, each once, with the first host that has it; none where the manifests can run as they are."""
    return [*_versions_against(change, version, images, etcd), *_manifests_against(change, known, etcd)]


def _versions_against(change: Change, version: str, images: list[str], etcd: str) -> list[str]:
    found = []
    if change.cluster.mapping.apiservers:
        found.append(
            "etcd has hosts of its own: of those that call it, the facts have the manifest of kube-apiserver alone"
        )
    if {minor_of_image(image) for image in images} != {"{}.{}".format(*minor(version))}:
        found.append(f"Kubernetes {version} is not the minor version of the cluster's images")
    etcds = {f.etcd.image for f in change.cluster.facts.values() if f.etcd}
    found += [
        f"etcd {etcd} is not the minor version of {image}" for image in sorted(etcds) if minor_of_image(image) != etcd
    ]
    return found


def _manifests_against(change: Change, known: Mapping[str, Known], etcd: str) -> list[str]:
    found: dict[str, str] = {}
    if change.cluster.mapping.apiservers:
        return []
    for member in change.cluster.mapping.members:
        for text in _reasons(change, member, known, etcd):
            found.setdefault(text, member.name)
    return [f"{text} ({name})" for text, name in found.items()]


def _reasons(change: Change, member: Member, known: Mapping[str, Known], etcd: str) -> Iterable[str]:
    if member.name in moved_before(change):
        yield "etcd's manifest is on the new address already, and the replica begins on the old ones"
    texts = {component: manifest_of(change, member, component) for component in COMPONENTS}
    yield from (f"there is no manifest of {component}" for component, text in texts.items() if not text)
    for manifest in change.manifests[member.name]:
        if manifest.old not in texts.values():
            yield f"{manifest.file}: its program is not available here"
    for component, text in texts.items():
        if text:
            yield from _pod(component, text)
            yield from _flags_against(component, flags(text), known.get(component), etcd, change, member)


def _pod(component: str, text: str) -> Iterable[str]:
    spec = yaml.safe_load(text)["spec"]
    words = words_of(container_of(text))
    if len(spec["containers"]) > 1 or spec.get("initContainers"):
        yield f"{component}: more than one container"
    if not words or PurePosixPath(words[0]).name != component:
        yield f"{component} is started by {words[0] if words else 'its image'}"
    if container_of(text).get("imagePullPolicy") == "Always":
        yield f"{component}: imagePullPolicy is Always, but images cannot be pulled here"
    for volume in spec.get("volumes") or []:
        host = volume.get("hostPath") or {}
        if host.get("type") in ("File", "Directory", "Socket") and not HAS.fullmatch(str(host.get("path"))):
            yield f"{component} mounts {host['path']}, which is not in the facts"


def _flags_against(
    component: str, given: Mapping[str, str], known: Known | None, etcd: str, change: Change, member: Member
) -> Iterable[str]:
    facts = change.cluster.facts[member.name].etcd
    for name, value in given.items():
        port_of, usual = PORTS.get(name, ("", ""))
        if port_of == component and value != usual:
            yield f"{component} --{name}={value}: here it is {usual}"
        if any(not HAS.fullmatch(path) for path in files_in(value)) and name != "data-dir":
            yield f"{component} --{name}={value} names files that are not in the facts"
        why = out_of_place(name, etcd) if component == "etcd" else ""
        if why or (known and component != "etcd" and name not in known.flags):
            yield f"{component} --{name}: {why or 'this version does not know it'}"
    if component == "etcd" and facts and (facts.peer_port, facts.client_port) != (2380, 2379):
        yield f"etcd on the ports {facts.peer_port} and {facts.client_port}: kubeadm has 2380 and 2379"
