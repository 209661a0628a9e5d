"""The writer as seen from the test: starts the writing process in a host of its own and notes what it hears from it."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import threading
import time
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from itertools import pairwise

from etcd_renumber.rehearsal.testbed.namespaces import PATH, PYTHON, Place
from etcd_renumber.rehearsal.testbed.pki import Pair
from etcd_renumber.rehearsal.testbed.process import Ran

Ask = Callable[[Sequence[str]], Ran | None]


class Writer:
    """What was acknowledged (key, monotonic seconds), what was sent in vain (seconds, why), how often nobody answered.

    `failed` are requests that were sent and not acknowledged: nobody knows whether they are in. `refused` are attempts
    to connect that came to nothing: an address on which no etcd listens, yet or any more. `read` are linearizable reads that
    were answered, `unread` those that were not, `back` (seconds, what) answers older than what was known before.
    """

    def __init__(self, place: Place, urls: Sequence[str], api: str, writers: int, rate: float, client: Pair) -> None:
        self.acked: list[tuple[str, float]] = []
        self.failed: list[tuple[float, str]] = []
        self.refused = self.read = self.unread = 0
        self.back: list[tuple[float, str]] = []
        self.stopped = 0.0
        self.paused = False
        self.ask: Ask = lambda words: None
        with tempfile.NamedTemporaryFile("w", suffix=".pem") as pem:
            pem.write(client.key + client.crt)
            pem.flush()
            options = {"urls": list(urls), "api": api, "writers": writers, "rate": rate, "client": pem.name}
            self.process = subprocess.Popen(
                [
                    *place.enter("net"),
                    sys.executable,
                    "-m",
                    "etcd_renumber.rehearsal.testbed.load_worker",
                    json.dumps(options),
                ],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                env=PYTHON | {"PATH": PATH, "LC_ALL": "C"},
                text=True,
                start_new_session=True,
            )
            assert self.process.stdout
            self.process.stdout.readline()  # it has read its certificate
        self.reader = threading.Thread(target=self._listen, daemon=True)
        self.reader.start()

    def _listen(self) -> None:
        assert self.process.stdout
        for line in self.process.stdout:
            kind, at, rest = line.rstrip("\n").split(" ", 2)
            if kind == "acked":
                self.acked.append((rest, float(at)))
            elif kind == "failed":
                self.failed.append((float(at), rest))
            elif kind == "back":
                self.back.append((float(at), rest))
            elif kind in ("read", "unread", "refused"):
                setattr(self, kind, getattr(self, kind) + 1)

    def tell(self, line: str) -> None:
        """ "+URL" or "-URL": an address came or went; "pause" or "resume": the API goes away, or comes back."""
        assert self.process.stdin
        if line in ("pause", "resume"):
            self.paused = line == "pause"
        try:
            self.process.stdin.write(line + "\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            return

    def stop(self) -> None:
        """Let requests under way end, then stop. Twice is once."""
        if self.stopped:
            return
        assert self.process.stdin and self.process.stdout
        self.stopped = time.monotonic()
        self.process.stdin.close()
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.reader.join(5)
        self.process.stdout.close()

    def wait_for(self, count: int, seconds: float = 20) -> None:
        """Until so many more writes are acknowledged. Raises TimeoutError with the last failures."""
        wanted, deadline = len(self.acked) + count, time.monotonic() + seconds
        while len(self.acked) < wanted:
            if time.monotonic() > deadline or self.process.poll() is not None:
                raise TimeoutError(f"{count} writes: not acknowledged; refused {self.refused}, {self.failed[-3:]}")
            time.sleep(0.01)

    def largest_gap(self, since: float | None = None, until: float | None = None) -> float:
        """Seconds: the longest time without an acknowledgement, edges included. Default: from the first to the stop."""
        times = sorted(at for _, at in self.acked)
        if not times and since is None:
            return float("inf")
        first = times[0] if since is None else since
        last = until or self.stopped or time.monotonic()
        inside = times[bisect_left(times, first) : bisect_right(times, last)]
        return max(after - before for before, after in pairwise([first, *inside, max(first, last)]))

    def lost(self) -> list[str]:
        """The acknowledged keys that the cluster does not have, or has with another value; read from a majority."""
        ran = self.ask(["get", "--prefix", "w", "--consistency=l", "--order=ASCEND", "--sort-by=KEY"])
        if ran is None:
            raise RuntimeError("no member answers a read")
        lines = ran.out.splitlines()
        there = dict(zip(lines[::2], lines[1::2], strict=False))
        return [key for key, _ in self.acked if there.get(key) != key]
