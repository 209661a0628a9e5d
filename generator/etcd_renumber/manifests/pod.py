"""A static pod as kubelet takes it: its first document, the container that matters, and the program which that one starts."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import PurePosixPath
from typing import Any, Literal

import yaml

from etcd_renumber.manifests.nodes import UNFIT
from etcd_renumber.model import Problem

LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
PROGRAMS = ("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler")
SHELLS = ("sh", "bash", "ash", "dash")
# What ends the arguments of a command in a shell: the next command, or where its output goes.
END = re.compile(r"[|&;()]+|\d*[<>].*")
NAMED = re.compile(r"--?[A-Za-z][\w-]*")  # a flag whose value may be the next word
# "plain": its own arguments; "image": the image says which program; "wrapped": another program starts it; "text": no list.
How = Literal["plain", "image", "wrapped", "text"]


@dataclass(frozen=True)
class Started:
    """What a container starts. `program` is empty where only the image knows it, `by` is the first word of the command."""

    program: str
    arguments: tuple[str, ...] = ()
    how: How = "image"
    by: str = ""
    container: Mapping[str, Any] = field(default_factory=dict, compare=False)
    number: int = 0


@lru_cache(maxsize=256)  # every rule asks for it again, and parsing YAML is nearly all of a rendering's time
def document_of(text: str) -> Mapping[str, Any]:
    """The first document, the only one that kubelet reads; empty where it is no mapping. One answer for all who ask."""
    try:
        found = next(iter(yaml.load_all(text, Loader=LOADER)), None)  # noqa: S506: LOADER is a safe one
        return found if isinstance(found, dict) else {}
    except (yaml.YAMLError, RecursionError, *UNFIT):
        return {}


def containers_of(text: str) -> list[Mapping[str, Any]]:
    """Those of the pod that are mappings, in their order."""
    spec = document_of(text).get("spec")
    return [c if isinstance(c, dict) else {} for c in list_of(spec.get("containers"))] if isinstance(spec, dict) else []


@lru_cache(maxsize=256)
def main_of(text: str) -> Started:
    """The container that runs a program of the control plane, else the first one."""
    every = [_started(c, n) for n, c in enumerate(containers_of(text))]
    known = sorted((s for s in every if s.program in PROGRAMS), key=lambda s: s.how != "plain")
    return (known or every or [Started("")])[0]


def words_of(container: Mapping[str, Any]) -> list[str]:
    """Command and args together, as text."""
    return [str(w) for part in ("command", "args") for w in list_of(container.get(part))]


def list_of(value: Any) -> list[Any]:
    """The value where it is a list, else nothing: what is not as kubelet wants it says nothing."""
    return value if isinstance(value, list) else []


def _started(container: Mapping[str, Any], number: int) -> Started:
    command, words = container.get("command"), words_of(container)

    def made(program: str, arguments: Sequence[str], how: How) -> Started:
        by = str(command) if isinstance(command, str) else words[0] if words else ""
        return Started(program, tuple(arguments), how, by, container, number)

    if isinstance(command, str) or (list_of(command) and " " in words[0].strip()):
        return made(*_in_a_shell(str(command) if isinstance(command, str) else words[0]), "text")
    if not list_of(command):
        image = re.sub(r"[:@].*", "", PurePosixPath(str(container.get("image", ""))).name)
        if image in PROGRAMS and not (words and PurePosixPath(words[0]).name == image):
            return made(image, words, "image")
        return made(*(_among(words) or ("", words)), "image")
    name = PurePosixPath(words[0]).name
    if name in PROGRAMS:
        return made(name, words[1:], "plain")
    inside = _among(words[1:]) or next(
        (f for w in words[1:] if " " in w or "\n" in w if (f := _in_a_shell(w))[0]), None
    )
    return made(*inside, "wrapped") if inside else made(name, words[1:], "plain")


def _among(words: Sequence[str]) -> tuple[str, list[str]] | None:
    """A program of the control plane among these words, as `/hyperkube kube-apiserver …`; no value of another's flag."""
    for number, word in enumerate(words):
        name = PurePosixPath(word).name
        if name in PROGRAMS and word[0] != "-" and (number == 0 or not NAMED.fullmatch(words[number - 1])):
            return name, list(words[number + 1 :])
    return None


