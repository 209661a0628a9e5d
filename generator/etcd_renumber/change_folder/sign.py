"""A signature over a change folder, by `ssh-keygen -Y sign`: with the keys that people have, agents and tokens included."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

from etcd_renumber.change_folder.review import review
from etcd_renumber.change_folder.write import put
from etcd_renumber.errors import Refused
from etcd_renumber.model import Problem

NAMESPACE = "etcd-renumber"
SIGNER = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@+-]{0,126}")


def sign(folder: Path, key: Path, signer: str | None) -> Path:
    """Sign SHA256SUMS, and with it every rendered file, into signatures/<signer>.sig; returns that path.

    `signer` is the name by which allowed_signers knows this person; else the comment of the public key. Raises Refused
    for a folder that `review` finds fault with, for a key that cannot be read, and where ssh-keygen is missing or says no.
    """
    problems = [p for p in review(folder) if p.severity == "error"]
    if problems:
        raise Refused(*problems)
    name = signer or _comment(key)
    if not SIGNER.fullmatch(name):
        hint = "give --signer NAME as in allowed_signers: letters, digits, . _ @ + and -"
        raise Refused(Problem(f"{name!r} is not a valid name of a signer", str(key), hint=hint))
    sums = (folder / "SHA256SUMS").read_bytes()
    ran = keygen(["-Y", "sign", "-q", "-f", str(key), "-n", NAMESPACE], sums)
    if ran.returncode or not ran.stdout.startswith(b"-----BEGIN SSH SIGNATURE-----"):
        said = ran.stderr.decode(errors="replace").strip().splitlines()
        hint = "use OpenSSH 8.2 or later, and a private key, or the public key of one in the agent"
        raise Refused(Problem(f"ssh-keygen: {said[-1] if said else f'exit {ran.returncode}'}", str(key), hint=hint))
    return put(folder / "signatures" / f"{name}.sig", ran.stdout)


def _comment(key: Path) -> str:
    """The last word of the public key's line."""
    public = key if key.suffix == ".pub" else key.with_name(key.name + ".pub")
    try:
        words = public.read_text(encoding="utf-8").split()
    except (OSError, UnicodeDecodeError):
        hint = "give the name of the signer: --signer NAME"
        raise Refused(Problem(f"there is no public key {public}", str(key), hint=hint)) from None
    return words[2] if len(words) > 2 else ""


def keygen(words: list[str], stdin: bytes) -> subprocess.CompletedProcess[bytes]:
    """ssh-keygen with these words; raises Refused where there is none. It asks for a passphrase on the terminal by itself."""
    try:
        return subprocess.run(["ssh-keygen", *words], input=stdin, capture_output=True, check=False)
    except OSError as error:
        raise Refused(Problem(f"ssh-keygen: {error.strerror}", hint="install OpenSSH, 8.2 or later")) from None
