"""Texts of a manifest that look like addresses and are names: compared or looked up letter by letter, and never exchanged.

One table: each place with what happens instead. The proof of a new manifest holds them, too: they must not have changed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import yaml

from etcd_renumber.addresses import addresses_in, may_hold_an_address, renumber
from etcd_renumber.model import Address

ISSUER = (
    "every token that is out carries it. An issuer is never replaced: add the new one as a second --service-account-issuer "
    "after this change, in a change of its own, make it the first once every apiserver has it, and keep the old one until no "
    "token of it is left"
)
AUDIENCE = "tokens that are out carry it: add the new audience beside it, in a change of its own"
JWKS = "it is published to those who verify tokens: change it in a change of its own, together with the issuer"
OIDC = (
    "it must be, letter by letter, what the tokens of the identity provider carry. If the provider runs at this address: give "
    "it a name, or keep the address on the host (old_stays: true)"
)
PREFIX = "every RBAC binding of that provider's users and groups begins with it"
IMAGE = (
    "no host has the image by another name. Where a registry answers at this address, an image that is not on a host cannot be "
    "pulled once the address is gone: give the registry a name first, or keep the address on its host (old_stays: true)"
)
CERTIFIED = "it is a name in the peers' certificates, which keep it"
TOKEN = "etcd with data does not read it, and it must be equal on all hosts"
OWN_NAME = "it is the name of a Node, which cannot be changed"
PATH = "no file on the host is renamed"
BOTH = "it holds old and new addresses, as a list of peers must while the change lasts: remove the old ones after the last line"

# Flag to what to know about it.
FLAGS: Mapping[str, str] = {
    "service-account-issuer": ISSUER,
    "api-audiences": AUDIENCE,
    "service-account-api-audiences": AUDIENCE,
    "service-account-jwks-uri": JWKS,
    "oidc-issuer-url": OIDC,
    "oidc-client-id": OIDC,
    "oidc-required-claim": OIDC,
    "oidc-username-prefix": PREFIX,
    "oidc-groups-prefix": PREFIX,
    "requestheader-allowed-names": CERTIFIED,
    "peer-cert-allowed-cn": CERTIFIED,
    "peer-cert-allowed-hostname": CERTIFIED,
    "client-cert-allowed-hostname": CERTIFIED,
    "initial-cluster-token": TOKEN,
    "hostname-override": OWN_NAME,
}
VARIABLES: Mapping[str, str] = {
    f"ETCD_{n.upper().replace('-', '_')}": why for n, why in FLAGS.items() if why in (CERTIFIED, TOKEN)
}
KEYS: Mapping[str, str] = {"image": IMAGE}
NAMES = "|".join(sorted(FLAGS, key=len, reverse=True))
# A flag and its value in one text, alone or in a script; or the path that another flag names.
WITH_VALUE = re.compile(
    rf"(?<![\w-])--?(?P<name>{NAMES})[=\s]+(?P<value>\"[^\"]*\"|'[^']*'|[^\s\"']+)"
    r"|(?<==)(?P<path>/[^\s=:,;\"']+)"
)
ALONE = re.compile(rf"--?(?P<name>{NAMES})")
A_PATH = re.compile(r"/[^\s=:]*")


@dataclass(frozen=True)
class Kept:
    """One text that stays: `name` is its flag, key or variable, `line` is counted from 1."""

    name: str
    value: str
    line: int
    why: str


@dataclass(frozen=True)
class Reading:
    """A manifest that was read: its scalars, each once, in the order of the text; and those that stay as a whole, by the id of
    their node, with (name, why)."""

    scalars: list[Any]
    whole: Mapping[int, tuple[str, str]]


def reading(documents: list[Any], lists: Mapping[Address, Address]) -> Reading:
    """Of these YAML documents. `lists` are the moves in a pod of another program than the control plane's: a text of it that
    holds both addresses of a member is a list that was prepared."""
    collections = list(_collections(documents))
    scalars = _scalars(collections)
    return Reading(scalars, _kept_as_a_whole(collections, scalars, lists))


def _kept_as_a_whole(
    collections: list[Any], scalars: list[Any], lists: Mapping[Address, Address]
) -> dict[int, tuple[str, str]]:
    found: dict[int, tuple[str, str]] = {
        id(n): ("list", BOTH) for n in (scalars if lists else ()) if _has_both(n.value, lists)
    }
    for node in collections:
        if isinstance(node, yaml.MappingNode):
            pairs = {str(k.value): v for k, v in node.value if isinstance(k, yaml.ScalarNode)}
            found |= {
                id(pairs[key]): (key, why) for key, why in KEYS.items() if isinstance(pairs.get(key), yaml.ScalarNode)
            }
            name = pairs.get("name")
            if (
                isinstance(name, yaml.ScalarNode)
                and name.value in VARIABLES
                and isinstance(pairs.get("value"), yaml.ScalarNode)
            ):
                found[id(pairs["value"])] = (name.value, VARIABLES[name.value])
            values = [v for v in pairs.values() if isinstance(v, yaml.ScalarNode)]
        else:
            values = [v for v in node.value if isinstance(v, yaml.ScalarNode)]
            for word, after in pairwise(values):
                if flag := ALONE.fullmatch(word.value):
                    found[id(after)] = (f"--{flag['name']}", FLAGS[flag["name"]])
        found |= {id(v): ("path", PATH) for v in values if A_PATH.fullmatch(v.value) and id(v) not in found}
    return found


def _has_both(value: str, moves: Mapping[Address, Address]) -> bool:
    there = {address for address, _ in addresses_in(value)} if may_hold_an_address(value) else set()
    return any(old in there and new in there for old, new in moves.items())


def exchange(text: str, read: Reading, moves: Mapping[Address, Address]) -> str:
    """The text with its addresses exchanged, but for those of the table."""
    parts, done = [], 0
    for start, end in _spans(text, read):
        parts += [renumber(text[done:start], moves), text[start:end]]
        done = end
    return "".join([*parts, renumber(text[done:], moves)])


def exchanged_value(value: str, moves: Mapping[Address, Address]) -> str:
    """What becomes of a scalar that does not stay as a whole."""
    if not may_hold_an_address(value):
        return value
    parts, done = [], 0
    for match in WITH_VALUE.finditer(value):
        parts += [renumber(value[done : match.start()], moves), match[0]]
        done = match.end()
    return "".join([*parts, renumber(value[done:], moves)])


def kept(read: Reading, moves: Mapping[Address, Address]) -> Iterator[Kept]:
    """Every text that holds a moving address and stays."""
    for node in read.scalars:
        if may_hold_an_address(node.value):
            whole = read.whole.get(id(node))
            stays = [(*whole, node.value)] if whole else [_named(m) for m in WITH_VALUE.finditer(node.value)]
            for name, why, value in stays:
                if any(address in moves for address, _ in addresses_in(value)):
                    yield Kept(name, value.strip("\"'"), node.start_mark.line + 1, why)


def _named(match: re.Match[str]) -> tuple[str, str, str]:
    """(name, why, value) of one match."""
    if match["path"]:
        return "path", PATH, match["path"]
    return f"--{match['name']}", FLAGS[match["name"]], match["value"]


def _spans(text: str, read: Reading) -> list[tuple[int, int]]:
    """(start, end) in the text of all that stays, in order."""
    found = set()
    for node in read.scalars:
        start, end = node.start_mark.index, node.end_mark.index
        if id(node) in read.whole:
            found.add((start, end))
        else:
            found |= {(start + m.start(), start + m.end()) for m in WITH_VALUE.finditer(text[start:end])}
    return sorted(found)


def _collections(documents: list[Any]) -> Iterator[Any]:
    """Every mapping and list once, so that an anchor that holds itself comes to an end."""
    todo, seen = list(documents), set()
    while todo:
        node = todo.pop()
        if not isinstance(node, yaml.CollectionNode) or id(node) in seen:
            continue
        seen.add(id(node))
        yield node
        todo += list(node.value) if isinstance(node, yaml.SequenceNode) else [n for pair in node.value for n in pair]


def _scalars(collections: list[Any]) -> list[Any]:
    every = {
        id(n): n
        for c in collections
        for n in (c.value if isinstance(c, yaml.SequenceNode) else [n for pair in c.value for n in pair])
        if isinstance(n, yaml.ScalarNode)
    }
    return sorted(every.values(), key=lambda n: n.start_mark.index)
