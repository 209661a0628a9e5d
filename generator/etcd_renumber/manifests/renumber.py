"""Old manifest text and moves to new text, and the proof that nothing but addresses changed.

The text is never parsed and written again: addresses are exchanged where they stand, so comments (addresses in them
move too: a comment that names an address is meant to be true), quoting, order and line ends stay byte for byte.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

import yaml

from etcd_renumber.addresses import addresses_in, renumber
from etcd_renumber.errors import Refused
from etcd_renumber.etcd_on_host import Process
from etcd_renumber.manifests.container import process
from etcd_renumber.manifests.identities import Kept, Reading, exchange, exchanged_value, kept, reading
from etcd_renumber.manifests.nodes import documents, line_of, text_of
from etcd_renumber.manifests.pod import PROGRAMS, main_of
from etcd_renumber.manifests.unit import unit_manifests
from etcd_renumber.model import Address, Facts, Manifest, Member, Problem

__all__ = ["addresses_in", "manifests_of", "prove", "renumber"]


def manifests_of(facts: Facts, member: Member, moves: dict[Address, Address]) -> tuple[Manifest, ...]:
    """Every manifest of a host before and after, etcd's first, then by name; so are the files of its unit, where it has one.
    Nothing changes on a member that stays.

    Raises Refused with every manifest for which `prove` finds anything, and for a name that is itself a moving address.
    """
    here = {} if member.stays else moves
    made, problems = [], []
    if renumber(member.name, moves) != member.name:
        hint = (
            "this tool cannot make this change: the name of a member is permanent, and would change with the manifests"
        )
        problems.append(Problem(f"the name of member {member.name} is an address that changes", hint=hint))
    for file, old in facts.manifests.items():
        manifest, found = _proved(file, old, tuple(here.items()), str(facts.folder / "manifests" / file))
        problems += found
        made += [manifest] if not found else []
    of_unit, wrong_unit = unit_manifests(facts, here)
    problems += wrong_unit
    if problems:
        raise Refused(*problems)
    return (
        *of_unit,
        *sorted(made, key=lambda m: (m.old_process.name != "etcd", m.file != "etcd.yaml", m.file)),
    )


@lru_cache(maxsize=256)  # check and plan ask for the same
def _proved(
    file: str, old: str, moves: tuple[tuple[Address, Address], ...], place: str
) -> tuple[Manifest, tuple[Problem, ...]]:
    """One manifest before and after, with all that `prove` finds in it."""
    new = with_new_addresses(old, dict(moves))
    found = tuple(prove(old, new, dict(moves), place))
    before = Process("", ()) if found else process(old)
    after = before if found or new == old else process(new)
    return Manifest(file, old, new, before, after), found


def with_new_addresses(text: str, moves: Mapping[Address, Address]) -> str:
    """The text of a manifest with its addresses exchanged; what only looks like one (an issuer, an image) stays."""
    try:
        return exchange(text, _read(text, moves), moves)
    except yaml.YAMLError:
        return renumber(text, moves)  # `prove` says what is wrong with it


def kept_in(text: str, moves: Mapping[Address, Address]) -> list[Kept]:
    """What stays in this manifest although it holds a moving address; nothing of a text that is no YAML, which `prove` says."""
    try:
        return list(kept(_read(text, moves), moves))
    except yaml.YAMLError:
        return []


def _read(text: str, moves: Mapping[Address, Address]) -> Reading:
    return _reading(text, () if main_of(text).program in PROGRAMS else tuple(moves.items()))


@lru_cache(maxsize=256)
def _reading(text: str, lists: tuple[tuple[Address, Address], ...]) -> Reading:
    return reading(documents(text), dict(lists))


def prove(old: str, new: str, moves: Mapping[Address, Address], place: str) -> list[Problem]:
    """Nothing when the new text, parsed, is the old one with its addresses mapped: all documents, keys too.

    `place` is the file's name in the problems. A text that is no YAML is a problem, with line and column.
    """
    try:
        before, after = documents(old), documents(new)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        where = f"{place}:{mark.line + 1}:{mark.column + 1}" if mark else place
        return [Problem(f"this is not YAML: {error.problem}", where, hint="copy the file from the host again")]
    except yaml.YAMLError as error:
        return [
            Problem(f"this is not YAML: {str(error).splitlines()[0]}", place, hint="copy the file from the host again")
        ]
    hint = "write the address out in full on one line, without escapes, in the manifest on the host; then fetch the facts again"
    if len(before) != len(after):
        return [Problem("the new manifest has a different number of YAML documents", place, hint=hint)]
    stays = _read(old, moves).whole
    lines = sorted({line_of(b) for a, b in _pairs(before, after) if not _fits(a, b, moves, id(a) in stays)})
    return [
        Problem("this line changed by more or less than its addresses", f"{place}:{line}", hint=hint) for line in lines
    ]


def _pairs(before: list[yaml.Node], after: list[yaml.Node]) -> Iterator[tuple[Any, Any]]:
    """Both trees side by side; each pair once, so that an anchor that holds itself comes to an end."""
    todo: list[tuple[Any, Any]] = list(zip(before, after, strict=True))
    seen: set[tuple[int, int]] = set()
    while todo:
        a, b = todo.pop()
        if (id(a), id(b)) in seen:
            continue
        seen.add((id(a), id(b)))
        yield a, b
        if isinstance(a, yaml.CollectionNode) and type(a) is type(b):
            flat_a, flat_b = ([*n.value] if isinstance(n, yaml.SequenceNode) else sum(n.value, ()) for n in (a, b))
            todo += zip(flat_a, flat_b, strict=False)


def _fits(a: Any, b: Any, moves: Mapping[Address, Address], stays: bool) -> bool:
    if type(a) is not type(b) or a.tag != b.tag:
        return False
    if isinstance(a, yaml.ScalarNode):
        return bool((a.value if stays else exchanged_value(a.value, moves)) == b.value)
    return len(a.value) == len(b.value) and _doubles(a) == _doubles(b)


def _doubles(node: Any) -> int:
    """How many keys of a mapping stand there more than once: two keys that become one address would lose a value."""
    keys = [text_of(k) for k, _ in node.value] if isinstance(node, yaml.MappingNode) else []
    return len(keys) - len(set(keys))
