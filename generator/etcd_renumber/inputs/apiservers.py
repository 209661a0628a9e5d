"""The apiservers of a mapping, hosts that have no member: their form, and the manifest of each among the facts."""

from __future__ import annotations

from ipaddress import ip_address
from typing import Any

from etcd_renumber.inputs import located_yaml
from etcd_renumber.inputs.workers import NAME, SSH, ssh_of
from etcd_renumber.manifests.apiserver import FILE
from etcd_renumber.model import Apiserver, Mapping, Problem

APISERVERS: dict[str, Any] = {
    "type": "array",
    "items": {
        "type": "object",
        "required": ["name", "address"],
        "additionalProperties": False,
        "properties": {
            "name": {"type": "string", "pattern": NAME},
            "address": {"type": "string"},
            "calls_from": {"type": "array", "items": {"type": "string"}},
            "ssh": {"anyOf": [SSH, {"type": "array", "minItems": 1, "items": SSH}]},
        },
    },
}


def apiservers_of(
    data: dict[str, Any], places: dict[str, str], problems: list[Problem]
) -> tuple[Apiserver, ...] | None:
    """None where the mapping has no such key: then it does not say whose etcd this is."""
    if "apiservers" not in data:
        return None
    found = []
    for number, one in enumerate(data["apiservers"]):
        given = [
            ("address", one["address"]),
            *((f"calls_from.{n}", a) for n, a in enumerate(one.get("calls_from", []))),
        ]
        addresses = []
        for key, text in given:
            key = f"apiservers.{number}.{key}"
            try:
                addresses.append(ip_address(text))
            except ValueError:
                hint = "write an address alone: no prefix length, no port, no name"
                problems.append(Problem(f"{text!r} is not an address", places.get(key, ""), key, hint))
        if len(addresses) == len(given):
            found.append(Apiserver(one["name"], addresses[0], ssh_of(one), tuple(addresses[1:])))
    return tuple(found)


def manifests_of(mapping: Mapping) -> tuple[dict[str, str], list[Problem]]:
    """Name to the text of its kube-apiserver.yaml, and whose is missing."""
    found, problems = {}, []
    for one in mapping.apiservers or ():
        path = mapping.facts / one.name / "manifests" / FILE
        if path.is_file():
            found[one.name] = located_yaml.read_text(path)
        else:
            hint = f"scp {one.name}:/etc/kubernetes/manifests/{FILE} {path}"
            problems.append(Problem(f"there is no {FILE} of {one.name}", str(path), one.name, hint))
    return found, problems
