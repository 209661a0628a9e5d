"""The bar while a real control plane comes up: told every second, since one step may take a minute."""

from __future__ import annotations

import re
import threading
import time
from types import TracebackType

from etcd_renumber.rehearsal.gobuild import build
from etcd_renumber.rehearsal.progress import Progress, Tell

USUAL, FIRST = 6 * 60, 15 * 60  # seconds for a whole rehearsal of three hosts; where programs must be built first
WIDTH = 20


class Clock:
    """`say` takes what is done now; the bar is told until the block ends."""

    def __init__(self, tell: Tell, expected: float) -> None:
        self.tell, self.expected, self.what = tell, expected, ""
        self.began = time.monotonic()
        self.done = threading.Event()
        self.thread = threading.Thread(target=self._tick, daemon=True)

    def __enter__(self) -> Clock:
        self.thread.start()
        return self

    def __exit__(self, *why: type[BaseException] | BaseException | TracebackType | None) -> None:
        self.done.set()
        self.thread.join(2)

    def say(self, line: str) -> None:
        """What is done now. Seconds at the beginning of a line are a cluster's own: the bar has others."""
        self.what = re.sub(r"^ *[\d.]+ s  ", "", line)

    def _tick(self) -> None:
        while not self.done.is_set():
            self.tell(Progress(0, 0, "", bar(time.monotonic() - self.began, self.expected, self.what), 0, 0, 0))
            self.done.wait(1)


def bar(seconds: float, expected: float, what: str) -> str:
    """ "[####................] 1:20 of about 6 min  master2: kubeadm join"."""
    full = min(WIDTH, int(WIDTH * seconds / expected))
    passed = f"{int(seconds) // 60}:{int(seconds) % 60:02}"
    return f"[{'#' * full}{'.' * (WIDTH - full)}] {passed} of about {expected / 60:.0f} min  {what}".rstrip()


def expected(version: str) -> float:
    """Seconds for the whole rehearsal, by what is built already."""
    there = any(p.is_dir() for p in build.cache().glob(f"kubernetes-{version}-*"))
    return USUAL if there else FIRST
