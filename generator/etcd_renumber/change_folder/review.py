"""A change folder against itself and against its inputs: what two reviewers would check by hand, line by line."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

from etcd_renumber.addresses import addresses_in
from etcd_renumber.assets import templates_sha256
from etcd_renumber.change_folder.api_manifests import api_manifests
from etcd_renumber.change_folder.founders import founders
from etcd_renumber.change_folder.lint import BEGIN, COMMENT, END, lint
from etcd_renumber.change_folder.write import SUMS, sha256
from etcd_renumber.errors import Refused
from etcd_renumber.manifests.renumber import prove, with_new_addresses
from etcd_renumber.manifests.unit import prove_unit
from etcd_renumber.manifests.unit_exchange import with_new_addresses_in_unit
from etcd_renumber.methods.apiservers import APISERVERS
from etcd_renumber.methods.workers import WORKERS
from etcd_renumber.model import Problem
from etcd_renumber.planning import plan
from etcd_renumber.planning.change_json import moves_of, read_change
from etcd_renumber.rendering import render
from etcd_renumber.rendering.library import provenance

NOT_RENDERED = ("evidence", "rehearsal", "signatures")
BESIDE = {"workers": WORKERS, "apiservers": APISERVERS}  # folders beside hosts/, and whose script is in each
RENDER_AGAIN = "render the folder again; what is in it now is not what was reviewed"


def review(folder: Path) -> list[Problem]:
    """Everything that does not fit, errors first; notes are for the reader and no fault.

    Raises Refused when this is no change folder. Reads only, and never leaves the folder.
    """
    must_be_a_change_folder(folder)
    files, problems = _read(folder)
    problems += _listed(files)
    problems += lint(files)
    change, found = read_change(files.get("change.json", ""), "change.json")
    problems += [*found, *_bodies(files)]
    if change is not None:
        problems += [*_digests(files), *_hosts(files, change), *_manifests(files, change), *_again(files, change)]
        problems += api_manifests(files, change)
        problems += [*founders(files, change), *_library(files, change)]
    return _below(folder, sorted(problems, key=lambda p: ("error", "warning", "note").index(p.severity)))


def must_be_a_change_folder(folder: Path) -> None:
    """Raises Refused for any other folder, and for none."""
    if not (folder / SUMS).is_file():
        hint = "name the folder with RUNBOOK.md in it, such as out/prod"
        raise Refused(Problem("this is not a change folder: it has no SHA256SUMS", str(folder), hint=hint))


def listed(folder: Path) -> list[Problem]:
    """What is not as SHA256SUMS says, in the folder and in each host's: other bytes, files that lack, files too many."""
    files, problems = _read(folder)
    problems += _listed(files)
    for name in sorted(n for n in files if re.fullmatch(f"(hosts/[^/]+|workers|apiservers)/{SUMS}", n)):
        problems += _listed(files, name.removesuffix(SUMS))
    return _below(folder, problems)


def _below(folder: Path, problems: list[Problem]) -> list[Problem]:
    """The same, their places as seen from where the user is."""
    return [replace(p, place=str(folder / p.place)) for p in problems]


def _read(folder: Path) -> tuple[dict[str, str], list[Problem]]:
    """Every file but evidence and rehearsal, path below the folder to text; links are not followed."""
    files: dict[str, str] = {}
    problems = []
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if name.split("/")[0] in NOT_RENDERED:
            continue
        if path.is_symlink():
            problems.append(
                Problem("this is a link", name, hint="replace it by the file: a change folder has plain files only")
            )
        elif path.is_file():
            try:
                files[name] = path.read_bytes().decode()
            except (OSError, UnicodeDecodeError):
                problems.append(Problem("this file cannot be read as text", name, hint=RENDER_AGAIN))
    return files, problems


def _listed(files: dict[str, str], top: str = "") -> list[Problem]:
    """The list against the files: each there with these bytes, and nothing else there. `top` is a host's folder."""
    problems, listed = [], set()
    for line in files.get(top + SUMS, "").splitlines():
        digest, _, name = line.partition("  ")
        listed.add(top + name)
        if top + name not in files:
            problems.append(Problem("it is in SHA256SUMS but does not exist", top + name, hint=RENDER_AGAIN))
        elif sha256(files[top + name].encode()) != digest:
            problems.append(Problem("its sha256 differs from the one in SHA256SUMS", top + name, hint=RENDER_AGAIN))
    extra = (n for n in files if n.startswith(top) and n not in listed and n != top + SUMS)
    hint = "remove it: it would be copied to the host" if top else "remove it, or move it to evidence/"
    return [*problems, *(Problem("it is not in SHA256SUMS", name, hint=hint) for name in extra)]


def _hosts(files: dict[str, str], change: dict[str, Any]) -> list[Problem]:
    """Every member has a folder with a script and a list, and so have workers and apiservers; there is no other folder."""
    problems = []
    members = [m["name"] for m in change["members"]]
    beside = [key for key in BESIDE if change["mapping"].get(key)]
    for top in [*(f"hosts/{name}/" for name in members), *(f"{key}/" for key in beside)]:
        missing = [n for n in (top + "runbook.sh", top + SUMS) if n not in files]
        problems += [Problem("this file is missing", n, hint=RENDER_AGAIN) for n in missing]
        if top + SUMS in files:
            problems += _listed(files, top)
    strangers = {n.split("/")[1] for n in files if n.startswith("hosts/") and n.count("/") > 1} - {*members}
    for key in BESIDE.keys() - {*beside}:
        strange = sorted(n for n in files if n.startswith(f"{key}/"))
        problems += [Problem(f"the mapping has no {key}", n, hint=RENDER_AGAIN) for n in strange]
    return problems + [Problem("no member has this name", f"hosts/{n}", hint=RENDER_AGAIN) for n in sorted(strangers)]


