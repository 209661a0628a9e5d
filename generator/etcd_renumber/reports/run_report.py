"""A run as the pages that go on the ticket. One page for both kinds: a rehearsal, and the change itself beside its rehearsal."""

from __future__ import annotations

import re

from etcd_renumber.records.control_plane import ControlPlane
from etcd_renumber.records.run import Run
from etcd_renumber.rendering.environment import environment
from etcd_renumber.reports.chart import picture, spark
from etcd_renumber.reports.lines import cells_of, columns_of, kind_of

WIDE, NARROW = 960.0, 358.0  # pixels: a desk's page, and what a phone of 390 leaves


def reports(run: Run) -> dict[str, str]:
    """The pages of a rehearsal, file name to text."""
    assert run.load
    rows = cells_of(run, None)
    words = {"run": run, "verdict": verdict(run), "figures": figures(run), "seats": seats(run), "rows": rows}
    text = (
        environment()
        .get_template("pages/REPORT.md.j2")
        .render(columns=columns_of(run), spark=spark(run, run.load), cell=cell, **words)
    )
    return {"REPORT.md": text, "REPORT.html": page(run), "COMMANDS.md": commands(run)}


def commands(run: Run) -> str:
    """COMMANDS.md: every command that a rehearsal's runbooks carried out, line by line."""
    return environment().get_template("pages/COMMANDS.md.j2").render(run=run, lines=[d for d in run.lines if d.ran])


def page(run: Run, rehearsal: Run | None = None) -> str:
    """REPORT.html, complete in itself: nothing in it points to anywhere else, no script, no font, nothing to be fetched.

    `rehearsal` is shown beside a change that was carried out, line by line.
    """
    runs = [run, *([rehearsal] if rehearsal else [])]
    return (
        environment(html=True)
        .get_template("pages/REPORT.html.j2")
        .render(
            run=run,
            rehearsal=rehearsal,
            title=f"{'Rehearsal' if run.kind == 'rehearsal' else 'Change'} of {run.cluster}",
            badge=_badge(run),
            figures=figures(run),
            pictures=[(r, (picture(r, WIDE), picture(r, NARROW))) for r in runs],
            seats=seats(run),
            columns=columns_of(run),
            rows=[(kind_of(d), cells) for d, cells in zip(run.lines, cells_of(run, rehearsal), strict=True)],
            ran_on=run if run.kind == "rehearsal" else rehearsal,
        )
    )


def verdict(run: Run) -> str:
    """One line: what came of a rehearsal."""
    if not run.passed:
        return f"FAILED: {run.faults[0]}"
    assert run.load
    text = f"passed: {run.load.acked:,} writes acknowledged, none lost, largest gap {run.load.gap:.2f} s"
    if plane := run.control_plane:
        text += f"; on Kubernetes {plane.kubernetes} {plane.acked:,} through the API, none lost, largest gap {plane.gap:.2f} s"
        text += "" if plane.own_bytes else "; rendered again, not the folder's own bytes"
    return text


def _badge(run: Run) -> str:
    if run.kind == "rehearsal":
        return "passed" if run.passed else "failed"
    return "carried out" if run.passed else "evidence is missing or contradictory"


def figures(run: Run) -> list[tuple[str, str]]:
    """(what, how much): what a reader looks for first."""
    load = run.load
    if load is None:
        people = list(dict.fromkeys(d.by for d in run.lines if d.by))
        return [
            ("from the first line to the last", _span(run.seconds)),
            ("thereof in phases", _span(sum(d.seconds for d in run.lines if d.kind == "phase"))),
            ("lines of the order", f"{sum(d.tries > 0 and d.exit == 0 for d in run.lines)} of {len(run.lines)}"),
            ("lines run more than once", f"{sum(d.tries > 1 for d in run.lines)}"),
            ("by", ", ".join(people) or "?"),
        ]
    return [
        *(through_the_api(run.control_plane) if run.control_plane else ()),
        ("acknowledged writes", f"{load.acked:,}"),
        ("lost", f"{load.lost_count:,}"),
        ("largest gap without a write", f"{load.gap:.2f} s"),
        (f"of {load.read:,} reads went back in time", f"{len(load.back)}"),
        ("raft term", f"{run.terms[0]} → {run.terms[1]}"),
        ("the whole order", f"{run.seconds:.0f} s"),
    ]


def through_the_api(plane: ControlPlane) -> list[tuple[str, str]]:
    """Figures of the writes through the API, the longest time that one host's API and etcd were away."""
    api, etcd = (max((s for h in plane.hosts for s in getattr(h, kind)), default=0.0) for kind in ("api", "etcd"))
    return [
        ("writes through the API", f"{plane.acked:,}"),
        ("of them lost", f"{plane.lost_count:,}"),
        ("largest gap through the API", f"{plane.gap:.2f} s"),
        ("requests that timed out", f"{plane.timeouts:,}"),
        ("one host's API down, at most", f"{api:.1f} s"),
        ("one host's etcd down, at most", f"{etcd:.1f} s"),
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


def cell(text: object) -> str:
    """A host's words in Markdown: no cell, line or tag ends by them, and no control character gets through."""
    plain = re.sub(r"[\x00-\x1f\x7f-\x9f]", " ", str(text))
    return " ".join(plain.split()).replace("|", "\\|").replace("<", "&lt;")
