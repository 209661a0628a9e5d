"""A run as the pages that go on the ticket: REPORT.md, and REPORT.html with its picture, complete in itself."""

from __future__ import annotations

from functools import cache

import jinja2

from generator.environment import environment
from generator.outcome import Done, Load, Run
from generator.picture import picture, spark
from generator.resources import folder

ACTIONS = {"add": "the new address goes on", "remove": "the old address goes", "replace": "the address changes"}
WIDE, NARROW = 960.0, 358.0  # pixels: a desk's page, and what a phone of 390 leaves


def reports(run: Run) -> dict[str, str]:
    """File name to text. Nothing in them points to anywhere else: no script, no font, no address to be fetched."""
    words = {"run": run, "verdict": verdict(run), "figures": figures(run), "rows": [*map(_row, run.lines)]}
    words["seats"] = seats(run)
    wide, narrow = picture(run, WIDE), picture(run, NARROW)
    return {
        "REPORT.md": environment().get_template("REPORT.md.j2").render(spark=spark(run), cell=_cell, **words),
        "REPORT.html": _html().get_template("REPORT.html.j2").render(pictures=(wide, narrow), **words),
    }


@cache
def _html() -> jinja2.Environment:
    """Here everything is escaped: what a runbook said may hold any character."""
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(folder("templates")),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=True,
    )


def verdict(run: Run) -> str:
    """One line: what came of it."""
    if not run.passed:
        return f"FAILED: {run.faults[0]}"
    return f"passed: {run.load.acked:,} writes acknowledged, none lost, largest gap {run.load.gap:.2f} s"


def figures(run: Run) -> list[tuple[str, str]]:
    """(what, how much): what a reader looks for first."""
    load: Load = run.load
    return [
        ("acknowledged writes", f"{load.acked:,}"),
        ("lost", f"{load.lost_count:,}"),
        ("largest gap without a write", f"{load.gap:.2f} s"),
        (f"of {load.read:,} reads went back in time", f"{len(load.back)}"),
        ("raft term", f"{run.terms[0]} → {run.terms[1]}"),
        ("the whole order", f"{run.seconds:.0f} s"),
    ]


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


def _row(d: Done) -> tuple[Done, list[str], str]:
    """(line, its cells as text, a CSS class for what went wrong)."""
    exit_ = f"{d.exit}" if d.kind == "phase" else ""
    if d.exit != d.expected:
        exit_ = f"{d.exit}, not {d.expected}"
    cells = [
        f"{d.line}" if d.line else "",
        d.host,
        ACTIONS.get(d.what, d.what),
        f"{d.seconds:.1f}",
        exit_,
        f"{d.gap:.2f}",
        f"{d.acked:,}",
        f"{d.term}" if d.term else "",
        d.note,
    ]
    return d, cells, "bad" if d.exit != d.expected else "person" if d.kind != "phase" else ""


def _cell(text: object) -> str:
    """A cell of a Markdown table: a pipe would end it, a line break its row."""
    return " ".join(str(text).split()).replace("|", "\\|").replace("<", "&lt;")
