"""What a runbook has to know of this host's kube-apiserver, and of the pods beside it: values of its block."""

from __future__ import annotations

from etcd_renumber.manifests.container import health
from etcd_renumber.manifests.etcd import program_flags
from etcd_renumber.model import Manifest


def api(known: list[Manifest]) -> dict[str, str | list[str]]:
    """What is asked of Kubernetes: the health of pods on this host, the API's port, and where its keys begin in etcd."""
    prefix = "/" + _api_flags(known).get("etcd-prefix", "/registry").strip("/")
    return {"HEALTH": ["" if m.path else health(m.new) for m in known], "API_PORT": port(known), "API_PREFIX": prefix}


def port(known: list[Manifest]) -> str:
    """On which the API of this host listens; empty where it has none."""
    flags = _api_flags(known)
    return flags.get("secure-port", "6443") if flags else ""


def _api_flags(known: list[Manifest]) -> dict[str, str]:
    """kube-apiserver's; none where this host has none."""
    api = next((m for m in known if m.new_process.name == "kube-apiserver"), None)
    return _flags(api) if api else {}


def certificates(m: Manifest) -> list[tuple[str, str, str]]:
    """kubeadm serves the API with a certificate of the CA that it also trusts for clients."""
    if m.new_process.name != "kube-apiserver":
        return []
    flags = _flags(m)
    return [(flags.get("tls-cert-file", ""), flags.get("tls-private-key-file", ""), flags.get("client-ca-file", ""))]


def _flags(m: Manifest) -> dict[str, str]:
    return program_flags(m.new)
