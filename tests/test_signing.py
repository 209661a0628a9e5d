"""Signatures: `sign` makes them, run.sh and `verify` ask for them, and none takes a folder's own word for who may sign."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from etcd_renumber.change_folder.sign import sign
from etcd_renumber.change_folder.verify import different, verify
from etcd_renumber.cli.main import app
from etcd_renumber.errors import Refused
from typer.testing import CliRunner

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


# --- etcd-renumber verify: by code that does not come from the folder ---


def allowed(folder: Path, *names: str) -> Path:
    """A list of these people, each with the key of that name."""
    path = folder / "allowed_signers"
    path.write_text("".join(f"{name} {key(folder, name)[1]}" for name in names))
    return path


def facts(made: Scenario, signers: Path | None, needed: int | None = None) -> list[str]:
    return [p.fact for p in verify(made.folder, signers, needed)[1]]


def test_verify_says_who_has_signed_the_folder_as_it_is(made: Scenario, tmp_path: Path) -> None:
    signers = allowed(tmp_path, "ann", "bob")
    for name in ("ann", "bob"):
        sign(made.folder, tmp_path / name, name)
    valid, problems = verify(made.folder, signers, 2)
    assert [one.signer for one in valid] == ["ann", "bob"] and problems == []
    assert all(one.key.startswith("SHA256:") for one in valid) and different(valid) == 2
    assert facts(made, signers, 3)[0].startswith("2 of 3 signatures")


def test_run_sh_may_have_been_edited_and_verify_sees_it(made: Scenario, tmp_path: Path) -> None:
    """Whoever takes the check out of run.sh makes its lists agree, too: only the signature does not."""
    signers = allowed(tmp_path, "ann")
    sign(made.folder, tmp_path / "ann", "ann")
    run_sh = made.folder / "run.sh"
    run_sh.write_text(run_sh.read_text().replace("the_signatures", "true"))
    assert any("sha256 differs" in fact for fact in facts(made, signers))
    hash_again(made.folder)
    said = facts(made, signers)
    assert "this signature is not valid" in said[0] and said[1].startswith("0 of 1 signatures")


WRONG: dict[str, tuple[Callable[[Scenario, Path], object], str]] = {
    "one key under two names": (
        lambda made, keys: (keys / "allowed_signers").write_text(f"ann {key(keys, 'ann')[1]}bob {key(keys, 'ann')[1]}"),
        "1 of 2 signatures",
    ),
    "a signer whom the list does not name": (lambda made, keys: allowed(keys, "ann"), "1 of 2 signatures"),
    "a signature of other bytes": (
        lambda made, keys: (made.folder / "signatures" / "bob.sig").write_text("no signature\n"),
        "this signature is not valid",
    ),
    "a link": (
        lambda made, keys: (made.folder / "signatures" / "x.sig").symlink_to(made.folder / "signatures" / "bob.sig"),
        "this is no signature's file",
    ),
    "a name that would be an option": (
        lambda made, keys: (made.folder / "signatures" / "-x.sig").write_text("x"),
        "this is no signature's file",
    ),
    "a file that nobody signed": (
        lambda made, keys: (made.folder / "more.sh").write_text("x"),
        "it is not in SHA256SUMS",
    ),
    "a host's file that is another one": (
        lambda made, keys: (made.host_folder("master1") / "runbook.sh").write_text("x"),
        "its sha256 differs",
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_verify_names(made: Scenario, tmp_path: Path, case: str) -> None:
    signers = allowed(tmp_path, "ann", "bob")
    sign(made.folder, tmp_path / "ann", "ann")
    sign(made.folder, tmp_path / ("ann" if "two names" in case else "bob"), "bob")
    change, fact = WRONG[case]
    change(made, tmp_path)
    assert any(fact in said for said in facts(made, signers, 2)), facts(made, signers, 2)


def test_verify_refuses_a_list_of_signers_from_the_folder_or_none_at_all(made: Scenario, tmp_path: Path) -> None:
    inside = made.folder / "allowed_signers"
    inside.write_text("x")
    with pytest.raises(Refused, match="lies in the folder itself"):
        verify(made.folder, inside, None)
    with pytest.raises(Refused, match="cannot be read: No such file"):
        verify(made.folder, tmp_path / "missing", None)
    with pytest.raises(Refused, match="not a change folder"):
        verify(tmp_path / "missing", None, None)


def test_verify_is_a_command_and_exits_with_1_where_something_is_wrong(made: Scenario, tmp_path: Path) -> None:
    signers = allowed(tmp_path, "ann")
    words = ["verify", str(made.folder), "--allowed-signers", str(signers)]
    ran = CliRunner().invoke(app, words)
    assert ran.exit_code == 1 and "0 of 1 signatures" in ran.stderr
    sign(made.folder, tmp_path / "ann", "ann")
    ran = CliRunner().invoke(app, words)
    assert ran.exit_code == 0 and "signed by ann: SHA256:" in ran.stdout
    assert CliRunner().invoke(app, [*words, "--needed", "2"]).exit_code == 1
