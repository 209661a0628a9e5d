"""The members of a table whose columns have titles, or whose columns the user has named."""

from __future__ import annotations

from etcd_renumber.inputs.tables import columns
from etcd_renumber.inputs.tables.ask import WORDS, ask
from etcd_renumber.inputs.tables.cells import EMPTY, Cells, addresses, is_broken, is_name
from etcd_renumber.inputs.tables.columns import Grid, Roles
from etcd_renumber.inputs.tables.reading import Reading, Row
from etcd_renumber.inputs.tables.titles import is_title


def read_grid(grid: Grid, reading: Reading) -> None:
    """The members of a table with titles, by them and by what the user has said about them."""
    can = columns.find(grid, reading)
    if can is None:
        return
    if not can.is_clear:
        ask(grid, can, reading)
        return
    roles = {"name": can.names[0], "old": can.olds[0], **({"new": can.news[0]} if can.news else {})}
    reading.note("read by title: " + ", ".join(f"{WORDS[role]} from {grid.titles[n]}" for role, n in roles.items()))
    read_roles(grid.rows, roles, reading)


def read_roles(rows: tuple[Cells, ...], roles: Roles, reading: Reading) -> None:
    """The members of rows whose columns are known."""
    for line, cells in rows:
        word = {role: cells[n].rstrip(":") if n < len(cells) else "" for role, n in roles.items()}
        found = {role: addresses(word.get(role, "")) for role in ("old", "new")}
        name, before = word["name"], len(reading.problems)
        if not is_name(name) or is_title(name):
            fact = f"{name} is no name of a member" if name else "this line has no name"
            reading.refuse(fact, line, "write the value of `etcd --name`: letters, digits, dot, dash, underscore")
        for role, there in found.items():
            text = word.get(role, "")
            if len(there) > 1:
                reading.refuse(f"{name} has {len(there)} {WORDS[role]}es: {text}", line, "keep one of them")
            elif not there and (is_broken(text) or not EMPTY.fullmatch(text.casefold())):
                reading.refuse(f"{text} is not an address", line, f"write the {WORDS[role]} of {name}, not a name")
            elif not there and role == "old":
                reading.refuse(f"{name or 'this line'} has no old address", line, "write it, or remove the line")
        if len(reading.problems) == before:
            new = found["new"][0] if found["new"] else None
            if new == found["old"][0]:
                reading.note(f"{name} has {new} as old and as new address: write `stays: true` if it keeps it")
                new = None
            reading.take(line, Row(name, found["old"][0], new))
