"""An ordinary user of this machine: the checkout, or a copy that anybody can read, and a Python that anybody can start."""

from __future__ import annotations

import atexit
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

from tests.conftest import ROOT

NOBODY = 65534
# setpriv itself looks for its program with root's rights still; the shell behind it has them no more.
BECOME = ("setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", "sh", "-c", 'exec "$0" "$@"')
NEEDED = ("generator", "templates", "tests", "examples", "pyproject.toml")
PACKAGES = tuple(p for p in sys.path if p.endswith("site-packages"))


@dataclass(frozen=True)
class User:
    """Somebody who runs the tool: `become` stands before each command, `root` is the checkout it comes from."""

    become: tuple[str, ...]
    python: str
    root: Path
    packages: tuple[str, ...]

    def command(self, program: str, *words: str) -> list[str]:
        """A Python program as this user."""
        return [*self.become, self.python, "-c", program, *words]

    @property
    def environment(self) -> dict[str, str]:
        return os.environ | {
            "PYTHONPATH": os.pathsep.join([str(self.root), str(self.root / "generator"), *self.packages])
        }

    def etcd(self, minor: str) -> Path:
        """That folder of the checkout's own cache."""
        return self.root / ".cache" / "etcd" / minor


WHOEVER_TESTS = User((), sys.executable, ROOT, PACKAGES)


@cache
def ordinary_user() -> User:
    """Whoever runs the tests, unless that is root. The test fails where nothing can be started by anybody else."""
    if os.geteuid():
        return WHOEVER_TESTS
    for python in (sys.executable, "/usr/bin/python3"):
        if _starts(user := User(BECOME, python, ROOT, PACKAGES)):
            return user
    root, packages = _copied()
    for python in ("/usr/bin/python3", os.path.realpath(sys.executable)):
        if _starts(user := User(BECOME, python, root, packages)):
            return user
    pytest.fail("no Python 3.11 or newer here that an ordinary user can start", pytrace=False)


def _starts(user: User) -> bool:
    program = "import sys, yaml, typer, etcd_renumber.cli.main, tests.conftest; sys.exit(sys.version_info < (3, 11))"
    words = user.command(program)
    return subprocess.run(words, cwd="/", capture_output=True, env=user.environment, check=False).returncode == 0


def _copied() -> tuple[Path, tuple[str, ...]]:
    """What a rehearsal and a bed need of the checkout and of its environment, for everybody to read, until the end."""
    top = Path(tempfile.mkdtemp(prefix="etcd-renumber-tests."))
    atexit.register(shutil.rmtree, top, ignore_errors=True)
    for name in (*NEEDED, ".cache/etcd"):
        source, target = ROOT / name, top / "checkout" / name
        if source.is_dir():
            shutil.copytree(source, target, symlinks=True, ignore=shutil.ignore_patterns("__pycache__", "*.lock"))
        elif source.exists():
            shutil.copy(source, target)
    packages = []
    for number, folder in enumerate(PACKAGES):
        packages.append(str(top / f"packages{number}"))
        shutil.copytree(folder, packages[-1], symlinks=True, ignore=shutil.ignore_patterns("__pycache__"))
    subprocess.run(["chmod", "-R", "a+rX", top], check=True)
    return top / "checkout", tuple(packages)