def _digests(files: dict[str, str]) -> list[Problem]:
    """Every runbook, and run.sh, names this very plan."""
    digest = sha256(files["change.json"].encode())[:12]
    problems = []
    others = {name: files[name] for name in (f"{key}/runbook.sh" for key in BESIDE) if name in files}
    for name, text in {**_runbooks(files), **others, "run.sh": files.get("run.sh", "")}.items():
        said = re.findall(r"^readonly DIGEST=(\S*)$", text, re.MULTILINE)
        if said != [digest]:
            fact = f"its digest is {' and '.join(said) or 'missing'}, change.json's is {digest}"
            problems.append(Problem(fact, name, hint=RENDER_AGAIN))
    return problems


def _manifests(files: dict[str, str], change: dict[str, Any]) -> list[Problem]:
    """The new manifests are the old ones, addresses mapped: by bytes, by parsing, and by looking for old addresses."""
    problems, known = [], set()
    moves = moves_of(change)
    for member in change["members"]:
        here = {} if member["old"] == member["new"] else moves
        for file, entry in sorted(member["manifests"].items()):
            place = f"hosts/{member['name']}/manifests/{file}"
            known.add(place)
            new = files.get(place, entry["old"])
            if sha256(entry["old"].encode()) != entry["old_sha256"]:
                problems.append(Problem(f"old_sha256 differs from that of {member['name']}'s {file}", "change.json"))
            if sha256(new.encode()) != entry["new_sha256"]:
                problems.append(Problem("its sha256 differs from new_sha256 in change.json", place, hint=RENDER_AGAIN))
            by_proof, by_bytes = (
                (prove_unit, with_new_addresses_in_unit) if "path" in entry else (prove, with_new_addresses)
            )
            problems += by_proof(entry["old"], new, here, place)
            stays = addresses_in(by_bytes(entry["old"], here))
            left = [(a, line) for a, line in addresses_in(new) if a in here and (a, line) not in stays]
            problems += [
                Problem(f"it still contains the old address {a}", f"{place}:{n}", hint=RENDER_AGAIN) for a, n in left
            ]
    strangers = sorted(n for n in files if "/manifests/" in n and n not in known)
    return problems + [Problem("this manifest is not in change.json", n, hint=RENDER_AGAIN) for n in strangers]


def _bodies(files: dict[str, str]) -> list[Problem]:
    """Below its values every runbook is the first one, byte for byte; above them only comments differ."""
    runbooks = _runbooks(files)
    first = next(iter(runbooks), "")
    bodies = {name: _outside_values(text) for name, text in runbooks.items()}
    problems = []
    for name, body in bodies.items():
        differing = [a for a, b in zip(body, bodies[first], strict=False) if a != b]
        if body != bodies[first]:
            line = runbooks[name].split("\n").index(differing[0]) + 1 if differing else 1
            fact = f"outside of its values it differs from {first}"
            problems.append(Problem(fact, f"{name}:{line}", hint=RENDER_AGAIN))
    return problems


def _outside_values(text: str) -> list[str]:
    lines = text.split("\n")
    begin = next((n for n, line in enumerate(lines) if BEGIN.fullmatch(line)), 0)
    end = lines.index(END) if END in lines else 0
    return [*(line for line in lines[:begin] if not COMMENT.fullmatch(line)), *lines[end:]]


def _runbooks(files: dict[str, str]) -> dict[str, str]:
    return {name: text for name, text in files.items() if re.fullmatch(r"hosts/[^/]+/runbook\.sh", name)}


def _library(files: dict[str, str], change: dict[str, Any]) -> list[Problem]:
    """Whether the bash below values and phases is a released one. That all runbooks have the same is asked elsewhere."""
    name, text = next(iter(_runbooks(files).items()), ("", ""))
    hint = "how it was reviewed, part by part: docs/library-review.md"
    found = [(name, text, change["mapping"]["method"])] if name else []
    for key, script in BESIDE.items():
        found += [(top, files[top], script.name) for top in (f"{key}/runbook.sh",) if top in files]
    return [Problem(provenance(text, of), place, hint=hint, severity="note") for place, text, of in found]


def _again(files: dict[str, str], change: dict[str, Any]) -> list[Problem]:
    """What change.json renders to is what lies here. Only the tool that rendered it can say so."""
    if change["tool"].get("templates_sha256") != templates_sha256():
        hint = "review it with the release that rendered it, or render it again with this one"
        return [
            Problem("it was rendered by another release of this tool", "change.json", hint=hint, severity="warning")
        ]
    read = getattr(plan, "from_json", None)
    if read is None:
        return []
    try:
        rendered = render.render(read(files["change.json"]))
    except (KeyError, TypeError, ValueError) as error:
        return [Problem(f"nothing can be rendered from it: {error!r}", "change.json", hint=RENDER_AGAIN)]
    hint = "render the folder again: this file and the lists were edited"
    differing = sorted(n for n in rendered if files.get(n) != rendered[n])
    return [Problem("it differs from what change.json renders to", name, hint=hint) for name in differing]
