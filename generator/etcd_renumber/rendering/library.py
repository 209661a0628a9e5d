"""The library of a runbook: its bash below values and phases, the same in every change of one release and method.

Its sha256 stands in the runbook's head. The sums of released libraries are data of this package, so that whoever has reviewed
one has reviewed it for every change.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from etcd_renumber import __version__
from etcd_renumber.hashes import sha256
from etcd_renumber.methods.method import Method, Script
from etcd_renumber.rendering.environment import environment, inlined

MARK = "# --- library "  # the line begins so; everything below it is the library
RELEASES = Path(__file__).with_name("releases.json")


def library(method: Method | Script) -> str:
    """Its text."""
    return environment().get_template("runbook/library.sh.j2").render(parts=inlined(method.parts))


def library_in(runbook: str) -> str | None:
    """The library of a rendered runbook; None where no line marks it."""
    lines = runbook.splitlines(keepends=True)
    at = next((n for n, line in enumerate(lines) if line.startswith(MARK)), None)
    return None if at is None else "".join(lines[at + 1 :])


@cache
def releases() -> Mapping[str, Mapping[str, str]]:
    """Version to method to the hex sha256 of its library."""
    found: dict[str, dict[str, str]] = json.loads(RELEASES.read_text(encoding="utf-8"))
    return found


def provenance(runbook: str, method: str) -> str:
    """One sentence on where the library of this runbook is from."""
    text = library_in(runbook)
    if text is None:
        return "the runbooks have no line that marks their library"
    known = [version for version, sums in releases().items() if sums.get(method) == sha256(text)]
    size = f"{len(text.splitlines()):,} lines"
    if known:
        return f"the library ({size}) is that of etcd-renumber {known[0]} for {method}, as released"
    if __version__ not in releases():
        return f"the library ({size}) is of no release: etcd-renumber {__version__} is not released yet"
    return f"the library ({size}) is not that of etcd-renumber {__version__} for {method}, nor of any other release"
