"""Where the templates lie, in a checkout and in an installed wheel, and what their bytes hash to."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path


@cache
def folder() -> Path:
    """templates/ beside the package in a checkout, inside it in a wheel."""
    inside = Path(__file__).parent / "templates"
    return inside if inside.is_dir() else Path(__file__).parent.parent / "templates"


def text(name: str) -> str:
    """One template's text; `name` is its path below the folder, with forward slashes."""
    return (folder() / name).read_text(encoding="utf-8")


@cache
def templates_sha256() -> str:
    """Hex sha256 over the names and bytes of all templates, so that other bash is another plan."""
    total = hashlib.sha256()
    for path in sorted(p for p in folder().rglob("*") if p.is_file() and not p.name.startswith(".")):
        total.update(f"{path.relative_to(folder()).as_posix()}\0{hashlib.sha256(path.read_bytes()).hexdigest()}\n".encode())
    return total.hexdigest()
