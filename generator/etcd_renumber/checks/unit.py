"""Rules about an etcd that systemd runs: what is not supported there, and old addresses that nobody changes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from etcd_renumber.addresses import addresses_in, is_loopback, url_of
from etcd_renumber.etcd_on_host import Etcd
from etcd_renumber.methods import METHODS
from etcd_renumber.model import Cluster, Facts, Member, Problem

API_UNITS = "kube-apiserver as a unit of systemd, kubeconfigs in other folders than /etc/kubernetes"


def unit_rules(cluster: Cluster, member: Member, etcd: Etcd, place: str) -> Iterator[Problem]:
    """Nothing for a static pod."""
    mapping, unit = cluster.mapping, etcd.unit
    if unit is None:
        return
    if not METHODS[mapping.method].same_cluster:
        hint = "use bridge, which loses nothing, while a majority has its data"
        yield Problem(
            f"{unit.name} runs etcd on {member.name}: {mapping.method} needs a static pod", place, "method", hint
        )
    if mapping.addresses == "replace":
        hint = "use addresses: both, and give each host its new address beside the old one"
        fact = f"{unit.name} runs etcd on {member.name}: addresses: replace needs a static pod"
        yield Problem(fact, place, "addresses", hint)
    if not cluster.facts[member.name].manifests:
        fact = f"the facts of {member.name} have no static pod: Kubernetes is neither changed nor checked on this host"
        hint = f"change by hand what is not a static pod ({API_UNITS}); finish lists the files that still name an old address"
        yield Problem(fact, place, member.name, hint, "warning")
        if mapping.objects == "kubeadm" and member is mapping.members[0] and not mapping.apiservers:
            fact = f"objects: kubeadm needs kubeadm's files on the first member, and the facts of {member.name} have no static pod"
            yield Problem(fact, place, "objects", "put a member with static pods first, or set objects: list")
    if member.stays:
        yield from _stays(cluster, member, place)


def _stays(cluster: Cluster, member: Member, place: str) -> Iterator[Problem]:
    """As for the manifests of a member that stays: old addresses of others in its files are left to the operator."""
    going = cluster.mapping.moves()
    for file, text in cluster.facts[member.name].unit_files.items():
        lines = text.splitlines()
        for address, number in addresses_in(text):
            line = lines[number - 1].strip()
            if (
                address in going
                and not line.startswith(("#", ";"))
                and "initial-cluster" not in line.lower().replace("_", "-")
            ):
                fact = f"{member.name} keeps its address, but its {file} names the old address {address}"
                yield Problem(fact, f"{place}:{number}", file, "change it by hand after this change", "warning")


def place_of(facts: Facts, file: str) -> Path:
    """Where one of these files lies among the facts."""
    return facts.folder / file if file in facts.unit_files else facts.folder / "manifests" / file


def is_local_listener(flag: str, url: str, urls: list[str]) -> bool:
    """A client listener on loopback without TLS, beside one with TLS: nobody else can reach it, and no question needs it."""
    if flag != "listen-client-urls" or not any(u.startswith("https://") for u in urls):
        return False
    return is_loopback(url_of(url).host)
