"""Every command that can change a host: the `run` lines of a method's bash, with the phases that can reach them.

The parts are written in one style (a function begins at the margin and ends with a brace there), so that reading them takes no
parser. That nothing else in them changes anything, tests/test_changes.py holds against bash's syntax tree.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache

from etcd_renumber.assets import template
from etcd_renumber.methods.method import Method, Script

FUNCTION = re.compile(r"^([a-z_0-9]+)\(\) (?:\{\n(.*?)^\}|\{ ([^\n]*?) ?\}(?: +#[^\n]*)?$)", re.MULTILINE | re.DOTALL)
COMMAND = re.compile(r"(?:^|[;{|&]|\bthen|\bdo|\belse)\s*run(?:_and_look)? (.+)$", re.MULTILINE)
ITS_END = re.compile(r"( \|\| .*| && .*| # .*|;|; done|; \}|; fi)$")
# A command that was put together before: etcdctl's words by ctl_line in the same function, others in a list of that name.
WORDS = re.compile(r'"\$\{([a-z]+)_words\[@\]\}"$')
ETCDCTL = re.compile(r'ctl_line (?:"[^"]*"|\S+) (.+)$', re.MULTILINE)
VERSION_3 = '${api[@]+"${api[@]}"} '  # env ETCDCTL_API=3, where this etcdctl wants to be told
RUNNERS = ("run", "run_and_look")


def commands(method: Method | Script) -> list[tuple[str, str]]:
    """(a command as the runbook's bash has it, the phases and undos that can come to it), in the order of the bash."""
    reached = reach(method)
    found: dict[str, list[str]] = {}
    for name, its_commands in _commands_of(method.parts).items():
        for command in its_commands:
            verbs = found.setdefault(command, [])
            verbs += [verb for verb, names in reached.items() if verb and name in names and verb not in verbs]
    return [(command, ", ".join(verbs)) for command, verbs in found.items() if verbs]


def reach(method: Method | Script) -> dict[str, set[str]]:
    """Phase, or "undo PHASE", to the functions that it can come to: phases first, and under "" what every run can."""
    known = _known(method.parts)
    undo = {f"undo {phase.name}": phase.undo for phase in method.phases if phase.undo}
    verbs = {phase.name: phase.steps for phase in method.phases} | undo | {"": ("main",)}
    return {verb: reachable(steps, known) for verb, steps in verbs.items()}


@lru_cache(maxsize=32)
def _known(parts: tuple[str, ...]) -> Mapping[str, set[str]]:
    """Each function of these files to those that it names."""
    bodies = functions(parts)
    return {name: calls(body, bodies) for name, body in bodies.items()}


@lru_cache(maxsize=32)
def _commands_of(parts: tuple[str, ...]) -> Mapping[str, list[str]]:
    """Each function of these files to its commands."""
    bodies = functions(parts)
    return {name: _commands(name, body, bodies) for name, body in bodies.items()}


@lru_cache(maxsize=32)
def functions(parts: tuple[str, ...]) -> Mapping[str, str]:
    """Name to body of every function of these files; lines that a backslash joins are one, comment lines are left out."""
    found: dict[str, str] = {}
    for part in parts:
        text = re.sub(r"\\\n\s*", "", re.sub(r"^\s*#.*\n", "", template(part), flags=re.MULTILINE))
        found |= {m[1]: m[2] if m[2] is not None else m[3] for m in FUNCTION.finditer(text)}
    return found


def calls(body: str, names: Mapping[str, str]) -> set[str]:
    """The functions whose names stand in it, in single quotes or not: rather one too many."""
    return set(re.findall(r"[a-z_0-9]+", body)) & set(names)


def reachable(steps: Iterable[str], known: Mapping[str, set[str]]) -> set[str]:
    """These functions, and every one that they can come to."""
    found: set[str] = set()
    waiting = [step for step in steps if step in known]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += known[name]
    return found


def _commands(name: str, body: str, bodies: Mapping[str, str]) -> list[str]:
    if name in RUNNERS:
        return []
    found: list[str] = []
    for match in COMMAND.finditer(body) if "run" in body else ():
        command, before = match[1].strip().replace(VERSION_3, ""), ""
        while command != before:
            before, command = command, ITS_END.sub("", command)
        put_together = WORDS.match(command)
        found += _put_together(put_together[1], body, bodies) if put_together else [command]
    return found


def _put_together(name: str, body: str, bodies: Mapping[str, str]) -> list[str]:
    """What stands in the list of words: there is one function that fills it."""
    if name == "ctl":
        return [f"etcdctl {words.strip()}" for words in ETCDCTL.findall(body)]
    lists = [re.search(rf"\b{name}_words=\((.+?)\)$", text, re.MULTILINE | re.DOTALL) for text in bodies.values()]
    return [" ".join(match[1].replace(VERSION_3, "").split()) for match in lists if match]
