"""Images for containerd out of programs: one docker archive with one layer an image, the program and what it needs."""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
import subprocess
import tarfile
import tempfile
from collections.abc import Mapping
from pathlib import Path


def archive(images: Mapping[str, Path], to: Path) -> None:
    """Write an archive: image name to the program that is all there is in it, in /usr/local/bin under the component's name
    ("registry/kube-proxy:v1" to "kube-proxy"). A dynamic program brings its libraries."""
    to.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=to.parent, prefix=f".{to.name}.") as scratch:
        whole = Path(scratch) / "whole.tar"
        with tarfile.open(whole, "w") as tar:
            manifest = [_image(tar, Path(scratch), name, program) for name, program in images.items()]
            _bytes(tar, "manifest.json", json.dumps(manifest).encode())
        os.replace(whole, to)


def component(image: str) -> str:
    """ "etcd" of "registry.example/etcd:3.7.3-0"."""
    return image.rpartition("/")[2].partition(":")[0]


def _image(tar: tarfile.TarFile, scratch: Path, name: str, program: Path) -> dict[str, object]:
    layer = scratch / "layer.tar"
    with tarfile.open(layer, "w") as inside:
        _file(inside, program, f"usr/local/bin/{component(name)}")
        if component(name) == "pause":
            _file(inside, program, "pause")
        for library in _libraries(program):
            _file(inside, Path(library).resolve(), library.lstrip("/"))
    with open(layer, "rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    config = {
        "architecture": "amd64",
        "os": "linux",
        "config": {"Entrypoint": [f"/usr/local/bin/{component(name)}"], "Env": ["PATH=/usr/local/bin:/usr/bin:/bin"]},
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{digest}"]},
    }
    text = json.dumps(config).encode()
    said = hashlib.sha256(text).hexdigest()
    _bytes(tar, f"{said}.json", text)
    tar.add(layer, f"{digest}/layer.tar", filter=_plain)
    return {"Config": f"{said}.json", "RepoTags": [name], "Layers": [f"{digest}/layer.tar"]}


def _libraries(program: Path) -> list[str]:
    """The shared libraries of a dynamic program, its interpreter too; none of a static one."""
    ran = subprocess.run(["ldd", program], capture_output=True, text=True, check=False)
    return re.findall(r"(/\S+) \(0x", ran.stdout) if ran.returncode == 0 else []


def _file(tar: tarfile.TarFile, path: Path, name: str) -> None:
    member = tar.gettarinfo(path, name)
    with open(path, "rb") as file:
        tar.addfile(_plain(member), file)


def _plain(member: tarfile.TarInfo) -> tarfile.TarInfo:
    member.uid = member.gid = member.mtime = 0
    member.uname = member.gname = ""
    member.mode = 0o755
    return member


def _bytes(tar: tarfile.TarFile, name: str, text: bytes) -> None:
    member = tarfile.TarInfo(name)
    member.size = len(text)
    tar.addfile(member, io.BytesIO(text))
