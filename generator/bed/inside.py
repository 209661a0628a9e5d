"""The first process of one host: its mounts, its name, its kubelet; then it reaps, as an init does.

Everything it needs is imported before the mounts hide the machine's own folders.
"""

from __future__ import annotations

import base64
import contextlib
import http.client  # noqa: F401  # loaded before the mounts
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from generator.bed import kubelet, writing

FRESH = ("/var/lib", "/var/log", "/run", "/tmp")


def main() -> None:
    """Reads the host's description from stdin, makes the host, says `up`, and stays."""
    spec = json.load(sys.stdin)
    socket.sethostname(spec["name"])
    mount_all(spec)
    for path, (mode, data) in spec["files"].items():
        write(Path(path), mode, base64.b64decode(data))
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.close(0)
    os.open("/dev/null", os.O_RDONLY)
    print("up", flush=True)
    stay(spec)


def mount_all(spec: dict[str, Any]) -> None:
    """Own /proc, own copies of /etc, empty folders where a control plane keeps its things, etcd's tools in /usr/local/bin."""
    mount("--make-rprivate", "/")
    mount("-t", "proc", "proc", "/proc")
    mount("-t", "tmpfs", "-o", "mode=0755", "tmpfs", "/mnt")
    os.mkdir("/mnt/etc")
    copy_etc()
    os.mkdir("/mnt/bin")
    mount("--bind", spec["tools"], "/mnt/bin")
    mount("--bind", "/mnt/etc", "/etc")
    mount("--bind", "/mnt/bin", "/usr/local/bin")
    for folder in FRESH:
        mount("-t", "tmpfs", "-o", "mode=0755", "tmpfs", folder)
    os.chmod("/tmp", 0o1777)
    for folder in spec["folders"]:
        os.makedirs(folder, exist_ok=True)


def copy_etc() -> None:
    """Small, and ours to write: /etc/hosts, /etc/kubernetes and whatever a runbook looks at. Secrets of the machine stay out."""
    for entry in os.scandir("/etc"):
        if entry.name in ("kubernetes", "shadow", "gshadow", "ssh"):
            continue
        target = f"/mnt/etc/{entry.name}"
        with contextlib.suppress(OSError, shutil.Error):
            if entry.is_symlink():
                os.symlink(os.readlink(entry.path), target)
            elif entry.is_dir():
                shutil.copytree(entry.path, target, symlinks=True, ignore_dangling_symlinks=True)
            else:
                shutil.copy2(entry.path, target)


def mount(*words: str) -> None:
    """mount(8), loud when it fails."""
    subprocess.run(["mount", *words], check=True)


def write(path: Path, mode: int, data: bytes) -> None:
    """A file with its folders."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    path.chmod(mode)


def stay(spec: dict[str, Any]) -> None:
    """Start what belongs here, start kubelet again on SIGUSR1, reap for ever."""
    again = [bool(spec["kubelet"])]
    writing_now = 0
    if spec["forwards"]:
        for knob in ("net/ipv4/ip_forward", "net/ipv6/conf/all/forwarding"):
            Path("/proc/sys", knob).write_text("1")
    signal.signal(signal.SIGUSR1, lambda *_: again.__setitem__(0, True))
    while True:
        if os.path.exists("/run/load.json") and not writing_now:
            writing_now = fork(write_load)
        if again[0]:
            again[0] = False
            fork(kubelet.become_kubelet)
        with contextlib.suppress(ChildProcessError):
            ended, _ = os.waitpid(-1, os.WNOHANG)
            writing_now = 0 if ended == writing_now else writing_now
        time.sleep(0.05)


def write_load() -> None:
    """The load that the file asks for; the file goes when it is over."""
    path = Path("/run/load.json")
    writing.write_on(json.loads(path.read_text()))
    path.unlink()


def fork(work: Callable[[], None]) -> int:
    """The pid of a child of its own session that does this work and never comes back."""
    pid = os.fork()
    if pid == 0:
        os.setsid()
        signal.signal(signal.SIGUSR1, signal.SIG_IGN)
        try:
            work()
        finally:
            os._exit(0)
    return pid


if __name__ == "__main__":
    main()
