"""Throwaway certificates in the shape that kubeadm gives them, by the openssl command. Made once a session.

Shape (kubeadm 1.20, read from its output): server and peer certificates may be used on both ends and name localhost,
the host, its address and both loopbacks; client certificates name nobody; keys are 0600; the CA keys are there, too.
"""

from __future__ import annotations

import subprocess
import tempfile
from dataclasses import dataclass
from functools import cache
from ipaddress import ip_address
from pathlib import Path, PurePosixPath
from typing import Literal

from etcd_renumber.rehearsal.testbed.host_spec import HostSpec

Kind = Literal["EC", "RSA"]
PKI = "/etc/kubernetes/pki"
KEY = {"EC": ["ec", "-pkeyopt", "ec_paramgen_curve:P-256"], "RSA": ["rsa:2048"]}
SERVICE = ("kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc.cluster.local")
BOTH, SERVER, CLIENT = "serverAuth, clientAuth", "serverAuth", "clientAuth"
MASTERS = "/O=system:masters"


@dataclass(frozen=True)
class Pair:
    """A certificate and its key, both PEM."""

    crt: str
    key: str


def _openssl(*words: str | Path) -> str:
    ran = subprocess.run(["openssl", *map(str, words)], capture_output=True, text=True, check=False, timeout=60)
    if ran.returncode:
        raise RuntimeError(f"openssl {' '.join(map(str, words))}: {ran.stderr}")
    return ran.stdout


def authority(name: str = "etcd-ca", kind: Kind = "EC", of: str = "bed") -> Pair:
    """The CA with the subject CN=`name`. Another `of`, another CA: two clusters whose names are the same."""
    return _authority(name, kind, of)


@cache
def _authority(name: str, kind: Kind, of: str) -> Pair:
    del of  # it only keeps the cache's entries apart
    with tempfile.TemporaryDirectory() as folder:
        conf, key, crt = (Path(folder) / n for n in ("conf", "key", "crt"))
        conf.write_text(
            "[req]\ndistinguished_name = dn\n[dn]\n[ca]\nbasicConstraints = critical, CA:TRUE\n"
            "keyUsage = critical, digitalSignature, keyEncipherment, keyCertSign\nsubjectKeyIdentifier = hash\n"
        )
        words = ("-subj", f"/CN={name}", "-days", "3650", "-keyout", key, "-out", crt)
        _openssl("req", "-config", conf, "-x509", "-extensions", "ca", "-nodes", "-newkey", *KEY[kind], *words)
        return Pair(crt.read_text(), key.read_text())


@cache
def leaf(
    ca: Pair, subject: str, usage: str, names: tuple[str, ...] = (), kind: Kind = "EC", days: int = 365, part: str = ""
) -> Pair:
    """A certificate signed by `ca`. `names` are host names and addresses, in order; another `part`, another key."""
    with tempfile.TemporaryDirectory() as folder:
        conf, key, crt, request = (Path(folder) / n for n in ("conf", "key", "crt", "request"))
        cacrt, cakey = Path(folder) / "ca.crt", Path(folder) / "ca.key"
        cacrt.write_text(ca.crt)
        cakey.write_text(ca.key)
        text = "basicConstraints = critical, CA:FALSE\nkeyUsage = critical, digitalSignature, keyEncipherment\n"
        text += f"extendedKeyUsage = {usage}\nauthorityKeyIdentifier = keyid\n"
        text += f"subjectAltName = {', '.join(map(_san, names))}\n" if names else ""
        conf.write_text(f"[req]\ndistinguished_name = dn\n[dn]\n[leaf]\n{text}")
        words = ("-subj", subject, "-nodes", "-keyout", key, "-out", request)
        _openssl("req", "-config", conf, "-new", "-newkey", *KEY[kind], *words)
        signing = ("-CA", cacrt, "-CAkey", cakey, "-CAcreateserial", "-extfile", conf, "-extensions", "leaf")
        _openssl("x509", "-req", "-in", request, *signing, "-days", str(days), "-out", crt)
        return Pair(crt.read_text(), key.read_text())


