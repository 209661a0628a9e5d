"""A complete snapshot that counts no more: its candidate line goes before its note, so that a kill in between forgets both."""

from __future__ import annotations

from pathlib import Path

from tests.test_cluster_text import bash

AROUND = """set -o errexit -o nounset -o pipefail
CANDIDATE=%s/candidate.txt COMPLETE=%s/complete.txt
note() { :; }; run() { printf '%%s ' "$1"; "$@"; }; free_name() { printf '%%s-1%%s' "$1" "$2"; }
"""


def test_the_line_goes_first(tmp_path: Path) -> None:
    for name in ("candidate.txt", "complete.txt"):
        (tmp_path / name).write_text("x\n")
    around = AROUND % (tmp_path, tmp_path)
    assert bash(tmp_path, ("runbook/restore/candidate.sh",), around, "it_counts_no_more 'it is missing'") == "rm mv "
    assert sorted(p.name for p in tmp_path.glob("*.txt*")) == ["complete.before-1.txt"]
