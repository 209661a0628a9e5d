"""A thousand clusters of three, read, checked, planned, rendered and linted."""

from __future__ import annotations

import resource
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from generator.check import check
from generator.lint import lint
from generator.load import load
from generator.plan import plan
from generator.render import render
from generator.resources import folder

CLUSTERS = 1000


def table() -> list[str]:
    """Markdown: seconds and peak memory of this process."""
    seen: set[str] = set()
    size = 0
    with tempfile.TemporaryDirectory() as _:
        began = time.monotonic()
        for number in range(CLUSTERS):
            cluster = load(Path(folder("examples")) / "three-masters" / "mapping.yaml")
            cluster = replace(cluster, mapping=replace(cluster.mapping, cluster=f"cluster-{number}"))
            assert not check(cluster)
            files = render(plan(cluster))
            assert not lint(files, seen)
            size += sum(len(text) for text in files.values())
        seconds = time.monotonic() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return [
        "| clusters | seconds | milliseconds a cluster | peak memory | rendered |",
        "|---|---|---|---|---|",
        f"| {CLUSTERS} | {seconds:.1f} | {seconds / CLUSTERS * 1000:.0f} | {peak:.0f} MiB | {size / 2**20:.0f} MiB |",
    ]
