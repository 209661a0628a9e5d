"""The text of a mapping.yaml that `init` writes: what is known of the members, and what is still to be filled in."""

from __future__ import annotations

import json
import re

from etcd_renumber.inputs.tables.reading import Row

PLAIN = re.compile(r"(?!(?:y|n|yes|no|on|off|true|false|null)$)[A-Za-z][A-Za-z0-9-]*", re.IGNORECASE)
MAPPING = """\
# The change as its owner wants it: every member of the etcd cluster, its old and its new address.
cluster: {cluster}
change: {change}  # the id of the change ticket: letters, digits, dot, dash, underscore
method: rolling  # one member after another, the cluster stays up; bridge: addresses have changed, quorum is gone
addresses: both  # a host has its old and its new address during the change; replace: never both
snapshots: one  # on the first host; each: on every one; none
facts: facts  # the folder beside this file: facts/MEMBER/manifests/, facts/MEMBER/pki/etcd/ca.crt

# In the order in which they are done. A member that keeps its address: {{name: NAME, old: ADDRESS, stays: true}}
members:
{members}
"""


def mapping_text(cluster: str, change: str, rows: tuple[Row, ...]) -> str:
    """A commented mapping.yaml. What is not known stays open, with TODO beside it, and `plan` refuses it as it is."""
    lines = [_member(row.name, str(row.old), str(row.new or "")) for row in rows]
    lines = lines or [_member(name, "", "") for name in ("master1", "master2", "master3")]
    return MAPPING.format(cluster=_scalar(cluster), change=_scalar(change), members="\n".join(lines))


def _member(name: str, old: str, new: str) -> str:
    missing = " and ".join(what for what, value in (("old address", old), ("new address", new)) if not value)
    todo = f"  # TODO: {missing}" if missing else ""
    return f"  - {{name: {_scalar(name)}, old: {_scalar(old)}, new: {_scalar(new)}}}{todo}"


def _scalar(text: str) -> str:
    """Plain where YAML reads it as this text, in double quotes else (`on`, `007`, IPv6)."""
    plain = PLAIN.fullmatch(text) or re.fullmatch(r"\d+\.\d+\.\d+\.\d+", text) or not text
    return text if plain else json.dumps(text)
