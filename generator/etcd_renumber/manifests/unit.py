"""An etcd that systemd runs: its unit file and its environment file, as the member that they make, and renumbered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import PurePosixPath

from etcd_renumber.etcd_on_host import Etcd, Process, Unit
from etcd_renumber.manifests.etcd import NEEDED, flags_in, flags_of_variables, member_of
from etcd_renumber.manifests.unit_exchange import with_new_addresses_in_unit
from etcd_renumber.manifests.unit_text import (
    Setting,
    environment_of,
    filled,
    last,
    service_of,
    specified,
    variables_of,
    words_of,
)
from etcd_renumber.model import Address, Facts, Manifest, Problem

UNITS = "/etc/systemd/system"  # where a unit that an administrator has written lies
ONLY_ENV = "/etc/etcd.env"  # where Kubespray and KubeKey put it; without a unit file nothing else says it
SHELL = "start `etcd` itself in ExecStart: the runbook identifies the process by its arguments and variables"
ON_HOST = "write the value itself into the unit or its environment file on the host; then fetch the facts again"
NOT_A_FLAG = "unsupported-arch"  # ETCD_UNSUPPORTED_ARCH: etcd reads it beside its flags


def is_unit_file(name: str) -> bool:
    """Whether a file of this name, beside manifests/, belongs to etcd's unit."""
    return name.endswith((".service", ".env"))


def unit_of(files: Mapping[str, str], folder: str) -> tuple[Unit | None, list[Problem]]:
    """The unit that these files make (name to text), or None and why they cannot be read. `folder` is theirs."""
    units, envs = ([n for n in sorted(files) if n.endswith(end)] for end in (".service", ".env"))
    if len(units) > 1 or len(envs) > 1:
        hint = "keep the unit that runs etcd, and the one environment file that it reads"
        return None, [Problem(f"more than one file of a kind: {', '.join([*units, *envs])}", folder, hint=hint)]
    name = units[0] if units else f"{envs[0].removesuffix('.env')}.service"
    place = f"{folder}/{name}"
    settings = service_of(files[units[0]]) if units else []
    variables, problems = variables_of(settings, place)
    given: list[Setting] = []
    if envs:
        given, wrong = environment_of(files[envs[0]], f"{folder}/{envs[0]}")
        problems += wrong
    path, wrong_path = _path_of_env(settings, name, place, bool(envs)) if units else (ONLY_ENV, [])
    problems += wrong_path
    variables |= {s.name: s.value for s in given}
    program, arguments, wrong_command = _command(settings, name, place, variables) if units else ("", (), [])
    problems += wrong_command
    for variable, value in variables.items():
        if variable.startswith("ETCD_") and variable not in {s.name for s in given}:
            whole = specified(value, name)
            problems += (
                []
                if whole is not None
                else [Problem(f"{variable}={value}: only the host knows it", place, variable, ON_HOST)]
            )
            variables[variable] = whole or value
    if problems:
        return None, problems
    paths = {envs[0]: path} if envs else {}
    if units:
        own = {units[0]: f"{UNITS}/{name}"}
        paths = {**paths, **own} if "ETCD_LISTEN_PEER_URLS" in {s.name for s in given} else {**own, **paths}
    return Unit(name, program, arguments, variables, paths), []


def _path_of_env(settings: list[Setting], name: str, place: str, given: bool) -> tuple[str, list[Problem]]:
    """Where the host has the environment file, by EnvironmentFile=; a leading `-` says that it may be missing."""
    lines = last(settings, "EnvironmentFile")
    if len(lines) > 1:
        hint = "put all of them into one file on the host; then fetch the facts again"
        return "", [
            Problem(f"it reads {len(lines)} environment files", f"{place}:{lines[1].line}", "EnvironmentFile", hint)
        ]
    path = specified(lines[0].value.removeprefix("-"), name) if lines else ""
    if given and not lines:
        hint = "remove the environment file from the facts, or fetch the unit again"
        return "", [
            Problem("the unit reads no environment file, and the facts have one", place, "EnvironmentFile", hint)
        ]
    if lines and (path is None or not path.startswith("/") or set(path) & set("*?[")):
        return "", [
            Problem(f"EnvironmentFile={lines[0].value} names no single file", place, "EnvironmentFile", ON_HOST)
        ]
    if lines and not given and not lines[0].value.startswith("-"):
        hint = f"copy it beside the unit, as {name.removesuffix('.service')}.env"
        return "", [Problem(f"the facts lack the unit's environment file {path}", place, "EnvironmentFile", hint)]
    return path or "", []


