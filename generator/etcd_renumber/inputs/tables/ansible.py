"""Ansible inventories in their forms: INI, YAML, and what `ansible-inventory --list` prints."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable
from typing import Any

from etcd_renumber.inputs.tables.inventory import Inventory, take
from etcd_renumber.inputs.tables.reading import Line, Reading
from etcd_renumber.inputs.tables.shapes import mapping_of, texts_of

SECTION = re.compile(r"\s*\[([A-Za-z0-9_.-]+)(?::(children|vars|hosts))?\]\s*(?:[#;].*)?")
VARIABLE = re.compile(r"\s*\S+\s+(?:\S+=\S*\s+)*ansible_(?:ssh_)?host=\S")


def read(lines: list[Line], reading: Reading) -> bool:
    """Whether the lines are an inventory in INI. As Ansible does it: a line is a host and its variables, as a shell splits it."""
    if not any(SECTION.fullmatch(line.text) or VARIABLE.match(line.text) for line in lines):
        return False
    inventory, group, kind = Inventory(), "ungrouped", "hosts"
    for line in lines:
        if match := SECTION.fullmatch(line.text):
            group, kind = match[1], match[2] or "hosts"
            continue
        if line.text.lstrip().startswith(";"):
            continue
        try:
            host, *pairs = shlex.split(line.text, comments=True) or [""]
        except ValueError as error:
            reading.refuse(f"{line.text.strip()[:100]}: {error}", line.number, "close the quote")
            continue
        if host and kind == "children":
            inventory.children.setdefault(group, []).append(host)
        elif host and kind == "hosts":
            inventory.add(group, host, line.number, dict(p.partition("=")[::2] for p in pairs if "=" in p))
    if inventory.hosts:
        take(inventory, reading)
    elif not reading.problems:
        reading.refuse("this Ansible inventory has no hosts", hint="give the file in which they are")
    return True


def of_document(data: Any, line_of: Callable[[str], int], reading: Reading) -> bool:
    """Whether a document is an inventory: YAML with `hosts`, or JSON with `_meta`."""
    if not isinstance(data, dict):
        return False
    inventory = Inventory()
    if variables_of := mapping_of(mapping_of(data.get("_meta")).get("hostvars")):
        for host, variables in variables_of.items():
            inventory.add("all", str(host), 0, _texts(variables))
        for group, said in data.items():
            if isinstance(said, dict) and group != "_meta":
                for host in texts_of(said.get("hosts")):
                    inventory.add(group, host, 0, {})
                inventory.children[group] = list(texts_of(said.get("children")))
    else:
        for group, said in data.items():
            _group(str(group), said, str(group), inventory, line_of)
    if not inventory.hosts:
        return False
    take(inventory, reading)
    return True


def _group(name: str, said: Any, key: str, inventory: Inventory, line_of: Callable[[str], int]) -> None:
    """A group of YAML, and the groups in it."""
    if not isinstance(said, dict):
        return
    for host, variables in mapping_of(said.get("hosts")).items():
        inventory.add(name, str(host), line_of(f"{key}.hosts.{host}:key"), _texts(variables))
    for child, below in mapping_of(said.get("children")).items():
        inventory.children.setdefault(name, []).append(str(child))
        _group(str(child), below, f"{key}.children.{child}", inventory, line_of)


def _texts(variables: Any) -> dict[str, str]:
    """The variables whose value is one word; lists and mappings hold no address of the host itself."""
    return {str(key): str(value) for key, value in mapping_of(variables).items() if isinstance(value, str | int)}
