"""What kubelet's stand-in knows of its own Node: its flags, its name, its address, and whether its API answers."""

from __future__ import annotations

import errno
import os
import re
import select
import shlex
import socket
import subprocess
from collections.abc import Mapping, Sequence
from ipaddress import ip_address
from pathlib import Path

from etcd_renumber.manifests.container import process
from etcd_renumber.rehearsal.testbed.host_spec import Flags

VARIABLES = ("KUBELET_KUBECONFIG_ARGS", "KUBELET_CONFIG_ARGS", "KUBELET_KUBEADM_ARGS", "KUBELET_EXTRA_ARGS")
# Enough of kubelet's flags for files that kubeadm and people write; any other one is unknown.
KNOWN = re.compile(
    "("
    "address|anonymous-auth|authentication-token-webhook|bootstrap-kubeconfig|cert-dir|cgroup-driver|cloud-config|"
    "cloud-provider|cluster-dns|cluster-domain|cni-bin-dir|cni-conf-dir|config|container-runtime|"
    "container-runtime-endpoint|eviction-hard|fail-swap-on|feature-gates|hostname-override|"
    "image-credential-provider-bin-dir|image-credential-provider-config|kube-reserved|kubeconfig|log-dir|logtostderr|"
    "max-pods|network-plugin|node-ip|node-labels|pod-infra-container-image|pod-manifest-path|port|provider-id|"
    "read-only-port|register-node|register-with-taints|resolv-conf|root-dir|runtime-cgroups|seccomp-default|"
    "system-reserved|tls-cert-file|tls-private-key-file|v|volume-plugin-dir"
    ")"
)
KUBELET_CONF, ETCD = Path("/etc/kubernetes/kubelet.conf"), Path("/etc/kubernetes/manifests/etcd.yaml")


def command_line(variables: Mapping[str, str]) -> tuple[str, ...]:
    """kubelet's arguments as its unit file puts them together."""
    return tuple(word for name in VARIABLES for word in shlex.split(variables.get(name, "")))


def unknown(argv: Sequence[str]) -> str:
    """The first flag that kubelet does not have, as it stands there; empty when there is none."""
    flags = (word.split("=")[0] for word in argv if word.startswith("-"))
    return next((flag for flag in flags if not KNOWN.fullmatch(flag.lstrip("-"))), "")


def name_of(flags: Flags) -> str:
    """The Node's name."""
    return flags.get("hostname-override", os.uname().nodename).lower()


def is_here(address: str) -> bool:
    """Whether the host has this address."""
    try:
        family = socket.AF_INET6 if ip_address(address).version == 6 else socket.AF_INET
        with socket.socket(family, socket.SOCK_DGRAM) as one:
            one.bind((address, 0))
    except (OSError, ValueError):
        return False
    return True


def address_of(flags: Flags, before: str) -> str:
    """InternalIP: --node-ip if the host has it, nothing if not; without it the host name's address, else the first one.

    `before` is what it was: without --node-ip it stays as long as the host has it (seen on 1.37.2, over a restart too).
    """
    asked = flags.get("node-ip").split(",")[0]
    if asked and not ip_address(asked).is_unspecified:
        return asked if is_here(asked) else ""
    try:
        lines = [line.split() for line in Path("/etc/hosts").read_text().splitlines()]
    except OSError:
        lines = []
    named = [w[0] for w in lines if w and os.uname().nodename in w[1:] and not w[0].startswith(("127.", "::1", "#"))]
    shown = subprocess.run(["ip", "-o", "address", "show", "scope", "global"], capture_output=True, text=True).stdout
    return next(filter(is_here, [*named, before, *re.findall(r" inet6? ([^/ ]+)/", shown)]), "")


def api_of_kubelet() -> tuple[str, int] | None:
    """Host and port of kubelet.conf's server."""
    text = KUBELET_CONF.read_text() if KUBELET_CONF.exists() else ""
    found = re.search(r"server: https://(\S+):(\d+)", text)
    return (found[1].strip("[]"), int(found[2])) if found else None


def apis() -> list[tuple[str, int]]:
    """kubelet.conf's server, and where the other members' would be."""
    found = [own for own in (api_of_kubelet(),) if own]
    try:
        flags = Flags(process(ETCD.read_text()).argv)
    except (OSError, ValueError):
        return found
    peers = (
        peer.partition("://")[2].rpartition(":")[0].strip("[]") for peer in flags.get("initial-cluster").split(",")
    )
    return [*found, *((peer, 6443) for peer in peers if peer)]


def answers(places: Sequence[tuple[str, int]], seconds: float = 0.3) -> bool:
    """Whether any of them takes a connection, within so many seconds."""
    waiting: list[socket.socket] = []
    try:
        for host, port in places:
            try:
                family, _, _, _, place = socket.getaddrinfo(host.encode(), port, type=socket.SOCK_STREAM)[0]
                one = socket.socket(family, socket.SOCK_STREAM)
                waiting.append(one)
                one.setblocking(False)
                if one.connect_ex(place) not in (0, errno.EINPROGRESS):
                    waiting.remove(one)
            except OSError:
                continue
        pending = list(waiting)
        while pending:
            done = select.select([], pending, [], seconds)[1]
            if any(one.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == 0 for one in done):
                return True
            pending = [one for one in pending if one not in done] if done else []
    finally:
        for one in waiting:
            one.close()
    return False
