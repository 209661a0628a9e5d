"""The example of three masters, changed here and there, and what check() says of it."""

from __future__ import annotations

import shutil
from pathlib import Path

from etcd_renumber.assets import folder
from etcd_renumber.checks.cluster import check
from etcd_renumber.inputs.mapping import load
from etcd_renumber.model import Problem

EXAMPLE = folder("examples") / "three-masters"
MAPPING = "mapping.yaml"
ETCD = "facts/master1/manifests/etcd.yaml"
FLAG = "    - --snapshot-count=10000\n"


def found(tmp: Path, *changes: tuple[str, str, str]) -> list[Problem]:
    """What check() says of the example after (file, old text, new text) replacements."""
    shutil.copytree(EXAMPLE, tmp / "e")
    for file, old, new in changes:
        path = tmp / "e" / file
        assert old in path.read_text(), (file, old)
        path.write_text(path.read_text().replace(old, new))
    return check(load(tmp / "e" / "mapping.yaml"))
