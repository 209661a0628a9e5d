"""The methods, each one literal list of phases and their steps, in a file of its own: what a Kubernetes engineer reviews.

A step is a function of templates/steps; the runbook calls them in this order and nothing else.
"""

from __future__ import annotations

from generator.methods.bridge import BRIDGE
from generator.methods.restore import RESTORE
from generator.methods.rolling import ROLLING
from generator.model import Phase

METHODS: dict[str, tuple[Phase, ...]] = {"rolling": ROLLING, "bridge": BRIDGE, "restore": RESTORE}


def phases(method: str, addresses: str) -> tuple[Phase, ...]:
    """The phases of a method, in order. `leave` belongs to `addresses: replace` only: a host then never has both."""
    return tuple(p for p in METHODS[method] if p.name != "leave" or addresses == "replace")
