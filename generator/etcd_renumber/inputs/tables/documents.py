"""JSON and YAML: one document is read as a whole, and what it is decides who reads it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import yaml

from etcd_renumber.inputs.located_yaml import places_of
from etcd_renumber.inputs.tables import ansible, etcdctl, kubectl_nodes
from etcd_renumber.inputs.tables.columns import Grid
from etcd_renumber.inputs.tables.reading import Line, Reading
from etcd_renumber.inputs.tables.shapes import mapping_of, mappings_of, texts_of
from etcd_renumber.inputs.tables.titled import read_grid
from etcd_renumber.inputs.tables.titles import is_title

JSON = re.compile(r"\s*(\{\s*(\"|\})|\[\s*[\[{\"\]])")
# A key with nothing behind it, a list of mappings, or what every file of Kubernetes begins with.
YAML = re.compile(r"^(---\s*$|(apiVersion|kind):\s|[\w\"'.-]+:\s*(#.*)?$|\s*-\s+(\{|[\w\"'-]+:\s))", re.MULTILINE)
SURE = re.compile(r"^((apiVersion|kind):\s|\s*-\s+\{|\s+(hosts|children):\s*$)", re.MULTILINE)
LIST = "give `etcdctl member list`, `kubectl get nodes -o wide`, or a CSV with name, old and new"


def read(lines: list[Line], reading: Reading) -> bool:
    """Whether the text is JSON or YAML in which something is known."""
    text = _with_places(lines)
    if JSON.match(text):
        try:
            data = json.loads(text)
        except (ValueError, RecursionError) as error:
            line = getattr(error, "lineno", 0)
            reading.refuse(
                f"this begins as JSON and is none: {getattr(error, 'msg', error)}",
                line,
                "paste all of it, and nothing behind it",
            )
            return True
        if not _one(data, lambda key: 0, reading):
            reading.refuse("no members are found in this JSON", hint=LIST)
        return True
    return bool(YAML.search(text)) and _yaml(text, reading)


def _yaml(text: str, reading: Reading) -> bool:
    is_sure = bool(SURE.search(text))
    try:
        if any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(text, Loader=yaml.BaseLoader)):
            reading.refuse("YAML anchors and aliases are not supported", hint="write out the values")
            return True
        nodes = list(yaml.compose_all(text, Loader=yaml.BaseLoader))
        documents = list(yaml.load_all(text, Loader=yaml.BaseLoader))  # texts only, whatever the tag
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        if is_sure:
            hint = "indent with spaces, and paste the file as it is"
            reading.refuse(f"this is not YAML: {error.problem or error.context}", mark.line + 1 if mark else 0, hint)
        return is_sure
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        if is_sure:
            reading.refuse(f"this is not YAML: {error}")
        return is_sure
    known = False
    for node, data in zip(nodes, documents, strict=True):
        places, twice = places_of(node, reading.place)
        told = len(reading.problems)
        if _one(data, lambda key, places=places: _line(places.get(key, "")), reading):  # type: ignore[misc]
            known = True
            reading.problems[told:told] = twice
    if not known and is_sure:
        reading.refuse("no members are found in this YAML", hint=LIST)
    return known or is_sure


def _one(data: Any, line_of: Callable[[str], int], reading: Reading) -> bool:
    """One document, by what it is."""
    if isinstance(data, list):
        if any(isinstance(one, dict) and {"Endpoint", "endpoint"} & one.keys() for one in data):
            etcdctl.endpoint_status(reading)
            return True
        return _records(data, "", line_of, reading)
    if not isinstance(data, dict):
        return False
    api, kind, spec = str(data.get("apiVersion", "")), str(data.get("kind", "")), data.get("spec")
    members, items = data.get("members"), data.get("items")
    if any("peerURLs" in member for member in mappings_of(members)):
        etcdctl.of_json(data, reading)
    elif kind == "Node" or any(item.get("kind") == "Node" for item in mappings_of(items)):
        kubectl_nodes.of_documents(mappings_of(items) or [data], reading)
    elif "sealos" in api:
        fact = "this is a Clusterfile of sealos: it has addresses of masters, and no names of members"
        reading.refuse(fact, line_of("kind"), LIST)
    elif isinstance(spec, dict) and mappings_of(spec.get("hosts")) and "kubekey" in api:
        return _kubekey(spec, line_of, reading)
    elif api.startswith("kubeadm.k8s.io"):
        fact = f"this is kubeadm's {kind or 'configuration'}, which does not list the members of etcd"
        reading.refuse(fact, line_of("kind"), LIST)
    elif listed := next((key for key in ("members", "nodes", "hosts") if mappings_of(data.get(key))), None):
        reading.note(f"everything in {listed} is taken: remove from mapping.yaml what is no member of etcd")
        return _records(data[listed], listed, line_of, reading)
    elif data and all(any(is_title(str(key)) for key in mapping_of(said)) for said in data.values()):
        named = [{"name": str(name), **said} for name, said in data.items()]
        places = [line_of(f"{name}:key") for name in data]
        return _records(named, "", lambda key: places[int(key)], reading)
    else:
        return ansible.of_document(data, line_of, reading)
    return True


def _kubekey(spec: dict[str, Any], line_of: Callable[[str], int], reading: Reading) -> bool:
    """KubeKey's config: hosts with name, address and internalAddress, and the group etcd."""
    etcd = texts_of(mapping_of(spec.get("roleGroups")).get("etcd"))
    hosts = mappings_of(spec["hosts"])
    if etcd and not any("[" in one for one in etcd):
        left = [str(host.get("name")) for host in hosts if host.get("name") not in etcd]
        hosts = [host for host in hosts if host.get("name") in etcd] or hosts
        if left:
            reading.note(f"left out: {', '.join(left)}, not in the group etcd")
    else:
        reading.note("every host is taken: remove from mapping.yaml what is no member of etcd")
    places = {id(host): n for n, host in enumerate(spec["hosts"])}
    return _records(hosts, "spec.hosts", line_of, reading, places)


def _records(
    found: list[Any], key: str, line_of: Callable[[str], int], reading: Reading, places: dict[int, int] | None = None
) -> bool:
    """A list of mappings: their keys are titles."""
    records = [(n, one) for n, one in enumerate(found) if isinstance(one, dict)]
    titles = tuple(
        dict.fromkeys(str(title) for _, one in records for title, value in one.items() if isinstance(value, str | int))
    )
    if not titles or all(len(one) < 2 for _, one in records):
        return False
    rows = tuple(
        (line_of(f"{key}.{(places or {}).get(id(one), n)}".lstrip(".")), tuple(str(one.get(t, "")) for t in titles))
        for n, one in records
    )
    read_grid(Grid(titles, rows, "key"), reading)
    return True


def _with_places(lines: list[Line]) -> str:
    """The text with an empty line for each that was taken out, so that numbers of lines stay."""
    texts: list[str] = []
    for line in lines:
        texts += [""] * (line.number - 1 - len(texts)) + [line.text]
    return "\n".join(texts)


def _line(place: str) -> int:
    """FILE:LINE:COLUMN to LINE."""
    parts = place.rsplit(":", 2)
    return int(parts[1]) if len(parts) == 3 and parts[1].isdigit() else 0
