"""A table of members in whatever form people have it: each form is tried, the most certain one first."""

from __future__ import annotations

import re

from etcd_renumber.inputs.tables import (
    ansible,
    arrows,
    documents,
    etcdctl,
    hosts_file,
    initial_cluster,
    kubectl_nodes,
    plain_table,
)
from etcd_renumber.inputs.tables.cells import RULER, columns_apart, plain
from etcd_renumber.inputs.tables.choice import GROUP, OPTION, Choice
from etcd_renumber.inputs.tables.reading import Line, Reading, Table
from etcd_renumber.inputs.tables.titles import are_titles
from etcd_renumber.model import Address, Problem

LARGEST = 10_000_000  # characters; `kubectl get nodes -o json` has twenty thousand for a node
# A comment, a command with its prompt, and what etcdctl, kubectl and their libraries write beside their answer.
NO_MEMBER = re.compile(
    r"""\s*(\#|\$\s|\{"level":|(warning|error)\b:?\s|[IWEF]\d{4}\s\d\d:\d\d:)"""
    r"""|.*\betcdctl\b|(.*[#$>]\s*|\s*(sudo\s+)?)kubectl\s|\d{4}[-/]\d\d[-/]\d\d[ T]\d\d:\d\d:\d\d""",
    re.IGNORECASE,
)
FORMS = (etcdctl.read, kubectl_nodes.read, arrows.read, ansible.read)


def read_table(text: str, place: str = "input", choice: Choice | None = None) -> Table:
    """Read a table of members. `place` is the file's name in the problems; `choice` is what the user says about it."""
    reading = Reading(place, choice or Choice())
    if len(text) > LARGEST:
        reading.refuse(f"the input has {len(text)} characters", hint="check that it is the right file")
    else:
        lines = [Line(n, t) for n, t in enumerate(plain(text).splitlines(), start=1)]
        _read([line for line in lines if not RULER.fullmatch(line.text) or line.text.rstrip() == "---"], reading)
        _refuse_unused(reading)
    if not reading.rows and not reading.problems:
        hint = "paste `etcdctl member list`, or a CSV with name, old and new"
        reading.refuse("no line holds a name and an address", hint=hint)
    _refuse_twice(reading)
    return Table(
        tuple(reading.rows), tuple(sorted(reading.skipped.items())), tuple(reading.problems), tuple(reading.notes)
    )


def _read(lines: list[Line], reading: Reading) -> None:
    """By the first form that knows these lines."""
    if initial_cluster.read(lines, reading):
        return
    kept = [line for line in lines if not NO_MEMBER.match(line.text)]
    for line in lines:
        if line not in kept:
            reading.skip(line)
    in_lines = [line for line in kept if not RULER.fullmatch(line.text)]
    if documents.read(kept, reading) or any(form(in_lines, reading) for form in FORMS):
        return
    if reading.choice.order or reading.choice.titles or not hosts_file.read(in_lines, reading):
        plain_table.read(_with_titles(lines, in_lines), reading)


def _with_titles(lines: list[Line], kept: list[Line]) -> list[Line]:
    """The lines, and a comment right above them that has their titles (`# new old name`); # can also be the title of a number."""
    above = [line for line in lines if kept and line.number < kept[0].number]
    if not above or not are_titles(above[-1].text.lstrip("# \t")):
        return kept
    text = above[-1].text.strip()
    is_number = re.match(r"#\s*[,;|\t]", text) or len(kept[0].text.split()) in (
        len(text.split()),
        len(columns_apart(text)),
    )
    return [Line(above[-1].number, text if is_number else text.lstrip("# \t")), *kept]


def _refuse_unused(reading: Reading) -> None:
    """An option of the user that had no meaning for what was pasted, if nothing else is wrong with it."""
    said = reading.choice
    if reading.problems:
        return
    if (said.order or said.titles) and OPTION not in reading.used:
        hint = (
            "leave it out where the columns are known, as in `etcdctl member list`; "
            "name variables, keys and titles as in old=ip, columns without titles in their order"
        )
        reading.refuse(f"{OPTION} in this form has no meaning for this input", hint=hint)
    if said.group is not None and GROUP not in reading.used:
        reading.refuse(f"{GROUP} is for an Ansible inventory, and this is none", hint="leave it out")


def _refuse_twice(reading: Reading) -> None:
    """A name or an address that two members have, said once for each later member."""
    names: set[str] = set()
    owners: dict[Address, str] = {}
    for row, place in reading.rows.items():
        others = dict.fromkeys(owners[a] for a in (row.old, row.new) if a in owners and owners[a] != row.name)
        if row.name in names:
            fact, hint = f"{row.name} is there twice, with different addresses", "keep one of them"
            reading.problems.append(Problem(fact, place, hint=hint))
        for other in others:
            fact, hint = f"{row.name} and {other} share an address", "correct one of them"
            reading.problems.append(Problem(fact, place, hint=hint))
        names.add(row.name)
        for address in (row.old, row.new):
            if address:
                owners.setdefault(address, row.name)
