"""Failure drills: what `--fail` asks for, checked against the plan before anything is built."""

from __future__ import annotations

from dataclasses import dataclass

from etcd_renumber.errors import Refused
from etcd_renumber.model import Change, Line, Problem


@dataclass(frozen=True)
class Kill:
    """The runbook of `host` is killed after its `after`th command in `phase`, then run again."""

    host: str
    phase: str
    after: int


@dataclass(frozen=True)
class Down:
    """`host` is down when the first gated phase begins on another host (at `line`): the gate must hold."""

    host: str
    line: int


@dataclass(frozen=True)
class Drills:
    """All that was asked for."""

    kills: tuple[Kill, ...] = ()
    downs: tuple[Down, ...] = ()

    def kill(self, line: Line) -> Kill | None:
        """The kill that belongs to this line."""
        return next((k for k in self.kills if (k.host, k.phase) == (line.host, line.phase)), None)


def drills(asked: list[str], change: Change) -> Drills:
    """`asked` are HOST:PHASE:N and HOST:down. Raises Refused with everything that the plan does not have."""
    kills, downs, problems = [], [], []
    for text in asked:
        try:
            drill = _drill(text, change)
        except ValueError as error:
            hint = "HOST:PHASE:N kills the runbook there after its Nth command in that phase, HOST:down keeps a member down"
            problems.append(Problem(f"--fail {text}: {error}", hint=hint))
            continue
        if isinstance(drill, Kill):
            kills.append(drill)
        else:
            downs.append(drill)
    if problems:
        raise Refused(*problems)
    return Drills(tuple(kills), tuple(downs))


def _drill(text: str, change: Change) -> Kill | Down:
    host, _, rest = text.partition(":")
    phase, _, number = rest.partition(":")
    names = [m.name for m in change.cluster.mapping.members]
    if host not in names:
        raise ValueError(f"no member {host!r}; the members are {', '.join(names)}")
    if rest == "down":
        line = next(
            (n.line for n in change.order_with() if n.phase in change.method.gated and n.host not in (host, "-")), 0
        )
        if not line:
            raise ValueError("there is no other member that could be stopped by its gate")
        return Down(host, line)
    phases = list(dict.fromkeys(n.phase for n in change.order if n.kind == "phase" and n.host in (host, "-")))
    if phase not in phases:
        raise ValueError(f"{host} has no phase {phase!r}; it has {', '.join(phases)}")
    if not number.isdecimal():
        raise ValueError(f"{number!r} is not a number of commands")
    return Kill(host, phase, int(number))
