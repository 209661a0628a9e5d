"""What a method is: one value, from which plan, pages, runbook, run.sh and rehearsal take everything that they need of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

Rows = list[tuple[str, ...]]  # of a table, cell by cell


@dataclass(frozen=True)
class Phase:
    """What a person runs on one host in one go. `steps` and `undo` name functions of the runbook, in order.

    Members that keep their address carry it out where `stays`. `on_first`: on the mapping's first member only. `on_source`: on
    one host only, which is known when the change runs; `options` stand behind it in its line. `does`, `seen` and `back` are
    cells of RUNBOOK.md: what it does, what one sees when it is right, how to go back; `back_stays` is the last for a member
    that keeps its address, where that is another.
    """

    name: str
    title: str
    steps: tuple[str, ...]
    does: str
    seen: str
    back: str
    undo: tuple[str, ...] = ()
    undo_when: str = ""
    no_undo: str = ""
    stays: bool = False
    on_first: bool = False
    on_source: bool = False
    options: str = ""
    back_stays: str = ""


@dataclass(frozen=True)
class Action:
    """What a person does to the addresses of a host: add, remove or replace. `text`, with {old} and {new}, is its line."""

    name: str
    text: str
    does: str
    seen: str
    back: str


@dataclass(frozen=True)
class Script:
    """A runbook beside those of the members: the name of its library, its phases, the files of templates/ that it is made of."""

    name: str
    phases: tuple[Phase, ...]
    parts: tuple[str, ...]

    @property
    def undoable(self) -> list[str]:
        """The phases that have an undo."""
        return [p.name for p in self.phases if p.undo]

    def phase(self, name: str) -> Phase:
        """The phase of this name. Raises KeyError where there is none."""
        return {p.name: p for p in self.phases}[name]


@dataclass(frozen=True)
class Method:
    """A way to give members new addresses.

    `order`: a name is a phase or an action on all hosts, one after another; a tuple of names is done on one host, then on the
    next. A phase may stand in it twice. `parts` are the files of templates/ that its runbook is made of. `first_page`, `down`
    and `meaning` are words for a number of members: the box at the top of RUNBOOK.md, what is down in each line, what `plan`
    says. `columns` are the phases by what they do: only read, change nothing that runs, move members, close.
    """

    name: str
    phases: tuple[Phase, ...]
    actions: tuple[Action, ...]
    order: tuple[str | tuple[str, ...], ...]
    parts: tuple[str, ...]
    first_page: Callable[[int], Rows]
    down: Callable[[int], Rows]
    meaning: Callable[[int], str]
    columns: tuple[str, str, str, str]
    after_the_order: str
    gated: tuple[str, ...]  # phases whose gate asks about every other member before anything is changed
    workers_after: str  # the phase of a member after which the workers that call it follow
    apiservers_before: tuple[
        tuple[str, str], ...
    ] = ()  # (a phase of the members, what apiservers on other hosts do first)
    last_change: str = ""  # once its `verify` holds, nothing needs the old address
    keys: Mapping[str, Any] = field(default_factory=dict)  # of the mapping, that only this method has; their defaults
    keeps_quorum: bool = False  # etcd takes writes all the while
    same_cluster: bool = True  # cluster id and member ids stay
    has_both: bool = True  # a host may have its old and its new address at a time
    begins_down: bool = False  # addresses have changed and nobody leads

    @property
    def undoable(self) -> list[str]:
        """The phases that have an undo."""
        return [p.name for p in self.phases if p.undo]

    def phase(self, name: str) -> Phase:
        """The phase of this name. Raises KeyError where there is none."""
        return {p.name: p for p in self.phases}[name]

    def action(self, name: str) -> Action:
        """What a person does, by its name. Raises KeyError where this method does not ask for it."""
        return {a.name: a for a in self.actions}[name]
