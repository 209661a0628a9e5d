"""The linters as tests, and the few rules of this project that no linter knows."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
BIN = Path(sys.executable).parent
SHELL = [
    *sorted(str(p.relative_to(ROOT)) for p in (ROOT / "templates").rglob("*.sh")),
    *sorted(str(p.relative_to(ROOT)) for p in (ROOT / "generator").rglob("*.*sh")),
    "tests/prerequisites.sh",
    ".ci/run",
]
PYTHON = sorted(p for p in (ROOT / "generator").rglob("*.py"))
# Right to left in the design's picture: a room imports only rooms that stand before it.
ROOMS = (
    ("model", "__init__"),
    (
        "errors",
        "addresses",
        "flags",
        "resources",
        "methods",
        "words_restore",
        "quorum",
        "sums",
        "journals",
        "outcome_control_plane",
    ),
    ("words", "intake", "manifest", "environment", "change_file", "etcd_flags", "yaml_places", "outcome"),
    ("picture", "report_lines"),
    ("report",),
    ("facts",),
    ("load",),
    ("check_addresses", "check_etcd"),
    ("check",),
    ("plan",),
    ("values", "page", "join"),
    ("over_ssh",),
    ("render",),
    ("lint", "write", "begin"),
    ("review", "evidence"),
    ("rehearsal",),
    ("show",),
    ("findings", "bundle", "signing"),
    ("carried_out",),
    ("change_report",),
    ("terminal",),
    ("cli_folder",),
    ("cli",),
)

COMMAND_LINE = ("cli", "cli_folder", "terminal", "__main__")

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
    allowed = {"print", "sys.exit", "exit", "typer.echo"} if path.stem in COMMAND_LINE else set()
    if "rehearsal" not in path.parts:
        assert calls & {"print", "sys.exit", "exit", "quit", "typer.echo"} <= allowed


def rank(name: str) -> int | None:
    return next((n for n, rooms in enumerate(ROOMS) if name in rooms), None)


@pytest.mark.parametrize("path", [p for p in PYTHON if p.parent.name == "generator"], ids=lambda p: p.stem)
def test_imports_run_one_way(path: Path) -> None:
    here = rank(path.stem)
    assert here is not None, f"{path.stem} has no place among the rooms"
    later = []
    for node in ast.walk(ast.parse(path.read_text())):
        names: list[str] = []
        if isinstance(node, ast.ImportFrom) and node.module == "generator":
            names = [alias.name for alias in node.names if not alias.name.startswith("__")]
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("generator."):
            names = [str(node.module).split(".")[1]]
        later += [n for n in names if (rank(n) if rank(n) is not None else 99) > here]  # type: ignore[operator]
    assert later == []
