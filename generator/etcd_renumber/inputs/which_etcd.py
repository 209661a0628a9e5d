"""Which file of a host's manifests runs its etcd; where none or more than one does, why, in a sentence of its own."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from etcd_renumber.manifests.etcd import is_etcd, program_flags
from etcd_renumber.manifests.pod import main_of, not_a_pod
from etcd_renumber.model import Problem

RUNS_EVERY_FILE = (
    "kubelet runs every file of its folder whose name does not begin with a dot. A copy: move it out of the folder on the "
    "host (not the one that etcd runs from while it is up), then fetch the facts again"
)
ANOTHER = "not supported: one etcd for each host is renumbered. A second one (for events) is changed by hand"
A_UNIT = (
    "where systemd runs etcd: put its unit file and its environment file beside manifests/ (docs/input.md says which); where it "
    "runs on other hosts: the members of the mapping are those hosts"
)


def the_etcd(texts: Mapping[str, str], folder: Path, name: str) -> tuple[str | None, list[Problem]]:
    """The file that runs etcd, or None and why: one problem for one cause."""
    files = [f for f, text in texts.items() if is_etcd(text)]
    if len(files) == 1:
        return files[0], []
    if files:
        folders = {program_flags(texts[f]).get("data-dir", "") for f in files}
        hint = RUNS_EVERY_FILE if len(folders) == 1 else ANOTHER
        return None, [
            Problem(f"{len(files)} manifests of {name} run etcd: {', '.join(files)}", str(folder), name, hint)
        ]
    for file, text in texts.items():
        is_the_one = PurePosixPath(file).stem == "etcd" or not any(f.startswith("etcd.") for f in texts)
        if is_the_one and (wrong := not_a_pod(text, str(folder / file))):
            return None, wrong
    for file, text in texts.items():
        if re.search(r"\betcd\b", f"{file} {main_of(text).container.get('image', '')}"):
            by = main_of(text).by or "its image"
            hint = "make etcd itself the command, each flag a word of its own; another program that starts etcd is not supported"
            return None, [Problem(f"{file} starts {by[:100]}, not etcd", str(folder / file), "command", hint)]
    return None, [Problem(f"no manifest of {name} runs etcd", str(folder), name, A_UNIT)]
