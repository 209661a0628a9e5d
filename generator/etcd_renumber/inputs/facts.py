"""The facts folder: the manifests of each host as they are, etcd's public CA, and never a key."""

from __future__ import annotations

import re
from collections.abc import Collection
from pathlib import Path

from etcd_renumber.errors import Refused
from etcd_renumber.etcd_on_host import Etcd
from etcd_renumber.inputs import located_yaml
from etcd_renumber.inputs.which_etcd import the_etcd
from etcd_renumber.manifests.etcd import etcd_of, is_etcd
from etcd_renumber.manifests.unit import etcd_of_unit, is_unit_file
from etcd_renumber.model import Facts, Problem

# What a private key looks like: as PEM, or as base64 inside a kubeconfig.
KEY = re.compile(r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----|client-key-data:|\bLS0tLS1CRUdJTi[A-Za-z0-9+/]*UFJJVkFURS")
TAKE_IT_AWAY = "remove it from the folder: all reviewers of the change read the facts"


def facts_of(folder: Path, members: list[str], beside: Collection[str] = ()) -> tuple[dict[str, Facts], list[Problem]]:
    """Member name to its facts, and what is wrong. A folder with a key in it is not read on.

    `beside` are hosts without a member whose folders are there too.
    """
    if not folder.is_dir():
        hint = "make it, with NAME/manifests/ for each member: all files of /etc/kubernetes/manifests"
        return {}, [Problem("there is no facts folder", str(folder), "facts", hint)]
    keys = keys_in(folder)
    if keys:
        return {}, keys
    facts: dict[str, Facts] = {}
    problems = []
    there = {p.name for p in folder.iterdir() if p.is_dir()}
    for name in sorted(there - {*members, *beside}):
        hint = "add it to the mapping (a member that keeps its address: `stays: true`), or remove the folder"
        problems.append(Problem(f"the mapping has no member {name}", str(folder / name), "members", hint))
    for name in members:
        if name not in there:
            hint = "scp -r its /etc/kubernetes/manifests there"
            problems.append(Problem(f"there are no facts of {name}", str(folder / name / "manifests"), name, hint))
            continue
        try:
            facts[name], found = _of_host(folder / name, name)
            problems += found
        except Refused as refused:
            problems += refused.problems
    return facts, problems


def keys_in(folder: Path) -> list[Problem]:
    """Files that look like a private key, by name or content; the content is never shown."""
    found = []
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        if path.suffix == ".key" or _holds_key(path):
            found.append(Problem("this looks like a private key; nothing more was read", str(path), hint=TAKE_IT_AWAY))
    return found


def _holds_key(path: Path) -> bool:
    try:
        return KEY.search(path.read_bytes()[: located_yaml.LARGEST].decode("utf-8", "replace")) is not None
    except OSError:
        return False  # reading it for real says why


def _of_host(folder: Path, name: str) -> tuple[Facts, list[Problem]]:
    """One host. Every file of its manifests folder that kubelet would run is kept as text, byte for byte."""
    manifests = folder / "manifests"
    unit_files = {
        p.name: located_yaml.read_text(p) for p in sorted(folder.iterdir()) if p.is_file() and is_unit_file(p.name)
    }
    if not manifests.is_dir() and not unit_files:
        hint = f"scp -r {name}:/etc/kubernetes/manifests {folder}/; where systemd runs etcd: its unit and its environment file"
        raise Refused(Problem(f"there are no manifests of {name}", str(manifests), name, hint))
    texts: dict[str, str] = {}
    problems = []
    for path in sorted(manifests.iterdir()) if manifests.is_dir() else ():
        if path.is_dir():
            problems.append(
                Problem("a folder among the manifests", str(path), name, "remove it: kubelet ignores subfolders")
            )
        elif not path.name.startswith("."):
            texts[path.name] = located_yaml.read_text(path)
    ca = folder / "pki" / "etcd" / "ca.crt"
    ca_pem = located_yaml.read_text(ca) if ca.is_file() else None
    etcd = _etcd_of_unit(unit_files, texts, folder, problems) if unit_files else _etcd(texts, manifests, name, problems)
    return Facts(name, folder, texts, ca_pem, etcd, unit_files), problems


def _etcd_of_unit(
    unit_files: dict[str, str], texts: dict[str, str], folder: Path, problems: list[Problem]
) -> Etcd | None:
    pods = [f for f, text in texts.items() if is_etcd(text)]
    if pods:
        fact = f"both {pods[0]} and {next(iter(unit_files))} run etcd"
        problems.append(Problem(fact, str(folder), hint="remove from the facts the one that does not run on the host"))
    for file in sorted(unit_files.keys() & texts.keys()):
        hint = "rename the one among the manifests on the host; then fetch the facts again"
        problems.append(Problem(f"{file} stands among the manifests and beside them", str(folder), hint=hint))
    etcd, found = etcd_of_unit(unit_files, str(folder))
    problems += found
    return etcd


def _etcd(texts: dict[str, str], folder: Path, name: str, problems: list[Problem]) -> Etcd | None:
    file, problem = the_etcd(texts, folder, name)
    problems += problem
    if file is None:
        return None
    etcd, found = etcd_of(texts[file], str(folder / file))
    problems += found
    return etcd
