"""One host of a bed, as a test or a rehearsal handles it: run a command, change an address, read a file."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from generator.bed.namespaces import enter
from generator.bed.spec import HostSpec, Ran

ALL = ("net", "mount", "pid", "uts")
CLEAN = {"PATH": "/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root", "LC_ALL": "C"}


class Host:
    """A running host. `pid` is its first process as seen from here; `spec` is what it was made from."""

    def __init__(self, spec: HostSpec, pid: int) -> None:
        self.spec = spec
        self.name = spec.name
        self.pid = pid

    def start(self, words: Sequence[str], env: Mapping[str, str] | None = None) -> subprocess.Popen[str]:
        """A command in the host, both of its outputs as one pipe; the caller waits for it."""
        return subprocess.Popen(
            [*enter(self.pid, *ALL), *words],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=CLEAN | dict(env or {}),
        )

    def run(self, words: Sequence[str], env: Mapping[str, str] | None = None, timeout: float = 300) -> Ran:
        """A command in the host, to its end. A command that outlasts `timeout` seconds is ended and raises."""
        began = time.monotonic()
        process = self.start(words, env)
        try:
            text, _ = process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            process.kill()
            raise
        return Ran(process.returncode, text, time.monotonic() - began)

    def must(self, *words: str) -> str:
        """The output of a command that has to succeed."""
        ran = self.run(words)
        if ran.exit != 0:
            raise RuntimeError(f"{self.name}: {' '.join(words)}: exit {ran.exit}: {ran.text}")
        return ran.text

    def path(self, inside: str) -> Path:
        """A path of the host as it can be opened from here."""
        return Path(f"/proc/{self.pid}/root{inside}")

    def copy_in(self, folder: Path, inside: str) -> None:
        """A whole folder onto the host, in place of what was there."""
        target = self.path(inside)
        if target.exists():
            shutil.rmtree(target)
        shutil.copytree(folder, target)

    def add_address(self, address: str, device: str = "eth0") -> None:
        """`address` is ADDRESS/BITS. IPv6 is usable at once (nodad)."""
        self.must("ip", "address", "add", address, "dev", device, *(["nodad"] if ":" in address else []))

    def remove_address(self, address: str, device: str = "eth0") -> None:
        """The same address, away."""
        self.must("ip", "address", "del", address, "dev", device)

    def processes(self, name: str) -> list[int]:
        """Pids inside the host of the processes with this name (comm)."""
        found = []
        for entry in self.path("/proc").iterdir():
            if entry.name.isdigit():
                try:
                    if (entry / "comm").read_text().strip() == name and (entry / "cmdline").read_bytes():
                        found.append(int(entry.name))
                except OSError:
                    continue  # it ended meanwhile
        return found

    def signal(self, name: str, number: signal.Signals = signal.SIGKILL) -> None:
        """This signal to every process of that name in the host."""
        for pid in self.processes(name):
            self.must("kill", f"-{number.value}", str(pid))

    def start_kubelet(self) -> None:
        """Kubelet again, after it was ended."""
        os.kill(self.pid, signal.SIGUSR1)

    def etcdctl(self, *words: str, endpoint: str = "https://127.0.0.1:2379") -> Ran:
        """etcdctl with this host's health check certificate."""
        pki = "/etc/kubernetes/pki/etcd"
        files = [
            f"--cacert={pki}/ca.crt",
            f"--cert={pki}/healthcheck-client.crt",
            f"--key={pki}/healthcheck-client.key",
        ]
        return self.run(["etcdctl", f"--endpoints={endpoint}", *files, *words], env={"ETCDCTL_API": "3"})
