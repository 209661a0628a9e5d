"""Where an old address still stands: file, line and address, and nothing else of the line."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.pki import Host, make_ca, make_leaf


def found(host: Host, *places: Path) -> list[str]:
    """The lines that are printed, without their indent and the folder's name."""
    words = " ".join(f"'{p}'" for p in places or (host.root / "etc",))
    return [line for line, _, _ in sorted_in(host, "after", words)]


def sorted_in(host: Host, moment: str, words: str) -> list[tuple[str, str, str]]:
    """(a place without the folder's name, the heading that it stands below, what is to be done about it)."""
    out = host.answer(f"read_old_addresses; find_leftovers_in_files {words}; print_leftovers {moment}")
    return places_in(out.replace(f"{host.root}/", ""))


def places_in(out: str) -> list[tuple[str, str, str]]:
    """The same of what a phase has printed."""
    places, heading, todo = [], "", ""
    for line in out.splitlines():
        if line.startswith(" " * 8) or line == "    none":
            places.append((line.strip(), heading, todo))
        elif line.startswith(" " * 6):
            todo = line.strip()
        else:
            heading = line.strip()
    return places


def etc(host: Host, name: str, text: str) -> Path:
    path = host.root / "etc" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def members(host: Host, olds: list[str], news: list[str]) -> None:
    host.arrays |= {"OLDS": olds, "NEWS": news}


@pytest.mark.parametrize(
    ("line", "is_there"),
    [
        ("192.168.100.1", True),
        ("https://192.168.100.1:2379,https://x", True),
        ("192.168.100.1/24", True),
        ("listen=192.168.100.1.", True),
        ("no_proxy=10.0.0.1,192.168.100.1", True),
        ("192.168.100.10", False),
        ("1192.168.100.1", False),
        ("192.168.100.1.5", False),
        ("192.168.10.1", False),
        ("192a168b100c1", False),
        ("", False),
    ],
)
def test_ipv4_is_found_as_a_whole_address(tmp_path: Path, line: str, is_there: bool) -> None:
    host = Host(tmp_path, old="192.168.100.1")
    etc(host, "a", f"one\n{line}\n")
    assert found(host) == (["etc/a:2: 192.168.100.1"] if is_there else ["none"])


@pytest.mark.parametrize(
    ("line", "is_there"),
    [
        ("fd00::a", True),
        ("https://[fd00::a]:2379", True),
        ("FD00:0:0:0:0:0:0:A", True),
        ("fd00:0000:0000:0000:0000:0000:0000:000a", True),
        ("fd00:0::a/64", True),
        ("fd00::a:", True),
        ("key:fd00::a", True),
        ("fd00::aa", False),
        ("fd00::a:1", False),
        ("1fd00::a", False),
        ("at 12:34:56", False),
        ("ab:cd:ef:01:02:03", False),
    ],
)
def test_ipv6_is_found_in_any_spelling(tmp_path: Path, line: str, is_there: bool) -> None:
    host = Host(tmp_path, old="fd00::a", new="fd00:1::a")
    etc(host, "a", f"{line}\n")
    assert found(host) == (["etc/a:1: fd00::a"] if is_there else ["none"])


def test_every_member_that_moves_is_looked_for_and_the_line_is_not_shown(tmp_path: Path) -> None:
    host = Host(tmp_path)
    members(host, ["10.0.0.1", "10.0.0.2", "10.0.0.3"], ["10.1.0.1", "10.1.0.2", "10.0.0.3"])
    etc(host, "b.conf", "token: secret 10.0.0.2 10.0.0.2\n\nserver: 10.0.0.1 and 10.0.0.2 and 10.0.0.3\n")
    etc(host, "a name with blanks/x", "10.0.0.1")
    assert found(host) == [
        "etc/a name with blanks/x:1: 10.0.0.1",
        "etc/b.conf:1: 10.0.0.2",
        "etc/b.conf:3: 10.0.0.1",
        "etc/b.conf:3: 10.0.0.2",
    ]


def test_certificates_are_asked_and_private_keys_and_binaries_are_not_read(tmp_path: Path) -> None:
    host = Host(tmp_path)
    ca = make_ca(tmp_path / "etc/pki")
    make_leaf(tmp_path / "etc/pki/peer.crt", ca)
    etc(host, "pki/some.key", "192.168.100.10\n")
    (tmp_path / "etc/blob").write_bytes(b"\0\0192.168.100.10\n")
    assert found(host) == ["etc/pki/peer.crt: the certificate holds 192.168.100.10, and a renewal keeps it"]


def test_what_this_change_saved_is_no_leftover(tmp_path: Path) -> None:
    host = Host(tmp_path)
    host.values["STATE"] = str(tmp_path / "etc/state")
    etc(host, "state/backup/manifests/etcd.yaml", "192.168.100.10\n")
    assert found(host) == ["none"]


def test_a_place_named_twice_or_missing_is_fine(tmp_path: Path) -> None:
    host = Host(tmp_path)
    path = etc(host, "hosts", "192.168.100.10 master1\n")
    assert found(host, path, path, tmp_path / "missing") == ["etc/hosts:1: 192.168.100.10"]


def test_a_place_that_is_a_link_is_followed(tmp_path: Path) -> None:
    host = Host(tmp_path)
    real = etc(host, "real.d/x", "192.168.100.10\n")
    link = tmp_path / "link.d"
    link.symlink_to(real.parent)
    assert found(host, link) == ["link.d/x:1: 192.168.100.10"]


def test_without_a_moving_member_there_is_nothing_to_look_for(tmp_path: Path) -> None:
    host = Host(tmp_path)
    members(host, ["10.0.0.1"], ["10.0.0.1"])
    etc(host, "a", "10.0.0.1\n")
    assert host.answer("list_leftovers after") == ""


NO_ETCD = "look_at_etcd() { etcd_pid=; }\nfind_etcdctl() { :; }\n"


def test_this_machine_can_be_searched(tmp_path: Path) -> None:
    done = Host(tmp_path).call("apply", f"{NO_ETCD}begin 'places'\nlist_leftovers after")
    assert done.exit == 0 and done.err == ""
    assert "etcd's keys were not looked at: etcd does not run on this host" in done.out
