"""The writing process: several threads put numbered keys through etcd's JSON gateway, one reads what was acknowledged.

    python -m etcd_renumber.rehearsal.testbed.load_worker OPTIONS    in the network namespace of the writer's host

Standard input: "+URL" and "-URL"; "pause" hangs up, as when the API goes away, until "resume"; its end means stop. Standard
output: "acked SECONDS KEY", "failed SECONDS WHY", "refused SECONDS URL", and what the reader says; the clock is the machine's
monotonic one. A key is its own value and is sent once only, so an acknowledgement is about that very write. A thread keeps to
its member until that fails, then takes the next one.
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
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from etcd_renumber.rehearsal.testbed.load_output import context, say

CONNECT, ANSWER, PAUSE, READ_EVERY = 0.5, 1.5, 0.02, 0.1


@dataclass
class Work:
    """What the threads share."""

    urls: list[str]
    api: str
    period: float
    tls: ssl.SSLContext
    prefix: str
    latest: str = ""
    done: threading.Event = field(default_factory=threading.Event)
    paused: threading.Event = field(default_factory=threading.Event)


def connect(work: Work, url: str) -> http.client.HTTPSConnection | None:
    """A connection, TLS included; None, and a line about it, where nobody answers within the time."""
    parts = urlsplit(url)
    connection = http.client.HTTPSConnection(parts.hostname or "", parts.port, timeout=CONNECT, context=work.tls)
    try:
        connection.connect()
    except OSError:
        say("refused", url)
        connection.close()
        return None
    connection.sock.settimeout(ANSWER)
    return connection


def ask(connection: http.client.HTTPSConnection, path: str, question: Mapping[str, str]) -> tuple[bytes, str]:
    """What the gateway answers, or why there is no answer."""
    try:
        connection.request("POST", path, json.dumps(question))
        answer = connection.getresponse()
        body = answer.read()
    except (OSError, http.client.HTTPException) as error:
        return b"", f"{type(error).__name__} {error}"
    return (body, "") if answer.status == 200 else (b"", f"{answer.status} {body[:100]!r}")


def put(work: Work, connection: http.client.HTTPSConnection, key: str) -> str:
    """One write. Empty when it was acknowledged, else why not."""
    coded = b64encode(key.encode()).decode()
    return ask(connection, f"{work.api}/kv/put", {"key": coded, "value": coded})[1]


def write(work: Work, number: int) -> None:
    """One thread's life."""
    turn, count, due = number, 0, time.monotonic() + number * work.period / 8
    connection = None
    while not work.done.is_set():
        if work.paused.is_set():
            if connection:
                connection.close()
            connection = None
            work.done.wait(PAUSE)
            continue
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
            say("failed", f"{url} {key} {why}")
            connection.close()
            connection, turn = None, turn + 1
        else:
            say("acked", key)
            work.latest = key


def read(work: Work) -> None:
    """The reader's life: what was acknowledged last, asked of one member after another with a majority's consent.

    Says "read SECONDS REVISION", "unread SECONDS WHY" where no answer came, "back SECONDS WHAT" when the answer is older
    than one before, or lacks what was acknowledged before the question.
    """
    connections: dict[str, http.client.HTTPSConnection] = {}
    highest, turn = 0, 0
    while not work.done.wait(READ_EVERY):
        if work.paused.is_set():
            for connection in connections.values():
                connection.close()
            connections = {}
            continue
        urls, key = list(work.urls), work.latest
        if not urls or not key:
            continue
        turn += 1
        url = urls[turn % len(urls)]
        asked = connections.pop(url, None) or connect(work, url)
        if asked is None:
            continue
        body, why = ask(asked, f"{work.api}/kv/range", {"key": b64encode(key.encode()).decode()})
        if why:
            say("unread", f"{url} {why}")
            asked.close()
            continue
        connections[url] = asked
        answer = json.loads(body)
        revision = int(answer["header"]["revision"])
        if revision < highest:
            say("back", f"{url} answers with revision {revision} after {highest}")
        elif not answer.get("kvs"):
            say("back", f"{url} does not have {key}, which was acknowledged")
        else:
            say("read", str(revision))
        highest = max(highest, revision)


def main(options: dict[str, Any]) -> None:
    """Write until standard input ends."""
    period = options["writers"] / options["rate"]
    prefix = f"w{os.getpid()}-"  # a second writer of the same bed has keys of its own
    work = Work(list(options["urls"]), options["api"], period, context(options["client"]), prefix)
    os.write(1, b"ready\n")
    threads = [threading.Thread(target=write, args=(work, n), daemon=True) for n in range(options["writers"])]
    threads.append(threading.Thread(target=read, args=(work,), daemon=True))
    for thread in threads:
        thread.start()
    for line in sys.stdin:
        if line.strip() in ("pause", "resume"):
            (work.paused.set if line.strip() == "pause" else work.paused.clear)()
            continue
        url = line.strip()[1:]
        rest = [u for u in work.urls if u != url]
        work.urls = [*rest, url] if line.startswith("+") else rest
    work.done.set()
    for thread in threads:
        thread.join(CONNECT + ANSWER + 1)


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
