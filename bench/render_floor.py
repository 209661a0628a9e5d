"""What no renderer of a change can leave out, of many clusters in one process; prints the seconds.

    python bench/render_floor.py FOLDER...

libyaml reads each manifest before and after with its places (that addresses alone differ is proved on these), one value is made
of each, and one sha256 of every file that is rendered: no check, no proof, no template. Each FOLDER is a change with its
mapping.yaml.
"""

from __future__ import annotations

import hashlib
import sys
import time
from pathlib import Path

import yaml
from etcd_renumber.inputs.mapping import load
from etcd_renumber.planning.plan import plan
from etcd_renumber.rendering.render import render


def main(folders: list[str]) -> None:
    """As in render_alone.py, the first folder is not counted."""
    seconds = 0.0
    for number, folder in enumerate(folders):
        change = plan(load(Path(folder) / "mapping.yaml"))
        manifests = {text for several in change.manifests.values() for m in several for text in (m.old, m.new)}
        files = list(render(change).values())
        began = time.monotonic()
        for text in manifests:
            list(yaml.compose_all(text, Loader=yaml.CBaseLoader))
            list(yaml.load_all(text, Loader=yaml.CSafeLoader))
        for file in files:
            hashlib.sha256(file.encode()).hexdigest()
        seconds += (time.monotonic() - began) if number else 0.0
    print(seconds)


if __name__ == "__main__":
    main(sys.argv[1:])
