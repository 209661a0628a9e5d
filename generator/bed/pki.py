"""Certificates shaped like kubeadm's, made with the openssl of this machine: a throwaway CA, keys and modes as on a real host."""

from __future__ import annotations

import subprocess
import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path

PKI = "/etc/kubernetes/pki"
Files = dict[str, tuple[int, bytes]]  # path on the host -> (mode, bytes)


@dataclass(frozen=True)
class Authority:
    """A CA: PEM of its certificate and of its key."""

    crt: bytes
    key: bytes


def authority(name: str) -> Authority:
    """A new self-signed CA, valid for ten years."""
    with tempfile.TemporaryDirectory() as tmp:
        openssl(
            tmp,
            "req",
            "-x509",
            *NEW_KEY,
            "-keyout",
            "k",
            "-out",
            "c",
            "-subj",
            f"/CN={name}",
            "-days",
            "3650",
            "-sha256",
        )
        return Authority(Path(tmp, "c").read_bytes(), Path(tmp, "k").read_bytes())


NEW_KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")


def leaf(ca: Authority, subject: str, usage: str, names: tuple[str, ...]) -> tuple[bytes, bytes]:
    """(certificate, key) in PEM, valid for a year. `names` as openssl writes them: DNS:x, IP:y."""
    with tempfile.TemporaryDirectory() as tmp:
        Path(tmp, "ca.crt").write_bytes(ca.crt)
        Path(tmp, "ca.key").write_bytes(ca.key)
        lines = [
            "basicConstraints=critical,CA:FALSE",
            "keyUsage=critical,digitalSignature,keyEncipherment",
            f"extendedKeyUsage={usage}",
            "authorityKeyIdentifier=keyid",
            *([f"subjectAltName={','.join(names)}"] if names else []),
        ]
        Path(tmp, "e").write_text("\n".join(lines) + "\n")
        openssl(tmp, "req", "-new", *NEW_KEY, "-keyout", "k", "-out", "r", "-subj", subject)
        signing = ["-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial", "-days", "365", "-sha256", "-extfile", "e"]
        openssl(tmp, "x509", "-req", "-in", "r", *signing, "-out", "c")
        return Path(tmp, "c").read_bytes(), Path(tmp, "k").read_bytes()


def openssl(folder: str, *words: str) -> None:
    """One openssl command in a scratch folder, loud when it fails."""
    subprocess.run(["openssl", *words], cwd=folder, check=True, capture_output=True)


@cache
def authorities() -> tuple[Authority, Authority]:
    """etcd's CA and Kubernetes' CA, one pair a process."""
    return authority("etcd-ca"), authority("kubernetes")


def host_files(name: str, addresses: tuple[str, ...], etcd: Authority, kubernetes: Authority) -> Files:
    """Everything below /etc/kubernetes/pki that a runbook may look at, for a host with these addresses in its certificates."""
    own = tuple(f"IP:{a}" for a in addresses)
    names = ("DNS:localhost", f"DNS:{name}", *own, "IP:127.0.0.1", "IP:::1")
    both = "serverAuth,clientAuth"
    service = ("DNS:kubernetes", "DNS:kubernetes.default", "DNS:kubernetes.default.svc", f"DNS:{name}", "IP:10.96.0.1")
    leaves = {
        "etcd/server": leaf(etcd, f"/CN={name}", both, names),
        "etcd/peer": leaf(etcd, f"/CN={name}", both, names),
        "etcd/healthcheck-client": leaf(etcd, "/O=system:masters/CN=kube-etcd-healthcheck-client", "clientAuth", ()),
        "apiserver": leaf(kubernetes, "/CN=kube-apiserver", "serverAuth", (*service, *own)),
    }
    files: Files = {}
    for path, (crt, key) in {"etcd/ca": (etcd.crt, etcd.key), "ca": (kubernetes.crt, kubernetes.key), **leaves}.items():
        files[f"{PKI}/{path}.crt"] = (0o644, crt)
        files[f"{PKI}/{path}.key"] = (0o600, key)
    return files
