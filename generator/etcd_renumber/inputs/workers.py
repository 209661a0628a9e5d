"""The workers of a mapping: their form, and the member that each one calls."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from etcd_renumber.model import Member, Worker

NAME = "^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$"
SSH = {"type": "string", "pattern": r"^[A-Za-z0-9_][A-Za-z0-9@._:%-]{0,254}$"}
WORKERS: dict[str, Any] = {
    "type": "array",
    "minItems": 1,
    "items": {
        "type": "object",
        "required": ["name"],
        "additionalProperties": False,
        "properties": {
            "name": {"type": "string", "pattern": NAME},
            "calls": {"type": "string", "pattern": NAME},
            "ssh": {"anyOf": [SSH, {"type": "array", "minItems": 1, "items": SSH}]},
        },
    },
}


def workers_of(data: dict[str, Any], members: Iterable[Member | None]) -> tuple[Worker, ...]:
    """In the mapping's order; without `calls` a worker calls the first member that moves, as kubeadm's only master."""
    first = next((m.name for m in members if m is not None and not m.stays), "")
    return tuple(Worker(w["name"], w.get("calls", first), ssh_of(w)) for w in data.get("workers", []))


def ssh_of(data: dict[str, Any]) -> tuple[str, ...]:
    """Where the host of this line answers."""
    ssh = data.get("ssh", [])
    return (ssh,) if isinstance(ssh, str) else tuple(ssh)