def _san(name: str) -> str:
    try:
        return f"IP:{ip_address(name)}"
    except ValueError:
        return f"DNS:{name}"


def etcd_client(kind: Kind = "EC", of: str = "bed") -> Pair:
    """What kubeadm calls healthcheck-client: allowed to do everything in etcd."""
    return leaf(authority("etcd-ca", kind, of), f"{MASTERS}/CN=kube-etcd-healthcheck-client", CLIENT, (), kind)


def files(spec: HostSpec, kind: Kind = "EC", of: str = "bed") -> dict[str, str]:
    """Every certificate and key of one host, path to PEM: kubeadm's own places, and those that its etcd.yaml names."""
    flags, address = spec.etcd, spec.address
    etcd, kube, front = (authority(n, kind, of) for n in ("etcd-ca", "kubernetes", "front-proxy-ca"))
    names = ("localhost", spec.name, *([address] if address else []), "127.0.0.1", "::1", *spec.sans)
    api = (*SERVICE, spec.name, "10.96.0.1", *([address] if address else []), *spec.sans)
    only = flags.get("peer-cert-allowed-cn") if flags else ""
    names += tuple(filter(None, [flags.get("peer-cert-allowed-hostname")])) if flags else ()
    server, peer = (leaf(etcd, f"/CN={only or spec.name}", BOTH, names, kind, part=part) for part in ("server", "peer"))
    pairs = {
        f"{PKI}/etcd/ca": etcd,
        f"{PKI}/etcd/server": server,
        f"{PKI}/etcd/peer": peer,
        f"{PKI}/etcd/healthcheck-client": etcd_client(kind, of),
        f"{PKI}/apiserver-etcd-client": leaf(etcd, f"{MASTERS}/CN=kube-apiserver-etcd-client", CLIENT, (), kind),
        f"{PKI}/ca": kube,
        f"{PKI}/apiserver": leaf(kube, "/CN=kube-apiserver", SERVER, api, kind),
        f"{PKI}/apiserver-kubelet-client": leaf(kube, f"{MASTERS}/CN=kube-apiserver-kubelet-client", CLIENT, (), kind),
        f"{PKI}/front-proxy-ca": front,
        f"{PKI}/front-proxy-client": leaf(front, "/CN=front-proxy-client", CLIENT, (), kind),
    }
    found = {f"{path}.{end}": getattr(pair, end) for path, pair in pairs.items() for end in ("crt", "key")}
    return found | _named_in_manifests(spec, etcd, server, peer, kube, pairs[f"{PKI}/apiserver"])


def _named_in_manifests(
    spec: HostSpec, etcd: Pair, server: Pair, peer: Pair, kube: Pair, apiserver: Pair
) -> dict[str, str]:
    """The same certificates where this host's etcd and kube-apiserver look for them, each CA's key beside the CA."""
    groups = (
        (spec.etcd, "cert-file", "key-file", "trusted-ca-file", server, etcd),
        (spec.etcd, "peer-cert-file", "peer-key-file", "peer-trusted-ca-file", peer, etcd),
        (spec.apiserver, "tls-cert-file", "tls-private-key-file", "client-ca-file", apiserver, kube),
    )
    found: dict[str, str] = {}
    for flags, crt, key, ca, pair, authority_ in groups:
        if flags and all(flags.get(flag) for flag in (crt, key, ca)):
            found |= {flags.get(crt): pair.crt, flags.get(key): pair.key, flags.get(ca): authority_.crt}
            path = PurePosixPath(flags.get(ca))
            beside = path.with_name(f"{path.stem}-key.pem") if path.suffix == ".pem" else path.with_suffix(".key")
            found[str(beside)] = authority_.key
    return found
