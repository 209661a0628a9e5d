"""A bed: hosts on wires, all of it gone when the block ends, however it ends."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from ipaddress import ip_interface
from pathlib import Path
from types import TracebackType

import yaml

from generator.bed import namespaces, pki
from generator.bed.host import Host
from generator.bed.load import Load
from generator.bed.spec import HostSpec, Link

WRITER = "writer"


class Bed:
    """Context manager. `etcd` is a folder with etcd and etcdctl; `version` its minor (3.3, 3.4, 3.5)."""

    def __init__(self, specs: Sequence[HostSpec], etcd: Path, version: str, writer: HostSpec | None = None) -> None:
        self.specs = [*specs, *([writer] if writer else [])]
        self.etcd, self.version = etcd, version
        self.hosts: dict[str, Host] = {}
        self.authorities = pki.authorities()

    def __enter__(self) -> Bed:
        self._tmp = tempfile.TemporaryDirectory(prefix="etcd-renumber-bed.")
        self.holder = namespaces.hold()
        try:
            self.wires_pid = namespaces.init_of(self.holder.pid, namespaces.own_depth() + 1)
            self._wires()
            for spec in self.specs:
                self._host(spec)
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        namespaces.release(self.holder)
        self._tmp.cleanup()

    def __getitem__(self, name: str) -> Host:
        return self.hosts[name]

    @property
    def members(self) -> list[Host]:
        """The hosts that run etcd, in the order they were given."""
        return [h for h in self.hosts.values() if h.spec.manifests]

    def on_wires(self, *words: str) -> None:
        """A command in the network namespace that holds the wires."""
        done = subprocess.run([*namespaces.enter(self.wires_pid, "net"), *words], capture_output=True, text=True)
        if done.returncode != 0:
            raise namespaces.CannotRun(f"{' '.join(words)}: {done.stderr.strip()}")

    def _wires(self) -> None:
        wires = sorted({link.wire for spec in self.specs for link in spec.links})
        for wire in wires:
            self.on_wires("ip", "link", "add", wire, "type", "bridge")
            self.on_wires("ip", "link", "set", wire, "up")

    def _host(self, spec: HostSpec) -> None:
        words = [
            "unshare",
            "--net",
            "--mount",
            "--pid",
            "--uts",
            "--fork",
            sys.executable,
            "-m",
            "generator.bed.inside",
        ]
        log = open(Path(self._tmp.name) / f"{spec.name}.log", "wb")  # noqa: SIM115
        process = subprocess.Popen(
            [*namespaces.enter(self.wires_pid, "net", "mount", "pid"), *words],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            cwd=Path(__file__).parent.parent.parent,
        )
        log.close()
        assert process.stdin is not None and process.stdout is not None
        pid = namespaces.init_of(process.pid, namespaces.own_depth() + 2)
        for number, link in enumerate(spec.links):
            self._link(pid, number, link)
        process.stdin.write(json.dumps(self._description(spec)).encode())
        process.stdin.close()
        if process.stdout.readline() != b"up\n":
            raise namespaces.CannotRun(f"{spec.name}: {Path(self._tmp.name, f'{spec.name}.log').read_text()}")
        self.hosts[spec.name] = Host(spec, pid)

    def _link(self, pid: int, number: int, link: Link) -> None:
        """A veth pair: one end on the wire, the other one eth<number> of the host."""
        outer = f"v{pid}x{number}"
        self.on_wires("ip", "link", "add", outer, "type", "veth", "peer", "name", f"eth{number}", "netns", str(pid))
        self.on_wires("ip", "link", "set", outer, "master", link.wire, "up")
        lines = ["link set lo up", f"link set eth{number} up"]
        for address in link.addresses:
            lines.append(f"address add {address} dev eth{number}" + (" nodad" if ":" in address else ""))
        if link.gateway:
            lines.append(f"route add default via {link.gateway}")
        subprocess.run(
            [*namespaces.enter(pid, "net"), "ip", "-batch", "-"],
            input="\n".join(lines),
            text=True,
            check=True,
            capture_output=True,
        )

    def _description(self, spec: HostSpec) -> dict[str, object]:
        files: pki.Files = {
            "/etc/hosts": (0o644, f"127.0.0.1 localhost\n::1 localhost\n127.0.1.1 {spec.name}\n".encode())
        }
        if spec.manifests or spec.name == WRITER:
            addresses = spec.certificate_addresses or tuple(
                str(ip_interface(a).ip) for k in spec.links for a in k.addresses
            )
            files |= pki.host_files(spec.name, addresses, *self.authorities)
        for name, text in spec.manifests.items():
            files[f"/etc/kubernetes/manifests/{name}"] = (0o600, text.encode())
        return {
            "name": spec.name,
            "tools": str(self.etcd),
            "files": {path: (mode, base64.b64encode(data).decode()) for path, (mode, data) in files.items()},
            "folders": _folders(spec),
            "kubelet": bool(spec.manifests),
            "forwards": spec.forwards,
            "writer": None,
        }

    def wait_healthy(self, limit: float = 60) -> None:
        """Every member says that it is healthy, by its own client URL. Raises RuntimeError after `limit` seconds."""
        until = time.monotonic() + limit
        waiting = list(self.members)
        while waiting:
            answer = waiting[0].etcdctl("endpoint", "health", endpoint=_loopback(waiting[0].spec))
            if answer.exit == 0:
                waiting.pop(0)
            elif time.monotonic() > until:
                log = waiting[0].run(["tail", "-n", "5", "/var/log/etcd.log"]).text
                raise RuntimeError(f"{waiting[0].name} is not healthy after {limit:.0f} s: {answer.text}\n{log}")
            else:
                time.sleep(0.2)

    def load(self, targets: list[tuple[str, int]], writers: int = 4, rate: float = 60) -> Load:
        """Writers in the writer's host, against these client addresses, until the block ends."""
        return Load(self, targets, writers, rate)


def _loopback(spec: HostSpec) -> str:
    text = "".join(spec.manifests.values())
    return "https://[::1]:2379" if "https://[::1]:2379" in text else "https://127.0.0.1:2379"


def _folders(spec: HostSpec) -> list[str]:
    """Every hostPath folder of the manifests, so that a host has what its pods mount."""
    found = ["/etc/kubernetes/manifests"] if spec.manifests else []
    for text in spec.manifests.values():
        for volume in yaml.safe_load(text)["spec"].get("volumes", []):
            path = volume.get("hostPath", {})
            if path.get("type") == "DirectoryOrCreate" and path["path"].startswith(
                ("/etc/", "/var/lib/", "/run/", "/var/log/")
            ):
                found.append(path["path"])
    return found
