"""The flag --initial-cluster, alone or in a manifest, a unit or an environment file."""

from __future__ import annotations

import re

from etcd_renumber.inputs.tables.members import Listed, take
from etcd_renumber.inputs.tables.reading import Line, Reading

PART = r"[A-Za-z0-9][^\s=,\"']*=https?://[^\s,\"']+"
VALUE = rf"[\"']?({PART}(?:,{PART})*)"
FLAG = re.compile(rf"(?:--initial-cluster[= ]|ETCD_INITIAL_CLUSTER=|\binitial-cluster:\s*){VALUE}")
BARE = re.compile(rf"\s*(?!ETCD_|\w+URLs=){VALUE}[,\"']*\s*")
NOTE = (
    "read from --initial-cluster, which etcd reads only when a member is new: "
    "compare it with `etcdctl member list`, which says who is a member today"
)


def read(lines: list[Line], reading: Reading) -> bool:
    """Whether such a flag is there; its members are taken then. Two values of one name are two peer URLs."""
    found = [(line, match[1]) for line in lines if (match := FLAG.search(line.text))]
    if not found and all(BARE.fullmatch(line.text) for line in lines):
        found = [(line, match[1]) for line in lines if (match := BARE.fullmatch(line.text))]
    for line, value in found:
        urls: dict[str, tuple[str, ...]] = {}
        for part in value.split(","):
            name, _, url = part.partition("=")
            urls[name] = (*urls.get(name, ()), url)
        for name, peers in urls.items():
            take(Listed(line.number, "", name, peers), reading)
    if found:
        reading.note(NOTE)
    return bool(found)