def _command(
    settings: list[Setting], name: str, place: str, variables: Mapping[str, str]
) -> tuple[str, tuple[str, ...], list[Problem]]:
    """Program and arguments as systemd starts them."""
    lines = last(settings, "ExecStart")
    if len(lines) != 1:
        return "", (), [Problem(f"the unit has {len(lines)} ExecStart lines, not one", place, "ExecStart", SHELL)]
    place = f"{place}:{lines[0].line}"
    words = words_of(lines[0].value)
    if not words:
        hint = "write the line without backslashes, but for those at the ends of lines; then fetch the facts again"
        return "", (), [Problem("ExecStart cannot be read", place, "ExecStart", hint)]
    program = words[0].lstrip("@-:+!")
    if PurePosixPath(program).name != "etcd":
        return "", (), [Problem(f"etcd is started by {program}", place, "ExecStart", SHELL)]
    arguments: list[str] = []
    for word in words[1:]:
        whole = specified(word, name)
        if whole is None:
            return "", (), [Problem(f"{word}: only the host knows it", place, "ExecStart", ON_HOST)]
        arguments += filled(whole, variables)
    return program, tuple(arguments), []


def etcd_of_unit(files: Mapping[str, str], folder: str) -> tuple[Etcd | None, list[Problem]]:
    """The member that this unit runs, or None and what keeps it from being read."""
    unit, problems = unit_of(files, folder)
    if unit is None:
        return None, problems
    place = f"{folder}/{next(iter(unit.paths))}"
    flags = flags_of_variables(unit.variables) | flags_in(unit.arguments)
    flags.pop(NOT_A_FLAG, None)
    for flag in NEEDED:
        variable = f"ETCD_{flag.upper().replace('-', '_')}"
        if flag not in flags:
            hint = "write it into the environment file or the unit on the host first; then fetch the facts again"
            problems.append(Problem(f"there is no {variable}, and no --{flag}", place, flag, hint))
        elif flag.endswith(("-file", "-dir")) and not flags[flag].startswith("/"):
            problems.append(Problem(f"{variable} is {flags[flag]}", place, flag, "write it as a whole path, from / on"))
    etcd, problems = member_of(flags, place, problems, lambda path: path, "")
    return (replace(etcd, unit=unit) if etcd else None), problems


def process_of(files: Mapping[str, str]) -> Process:
    """What tells this etcd apart in /proc; empty where the files cannot be read."""
    unit, _ = unit_of(files, "")
    if unit is None:
        return Process("", ())
    own = sorted(f"{name}={value}" for name, value in unit.variables.items() if name.startswith("ETCD_"))
    return Process("etcd", (*unit.arguments, *own))


def unit_manifests(facts: Facts, moves: Mapping[Address, Address]) -> tuple[list[Manifest], list[Problem]]:
    """The unit's files before and after; the first one stands for the process."""
    old = facts.unit_files
    unit = unit_of(old, str(facts.folder))[0] if old else None
    if unit is None:
        return [], []  # a static pod; or load() has said why
    new = {name: with_new_addresses_in_unit(text, moves) for name, text in old.items()}
    problems = [p for name in old for p in prove_unit(old[name], new[name], moves, str(facts.folder / name))]
    before, after = process_of(old), process_of(new)
    if not problems and tuple(with_new_addresses_in_unit(word, moves) for word in before.argv) != after.argv:
        hint = "write every address out in full, on one line, on the host; then fetch the facts again"
        problems = [
            Problem(
                "the new files make another etcd than the old one with its addresses exchanged",
                str(facts.folder),
                hint=hint,
            )
        ]
    made = []
    for number, (name, path) in enumerate(unit.paths.items()):
        pair = (before, after) if number == 0 else (Process("", ()), Process("", ()))
        made.append(Manifest(name, old[name], new[name], *pair, path))
    return made, problems


def prove_unit(old: str, new: str, moves: Mapping[Address, Address], place: str) -> list[Problem]:
    """Nothing when every line of the new text, comments too, is the old one with its addresses exchanged; names stay."""
    before, after = old.splitlines(), new.splitlines()
    if len(before) != len(after):
        return [Problem("the new file has a different number of lines", place)]
    return [
        Problem("this line changed by more or less than its addresses", f"{place}:{n}")
        for n, (a, b) in enumerate(zip(before, after, strict=True), 1)
        if with_new_addresses_in_unit(a, moves) != b
    ]


def joins_unit(text: str) -> bool:
    """Whether this file says, by flag or by variable, that the cluster exists."""
    flat = text.replace('"', "").replace("'", "").replace("=", " ")
    return any(f"{name} existing" in flat for name in ("initial-cluster-state", "ETCD_INITIAL_CLUSTER_STATE"))
