"""A change folder against SHA256SUMS and its signatures, by code that does not come from the folder itself.

run.sh asks the same of a folder, but whoever could change the folder could change run.sh, too.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from etcd_renumber.change_folder.review import listed, must_be_a_change_folder
from etcd_renumber.change_folder.sign import NAMESPACE, SIGNER, keygen
from etcd_renumber.change_folder.write import SUMS
from etcd_renumber.errors import Refused
from etcd_renumber.model import Problem

# As in run.sh: on the machine that verifies, never in the folder.
ALLOWED_SIGNERS = Path("/etc/etcd-renumber/allowed_signers")
SIGNATURES_NEEDED = Path("/etc/etcd-renumber/signatures_needed")
KEY = re.compile(r" key (SHA256:[A-Za-z0-9+/=]{1,64})$")


@dataclass(frozen=True)
class Signature:
    """A valid one: the signer's name in allowed_signers, and the fingerprint of the key."""

    signer: str
    key: str


def verify(folder: Path, allowed: Path | None, needed: int | None) -> tuple[list[Signature], list[Problem]]:
    """The valid signatures of SHA256SUMS, and everything that is wrong: files that differ, signatures too few or not valid.

    `allowed` is a file in ssh-keygen's format of allowed signers, `needed` how many different people must have signed, each
    with a key of their own; by default those of run.sh. Raises Refused for no change folder, for a list of signers that
    cannot be read or lies in the folder, and where ssh-keygen is missing.
    """
    must_be_a_change_folder(folder)
    signers = _allowed(allowed or ALLOWED_SIGNERS, folder)
    wanted = needed or _needed()
    problems = listed(folder)
    valid, found = _signatures(folder, signers)
    people = different(valid)
    if people < wanted:
        fact = f"{people} of {wanted} signatures: different people, each with a key of their own, that {signers} names"
        found.append(Problem(fact, str(folder / "signatures"), hint=f"etcd-renumber sign {folder} --key KEY"))
    return valid, [*problems, *found]


def different(valid: list[Signature]) -> int:
    """How many different people these are: neither a name nor a key counts twice."""
    names, keys, count = set[str](), set[str](), 0
    for one in valid:
        count += one.signer not in names and one.key not in keys
        names.add(one.signer)
        keys.add(one.key)
    return count


def _signatures(folder: Path, signers: Path) -> tuple[list[Signature], list[Problem]]:
    sums, valid, problems = (folder / SUMS).read_bytes(), [], []
    for path in sorted((folder / "signatures").glob("*.sig")):
        if path.is_symlink() or not path.is_file() or not SIGNER.fullmatch(path.stem):
            hint = "remove it: signatures/ has one plain file NAME.sig for each signer"
            problems.append(Problem("this is no signature's file", str(path), hint=hint))
            continue
        words = ["-Y", "verify", "-f", str(signers), "-I", path.stem, "-n", NAMESPACE, "-s", str(path)]
        ran = keygen(words, sums)
        said = (ran.stdout + ran.stderr).decode(errors="replace").strip().splitlines()
        key = KEY.search(said[-1]) if said else None
        if ran.returncode or key is None:
            hint = f"sign again after a change of the folder; {signers} must name this signer with this key"
            fact = f"this signature is not valid: {said[-1] if said else f'exit {ran.returncode}'}"
            problems.append(Problem(fact, str(path), hint=hint))
        else:
            valid.append(Signature(path.stem, key[1]))
    return valid, problems


def _allowed(path: Path, folder: Path) -> Path:
    if path.resolve().is_relative_to(folder.resolve()):
        hint = "use a list that lies elsewhere: whoever can change the folder can change this one, too"
        raise Refused(Problem("the list of allowed signers lies in the folder itself", str(path), hint=hint))
    try:
        path.read_bytes()
    except OSError as error:
        hint = "give --allowed-signers FILE: a line `NAME KEY` for each person, as in ssh-keygen(1), ALLOWED SIGNERS"
        raise Refused(
            Problem(f"the list of allowed signers cannot be read: {error.strerror}", str(path), hint=hint)
        ) from None
    return path


def _needed() -> int:
    """1 without that file, as in run.sh."""
    if not SIGNATURES_NEEDED.exists():
        return 1
    try:
        text = SIGNATURES_NEEDED.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        text = ""
    if not re.fullmatch(r"[1-9][0-9]?", text):
        hint = "write the number of signatures into it, or give --needed N"
        raise Refused(Problem(f"{text!r} is not a number of signatures, 1 to 99", str(SIGNATURES_NEEDED), hint=hint))
    return int(text)
