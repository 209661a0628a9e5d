"""The load: threads that put numbered keys through every member in turn and note each acknowledgement with its time.

It runs in a host of its own. Lines of its file: `+ SECONDS KEY` for an acknowledged put, `- SECONDS WHY` for a failed one;
seconds are CLOCK_MONOTONIC, the same for all processes of a machine.
"""

from __future__ import annotations

import base64
import http.client
import json
import ssl
import threading
import time
from pathlib import Path
from typing import Any, TextIO

CONNECT = 0.5  # seconds for a connection: an address that is gone must not hold a writer up
REQUEST = 2.0  # seconds for an answer


def write_on(spec: dict[str, Any]) -> None:
    """Until the file `stop` appears.

    spec: targets [[host, port]], writers, rate (puts a second in all), prefix, ca, cert, key, file, stop.
    """
    context = ssl.create_default_context(cafile=spec["ca"])
    context.load_cert_chain(spec["cert"], spec["key"])
    stop = Path(spec["stop"])
    with open(spec["file"], "a", buffering=1, encoding="utf-8") as file:
        lock = threading.Lock()
        ended = threading.Event()
        threads = [
            threading.Thread(target=one_writer, args=(n, spec, context, file, lock, ended), daemon=True)
            for n in range(spec["writers"])
        ]
        for thread in threads:
            thread.start()
        while not stop.exists():
            time.sleep(0.05)
        ended.set()
        for thread in threads:
            thread.join(5)


def one_writer(
    n: int, spec: dict[str, Any], context: ssl.SSLContext, file: TextIO, lock: threading.Lock, ended: threading.Event
) -> None:
    """Puts key after key, on one connection until that fails, then on the next target."""
    targets = spec["targets"]
    at, number = n, 0
    connection: http.client.HTTPSConnection | None = None
    pause = spec["writers"] / spec["rate"]
    while not ended.is_set():
        key = f"w{n}/{number:07d}"
        began = time.monotonic()
        try:
            if connection is None:
                host, port = targets[at % len(targets)]
                connection = connect(host, port, context)
            put(connection, spec["prefix"], key)
            line = f"+ {time.monotonic():.6f} {key}\n"
            number += 1
        except (OSError, http.client.HTTPException, NotTaken) as error:
            line = f"- {time.monotonic():.6f} {targets[at % len(targets)][0]} {type(error).__name__} {error}\n"
            if connection is not None:
                connection.close()
            connection, at = None, at + 1
        with lock:
            file.write(line)
        ended.wait(max(0.0, pause - (time.monotonic() - began)))


class NotTaken(Exception):
    """The server answered, and not with an acknowledgement."""


def connect(host: str, port: int, context: ssl.SSLContext) -> http.client.HTTPSConnection:
    """A TLS connection, made within CONNECT seconds."""
    connection = http.client.HTTPSConnection(host, port, timeout=CONNECT, context=context)
    connection.connect()
    connection.sock.settimeout(REQUEST)
    return connection


def put(connection: http.client.HTTPSConnection, prefix: str, key: str) -> None:
    """One put through etcd's JSON gateway; the value is the key itself."""
    word = base64.b64encode(key.encode()).decode()
    connection.request("POST", f"/{prefix}/kv/put", json.dumps({"key": word, "value": word}))
    answer = connection.getresponse()
    body = answer.read()
    if answer.status != 200 or b'"revision"' not in body:
        raise NotTaken(f"{answer.status} {body[:80]!r}")
