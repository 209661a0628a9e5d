"""The writing process: several threads, each with one connection, put numbered keys through etcd's JSON gateway.

    python -m generator.rehearsal.writing OPTIONS    in the network namespace of the writer's host

Standard input: "+URL" and "-URL", the end means stop. Standard output: "acked SECONDS KEY", "failed SECONDS WHY",
"refused SECONDS URL", the clock is the machine's monotonic one. A key is its own value and is sent once only, so an
acknowledgement is about that very write. A thread keeps to its member until that fails, then takes the next one.
"""

from __future__ import annotations

import http.client
import json
import os
import ssl
import sys
import threading
import time
from base64 import b64encode
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

CONNECT, ANSWER, PAUSE = 0.5, 1.5, 0.02


@dataclass
class Work:
    """What the threads share."""

    urls: list[str]
    api: str
    period: float
    tls: ssl.SSLContext
    prefix: str
    done: threading.Event = field(default_factory=threading.Event)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def say(self, kind: str, text: str) -> None:
        """One whole line, whichever thread says it."""
        line = f"{kind} {time.monotonic():.6f} {text}\n".encode()
        with self.lock:
            os.write(1, line)


def context(client: str) -> ssl.SSLContext:
    """The client certificate; the members' are not checked: the writer measures, it does not judge."""
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    tls.check_hostname, tls.verify_mode = False, ssl.CERT_NONE
    tls.load_cert_chain(client)
    return tls


def connect(work: Work, url: str) -> http.client.HTTPSConnection | None:
    """A connection, TLS included; None, and a line about it, where nobody answers within the time."""
    parts = urlsplit(url)
    connection = http.client.HTTPSConnection(parts.hostname or "", parts.port, timeout=CONNECT, context=work.tls)
    try:
        connection.connect()
    except OSError:
        work.say("refused", url)
        connection.close()
        return None
    connection.sock.settimeout(ANSWER)
    return connection


def put(work: Work, connection: http.client.HTTPSConnection, key: str) -> str:
    """One write. Empty when it was acknowledged, else why not."""
    coded = b64encode(key.encode()).decode()
    try:
        connection.request("POST", f"{work.api}/kv/put", json.dumps({"key": coded, "value": coded}))
        answer = connection.getresponse()
        body = answer.read()
    except (OSError, http.client.HTTPException) as error:
        return f"{type(error).__name__} {error}"
    return "" if answer.status == 200 else f"{answer.status} {body[:100]!r}"


def write(work: Work, number: int) -> None:
    """One thread's life."""
    turn, count, due = number, 0, time.monotonic() + number * work.period / 8
    connection = None
    while not work.done.is_set():
        url = work.urls[turn % len(work.urls)] if work.urls else ""
        connection = connection or (connect(work, url) if url else None)
        if connection is None:
            turn += 1
            time.sleep(PAUSE)
            continue
        now = time.monotonic()
        due = max(due + work.period, now)
        if work.done.wait(due - now):
            break
        count += 1
        key = f"{work.prefix}{number}/{count:07d}"
        why = put(work, connection, key)
        if why:
            work.say("failed", f"{url} {key} {why}")
            connection.close()
            connection, turn = None, turn + 1
        else:
            work.say("acked", key)


def main(options: dict[str, Any]) -> None:
    """Write until standard input ends."""
    period = options["writers"] / options["rate"]
    prefix = f"w{os.getpid()}-"  # a second writer of the same bed has keys of its own
    work = Work(list(options["urls"]), options["api"], period, context(options["client"]), prefix)
    os.write(1, b"ready\n")
    threads = [threading.Thread(target=write, args=(work, n), daemon=True) for n in range(options["writers"])]
    for thread in threads:
        thread.start()
    for line in sys.stdin:
        url = line.strip()[1:]
        rest = [u for u in work.urls if u != url]
        work.urls = [*rest, url] if line.startswith("+") else rest
    work.done.set()
    for thread in threads:
        thread.join(CONNECT + ANSWER + 1)


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
