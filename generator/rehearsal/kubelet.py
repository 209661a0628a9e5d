"""A stand-in for kubelet: a process of that name that starts what the manifests say, with kubelet's delays.

    python -m generator.rehearsal.kubelet PID        PID: any process of the host, as seen from where this starts

It is started outside the host's root folder, so that this interpreter is found, and moves in once all is imported.
The delays were measured on kubelet 1.36.2 with containerd; where a real one is a lottery, the worse lot is drawn.
"""

from __future__ import annotations

import ctypes
import json
import os
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from signal import SIGKILL, SIGTERM

from generator.rehearsal.pods import Manifests, Proc, Wanted, start

STATE = Path("/run/kubelet/pods.json")
POLL = 0.1
NEW_FILE = 0.5  # a new file, nothing of that pod running: its process is there after 0.45 to 0.7 s
EDITED = 12.0  # a file changed in place: 11.7 to 12.2 s, the old process gone at once
TOO_EARLY = 1.2  # a new file while the old pod's worker still finishes (0.1 to 1.1 s after its exit) waits like an edit
DUPLICATE_GONE = 19.5  # the second file of the same pod is taken away: the first comes back this late
CRASHED = (0.5, 11.0, 22.0, 46.0, 90.0)  # attempts at about 0.5, 1, 12, 34, 80, 170 s; a new file begins again
GRACE = 30.0  # SIGTERM at once, SIGKILL after this
GRACE_RESTARTED = 1.0  # what a kubelet that comes back gives a pod whose manifest changed meanwhile


@dataclass
class Pod:
    """What is wanted of one pod, what runs, what is on its way out, and when the next start is due (0: none)."""

    want: Wanted | None = None
    proc: Proc | None = None
    leaving: tuple[Proc, ...] = ()
    ended: float = -1000.0
    start_at: float = 0.0
    crashes: int = 0


def change(pod: Pod, want: Wanted | None, now: float) -> None:
    """The manifest came, changed or went: the old process is asked to leave, the new one's start is set."""
    before, early = pod.want, bool(pod.proc or pod.leaving) or now - pod.ended < TOO_EARLY
    pod.want, pod.crashes, pod.start_at = want, 0, 0.0
    if pod.proc:
        leave(pod, pod.proc, now + GRACE)
        pod.proc = None
    if want is None:
        return
    if before is None:
        pod.start_at = now + (EDITED if early else NEW_FILE)
    elif before.file == want.file:
        pod.start_at = now + EDITED
    else:
        pod.start_at = now + (NEW_FILE if want.seen > before.seen else DUPLICATE_GONE)


def leave(pod: Pod, proc: Proc, kill_at: float) -> None:
    """SIGTERM now, SIGKILL at `kill_at`."""
    if proc.lives():
        os.kill(proc.pid, SIGTERM)
    proc.kill_at = kill_at
    pod.leaving = (*pod.leaving, proc)


def look(pod: Pod, now: float) -> None:
    """Whoever ended is noted, whoever stays too long is killed, whoever is due is started."""
    for proc in pod.leaving:
        if not proc.lives():
            pod.ended = now
        elif now >= proc.kill_at:
            os.kill(proc.pid, SIGKILL)
    pod.leaving = tuple(p for p in pod.leaving if p.lives())
    if pod.proc and not pod.proc.lives():
        pod.proc, pod.ended = None, now
        pod.start_at = now + CRASHED[min(pod.crashes, len(CRASHED) - 1)]
        pod.crashes += 1
    if pod.want and pod.start_at and now >= pod.start_at:
        pod.start_at, pod.proc = 0.0, start(pod.want)


def resume(pods: dict[str, Pod], wanted: dict[str, Wanted], now: float) -> None:
    """Take over what an earlier kubelet left running; what is no longer wanted goes."""
    kept = json.loads(STATE.read_text()) if STATE.exists() else {}
    for name, (uid, pid, ticks) in kept.items():
        proc, want = Proc(pid, ticks), wanted.get(name)
        if not proc.lives():
            continue
        pod = pods[name] = Pod(want)
        if want and want.uid == uid:
            pod.proc = proc
        else:
            pod.start_at = now + NEW_FILE if want else 0.0
            leave(pod, proc, now + (NEW_FILE + GRACE_RESTARTED if want else GRACE))


def remember(pods: dict[str, Pod], kept: str) -> str:
    """Write down what runs, where it changed; returns what is written."""
    text = json.dumps({n: (p.want.uid, p.proc.pid, p.proc.ticks) for n, p in pods.items() if p.want and p.proc})
    if text != kept:
        STATE.parent.mkdir(parents=True, exist_ok=True)
        STATE.with_suffix(".new").write_text(text)
        STATE.with_suffix(".new").replace(STATE)
    return text


def move_in(pid: int) -> None:
    """Take the name kubelet and the root folder of the host that process `pid` belongs to."""
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(15, b"kubelet", 0, 0, 0)  # PR_SET_NAME
    with open(f"/proc/{pid}/ns/mnt") as namespace:
        if libc.setns(namespace.fileno(), 0x20000):  # CLONE_NEWNS
            raise OSError(ctypes.get_errno(), "setns")
    os.chdir("/")


def main(pid: int) -> None:
    """Look at the folder and at the processes, ten times a second, for ever."""
    move_in(pid)
    manifests, pods, kept = Manifests(), dict[str, Pod](), ""
    resume(pods, manifests.read(), time.monotonic())
    while True:
        wanted, now = manifests.read(), time.monotonic()
        for name in [*wanted, *(n for n in pods if n not in wanted)]:
            pod, want = pods.setdefault(name, Pod()), wanted.get(name)
            if (pod.want and pod.want.uid) != (want and want.uid):
                change(pod, want, now)
            look(pod, now)
        kept = remember(pods, kept)
        time.sleep(POLL)


if __name__ == "__main__":
    main(int(sys.argv[1]))
