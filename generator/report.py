"""A run as the pages that go on the ticket. One page for both kinds: a rehearsal, and the change itself beside its rehearsal."""

from __future__ import annotations

import re

from generator.environment import environment
from generator.outcome import Done, Run
from generator.picture import picture, spark

ACTIONS = {"add": "the new address goes on", "remove": "the old address goes", "replace": "the address changes"}
WIDE, NARROW = 960.0, 358.0  # pixels: a desk's page, and what a phone of 390 leaves
REHEARSED = ("#", "host", "what", "seconds", "exit", "largest gap, s", "acknowledged", "term", "")
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


def reports(run: Run) -> dict[str, str]:
    """The pages of a rehearsal, file name to text."""
    assert run.load
    rows = [_rehearsed(d) for d in run.lines]
    words = {"run": run, "verdict": verdict(run), "figures": figures(run), "seats": seats(run), "rows": rows}
    text = (
        environment()
        .get_template("REPORT.md.j2")
        .render(columns=REHEARSED, spark=spark(run, run.load), cell=cell, **words)
    )
    return {"REPORT.md": text, "REPORT.html": page(run)}


def page(run: Run, rehearsal: Run | None = None) -> str:
    """REPORT.html, complete in itself: nothing in it points to anywhere else, no script, no font, nothing to be fetched.

    `rehearsal` is shown beside a change that was carried out, line by line.
    """
    columns = REHEARSED if run.kind == "rehearsal" else CARRIED_OUT
    runs = [run, *([rehearsal] if rehearsal else [])]
    return (
        environment(html=True)
        .get_template("REPORT.html.j2")
        .render(
            run=run,
            rehearsal=rehearsal,
            title=f"{'Rehearsal' if run.kind == 'rehearsal' else 'Change'} of {run.cluster}",
            badge=_badge(run),
            figures=figures(run),
            pictures=[(r, (picture(r, WIDE), picture(r, NARROW))) for r in runs],
            seats=seats(run),
            columns=columns,
            rows=[(_kind(d), cells) for d, cells in zip(run.lines, _cells(run, rehearsal), strict=True)],
            ran_on=run if run.kind == "rehearsal" else rehearsal,
        )
    )


def verdict(run: Run) -> str:
    """One line: what came of a rehearsal."""
    if not run.passed:
        return f"FAILED: {run.faults[0]}"
    assert run.load
    return f"passed: {run.load.acked:,} writes acknowledged, none lost, largest gap {run.load.gap:.2f} s"


def _badge(run: Run) -> str:
    if run.kind == "rehearsal":
        return "passed" if run.passed else "failed"
    return "carried out" if run.passed else "evidence is missing, or contradicts"


def figures(run: Run) -> list[tuple[str, str]]:
    """(what, how much): what a reader looks for first."""
    load = run.load
    if load is None:
        people = list(dict.fromkeys(d.by for d in run.lines if d.by))
        return [
            ("from the first line to the last", _span(run.seconds)),
            ("of it in phases", _span(sum(d.seconds for d in run.lines if d.kind == "phase"))),
            ("lines of the order", f"{sum(d.tries > 0 and d.exit == 0 for d in run.lines)} of {len(run.lines)}"),
            ("lines run more than once", f"{sum(d.tries > 1 for d in run.lines)}"),
            ("by", ", ".join(people) or "?"),
        ]
    return [
        ("acknowledged writes", f"{load.acked:,}"),
        ("lost", f"{load.lost_count:,}"),
        ("largest gap without a write", f"{load.gap:.2f} s"),
        (f"of {load.read:,} reads went back in time", f"{len(load.back)}"),
        ("raft term", f"{run.terms[0]} → {run.terms[1]}"),
        ("the whole order", f"{run.seconds:.0f} s"),
    ]


def _span(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 600 else f"{seconds / 60:.0f} min"


def seats(run: Run) -> list[dict[str, str]]:
    """Every member before and after; an id that stayed is said once."""
    before, after = ({s.name: s for s in seats} for seats in (run.before, run.after))
    found = []
    for m in run.members:
        was, is_ = before.get(m.name), after.get(m.name)
        ids = [s.id for s in (was, is_) if s]
        found.append(
            {
                "name": m.name,
                "address": f"{m.old} stays" if m.stays else f"{m.old} → {m.new}",
                "was": was.peer if was else "?",
                "is": is_.peer if is_ else "?",
                "id": " → ".join(dict.fromkeys(ids)) or "?",
            }
        )
    return found


# --- the lines ---


def _cells(run: Run, rehearsal: Run | None) -> list[list[str]]:
    if run.kind == "rehearsal":
        return [_rehearsed(d) for d in run.lines]
    return [_carried_out(d, rehearsal) for d in run.lines]


def _rehearsed(d: Done) -> list[str]:
    acked, term = f"{d.acked:,}", f"{d.term}" if d.term else ""
    return [_number(d), d.host, _what(d), f"{d.seconds:.1f}", exit_of(d), f"{d.gap:.2f}", acked, term, d.note]


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


def _kind(d: Done) -> str:
    """A CSS class."""
    return "bad" if d.exit != d.expected and d.kind == "phase" else "person" if d.kind != "phase" else ""


def short(at: str) -> str:
    """To the second: `2030-01-02 03:04:05`."""
    return at[:19].replace("T", " ")


def cell(text: object) -> str:
    """A host's words in Markdown: no cell, line or tag ends by them, and no control character gets through."""
    plain = re.sub(r"[\x00-\x1f\x7f-\x9f]", " ", str(text))
    return " ".join(plain.split()).replace("|", "\\|").replace("<", "&lt;")
