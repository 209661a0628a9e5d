"""How long each phase takes on a host: every method once, from `preflight` to its end, by the runbooks."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

from tests.rig import Rig, ca_pem
from tests.scenario import hosts, scenario

METHODS = ("rolling", "bridge", "restore")


def measured(method: str) -> dict[str, list[float]]:
    """Phase to its seconds on each of three hosts, in the order of the plan; bridge after a crash, restore with quorum."""
    took: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory() as tmp:
        made = scenario(Path(tmp), hosts(3), ca_pem(), "3.5", method=method)
        with Rig(made, "3.5") as rig:
            if method == "bridge":
                rig.everybody_crashes()
            rig.follow_the_order()
            for phase, seconds in rig.took:
                took.setdefault(phase, []).append(seconds)
    return took


def table() -> Iterator[str]:
    """Markdown: a row a phase, smallest to largest of the three hosts."""
    yield "| method | phase | seconds a host |"
    yield "|---|---|---|"
    for method in METHODS:
        for phase, seconds in measured(method).items():
            yield f"| {method} | {phase} | {min(seconds):.1f} to {max(seconds):.1f} |"
