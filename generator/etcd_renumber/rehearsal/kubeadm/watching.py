"""The watching process: Leases, each host's /readyz, each host's etcd, as they are every half second.

    python -m etcd_renumber.rehearsal.kubeadm.watching OPTIONS    in a network namespace that reaches the API and the hosts

Standard output, one line whenever something is not as it was: "lease SECONDS NAME RENEWTIME", "ready SECONDS HOST yes|no",
"etcd SECONDS HOST PID" (0: none runs). The end of standard input means stop. The clock is the machine's monotonic one.
"""

from __future__ import annotations

import http.client
import json
import os
import ssl
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from etcd_renumber.rehearsal.testbed.load_output import context, say

EVERY, LIMIT, ETCD_EVERY = 0.5, 2.0, 0.1
LEASES = {
    "/apis/coordination.k8s.io/v1/namespaces/kube-system/leases": ("kube-controller-manager", "kube-scheduler"),
    "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases": (),
}


def get(address: str, port: int, path: str, tls: ssl.SSLContext) -> bytes:
    """The body of an answer 200; empty for any other and for none. A connection each time: that is what is asked about."""
    connection = http.client.HTTPSConnection(address, port, timeout=LIMIT, context=tls)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        body = answer.read()
        return body if answer.status == 200 else b""
    except (OSError, http.client.HTTPException):
        return b""
    finally:
        connection.close()


def watch_leases(addresses: list[str], port: int, tls: ssl.SSLContext) -> Callable[[], None]:
    """Each renewal once."""
    seen: dict[str, str] = {}

    def look() -> None:
        for path, wanted in LEASES.items():
            body = next(filter(None, (get(a, port, path, tls) for a in addresses)), b"")
            for item in json.loads(body)["items"] if body else ():
                name, renewed = item["metadata"]["name"], item["spec"].get("renewTime") or ""
                if (not wanted or name in wanted) and seen.get(name) != renewed:
                    seen[name] = renewed
                    say("lease", f"{name} {renewed}")

    return look


def watch_ready(host: str, addresses: list[str], port: int, tls: ssl.SSLContext) -> Callable[[], None]:
    """Whether the host's API is ready, on whichever of its addresses."""
    seen: list[str] = []

    def look() -> None:
        now = "yes" if any(get(a, port, "/readyz", tls) for a in addresses) else "no"
        if [now] != seen:
            seen[:] = [now]
            say("ready", f"{host} {now}")

    return look


def watch_etcd(host: str, namespace: str) -> Callable[[], None]:
    """The pid of the host's etcd; all processes are looked at only while it is not there."""
    seen: list[int] = []

    def look() -> None:
        now = seen[0] if seen and seen[0] and _comm(seen[0]) == "etcd" else _etcd(namespace)
        if [now] != seen:
            seen[:] = [now]
            say("etcd", f"{host} {now}")

    return look


def _etcd(namespace: str) -> int:
    for pid in filter(str.isdecimal, os.listdir("/proc")):
        try:
            if _comm(int(pid)) == "etcd" and os.readlink(f"/proc/{pid}/ns/net") == namespace:
                return int(pid)
        except OSError:
            continue
    return 0


def _comm(pid: int) -> str:
    """Empty for one that is gone, and for a zombie."""
    try:
        comm, rest = Path(f"/proc/{pid}/stat").read_text(errors="replace").split("(", 1)[1].rsplit(")", 1)
    except OSError:
        return ""
    return "" if rest.split()[0] == "Z" else comm


def again(look: Callable[[], None], seconds: float, done: threading.Event) -> None:
    """One thread's life: at fixed times, and none made up for that were missed."""
    while not done.is_set():
        began = time.monotonic()
        look()
        done.wait(max(0.0, began + seconds - time.monotonic()))


def main(options: dict[str, Any]) -> None:
    """Look until standard input ends."""
    tls, port = context(options["client"]), options["port"]
    looks = [(watch_leases(options["addresses"], port, tls), EVERY)]
    for host, said in options["hosts"].items():
        if said["addresses"]:
            looks.append((watch_ready(host, said["addresses"], 6443, tls), EVERY))
        if said["namespace"]:
            looks.append((watch_etcd(host, said["namespace"]), ETCD_EVERY))
    os.write(1, b"ready\n")
    done = threading.Event()
    threads = [threading.Thread(target=again, args=(look, s, done), daemon=True) for look, s in looks]
    for thread in threads:
        thread.start()
    for _ in sys.stdin:
        pass
    done.set()
    for thread in threads:
        thread.join(LIMIT)


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
