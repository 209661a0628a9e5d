"""A command inside namespaces: started, its two streams kept apart and together, killed as a whole or alone."""

from __future__ import annotations

import os
import selectors
import signal
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO


@dataclass(frozen=True)
class Ran:
    """A finished command. `exit` is 128 + N after signal N; `text` is both streams in the order in which they came."""

    argv: tuple[str, ...]
    exit: int
    out: str
    err: str
    text: str
    seconds: float


def children(pid: int) -> list[int]:
    """The processes whose parent is `pid`, all numbers as seen from here."""
    found = []
    for other in filter(str.isdecimal, os.listdir("/proc")):
        try:
            rest = Path(f"/proc/{other}/stat").read_text(errors="replace").rsplit(")", 1)[1].split()
        except OSError:
            continue
        if int(rest[1]) == pid:
            found.append(int(other))
    return sorted(found)


@dataclass
class Running:
    """A command that runs. `first` is what was started; the command itself is its child, `inside` its namespaces."""

    argv: tuple[str, ...]
    first: subprocess.Popen[bytes]
    started: float
    forks: bool = True
    parts: list[tuple[int, bytes]] = field(default_factory=list)
    reader: threading.Thread | None = None
    quiet: float = 0.0  # when both streams had ended; 0 while somebody has them open

    @property
    def inside(self) -> int:
        """The command's own pid as seen from outside. 0 once it has ended."""
        if not self.forks:
            return self.first.pid if self.first.poll() is None else 0
        deadline = time.monotonic() + 5
        while self.first.poll() is None and time.monotonic() < deadline:
            if found := children(self.first.pid):
                return found[0]
            time.sleep(0.002)
        return 0

    @property
    def runs(self) -> bool:
        """Whether it has not ended."""
        return self.first.poll() is None

    def kill(self, number: int = signal.SIGKILL) -> None:
        """Signal the command alone: its children live on, left to the host's first process, as on a real host."""
        if pid := self.inside:
            os.kill(pid, number)

    def kill_all(self, number: int = signal.SIGKILL) -> None:
        """Signal the command and everything it started that has not left its process group."""
        try:
            os.killpg(self.first.pid, number)
        except ProcessLookupError:
            return

    def wait(self, timeout: float = 60) -> Ran:
        """Until it has ended. Raises TimeoutError, with what it said, after `timeout` seconds; and kills it."""
        try:
            status = self.first.wait(timeout)
        except subprocess.TimeoutExpired:
            self.kill_all()
            self.first.wait()
            text = self._text(None)
            raise TimeoutError(f"{' '.join(self.argv)}: not done after {timeout} s; it said:\n{text}") from None
        seen = time.monotonic()
        if self.reader:
            self.reader.join(0.5)  # a child that lives on may keep the stream open for good
        seconds = min(seen, self.quiet or seen) - self.started  # it may have ended long before anybody waited for it
        exit_ = status if status >= 0 else 128 - status
        return Ran(self.argv, exit_, self._text(1), self._text(2), self._text(None), seconds)

    def _text(self, stream: int | None) -> str:
        kept = [chunk for number, chunk in list(self.parts) if stream in (None, number)]
        return b"".join(kept).decode(errors="replace")

    @property
    def text(self) -> str:
        """What it has said so far."""
        return self._text(None)


def start(
    argv: Sequence[str], prefix: Sequence[str] = (), env: Mapping[str, str] | None = None, stdin: str | None = None
) -> Running:
    """Start `argv` behind `prefix` (nsenter, which forks once) in its own session. `env` is the whole environment."""
    first = subprocess.Popen(
        [*prefix, *argv],
        stdin=subprocess.DEVNULL if stdin is None else subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=None if env is None else dict(env),
        start_new_session=True,
    )
    running = Running(tuple(argv), first, time.monotonic(), forks="--pid" in prefix)
    assert first.stdout and first.stderr
    running.reader = threading.Thread(target=_read, args=(first.stdout, first.stderr, running), daemon=True)
    running.reader.start()
    if stdin is not None:
        assert first.stdin
        first.stdin.write(stdin.encode())
        first.stdin.close()
    return running


def _read(out: IO[bytes], err: IO[bytes], running: Running) -> None:
    """Both streams as they come, until both have ended."""
    with selectors.DefaultSelector() as selector, out, err:
        selector.register(out, selectors.EVENT_READ, 1)
        selector.register(err, selectors.EVENT_READ, 2)
        while selector.get_map():
            for key, _ in selector.select():
                chunk = os.read(key.fd, 65536)
                if chunk:
                    running.parts.append((key.data, chunk))
                else:
                    selector.unregister(key.fileobj)
    running.quiet = time.monotonic()
