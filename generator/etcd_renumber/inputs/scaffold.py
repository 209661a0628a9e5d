"""The first files of a change, and what to do next. Nothing that is there already is touched."""

from __future__ import annotations

import shlex
from pathlib import Path

from etcd_renumber.assets import folder
from etcd_renumber.errors import Refused
from etcd_renumber.inputs.tables.reading import Row
from etcd_renumber.model import Problem

EXAMPLE = "three-masters"
# Where kubeadm keeps them: every file, since kubelet runs each that does not begin with a dot; a public certificate, no key.
MANIFESTS = "/etc/kubernetes/manifests/*"
CA = "/etc/kubernetes/pki/etcd/ca.crt"


def example() -> dict[str, bytes]:
    """Every file of the example, path below its folder to bytes."""
    top = folder("examples") / EXAMPLE
    return {p.relative_to(top).as_posix(): p.read_bytes() for p in sorted(top.rglob("*")) if p.is_file()}


def begin(target: Path, files: dict[str, bytes]) -> None:
    """Write the files below `target`. Raises Refused, before the first one, with every file that is there already."""
    there = [target / name for name in files if (target / name).exists() or (target / name).is_symlink()]
    if there:
        hint = "nothing was written; name another folder, or remove it first"
        raise Refused(*(Problem("this file exists already", str(path), hint=hint) for path in there))
    try:
        for name, content in files.items():
            path = target / name
            path.parent.mkdir(parents=True, exist_ok=True)
            with open(path, "xb") as file:
                file.write(content)
    except OSError as error:
        raise Refused(Problem(f"{error.strerror}: {error.filename}", str(target))) from None


def fetching(target: Path, rows: tuple[Row, ...]) -> list[str]:
    """The commands that bring the facts of these members here, ready to be pasted; no secret is among the files."""
    lines = []
    for row in rows:
        host = f"root@[{row.old}]" if row.old.version == 6 else f"root@{row.old}"
        facts = target / "facts" / row.name
        manifests, pki = shlex.quote(f"{facts}/manifests/"), shlex.quote(f"{facts}/pki/etcd/")
        lines += [
            f"mkdir -p {manifests} {pki}",
            f"scp {shlex.quote(f'{host}:{MANIFESTS}')} {manifests}",
            f"scp {shlex.quote(f'{host}:{CA}')} {pki}",
        ]
    return lines
