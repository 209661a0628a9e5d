"""Which column of a table with titles is the name, which the old and which the new address; more than one where it is open."""

from __future__ import annotations

from dataclasses import dataclass

from etcd_renumber.inputs.tables.cells import Cells, addresses, is_broken, is_name, is_of_address
from etcd_renumber.inputs.tables.choice import OPTION
from etcd_renumber.inputs.tables.reading import Reading
from etcd_renumber.inputs.tables.titles import folded, meaning

Roles = dict[str, int]  # name, old and new to the number of their column


@dataclass(frozen=True)
class Grid:
    """Rows under their titles. `what` is how a column is called: column, or variable."""

    titles: tuple[str, ...]
    rows: tuple[Cells, ...]
    what: str = "column"

    def column(self, number: int) -> tuple[str, ...]:
        """Its cells from top to bottom; empty where a row is too short."""
        return tuple(cells[number] if number < len(cells) else "" for _, cells in self.rows)

    def says(self, number: int, other: int) -> bool:
        """Whether each cell of a column is empty or what the other one has in its row, a prefix length or port aside."""
        pairs = zip(self.column(number), self.column(other), strict=True)
        return all(not a or a == b or (bool(addresses(a)) and addresses(a) == addresses(b)) for a, b in pairs)

    def has_addresses(self, number: int) -> bool:
        """Whether a cell is an address, or was meant for one; a comment in which one occurs is not."""
        cells = self.column(number)
        if any(is_of_address(cell) or is_broken(cell) for cell in cells):
            return True
        return meaning(self.titles[number], True) in ("old", "new", "address") and any(map(addresses, cells))


@dataclass(frozen=True)
class Candidates:
    """The columns that can be each of them; `others` hold addresses, too, and nothing says which."""

    names: tuple[int, ...]
    olds: tuple[int, ...]
    news: tuple[int, ...]
    others: tuple[int, ...]

    @property
    def is_clear(self) -> bool:
        """One of each, and nothing left over."""
        return len(self.names) == len(self.olds) == 1 and len(self.news) < 2 and not self.others


def find(grid: Grid, reading: Reading) -> Candidates | None:
    """The candidates, by what the user has said and by the titles. None where a title of the user is not there."""
    chosen = _chosen(grid, reading)
    if chosen is None:
        return None
    free = [n for n in range(len(grid.titles)) if n not in chosen.values()]
    names = [chosen["name"]] if "name" in chosen else _names(grid, free)
    free = [n for n in free if n not in names]
    holding = [n for n in free if grid.has_addresses(n)]
    means = {n: meaning(grid.titles[n], n in holding) for n in free}
    said = {
        what: [n for n in holding if means[n] == what] or [n for n in free if means[n] == what]
        for what in ("old", "new")
    }
    olds = [chosen["old"]] if "old" in chosen else _different(grid, said["old"])
    news = [chosen["new"]] if "new" in chosen else _different(grid, said["new"])
    rest = [n for n in _different(grid, [n for n in holding if n not in said["old"] + said["new"]])]
    if not olds:
        plain = [n for n in rest if means[n] == "address"]
        olds = plain or ([] if news else rest)
    others = [n for n in rest if n not in olds and not any(grid.says(n, known) for known in olds + news)]
    return Candidates(tuple(names), tuple(olds), tuple(news), () if "old" in chosen else tuple(others))


def _chosen(grid: Grid, reading: Reading) -> Roles | None:
    """The columns that the user named by their titles."""
    chosen = {}
    before = len(reading.problems)
    reading.used.update({OPTION} if reading.choice.titles else ())
    for role, title in reading.choice.titles.items():
        there = [n for n, known in enumerate(grid.titles) if folded(known) == folded(title)]
        there = [n for n in there if grid.titles[n] == title] or there
        if len(there) == 1:
            chosen[role] = there[0]
        else:
            titles = ", ".join(title for title in grid.titles if title)
            fact = f"{OPTION} names the {grid.what} {title}, which is {'there twice' if there else 'not there'}"
            reading.refuse(fact, hint=f"there are: {titles}")
    return chosen if len(reading.problems) == before else None


def _names(grid: Grid, free: list[int]) -> list[int]:
    """Columns that can be the name. One with addresses only if its title says so and another one has the addresses."""
    text = [n for n in free if any(grid.column(n)) and not grid.has_addresses(n)]
    means = {n: meaning(grid.titles[n], False) for n in free}
    if said := [n for n in text if means[n] == "name"]:
        return _different(grid, said)
    if unknown := [n for n in text if not means[n] and all(map(is_name, grid.column(n)))]:
        return _different(grid, unknown)
    holding = [n for n in free if grid.has_addresses(n)]
    called = [n for n in holding if means[n] == "name"]
    has_others = any(meaning(grid.titles[n], True) in ("old", "address") for n in holding if n not in called)
    return called if len(called) == 1 and has_others else []


def _different(grid: Grid, numbers: list[int]) -> list[int]:
    """Columns that say nothing else are one: the fullest of them, the first where they are equal."""
    kept: list[int] = []
    for n in numbers:
        if not any(grid.says(n, k) for k in kept):
            kept = [*(k for k in kept if not grid.says(k, n)), n]
    return kept
