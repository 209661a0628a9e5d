"""Bash as a syntax tree, by shfmt: the commands of templates/ with the functions that they stand in."""

from __future__ import annotations

import functools
import json
import subprocess
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.pki import TEMPLATES

BIN = Path(sys.executable).parent
BASH = sorted(TEMPLATES.glob("runbook/*/*.sh"))


@dataclass(frozen=True)
class Call:
    """A command as it is written, word by word, the function that it stands in, and where."""

    text: str
    words: tuple[str, ...]
    function: str
    place: str

    @property
    def name(self) -> str:
        return self.words[0]


@functools.cache
def read(file: Path) -> tuple[bytes, object]:
    source = file.read_bytes()
    ran = subprocess.run([BIN / "shfmt", "--to-json"], input=source, capture_output=True, check=True)
    return source, json.loads(ran.stdout)


def nodes(tree: object, function: str = "") -> Iterator[tuple[dict[str, object], str]]:
    """Every node of a syntax tree, with the function that it stands in."""
    if isinstance(tree, list):
        for entry in tree:
            yield from nodes(entry, function)
    elif isinstance(tree, dict):
        if tree.get("Type") == "FuncDecl":
            function = tree["Name"]["Value"]
        yield tree, function
        for value in tree.values():
            yield from nodes(value, function)


def written(source: bytes, node: dict) -> str:  # type: ignore[type-arg]
    return source[node["Pos"]["Offset"] : node["End"]["Offset"]].decode()


def calls(file: Path) -> Iterator[Call]:
    source, tree = read(file)
    for node, function in nodes(tree):
        if node.get("Type") == "CallExpr" and node.get("Args"):
            args: list[dict] = node["Args"]  # type: ignore[assignment,type-arg]
            place = f"{file.parent.name}/{file.name}:{args[0]['Pos']['Line']}"
            yield Call(written(source, node), tuple(written(source, a) for a in args), function, place)


@functools.cache
def functions(files: Iterable[Path] = BASH) -> frozenset[str]:
    return frozenset(
        node["Name"]["Value"]  # type: ignore[index]
        for file in files
        for node, _ in nodes(read(file)[1])
        if node.get("Type") == "FuncDecl"
    )
