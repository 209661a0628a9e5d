"""Certificates reissued with one address more: the bash itself, with real openssl."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.pki import Host, copied, make_ca, make_key, make_leaf, openssl, sha, text_of, tree, x509


@pytest.mark.parametrize("kind", ["EC", "RSA", "rich"])
def test_a_reissued_certificate_differs_in_nothing_but_the_added_address(
    kind: str, tmp_path: Path, made: Callable[[str], Path]
) -> None:
    host = copied(tmp_path, made(kind))
    files = set(tree(host.pki))
    before = {c: (text_of(c), x509(c, "-pubkey", "-subject", "-enddate", "-issuer")) for c in host.certs}
    serials = {x509(c, "-serial") for c in host.certs}
    ran = host.apply()
    assert ran.exit == 0, ran.err
    for cert in host.certs:
        text, same = before[cert]
        assert text_of(cert) == re.sub(r"(Alternative Name: .*\n.*)", r"\1, IP Address:192.168.110.10", text)
        assert x509(cert, "-pubkey", "-subject", "-enddate", "-issuer") == same
        assert x509(cert, "-startdate") == x509(cert.parent / "ca.crt", "-startdate")
        assert x509(cert, "-serial") not in serials
        serials.add(x509(cert, "-serial"))
        assert cert.stat().st_mode & 0o777 == 0o644
        assert ": OK" in openssl("verify", "-CAfile", cert.parent / "ca.crt", cert)
    assert set(tree(host.pki)) == files, "no file is left in pki"
    assert host.is_true("certs_are_wide")


def test_a_second_run_changes_nothing_and_needs_no_ca_key(host: Host) -> None:
    assert host.apply().exit == 0
    after = tree(host.root / "pki") | tree(host.state)
    for ca in (host.pki / "ca.key", host.pki / "etcd/ca.key"):
        ca.unlink()
    ran = host.apply()
    assert (ran.exit, "0 commands carried out" in ran.out) == (0, True), ran.err
    assert {k: v for k, v in after.items() if not k.endswith("ca.key")} == tree(host.pki) | tree(host.state)


@pytest.mark.parametrize("mode", ["plan", "verify"])
def test_plan_and_verify_change_nothing(host: Host, mode: str) -> None:
    before = tree(host.pki)
    ran = host.call(mode, "guard_certificates\nwiden_certificates")
    assert ran.exit == (0 if mode == "plan" else 1)
    assert ("would run: openssl ca" in ran.out) == (mode == "plan")
    assert tree(host.pki) == before and tree(host.state) == {}


def test_no_key_is_copied(host: Host) -> None:
    assert host.apply().exit == 0
    keys = {k.read_text() for k in host.root.rglob("*.key")}
    assert len(keys) == 5
    for path in host.state.rglob("*"):
        assert path.is_dir() or "PRIVATE KEY" not in path.read_text()


def test_the_old_address_is_added_where_it_lacks_and_the_new_one_stays_last(host: Host) -> None:
    make_leaf(host.certs[0], host.pki / "etcd/ca.crt", names="DNS:master1", key=host.certs[0].with_suffix(".key"))
    assert host.apply().exit == 0
    assert "DNS:master1, IP Address:192.168.100.10, IP Address:192.168.110.10\n" in text_of(host.certs[0])


def test_ipv6_addresses_are_known_in_any_spelling(host: Host) -> None:
    host.old, host.new = "fd00::a", "fd00:1::b"
    for cert in host.certs:
        make_leaf(cert, cert.parent / "ca.crt", names="IP:FD00:0:0::A, IP:::1", key=cert.with_suffix(".key"))
    ran = host.apply()
    assert ran.exit == 0, ran.err
    assert "FD00:0:0:0:0:0:0:A, IP Address:0:0:0:0:0:0:0:1, IP Address:FD00:1:0:0:0:0:0:B\n" in text_of(host.certs[0])


def test_what_follows_the_certificate_in_its_file_stays(host: Host) -> None:
    chain = (host.pki / "etcd/ca.crt").read_text()
    host.certs[0].write_text(host.certs[0].read_text() + chain)
    assert host.apply().exit == 0
    assert host.certs[0].read_text().endswith(chain) and host.certs[0].read_text().count("BEGIN CERTIFICATE") == 2


def test_a_link_stays_a_link(host: Host) -> None:
    real = host.certs[0].with_name("real.crt")
    host.certs[0].rename(real)
    host.certs[0].symlink_to("real.crt")
    assert host.apply().exit == 0
    assert host.certs[0].is_symlink() and host.is_true('cert_holds "${CERT_FILES[0]}" "$NEW"')
    assert host.undo().exit == 0
    assert host.certs[0].is_symlink() and sha(real) == sha(host.saved(host.certs[0]))


def test_a_subject_with_everything_in_it_is_kept(host: Host) -> None:
    subject = "/C=DE/O=Ö+, \\/x = y/OU=a/OU=b/CN=master1/emailAddress=a@b"
    make_leaf(host.certs[0], host.pki / "etcd/ca.crt", subject=subject, key=host.certs[0].with_suffix(".key"))
    before = x509(host.certs[0], "-subject")
    assert host.apply().exit == 0
    assert x509(host.certs[0], "-subject") == before


def other_key(host: Host) -> None:
    make_key(host.pki / "etcd/ca.key")


def other_ca(host: Host) -> None:
    make_ca(host.pki / "etcd")


def locked_ca_key(host: Host) -> None:
    key = host.pki / "etcd/ca.key"
    openssl("pkey", "-in", key, "-aes256", "-passout", "pass:x", "-out", key.with_suffix(".locked"))
    key.with_suffix(".locked").rename(key)


def other_leaf_key(host: Host) -> None:
    make_key(host.certs[0].with_suffix(".key"))


def key_inside(host: Host) -> None:
    host.certs[0].write_text(host.certs[0].read_text() + host.certs[0].with_suffix(".key").read_text())


def expired(host: Host) -> None:
    make_leaf(host.certs[0], host.pki / "etcd/ca.crt", days=-1, key=host.certs[0].with_suffix(".key"))


def no_names(host: Host) -> None:
    make_leaf(host.certs[0], host.pki / "etcd/ca.crt", names="", key=host.certs[0].with_suffix(".key"))


def gone(host: Host) -> None:
    host.certs[0].unlink()


def other_cn(host: Host) -> None:
    host.values["CERT_REQUIRED_CN"] = "etcd-peer"


def other_hostname(host: Host) -> None:
    host.values["CERT_REQUIRED_HOSTNAME"] = "etcd.example.org"


@pytest.mark.parametrize(
    ("spoil", "fact"),
    [
        (other_key, "etcd/ca.key is not the key of"),
        (other_ca, "was not issued by"),
        (locked_ca_key, "or is protected by a password"),
        (other_leaf_key, "etcd/peer.key is not the key of"),
        (key_inside, "also contains a private key"),
        (expired, "has expired"),
        (no_names, "has no SAN (subject alternative name)"),
        (gone, "no certificate in"),
        (other_cn, "has the common name 'master1', and etcd accepts only peer-cert-allowed-cn 'etcd-peer'"),
        (other_hostname, "lacks the peer-cert-allowed-hostname 'etcd.example.org'"),
    ],
)
def test_a_refusal_comes_before_any_change(host: Host, spoil: Callable[[Host], None], fact: str) -> None:
    spoil(host)
    before = tree(host.pki)
    planned = host.call("plan", "guard_certificates")
    assert planned.exit == 0 and f"{fact}" in planned.out
    ran = host.apply()
    assert ran.exit == 3 and fact in ran.err and "hint:" in ran.err
    assert tree(host.pki) == before and tree(host.state) == {}


def test_a_ca_that_this_machine_trusts_is_no_ca_of_etcd(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    other = make_ca(host.root / "trusted", "public-ca")
    leaves = make_leaf(host.root / "ours.crt", host.pki / "etcd/ca.crt"), make_leaf(host.root / "foreign.crt", other)
    (other.parent / f"{openssl('x509', '-hash', '-noout', '-in', other).strip()}.0").symlink_to(other)
    monkeypatch.setenv("SSL_CERT_DIR", str(other.parent))
    assert [host.is_true(f'ca_issued "${{CERT_CAS[0]}}" {leaf} bundle') for leaf in leaves] == [True, False]


def test_a_required_cn_and_hostname_that_fit_are_no_obstacle(host: Host) -> None:
    host.values |= {"CERT_REQUIRED_CN": "master1", "CERT_REQUIRED_HOSTNAME": "localhost"}
    assert host.apply().exit == 0


def test_a_certificate_that_came_out_otherwise_is_not_installed(host: Host) -> None:
    before = tree(host.pki)
    ran = host.call(
        "apply",
        "extensions_wanted_of_openssl() { wanted_extensions \"$1\" | sed '/=critical/d'; }\nwiden_certificates",
    )
    assert ran.exit == 1 and "is not installed: its extensions differ from the old ones" in ran.err
    assert tree(host.pki) == before


# --- predicates and small functions ---


@pytest.mark.parametrize(
    ("address", "digits"),
    [
        ("192.168.100.10", "c0a8640a"),
        ("0.0.0.0", "00000000"),
        ("::", "0" * 32),
        ("::1", "0" * 31 + "1"),
        ("fd00::", "fd00" + "0" * 28),
        ("fd00::a:1", "fd00" + "0" * 20 + "000a0001"),
        ("FD00:0:0:0:0:0:A:1", "fd00" + "0" * 20 + "000a0001"),
        ("2001:db8:1:2:3:4:5:6", "20010db8000100020003000400050006"),
        ("12:34:56", ""),
        ("1:2:3:4:5:6:7:8:9", ""),
        ("a::b::c", ""),
        (":::", ""),
        ("fd000::1", ""),
        ("master1", ""),
        ("", ""),
    ],
)
def test_address_hex(tmp_path: Path, address: str, digits: str) -> None:
    assert Host(tmp_path).answer(f"address_hex '{address}'") == digits


def test_a_missing_or_broken_file_holds_nothing(tmp_path: Path) -> None:
    (tmp_path / "broken").write_text("-----BEGIN CERTIFICATE-----\nAAAA\n")
    for name in ("missing", "broken"):
        assert not Host(tmp_path).is_true(f"cert_holds '{tmp_path}/{name}' 192.168.100.10")
        assert Host(tmp_path).answer(f"extensions_of '{tmp_path}/{name}'") == ""


def test_a_prefix_of_an_address_is_not_held(host: Host) -> None:
    assert host.is_true('cert_holds "${CERT_FILES[0]}" 192.168.100.10')
    assert not host.is_true('cert_holds "${CERT_FILES[0]}" 192.168.100.1')
