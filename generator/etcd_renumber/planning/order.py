"""The order of RUNBOOK.md: what the method says, host by host, and what workers and apiservers do between."""

from __future__ import annotations

from etcd_renumber.methods.apiservers import APISERVERS
from etcd_renumber.methods.method import Action, Method, Phase
from etcd_renumber.methods.workers import WORKERS
from etcd_renumber.model import Apiserver, Line, Mapping, Member, Worker

SOURCE = "-"  # the host of a line that is done where the candidates say; no member can be called so
Who = Member | Worker | Apiserver | None
Entry = tuple[Who, Phase | Action]


def order_of(mapping: Mapping, method: Method) -> tuple[Line, ...]:
    """Every line of RUNBOOK.md: what the method says, host by host; what a person does is a line too."""
    known: dict[str, Phase | Action] = {a.name: a for a in method.actions} | {p.name: p for p in method.phases}
    lines: list[Entry] = []
    for step in method.order:
        names = (step,) if isinstance(step, str) else step
        whats = [known[name] for name in names]
        lines += _of_apiservers([first for before, first in method.apiservers_before if before in names], mapping)
        if isinstance(whats[0], Phase) and whats[0].on_source:
            lines += [(None, whats[0])]
        else:
            who = [m for m in mapping.members if not m.stays or all(isinstance(w, Phase) and w.stays for w in whats)]
            pairs = [(m, what) for m in who for what in whats if _has(m, what, mapping, lines)]
            lines += _with_workers(_endpoint_goes_last(pairs, mapping), mapping, method)
        lines += _of_apiservers(["preflight"] if names == ("preflight",) else [], mapping)
    return tuple(_line(number, *entry) for number, entry in enumerate(lines, start=1))


def _has(member: Member, what: Phase | Action, mapping: Mapping, lines: list[Entry]) -> bool:
    """Whether this host has this line: no line removes an address that stays, and what is done once is done on the first.

    Where no other member moves, a second line of what is done once would find nothing to do.
    """
    if isinstance(what, Action):
        return not (member.old_stays and what.name == "remove")
    others = [m for m in mapping.members[1:] if not m.stays]
    return not what.on_first or (member is mapping.members[0] and bool(others or (member, what) not in lines))


def _endpoint_goes_last(
    step: list[tuple[Member, Phase | Action]], mapping: Mapping
) -> list[tuple[Member, Phase | Action]]:
    """Kubelets of the other hosts call the endpoint until their own files are exchanged: its old address goes after all others."""
    of_it = [pair for pair in step if pair[0].name == mapping.endpoint]
    at = next(
        (n for n, (_, what) in enumerate(of_it) if isinstance(what, Action) and what.name == "remove"), len(of_it)
    )
    late = of_it[at:] if len({what.name for _, what in of_it}) > 1 else []
    return [pair for pair in step if pair not in late] + late


def _with_workers(step: list[tuple[Member, Phase | Action]], mapping: Mapping, method: Method) -> list[Entry]:
    """The workers look before anything is done, after all members. Each follows the member that it calls: right after that one's
    phase where the step goes host by host, else after the phase of all."""
    lines: list[Entry] = []
    names = {what.name for _, what in step}
    for member, what in step:
        lines.append((member, what))
        if what.name == method.workers_after and len(names) > 1:
            lines += [(w, WORKERS.phase("move")) for w in mapping.workers if w.calls == member.name]
    if len(names) == 1 and names & {"preflight", method.workers_after}:
        phase = WORKERS.phase("preflight" if "preflight" in names else "move")
        lines += [(worker, phase) for worker in mapping.workers]
    return lines


def _of_apiservers(phases: list[str], mapping: Mapping) -> list[Entry]:
    """These phases, each on every apiserver, one after another; what is done once on the first."""
    whats, hosts = [APISERVERS.phase(name) for name in phases], mapping.apiservers or ()
    return [(one, what) for what in whats for one in (hosts[:1] if what.on_first else hosts)]


def _line(number: int, host: Who, what: Phase | Action) -> Line:
    if isinstance(what, Phase):
        text = f"bash runbook.sh apply {what.name}{what.options}"
        return Line(number, host.name if host else SOURCE, "phase", phase=what.name, text=text)
    assert isinstance(host, Member), "what a person does is done on a member"
    text = what.text.format(old=host.old, new=host.new)
    return Line(number, host.name, "address", action=what.name, text=text)
