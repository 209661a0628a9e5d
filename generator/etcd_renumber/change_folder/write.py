"""The change folder on disk: what was rendered before is replaced file by file, what a person made is never lost."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from etcd_renumber.errors import Refused
from etcd_renumber.model import Problem

SUMS = "SHA256SUMS"
# Written before the first file and renamed to SHA256SUMS after the last: with both lists at hand, a run that was killed
# half-way leaves nothing that the next run does not know as its own.
NEXT = ".SHA256SUMS.next"
LINE = re.compile(r"([0-9a-f]{64})  (.+)")


@dataclass(frozen=True)
class Written:
    """Paths below the folder, sorted: new, other bytes than before, gone, and as they were."""

    added: tuple[str, ...]
    changed: tuple[str, ...]
    removed: tuple[str, ...]
    same: tuple[str, ...]


def write(folder: Path, files: dict[str, str], digest: str) -> Written:
    """Make `folder` hold these files (path below it to text, SHA256SUMS among them); `digest` is this plan's.

    Replaces and removes only what was rendered before and nobody edited. Raises Refused, before anything is changed,
    with every file that stands in the way; also for a folder that is not ours, or that another plan has begun.
    """
    try:
        known = _known(folder)
        problems = [*_not_ours(folder, files), *_begun(folder, digest), *_in_the_way(folder, files, known)]
        if problems:
            raise Refused(*problems)
        return _replace(folder, files, known)
    except OSError as error:
        hint = "no half-written file is left; fix the cause and render again"
        raise Refused(Problem(f"{error.strerror}: {error.filename}", str(folder), hint=hint)) from None


def put(path: Path, content: bytes) -> Path:
    """One file that stands in no list (a report, a signature, a bundle), whole or not at all. Raises Refused."""
    try:
        _put(path, content)
    except OSError as error:
        raise Refused(Problem(f"{error.strerror}: {error.filename}")) from None
    return path


def sums_of(folder: Path, list_name: str = SUMS) -> list[tuple[str, str]]:
    """(name, sha256) of each line of a SHA256SUMS, none when it is not there. Raises Refused for any other line."""
    path = folder / list_name
    if path.is_symlink() or not path.is_file():
        return []
    found, problems = [], []
    for number, line in enumerate(path.read_bytes().decode(errors="replace").splitlines(), start=1):
        match = LINE.fullmatch(line)
        if match and is_plain(match[2]):
            found.append((match[2], match[1]))
        else:
            hint = "remove the folder, or restore the list, and render again"
            problems.append(
                Problem("this is not a sha256sum line of a file in this folder", f"{path}:{number}", hint=hint)
            )
    if problems:
        raise Refused(*problems)
    return found


def is_plain(name: str) -> bool:
    """A path that stays in the folder and that sha256sum writes as it is."""
    parts = PurePosixPath(name).parts
    plain = bool(parts) and name == "/".join(parts) and not {"..", "/"} & {*parts}
    return plain and not re.search(r"[\\\x00-\x1f]", name)


def sha256(content: bytes) -> str:
    """Hex sha256, as `sha256sum` prints it."""
    return hashlib.sha256(content).hexdigest()


def _known(folder: Path) -> dict[str, set[str]]:
    """Name to the hashes we ever gave it: by the list, and by one of a run that was cut off."""
    known: dict[str, set[str]] = {}
    for list_name in (SUMS, NEXT):
        for name, digest in sums_of(folder, list_name):
            known.setdefault(name, set()).add(digest)
    return known


def _not_ours(folder: Path, files: dict[str, str]) -> list[Problem]:
    fact = "cannot be the name of a file in a change folder"
    bad = [Problem(f"{name!r} {fact}", str(folder)) for name in files if not is_plain(name)]
    if folder.is_symlink():
        return [*bad, Problem("the change folder is a link", str(folder), hint="name the folder itself with -o")]
    if folder.exists() and not folder.is_dir():
        return [*bad, Problem("this is not a folder", str(folder), hint="give another folder with -o")]
    ours = (folder / SUMS).is_file() or (folder / NEXT).is_file()
    if ours or not folder.exists() or {p.name for p in folder.iterdir()} <= {_beside(NEXT)}:
        return bad
    hint = "nothing was written; give another folder with -o, or remove this one"
    return [
        *bad,
        Problem("this folder has files but no SHA256SUMS: it was not rendered by this tool", str(folder), hint=hint),
    ]


def _begun(folder: Path, digest: str) -> list[Problem]:
    """evidence/DIGEST/ says which plan was begun; evidence without one is that of the plan that lies here."""
    evidence, change = folder / "evidence", folder / "change.json"
    if not evidence.exists() or not any(evidence.iterdir()):
        return []
    here = sha256(change.read_bytes())[:12] if change.is_file() else "unknown"
    plans = sorted(p.name for p in evidence.iterdir() if re.fullmatch("[0-9a-f]{12}", p.name)) or [here]
    before = next((plan for plan in plans if plan != digest), None)
    if before is None:
        return []
    fact = f"evidence/ belongs to plan {before}, this one is {digest}: the change was already started"
    return [Problem(fact, str(folder), hint="give it another change id in the mapping, and another folder with -o")]


def _in_the_way(folder: Path, files: dict[str, str], known: dict[str, set[str]]) -> list[Problem]:
    problems = []
    for name in sorted({*files, *known} - {SUMS}):
        if not is_plain(name):
            continue
        path = folder / name
        link = next((p for p in _from_top(folder, name) if p.is_symlink()), None)
        if link is not None:
            problems.append(Problem("a link is in the place of a rendered file", str(link), hint="remove it"))
        elif path.is_dir():
            problems.append(Problem("a folder is in the place of a rendered file", str(path), hint="remove it"))
        elif path.exists() and not _may_go(path, files.get(name), known.get(name, set())):
            what = (
                "was edited after it was rendered"
                if name in known
                else "exists already and was not rendered by this tool"
            )
            hint = "nothing was written; keep your copy elsewhere, remove this file, and render again"
            problems.append(Problem(f"{name} {what}", str(path), hint=hint))
    return problems


def _may_go(path: Path, text: str | None, known: set[str]) -> bool:
    content = path.read_bytes()
    return sha256(content) in known or (text is not None and content == text.encode())


def _from_top(folder: Path, name: str) -> Iterable[Path]:
    parts = PurePosixPath(name).parts
    return (folder.joinpath(*parts[:n]) for n in range(1, len(parts) + 1))


def _replace(folder: Path, files: dict[str, str], known: dict[str, set[str]]) -> Written:
    folder.mkdir(parents=True, exist_ok=True)
    before = {name: (folder / name).read_bytes() for name in {*files, *known} if (folder / name).is_file()}
    content = {name: text.encode() for name, text in files.items()}
    changed = {name for name in content if before.get(name) != content[name]}
    removed = before.keys() - content.keys()
    if changed or removed:
        _put(folder / NEXT, _what_may_lie_here(folder, content))
    for name in sorted(changed - {SUMS}):
        _put(folder / name, content[name])
    for name in sorted(known.keys() - content.keys()):
        (folder / name).unlink(missing_ok=True)
    if SUMS in changed:
        _put(folder / SUMS, content[SUMS])
    (folder / NEXT).unlink(missing_ok=True)
    for name in {NEXT, *known, *content}:
        (folder / name).with_name(_beside(name)).unlink(missing_ok=True)
        _drop_empty(folder, folder / name)
    for name in content.keys() - changed:
        (folder / name).chmod(_mode(name))
    added = content.keys() - before.keys()
    groups = (added, changed - added, removed, content.keys() - changed)
    return Written(*(tuple(sorted(group)) for group in groups))


def _what_may_lie_here(folder: Path, content: dict[str, bytes]) -> bytes:
    """Until the last rename: what a run that was cut off may have left, then what this one writes."""
    lines = [*sums_of(folder, NEXT), *((name, sha256(content[name])) for name in sorted(content))]
    return "".join(f"{digest}  {name}\n" for name, digest in lines).encode()


def _put(path: Path, content: bytes) -> None:
    """Beside it under a dot name, then renamed: nobody ever sees half a file, and a link is replaced, not followed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(_beside(path.name))
    beside.unlink(missing_ok=True)
    with open(beside, "xb") as file:
        file.write(content)
    beside.chmod(_mode(path.name))
    os.replace(beside, path)


def _beside(name: str) -> str:
    return f".{PurePosixPath(name).name}.new"


def _mode(name: str) -> int:
    return 0o755 if name.endswith(".sh") else 0o644


def _drop_empty(folder: Path, path: Path) -> None:
    for parent in path.parents:
        if parent == folder or not parent.is_dir() or any(parent.iterdir()):
            return
        parent.rmdir()
