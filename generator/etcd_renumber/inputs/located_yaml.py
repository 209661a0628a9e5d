"""YAML with the place of every key: a mistake is named by line and column, and a key that stands twice is one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from etcd_renumber.errors import Refused
from etcd_renumber.manifests.nodes import UNFIT
from etcd_renumber.model import Problem

LARGEST = 1_000_000  # bytes; a mapping of a hundred members has ten thousand


def read(path: Path) -> tuple[Any, dict[str, str], list[Problem]]:
    """(data, places, problems) of one YAML file; places maps `members.0.new` to `FILE:LINE:COLUMN`.

    Raises Refused when there is nothing that could be read as one YAML document.
    """
    text = read_text(path)
    try:
        loader = yaml.SafeLoader(text)
        node = loader.get_single_node()
        has_alias = node is not None and _stands_twice(node)
        data = loader.construct_document(node) if node is not None and not has_alias else None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = f"{path}:{mark.line + 1}:{mark.column + 1}" if mark else str(path)
        hint = "indent with spaces, put a space after each colon, quote values that begin with a special character"
        raise Refused(Problem(f"this is not YAML: {error.problem or error.context}", place, hint=hint)) from None
    except (yaml.YAMLError, RecursionError) as error:
        raise Refused(Problem(f"this is not YAML: {error}", str(path))) from None
    except UNFIT as error:
        hint = "remove tags (words with !! before a value), and quote dates and numbers that are meant as text"
        raise Refused(Problem(f"a value does not fit its tag or form: {error}", str(path), hint=hint)) from None
    if node is None:
        raise Refused(Problem("the file is empty", str(path), hint="`etcd-renumber init DIR` writes one to begin with"))
    if has_alias:
        raise Refused(Problem("YAML anchors and aliases are not supported", str(path), hint="write out the value"))
    return data, *places_of(node, path)


def places_of(node: yaml.Node | None, path: Path | str) -> tuple[dict[str, str], list[Problem]]:
    """The place of every key of a document, and a problem for each that stands twice."""
    places: dict[str, str] = {}
    return places, list(_walk(node, "", path, places)) if node is not None else []


def read_text(path: Path) -> str:
    """The text of a file as its bytes are. Raises Refused when it is missing, a folder, too large or no UTF-8 text."""
    try:
        if path.stat().st_size > LARGEST:
            raise Refused(
                Problem(f"the file has {path.stat().st_size} bytes", str(path), hint="check that it is the right file")
            )
        return path.read_bytes().decode("utf-8")
    except UnicodeDecodeError:
        raise Refused(
            Problem("this is not UTF-8 text", str(path), hint="check that it is the right file, saved as UTF-8")
        ) from None
    except OSError as error:
        raise Refused(
            Problem(f"this cannot be read: {error.strerror}", str(path), hint="check the path and its permissions")
        ) from None


def _stands_twice(document: yaml.Node) -> bool:
    """Whether any node of it is in two places: only an alias does that."""
    todo, seen = [document], set()
    while todo:
        node = todo.pop()
        if id(node) in seen:
            return True
        seen.add(id(node))
        if isinstance(node, yaml.MappingNode):
            todo += [part for pair in node.value for part in pair]
        elif isinstance(node, yaml.SequenceNode):
            todo += node.value
    return False


def _walk(node: yaml.Node, key: str, path: Path | str, places: dict[str, str]) -> Iterator[Problem]:
    """Notes the place of every value; yields keys that stand twice."""
    places[key] = _place(path, node)
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for name, value in node.value:
            below = f"{key}.{name.value}" if key else str(name.value)
            if name.value in seen:
                yield Problem(f"the key {name.value} is there twice", _place(path, name), below, "keep one of them")
            seen.add(name.value)
            yield from _walk(value, below, path, places)
            places[below + ":key"] = _place(path, name)
    elif isinstance(node, yaml.SequenceNode):
        for number, value in enumerate(node.value):
            yield from _walk(value, f"{key}.{number}" if key else str(number), path, places)


def _place(path: Path | str, node: yaml.Node) -> str:
    return f"{path}:{node.start_mark.line + 1}:{node.start_mark.column + 1}"
