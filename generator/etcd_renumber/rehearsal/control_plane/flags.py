"""The flags of the user's etcd and API server on a replica of another version: which can be kept, and why one cannot."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from etcd_renumber.checks.etcd_flags import out_of_place
from etcd_renumber.manifests.container import process
from etcd_renumber.manifests.etcd import container_of, flags_of, is_etcd
from etcd_renumber.model import Change, Member

COMPONENTS = ("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler")
# What kubeadm writes by itself, from the addresses and paths that it is told.
OF_KUBEADM_WORDS = {
    "etcd": (
        "advertise-client-urls cert-file client-cert-auth data-dir experimental-initial-corrupt-check feature-gates"
        " experimental-watch-progress-notify-interval initial-advertise-peer-urls initial-cluster initial-cluster-state"
        " key-file listen-client-urls listen-metrics-urls listen-peer-urls name peer-cert-file peer-client-cert-auth"
        " peer-key-file peer-trusted-ca-file trusted-ca-file watch-progress-notify-interval"
    ),
    "kube-apiserver": (
        "advertise-address allow-privileged authorization-mode client-ca-file enable-bootstrap-token-auth etcd-cafile"
        " etcd-certfile etcd-keyfile etcd-servers insecure-port kubelet-client-certificate kubelet-client-key"
        " proxy-client-cert-file proxy-client-key-file requestheader-allowed-names requestheader-client-ca-file"
        " requestheader-extra-headers-prefix requestheader-group-headers requestheader-username-headers secure-port"
        " service-account-issuer service-account-key-file service-account-signing-key-file service-cluster-ip-range"
        " tls-cert-file tls-private-key-file"
    ),
}
OF_KUBEADM = {component: frozenset(words.split()) for component, words in OF_KUBEADM_WORDS.items()}
LISTS = ("feature-gates", "enable-admission-plugins", "disable-admission-plugins", "runtime-config")
PKI = r"/etc/kubernetes/pki/((etcd/)?[a-z-]+\.(crt|key)|sa\.(pub|key))"
# Files and folders that every host of kubeadm has.
HAS = re.compile(rf"{PKI}|/etc/kubernetes/(admin|controller-manager|scheduler)\.conf|/usr/libexec/kubernetes/\S*")


@dataclass(frozen=True)
class Known:
    """What a program takes: names of flags, and the whole text of its --help."""

    flags: frozenset[str]
    text: str


def known_of(program: Path) -> Known:
    """Its --help, read."""
    ran = subprocess.run([program, "--help"], capture_output=True, text=True, check=False, timeout=60)
    return Known(frozenset(re.findall(r"(?m)^\s+(?:-\w, )?--([a-z0-9.-]+)", ran.stdout)), ran.stdout)


def manifest_of(change: Change, member: Member, component: str) -> str:
    """The text of its manifest before the change; empty where it has none."""
    every = [m.old for m in change.manifests[member.name] if not m.path]
    if component == "etcd":
        return next((text for text in every if is_etcd(text)), "")
    return next((text for text in every if process(text).name == component[:15]), "")


def manifests_of(change: Change, component: str) -> dict[str, str]:
    """The same of every host that has one, apiservers of an etcd on hosts of its own included."""
    found = {m.name: manifest_of(change, m, component) for m in change.cluster.mapping.members}
    if component == "kube-apiserver":
        found |= {name: manifests.old for name, manifests in change.apiservers.items()}
    return {name: text for name, text in found.items() if text}


def flags(text: str) -> dict[str, str]:
    """The flags of a manifest's first container."""
    return flags_of(container_of(text)) if text else {}


def files_in(value: str) -> list[str]:
    """The absolute paths that a flag's value names."""
    return re.findall(r"(?:^|(?<=[,=;]))(?:file:/?/?)?(/[^,;]+)", value)


def kept(change: Change, known: Mapping[str, Known], etcd_minor: str) -> tuple[dict[str, dict[str, str]], list[str]]:
    """(flags by component that kubeadm is told, why others are left out), of etcd and kube-apiserver.

    kubeadm has one list for all hosts: where hosts differ, the first one's counts.
    """
    arguments: dict[str, dict[str, str]] = {}
    left: list[str] = []
    for component, own in OF_KUBEADM.items():
        of_hosts = {host: flags(text) for host, text in manifests_of(change, component).items()}
        first = next(iter(of_hosts), "")
        for name, value in of_hosts.get(first, {}).items():
            if name in own:
                continue
            words = f"{component} --{name}={value}"
            differ = [host for host, given in of_hosts.items() if given.get(name) != value]
            if differ:
                left.append(f"{words} is on {first}, and has another value or none on {', '.join(differ)}")
            if why := _why_not(change, component, name, value, known, etcd_minor):
                left.append(f"{words} was left out: {why}")
                continue
            taken, gone = _items(name, value, known.get(component))
            left += [f"{component} --{name}: {item} was left out: this version does not know it" for item in gone]
            if taken:
                arguments.setdefault(component, {})[name] = taken
    return arguments, left


def _why_not(change: Change, component: str, name: str, value: str, known: Mapping[str, Known], etcd_minor: str) -> str:
    if files_in(value):
        return "it names files that are not in the facts"
    mapping = change.cluster.mapping
    addresses = [*(m.old for m in mapping.members), *(a.address for a in mapping.apiservers or ())]
    if any(re.search(rf"(?<![\w.]){re.escape(str(a))}(?![\w.])", value) for a in addresses):
        return "it names the address of a host, but kubeadm has one value for all hosts"
    if component == "etcd":
        return out_of_place(name, etcd_minor)
    return "" if name in known[component].flags else "this version does not know it"


def _items(name: str, value: str, known: Known | None) -> tuple[str, list[str]]:
    """What of a list this version knows, and the rest of it. Anything else is kept as it is."""
    if name not in LISTS[:3] or known is None:
        return value, []
    items = [item for item in value.split(",") if item]
    good = [i for i in items if re.search(rf"(?<![\w]){re.escape(i.partition('=')[0])}(?![\w])", known.text)]
    return ",".join(good), [i for i in items if i not in good]


def differences(yours: str, ours: str, moves: Iterable[str] = ()) -> list[str]:
    """Flags of a manifest that are other ones on the replica, or none: "--x", sorted. `moves` are flags not looked at."""
    a, b = flags(yours), flags(ours)
    return [f"--{name}" for name in sorted({*a, *b} - {*moves}) if a.get(name) != b.get(name)]
