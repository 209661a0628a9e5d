"""Certificates given back, also after a run that was killed: the bash itself, with real openssl."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.pki import Host, make_key, make_leaf, sha, tree, x509


def test_undo_brings_back_the_very_bytes(host: Host) -> None:
    before = tree(host.pki)
    assert host.apply().exit == 0
    assert not host.is_true("certs_are_as_before")
    ran = host.undo()
    assert ran.exit == 0, ran.err
    assert tree(host.pki) == before and host.is_true("certs_are_as_before")
    assert "0 commands carried out" in host.undo().out


def test_undo_without_an_apply_changes_nothing(host: Host) -> None:
    before = tree(host.pki)
    assert host.undo().exit == 0
    assert tree(host.pki) == before


def renewed_with_the_same_key(host: Host) -> None:
    make_leaf(host.certs[1], host.pki / "etcd/ca.crt", key=host.certs[1].with_suffix(".key"))


def renewed_with_another_key(host: Host) -> None:
    make_leaf(host.certs[1], host.pki / "etcd/ca.crt")


def key_renewed_alone(host: Host) -> None:
    make_key(host.certs[1].with_suffix(".key"))


@pytest.mark.parametrize("renew", [renewed_with_the_same_key, renewed_with_another_key, key_renewed_alone])
def test_undo_refuses_after_a_renewal_and_touches_nothing(host: Host, renew: Callable[[Host], None]) -> None:
    assert host.apply().exit == 0
    renew(host)
    before = tree(host.pki)
    ran = host.undo()
    assert ran.exit == 4 and "server" in ran.err
    assert tree(host.pki) == before


def test_the_first_copy_is_kept_when_a_renewal_is_widened_again(host: Host) -> None:
    first = sha(host.certs[1])
    assert host.apply().exit == 0
    renewed_with_the_same_key(host)
    assert host.apply().exit == 0
    assert sha(host.saved(host.certs[1])) == first
    assert host.undo().exit == 0
    assert sha(host.certs[1]) == first


def test_a_spoiled_copy_is_not_put_back(host: Host) -> None:
    assert host.apply().exit == 0
    make_leaf(host.saved(host.certs[0]), host.pki / "etcd/ca.crt", key=host.certs[0].with_suffix(".key"))
    assert host.undo().exit == 4


def test_apply_after_undo_makes_its_own_backup(host: Host) -> None:
    assert host.apply().exit == 0 and host.undo().exit == 0
    host.backup.rename(host.state / "backup.undone-1")
    renewed_with_the_same_key(host)
    renewed = sha(host.certs[1])
    assert host.apply().exit == 0
    assert sha(host.saved(host.certs[1])) == renewed
    assert host.undo().exit == 0 and sha(host.certs[1]) == renewed


# --- killed after any command ---

KILL = """
count=0
eval "plain_$(declare -f run)"
run() {{
  plain_run "$@"
  count=$((count + 1))
  [[ $count != {n} ]] || kill -KILL $$
}}
"""


def kills(host: Host, mode: str, what: str, first: int) -> Iterator[int]:
    """Kills after command 1, 2, ... and hands over in between, until a run ends by itself."""
    n = first
    while True:
        ran = host.call(mode, KILL.format(n=n) + what)
        if ran.exit == 0:
            return
        assert ran.exit == -9, ran.err
        yield n
        n += 1


def test_a_run_killed_after_any_command_ends_in_the_same_state(host: Host, tmp_path: Path) -> None:
    """One certificate: what happens to one happens to all."""
    host.certs = host.certs[:1]
    cert, original = host.certs[0], tree(host.pki)
    count = 0
    for n in kills(host, "apply", "widen_certificates", 1):
        assert x509(cert, "-pubkey"), "a whole certificate at every moment"
        undone = n % 2 == 0
        ran = host.undo() if undone else host.apply()
        assert ran.exit == 0, (n, ran.err)
        if not undone:
            assert host.is_true("certs_are_wide") and host.undo().exit == 0
        left = tree(host.pki)
        assert {k: v for k, v in left.items() if not k.endswith(".etcd-renumber")} == original, n
        assert left == original, f"killed after {n}: {set(left) - set(original)}"
        shutil.rmtree(host.state)
        count += 1
    assert count > 10


def test_an_undo_killed_after_any_command_goes_on(host: Host) -> None:
    original = tree(host.pki)
    assert host.apply().exit == 0
    wide = {c: c.read_bytes() for c in host.certs}
    for n in kills(host, "undo", "narrow_certificates", 1):
        assert host.undo().exit == 0, n
        assert tree(host.pki) == original, n
        for cert, content in wide.items():
            cert.write_bytes(content)