def _in_a_shell(script: str) -> tuple[str, list[str]]:
    """The program of the control plane that this script starts, with its arguments; an empty name where it starts none."""
    lexer = shlex.shlex(script.replace("\\\n", " ").replace("\n", " ; "), posix=True, punctuation_chars="|&;()")
    lexer.whitespace_split, lexer.commenters = True, ""
    try:
        words = list(lexer)
    except ValueError:
        words = script.split()
    for number, word in enumerate(words):
        name, rest = PurePosixPath(word).name, words[number + 1 :]
        if name in PROGRAMS and word[0] != "-" and not word.endswith("/") and _is_command(words[:number], rest):
            return name, rest[: next((n for n, w in enumerate(rest) if END.fullmatch(w)), len(rest))]
    return "", []


def _is_command(before: Sequence[str], after: Sequence[str]) -> bool:
    """Whether a word is a command there, and no folder: `exec etcd`, `nice etcd --name=…`, not `mkdir /var/lib/etcd`."""
    return (
        bool(after and after[0].startswith("-"))
        or not before
        or before[-1] == "exec"
        or bool(END.fullmatch(before[-1]))
    )


def not_a_pod(text: str, place: str) -> list[Problem]:
    """What keeps kubelet from reading this file as a pod, the first thing of it, with line and key; nothing where it is one."""
    try:
        node = next(iter(yaml.compose_all(text, Loader=LOADER)), None)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f"{place}:{mark.line + 1}:{mark.column + 1}" if mark else place
        hint = "fetch the file again; if it is the same on the host, correct it there (a tab cannot indent in YAML)"
        return [Problem(f"this is not YAML: {error.problem or error.context}", where, hint=hint)]
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        return [Problem(f"this is not YAML: {str(error).splitlines()[0]}", place, hint="fetch the file again")]
    wrong = _wrong(node, SHAPE, "") if node is not None else ("the file is empty", "", None)
    if wrong is None and not document_of(text):
        wrong = "a value does not fit its tag (!!) or its form (a date)", "", None
    if wrong is None:
        return []
    fact, key, at = wrong
    where = f"{place}:{at.start_mark.line + 1}" if at is not None else place
    return [
        Problem(
            f"kubelet cannot read this file as a pod: {fact}", where, key, "correct it on the host; then fetch it again"
        )
    ]


# dict: a mapping that has these keys; a key that may be missing ends with "?". list: of such items. str: a text.
SHAPE: Any = {
    "spec": {
        "containers": [
            {
                "command?": [str],
                "args?": [str],
                "image?": str,
                "env?": [{"name": str}],
                "volumeMounts?": [{"mountPath": str, "name": str}],
            }
        ],
        "volumes?": [{"name": str, "hostPath?": {"path": str}}],
    }
}


def _wrong(node: Any, shape: Any, key: str) -> tuple[str, str, Any] | None:
    """(fact, dotted key, node) of the first place that is otherwise."""
    name = key or "the document"
    if shape is str:
        return None if isinstance(node, yaml.ScalarNode) else (f"{name} is no text", key, node)
    if isinstance(shape, list):
        if not isinstance(node, yaml.SequenceNode):
            return f"{name} is no list", key, node
        below = (_wrong(item, shape[0], f"{key}.{n}") for n, item in enumerate(node.value))
        return next((found for found in below if found), None)
    if not isinstance(node, yaml.MappingNode):
        return f"{name} is no mapping", key, node
    there = {str(k.value): v for k, v in node.value if isinstance(k, yaml.ScalarNode)}
    for wanted, inner in shape.items():
        plain = wanted.removesuffix("?")
        child = there.get(plain)
        if child is None or (isinstance(child, yaml.ScalarNode) and child.tag.endswith(":null")):
            if plain == wanted and "<<" not in there:
                return f"{name} has no {plain}", f"{key}.{plain}".lstrip("."), node
            continue
        found = _wrong(child, inner, f"{key}.{plain}".lstrip("."))
        if found:
            return found
    return None
