"""The writing process: threads that create ConfigMaps through the API, each one after another on one kept connection.

    python -m etcd_renumber.rehearsal.kubeadm.writing OPTIONS    in a network namespace that reaches the API

Standard input: "pause" hangs up until "resume"; its end means stop. Standard output: "acked SECONDS NAME",
"failed SECONDS WHY" (sent, and nobody knows whether it is in), "timeout SECONDS WHY" (a failed one that ran into the time
limit), "refused SECONDS ADDRESS" (nothing was sent). The clock is the machine's monotonic one. A name is sent once only.
"""

from __future__ import annotations

import http.client
import json
import os
import ssl
import sys
import threading
from dataclasses import dataclass, field
from typing import Any

from etcd_renumber.rehearsal.testbed.load_output import context, say

PATH = "/api/v1/namespaces/default/configmaps"
HEADERS = {"Content-Type": "application/json"}


@dataclass
class Work:
    """What the threads share. `addresses` are tried in turn."""

    addresses: list[str]
    port: int
    pause: float
    limit: float
    tls: ssl.SSLContext
    done: threading.Event = field(default_factory=threading.Event)
    paused: threading.Event = field(default_factory=threading.Event)


def connect(work: Work, address: str) -> http.client.HTTPSConnection | None:
    """A connection, TLS included; None, and a line about it, where there is none."""
    connection = http.client.HTTPSConnection(address, work.port, timeout=work.limit, context=work.tls)
    try:
        connection.connect()
    except OSError as error:
        say("refused", f"{address} {type(error).__name__} {error}")
        connection.close()
        return None
    return connection


def create(connection: http.client.HTTPSConnection, name: str) -> tuple[str, str]:
    """("acked", name), or ("failed" or "timeout", why not)."""
    body = json.dumps({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}})
    try:
        connection.request("POST", PATH, body, HEADERS)
        answer = connection.getresponse()
        said = answer.read()
    except TimeoutError as error:
        return "timeout", f"{name} {error}"
    except (OSError, http.client.HTTPException) as error:
        return "failed", f"{name} {type(error).__name__} {error}"
    return ("acked", name) if answer.status == 201 else ("failed", f"{name} {answer.status} {said[:200]!r}")


def write(work: Work, prefix: str) -> None:
    """One thread's life."""
    turn = count = 0
    connection = None
    while not work.done.wait(work.pause):
        if work.paused.is_set():
            if connection:
                connection.close()
            connection = None
            continue
        connection = connection or connect(work, work.addresses[turn % len(work.addresses)])
        if connection is None:
            turn += 1
            continue
        count += 1
        kind, text = create(connection, f"{prefix}-{count}")
        say(kind, text)
        if kind != "acked":
            connection.close()
            connection = None


def main(options: dict[str, Any]) -> None:
    """Write until standard input ends."""
    tls = context(options["client"])
    work = Work(options["addresses"], options["port"], options["pause"], options["limit"], tls)
    os.write(1, b"ready\n")
    prefixes = [f"w{os.getpid()}-{n}" for n in range(options["writers"])]
    threads = [threading.Thread(target=write, args=(work, p), daemon=True) for p in prefixes]
    for thread in threads:
        thread.start()
    for line in sys.stdin:
        (work.paused.set if line.strip() == "pause" else work.paused.clear)()
    work.done.set()
    for thread in threads:
        thread.join(work.limit + 1)


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
