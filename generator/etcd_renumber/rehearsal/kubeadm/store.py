"""containerd's folder with a version's images in it: made once by a host's own containerd, then copied to every host.

A copy takes a second; an import on every host at once took half a minute of two cores.
"""

from __future__ import annotations

import fcntl
import subprocess
import tempfile
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from etcd_renumber.rehearsal.gobuild import build
from etcd_renumber.rehearsal.gobuild.images import image
from etcd_renumber.rehearsal.kubeadm.machine import Machine
from etcd_renumber.rehearsal.kubeadm.programs import Programs, component, libraries

FOLDER = "/var/lib/containerd"


def furnish(machines: Iterable[Machine], programs: Programs, tell: Callable[[str], None]) -> None:
    """Start containerd with all images on hosts where it has not run yet."""
    every = list(machines)
    folder = build.cache() / f"images-{programs.key}"
    folder.parent.mkdir(parents=True, exist_ok=True)
    with open(f"{folder}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            tell("images, once")
            _make(every[0], programs, folder)
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda machine: _start(machine, folder), every))


def _start(machine: Machine, folder: Path) -> None:
    if not machine.path(FOLDER).exists():
        _copy(folder, machine.path(FOLDER))
    machine.start_containerd()


def _make(machine: Machine, programs: Programs, folder: Path) -> None:
    """Into a folder beside, then renamed."""
    machine.start_containerd()
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}.") as text:
        scratch = Path(text)
        for ref, files in programs.images.items():
            needed = {name: path for file in files.values() for name, path in libraries(file).items()}
            archive = image(files, ref, scratch / f"{component(ref)}.tar", files=needed)
            machine.load_image(archive)
            archive.unlink()
        machine.must(["systemctl", "stop", "containerd"])
        _copy(machine.path(FOLDER), scratch / "whole")
        (scratch / "whole").rename(folder)


def _copy(source: Path, to: Path) -> None:
    subprocess.run(["cp", "-a", f"{source}/.", to], check=True, capture_output=True)
