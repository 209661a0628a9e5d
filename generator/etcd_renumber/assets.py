"""Where templates and examples lie, in a checkout and in an installed wheel, and what the templates' bytes hash to."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path


@cache
def folder(name: str) -> Path:
    """`templates` or `examples`: beside the package in a checkout, inside it in a wheel."""
    inside = Path(__file__).parent / name
    return inside if inside.is_dir() else Path(__file__).parents[2] / name


@cache
def template(name: str) -> str:
    """One template's text; `name` is its path below templates/, with forward slashes."""
    return (folder("templates") / name).read_text(encoding="utf-8")


@cache
def templates_sha256() -> str:
    """Hex sha256 over the names and bytes of all templates of a change folder, so that other bash is another plan.

    REPORT.* and COMMANDS.* are pages about a run, not part of the folder.
    """
    top = folder("templates")
    total = hashlib.sha256()
    for path in sorted(
        p for p in top.rglob("*") if p.is_file() and not p.name.startswith((".", "REPORT.", "COMMANDS."))
    ):
        line = f"{path.relative_to(top).as_posix()}\0{hashlib.sha256(path.read_bytes()).hexdigest()}\n"
        total.update(line.encode())
    return total.hexdigest()
