"""Keys of the mapping that do not fit together."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from etcd_renumber.methods import METHODS
from etcd_renumber.model import Problem


def keys_of_others(data: Any, places: dict[str, str], path: Path) -> list[Problem]:
    """Keys of one method beside another one."""
    found = []
    method = data.get("method", "rolling") if isinstance(data, dict) else ""
    for owner in METHODS.values() if isinstance(method, str) and method in METHODS else []:
        for key, quiet in owner.keys.items():
            if owner.name != method and data.get(key, quiet) != quiet:
                fact = f"{key}: {data[key]} has no effect with method: {method}"
                found.append(
                    Problem(fact, places.get(key, str(path)), key, f"remove it: only the method {owner.name} uses it")
                )
    return found


def never_both(data: Any, places: dict[str, str], path: Path) -> list[Problem]:
    """A host that keeps its old address has both: with `addresses: replace` and in a restore it never has."""
    method, addresses = data.get("method", "rolling"), data.get("addresses", "both")
    hint = (
        "remove it: the address is changed while etcd is down; add the old one again afterwards, for what else needs it"
    )
    if not METHODS[method].has_both:
        why = f"method: {method}"
    elif addresses != "both":
        why = f"addresses: {addresses}"
    elif data.get("certificates") == "narrow":
        why, hint = "certificates: narrow", "not yet: `narrow` cannot tell who uses an address that stays; remove one"
    else:
        return []
    return [
        Problem(
            f"{m['name']} has `old_stays: true`, with {why}",
            places.get(f"members.{n}.old_stays", str(path)),
            f"members.{n}.old_stays",
            hint,
        )
        for n, m in enumerate(data["members"])
        if m.get("old_stays")
    ]
