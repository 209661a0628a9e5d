"""Namespaces that live exactly as long as the process that made them.

The first process inside waits on a pipe from here. However this process ends, SIGKILL included, the pipe closes, that
process ends, and the kernel ends everything in its pid namespace: processes, mounts, interfaces, addresses.
"""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path

ROOT = os.geteuid() == 0
# As root the kernel needs no user namespace; as anybody else it gives one, in which we are root.
USER = [] if ROOT else ["--user", "--map-root-user"]
SAME_USER = [] if ROOT else ["--user", "--preserve-credentials"]


class CannotRun(Exception):
    """This machine does not let a bed be made; the text names what failed and its switch."""


def hold() -> subprocess.Popen[bytes]:
    """The outermost namespaces: network (where the wires are), mount, pid. Ends when its stdin closes."""
    holder = subprocess.Popen(
        ["unshare", *USER, "--net", "--mount", "--pid", "--fork", "--mount-proc", "sh", "-c", "echo up; read line"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert holder.stdout is not None and holder.stderr is not None
    if holder.stdout.readline() != b"up\n":
        words = holder.stderr.read().decode().strip()
        raise CannotRun(
            f"no namespaces here: {words}. As an ordinary user the kernel must allow user namespaces "
            "(sysctl kernel.unprivileged_userns_clone, kernel.apparmor_restrict_unprivileged_userns); in a container /proc must not be masked"
        )
    return holder


def release(holder: subprocess.Popen[bytes]) -> None:
    """Ends everything inside and waits until it is gone."""
    assert holder.stdin is not None
    holder.stdin.close()
    holder.wait()


def init_of(parent: int, depth: int, limit: float = 10) -> int:
    """The pid, as seen from here, of the first process of the pid namespace that a child of `parent` made.

    `depth` is the number of pid namespaces it is nested in, this one included. Raises CannotRun after `limit` seconds.
    """
    until = time.monotonic() + limit
    while time.monotonic() < until:
        for pid in _descendants(parent):
            levels = _levels(pid)
            if len(levels) == depth and levels[-1] == 1:
                return pid
        time.sleep(0.02)
    raise CannotRun(f"no process became the first of its pid namespace within {limit:.0f} s")


def _levels(pid: int) -> list[int]:
    try:
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("NSpid:"):
                return [int(p) for p in line.split()[1:]]
    except OSError:
        pass  # it ended meanwhile
    return []


def _descendants(pid: int) -> list[int]:
    found: list[int] = []
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return found
    for child in children:
        found += [int(child), *_descendants(int(child))]
    return found


def own_depth() -> int:
    """How many pid namespaces this process is nested in, as /proc tells."""
    return len(_levels(os.getpid()))


def enter(pid: int, *kinds: str) -> list[str]:
    """The words that run a command in the namespaces of `pid`: kinds are net, mount, pid, uts."""
    return ["nsenter", "--target", str(pid), *SAME_USER, *(f"--{k}" for k in kinds), "--"]
