"""The linters as tests, and the few rules of this project that no linter knows."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest
from etcd_renumber.methods import METHODS

ROOT = Path(__file__).parent.parent
BIN = Path(sys.executable).parent
SHELL = [
    *sorted(str(p.relative_to(ROOT)) for p in (ROOT / "templates").rglob("*.sh")),
    *sorted(str(p.relative_to(ROOT)) for p in (ROOT / "generator" / "etcd_renumber").rglob("*.*sh")),
    "tests/prerequisites.sh",
    ".ci/run",
]
PYTHON = sorted(p for p in (ROOT / "generator" / "etcd_renumber").rglob("*.py"))
GENERATOR = ROOT / "generator" / "etcd_renumber"
ROOMS = (  # floor by floor: a file imports from its own room and from floors below, never from beside or above
    ("__init__", "quorum", "hashes", "assets", "etcd_on_host"),
    ("methods",),
    ("model", "records"),
    ("errors", "addresses"),
    ("manifests", "evidence"),
    ("inputs", "checks", "planning"),
    ("rendering",),
    ("change_folder", "reports"),
    ("rehearsal",),
    ("cli",),
    ("__main__",),
)

LINTERS = [
    ["ruff", "check", "."],
    ["ruff", "format", "--check", "."],
    ["mypy"],
    ["shfmt", "-i", "2", "-ci", "-d", *SHELL],
]


@pytest.mark.parametrize("command", LINTERS, ids=[" ".join(c[:2]) for c in LINTERS])
def test_a_linter_has_nothing_to_say(command: list[str]) -> None:
    ran = subprocess.run([str(BIN / command[0]), *command[1:]], cwd=ROOT, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr


# What a part means to say to another part: names come from there, and ShellCheck sees one file at a time. The rendered
# runbook, where all parts are one file, is checked without these.
ELSEWHERE = "SC2154,SC2034,SC2153,SC2329,SC2317"


def test_shellcheck_has_nothing_to_say_about_the_parts() -> None:
    command = [str(BIN / "shellcheck"), "--norc", "--shell=bash", f"--exclude={ELSEWHERE}", *SHELL]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout


@pytest.mark.parametrize("name", SHELL)
def test_no_jinja_in_bash(name: str) -> None:
    text = (ROOT / name).read_text()
    assert [mark for mark in ("{{", "{%", "{#") if mark in text.replace("${#", "")] == []


@pytest.mark.parametrize("name", [n for n in SHELL if n.startswith("templates/")])
def test_no_assignment_ends_the_script_because_its_reader_left_first(name: str) -> None:
    """`x=$(command | head -n 1)` under pipefail: command dies of SIGPIPE now and then, and errexit ends the script."""
    lines = (ROOT / name).read_text().splitlines()
    assert [
        line for line in lines if "=$(" in line and ("| head" in line or "| grep -q" in line) and "|| true" not in line
    ] == []


@pytest.mark.parametrize("path", [*PYTHON, *(ROOT / n for n in SHELL)], ids=lambda p: str(p.relative_to(ROOT)))
def test_a_file_is_short_enough_to_be_read(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= 220


@pytest.mark.parametrize("path", PYTHON, ids=lambda p: p.stem)
def test_only_the_command_line_prints_or_exits(path: Path) -> None:
    calls = {ast.unparse(n.func) for n in ast.walk(ast.parse(path.read_text())) if isinstance(n, ast.Call)}
    if not {GENERATOR / "cli", GENERATOR / "rehearsal"} & set(path.parents):
        assert not calls & {"print", "sys.exit", "exit", "quit", "typer.echo"}


def floor(name: str) -> int | None:
    return next((n for n, rooms in enumerate(ROOMS) if name in rooms), None)


@pytest.mark.parametrize("path", [p for p in PYTHON if GENERATOR in p.parents], ids=lambda p: str(p.relative_to(ROOT)))
def test_imports_run_one_way(path: Path) -> None:
    room = path.relative_to(GENERATOR).parts[0].removesuffix(".py")
    here = floor(room)
    assert here is not None, f"{room} has no place among the rooms"
    for node in ast.walk(ast.parse(path.read_text())):
        if not isinstance(node, ast.ImportFrom) or (node.module or "").partition(".")[0] != "etcd_renumber":
            continue
        _, *inside = str(node.module).split(".")
        for name in inside[:1] or [alias.name for alias in node.names if not alias.name.startswith("__")]:
            there = floor(name)
            assert there is not None and (there < here or name == room), f"{room} imports from {name}"


@pytest.mark.parametrize(
    "path", [p for p in PYTHON if p.parent.name != "methods"], ids=lambda p: str(p.relative_to(ROOT))
)
def test_nobody_but_a_method_asks_which_method_it_is(path: Path) -> None:
    """What differs is a field of the method's value. A name as a default, in a text or as the mapping's own is no question."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Compare | ast.MatchValue):
            words = {n.value for n in ast.walk(node) if isinstance(n, ast.Constant)}
            assert not words & METHODS.keys(), ast.unparse(node)
        elif isinstance(node, ast.Dict):
            words = {key.value for key in node.keys if isinstance(key, ast.Constant)}
            assert len(words & METHODS.keys()) < 2, ast.unparse(node)


@pytest.mark.parametrize("name", [n for n in SHELL if n.startswith("templates/")])
def test_no_bash_asks_which_method_it_is(name: str) -> None:
    assert [line for line in (ROOT / name).read_text().splitlines() if "[[" in line and "$METHOD" in line] == []
