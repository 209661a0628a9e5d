"""A table of members in whatever shape people have it, to the text of a mapping.yaml (`init --from`).

Names and addresses are known by their shape, not by their column's title: a CSV, a table with blanks and a header in
any language, or a pasted `etcdctl member list` (simple, table, or that of etcd 2) are read by the same few rules.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from ipaddress import ip_address

from etcd_renumber.addresses import addresses_in
from etcd_renumber.model import Address, Problem

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}")
ADDRESS = re.compile(r"\[?([0-9A-Fa-f:.]+)\]?(?:/\d+|:\d+)?")
NO_NAME = re.compile(r"[0-9a-f]{8,16}|\d+|started|unstarted|true|false", re.IGNORECASE)
PLAIN = re.compile(r"(?!(?:y|n|yes|no|on|off|true|false|null)$)[A-Za-z][A-Za-z0-9-]*", re.IGNORECASE)
RULER = re.compile(r"[\s|+:=-]*")


@dataclass(frozen=True)
class Row:
    """One member as it was understood; `new` is None where the table does not say it."""

    name: str
    old: Address
    new: Address | None


@dataclass(frozen=True)
class Table:
    """The rows in their order, the lines that were taken for a header or a command, and what could not be read."""

    rows: tuple[Row, ...]
    skipped: tuple[tuple[int, str], ...]
    problems: tuple[Problem, ...]


def read_table(text: str, place: str = "input") -> Table:
    """Read a table of members. `place` is the file's name in the problems; they stand for a line each."""
    rows: list[Row] = []
    skipped: list[tuple[int, str]] = []
    problems: list[Problem] = []
    for number, line in enumerate(text.removeprefix("\ufeff").splitlines(), start=1):
        if RULER.fullmatch(line):
            continue
        if _is_no_member(line):
            skipped.append((number, line.strip()))
            continue
        row = _row(line)
        if isinstance(row, str):
            hint = "write a name, its old address and, if it is known, its new address"
            problems.append(Problem(f"{row}: {line.strip()[:100]}", f"{place}:{number}", hint=hint))
        elif row not in rows:
            rows.append(row)
            problems += _twice(rows, f"{place}:{number}")
    if not rows and not problems:
        problems.append(
            Problem("no line holds a name and an address", place, hint="paste `etcdctl member list`, or a CSV")
        )
    return Table(tuple(rows), tuple(skipped), tuple(problems))


def _is_no_member(line: str) -> bool:
    """A comment, a command with its prompt, or a header, which holds nothing that could be meant for an address."""
    if line.lstrip().startswith(("#", "$ ")) or "etcdctl" in line:
        return True
    return not addresses_in(line) and not re.search(r"\d\.\d|\w:\w*:", line)


def _row(line: str) -> Row | str:
    """The member in this line, or what is wrong with it."""
    is_list = "://" in line
    cells = [c.strip("\"'` ") for c in re.split(r"[,;|\s]+", line)]
    words = [c.removeprefix("name=") if is_list else c for c in cells if "://" not in c and c]
    named = [w for w in words if NAME.fullmatch(w) and not _is_address(w)]
    name = next((w for w in named if not NO_NAME.fullmatch(w)), None if is_list else next(iter(named), None))
    found = list(dict.fromkeys(address for address, _ in addresses_in(line)))
    broken = [w for w in words if re.fullmatch(r"\d+(\.\d+){3,}(/\d+)?", w) and not _is_address(w)]
    if broken:
        return f"{broken[0]} is not an address"
    if not found:
        return "this line has no address"
    if name is None:
        return "this line has no name"
    if is_list:
        return Row(name, found[0], None)  # the peer URL, as it is recorded; client URLs say what a member was told
    if len(found) > 2:
        return f"{len(found)} addresses in one line; expected are an old one and a new one"
    return Row(name, found[0], found[1] if len(found) == 2 else None)


def _is_address(word: str) -> bool:
    match = ADDRESS.fullmatch(word)
    try:
        return bool(match and ip_address(match[1]))
    except ValueError:
        return bool(addresses_in(word))


def _twice(rows: list[Row], place: str) -> list[Problem]:
    *before, last = rows
    found = []
    for row in before:
        if row.name == last.name:
            found.append(
                Problem(f"{last.name} is there twice, with different addresses", place, hint="keep one of them")
            )
        elif {row.old, row.new} & {last.old, last.new} - {None}:
            found.append(Problem(f"{last.name} and {row.name} share an address", place, hint="correct one of them"))
    return found


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
