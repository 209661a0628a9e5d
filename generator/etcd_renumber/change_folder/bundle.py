"""One archive for the ticket: the change folder, its evidence and its signatures. Same files, same bytes."""

from __future__ import annotations

import gzip
import hashlib
import io
import tarfile
from pathlib import Path

from etcd_renumber.change_folder.review import must_be_a_change_folder
from etcd_renumber.change_folder.write import put
from etcd_renumber.errors import Refused
from etcd_renumber.model import Problem


def bundle(folder: Path, target: Path) -> str:
    """Write `target`, a .tar.gz of every plain file below `folder`, and return its sha256.

    Sorted by name, no owner, no time: two people who bundle the same folder get the same hash. Raises Refused for no
    change folder, for a link in it, and for a target inside it.
    """
    must_be_a_change_folder(folder)
    if target.resolve().is_relative_to(folder.resolve()):
        raise Refused(
            Problem("the bundle would contain itself", str(target), hint="write it outside of the folder, with -o")
        )
    try:
        packed = _packed(folder)
    except OSError as error:
        raise Refused(Problem(f"{error.strerror}: {error.filename}", str(folder))) from None
    put(target, packed)
    return hashlib.sha256(packed).hexdigest()


def _packed(folder: Path) -> bytes:
    raw = io.BytesIO()
    name = folder.resolve().name
    with (
        gzip.GzipFile(filename="", mode="wb", fileobj=raw, mtime=0) as packer,
        tarfile.open(mode="w", fileobj=packer, format=tarfile.PAX_FORMAT) as archive,
    ):
        for path in sorted(folder.rglob("*"), key=lambda p: p.relative_to(folder).as_posix()):
            inside = path.relative_to(folder).as_posix()
            if path.is_symlink():
                raise Refused(
                    Problem(
                        "this is a link", str(path), hint="replace it by the file: a change folder has plain files only"
                    )
                )
            if path.is_file() and not any(part.startswith(".") for part in inside.split("/")):
                _add(archive, path, f"{name}/{inside}")
    return raw.getvalue()


def _add(archive: tarfile.TarFile, path: Path, name: str) -> None:
    content = path.read_bytes()
    entry = tarfile.TarInfo(name)
    entry.size = len(content)
    entry.mode = 0o755 if name.endswith(".sh") else 0o644
    archive.addfile(entry, io.BytesIO(content))
