"""How a host whose data is lost comes back as a new member: its new files, with every member named and the state `existing`.

Etcd compares the list with the cluster's own and refuses a short one (etcd runtime-configuration.md, "Add a new member").
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from etcd_renumber.addresses import url
from etcd_renumber.etcd_on_host import Process
from etcd_renumber.manifests.container import process
from etcd_renumber.manifests.etcd import container_of, flags_in, flags_of, flags_of_variables
from etcd_renumber.manifests.unit import process_of, unit_of
from etcd_renumber.model import Change, Member

EXISTING = "existing"
LIST, STATE = "initial-cluster", "initial-cluster-state"


@dataclass(frozen=True)
class Joining:
    """`texts`: by file, of etcd's manifest, or of its unit; files of a unit that do not change by it are the new ones."""

    texts: Mapping[str, str]
    process: Process


def joining(change: Change, member: Member) -> Joining | None:
    """None where the list and the state cannot be written: flags that do not stand in lines of their own, for example."""
    etcd = change.cluster.facts[member.name].etcd
    assert etcd is not None, "check() refuses a host without an etcd manifest"
    every = ",".join(f"{m.name}={url(m.new, etcd.peer_port)}" for m in change.cluster.mapping.members)
    of_etcd = [m for m in change.manifests[member.name] if m.path] or list(change.manifests[member.name][:1])
    new = {m.file: m.new for m in of_etcd}
    texts = _of_unit(new, every) if etcd.unit else {name: _of_pod(text, every) for name, text in new.items()}
    made, flags = _unit_made(texts) if etcd.unit else _pod_made(texts[of_etcd[0].file])
    is_right = (flags.get(LIST), flags.get(STATE)) == (every, EXISTING)
    return Joining(texts, made) if is_right and made.argv else None


def _pod_made(text: str) -> tuple[Process, Mapping[str, str]]:
    return process(text), flags_of(container_of(text))


def _unit_made(texts: Mapping[str, str]) -> tuple[Process, Mapping[str, str]]:
    unit, _ = unit_of(texts, "")
    found = flags_of_variables(unit.variables) | flags_in(unit.arguments) if unit else {}
    return process_of(texts), found


def _of_pod(text: str, every: str) -> str:
    text = re.sub(rf"(?m)^ *- [\"']?--{LIST}(-state)?=.*\n", "", text)
    return re.sub(
        r"(?m)^(?P<head> *- )[\"']?--name=.*$",
        lambda m: f"{m[0]}\n{m['head']}--{LIST}={every}\n{m['head']}--{STATE}={EXISTING}",
        text,
        count=1,
    )


def _of_unit(new: Mapping[str, str], every: str) -> dict[str, str]:
    """As variables where one of the files has such a variable, else as flags of its command."""
    variable = re.compile(r"(?m)^(?P<head>(?:Environment=[\"']?)?ETCD_INITIAL_CLUSTER)=.*$")
    if any(variable.search(text) for text in new.values()):
        return {name: _variables(text, every) for name, text in new.items()}
    return {name: _flags(text, every) for name, text in new.items()}


def _variables(text: str, every: str) -> str:
    head = r"(?P<head>Environment=[\"']?)?"
    text = re.sub(rf"(?m)^{head}ETCD_INITIAL_CLUSTER_STATE=.*\n", "", text)

    def line(m: re.Match[str]) -> str:
        before = "Environment=" if m["head"] else ""
        return f"{before}ETCD_INITIAL_CLUSTER={every}\n{before}ETCD_INITIAL_CLUSTER_STATE={EXISTING}"

    return re.sub(rf"(?m)^{head}ETCD_INITIAL_CLUSTER=.*$", line, text)


def _flags(text: str, every: str) -> str:
    text = re.sub(rf"(--{STATE}[= ])\S+", rf"\g<1>{EXISTING}", text)
    return re.sub(rf"(--{LIST}[= ])\S+", rf"\g<1>{every}", text)
