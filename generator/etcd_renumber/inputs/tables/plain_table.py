"""A CSV or any other table in lines: with titles it is read by them, without by what its cells are, or it is asked."""

from __future__ import annotations

import re

from etcd_renumber.inputs.tables import pairs
from etcd_renumber.inputs.tables.ask import WORDS, option
from etcd_renumber.inputs.tables.cells import (
    NUMBER,
    Cells,
    addresses,
    cells_of,
    cleaned,
    holds_address,
    is_address,
    is_broken,
    is_name,
    labelled,
)
from etcd_renumber.inputs.tables.choice import OPTION
from etcd_renumber.inputs.tables.columns import Grid
from etcd_renumber.inputs.tables.reading import Line, Reading, Row
from etcd_renumber.inputs.tables.titled import read_grid, read_roles
from etcd_renumber.inputs.tables.titles import are_titles, is_title, is_title_with_network, meaning

HINT = "write a name, its old address and, if it is known, its new address"


def read(lines: list[Line], reading: Reading) -> bool:
    """The last form: every line with an address is a member's."""
    shown = {line.number: line for line in lines}
    if not reading.choice.order and pairs.read(lines, reading):
        return True
    rows = cells_of([Line(line.number, labelled(line.text)) for line in lines])
    if reading.choice.order:
        _by_order(rows, shown, reading)
        return True
    first = next((n for n, (_, cells) in enumerate(rows) if _is_member(cells)), len(rows))
    titles = _titles(rows, first, shown, reading)
    members = []
    for n, (number, cells) in enumerate(rows):
        if (n >= first and any(map(_is_meant_for_address, cells))) or (
            titles and n >= first and _is_open(titles, cells)
        ):
            members.append((number, cells))
        elif n >= first and titles and cells != titles and are_titles(" ".join(cells)):
            reading.refuse(f"a second line of titles: {' '.join(cells)}", number, "give each table alone")
        else:
            reading.skip(shown[number])
    if titles and members:
        read_grid(Grid(titles, tuple(members)), reading)
    elif members:
        _by_shape(members, shown, reading)
    return True


def _is_meant_for_address(cell: str) -> bool:
    return holds_address(cell) or bool(re.search(r"\d\.\d+\.\d|\w:\w*:", cell))


def _is_member(cells: tuple[str, ...]) -> bool:
    """A row with addresses that are no part of titles (`old (10.2.0.0/24)`)."""
    return any(_is_meant_for_address(cell) and not is_title_with_network(cell) for cell in cells)


def _is_open(titles: tuple[str, ...], cells: tuple[str, ...]) -> bool:
    """A row as wide as the titles that has a name and no address yet."""
    return (
        len(cells) == len(titles)
        and sum(map(bool, cells)) == 1
        and any(is_name(cell) and meaning(title, False) == "name" for title, cell in zip(titles, cells, strict=True))
    )


def _titles(rows: list[Cells], first: int, shown: dict[int, Line], reading: Reading) -> tuple[str, ...]:
    """The line above the first member, if it has a title for each cell; one that is only a sentence has none.

    Where a sign separates the cells, a row may end before the titles do.
    """
    if first == 0 or first == len(rows):
        return ()
    understood = [n for n in range(first) if are_titles(" ".join(rows[n][1]))]
    line, cells = rows[understood[-1] if understood else first - 1]
    below = max(len(cells) for _, cells in rows[first:])
    means = [meaning(title, True) for title in cells]
    is_separated = all(re.search(r"[,;|\t]", shown[number].text) for number, _ in rows[first:])
    is_sentence = not is_separated and means.count("") * 2 > len(cells)
    is_understood = not is_sentence and bool(
        {"old", "new"} & {*means} or (len(cells) > 1 and {*means} <= {"address", "other"})
    )
    hint = f"separate the columns by commas, or name them in their order, as in {OPTION} name,old,new"
    if not is_separated and len(cells) == below and "" in means and "new" in means and "old" not in means:
        reading.refuse(f"these can be titles or a sentence: {' '.join(cells)}", line, f"remove it, {hint}")
    elif len(cells) == below or (is_understood and is_separated and len(cells) > below):
        return cells
    elif is_understood:
        fact = f"{len(cells)} titles stand above {below} columns: {', '.join(cells)}"
        reading.refuse(fact, line, hint)
    return ()


