"""Certificates reissued with one address more, given back, asked for elsewhere: the bash itself, with real openssl."""

from __future__ import annotations

import hashlib
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.pki import KUBEADM, NAMES, Host, kubeadm_host, make_ca, make_key, make_leaf, openssl

RICH = """basicConstraints = critical, CA:FALSE
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid, issuer:always
1.3.6.1.4.1.99999.1.2 = DER:0c05686f776479
extendedKeyUsage = critical, clientAuth, serverAuth, 1.2.3.4
nsComment = "all of this is printable"
keyUsage = digitalSignature
certificatePolicies = 1.2.3.4.5
"""
RICH_NAMES = "URI:spiffe://x/y, email:a@example.org, DNS:*.etcd.local, RID:1.2.3.4, IP:fd00::a, IP:192.168.100.10"


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Folders with a host's certificates, made once a session and copied."""
    kept: dict[str, Path] = {}

    def make(kind: str) -> Path:
        if kind not in kept:
            kept[kind] = tmp_path_factory.mktemp(kind)
            rich = kind == "rich"
            kubeadm_host(
                kept[kind], "EC" if rich else kind, names=RICH_NAMES if rich else NAMES,
                extensions=RICH if rich else KUBEADM,
            )  # fmt: skip
        return kept[kind]

    return make


@pytest.fixture
def host(tmp_path: Path, made: Callable[[str], Path]) -> Host:
    return copied(tmp_path, made("EC"))


def copied(folder: Path, source: Path) -> Host:
    shutil.copytree(source, folder, dirs_exist_ok=True)
    pki = folder / "pki"
    return Host(folder, certs=[pki / "etcd/peer.crt", pki / "etcd/server.crt", pki / "apiserver.crt"])


def sha(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def tree(folder: Path) -> dict[str, str]:
    return {str(p.relative_to(folder)): sha(p) for p in sorted(folder.rglob("*")) if p.is_file()}


def text_of(cert: Path) -> str:
    return openssl("x509", "-noout", "-text", "-certopt", "no_serial,no_sigdump,no_validity", "-in", cert)


def field(cert: Path, *what: str) -> str:
    return openssl("x509", "-noout", *what, "-in", cert)


@pytest.mark.parametrize("kind", ["EC", "RSA", "rich"])
def test_a_reissued_certificate_differs_in_nothing_but_the_added_address(
    kind: str, tmp_path: Path, made: Callable[[str], Path]
) -> None:
    host = copied(tmp_path, made(kind))
    files = set(tree(host.pki))
    before = {c: (text_of(c), field(c, "-pubkey", "-subject", "-enddate", "-issuer")) for c in host.certs}
    serials = {field(c, "-serial") for c in host.certs}
    ran = host.apply()
    assert ran.exit == 0, ran.err
    for cert in host.certs:
        text, same = before[cert]
        assert text_of(cert) == re.sub(r"(Alternative Name: .*\n.*)", r"\1, IP Address:192.168.110.10", text)
        assert field(cert, "-pubkey", "-subject", "-enddate", "-issuer") == same
        assert field(cert, "-startdate") == field(cert.parent / "ca.crt", "-startdate")
        assert field(cert, "-serial") not in serials
        serials.add(field(cert, "-serial"))
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
    before = field(host.certs[0], "-subject")
    assert host.apply().exit == 0
    assert field(host.certs[0], "-subject") == before


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
        (locked_ca_key, "or a password locks it"),
        (other_leaf_key, "etcd/peer.key is not the key of"),
        (key_inside, "holds a private key as well"),
        (expired, "has expired"),
        (no_names, "has no alternative names"),
        (gone, "no certificate in"),
        (other_cn, "is for 'master1', and etcd accepts only peer-cert-allowed-cn 'etcd-peer'"),
        (other_hostname, "does not hold the peer-cert-allowed-hostname 'etcd.example.org'"),
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
    assert ran.exit == 1 and "is not installed: its extensions are not the old ones" in ran.err
    assert tree(host.pki) == before


# --- the way back ---


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
        assert field(cert, "-pubkey"), "a whole certificate at every moment"
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


# --- no CA key here ---


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
    for path in (p for p in host.state.rglob("*") if p.is_file()):
        assert "PRIVATE KEY" not in path.read_text()
        assert path.stat().st_mode & 0o077 == 0


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
        ({"copy": "none"}, "wanted alternative names"),
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
        (lost_name, "it lacks 4 of the wanted alternative names"),
        (no_certificate, "it is no certificate"),
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
