"""The page of all refusals is that of the sources."""

from __future__ import annotations

from pathlib import Path

from tests.troubleshooting import page

PAGE = Path(__file__).parents[1] / "docs" / "troubleshooting.md"


def test_the_page_is_that_of_the_sources() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "python -m tests.troubleshooting > docs/troubleshooting.md"


def test_the_page_has_nothing_of_bash_in_it() -> None:
    rows = [line for line in page().splitlines() if line.startswith("| ")]
    assert len(rows) > 150 and [row for row in rows if "$" in row] == []
