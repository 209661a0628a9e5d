"""change.json read back: its shape is checked before anybody trusts what stands in it."""

from __future__ import annotations

import json
from ipaddress import ip_address
from typing import Any

import jsonschema

from etcd_renumber.model import Address, Problem

TEXT = {"type": "string"}
NAME = {"type": "string", "pattern": "^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$"}
MANIFEST = {
    "type": "object",
    "required": ["old", "old_sha256", "new_sha256"],
    "properties": {"old": TEXT, "old_sha256": TEXT, "new_sha256": TEXT, "path": TEXT},
}
MEMBER = {
    "type": "object",
    "required": ["name", "old", "new", "manifests"],
    "properties": {
        "name": NAME,
        "old": TEXT,
        "new": TEXT,
        "manifests": {"type": "object", "additionalProperties": MANIFEST},
    },
}
WORKERS = {
    "type": "array",
    "items": {
        "type": "object",
        "required": ["name", "calls", "ssh"],
        "properties": {"name": NAME, "calls": TEXT, "ssh": {"type": "array", "items": TEXT}},
    },
}
APISERVERS = {
    "type": "array",
    "items": {
        "type": "object",
        "required": ["name", "address", "ssh"],
        "properties": {
            "name": NAME,
            "address": TEXT,
            "ssh": {"type": "array", "items": TEXT},
            "calls_from": {"type": "array", "items": TEXT},
        },
    },
}
API_MANIFESTS = {
    "type": "object",
    "propertyNames": {"pattern": NAME["pattern"]},
    "additionalProperties": {
        "type": "object",
        "required": ["old", "old_sha256", "widened_sha256", "switched_sha256"],
        "additionalProperties": TEXT,
    },
}
SCHEMA = {
    "type": "object",
    "required": ["format", "tool", "mapping", "members", "order"],
    "properties": {
        "format": {"const": 1},
        "tool": {"type": "object"},
        "mapping": {"type": "object", "properties": {"workers": WORKERS, "apiservers": APISERVERS}},
        "members": {"type": "array", "minItems": 1, "items": MEMBER},
        "apiservers": API_MANIFESTS,
        "order": {"type": "array", "items": {"type": "object"}},
    },
}


def read_change(text: str, place: str) -> tuple[dict[str, Any] | None, list[Problem]]:
    """The data of a change.json, or None and what is wrong with it."""
    hint = "render the folder again"
    try:
        data = json.loads(text)
        errors = list(jsonschema.Draft202012Validator(SCHEMA).iter_errors(data))
        problems = [Problem(e.message[:200], place, ".".join(map(str, e.absolute_path)), hint) for e in errors]
        if not problems:
            for member in data["members"]:
                ip_address(member["old"]), ip_address(member["new"])
            for one in data["mapping"].get("apiservers", []):
                _ = [ip_address(address) for address in (one["address"], *one.get("calls_from", []))]
    except ValueError as error:
        problems = [Problem(str(error), place, hint=hint)]
    except RecursionError:
        problems = [Problem("it is nested too deeply", place, hint=hint)]
    return (None if problems else data), problems


def beside_of(change: dict[str, Any]) -> list[str]:
    """The names of the hosts without a member: workers and apiservers, in the mapping's order."""
    return [one["name"] for key in ("workers", "apiservers") for one in change["mapping"].get(key, [])]


def moves_of(change: dict[str, Any]) -> dict[Address, Address]:
    """Old address to new one, of every member that does not stay."""
    pairs = ((ip_address(m["old"]), ip_address(m["new"])) for m in change["members"])
    return {old: new for old, new in pairs if old != new}
