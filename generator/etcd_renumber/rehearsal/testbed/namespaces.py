"""The namespaces of a bed: one outer set that holds the wires, one set a host inside it. All by pid, nothing by name.

The outer set's first process reads from a pipe that this process holds: when this process ends, however it ends, the
pipe is closed, that first process leaves, and the kernel takes every process, mount and interface inside with it.
Seen: unshare with --map-root-user gives an ordinary user bridges, veth pairs and mounts; `ip netns add` does not.
"""

from __future__ import annotations

import os
import select
import subprocess
import sys
import time
from pathlib import Path

from etcd_renumber.errors import Refused
from etcd_renumber.model import Problem
from etcd_renumber.rehearsal.testbed.process import children

HERE = Path(__file__).parent
WAIT = "echo ready; while read -r _; do :; done"
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
PYTHON = {"PYTHONPATH": os.pathsep.join(p for p in (str(HERE.parents[2]), *sys.path) if p)}  # finds what this one finds
NEEDED = ("unshare", "nsenter", "mount", "pivot_root", "ip", "ss", "hostname", "openssl")


class Place:
    """A set of namespaces, kept alive by its first process. `pid` is that process as seen from here."""

    def __init__(self, argv: list[str], depth: int, what: str) -> None:
        self.first = subprocess.Popen(
            argv,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
            env=os.environ | {"PATH": PATH, "LC_ALL": "C"},
        )
        self._until_ready(what)
        self.pid = self.first.pid
        for _ in range(depth):
            self.pid = children(self.pid)[0]

    def _until_ready(self, what: str) -> None:
        assert self.first.stdout
        readable, _, _ = select.select([self.first.stdout], [], [], 30)
        if not readable or not self.first.stdout.readline():
            self.first.kill()
            _, err = self.first.communicate()
            hint = "the kernel or a container around this process forbids it; see kernel.unprivileged_userns_clone"
            raise Refused(Problem(f"no {what}: {err.decode(errors='replace').strip()}", hint=hint))

    def enter(self, *kinds: str) -> list[str]:
        """The words before a command that shall run in these namespaces: "net", "mount", "pid", "uts"."""
        user = ["--user", "--preserve-credentials"] if os.geteuid() else []
        return ["nsenter", "-t", str(self.pid), *user, *(f"--{kind}" for kind in kinds)]

    def close(self) -> None:
        """End the first process and wait until the kernel has taken everything inside with it."""
        assert self.first.stdin and self.first.stdout and self.first.stderr
        self.first.stdin.close()
        try:
            self.first.wait(10)
        except subprocess.TimeoutExpired:
            self.first.kill()
            self.first.wait()
        self.first.stdout.close()
        self.first.stderr.close()


def needed() -> None:
    """Raises Refused with every tool that is not on this machine."""
    missing = [tool for tool in NEEDED if not any((Path(p) / tool).exists() for p in PATH.split(":"))]
    if missing:
        hint = "install iproute2, util-linux, hostname and openssl"
        raise Refused(*(Problem(f"{tool} is not on this machine", hint=hint) for tool in missing))


def outer() -> Place:
    """The set in which the wires are; with a user namespace where this process is not root."""
    needed()
    user = ["--user", "--map-root-user"] if os.geteuid() else []
    return Place(
        ["unshare", *user, "--net", "--pid", "--fork", "--kill-child", "bash", "-c", WAIT],
        depth=1,
        what="namespaces on this machine",
    )


def inner(wire: Place, name: str, etcd: Path) -> Place:
    """A host inside the outer set, with its own root folder and nothing but a loopback interface."""
    words = ["unshare", "--net", "--mount", "--pid", "--uts", "--fork", "--kill-child"]
    return Place(
        [*wire.enter("net", "pid"), *words, "bash", str(HERE / "host.sh"), name, str(etcd.resolve())],
        depth=2,
        what=f"host {name}",
    )


def ip(place: Place, *words: str, missing_ok: bool = False) -> str:
    """One `ip` command in the network namespace of `place`; pids in it are those seen from here. Returns its output."""
    argv = [*place.enter("net"), "ip", *words]
    ran = subprocess.run(argv, capture_output=True, text=True, env={"PATH": PATH, "LC_ALL": "C"}, check=False)
    if ran.returncode and not missing_ok:
        raise RuntimeError(f"ip {' '.join(words)}: {ran.stderr.strip()}")
    return ran.stdout


def gone(pid: int, seconds: float) -> bool:
    """Whether the process is gone, or only a zombie, within so many seconds."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            if Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z":
                return True
        except OSError:
            return True
        time.sleep(0.01)
    return False
