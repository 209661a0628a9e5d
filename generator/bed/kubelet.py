"""A stand-in for kubelet: it runs what the files in its folder say, with the delays that were measured on real ones.

It knows static pods and nothing else: no API, no probes, no container. etcd runs as itself, with the manifest's
command and args; every other pod is a placeholder process with that name and those arguments.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import time
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

FOLDER = Path("/etc/kubernetes/manifests")
# Seconds, each as seen on kubelet 1.36.2 with containerd (1.20 is faster, and overlaps old and new).
NEW_FILE = 0.5  # a file that appears while no pod of its name is ending
IN_PLACE = 12.0  # a file that changes: the new pod waits until kubelet looks again
WORKER = 1.1  # the old pod's worker ends this long after its process; a file that appears before waits like IN_PLACE
GRACE = 30.0  # from SIGTERM to SIGKILL
BACK_OFF = (0.5, 10.0, 22.0, 46.0, 90.0, 160.0)  # between the end of one attempt and the next

PLACEHOLDER = """
import ctypes, signal
name, argv = eval(input())
stat = open('/proc/self/stat').read().rpartition(')')[2].split()
start, end = int(stat[45]), int(stat[46])
line = b''.join(a + b'\\0' for a in argv)
assert end - start == len(line), (end - start, len(line))
ctypes.memmove(start, line, len(line))
ctypes.CDLL(None).prctl(15, name, 0, 0, 0)
while True: signal.pause()
"""


class Pod:
    """One static pod: the text it was made from, its process, and when it may start (monotonic seconds)."""

    def __init__(self, text: str, start_at: float) -> None:
        self.text = text
        self.start_at = start_at
        self.process: subprocess.Popen[bytes] | None = None
        self.crashes = 0
        self.kill_at: float | None = None


class Kubelet:
    """Looks at the folder ten times a second, as a file event would wake the real one."""

    def __init__(self) -> None:
        self.pods: dict[str, Pod] = {}
        self.ending: list[tuple[str, Pod]] = []
        self.ended_at: dict[str, float] = {}

    def run(self) -> None:
        """For ever."""
        while True:
            self.step(time.monotonic())
            time.sleep(0.1)

    def step(self, now: float) -> None:
        """One look: what must end, what ended, what may start."""
        wanted = read_folder()
        for name, pod in list(self.pods.items()):
            if wanted.get(name) != pod.text:
                self.end(name, pod, now)
        self.reap(now)
        for name, text in wanted.items():
            if name not in self.pods:
                self.pods[name] = Pod(text, now + self.delay(name, now))
        for name, pod in self.pods.items():
            self.care(name, pod, now)

    def delay(self, name: str, now: float) -> float:
        """How long the new pod waits: for the old one's worker, where that has not ended."""
        if any(n == name for n, _ in self.ending) or now - self.ended_at.get(name, -99) < WORKER:
            return IN_PLACE
        return NEW_FILE

    def end(self, name: str, pod: Pod, now: float) -> None:
        """SIGTERM now, SIGKILL after the grace."""
        del self.pods[name]
        if pod.process is not None and pod.process.poll() is None:
            pod.process.terminate()
            pod.kill_at = now + GRACE
            self.ending.append((name, pod))
        elif pod.process is not None:
            self.ended_at[name] = now

    def reap(self, now: float) -> None:
        """Forget what has ended; end by force what has not."""
        for entry in list(self.ending):
            name, pod = entry
            assert pod.process is not None and pod.kill_at is not None
            if pod.process.poll() is not None:
                self.ended_at[name] = now
                self.ending.remove(entry)
            elif now > pod.kill_at:
                pod.process.kill()

    def care(self, name: str, pod: Pod, now: float) -> None:
        """Start what may start; note a crash and its back-off."""
        if pod.process is not None and pod.process.poll() is not None:
            pod.process = None
            pod.start_at = now + BACK_OFF[min(pod.crashes, len(BACK_OFF) - 1)]
            pod.crashes += 1
        if pod.process is None and now >= pod.start_at and not any(n == name for n, _ in self.ending):
            pod.process = start(pod.text)


def read_folder() -> dict[str, str]:
    """Pod name to text. Every file that does not begin with a dot counts; of two with one pod name the younger wins."""
    files: list[tuple[float, str, str]] = []
    for entry in os.scandir(FOLDER) if FOLDER.is_dir() else []:
        with contextlib.suppress(OSError, yaml.YAMLError, KeyError, TypeError):
            seen = entry.stat()
            if not entry.name.startswith(".") and entry.is_file():
                files.append((seen.st_mtime, *read_pod(entry.path, seen.st_mtime_ns, seen.st_ino, seen.st_size)))
    return {name: text for _, name, text in sorted(files)}


@lru_cache(maxsize=64)
def read_pod(path: str, *_seen: int) -> tuple[str, str]:
    """(pod name, text) of one file; read again only when its time, inode or size is another."""
    text = Path(path).read_text()
    return yaml.safe_load(text)["metadata"]["name"], text


def start(text: str) -> subprocess.Popen[bytes]:
    """The first container's process: etcd as itself, everything else as a placeholder with exactly those arguments."""
    container = yaml.safe_load(text)["spec"]["containers"][0]
    argv = [*container.get("command", []), *container.get("args", [])]
    if Path(argv[0]).name == "etcd":
        environment = {"PATH": "/usr/local/bin:/usr/bin:/bin"} | {
            e["name"]: e["value"] for e in container.get("env", [])
        }
        log = open("/var/log/etcd.log", "ab")  # noqa: SIM115
        return subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environment)
    return placeholder(argv)


def placeholder(argv: list[str]) -> subprocess.Popen[bytes]:
    """A process that does nothing, named and with arguments like the real one (at least five bytes of them).

    It is started with as many bytes of arguments as are wanted, and writes the wanted ones over them.
    """
    wanted = sum(len(a.encode()) + 1 for a in argv)
    process = subprocess.Popen(
        ["p", "-", "x" * (wanted - 5)],
        executable=f"/proc/{os.getpid()}/exe",
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        env={"PYTHONHOME": sys.base_prefix},
    )
    assert process.stdin is not None
    code = PLACEHOLDER.replace("input()", repr(repr((Path(argv[0]).name.encode(), [a.encode() for a in argv]))))
    process.stdin.write(code.encode())
    process.stdin.close()
    return process


def become_kubelet() -> None:
    """Take the name, then work. A real kubelet's containers outlive it, so children are not tied to it."""
    name_process(b"kubelet")
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    Kubelet().run()


def name_process(name: bytes) -> None:
    """What /proc/PID/comm says (prctl PR_SET_NAME)."""
    libc: Any = ctypes.CDLL(None)
    libc.prctl(15, name, 0, 0, 0)
