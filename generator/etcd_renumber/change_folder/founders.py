"""Which etcd of a folder would found a new, empty cluster where its data directory is empty."""

from __future__ import annotations

import re
from typing import Any

import yaml

from etcd_renumber.manifests.container import process
from etcd_renumber.manifests.unit import joins_unit
from etcd_renumber.model import Problem


def founders(files: dict[str, str], change: dict[str, Any]) -> list[Problem]:
    """kubeadm's first master says nothing of an existing cluster: beside no data it would found an empty one."""
    notes = []
    for member in change["members"]:
        for file, entry in sorted(member["manifests"].items()):
            place = f"hosts/{member['name']}/manifests/{file}"
            text = files.get(place, entry["old"])
            try:
                is_etcd = "path" in entry or process(text).name == "etcd"
            except yaml.YAMLError:
                continue  # said above
            if is_etcd and not (joins_unit(_unit_text(files, member)) if "path" in entry else joins(text)):
                fact = f"with an empty data directory {member['name']}'s {file} would start a new, empty cluster"
                hint = "protect this directory: the manifest lacks --initial-cluster-state=existing, as kubeadm's first one does"
                notes.append(Problem(fact, place, hint=hint, severity="note"))
    return notes


def _unit_text(files: dict[str, str], member: dict[str, Any]) -> str:
    """All files of a member's unit: one of them says it, or none."""
    top = f"hosts/{member['name']}/manifests"
    entries = member["manifests"].items()
    return "\n".join(files.get(f"{top}/{file}", m["old"]) for file, m in entries if "path" in m)


def joins(text: str) -> bool:
    """Whether this manifest says, by flag or by environment, that the cluster exists."""
    flags = " ".join(process(text).argv).replace("=", " ")
    env = re.search(r"ETCD_INITIAL_CLUSTER_STATE['\"]?,?\s+['\"]?value['\"]?:\s*['\"]?existing\b", text)
    return "-initial-cluster-state existing" in flags or bool(env)
