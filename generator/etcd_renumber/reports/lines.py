"""The lines of a run as rows of a table: a rehearsal's, one's on a real control plane, those of the change itself."""

from __future__ import annotations

from etcd_renumber.records.run import Done, Run

ACTIONS = {"add": "new address added", "remove": "old address removed", "replace": "address changed"}
REHEARSED = ("#", "host", "what", "seconds", "exit", "largest gap, s", "acknowledged", "term", "")
ON_CONTROL_PLANE = (*REHEARSED[:5], "gap of etcd's writes, s", "of the API's, s", "its API down, s", "term", "")
CARRIED_OUT = (
    "#",
    "host",
    "what",
    "by",
    "began, UTC",
    "seconds",
    "exit",
    "tries",
    "rehearsed: s",
    "exit",
    "gap, s",
    "",
)


def cells_of(run: Run, rehearsal: Run | None) -> list[list[str]]:
    """A row for each line; `rehearsal` stands beside a change that was carried out."""
    if run.control_plane:
        return [_on_control_plane(d) for d in run.lines]
    if run.kind == "rehearsal":
        return [_rehearsed(d) for d in run.lines]
    return [_carried_out(d, rehearsal) for d in run.lines]


def _rehearsed(d: Done) -> list[str]:
    acked, term = f"{d.acked:,}", f"{d.term}" if d.term else ""
    return [_number(d), d.host, _what(d), f"{d.seconds:.1f}", exit_of(d), f"{d.gap:.2f}", acked, term, d.note]


def _on_control_plane(d: Done) -> list[str]:
    *first, gap, _, term, note = _rehearsed(d)
    return [*first, gap, f"{d.api_gap:.2f}", f"{d.api_away:.1f}" if d.api_away else "", term, note]


def columns_of(run: Run) -> tuple[str, ...]:
    """What stands over them."""
    if run.control_plane:
        return ON_CONTROL_PLANE
    return REHEARSED if run.kind == "rehearsal" else CARRIED_OUT


def _carried_out(d: Done, rehearsal: Run | None) -> list[str]:
    seconds, tries = (f"{d.seconds:.1f}", f"{d.tries}") if d.tries else ("", "")
    same = [r for r in rehearsal.lines if (r.line, r.what) == (d.line, d.what)] if rehearsal else []
    beside = [f"{same[-1].seconds:.1f}", exit_of(same[-1]), f"{same[-1].gap:.2f}"] if same else ["", "", ""]
    return [_number(d), d.host, _what(d), d.by, short(d.began), seconds, exit_of(d), tries, *beside, d.note]


def _number(d: Done) -> str:
    return f"{d.line}" if d.line else ""


def _what(d: Done) -> str:
    return ACTIONS.get(d.what, d.what)


def exit_of(d: Done) -> str:
    """The exit code of a phase, with what was expected where it was not that one."""
    if d.exit == -1:
        return "?"
    if d.exit != d.expected:
        return f"{d.exit}, not {d.expected}"
    return f"{d.exit}" if d.kind == "phase" else ""


def kind_of(d: Done) -> str:
    """A CSS class."""
    return "bad" if d.exit != d.expected and d.kind == "phase" else "person" if d.kind != "phase" else ""


def short(at: str) -> str:
    """To the second: `2030-01-02 03:04:05`."""
    return at[:19].replace("T", " ")
