"""Load on a real cluster, and what was seen meanwhile: writers through the API, a watcher beside them.

with Load(cluster) as load:
    cluster["master1"].run([...])
assert load.lost() == [] and load.largest_gap() < 0.3
print(load.summary())
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from base64 import b64decode
from bisect import bisect_left, bisect_right
from itertools import pairwise
from types import TracebackType
from typing import Any

import yaml

from etcd_renumber.rehearsal.kubeadm.cluster import ADMIN, Cluster
from etcd_renumber.rehearsal.testbed.host_spec import bare
from etcd_renumber.rehearsal.testbed.namespaces import PATH, PYTHON

WRITERS, PAUSE, LIMIT = 4, 0.02, 10.0


class Load:
    """What was acknowledged (name, monotonic seconds), what was sent in vain (seconds, why), `timeouts` those of it that ran
    into the time limit, `refused` attempts to connect; `changes` are what the watcher saw: (kind, seconds, who, what).
    """

    def __init__(self, cluster: Cluster, writers: int = WRITERS) -> None:
        self.cluster, self.writers = cluster, writers
        self.acked: list[tuple[str, float]] = []
        self.failed: list[tuple[float, str]] = []
        self.timeouts: list[tuple[float, str]] = []
        self.refused: list[tuple[float, str]] = []
        self.changes: list[tuple[str, float, str, str]] = []
        self.began = self.stopped = 0.0
        self.paused = False
        self.processes: list[subprocess.Popen[str]] = []
        self.readers: list[threading.Thread] = []

    def __enter__(self) -> Load:
        spec = self.cluster.spec
        first = spec.nodes[0]
        ends = [bare(spec.balancer[0])] if spec.endpoint == "lb" else [str(first.old), str(first.new)]
        common = {"addresses": ends, "port": spec.port if spec.endpoint == "lb" else 6443}
        hosts = {
            n.name: {
                "addresses": [str(n.old), str(n.new)] if n in spec.nodes else [],
                "namespace": self._network(n.name) if n in spec.members else "",
            }
            for n in spec.control_plane
        }
        with tempfile.NamedTemporaryFile("w", suffix=".pem") as pem:
            pem.write(self._client())
            pem.flush()
            common["client"] = pem.name
            self._begin("watching", common | {"hosts": hosts})
            self._begin("writing", common | {"writers": self.writers, "pause": PAUSE, "limit": LIMIT})
        self.began = time.monotonic()
        try:
            self.wait_for(self.writers)
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *why: type[BaseException] | BaseException | TracebackType | None) -> None:
        self.stop()

    def _network(self, name: str) -> str:
        return os.readlink(f"/proc/{self.cluster[name].place.pid}/ns/net")

    def _client(self) -> str:
        """The administrator's certificate and key."""
        user = yaml.safe_load(self.cluster[self.cluster.spec.nodes[0].name].read_text(ADMIN))["users"][0]["user"]
        return "".join(b64decode(user[f"client-{kind}-data"]).decode() for kind in ("key", "certificate"))

    def _begin(self, module: str, options: dict[str, Any]) -> None:
        """A process in the balancer's network, that says "ready" once it has read its certificate."""
        assert self.cluster.balancer
        process = subprocess.Popen(
            [
                *self.cluster.balancer.place.enter("net"),
                sys.executable,
                "-m",
                f"{__package__}.{module}",
                json.dumps(options),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=PYTHON | {"PATH": PATH, "LC_ALL": "C"},
            text=True,
            start_new_session=True,
        )
        self.processes.append(process)
        assert process.stdout
        process.stdout.readline()
        self.readers.append(threading.Thread(target=self._listen, args=(process,), daemon=True))
        self.readers[-1].start()

    def _listen(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout
        for line in process.stdout:
            kind, at, rest = line.rstrip("\n").split(" ", 2)
            if kind == "acked":
                self.acked.append((rest, float(at)))
            elif kind == "refused":
                self.refused.append((float(at), rest))
            elif kind in ("failed", "timeout"):
                self.failed.append((float(at), rest))
                if kind == "timeout":
                    self.timeouts.append((float(at), rest))
            else:
                who, _, what = rest.partition(" ")
                self.changes.append((kind, float(at), who, what))

    def tell(self, line: str) -> None:
        """ "pause" hangs up, as when the API is taken away on purpose, until "resume"."""
        self.paused = line == "pause"
        writing = self.processes[-1]
        assert writing.stdin
        writing.stdin.write(line + "\n")
        writing.stdin.flush()

    def wait_for(self, count: int, seconds: float = 30) -> None:
        """Until so many more writes are acknowledged. Raises TimeoutError with the last failures."""
        wanted, deadline = len(self.acked) + count, time.monotonic() + seconds
        while len(self.acked) < wanted:
            if time.monotonic() > deadline or self.processes[-1].poll() is not None:
                raise TimeoutError(f"{count} writes: not acknowledged: {self.refused[-2:]}, {self.failed[-2:]}")
            time.sleep(0.01)

    def stop(self) -> None:
        """Let requests under way end, then stop. Twice is once."""
        if self.stopped:
            return
        self.stopped = time.monotonic()
        for process in reversed(self.processes):
            assert process.stdin
            process.stdin.close()
        for process, reader in zip(self.processes, self.readers, strict=True):
            try:
                process.wait(LIMIT + 2)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            reader.join(5)

    # -- what it says

    def gaps(self, since: float | None = None, until: float | None = None) -> list[tuple[float, float]]:
        """Every time without an acknowledgement (when it began, seconds), the longest first, edges included."""
        times = sorted(at for _, at in self.acked)
        first, last = since or self.began, until or self.stopped or time.monotonic()
        inside = times[bisect_left(times, first) : bisect_right(times, last)]
        found = [(before, after - before) for before, after in pairwise([first, *inside, max(first, last)])]
        return sorted(found, key=lambda gap: -gap[1])

    def largest_gap(self, since: float | None = None, until: float | None = None) -> float:
        """Seconds."""
        return self.gaps(since, until)[0][1]

    def lost(self) -> list[str]:
        """The acknowledged ones that the cluster does not have."""
        words = ("get", "configmaps", "--namespace=default", "--chunk-size=2000", "-o", "name")
        said = self.cluster.kubectl(*words, timeout=120)
        if said.exit:
            raise RuntimeError(f"the API answers no list: {said.text}")
        there = {line.rpartition("/")[2] for line in said.out.splitlines()}
        return [name for name, _ in self.acked if name not in there]

    def away(self, kind: str, host: str, since: float = 0, until: float | None = None) -> list[float]:
        """How long, each time, a host's API ("ready") or etcd's process ("etcd") was away, in seconds; begun after `since`."""
        found, gone = [], 0.0
        for k, at, who, what in list(self.changes):
            if (k, who) != (kind, host):
                continue
            if what in ("no", "0"):
                gone = gone or at
            elif gone:
                found.append((gone, at - gone))
                gone = 0.0
        if gone:
            found.append((gone, (self.stopped or time.monotonic()) - gone))
        return [seconds for at, seconds in found if at >= since and (until is None or at <= until)]

    def renewals(self, lease: str, since: float = 0) -> list[float]:
        """When a Lease was seen renewed."""
        return [at for kind, at, who, _ in list(self.changes) if (kind, who) == ("lease", lease) and at >= since]

    def summary(self) -> str:
        """For people."""
        lines = [
            f"{len(self.acked)} acknowledged, largest gap {self.largest_gap():.2f} s, {len(self.failed)} failed, "
            f"{len(self.timeouts)} of them time-outs, {len(self.refused)} refused connections"
        ]
        for node in self.cluster.spec.control_plane:
            api, etcd = (", ".join(f"{s:.1f}" for s in self.away(k, node.name)) or "0" for k in ("ready", "etcd"))
            lines.append(f"{node.name}: API away {api} s, etcd away {etcd} s")
        now = self.stopped or time.monotonic()
        for lease in dict.fromkeys(who for kind, _, who, _ in self.changes if kind == "lease"):
            times = [*self.renewals(lease), now]
            longest = max(after - before for before, after in pairwise(times))
            lines.append(f"Lease {lease}: {len(times) - 1} renewals, longest time without {longest:.1f} s")
        return "\n".join(lines)
