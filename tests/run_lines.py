"""Which lines of the runbooks that change a host were carried out by some test: figures at the end of a test run."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from etcd_renumber.methods import METHODS
from etcd_renumber.methods.apiservers import APISERVERS
from etcd_renumber.methods.rolling import REPLACE
from etcd_renumber.methods.workers import WORKERS
from etcd_renumber.rehearsal.replica import Replica
from etcd_renumber.rendering.commands import COMMAND, RUNNERS, functions

LISTENER, THERE, NOTES = Path(__file__).with_name("run_lines.bash"), "/run/run_lines.bash", "/run/run_lines"
ON_A_HOST = {"BASH_ENV": THERE, "RUN_LINES": NOTES}
seen: set[str] = set()  # of this process: lines of bash, as they stand in the parts


def bash(folder: Path, script: str, *words: str | Path, seconds: float) -> subprocess.CompletedProcess[str]:
    """`bash WORDS`, which carries out this script outside of any host; `folder` is for the notes."""
    notes = folder / "run_lines"
    notes.unlink(missing_ok=True)  # of another script
    env = os.environ | {"BASH_ENV": str(LISTENER), "RUN_LINES": str(notes)}
    done = subprocess.run(
        ["bash", *words], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=seconds, env=env
    )
    note(script, notes)
    return done


def listen(replica: Replica) -> None:
    """Every host gets the listener. The hosts must be up."""
    for name in [*(m.name for m in replica.roster), *replica.workers]:
        replica[name].write_text(THERE, LISTENER.read_text())


def collect(replica: Replica) -> None:
    """What the hosts have noted, before they go."""
    for member in replica.roster:
        note((replica.folder / "hosts" / member.name / "runbook.sh").read_text(), replica[member.name].path(NOTES))
    for name in replica.workers:
        script = replica.folder / replica.change.script(name).name / "runbook.sh"
        note(script.read_text(), replica[name].path(NOTES))


def note(script: str, notes: Path) -> None:
    """What this script has noted."""
    if notes.exists():
        lines = joined(script)
        seen.update(lines[number] for number in set(map(int, notes.read_text().split())) if number in lines)


def joined(text: str) -> dict[int, str]:
    """Number of a line, from 1 on, to the line; those that a backslash joins are one, under each of their numbers."""
    found: dict[int, str] = {}
    begun: list[int] = []
    for number, line in enumerate(text.splitlines(), 1):
        whole = (found[begun[0]].removesuffix("\\") if begun else "") + line.strip()
        begun.append(number)
        found |= dict.fromkeys(begun, whole)
        if not line.endswith("\\"):
            begun = []
    return found


def wanted() -> set[str]:
    """Every line of every method that gives a command to `run`."""
    bodies = [functions(method.parts) for method in (*METHODS.values(), REPLACE, WORKERS, APISERVERS)]
    return {
        line.strip()
        for known in bodies
        for name, body in known.items()
        if name not in RUNNERS
        for line in body.splitlines()
        if COMMAND.search(line)
    }


def summary(lines: set[str]) -> list[str]:
    """For people: how many, and those that no test has carried out."""
    every = wanted()
    left = sorted(every - lines)
    return [f"{len(every) - len(left)} of {len(every)} lines of bash that change a host were carried out", *left]
