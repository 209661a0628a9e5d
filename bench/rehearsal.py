"""How long a rehearsal takes, from the command to its report: three members, every method as it is meant to go."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from etcd_renumber.rehearsal.build_record import Options
from etcd_renumber.rehearsal.rehearse import rehearse

from tests.conftest import etcd_folder
from tests.scenario import hosts, scenario

CASES = (("rolling", False), ("bridge", True), ("restore", False))
VERSIONS = ("3.4", "3.5")


def measured(method: str, crash: bool, version: str) -> tuple[float, float, int]:
    """Seconds of the whole, seconds of the order alone, writes acknowledged. Raises AssertionError when it does not pass."""
    with tempfile.TemporaryDirectory() as tmp:
        folder = scenario(Path(tmp), hosts(3), version=version, method=method).folder
        began = time.monotonic()
        run = rehearse(folder, Options(str(etcd_folder(version)), crash=crash), lambda progress: None)
        seconds = time.monotonic() - began
    assert run.passed and run.load, run.faults
    return seconds, run.seconds, run.load.acked


def table() -> Iterator[str]:
    """Markdown: a row a method and version."""
    yield "| method | etcd | seconds | of them the order | acknowledged | lost |"
    yield "|---|---|---|---|---|---|"
    for method, crash in CASES:
        for version in VERSIONS:
            seconds, order, acked = measured(method, crash, version)
            yield f"| {method}{', --crash' if crash else ''} | {version} | {seconds:.0f} | {order:.0f} | {acked:,} | 0 |"
