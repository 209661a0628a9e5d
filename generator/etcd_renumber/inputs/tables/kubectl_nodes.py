"""`kubectl get nodes`: INTERNAL-IP is a node's address, EXTERNAL-IP never its new one, and workers are no members."""

from __future__ import annotations

import re
from typing import Any

from etcd_renumber.addresses import addresses_in
from etcd_renumber.inputs.tables.cells import addresses, is_name
from etcd_renumber.inputs.tables.reading import Line, Reading, Row
from etcd_renumber.inputs.tables.shapes import mapping_of, mappings_of

Node = tuple[int, str, set[str] | None, str]  # line, name, roles where they are known, INTERNAL-IP
ROLES = {"control-plane", "controlplane", "master", "etcd"}
BARE = re.compile(r"\s*\S+\s+(Not)?Ready\S*\s+\S+\s+\S+\s+v\d+\.\d+\S*\s+\S")
WIDE = "give `kubectl get nodes -o wide`, with its first line"


def read(lines: list[Line], reading: Reading) -> bool:
    """Whether this is its table, with its titles or (--no-headers) without."""
    head = next((n for n, line in enumerate(lines) if _is_head(line.text.split())), None)
    if head is None and not (lines and all(BARE.match(line.text) for line in lines)):
        return False
    titles = (
        lines[head].text.split() if head is not None else ["NAME", "STATUS", "ROLES", "AGE", "VERSION", "INTERNAL-IP"]
    )
    if "INTERNAL-IP" not in titles:
        reading.refuse("this is `kubectl get nodes` without addresses", lines[head or 0].number, WIDE)
        return True
    nodes: list[Node] = []
    external: list[str] = []
    for n, line in enumerate(lines):
        if head is not None and n <= head:
            reading.skip(line)
            continue
        cells = dict(zip(titles, line.text.split(), strict=False))
        if not cells or (not addresses(line.text) and len(cells) < 3):
            if cells:
                reading.skip(line)
            continue
        roles = set(cells["ROLES"].split(",")) if "ROLES" in titles else None
        nodes.append((line.number, cells["NAME"], roles, cells.get("INTERNAL-IP", "")))
        external += [f"{address} of {cells['NAME']}" for address in addresses(cells.get("EXTERNAL-IP", ""))]
    if external:
        reading.note(f"EXTERNAL-IP is not read, since it is no new address of etcd: {', '.join(external)}")
    _take(nodes, reading)
    return True


def of_documents(nodes: list[dict[str, Any]], reading: Reading) -> None:
    """`kubectl get nodes -o json` or `-o yaml`."""
    found: list[Node] = []
    for node in nodes:
        meta, status = mapping_of(node.get("metadata")), mapping_of(node.get("status"))
        labels = mapping_of(meta.get("labels"))
        roles = {key.partition("/")[2] for key in map(str, labels) if key.startswith("node-role.kubernetes.io/")}
        inner = [
            str(a.get("address", "")) for a in mappings_of(status.get("addresses")) if a.get("type") == "InternalIP"
        ]
        found.append((0, str(meta.get("name", "")), roles, inner[0] if inner else ""))
        if len(inner) > 1:
            reading.note(
                f"{meta.get('name')} has {len(inner)} addresses of its own, {', '.join(inner)}: the first is taken"
            )
    _take(found, reading)


def _is_head(words: list[str]) -> bool:
    return words[:1] == ["NAME"] and ("INTERNAL-IP" in words or {"STATUS", "AGE", "VERSION"} <= set(words))


def _take(nodes: list[Node], reading: Reading) -> None:
    workers = [name for _, name, roles, _ in nodes if roles is not None and not roles & ROLES]
    for line, name, roles, inner in nodes:
        address = [a for a, _ in addresses_in(inner)]
        if name in workers and roles is not None:
            continue
        if not address:
            reading.refuse(
                f"{name} has no INTERNAL-IP: {inner or 'it is empty'}", line, "write its address, or " + WIDE
            )
        elif not is_name(name):
            reading.refuse(f"{name} is no name of a member", line, "write the value of its `etcd --name`")
        else:
            reading.take(line, Row(name, address[0], None))
    if workers and len(workers) == len(nodes):
        reading.refuse("no node here has the role control-plane or master", hint="give the control plane's nodes, too")
    elif workers:
        are = "is a worker" if len(workers) == 1 else "are workers"
        reading.note(
            f"left out: {', '.join(workers)}, which {are} by ROLES; only members of etcd belong into `members`"
        )
    if nodes and all(roles is None for _, _, roles, _ in nodes):
        reading.note("the column ROLES is not there: remove from mapping.yaml what is no control plane host")
