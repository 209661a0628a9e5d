"""The same mapping once more, from the replica's own facts: for where the folder's own manifests cannot run there."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

from etcd_renumber.assets import templates_sha256
from etcd_renumber.change_folder.write import write
from etcd_renumber.checks.cluster import check
from etcd_renumber.errors import Refused
from etcd_renumber.inputs.apiservers import manifests_of
from etcd_renumber.inputs.facts import facts_of
from etcd_renumber.model import Change, Cluster, Problem
from etcd_renumber.planning.plan import plan
from etcd_renumber.rehearsal.open_change import opened
from etcd_renumber.rendering.render import render

VALUES = re.compile(r"(?ms)^# --- values:.*?^# --- end values ---$")


def refuse_other_templates(change: Change, folder: Path) -> None:
    """A folder of another release has other runbooks than this one would render. Raises Refused."""
    said = json.loads((folder / "change.json").read_text(encoding="utf-8"))["tool"].get("templates_sha256")
    if said != templates_sha256():
        fact = (
            "the folder was rendered by another release: this release cannot render the same runbooks for the replica"
        )
        raise Refused(Problem(fact, str(folder), hint="render the folder again, or rehearse it with that release"))


def rendered_again(change: Change, facts: Path, out: Path) -> tuple[Change, Path]:
    """The change and its folder, from these facts. Raises Refused where they do not pass `check`."""
    mapping = replace(change.cluster.mapping, facts=facts)
    found, problems = facts_of(facts, [m.name for m in mapping.members], {a.name for a in mapping.apiservers or ()})
    apiservers, missing = manifests_of(mapping)
    problems += missing
    cluster = Cluster(mapping, found, apiservers=apiservers)
    problems += [p for p in check(cluster) if p.severity == "error"] if not problems else []
    if problems:
        raise Refused(*problems)
    made = plan(cluster)
    folder = out / mapping.cluster
    write(folder, render(made), made.digest)
    return opened(folder), folder


def same_but_for_values(one: Path, other: Path, digests: tuple[str, str]) -> bool:
    """Whether two runbooks are one and the same outside of their values block and their plan's digest."""
    texts = [path.read_text(encoding="utf-8").replace(d, "") for path, d in zip((one, other), digests, strict=True)]
    return VALUES.sub("", texts[0]) == VALUES.sub("", texts[1])
