"""Signatures: `sign` makes them, run.sh asks for them, and neither takes a folder's own word for who may sign."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from etcd_renumber.change_folder.sign import sign
from etcd_renumber.errors import Refused

from tests.scenario import Scenario, hosts, scenario
from tests.ssh import key
from tests.stub import hash_again, stubs


@pytest.fixture
def made(tmp_path: Path) -> Scenario:
    return scenario(tmp_path, hosts(1))


def verified(made: Scenario, keys: Path, *signers: str) -> list[bool]:
    """Whether ssh-keygen itself finds each of these signatures good."""
    allowed = keys / "allowed"
    allowed.write_text("".join(f"{s} {key(keys, s)[1]}" for s in signers))
    found = []
    for s in signers:
        words = ["-Y", "verify", "-f", str(allowed), "-I", s, "-n", "etcd-renumber"]
        path = made.folder / "signatures" / f"{s}.sig"
        sums = (made.folder / "SHA256SUMS").read_bytes()
        ran = subprocess.run(["ssh-keygen", *words, "-s", str(path)], input=sums, capture_output=True, check=False)
        found.append(ran.returncode == 0)
    return found


def test_a_signature_is_over_the_list_and_named_by_the_keys_comment(made: Scenario, tmp_path: Path) -> None:
    key(tmp_path, "ann@example.com")
    assert sign(made.folder, tmp_path / "ann@example.com", None) == made.folder / "signatures" / "ann@example.com.sig"
    assert verified(made, tmp_path, "ann@example.com") == [True]
    (made.folder / "SHA256SUMS").write_text("other\n")
    assert verified(made, tmp_path, "ann@example.com") == [False]


def test_a_signer_can_have_another_name_than_the_key(made: Scenario, tmp_path: Path) -> None:
    key(tmp_path, "laptop")
    assert sign(made.folder, tmp_path / "laptop", "bob").name == "bob.sig"


REFUSALS = {
    "a name that would leave the folder": ("k", "../x", "is not a valid name of a signer"),
    "a key that is not there": ("missing", "ann", "ssh-keygen: "),
    "no name to be found": ("missing", None, "there is no public key"),
}


@pytest.mark.parametrize("case", REFUSALS)
def test_refused(made: Scenario, tmp_path: Path, case: str) -> None:
    name, signer, fact = REFUSALS[case]
    key(tmp_path, "k")
    with pytest.raises(Refused, match=fact):
        sign(made.folder, tmp_path / name, signer)
    assert not (made.folder / "signatures").exists()


def test_a_folder_with_a_fault_is_not_signed(made: Scenario, tmp_path: Path) -> None:
    key(tmp_path, "ann")
    (made.folder / "RUNBOOK.md").write_text("edited\n")
    with pytest.raises(Refused, match="sha256"):
        sign(made.folder, tmp_path / "ann", None)


def test_run_sh_copies_nothing_before_enough_different_people_have_signed(tmp_path: Path) -> None:
    """run.sh runs on a host of the bed, whose own /etc says who may sign."""
    made = scenario(tmp_path, hosts(1))
    with stubs(made) as s:
        jump = s.bed["master1"]
        keys = tmp_path
        for name in ("ann", "bob", "eve"):
            key(keys, name)
        words = ["apply", "--yes", "--to", "1"]

        def allow(*lines: str, needed: str = "") -> None:
            jump.write_text("/etc/etcd-renumber/allowed_signers", "".join(lines))
            jump.write_text("/etc/etcd-renumber/signatures_needed", needed or "1\n")

        def line(name: str, whose: str = "") -> str:
            return f"{name} {key(keys, whose or name)[1]}"

        allow(line("ann"), line("bob"), needed="2\n")
        assert "0 of 2 signatures" in s.run_on_the_host(*words, expect=4).text
        signed(made, keys, "ann", "ann")
        assert "1 of 2 signatures" in s.run_on_the_host(*words, expect=4).text
        signed(made, keys, "ann", "bob")
        text = s.run_on_the_host(*words, expect=4).text
        assert "not valid: signatures/bob.sig" in text and "1 of 2 signatures" in text
        allow(line("ann"), line("bob", "ann"), needed="2\n")
        assert "1 of 2 signatures" in s.run_on_the_host(*words, expect=4).text, (
            "one key is one person, under two names too"
        )
        signed(made, keys, "eve", "eve")
        assert "1 of 2 signatures" in s.run_on_the_host(*words, expect=4).text, "nobody named her"
        allow(line("ann"), line("bob"), needed="two\n")
        assert "not a number" in s.run_on_the_host(*words, expect=4).text
        allow(line("ann"), line("bob"), needed="2\n")
        signed(made, keys, "bob", "bob")
        assert not s.state("master1").exists(), "nothing was copied"
        assert "signed by ann" in s.run_on_the_host(*words).text
        (made.folder / "change.json").write_text((made.folder / "change.json").read_text() + "\n")
        hash_again(made.folder)
        assert "0 of 2 signatures" not in s.run_on_the_host(*words, expect=4).text, "the folder is looked at first"


def signed(made: Scenario, keys: Path, whose: str, name: str) -> None:
    """A signature by hand: `sign` would refuse stub runbooks."""
    words = ["-Y", "sign", "-f", str(keys / whose), "-n", "etcd-renumber"]
    sums = (made.folder / "SHA256SUMS").read_bytes()
    ran = subprocess.run(["ssh-keygen", *words], input=sums, capture_output=True, check=True)
    (made.folder / "signatures").mkdir(exist_ok=True)
    (made.folder / "signatures" / f"{name}.sig").write_bytes(ran.stdout)
