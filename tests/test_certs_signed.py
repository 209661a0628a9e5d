"""Certificates whose CA key is elsewhere: asked for, taken where they are right, refused where not."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.pki import NAMES, TEMPLATES, Host, make_ca, make_leaf, openssl, tree

SURROUNDINGS = (TEMPLATES / "runbook/steps/surroundings.sh").read_text()


def signed_elsewhere(host: Host, ca_key: Path, cert: Path, **other: object) -> Path:
    """What the people with the CA key do: sign the request as it asks."""
    csr = host.state / "csr" / f"{host.label(cert)}.csr"
    signed = host.state / "signed" / f"{host.label(cert)}.crt"
    options = {"copy": "copyall", "days": "30"} | {k: str(v) for k, v in other.items()}
    openssl(
        "x509", "-req", "-in", csr, "-CA", cert.parent / "ca.crt", "-CAkey", ca_key, "-set_serial", "99",
        "-copy_extensions", options["copy"], "-days", options["days"], "-out", signed,
    )  # fmt: skip
    return signed


@pytest.fixture
def keyless(host: Host) -> Host:
    """The key of etcd's CA is on another machine; the apiserver's is here."""
    (host.pki / "etcd/ca.key").rename(host.root / "elsewhere.key")
    return host


def test_without_the_ca_key_a_request_is_written_and_nothing_replaced(keyless: Host) -> None:
    host, before = keyless, tree(keyless.pki)
    ran = host.apply()
    assert ran.exit == 3, ran.err
    assert f"{host.state}/signed/{host.label(host.certs[0])}.crt" in ran.err
    assert f"{host.state}/signed/{host.label(host.certs[1])}.crt" in ran.err
    assert tree(host.pki) == before
    csr = openssl("req", "-noout", "-text", "-verify", "-in", host.state / f"csr/{host.label(host.certs[0])}.csr")
    assert "IP Address:192.168.100.10, IP Address:127.0.0.1" in csr and "IP Address:192.168.110.10" in csr
    assert "TLS Web Server Authentication, TLS Web Client Authentication" in csr
    requests = {p: (p.read_bytes(), p.stat().st_mtime_ns) for p in (host.state / "csr").iterdir()}
    assert host.apply().exit == 3
    assert {p: (p.read_bytes(), p.stat().st_mtime_ns) for p in (host.state / "csr").iterdir()} == requests
    for path in (p for p in host.state.rglob("*") if p.is_file()):
        assert "PRIVATE KEY" not in path.read_text()
        assert path.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("key", ["ca-key.pem", "ca.key"])
def test_the_key_of_a_ca_pem_is_found_under_both_of_its_names(host: Host, key: str) -> None:
    for folder in (host.pki / "etcd", host.pki):
        (folder / "ca.crt").rename(folder / "ca.pem")
        (folder / "ca.key").rename(folder / key)
    named = [cert.parent / "ca.pem" for cert in host.certs]
    host.arrays = {
        "CERT_CAS": [str(ca) for ca in named],
        "CERT_CA_KEYS": [str(ca.with_name("ca-key.pem")) for ca in named],
    }
    seen = host.call("plan", f"narrow_has_begun() {{ false; }}\n{SURROUNDINGS}\nthe_certificates_are_known").out
    assert seen.count(f"signed with {host.pki}") == seen.count(f"/{key}") == 3
    ran = host.apply()
    assert ran.exit == 0, ran.err
    assert host.is_true("certs_are_wide") and not (host.state / "csr").exists()


def test_once_signed_the_next_run_goes_on_and_undo_brings_back(keyless: Host) -> None:
    host, before = keyless, tree(keyless.pki)
    assert host.apply().exit == 3
    for cert in host.certs[:2]:
        signed_elsewhere(host, host.root / "elsewhere.key", cert)
    ran = host.apply()
    assert ran.exit == 0, ran.err
    assert host.is_true("certs_are_wide")
    assert "0 commands carried out" in host.apply().out
    assert host.undo().exit == 0 and tree(host.pki) == before


@pytest.mark.parametrize(
    ("other", "fact"),
    [
        ({"copy": "none"}, "requested SANs"),
        ({"days": "-1"}, "or it is not valid now"),
    ],
)
def test_a_wrong_signed_certificate_is_refused(keyless: Host, other: dict[str, str], fact: str) -> None:
    host, before = keyless, tree(keyless.pki)
    assert host.apply().exit == 3
    for cert in host.certs[:2]:
        signed_elsewhere(host, host.root / "elsewhere.key", cert, **other)
    ran = host.apply()
    assert ran.exit == 3 and fact in ran.err
    assert tree(host.pki) == before


def foreign_key(host: Host, signed: Path) -> None:
    make_leaf(signed, host.root / "elsewhere.crt", names=f"{NAMES}, IP:192.168.110.10")


def foreign_ca(host: Host, signed: Path) -> None:
    ca = make_ca(host.root / "other")
    make_leaf(signed, ca, names=f"{NAMES}, IP:192.168.110.10", key=host.certs[0].with_suffix(".key"))


def lesser_use(host: Host, signed: Path) -> None:
    make_leaf(
        signed, host.root / "elsewhere.crt", names=f"{NAMES}, IP:192.168.110.10", key=host.certs[0].with_suffix(".key"),
        extensions="extendedKeyUsage = serverAuth\n",
    )  # fmt: skip


def lost_name(host: Host, signed: Path) -> None:
    make_leaf(
        signed, host.root / "elsewhere.crt", names="IP:192.168.100.10, IP:192.168.110.10",
        key=host.certs[0].with_suffix(".key"),
    )  # fmt: skip


def no_certificate(host: Host, signed: Path) -> None:
    signed.write_text("to be done\n")


@pytest.mark.parametrize(
    ("sign", "fact"),
    [
        (foreign_key, "it is not for the key"),
        (foreign_ca, "no CA in"),
        (lesser_use, "extended key usage"),
        (lost_name, "it lacks 4 of the requested SANs"),
        (no_certificate, "it is not a certificate"),
    ],
)
def test_a_foreign_signed_certificate_is_refused(keyless: Host, sign: Callable[[Host, Path], None], fact: str) -> None:
    host = keyless
    assert host.apply().exit == 3
    shutil.copy(host.pki / "etcd/ca.crt", host.root / "elsewhere.crt")
    sign(host, host.state / "signed" / f"{host.label(host.certs[0])}.crt")
    before = tree(host.pki)
    ran = host.apply()
    assert ran.exit == 3 and fact in ran.err, (ran.exit, ran.err)
    assert tree(host.pki) == before
