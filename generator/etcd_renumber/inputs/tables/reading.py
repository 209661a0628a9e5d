"""What is read out of a table: its members, what was left out and why, what could not be read."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from etcd_renumber.inputs.tables.choice import Choice
from etcd_renumber.model import Address, Problem

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}")


@dataclass(frozen=True)
class Row:
    """One member as it was understood; `new` is None where the table does not say it."""

    name: str
    old: Address
    new: Address | None


@dataclass(frozen=True)
class Table:
    """The rows in their order, the lines that hold no member, what could not be read, and sentences about the rest."""

    rows: tuple[Row, ...] = ()
    skipped: tuple[tuple[int, str], ...] = ()
    problems: tuple[Problem, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Line:
    """A line of the input with its number, counted from 1."""

    number: int
    text: str


@dataclass(frozen=True)
class Reading:
    """A table while it is read. `place` is the file's name; rows stand with the place of their line."""

    place: str
    choice: Choice = field(default_factory=Choice)
    rows: dict[Row, str] = field(default_factory=dict)
    skipped: dict[int, str] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    used: set[str] = field(default_factory=set)  # the options of the user that had a meaning for this form

    def at(self, line: int) -> str:
        """FILE:LINE; FILE alone for line 0, which is a document whose lines are not known."""
        return f"{self.place}:{line}" if line else self.place

    def take(self, line: int, row: Row) -> None:
        """A member; the same one a second time is no news."""
        self.rows.setdefault(row, self.at(line))

    def skip(self, line: Line) -> None:
        """A line that holds no member; it is shown."""
        self.skipped.setdefault(line.number, line.text.strip())

    def note(self, text: str) -> None:
        """A sentence for the user, once."""
        if text not in self.notes:
            self.notes.append(text)

    def refuse(self, fact: str, line: int = 0, hint: str = "") -> None:
        """What cannot be read, and what to do."""
        self.problems.append(Problem(fact, self.at(line), hint=hint))
