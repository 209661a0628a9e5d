"""The folder rehearsal/ of a change folder: whatever a rehearsal writes is in there, also what a killed one left."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from etcd_renumber.errors import Refused
from etcd_renumber.model import Problem
from etcd_renumber.records.run import FILE, FOLDER

SCRATCH = ".running"  # holds everything half-written and temporary; it goes when the rehearsal ends


@contextmanager
def results(folder: Path) -> Iterator[Path]:
    """The scratch folder of this rehearsal, empty; temporary files of this process go there too. One at a time.

    Raises Refused while another one runs, or where nobody may write.
    """
    top = folder / FOLDER
    try:
        top.mkdir(exist_ok=True)
        lock = os.open(top, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        raise Refused(Problem(f"{error.strerror}: {top}", hint="a rehearsal writes its report there")) from None
    _lock(lock, top)
    before, scratch = tempfile.tempdir, top / SCRATCH
    try:
        shutil.rmtree(scratch, ignore_errors=True)
        scratch.mkdir(mode=0o700)
        tempfile.tempdir = str(scratch)
        yield scratch
    finally:
        tempfile.tempdir = before
        shutil.rmtree(scratch, ignore_errors=True)
        os.close(lock)
        if not any(top.iterdir()):
            top.rmdir()


def _lock(lock: int, top: Path) -> None:
    """The lock is on the folder itself and ends with this process, however that ends."""
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        raise Refused(Problem("another rehearsal of this folder runs", str(top), hint="wait until it ends")) from None


def put(scratch: Path, files: dict[str, str]) -> None:
    """The files in place of those of an earlier rehearsal: whole ones only, the record last."""
    for name in sorted(files, key=lambda name: name == FILE):
        beside = scratch / name
        beside.write_text(files[name], encoding="utf-8")
        os.replace(beside, scratch.parent / name)
