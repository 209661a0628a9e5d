"""Images for containerd out of programs: a docker archive with one layer, for `ctr -n k8s.io images import`."""

from __future__ import annotations

import hashlib
import io
import json
import platform
import tarfile
import tempfile
from collections.abc import Mapping
from pathlib import Path

PATHS = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
MACHINES = {"x86_64": "amd64", "aarch64": "arm64"}


def image(
    programs: Path | Mapping[str, Path], ref: str, to: Path, *entry: str, files: Mapping[str, Path] | None = None
) -> Path:
    """Write the archive `to` with the image `ref` ("registry/etcd:3.7.3-0"), and return `to`. Same input, same bytes.

    `programs` are in /usr/local/bin, with a link in /: one under its own name, several by name in the image and file
    ({"etcd": …, "etcdctl": …}). The image starts `entry`, without one the first program. `files` are what else is in it, by
    path: the libraries of a program that is not static.
    """
    wanted = {programs.name: programs} if isinstance(programs, Path) else dict(programs)
    to.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=to.parent, prefix=f".{to.name}.") as scratch:
        layer, whole = Path(scratch) / "layer.tar", Path(scratch) / "whole.tar"
        with tarfile.open(layer, "w") as tar:
            _fill(tar, wanted, files or {})
        with open(layer, "rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        config = json.dumps(
            {
                "architecture": MACHINES.get(platform.machine(), platform.machine()),
                "os": "linux",
                "config": {"Entrypoint": list(entry or [f"/usr/local/bin/{next(iter(wanted))}"]), "Env": [PATHS]},
                "rootfs": {"type": "layers", "diff_ids": [f"sha256:{digest}"]},
            }
        ).encode()
        names = f"{hashlib.sha256(config).hexdigest()}.json", f"{digest}/layer.tar"
        manifest = [{"Config": names[0], "RepoTags": [ref], "Layers": [names[1]]}]
        with tarfile.open(whole, "w") as tar:
            _add(tar, names[0], config)
            _add(tar, names[1], layer)
            _add(tar, "manifest.json", json.dumps(manifest).encode())
        whole.rename(to)
    return to


def _fill(tar: tarfile.TarFile, programs: Mapping[str, Path], files: Mapping[str, Path]) -> None:
    for folder, mode in (("tmp", 0o1777), ("usr", 0o755), ("usr/local", 0o755), ("usr/local/bin", 0o755)):
        there = tarfile.TarInfo(folder)
        there.type, there.mode = tarfile.DIRTYPE, mode
        tar.addfile(there)
    for name, path in programs.items():
        _add(tar, f"usr/local/bin/{name}", path, 0o755)
        link = tarfile.TarInfo(name)
        link.type, link.linkname = tarfile.SYMTYPE, f"usr/local/bin/{name}"
        tar.addfile(link)
    for name, path in files.items():
        _add(tar, name.lstrip("/"), path, 0o755)


def _add(tar: tarfile.TarFile, name: str, content: Path | bytes, mode: int = 0o644) -> None:
    """Of root, dated 1970: nothing of this machine."""
    member = tarfile.TarInfo(name)
    member.mode = mode
    with open(content, "rb") if isinstance(content, Path) else io.BytesIO(content) as file:
        member.size = content.stat().st_size if isinstance(content, Path) else len(content)
        tar.addfile(member, file)