def _by_order(rows: list[Cells], shown: dict[int, Line], reading: Reading) -> None:
    """The columns in the order in which the user has named them; the titles above them hold no address."""
    order = reading.choice.order
    reading.used.add(OPTION)
    roles = {role: n for n, role in enumerate(order) if role != "-"}
    members: list[Cells] = []
    for number, cells in rows:
        if not members and not any(map(holds_address, cells)):
            reading.skip(shown[number])
        elif len(cells) != len(order):
            fact = f"{len(cells)} columns here, and {OPTION} names {len(order)}: {shown[number].text.strip()[:100]}"
            reading.refuse(fact, number, "name every column in its order; `-` for one that is not read")
        else:
            members.append((number, cells))
    read_roles(tuple(members), roles, reading)


def _by_shape(members: list[Cells], shown: dict[int, Line], reading: Reading) -> None:
    """Without titles: one word is the name, the first address is the old one, the second the new one."""
    is_asked = False
    columns = sorted({n for _, cells in members for n, cell in enumerate(cells) if addresses(cell)})
    for number, cells in members:
        text = shown[number].text.strip()[:100]
        found = list(dict.fromkeys(a for cell in cells for a in addresses(cell)))
        words = [c.removeprefix("name=").rstrip(":") for c in cells if c and not addresses(c) and "://" not in c]
        broken = [word for word in words if is_broken(word) or (_is_meant_for_address(word) and not is_name(word))]
        names = list(dict.fromkeys(word for word in words if is_name(word) and not is_address(word)))
        names = [word for word in names if not NUMBER.fullmatch(word) and not is_title(word)] or [
            word for word in names if NUMBER.fullmatch(word)
        ][:1]
        told = [word for word in words if is_title(word)]
        urls = [cell for cell in cells if "://" in cell]
        if broken:
            reading.refuse(f"{broken[0]} is not an address: {text}", number, HINT)
        elif not found:
            reading.refuse(f"this line has no address: {text}", number, HINT)
        elif _has_hole(cells, columns):
            fact = f"the first address is left out here, and others have it: {text}"
            reading.refuse(fact, number, f"write the old address, or name the columns: {OPTION} name,old,new")
        elif told:
            fact = f"{told[0]} says something of an address, and without = or : it is not read: {text}"
            reading.refuse(
                fact, number, "write NAME old=ADDRESS new=ADDRESS, or name the columns: " + f"{OPTION} {_order(cells)}"
            )
        elif not names:
            reading.refuse(f"this line has no name: {text}", number, HINT)
        elif len(names) > 1:
            if not is_asked:
                _ask(cells, names, text, number, reading)
            is_asked = True
        elif len(found) > 2 or (len(found) > 1 and urls):
            fact = f"{len(found)} addresses in one line; expected are an old one and a new one: {text}"
            reading.refuse(fact, number, f"remove the others, or name the columns: {OPTION} {_order(cells)}")
        else:
            reading.take(number, Row(names[0], found[0], found[1] if len(found) == 2 else None))


def _has_hole(cells: tuple[str, ...], columns: list[int]) -> bool:
    """An empty cell before an address, in a column where other lines have one."""
    last = max((n for n, cell in enumerate(cells) if addresses(cell)), default=0)
    return any(n < last and not cells[n] for n in columns)


def _order(cells: tuple[str, ...]) -> str:
    """The columns by their shape: what the option would say."""
    roles = iter(("old", "new"))
    has_name, said = False, []
    for cell in cells:
        if addresses(cell):
            said.append(next(roles, "-"))
        else:
            said.append("-" if has_name or not is_name(cell) else "name")
            has_name = has_name or is_name(cell)
    return ",".join(said)


def _ask(cells: tuple[str, ...], names: list[str], text: str, number: int, reading: Reading) -> None:
    at = [n for n, cell in enumerate(cells) if addresses(cell)][:2]
    takes = []
    for name in names[:3]:
        where = next(n for n, cell in enumerate(cells) if cleaned(cell).rstrip(":") == name)
        roles = {"name": where, **dict(zip(("old", "new"), at, strict=False))}
        values = " -> ".join(cells[n] for n in at)
        takes.append(f"`{option(Grid(tuple('' for _ in cells), ((number, cells),)), roles)}` takes {name} {values}")
    fact = f"{' and '.join(names[:3])} can each be {WORDS['name']} of the member, and no title says which: {text}"
    reading.refuse(fact, number, "; ".join(takes))
