"""docs/library-review.md, made from the bash: what the library of a runbook holds, part by part, and how it was reviewed.

`python -m tests.library_review` makes the page's table again; a test holds it against the sources.
"""

from __future__ import annotations

from pathlib import Path

from etcd_renumber.assets import template
from etcd_renumber.methods import METHODS
from etcd_renumber.methods.apiservers import APISERVERS
from etcd_renumber.methods.workers import WORKERS
from etcd_renumber.rendering.commands import RUNNERS

from tests.bash_tree import calls
from tests.pki import TEMPLATES

PAGE = Path(__file__).parents[1] / "docs" / "library-review.md"
BEGIN = "| part | of | lines | changes | what it is |\n"  # above it people write


def page() -> str:
    """The whole text."""
    text = PAGE.read_text(encoding="utf-8").partition(BEGIN)[0] + BEGIN + "|---|---|---|---|---|\n"
    parts = list(dict.fromkeys(part for one in (*METHODS.values(), WORKERS, APISERVERS) for part in one.parts))
    for part in parts:
        of = [method.name for method in METHODS.values() if part in method.parts]
        of = ["all"] if len(of) == len(METHODS) else of
        of += [script.name for script in (WORKERS, APISERVERS) if part in script.parts]
        changes = sum(call.name in RUNNERS for call in calls(TEMPLATES / part))
        lines = len(template(part).splitlines())
        name, who = part.removeprefix("runbook/"), ", ".join(of)
        text += f"| {name} | {who} | {lines} | {changes or ''} | {purpose(part)} |\n"
    return text


def purpose(part: str) -> str:
    """What the comment at the top of a part says of it, to the end of its first sentence."""
    lines = []
    for line in template(part).splitlines():
        if not line.startswith("# "):
            break
        lines.append(line.removeprefix("# "))
    said = " ".join(lines).removeprefix(part.rpartition("/")[2]).removeprefix(" -- ")
    return (said.partition(". ")[0].rstrip(".:") + ".").replace("|", "\\|")


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
