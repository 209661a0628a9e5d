"""`certificates: narrow`: certificates lose the old addresses. The bash itself, with real openssl."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.pki import NAMES, Host, copied, make_leaf, openssl, sha, text_of, tree, x509
from tests.test_certs_signed import signed_elsewhere
from tests.test_certs_undo import kills

NARROW = "certs_want=narrow\nguard_certificates\ntake_old_addresses_out"
OTHERS = {"OLDS": ["192.168.100.10", "192.168.100.11", "192.168.100.12"],
          "NEWS": ["192.168.110.10", "192.168.110.11", "192.168.100.12"]}  # fmt: skip


@pytest.fixture
def wide(host: Host) -> Host:
    """Prepared: both addresses in each certificate. Of three members the last one stays."""
    host.arrays |= OTHERS
    assert host.apply().exit == 0
    return host


def narrowed(host: Host, mode: str = "apply") -> str:
    ran = host.call(mode, NARROW)
    assert ran.exit == 0, ran.out + ran.err
    return ran.out


@pytest.mark.parametrize("kind", ["EC", "RSA", "rich"])
def test_a_certificate_loses_the_old_address_and_nothing_else(
    kind: str, tmp_path: Path, made: Callable[[str], Path]
) -> None:
    host = copied(tmp_path, made(kind))
    assert host.apply().exit == 0
    files = set(tree(host.pki))
    before = {c: (text_of(c), x509(c, "-pubkey", "-subject", "-enddate", "-issuer"), sha(c)) for c in host.certs}
    out = narrowed(host)
    for cert in host.certs:
        text, same, sum_ = before[cert]
        assert text_of(cert) == re.sub(r"(, )?IP Address:192\.168\.100\.10\b", "", text).replace(":\n  , ", ":\n  ")
        assert x509(cert, "-pubkey", "-subject", "-enddate", "-issuer") == same
        assert ": OK" in openssl("verify", "-CAfile", cert.parent / "ca.crt", cert)
        kept = Path(f"{host.backup}/pki.before-narrow{cert}")
        assert sha(kept) == sum_ and f"the certificate of before is {kept}" in out
    assert set(tree(host.pki)) == files, "no file is left in pki"
    assert "0 commands carried out" in narrowed(host)


def test_old_addresses_of_every_member_that_moves_go_and_that_of_one_that_stays_does_not(host: Host) -> None:
    host.arrays |= OTHERS
    names = f"{NAMES}, IP:192.168.100.11, IP:192.168.100.12, IP:192.168.100.100"
    make_leaf(host.certs[0], host.pki / "etcd/ca.crt", names=names, key=host.certs[0].with_suffix(".key"))
    assert host.apply().exit == 0
    narrowed(host)
    assert re.findall(r"IP Address:(192[0-9.]+)", text_of(host.certs[0])) == [
        "192.168.100.12", "192.168.100.100", "192.168.110.10",
    ]  # fmt: skip


def test_a_certificate_without_an_old_address_is_not_touched(wide: Host) -> None:
    names = NAMES.replace("192.168.100.10", "192.168.110.10")
    make_leaf(wide.certs[0], wide.pki / "etcd/ca.crt", names=names, key=wide.certs[0].with_suffix(".key"))
    before = sha(wide.certs[0])
    narrowed(wide)
    assert sha(wide.certs[0]) == before


def test_prepare_adds_no_address_again_and_its_undo_refuses(wide: Host) -> None:
    narrowed(wide)
    after = tree(wide.root / "pki") | tree(wide.state)
    for mode in ("apply", "verify"):
        ran = wide.call(mode, "guard_certificates\nwiden_certificates")
        assert ran.exit == 0 and "narrow has begun on this host" in ran.out, ran.err
    assert tree(wide.root / "pki") | tree(wide.state) == after
    refused = wide.call("undo", "guard_not_narrowed\nnarrow_certificates")
    assert refused.exit == 3 and "no undo is possible any more on this host" in refused.err
    assert f"{wide.backup}/pki.before-narrow" in refused.err
    renewed = [
        make_leaf(c, c.parent / "ca.crt", names="IP:192.168.110.10", key=c.with_suffix(".key")) for c in wide.certs
    ]
    assert wide.apply().exit == 0 and all("100.10" not in text_of(c) for c in renewed), "a renewal keeps what it finds"


def test_plan_changes_nothing_and_verify_says_what_is_open(wide: Host) -> None:
    before = tree(wide.pki), tree(wide.state)
    assert "would run: openssl ca" in narrowed(wide, "plan")
    ran = wide.call("verify", NARROW)
    assert ran.exit == 1 and "NO: no certificate of this host holds an old address" in ran.out
    assert (tree(wide.pki), tree(wide.state)) == before


def test_one_that_lacks_the_new_address_is_refused_before_any_change(wide: Host) -> None:
    make_leaf(wide.certs[1], wide.pki / "etcd/ca.crt", key=wide.certs[1].with_suffix(".key"))
    before = tree(wide.pki), tree(wide.state)
    ran = wide.call("apply", NARROW)
    assert ran.exit == 3 and "lacks the SAN 192.168.110.10, and is to lose the old address" in ran.err
    assert (tree(wide.pki), tree(wide.state)) == before


@pytest.fixture
def keyless(wide: Host) -> Host:
    """The key of etcd's CA is on another machine; what it signed for `prepare` still lies in its place."""
    (wide.pki / "etcd/ca.key").rename(wide.root / "elsewhere.key")
    (wide.state / "signed").mkdir()
    for cert in wide.certs[:2]:
        shutil.copy(cert, wide.state / "signed" / f"{wide.label(cert)}.crt")
    return wide


