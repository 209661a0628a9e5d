"""What is said where a table can be meant in two ways: what would be taken, and the option that decides."""

from __future__ import annotations

from dataclasses import replace

from etcd_renumber.inputs.tables.cells import Cells
from etcd_renumber.inputs.tables.choice import OPTION
from etcd_renumber.inputs.tables.columns import Candidates, Grid, Roles
from etcd_renumber.inputs.tables.reading import Reading
from etcd_renumber.inputs.tables.titles import is_outside

WORDS = {"name": "the name", "old": "the old address", "new": "the new address"}


def ask(grid: Grid, can: Candidates, reading: Reading) -> None:
    """One problem for the name and one for the addresses, each with what the first row would become."""
    name = can.names[0] if can.names else None
    held = [n for n in dict.fromkeys((*can.olds, *can.news, *can.others))]
    grid = replace(grid, rows=(_telling(grid, held), *grid.rows))
    line = grid.rows[0][0]
    if len(can.names) != 1:
        fact = f"{_listed(grid, can.names)} can each be the name of the member" if can.names else _no_name(grid)
        is_open = len(can.olds) != 1 or len(can.news) > 1 or bool(can.others)
        takes = [{"name": n} if is_open else _with(name=n, held=held, can=can) for n in can.names]
        reading.refuse(fact, line, _hint(grid, takes) or f"add one, or name it: {OPTION} name=TITLE")
    if not held:
        reading.refuse(f"no {grid.what} holds addresses", line, "add the members' old addresses")
    elif not can.olds and len(held) == 1:
        fact = f"{_listed(grid, held)} is the new address by its title, and there is no old one"
        reading.refuse(fact, line, "add the members' old addresses: the ones that etcd has today")
    elif len(can.olds) != 1 or len(can.news) > 1 or can.others:
        known = (*can.olds, *can.news)
        if len(can.olds) == len(can.news) == 1:
            fact = f"{_listed(grid, can.others)} holds addresses and is neither the old nor the new one: {len(held)} addresses"
            takes = [_with(name=name, held=list(known), can=can)]
        else:
            fact = f"{_listed(grid, held)} hold different addresses, and nothing says which are the old and which the new ones"
            inside = [n for n in held if not is_outside(grid.titles[n])]
            olds = [n for n in can.olds or inside if n in inside and n not in can.news] or can.olds or held
            pairs = [(a, b) for a in olds for b in can.news or inside if a != b]
            both = [_roles(name, a, b) for a, b in pairs[:3]]
            one = [_roles(name, n, None) for n in inside or held if n not in can.news]
            takes = both if grid.what == "column" and inside == held else one + both
        reading.refuse(fact, line, _hint(grid, takes))


def _telling(grid: Grid, held: list[int]) -> Cells:
    """The first row in which these columns differ, so that it shows what each way would take."""
    for row in grid.rows:
        cells = [row[1][n] for n in held if n < len(row[1]) and row[1][n]]
        if len(set(cells)) == len(held):
            return row
    return grid.rows[0]


def option(grid: Grid, roles: Roles) -> str:
    """The option that says these roles: in the order of the columns, or by the names of variables."""
    if grid.what != "column" or "old" not in roles:
        return f"{OPTION} " + ",".join(f"{role}={grid.titles[n]}" for role, n in roles.items())
    said = {n: role for role, n in roles.items()}
    width = max(len(grid.titles), *(len(cells) for _, cells in grid.rows))
    return f"{OPTION} " + ",".join(said.get(n, "-") for n in range(width))


def _hint(grid: Grid, takes: list[Roles]) -> str:
    cells = grid.rows[0][1]
    said = []
    for roles in takes:
        cell = {role: cells[n] if n < len(cells) else "" for role, n in roles.items()}
        what = f"{cell.get('name', 'NAME')} {cell.get('old', '')}" + (f" -> {cell['new']}" if "new" in cell else "")
        if "name" in roles or grid.what != "column":
            said.append(f"`{option(grid, roles)}` takes {what.strip()}")
    return "; ".join(said)


def _with(name: int | None, held: list[int], can: Candidates) -> Roles:
    old = can.olds[0] if can.olds else held[0] if held else None
    new = can.news[0] if can.news else next((n for n in held if n != old), None)
    return _roles(name, old, new)


def _roles(name: int | None, old: int | None, new: int | None) -> Roles:
    return {role: n for role, n in (("name", name), ("old", old), ("new", new)) if n is not None}


def _no_name(grid: Grid) -> str:
    titles = ", ".join(title for title in grid.titles if title)
    return f"no {grid.what} is the name of the member; there are: {titles}"


def _listed(grid: Grid, numbers: list[int] | tuple[int, ...]) -> str:
    """`old (10.20.0.11) and ip (10.30.0.11)`: title and first cell of these columns."""
    cells = grid.rows[0][1]
    words = [f"{grid.titles[n] or f'{grid.what} {n + 1}'} ({cells[n] if n < len(cells) else ''})" for n in numbers]
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)
