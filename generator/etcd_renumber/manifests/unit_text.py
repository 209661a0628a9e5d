"""The two grammars of systemd that say how etcd is started: an environment file, and a unit file. Text in, values out.

Rules: systemd.exec(5) (EnvironmentFile=), systemd.syntax(7), systemd.service(5) (command lines). What is rare and could be
read in two ways is a problem and not a guess: escapes by backslash, a value over two lines, quotes inside a value.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass

from etcd_renumber.model import Problem

NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
PLAIN = "write the value plainly, on one line, in the file on the host; then fetch the facts again"
COMMENT = ("#", ";")


@dataclass(frozen=True)
class Setting:
    """One NAME=value, its quotes taken off, with the line on which it begins, counted from 1."""

    name: str
    value: str
    line: int


def environment_of(text: str, place: str) -> tuple[list[Setting], list[Problem]]:
    """Every assignment of an environment file, in order. A line that is none is ignored, as systemd does."""
    found, problems = [], []
    for number, line in enumerate(text.splitlines(), 1):
        name, equals, value = line.strip().partition("=")
        if line.lstrip().startswith(COMMENT):
            if line.endswith("\\"):
                problems.append(Problem("a comment ends with a backslash", f"{place}:{number}", hint=PLAIN))
            continue
        if not equals or not NAME.fullmatch(name.strip()):
            continue
        plain, value = _unquoted(value.strip()), value.strip()
        if plain is None:
            problems.append(Problem(f"the value of {name} cannot be read: {value}", f"{place}:{number}", name, PLAIN))
        else:
            found.append(Setting(name.strip(), plain, number))
    return found, problems


def _unquoted(value: str) -> str | None:
    """A value without quotes, or in one pair of them; None for anything else."""
    if "\\" in value:
        return None
    if value[:1] in ("'", '"'):
        inner = value[1:-1]
        return inner if len(value) > 1 and value[-1] == value[0] and value[0] not in inner else None
    return value


def service_of(text: str) -> list[Setting]:
    """Every setting of the section [Service], lines that a backslash continues joined; comments among them are left out."""
    found: list[Setting] = []
    section, begun, first = "", "", 0
    for number, line in enumerate([*text.splitlines(), ""], 1):
        if line.strip().startswith(COMMENT):
            continue
        first = first if begun else number
        begun += f" {line.strip()}" if begun else line.strip()
        if begun.endswith("\\"):
            begun = begun[:-1].rstrip() + " "
            continue
        whole, begun = begun.strip(), ""
        if whole.startswith("["):
            section = whole
        name, equals, value = whole.partition("=")
        if equals and section == "[Service]":
            found.append(Setting(name.strip(), value.strip(), first))
    return found


def last(settings: list[Setting], name: str) -> list[Setting]:
    """All of this name that hold: an empty one takes back those before it."""
    found: list[Setting] = []
    for setting in settings:
        if setting.name == name:
            found = [*found, setting] if setting.value else []
    return found


def variables_of(settings: list[Setting], place: str) -> tuple[dict[str, str], list[Problem]]:
    """What Environment= sets: words, each NAME=value, in quotes or not."""
    found: dict[str, str] = {}
    problems = []
    for setting in last(settings, "Environment"):
        words = words_of(setting.value)
        if words is None:
            problems.append(
                Problem(f"Environment={setting.value} cannot be read", f"{place}:{setting.line}", hint=PLAIN)
            )
        for word in words or ():
            name, _, value = word.partition("=")
            found[name] = value
    return found, problems


def words_of(value: str) -> list[str] | None:
    """The words of a line, their quotes taken off; None where it holds a backslash or a quote without its other one."""
    try:
        return None if "\\" in value else shlex.split(value)
    except ValueError:
        return None


def filled(word: str, variables: Mapping[str, str]) -> list[str]:
    """systemd's own substitution in a command line: `$NAME` alone is as many words as its value, `${NAME}` is text."""
    alone = re.fullmatch(r"\$([A-Za-z_][A-Za-z0-9_]*)", word)
    if alone:
        return variables.get(alone[1], "").split()

    def one(match: re.Match[str]) -> str:
        return "$" if match[0] == "$$" else variables.get(match[1], "")

    return [re.sub(r"\$\$|\$\{([A-Za-z_][A-Za-z0-9_]*)\}", one, word)]


def specified(text: str, unit: str) -> str | None:
    """The text with `%n`, `%N`, `%p` and `%%` replaced; None where another specifier is left, which only the host knows."""
    stem = unit.removesuffix(".service")
    known = {"%%": "%", "%n": unit, "%N": stem, "%p": stem}
    if any(s not in known for s in re.findall(r"%.?", text)):
        return None
    return re.sub(r"%.", lambda m: known[m[0]], text)