def test_without_the_ca_key_a_request_is_written_and_the_signed_one_taken(keyless: Host) -> None:
    host, before = keyless, tree(keyless.pki)
    ran = host.call("apply", NARROW)
    assert ran.exit == 3 and "no certificate was replaced" in ran.err and tree(host.pki) == before
    assert not (host.state / "narrowed").exists(), "nothing was changed: the way back is still there"
    host_label = host.label
    host.label = lambda cert: f"{host_label(cert)}.narrow"  # type: ignore[method-assign]
    csr = openssl("req", "-noout", "-text", "-in", host.state / f"csr/{host.label(host.certs[0])}.csr")
    assert "IP Address:192.168.110.10" in csr and "192.168.100.10" not in csr
    for cert in host.certs[:2]:
        signed_elsewhere(host, host.root / "elsewhere.key", cert)
    narrowed(host)
    assert host.is_true("certs_were_narrowed") and "0 commands carried out" in narrowed(host)


def test_a_signed_one_that_still_holds_an_old_address_is_refused(keyless: Host) -> None:
    assert keyless.call("apply", NARROW).exit == 3
    before = tree(keyless.pki)
    signed = keyless.state / "signed" / f"{keyless.label(keyless.certs[0])}.narrow.crt"
    shutil.copy(keyless.certs[0], signed)
    ran = keyless.call("apply", NARROW)
    assert ran.exit == 3 and "it holds an old address: " in ran.err
    assert tree(keyless.pki) == before


def test_a_run_killed_after_any_command_ends_in_the_same_state(wide: Host) -> None:
    """One certificate: what happens to one happens to all."""
    wide.certs = wide.certs[:1]
    original, state = tree(wide.pki), wide.root / "state.before"
    cert = wide.certs[0]
    content, count = cert.read_bytes(), 0
    shutil.copytree(wide.state, state)
    for n in kills(wide, "apply", NARROW, 1):
        assert x509(cert, "-pubkey"), "a whole certificate at every moment"
        narrowed(wide)
        assert "100.10" not in text_of(cert) and wide.is_true("certs_were_narrowed"), n
        assert set(tree(wide.pki)) == set(original), f"killed after {n}"
        assert sha(Path(f"{wide.backup}/pki.before-narrow{cert}")) == original["etcd/peer.crt"]
        assert "0 commands carried out" in narrowed(wide)
        cert.write_bytes(content)
        shutil.rmtree(wide.state)
        shutil.copytree(state, wide.state)
        count += 1
    assert count > 10
