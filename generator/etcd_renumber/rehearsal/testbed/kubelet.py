"""A stand-in for kubelet: it starts what the manifests say, with kubelet's delays.

A process of its name and with its arguments is what everybody sees, signals and stops; it waits. The work is done beside
it, by a fork of `init.py` that ends with it and rests while it is stopped. The delays of a start were measured on 1.37.2
with containerd, those of an edit while it runs on 1.36.2; where a real one is a lottery, the worse lot is drawn.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from signal import SIGKILL, SIGTERM
from typing import Any

from etcd_renumber.rehearsal.testbed.host_spec import Flags
from etcd_renumber.rehearsal.testbed.node import address_of, answers, api_of_kubelet, apis, name_of, unknown
from etcd_renumber.rehearsal.testbed.pods import Manifests, Proc, Wanted, start, stat_of, ticks_of
from etcd_renumber.rehearsal.testbed.worker import Renewal, is_worker

STATE = Path("/run/kubelet/state.json")
STATUS_FAILS = Path("/run/kubelet/first-status-fails")  # a test's: new pods get the address that the API had, too
POLL = 0.1
FIRST_POD, FIRST_POD_API = 1.1, 2.2  # its own start to its first static pod: no API anywhere, an API somewhere
STATUS = 10.0  # how often the Node's address is looked at again
NEW_FILE = 0.5  # a new file, nothing of that pod running: its process is there after 0.45 to 0.7 s
EDITED = 12.0  # a file changed in place: 11.7 to 12.2 s, the old process gone at once
TOO_EARLY = 1.2  # a new file while the old pod's worker still finishes (0.1 to 1.1 s after its exit) waits like an edit
DUPLICATE_GONE = 19.5  # the second file of the same pod is taken away: the first comes back this late
CRASHED = (0.5, 11.0, 22.0, 46.0, 90.0)  # attempts at about 0.5, 1, 12, 34, 80, 170 s; a new file begins again
GRACE = 30.0  # SIGTERM at once, SIGKILL after this
GRACE_RESTARTED = 1.0  # what a kubelet that comes back gives a pod whose manifest changed meanwhile


@dataclass
class Pod:
    """What is wanted of one pod, what runs, what is on its way out, and when the next start is due (0: none).

    `stale` runs for a manifest of before kubelet's start: it stays, beside the new one, until the API has answered.
    """

    want: Wanted | None = None
    proc: Proc | None = None
    leaving: tuple[Proc, ...] = ()
    stale: tuple[Proc, ...] = ()
    ended: float = -1000.0
    start_at: float = 0.0
    crashes: int = 0
    address: str = ""


@dataclass
class Kubelet:
    """Its pods by name, the Node's address, and the address of the Node that the API knew when it started."""

    pid: int
    flags: Flags
    pods: dict[str, Pod]
    address: str
    recorded: str
    reached: bool = False
    asked: float = 0.0
    looked: float = 0.0
    kept: object = None


def line(who: str, text: str) -> str:
    """A line of the log as journalctl shows it."""
    return f"{time.strftime('%b %d %H:%M:%S')} {os.uname().nodename} {who}: {text}\n"


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


def look(pod: Pod, now: float, address: str) -> None:
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
        pod.start_at, pod.proc, pod.address = 0.0, start(pod.want), address


def resume(kubelet: Kubelet, kept: Mapping[str, Any], wanted: dict[str, Wanted], first: float) -> None:
    """Take over what an earlier kubelet left running, and plan the start of everything else for `first`.

    A pod whose manifest is still the same runs on; it gets the address that the API knew of its Node (seen on 1.37.2).
    """
    kubelet.pods = {name: Pod(want, start_at=first) for name, want in wanted.items()}
    for name, was in kept["pods"].items():
        proc, pod = Proc(was["pid"], was["ticks"]), kubelet.pods.setdefault(name, Pod())
        if proc.lives() and pod.want and pod.want.uid == was["uid"]:
            pod.proc, pod.start_at, pod.address = proc, 0.0, kubelet.recorded
        elif proc.lives():
            pod.stale = (proc,)
    for name, pid, ticks in kept.get("stale", ()):
        pod = kubelet.pods.setdefault(name, Pod())
        pod.stale = (*pod.stale, *(p for p in (Proc(pid, ticks),) if p.lives()))


