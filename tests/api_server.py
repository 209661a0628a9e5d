"""A real kube-apiserver and its etcd on free ports of this machine's loopback: what kubectl of a runbook asks."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from etcd_renumber.errors import Refused
from etcd_renumber.rehearsal.gobuild import build
from etcd_renumber.rehearsal.kubeadm.spec import ETCD

from tests.conftest import etcd_folder

TOKEN = "an-administrator-of-this-test"
KUBECONFIG = """apiVersion: v1
kind: Config
current-context: a
contexts: [{name: a, context: {cluster: c, user: u}}]
clusters: [{name: c, cluster: {server: 'https://127.0.0.1:%d', insecure-skip-tls-verify: true}}]
users: [{name: u, user: {token: %s}}]
"""


def kubernetes(version: str) -> Path:
    """The folder with kube-apiserver and kubectl; built first where it is not there. Without them the test fails and says why."""
    try:
        return build.built(f"kubernetes-{version}")
    except Refused as refused:
        pytest.fail("\n".join(f"{p.fact}\nhint: {p.hint}" for p in refused.problems), pytrace=False)


@dataclass
class Api:
    """It serves on `port`, its etcd on `etcd_port`. `advertises` is the address that it keeps a masterlease for."""

    folder: Path
    programs: Path
    etcd: Path
    advertises: str
    port: int = 0
    etcd_port: int = 0
    running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    @property
    def etcd_url(self) -> str:
        return f"http://127.0.0.1:{self.etcd_port}"

    @property
    def kubeconfig(self) -> Path:
        return self.folder / "admin.conf"

    def start_etcd(self) -> None:
        self.etcd_port, peer = free_port(), free_port()
        urls = [f"--listen-client-urls={self.etcd_url}", f"--advertise-client-urls={self.etcd_url}"]
        peers = [f"--listen-peer-urls=http://127.0.0.1:{peer}"]
        self._start("etcd", [self.etcd / "etcd", f"--data-dir={self.folder / 'etcd'}", *urls, *peers])

    def start(self) -> None:
        """Returns when it is ready."""
        self.port = self.port or free_port()
        self.kubeconfig.write_text(KUBECONFIG % (self.port, TOKEN))
        (self.folder / "tokens.csv").write_text(f"{TOKEN},admin,1,system:masters\n")
        key = self.folder / "sa.key"
        if not key.exists():
            words = ["openssl", "genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-out", str(key)]
            subprocess.run(words, check=True, capture_output=True)
        flags = {
            "etcd-servers": self.etcd_url, "bind-address": "127.0.0.1", "secure-port": self.port,
            "advertise-address": self.advertises, "cert-dir": self.folder / "certs", "authorization-mode": "RBAC",
            "token-auth-file": self.folder / "tokens.csv", "service-cluster-ip-range": "10.96.0.0/12",
            "service-account-key-file": key, "service-account-signing-key-file": key,
            "service-account-issuer": "https://kubernetes.default.svc", "disable-admission-plugins": "ServiceAccount",
        }  # fmt: skip
        self._start("kube-apiserver", [self.programs / "kube-apiserver", *(f"--{k}={v}" for k, v in flags.items())])
        deadline = time.monotonic() + 120
        while self.kubectl("get", "--raw=/readyz", check=False).returncode:
            assert self.running["kube-apiserver"].poll() is None, (self.folder / "kube-apiserver.log").read_text()[
                -2000:
            ]
            assert time.monotonic() < deadline, "kube-apiserver is not ready within 120 s"
            time.sleep(0.5)

    def stop(self, name: str = "kube-apiserver", kill: bool = False) -> None:
        process = self.running.pop(name)
        if kill:
            process.kill()
        else:
            process.terminate()
        process.wait(60)

    def _start(self, name: str, words: list[object]) -> None:
        with open(self.folder / f"{name}.log", "ab") as log:
            self.running[name] = subprocess.Popen(
                list(map(str, words)), stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )

    def kubectl(self, *words: str, stdin: str | None = None, check: bool = True) -> subprocess.CompletedProcess[str]:
        at = [f"--kubeconfig={self.kubeconfig}", f"--cache-dir={self.folder / 'cache'}"]
        command = [str(self.programs / "kubectl"), *at, *words]
        ran = subprocess.run(command, input=stdin, capture_output=True, text=True, check=False, timeout=60)
        assert ran.returncode == 0 or not check, ran.stderr
        return ran

    def etcdctl(self, *words: str) -> str:
        command = [str(self.etcd / "etcdctl"), f"--endpoints={self.etcd_url}", *words]
        return subprocess.run(
            command, capture_output=True, text=True, check=True, timeout=30, env={"ETCDCTL_API": "3"}
        ).stdout

    def put(self, namespace: str, name: str, data: dict[str, str], **metadata: Any) -> None:
        """A ConfigMap with this data and no other."""
        meta = {"name": name, "namespace": namespace, **metadata}
        self.forget(namespace, name)
        body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta, "data": data}
        self.kubectl("create", "-f", "-", stdin=json.dumps(body))

    def forget(self, namespace: str, name: str, kind: str = "configmap") -> None:
        self.kubectl("delete", kind, name, f"--namespace={namespace}", "--ignore-not-found")

    def get(self, namespace: str, name: str, kind: str = "configmap") -> dict[str, Any]:
        return json.loads(self.kubectl("get", kind, name, f"--namespace={namespace}", "--output=json").stdout)  # type: ignore[no-any-return]


def free_port() -> int:
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        return int(door.getsockname()[1])


@contextmanager
def api_server(folder: Path, version: str, advertises: str) -> Iterator[Api]:
    """Both programs, ended at the end. `version` is Kubernetes', "1.37.2"."""
    folder.mkdir(parents=True, exist_ok=True)
    api = Api(folder, kubernetes(version), etcd_folder(ETCD[version.rpartition(".")[0]]), advertises)
    try:
        api.start_etcd()
        api.start()
        yield api
    finally:
        for name in list(api.running)[::-1]:
            api.stop(name)
        shutil.rmtree(folder / "etcd", ignore_errors=True)
