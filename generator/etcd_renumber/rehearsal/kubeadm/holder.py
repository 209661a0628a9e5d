"""A cluster that outlives the command that made it: a process holds it until it is told to end, and a file says which.

The file is in XDG_RUNTIME_DIR, else in the cache. A second process may use the cluster through `attached`.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from etcd_renumber.errors import Refused
from etcd_renumber.model import Problem
from etcd_renumber.rehearsal.gobuild import build
from etcd_renumber.rehearsal.kubeadm.cluster import Cluster
from etcd_renumber.rehearsal.kubeadm.machine import Machine
from etcd_renumber.rehearsal.kubeadm.programs import programs_for
from etcd_renumber.rehearsal.kubeadm.spec import BALANCER, Node, Spec
from etcd_renumber.rehearsal.subnets import bits
from etcd_renumber.rehearsal.testbed.host import Host
from etcd_renumber.rehearsal.testbed.host_spec import HostSpec
from etcd_renumber.rehearsal.testbed.namespaces import Place, gone

ROWS = ("nodes", "joining", "workers")
PLAIN = ("version", "endpoint", "name", "port", "node_ip", "etcd", "data_dir", "pods", "services")


class Found(Place):
    """Namespaces that another process holds."""

    def __init__(self, pid: int) -> None:
        self.pid = pid

    def close(self) -> None:
        """They are not ours to end."""


def state_file(name: str) -> Path:
    """Which process holds the cluster of this name, and which its hosts are."""
    folder = Path(os.environ.get("XDG_RUNTIME_DIR") or build.cache().parent)
    return folder / f"etcd-renumber-{name}.json"


def hold(spec: Spec, name: str, tell: Callable[[str], None]) -> None:
    """Bring a cluster up, write the file, keep it until SIGTERM or SIGINT. Nothing is left then, the file neither."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _leave)
    path = state_file(name)
    try:
        with Cluster(spec, tell) as cluster:
            pids = {n: m.place.pid for n, m in cluster.hosts.items()}
            if cluster.balancer:
                pids[BALANCER] = cluster.balancer.place.pid
            said = {"pid": os.getpid(), "began": _began(os.getpid()), "hosts": pids, "spec": _words(spec)}
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps(said, indent=2) + "\n")
            while True:
                signal.pause()
    finally:
        path.unlink(missing_ok=True)


def _leave(number: int, frame: object) -> None:
    raise SystemExit(0)


def held(name: str) -> dict[str, Any] | None:
    """What the file says; None where there is none, or its process is gone."""
    try:
        said: dict[str, Any] = json.loads(state_file(name).read_text())
    except (OSError, ValueError):
        return None
    return said if _began(said["pid"]) == said["began"] else None


def up(spec: Spec, name: str, words: list[str], tell: Callable[[str], None]) -> dict[str, Any]:
    """Start a process that holds the cluster, and return what its file says. Raises Refused with what it said last."""
    if held(name):
        raise Refused(Problem(f"the cluster {name} is up already", hint="end it first: make cluster-down"))
    log = state_file(name).with_suffix(".log")
    log.parent.mkdir(parents=True, exist_ok=True)
    with open(log, "wb") as out:
        argv = [sys.executable, "-m", "etcd_renumber.rehearsal.kubeadm", "hold", *words]
        first = subprocess.Popen(
            argv,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            start_new_session=True,
            cwd=Path(__file__).parents[3],
        )
    shown = 0
    try:
        while first.poll() is None and not held(name):
            shown = _show(log, shown, tell)
            time.sleep(0.2)
    except BaseException:  # Ctrl-C: nobody wants it any more
        first.terminate()
        first.wait()
        raise
    _show(log, shown, tell)
    said = held(name)
    if not said:
        raise Refused(Problem(f"no cluster: exit {first.poll()}", str(log), hint="its last lines say why"))
    return said


def _show(log: Path, shown: int, tell: Callable[[str], None]) -> int:
    text = log.read_text(errors="replace")
    whole = text[shown : text.rfind("\n") + 1]
    for line in whole.splitlines():
        tell(line)
    return shown + len(whole)


def down(name: str) -> bool:
    """End the cluster and wait for it. False where there was none."""
    said = held(name)
    if not said:
        state_file(name).unlink(missing_ok=True)
        return False
    os.kill(said["pid"], signal.SIGTERM)
    if not gone(said["pid"], 60):
        raise Refused(Problem(f"process {said['pid']} has not ended within 60 s"))
    return True


def attached(name: str = "cluster") -> Cluster:
    """The cluster that another process holds, to use and not to end."""
    said = held(name)
    if not said:
        raise Refused(Problem(f"no cluster {name} is up", hint="make cluster"))
    spec = _spec(said["spec"])
    cluster = Cluster(spec)
    cluster.programs = programs_for(spec, lambda line: None)
    for node in spec.machines:
        host = HostSpec(node.name, addresses=(f"{node.old}/{bits(node.old)}",))
        cluster.hosts[node.name] = Machine(host, Found(said["hosts"][node.name]), cluster.programs.etcd)
        cluster.hosts[node.name].was_up = True
    cluster.balancer = Host(HostSpec(BALANCER), Found(said["hosts"][BALANCER]))
    return cluster


def _words(spec: Spec) -> dict[str, Any]:
    rows = {k: [[n.name, str(n.old), str(n.new)] for n in getattr(spec, k)] for k in ROWS}
    plain = {k: getattr(spec, k) for k in PLAIN}
    return plain | rows | {"arguments": {k: dict(v) for k, v in spec.arguments.items()}}


def _spec(words: dict[str, Any]) -> Spec:
    rows = {k: tuple(Node(n, ip_address(o), ip_address(w)) for n, o, w in words[k]) for k in ROWS}
    return Spec(**(words | rows))


def _began(pid: int) -> str:
    """When the process began, in the kernel's own clock: a pid is used again. Empty where there is none."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[19]
    except OSError:
        return ""