def clean_up(kubelet: Kubelet, now: float) -> None:
    """Once its API has answered, whatever runs for an older manifest is ended; without it, never."""
    if now >= kubelet.asked + 1 and any(pod.stale for pod in kubelet.pods.values()):
        server, kubelet.asked = api_of_kubelet(), now
        kubelet.reached = kubelet.reached or bool(server and answers([server]))
    for pod in kubelet.pods.values() if kubelet.reached else ():
        for proc in pod.stale:
            leave(pod, proc, now + (GRACE_RESTARTED if pod.want else GRACE))
        pod.stale = ()


def remember(kubelet: Kubelet) -> None:
    """Write down what runs, where it changed: for the next kubelet, and for the API's stand-in."""
    running = {n: (p.want, p.proc, p.address) for n, p in kubelet.pods.items() if p.want and p.proc}
    stale = [(n, proc.pid, proc.ticks) for n, p in kubelet.pods.items() for proc in (*p.stale, *p.leaving)]
    now = (kubelet.address, stale, {n: (w.uid, proc.ticks, address) for n, (w, proc, address) in running.items()})
    if now == kubelet.kept:
        return
    pods = {
        n: {"uid": w.uid, "pid": proc.pid, "ticks": proc.ticks, "address": address, "manifest": w.text}
        for n, (w, proc, address) in running.items()
    }
    me = {"pid": kubelet.pid, "ticks": ticks_of(kubelet.pid)}
    node = {"name": name_of(kubelet.flags), "address": kubelet.address, "kubelet": me}
    STATE.parent.mkdir(parents=True, exist_ok=True)
    STATE.with_suffix(".new").write_text(json.dumps({"node": node, "pods": pods, "stale": stale}))
    STATE.with_suffix(".new").replace(STATE)
    kubelet.kept = now


def begin(pid: int, argv: Sequence[str], at_once: bool, manifests: Manifests) -> Kubelet:
    """Flags read, old pods taken over. Ends with exit 1 on a flag that kubelet does not have."""
    began, who = time.monotonic(), f"kubelet[{pid}]"
    if flag := unknown(argv):
        said = f'run.go:72] "command failed" err="failed to parse kubelet flag: unknown flag: {flag}"'
        sys.stderr.write(line(who, f"E{time.strftime('%m%d %H:%M:%S')}.000000 {pid} {said}"))
        raise SystemExit(1)
    sys.stderr.write(line(who, f"flags: {' '.join(argv[1:])}"))
    kept = json.loads(STATE.read_text()) if STATE.exists() else {"node": {"address": ""}, "pods": {}}
    recorded = kept["node"]["address"]
    flags = Flags(tuple(argv))
    address = address_of(flags, recorded)
    kubelet = Kubelet(pid, flags, {}, address, recorded or address)
    delay = 0.0 if at_once else FIRST_POD_API if answers(apis()) else FIRST_POD
    sys.stderr.write(line(who, f"first static pod after {delay:g} s"))
    resume(kubelet, kept, manifests.read(), began + delay)
    kubelet.asked = began + delay  # an old pod is not ended before its new one has begun beside it
    return kubelet


def main(pid: int, argv: Sequence[str], at_once: bool) -> None:
    """Look at the folder and at the processes, ten times a second, as long as kubelet, process `pid`, runs."""
    manifests = Manifests()
    kubelet = begin(pid, argv, at_once, manifests)
    late = STATUS_FAILS.exists()
    STATUS_FAILS.unlink(missing_ok=True)
    remember(kubelet)
    renewal = Renewal(name_of(kubelet.flags)) if is_worker() else None
    while (state := stat_of(pid)[0]) not in "ZX":
        if state == "T":
            time.sleep(POLL)
            continue
        wanted, now = manifests.read(), time.monotonic()
        if now >= kubelet.looked + STATUS:
            kubelet.looked, kubelet.address = now, address_of(kubelet.flags, kubelet.address)
        for name in [*wanted, *(n for n in kubelet.pods if n not in wanted)]:
            pod, want = kubelet.pods.setdefault(name, Pod()), wanted.get(name)
            if (pod.want and pod.want.uid) != (want and want.uid):
                change(pod, want, now)
            look(pod, now, kubelet.recorded if late else kubelet.address)
        clean_up(kubelet, now)
        remember(kubelet)
        if renewal:
            renewal.look()
        time.sleep(POLL)
