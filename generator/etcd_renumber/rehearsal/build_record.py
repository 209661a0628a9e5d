"""A rehearsal written down: what the stage saw, what was asked for and what it ran on, as one Run."""

from __future__ import annotations

import hashlib
import platform
import subprocess
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from pathlib import Path

from etcd_renumber import __version__
from etcd_renumber.change_folder.write import SUMS
from etcd_renumber.records.run import Load, Moved, Run, Seat
from etcd_renumber.rehearsal.etcd_binaries.choose import Chosen
from etcd_renumber.rehearsal.replica_hosts import in_words
from etcd_renumber.rehearsal.runner import Stage
from etcd_renumber.rehearsal.testbed.load_client import Writer

KEPT_KEYS = 20  # so many lost keys are named


@dataclass(frozen=True)
class Options:
    """What was asked for: `etcd` VERSION or FOLDER, a snapshot to begin with, drills as they were typed.

    `endpoint` belongs to `control_plane`: NAME:PORT, "none", or None for a balancer of ours.
    """

    etcd: str | None = None
    snapshot: Path | None = None
    writers: int = 4
    crash: bool = False
    fail: tuple[str, ...] = ()
    control_plane: bool = False
    endpoint: str | None = None


@dataclass(frozen=True)
class Seen:
    """The cluster before and after: member list, cluster id (hex), raft term; and the keys that are gone."""

    before: tuple[Seat, ...]
    after: tuple[Seat, ...]
    ids: tuple[str, str]
    terms: tuple[int, int]
    lost: tuple[str, ...]


def record(stage: Stage, seen: Seen, faults: tuple[str, ...], options: Options, chosen: Chosen, began: datetime) -> Run:
    """Everything that the reports are made of."""
    change = stage.replica.change
    mapping = change.cluster.mapping
    return Run(
        kind="rehearsal",
        cluster=mapping.cluster,
        change=mapping.change,
        method=mapping.method,
        digest=change.digest,
        folder_sha256=hashlib.sha256((stage.replica.folder / SUMS).read_bytes()).hexdigest(),
        began=began.strftime("%Y-%m-%dT%H:%M:%SZ"),
        seconds=round(stage.writer.stopped - stage.zero, 3),
        faults=faults,
        versions=_versions(chosen),
        assumed=in_words(change, options.snapshot),
        options=_typed(options),
        members=tuple(Moved(m.name, str(m.old), str(m.new), m.stays) for m in mapping.members),
        lines=tuple(stage.done),
        load=_load(stage.writer, options.writers, stage.zero, list(seen.lost)),
        before=seen.before,
        after=seen.after,
        cluster_ids=seen.ids,
        terms=seen.terms,
    )


def _load(writer: Writer, writers: int, zero: float, lost: list[str]) -> Load:
    """The writer's log, counted: per bin of a quarter of a second, or longer ones where the run was long."""
    seconds = writer.stopped - zero
    width = max(0.25, round(seconds / 480, 2))
    rate = [0] * (int(seconds / width) + 1)
    times = sorted(at - zero for _, at in writer.acked)
    for at in times:
        rate[min(max(int(at / width), 0), len(rate) - 1)] += 1
    edges = [0.0, *times, seconds]
    gap, gap_at = max((b - a, a) for a, b in pairwise(edges))
    return Load(
        writers, len(writer.acked), len(writer.failed), writer.refused, tuple(lost[:KEPT_KEYS]), len(lost), round(gap, 3),
        round(gap_at, 3), width, tuple(rate), writer.read, writer.unread, tuple(what for _, what in writer.back[:KEPT_KEYS]),
    )  # fmt: skip


def _versions(chosen: Chosen) -> dict[str, str]:
    openssl = subprocess.run(["openssl", "version"], capture_output=True, text=True, check=False).stdout.split()
    return {
        "etcd": f"{chosen.version}: {chosen.why}",
        "etcd-renumber": __version__,
        "kernel": platform.release(),
        "openssl": openssl[1] if len(openssl) > 1 else "unknown",
    }


def _typed(options: Options) -> tuple[str, ...]:
    """The options that change what is rehearsed, as they were typed."""
    words = ["--control-plane"] if options.control_plane else []
    words += [f"--endpoint {options.endpoint}"] if options.endpoint else []
    words += [f"--fail {text}" for text in options.fail]
    words += ["--crash"] if options.crash else []
    words += [f"--snapshot {options.snapshot.name}"] if options.snapshot else []
    return tuple(words)
