"""A stand-in for what answers on a control plane host: kube-apiserver's port and the health ports of the others.

One process a host, forked by `init.py`. A port is open while the pod's own process, a placeholder, runs. It answers GET
alone, and only from what this host's kubelet wrote down: no other host's objects, no watch, no admission; but the kubelet
of another host may renew its Lease. What a real
one refuses to an anonymous client or to a kubelet's certificate, it refuses too.
"""

from __future__ import annotations

import json
import select
import socket
import ssl
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from etcd_renumber.rehearsal.door import REASONS, Door, Request, Said, context, self_signed
from etcd_renumber.rehearsal.testbed.api_objects import LEASES, Known, Pod, found, guest_lease
from etcd_renumber.rehearsal.testbed.etcd_calls import EtcdCalls
from etcd_renumber.rehearsal.testbed.host_spec import Flags
from etcd_renumber.rehearsal.testbed.kubelet import STATE

POLL = 0.1
READY_AFTER = 1.0  # the process's start to its open port; a real one is ready after 5 to 6 s
HANGS = 60.0  # an apiserver whose etcd is down answers nothing for so long
OPEN = ("/readyz", "/livez", "/healthz", "/version")
ALL = ("system:masters", "kubeadm:cluster-admins")
VERSION = {"major": "1", "minor": "37", "gitVersion": "v1.37.2", "platform": "linux/amd64"}


def refused(code: int, message: str) -> Said:
    """A Status."""
    status = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure"}
    return code, status | {"message": message, "reason": REASONS[code], "code": code}


def may(who: dict[str, str], node: str, target: str) -> bool:
    """Whether this client may read that: an administrator everything, a kubelet what the node authorizer lets it see."""
    path, _, query = target.partition("?")
    if who.get("organizationName") in ALL or path in OPEN:
        return True
    user = who.get("commonName", "")
    if path == own_lease(user):
        return True
    if user != f"system:node:{node}":
        return False
    if path == "/api/v1/pods":
        return f"fieldSelector=spec.nodeName={node}" in query.replace("%3D", "=")
    return path == f"/api/v1/nodes/{node}" or path.startswith("/api/v1/namespaces/kube-system/pods/")


def own_lease(user: str) -> str:
    """The path of the Lease that this kubelet may read and renew; empty for whoever is no kubelet."""
    name = user.removeprefix("system:node:")
    return f"{LEASES}/kube-node-lease/leases/{name}" if name != user else ""


def listens(port: str) -> bool:
    """Whether anything on this host listens on a TCP port."""
    for file in ("/proc/self/net/tcp", "/proc/self/net/tcp6"):
        rows = (row.split() for row in (Path(file).read_text().splitlines()[1:] if Path(file).exists() else ()))
        if any(row[3] == "0A" and row[1].rpartition(":")[2] == f"{int(port):04X}" for row in rows):
            return True
    return False


class Apiserver:
    """What kube-apiserver's port says, by the arguments that its process has."""

    def __init__(self, known: Known, owner: Pod) -> None:
        self.known, self.owner, self.flags = known, owner, Flags(owner.argv)
        self.calls = EtcdCalls(owner, self.flags)

    def __call__(self, request: Request) -> Said:
        """Nothing while no etcd is there, but for the health paths, which say so."""
        method, target, _, who = request
        path = target.partition("?")[0]
        user = who.get("commonName", "system:anonymous")
        if not who and self.flags.get("anonymous-auth") == "false":
            return refused(401, "Unauthorized")
        if not may(who, self.known.node, target):
            return refused(403, f'forbidden: User "{user}" cannot get path "{path}"')
        if method == "PUT" and path == own_lease(user):
            self.known.guests[path] = time.time()
            return 200, guest_lease(self.known, path)
        if method != "GET":
            return refused(405, f"the server does not allow this method on the requested resource: {method}")
        if path == "/version":
            return 200, VERSION
        if path in OPEN:
            down = f"[-]etcd failed: reason withheld\n{path[1:]} check failed\n"
            return (200, "ok") if self.has_etcd() else (500, down)
        limit = time.monotonic() + HANGS
        while not self.has_etcd() and self.owner.lives:
            if time.monotonic() > limit:
                return refused(504, "request did not complete within requested timeout - context deadline exceeded")
            time.sleep(0.2)
        there = found(self.known, self.flags, path)
        return (200, there) if there else refused(404, f'the server could not find the requested resource "{path}"')

    def has_etcd(self) -> bool:
        """Whether etcd is there: on this host, or where it is called."""
        port = self.flags.get("etcd-servers").split(",")[0].rpartition(":")[2].strip("/")
        return self.calls.answers if self.calls.elsewhere else listens(port)


def healthy(path: str, request: Request) -> Said:
    """A health port's answer."""
    return (200, "ok") if request[1] == path else (404, "404 page not found\n")


def door(known: Known, owner: Pod) -> Door | None:
    """The port of a pod; None where it has none, or somebody else has it."""
    first = owner.manifest["spec"]["containers"][0]
    probe = first.get("livenessProbe", {}).get("httpGet", {})
    answer: Callable[[Request], Said]
    tls: Callable[[], ssl.SSLContext] | None
    if owner.argv[:1] and owner.argv[0].endswith("kube-apiserver"):
        flags = Flags(owner.argv)
        host, port = "", int(flags.get("secure-port", "6443"))
        answer, tls = Apiserver(known, owner), partial(context, flags)
    elif probe.get("host") in ("127.0.0.1", "localhost", "::1") and first["name"] != "etcd":
        host, port = str(probe["host"]), int(probe["port"])
        answer = partial(healthy, str(probe.get("path", "/healthz")))
        tls = self_signed if probe.get("scheme") == "HTTPS" else None
    else:
        return None
    try:
        both = not host and socket.has_dualstack_ipv6()
        family = socket.AF_INET6 if ":" in host or both else socket.AF_INET
        listener = socket.create_server((host, port), family=family, dualstack_ipv6=both)
    except OSError:
        return None
    listener.setblocking(False)
    return Door(owner, answer, tls, listener)


def main() -> None:
    """Open, close, renew, for ever; each guest in a thread of its own."""
    known, doors, since, read = Known(), dict[str, Door](), dict[str, float](), (0, 0)
    while True:
        if STATE.exists() and (now := STATE.stat()) and (now.st_ino, now.st_mtime_ns) != read:
            known.read(json.loads(STATE.read_text()))
            read = (now.st_ino, now.st_mtime_ns)
        known.renew()
        for name, one in list(doors.items()):
            if not one.owner.lives:
                doors.pop(name).close()
        for name, owner in known.pods.items():
            began = since.setdefault(f"{name} {owner.ticks}", time.monotonic())
            ready = time.monotonic() >= began + (READY_AFTER if "apiserver" in name else 0)
            if name not in doors and ready and owner.lives and (made := door(known, owner)):
                doors[name] = made
        by = {one.listener: one for one in doors.values()}
        for listener in select.select(list(by), [], [], POLL)[0]:
            try:
                guest, _ = listener.accept()
            except OSError:
                continue  # it has gone already
            threading.Thread(target=by[listener].serve, args=(guest,), daemon=True).start()
