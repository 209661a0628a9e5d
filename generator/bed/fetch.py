"""Where etcd's binaries come from: Debian's packages of three releases, unpacked into a cache, never installed."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

# minor -> (Debian release that carries it, exact upstream version there)
RELEASES = {"3.3": ("bullseye", "3.3.25"), "3.4": ("bookworm", "3.4.23"), "3.5": ("trixie", "3.5.16")}
TOOLS = ("etcd", "etcdctl", "etcdutl")


class Missing(Exception):
    """No etcd of this version is to be had here; the text says what is missing and what to do."""


def cache_folder() -> Path:
    """$XDG_CACHE_HOME/etcd-renumber, ~/.cache/etcd-renumber without it."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "etcd-renumber"


def etcd(minor: str) -> Path:
    """A folder that holds just etcd, etcdctl and, where that version has it, etcdutl. Raises Missing."""
    folder = cache_folder() / "etcd" / minor
    if not (folder / "etcd").exists():
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent) as tmp:
            unpacked = Path(tmp) / "bin"
            unpacked.mkdir()
            from_debian(minor, Path(tmp), unpacked)
            if not folder.exists():
                unpacked.rename(folder)
    return folder


def from_debian(minor: str, tmp: Path, target: Path) -> None:
    """apt-get download with a configuration of its own, made from this machine's own sources with the release's name changed."""
    release, version = RELEASES[minor]
    for tool in ("apt-get", "apt-cache", "dpkg"):
        if shutil.which(tool) is None:
            raise Missing(
                f"etcd {minor} comes from Debian's packages and {tool} is not here: put etcd and etcdctl {minor} into {cache_folder() / 'etcd' / minor}"
            )
    options = apt_options(tmp, release)
    _apt(["apt-get", *options, "update", "-qq"], tmp)
    for package in ("etcd-server", "etcd-client"):
        listed = _apt(["apt-cache", *options, "madison", package], tmp)
        found = re.search(rf"\|\s*({re.escape(version)}\S*)", listed)
        if found is None:
            raise Missing(
                f"{package} {version} is not in {release} as this machine sees it: {listed.strip() or 'nothing listed'}"
            )
        _apt(["apt-get", *options, "download", f"{package}={found[1]}"], tmp)
    for deb in tmp.glob("*.deb"):
        _apt(["dpkg", "-x", str(deb), str(tmp / "x")], tmp)
    for tool in TOOLS:
        source = tmp / "x" / "usr" / "bin" / tool
        if source.exists():
            shutil.copy2(source, target / tool)


def apt_options(tmp: Path, release: str) -> list[str]:
    """apt's words for a private state, cache and source list below `tmp`."""
    for folder in ("state/lists/partial", "cache/archives/partial"):
        (tmp / folder).mkdir(parents=True)
    (tmp / "sources.list").write_text("".join(f"deb {uri} {release} main\n" for uri in mirrors()))
    pairs = {
        "Dir::Etc::SourceList": tmp / "sources.list",
        "Dir::Etc::SourceParts": "/dev/null",
        "Dir::State": tmp / "state",
        "Dir::State::status": "/var/lib/dpkg/status",
        "Dir::Cache": tmp / "cache",
        "APT::Sandbox::User": "root",
    }
    return [word for key, value in pairs.items() for word in ("-o", f"{key}={value}")]


def mirrors() -> list[str]:
    """The addresses from which this machine takes Debian itself: not its security updates, not other vendors' packages."""
    found: list[str] = []
    parts = Path("/etc/apt/sources.list.d")
    for path in [Path("/etc/apt/sources.list"), *(sorted(parts.iterdir()) if parts.is_dir() else [])]:
        if path.is_file():
            found += re.findall(r"(?m)^(?:deb\s+(?:\[[^]]*\]\s*)?|URIs:\s*)(https?://\S+)", path.read_text())
    kept = [u for u in dict.fromkeys(found) if u.rstrip("/").endswith("/debian")]
    if not kept:
        raise Missing(
            "no Debian mirror among this machine's package sources (/etc/apt): etcd 3.3, 3.4 and 3.5 are taken from there"
        )
    return kept[:1]


def _apt(words: list[str], folder: Path) -> str:
    done = subprocess.run(words, cwd=folder, capture_output=True, text=True)
    if done.returncode != 0:
        raise Missing(f"{' '.join(words)}: {done.stderr.strip()}")
    return done.stdout
