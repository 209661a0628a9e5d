"""Reading, checking, planning and rendering alone, of many clusters in one process; prints the seconds.

    python bench/render_alone.py PACKAGE FOLDER...

PACKAGE is what the tool is called in the checkout whose packages Python finds, each FOLDER a change with its mapping.yaml.
"""

from __future__ import annotations

import sys
import time
from importlib import import_module
from pathlib import Path

WHERE = {
    "etcd_renumber": ("inputs.mapping", "checks.cluster", "planning.plan", "rendering.render"),
    "generator": ("load", "check", "plan", "render"),  # before the house was moved
}


def main(package: str, folders: list[str]) -> None:
    """The first folder is not counted: it pays for what is read once in a process."""
    names = zip(("load", "check", "plan", "render"), WHERE[package], strict=True)
    load, check, plan, render = (getattr(import_module(f"{package}.{where}"), name) for name, where in names)
    seconds = 0.0
    for number, folder in enumerate(folders):
        began = time.monotonic()
        cluster = load(Path(folder) / "mapping.yaml")
        assert not [p for p in check(cluster) if p.severity == "error"]
        assert render(plan(cluster))
        seconds += (time.monotonic() - began) if number else 0.0
    print(seconds)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
