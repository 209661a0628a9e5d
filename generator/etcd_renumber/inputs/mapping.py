"""mapping.yaml and the facts folder to a Cluster. All that is wrong with either is said at once."""

from __future__ import annotations

import difflib
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import jsonschema

from etcd_renumber.errors import Refused
from etcd_renumber.inputs import apiservers, located_yaml, unfit
from etcd_renumber.inputs.facts import facts_of
from etcd_renumber.inputs.workers import NAME, SSH, WORKERS, ssh_of, workers_of
from etcd_renumber.methods import METHODS
from etcd_renumber.model import Cluster, Mapping, Member, Problem

SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["cluster", "change", "members"],
    "additionalProperties": False,
    "properties": {
        "cluster": {"type": "string", "pattern": NAME},
        "change": {"type": "string", "pattern": NAME},
        "method": {"enum": [*METHODS]},
        "addresses": {"enum": ["both", "replace"]},
        "facts": {"type": "string", "minLength": 1},
        "members": {
            "type": "array",
            "minItems": 1,
            "items": {
                "type": "object",
                "required": ["name", "old"],
                "additionalProperties": False,
                "properties": {
                    "name": {"type": "string", "pattern": NAME},
                    "old": {"type": "string"},
                    "new": {"type": "string"},
                    "stays": {"type": "boolean"},
                    "old_stays": {"type": "boolean"},
                    "ssh": {"anyOf": [SSH, {"type": "array", "minItems": 1, "items": SSH}]},
                },
            },
        },
        "workers": WORKERS,
        "apiservers": apiservers.APISERVERS,
        "snapshots": {"enum": ["one", "each", "none"]},
        "objects": {"enum": ["list", "kubeadm"]},
        "accept_loss": {"type": "boolean"},
        "bump_revision": {"type": "integer", "minimum": 0},
        "tools": {"type": ["string", "null"]},
        "address_command": {"type": ["string", "null"]},
        "hosts_file": {"type": "boolean"},
        "endpoint": {"type": "string", "pattern": NAME},
        "certificates": {"enum": ["wide", "narrow"]},
    },
}
KEPT = (
    "method",
    "addresses",
    "snapshots",
    "objects",
    "accept_loss",
    "bump_revision",
    "tools",
    "address_command",
    "hosts_file",
    "endpoint",
    "certificates",
)
HINTS = {
    "pattern": "use letters, digits, dot, underscore and hyphen, 63 at most, beginning with a letter or digit: "
    "a comma or = would break --initial-cluster, a slash the folder",
    "required": "see examples/three-masters/mapping.yaml",
    "enum": "use one of these values",
    "type": "quote numbers and dates that are meant as text",
}


def load(path: Path, method: str | None = None) -> Cluster:
    """The cluster that a mapping and its facts describe; `method` wins over the mapping's. Raises Refused, all at once."""
    mapping = load_mapping(path, method)
    beside = {a.name for a in mapping.apiservers or ()}
    facts, problems = facts_of(mapping.facts, [m.name for m in mapping.members], beside)
    of_apis, missing = apiservers.manifests_of(mapping) if mapping.facts.is_dir() else ({}, [])
    if problems or missing:
        raise Refused(*problems, *missing)
    return Cluster(mapping, facts, apiservers=of_apis)


def load_mapping(path: Path, method: str | None = None) -> Mapping:
    """mapping.yaml alone. Raises Refused with every problem, each with file, line and column."""
    data, places, problems = located_yaml.read(path)
    if isinstance(data, dict) and method is not None:
        data = data | {"method": method}
    problems += _shape(data, places, path) + unfit.keys_of_others(data, places, path)
    if problems:
        raise Refused(*problems)
    problems += unfit.never_both(data, places, path)
    members = [_member(m, f"members.{n}", places, problems) for n, m in enumerate(data["members"])]
    of_apis = apiservers.apiservers_of(data, places, problems)
    if problems:
        raise Refused(*problems)
    known = {k: data[k] for k in KEPT if k in data}
    return Mapping(
        data["cluster"],
        data["change"],
        tuple(m for m in members if m is not None),
        path.parent / data.get("facts", "facts"),
        workers=workers_of(data, members),
        apiservers=of_apis,
        places=places,
        **known,
    )


def _shape(data: Any, places: dict[str, str], path: Path) -> list[Problem]:
    """Every place where the data is not what the schema says."""
    found = []
    for error in jsonschema.Draft202012Validator(SCHEMA).iter_errors(data):
        key = ".".join(str(p) for p in error.absolute_path)
        if error.validator == "additionalProperties":
            found += _unknown(error, key, places, path)
            continue
        hint = HINTS.get(str(error.validator), "")
        if error.validator == "required" and "'change'" in error.message:
            hint = "add a name for this change, such as the ticket's id: the folder on the hosts gets it"
        found.append(Problem(_words(error), places.get(key, str(path)), key, hint))
    return found


def _words(error: jsonschema.ValidationError) -> str:
    """jsonschema's message, with long values cut."""
    text = error.message
    return text if len(text) < 200 else text[:120] + " … " + text[-60:]


def _unknown(error: jsonschema.ValidationError, key: str, places: dict[str, str], path: Path) -> list[Problem]:
    known = list(error.schema["properties"])  # type: ignore[index]
    found = []
    for name in error.instance:  # type: ignore[union-attr]
        if name not in known:
            below = f"{key}.{name}" if key else str(name)
            near = difflib.get_close_matches(str(name), known, 1)
            hint = f"did you mean {near[0]}?" if near else f"known keys: {', '.join(known)}"
            found.append(Problem(f"unknown key {name}", places.get(below + ":key", str(path)), below, hint))
    return found


def _member(data: dict[str, Any], key: str, places: dict[str, str], problems: list[Problem]) -> Member | None:
    """One line; its addresses are addresses, or a problem each."""
    stays = data.get("stays", False)
    if stays and "new" in data:
        problems.append(
            Problem(
                f"{data['name']} has `stays: true` and a new address",
                places[f"{key}.new"],
                f"{key}.new",
                "remove one of them",
            )
        )
    old_stays = data.get("old_stays", False)
    if stays and old_stays:
        fact = f"{data['name']} has `stays: true` and `old_stays: true`"
        hint = "remove one: `stays` is for a member that keeps its address, `old_stays` for a host that has both afterwards"
        problems.append(Problem(fact, places[f"{key}.old_stays"], f"{key}.old_stays", hint))
    if not stays and "new" not in data:
        hint = "write `new: ADDRESS`, or `stays: true` for a member that keeps its address"
        problems.append(Problem(f"{data['name']} has no new address", places[key], f"{key}.new", hint))
    found = {}
    for side in ("old", "new"):
        if side not in data:
            continue
        try:
            found[side] = ip_address(data[side])
        except ValueError:
            hint = "write an address alone: no prefix length, no port, no name"
            problems.append(
                Problem(f"{data[side]!r} is not an address", places[f"{key}.{side}"], f"{key}.{side}", hint)
            )
    if "old" not in found or (not stays and "new" not in found):
        return None
    return Member(
        data["name"],
        found["old"],
        found["old"] if stays else found["new"],
        stays,
        ssh_of(data),
        old_stays,
    )
