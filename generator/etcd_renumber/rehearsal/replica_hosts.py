"""What stands in for the real thing on a rehearsal's hosts, and the words that say so in its report."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from etcd_renumber.hashes import fingerprint
from etcd_renumber.manifests.apiserver import FILE
from etcd_renumber.manifests.etcd import host_paths
from etcd_renumber.model import Change, Member
from etcd_renumber.planning.plan import ca_fingerprint
from etcd_renumber.rehearsal import subnets
from etcd_renumber.rehearsal.testbed import api, kubelet, pki
from etcd_renumber.rehearsal.testbed.host import Host
from etcd_renumber.rehearsal.testbed.host_spec import HostSpec

OPENSSL, CA_NOTE = "/usr/local/sbin/openssl", "/etc/rehearsal-ca"


def hosts(change: Change) -> list[HostSpec]:
    """A host for every member, as it was before: its manifests, its old address, folders where its containers see them. Beside
    them the apiservers that call them."""
    return [*(_host(change, member) for member in change.cluster.mapping.members), *apiservers(change)]


def apiservers(change: Change) -> list[HostSpec]:
    """A host for each that has no member."""
    found = []
    for one in change.cluster.mapping.apiservers or ():
        pods = {FILE: change.apiservers[one.name].old}
        addresses = (f"{one.address}/{subnets.bits(one.address)}",)
        found.append(HostSpec(one.name, pods, addresses, links=_links(pods)))
    return found


def _host(change: Change, member: Member) -> HostSpec:
    manifests = {m.file: m.old for m in change.manifests[member.name] if not m.path}
    unit_files = {m.file: m.old for m in change.manifests[member.name] if m.path}
    addresses = (f"{member.old}/{subnets.bits(member.old)}",)
    alone = change.cluster.mapping.apiservers is not None  # nothing of Kubernetes is there but etcd's kubelet
    links = _links(manifests)
    return HostSpec(member.name, manifests, addresses, links=links, unit_files=unit_files, standalone=alone)


def _links(manifests: dict[str, str]) -> dict[str, str]:
    """Mounts of etcd and kube-apiserver whose path in the container is another one on the host."""
    found: dict[str, str] = {}
    for text in manifests.values():
        if re.search(r"\b(etcd|kube-apiserver)\b", text):
            found |= {there: here for there, here in host_paths(text).items() if there != here}
    return found


def show_reviewed_ca(host: Host, change: Change, authority: str = "") -> None:
    """Let `openssl x509 -fingerprint` show the throwaway CA as the reviewed one: see openssl.sh. `authority` is its PEM."""
    reviewed = ca_fingerprint(change.cluster)
    if reviewed:
        mine = fingerprint(authority or pki.authority("etcd-ca").crt)
        host.write_text(CA_NOTE, f"{_colons(mine)} {_colons(reviewed)}\n")
        host.write_text(OPENSSL, Path(__file__).with_name("openssl.sh").read_text(encoding="utf-8"), 0o755)


def _colons(hexes: str) -> str:
    return ":".join(hexes[n : n + 2] for n in range(0, len(hexes), 2))


NOT_SHOWN = (
    "not shown here, since they are stand-ins: the API's writes, the Leases of controller-manager and scheduler, kubelet's "
    "restart, the Node's address; `rehearse --control-plane` shows them on a real control plane"
)


def without_workers(change: Change, there: Sequence[str] = ()) -> tuple[str, ...]:
    """What a reader must know where the mapping has more workers than these."""
    names = ", ".join(w.name for w in change.cluster.mapping.workers if w.name not in there)
    return (f"workers: {', '.join(there) or 'none'}; the lines of {names} were not rehearsed",) if names else ()


def in_words(change: Change, snapshot: Path | None) -> tuple[str, ...]:
    """What a reader of the report must know about the replica."""
    data = f"the data of {snapshot.name}" if snapshot else "an empty store"
    return (
        f"network: {subnets.in_words(change)}",
        "certificates: a throwaway CA, leaves with kubeadm's names and the old address; no key of yours was used",
        "openssl: answers for itself, except that it shows the throwaway CA's fingerprint as the reviewed one",
        "systemctl, journalctl: stand-ins that know only kubelet.service"
        + (" and the unit of etcd" if any(f.unit_files for f in change.cluster.facts.values()) else ""),
        f"kubelet: a stand-in; its first pod {kubelet.FIRST_POD:g} s after its start where no API answers, "
        f"{kubelet.FIRST_POD_API:g} s where one does, as measured on 1.37.2; every pod but etcd is a process that only waits",
        "API, controller-manager, scheduler: a stand-in that answers what a runbook's gate asks while their processes run, "
        f"for this host alone, {api.READY_AFTER:g} s after kube-apiserver's start (a real one: 5 to 6 s)",
        f"data: {data}, and what the writers wrote",
        *without_workers(change),
        NOT_SHOWN,
    )
