"""The load on a bed, from the outside: start it, stop it, and what it says about gaps and losses."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from generator.bed.host import Host

if TYPE_CHECKING:
    from generator.bed.bed import Bed

FILE, STOP = "/run/acknowledged", "/run/stop"


@dataclass(frozen=True)
class Acknowledged:
    """One acknowledged put: when (CLOCK_MONOTONIC seconds) and which key; its value is the key."""

    at: float
    key: str


class Load:
    """Context manager around the writers. After the block: what was acknowledged, what failed, the gaps."""

    def __init__(self, bed: Bed, targets: list[tuple[str, int]], writers: int, rate: float) -> None:
        self.host: Host = bed["writer"]
        self.spec = {
            "targets": targets,
            "writers": writers,
            "rate": rate,
            "prefix": "v3beta" if bed.version == "3.3" else "v3",
            "ca": "/etc/kubernetes/pki/etcd/ca.crt",
            "cert": "/etc/kubernetes/pki/etcd/healthcheck-client.crt",
            "key": "/etc/kubernetes/pki/etcd/healthcheck-client.key",
            "file": FILE,
            "stop": STOP,
        }
        self.acknowledged: list[Acknowledged] = []
        self.failed: list[str] = []

    def __enter__(self) -> Load:
        for path in (FILE, STOP):
            self.host.path(path).unlink(missing_ok=True)
        self.host.path("/run/load.json").write_text(json.dumps(self.spec))
        self.began = time.monotonic()
        while not self.host.path(FILE).exists() or not any(a.startswith("+") for a in self._lines()):
            if time.monotonic() - self.began > 20:
                raise RuntimeError(f"no put was acknowledged within 20 s: {self._lines()[-3:]}")
            time.sleep(0.1)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.host.path(STOP).write_text("")
        until = time.monotonic() + 10
        while self.host.path("/run/load.json").exists() and time.monotonic() < until:
            time.sleep(0.05)
        self.read()

    def _lines(self) -> list[str]:
        path: Path = self.host.path(FILE)
        return path.read_text().splitlines() if path.exists() else []

    def read(self) -> None:
        """What the file says by now."""
        split = [line.split(" ", 2) for line in self._lines()]
        self.acknowledged = sorted((Acknowledged(float(s[1]), s[2]) for s in split if s[0] == "+"), key=lambda a: a.at)
        self.failed = [" ".join(s) for s in split if s[0] == "-"]

    def largest_gap(self, since: float = 0, until: float = float("inf")) -> float:
        """Seconds between two acknowledgements, of all writers together, that lie between two moments."""
        times = [a.at for a in self.acknowledged if since <= a.at <= until]
        return max((b - a for a, b in zip(times, times[1:], strict=False)), default=float("inf"))

    def lost(self, host: Host, endpoint: str) -> list[str]:
        """Acknowledged keys that the cluster does not have, or has with another value. Reads through one member, linearizably."""
        answer = host.etcdctl("get", "w", "--prefix", endpoint=endpoint)
        if answer.exit != 0:
            raise RuntimeError(answer.text)
        lines = answer.text.splitlines()
        there = dict(zip(lines[::2], lines[1::2], strict=False))
        return [a.key for a in self.acknowledged if there.get(a.key) != a.key]
