"""A phase as bash: its steps in their order, each with its title."""

from __future__ import annotations

from etcd_renumber.methods.method import Phase
from etcd_renumber.methods.steps import TITLES


def told(phase: Phase) -> dict[str, str]:
    """One phase of the story as bash: its steps, each with its title, and those of its undo."""
    no_undo = f"  usage 'there is no undo of {phase.name}: {phase.no_undo}' 'bash runbook.sh phases'"
    return {
        "name": phase.name,
        "title": phase.title,
        "steps": _steps(phase.steps),
        "undo": _steps(phase.undo) or no_undo,
    }


def _steps(names: tuple[str, ...]) -> str:
    return "\n".join(f'  begin "{TITLES[name]}"\n  {name}' if TITLES[name] else f"  {name}" for name in names)
