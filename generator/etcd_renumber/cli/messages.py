"""What the command line shows, as text. Nothing is printed here."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

from etcd_renumber.change_folder.write import SUMS, Written
from etcd_renumber.inputs.tables.reading import Table
from etcd_renumber.methods.rolling_words import NO_WRITES
from etcd_renumber.model import Change, Problem
from etcd_renumber.planning.plan import SOURCE
from etcd_renumber.quorum import silence, tolerance
from etcd_renumber.records.run import Run
from etcd_renumber.rehearsal.progress import Progress
from etcd_renumber.rehearsal.replica import Replica
from etcd_renumber.reports.run_report import verdict


def order(change: Change) -> str:
    """Every line of the order; what a person does is told apart by having no command."""
    mapping = change.cluster.mapping
    beside = [*(w.name for w in mapping.workers), *(a.name for a in mapping.apiservers or ())]
    width = max(map(len, [*(m.name for m in mapping.members), *beside]))
    return "\n".join(f"{n.line:>4}  {_host(n.host):<{width}}  {n.text}" for n in change.order)


def _host(name: str) -> str:
    """The line of the source is done on a host that is known later."""
    return "source" if name == SOURCE else name


def units(change: Change) -> str:
    """Where systemd runs etcd: the unit of each host and its files that change; empty where static pods are all there is."""
    lines = []
    for name, manifests in change.manifests.items():
        etcd = change.cluster.facts[name].etcd
        if etcd and etcd.unit:
            paths = ", ".join(m.path for m in manifests if m.path and m.changes) or "no file of it changes"
            lines.append(f"{name}: etcd is {etcd.unit.name} of systemd, no static pod: {paths}")
    return "\n".join(lines)


def meaning(change: Change) -> str:
    """What the tolerance means while the change runs; how long without writes goes by the election timeout of this etcd."""
    text = change.method.meaning(len(change.cluster.mapping.members))
    return text.replace(NO_WRITES, silence(NO_WRITES, change.cluster.election_timeouts))


def tolerance_table(size: int) -> str:
    """Size, majority and failures tolerated of one to nine members, this cluster's row marked."""
    rows = ["members  majority  failures tolerated"]
    for n in range(1, max(9, size) + 1):
        majority, failures = tolerance(n)
        rows.append(f"{n:>7}  {majority:>8}  {failures:>18}{'  <- this cluster' if n == size else ''}")
    return "\n".join(rows)


def hashes(files: dict[str, str]) -> str:
    """sha256 of each runbook.sh and of run.sh, as `sha256sum` prints it and as RUNBOOK.md has it."""
    scripts = sorted(name for name in files if name == "run.sh" or name.endswith("/runbook.sh"))
    return "\n".join(f"{hashlib.sha256(files[name].encode()).hexdigest()}  {name}" for name in scripts)


def problem(p: Problem) -> str:
    """`error: FACT`, the place and key below it, then the hint; control characters are made visible."""
    where = " ".join(part for part in (p.place, f"({p.key})" if p.key else "") if part)
    lines = [f"{p.severity}: {p.fact}", f"  at {where}" if where else "", f"  hint: {p.hint}" if p.hint else ""]
    return "\n".join(re.sub(r"[\x00-\x1f\x7f-\x9f]", lambda m: repr(m[0])[1:-1], line) for line in lines if line)


def understood(table: Table) -> str:
    """What was read out of a table, what was passed over, and what should be known about it."""
    width = max((len(r.name) for r in table.rows), default=0)
    rows = [f"  {r.name:<{width}}  {r.old} -> {r.new or 'unknown: write it into mapping.yaml'}" for r in table.rows]
    skipped = [f"  line {number} skipped: {line[:100]}" for number, line in table.skipped]
    return "\n".join([*rows, *skipped, *(f"  note: {note}" for note in table.notes)])


def written(done: Written) -> str:
    """How many files are new, changed, gone, the same."""
    counts = [(done.added, "new"), (done.changed, "changed"), (done.removed, "removed"), (done.same, "unchanged")]
    return ", ".join(f"{len(names)} {what}" for names, what in counts if names) or "nothing"


def progress(p: Progress) -> str:
    """One line of a rehearsal while it is carried out, and once it is; of what comes before its first line, the words alone."""
    if not p.of:
        return p.what
    number = f"{p.number:>3}/{p.of}" if p.number else f"{'':>{4 + len(str(p.of))}}"
    exit_ = "" if p.exit in (None, 0) else f"  exit {p.exit}"
    return f"{number}  {p.host:<12} {p.what:<10} {p.seconds:>6.1f} s  {p.acked:>7,} writes{exit_}"


def outcome(run: Run) -> str:
    """What came of a rehearsal: one line when it passed, else every fault."""
    if run.passed:
        return verdict(run)
    return "\n".join(["the rehearsal FAILED:", *(f"  {fault}" for fault in run.faults)])


def rehearsed(run: Run | None, folder: Path) -> Problem:
    """Whether these very bytes were rehearsed, and how that ended. A failed rehearsal of them is no mere note."""
    again = f"etcd-renumber rehearse {folder}"
    if run is None:
        return Problem("not rehearsed", str(folder), hint=again, severity="note")
    if run.folder_sha256 != hashlib.sha256((folder / SUMS).read_bytes()).hexdigest():
        fact = f"the rehearsal of {run.began} was of other bytes, not of these"
        return Problem(fact, str(folder), hint=again, severity="note")
    with_ = f" ({' '.join(run.options)})" if run.options else ""
    what = "with exactly these bytes"
    if run.control_plane and not run.control_plane.own_bytes:
        what = "with this mapping, rendered again for a real control plane of another version or other flags,"
    fact = f"rehearsed {what} at {run.began}{with_}: {verdict(run)}"
    return Problem(fact, str(folder / "rehearsal" / "REPORT.md"), severity="note" if run.passed else "warning")


def doors(replica: Replica) -> str:
    """The line that leads into each host of a replica."""
    words = {m.name: " ".join(replica[m.name].place.enter("net", "mount", "pid", "uts")) for m in replica.roster}
    return "\n".join(f"{name}: {enter} bash" for name, enter in words.items())
