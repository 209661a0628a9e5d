"""Addresses in the files of etcd's unit: exchanged where they stand, but for those that are names (identities.py has the table)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from etcd_renumber.addresses import addresses_in, renumber
from etcd_renumber.manifests.identities import FLAGS, PATH, VARIABLES, WITH_VALUE, Kept
from etcd_renumber.model import Address

A_PATH = re.compile(r"(?<![^\s=\"'])(?P<value>/[^\s=:,;\"']+)")
A_VARIABLE = re.compile(rf"(?<![\w-])(?P<name>{'|'.join(VARIABLES)})=(?P<value>\"[^\"]*\"|'[^']*'|[^\s\"']+)")


def with_new_addresses_in_unit(text: str, moves: Mapping[Address, Address]) -> str:
    """The text of a file of the unit, or one word of it."""
    parts, done = [], 0
    for start, end, _, _, _ in _names(text):
        if start >= done:
            parts += [renumber(text[done:start], moves), text[start:end]]
            done = end
    return "".join([*parts, renumber(text[done:], moves)])


def kept_in_unit(text: str, moves: Mapping[Address, Address]) -> Iterator[Kept]:
    """Every text in it that holds a moving address and stays."""
    for start, _, name, value, why in _names(text):
        if any(address in moves for address, _ in addresses_in(value)):
            yield Kept(name, value.strip("\"'"), text.count("\n", 0, start) + 1, why)


def _names(text: str) -> list[tuple[int, int, str, str, str]]:
    """(start, end, name, value, why) of each, in order."""
    found = [(*m.span(), m["name"], m["value"], VARIABLES[m["name"]]) for m in A_VARIABLE.finditer(text)]
    found += [
        (*m.span(), f"--{m['name']}", m["value"], FLAGS[m["name"]]) for m in WITH_VALUE.finditer(text) if m["name"]
    ]
    found += [(*m.span(), "path", m["value"], PATH) for m in A_PATH.finditer(text)]
    return sorted(found)
