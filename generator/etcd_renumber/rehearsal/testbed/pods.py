"""What kubelet's stand-in knows of pods: the manifests in the folder, and a container's process."""

from __future__ import annotations

import hashlib
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from etcd_renumber.manifests.container import process
from etcd_renumber.manifests.etcd import container_of
from etcd_renumber.manifests.pod import document_of, words_of
from etcd_renumber.rehearsal.testbed.placeholder import program

FOLDER = Path("/etc/kubernetes/manifests")
LOGS = Path("/var/log/pods")
BIN = Path("/usr/local/bin")
REAL = ("etcd", "sh", "bash")  # everything else is a placeholder


@dataclass
class Proc:
    """A pod's process. `ticks` is when it started: a pid alone may be somebody else's by now."""

    pid: int
    ticks: str
    child: subprocess.Popen[bytes] | None = None
    kill_at: float = 0.0

    def lives(self) -> bool:
        """Whether it still runs; a zombie does not."""
        if self.child:
            self.child.poll()
        return ticks_of(self.pid) == self.ticks != ""


@dataclass(frozen=True)
class Wanted:
    """One manifest. `uid` differs for other bytes and for another file; `seen` counts the files as they came."""

    uid: str
    file: str
    text: str
    seen: int


def stat_of(pid: int) -> list[str]:
    """/proc's line about a process from its state on; the state alone, X, when it is gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except OSError:
        return ["X"]


def ticks_of(pid: int) -> str:
    """When the process started, in ticks; empty when it is gone or a zombie."""
    rest = stat_of(pid)
    return "" if rest[0] in "ZX" else rest[19]


class Manifests:
    """The folder as kubelet reads it: every file that does not begin with a dot; of two for one pod the newer one."""

    def __init__(self) -> None:
        self.known: dict[str, tuple[str, str, Wanted]] = {}
        self.count = 0

    def read(self) -> dict[str, Wanted]:
        """Pod name to manifest."""
        there = {p.name: p for p in sorted(FOLDER.glob("*")) if not p.name.startswith(".") and p.is_file()}
        for gone in self.known.keys() - there.keys():
            del self.known[gone]
        for file, path in there.items():
            try:
                text = path.read_text(encoding="utf-8")
                if file in self.known and self.known[file][0] == text:
                    continue
                name = str(document_of(text)["metadata"]["name"])
                process(text)
            except (OSError, ValueError, KeyError, TypeError, yaml.YAMLError):
                continue  # half-written or no pod: what was known of this file stays
            seen = self.known[file][2].seen if file in self.known else self.count
            self.count += 1
            uid = hashlib.sha256(f"{file}\n{text}".encode()).hexdigest()[:16]
            self.known[file] = (text, name, Wanted(uid, file, text, seen))
        newest = sorted(self.known.values(), key=lambda entry: entry[2].seen)
        return {name: wanted for _, name, wanted in newest}


def start(want: Wanted) -> Proc:
    """The command of the container that counts, with exactly the manifest's arguments and environment."""
    wanted, spec = process(want.text), document_of(want.text)["spec"]
    container = container_of(want.text)
    argv = list(wanted.argv) or words_of(container) or [container["name"]]
    for volume in spec.get("volumes") or ():
        host_path(volume.get("hostPath") or {})
    executable = program_of(Path(argv[0]).name)
    env = {e["name"]: str(e.get("value", "")) for e in container.get("env") or ()}
    LOGS.mkdir(parents=True, exist_ok=True)
    with open(LOGS / f"{container['name']}.log", "ab") as log:
        child = subprocess.Popen(
            argv, executable=executable, env={"PATH": os.environ["PATH"]} | env, cwd="/",
            stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
        )  # fmt: skip
    return Proc(child.pid, ticks_of(child.pid), child)


def program_of(name: str) -> Path:
    """What runs under this name: a real etcd or shell, for everything else a placeholder."""
    if name in REAL:
        return BIN / name if name == "etcd" else Path("/bin") / name
    if not (BIN / name).exists():
        (BIN / name).write_bytes(program())
        (BIN / name).chmod(0o755)
    return BIN / name


def host_path(volume: dict[str, Any]) -> None:
    """Make what the manifest asks for, DirectoryOrCreate or FileOrCreate; below /usr, which is read-only, nothing."""
    path, kind = Path(volume.get("path", "/")), volume.get("type", "")
    if path.is_relative_to("/usr") or not kind.endswith("OrCreate"):
        return
    folder = path if kind == "DirectoryOrCreate" else path.parent
    folder.mkdir(parents=True, exist_ok=True)
    if kind == "FileOrCreate":
        path.touch()
