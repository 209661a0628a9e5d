"""Addresses exchanged where they stand, and the proof that nothing else changed."""

from ipaddress import ip_address
from pathlib import Path

import pytest
from etcd_renumber.assets import folder
from etcd_renumber.errors import Refused
from etcd_renumber.manifests.container import process
from etcd_renumber.manifests.renumber import addresses_in, manifests_of, prove, renumber
from etcd_renumber.model import Address, Facts, Member
from hypothesis import given
from hypothesis import strategies as st

MOVES: dict[Address, Address] = {
    ip_address("192.168.100.1"): ip_address("192.168.110.1"),
    ip_address("192.168.100.10"): ip_address("192.168.110.10"),
    ip_address("2001:db8::1"): ip_address("2001:db8:1::1"),
    ip_address("2001:db8::10"): ip_address("2001:db8:1::10"),
}

MOVED = [
    ("a bare address", "192.168.100.10", "192.168.110.10"),
    ("an address in a URL", "https://192.168.100.10:2379", "https://192.168.110.10:2379"),
    (
        "every URL of a list",
        "https://127.0.0.1:2379,https://192.168.100.1:2379",
        "https://127.0.0.1:2379,https://192.168.110.1:2379",
    ),
    (
        "members of --initial-cluster",
        "a=https://192.168.100.1:2380,b=https://192.168.100.10:2380",
        "a=https://192.168.110.1:2380,b=https://192.168.110.10:2380",
    ),
    ("an address with a prefix length", "192.168.100.10/24", "192.168.110.10/24"),
    ("the end of a sentence", "# was 192.168.100.10.", "# was 192.168.110.10."),
    ("both ends of a range", "192.168.100.1-192.168.100.10", "192.168.110.1-192.168.110.10"),
    ("an address after Chinese words", "旧地址192.168.100.10。", "旧地址192.168.110.10。"),
    ("quotes", "host: \"192.168.100.10\" '192.168.100.1'", "host: \"192.168.110.10\" '192.168.110.1'"),
    ("CRLF stays", "a: 192.168.100.10\r\nb: 1\r\n", "a: 192.168.110.10\r\nb: 1\r\n"),
    ("a YAML key", "192.168.100.10: x", "192.168.110.10: x"),
    ("an IPv4-mapped address", "[::ffff:192.168.100.10]:2379", "[::ffff:192.168.110.10]:2379"),
    ("a word of hex letters before an address", "cafe:beef:192.168.100.10", "cafe:beef:192.168.110.10"),
    ("IPv6 in brackets", "https://[2001:db8::1]:2379", "https://[2001:db8:1::1]:2379"),
    ("IPv6 bare", "--advertise-address=2001:db8::1", "--advertise-address=2001:db8:1::1"),
    ("IPv6 in capitals with all zeros", "[2001:0DB8:0000:0000:0000:0000:0000:0001]", "[2001:db8:1::1]"),
    ("IPv6 with a prefix length", "2001:db8:0::10/64", "2001:db8:1::10/64"),
    ("IPv6 as a YAML key", "2001:db8::1: x", "2001:db8:1::1: x"),
    ("IPv6 in a YAML list", "[2001:db8::1, 2001:db8::10]", "[2001:db8:1::1, 2001:db8:1::10]"),
    ("a range of IPv6", "2001:db8::1-2001:db8::10", "2001:db8:1::1-2001:db8:1::10"),
]

UNTOUCHED = [
    ("a longer last number", "192.168.100.100"),
    ("a longer first number", "1192.168.100.1"),
    ("five numbers", "192.168.100.1.5"),
    ("five numbers from the left", "5.192.168.100.1"),
    ("leading zeros", "192.168.100.010"),
    ("a host name that ends in an address", "node-192.168.100.10"),
    ("a host name that begins with an address", "192.168.100.10-node"),
    ("a host name with a digit before the address", "node1-192.168.100.10"),
    ("a domain below an address", "192.168.100.10.example.org"),
    ("a version with a letter", "v192.168.100.10"),
    ("a longer IPv6 address", "2001:db8::1:2380"),
    ("a longer IPv6 group", "[2001:db8::100]"),
    ("an IPv6 address with a zone", "[2001:db8::1%eth0]"),
    ("a fingerprint", "20:01:0D:B8:00:00:00:00:00:00:00:00:00:00:00:01"),
    ("a hex blob", "sha256:20010db8000000000000000000000001"),
    ("an address behind a prefix of its own", "64:ff9b::192.168.100.10"),
    ("a time", "12:30:45"),
]


@pytest.mark.parametrize(("name", "old", "new"), MOVED, ids=[c[0] for c in MOVED])
def test_a_whole_address_moves(name: str, old: str, new: str) -> None:
    assert renumber(old, MOVES) == new


@pytest.mark.parametrize(("name", "text"), UNTOUCHED, ids=[c[0] for c in UNTOUCHED])
def test_what_is_no_whole_address_stays(name: str, text: str) -> None:
    assert renumber(text, MOVES) == text
    assert renumber(f"- x={text}\n", MOVES) == f"- x={text}\n"


def test_a_chain_is_followed_one_step_only() -> None:
    a, b, c = (ip_address(f"192.0.2.{n}") for n in (1, 2, 3))
    assert renumber("192.0.2.1 192.0.2.2", {a: b, b: c}) == "192.0.2.2 192.0.2.3"


@given(st.text(alphabet="0129.:ab[]-/ \n=%", max_size=60))
def test_any_text_without_the_address_is_untouched_and_going_back_restores_it(text: str) -> None:
    old, new = ip_address("192.0.2.1"), ip_address("198.51.100.7")
    moved = renumber(f"{text}\n192.0.2.1\n", {old: new})
    assert not any(address == old for address, _ in addresses_in(moved))
    if not any(address == new for address, _ in addresses_in(text)):
        back = renumber(moved, {new: old})
        assert addresses_in(back) == addresses_in(f"{text}\n192.0.2.1\n")


def test_addresses_are_listed_with_their_lines() -> None:
    text = "a: 192.0.2.1\n\nb: https://[2001:db8::1]:1,192.0.2.1\n# ::ffff:192.0.2.9\n"
    assert [(str(a), n) for a, n in addresses_in(text)] == [
        ("192.0.2.1", 1),
        ("2001:db8::1", 3),
        ("192.0.2.1", 3),
        ("192.0.2.9", 4),
    ]


POD = (
    "spec:\n  containers:\n  - command: [{}]\n    args: [{}]\n    env:\n    - {{name: IP, value: 192.0.2.1}}\n"
    "    - {{name: POD, valueFrom: {{fieldRef: x}}}}\n"
)

PROCESSES = [
    ("command and args together", POD.format("/usr/bin/etcd, -a", "-b"), "etcd", ("/usr/bin/etcd", "-a", "-b")),
    (
        "a name is cut at 15 bytes",
        POD.format("kube-controller-manager", ""),
        "kube-controller",
        ("kube-controller-manager",),
    ),
    ("a variable is filled in", POD.format("etcd, --x=$(IP)", ""), "etcd", ("etcd", "--x=192.0.2.1")),
    ("an escaped dollar", POD.format("etcd, --x=$$(IP)", ""), "etcd", ("etcd", "--x=$(IP)")),
    ("an unknown variable stays", POD.format("etcd, $(NO)", ""), "etcd", ("etcd", "$(NO)")),
    ("a value only kubelet knows", POD.format("etcd, $(POD)", ""), "etcd", ()),
    ("no command", "spec:\n  containers:\n  - args: [x]\n", "", ()),
    ("no pod", "[1, 2]\n", "", ()),
    ("nothing", "", "", ()),
    ("numbers are written as they stand", POD.format("etcd, 0x10, yes", ""), "etcd", ("etcd", "0x10", "yes")),
]


@pytest.mark.parametrize(("name", "text", "comm", "argv"), PROCESSES, ids=[c[0] for c in PROCESSES])
def test_the_process_of_a_manifest(name: str, text: str, comm: str, argv: tuple[str, ...]) -> None:
    assert (process(text).name, process(text).argv) == (comm, argv)


def test_the_proof_holds_for_several_documents_and_keys() -> None:
    old = "a: 192.168.100.10\n---\n192.168.100.1: [x, '192.168.100.10']\n---\n&a [*a]\n"
    assert prove(old, renumber(old, MOVES), MOVES, "f") == []


BROKEN = [
    ("an address spelled with escapes", 'a: "192.168.\\x3100.10"\n', None, "f:1"),
    ("an address after an escape", 'b: 1\na: "x\\n192.168.100.10"\n', None, "f:2"),
    ("another value changed", "a: 192.168.100.10\nb: 1\n", "a: 192.168.110.10\nb: 2\n", "f:2"),
    ("an address forgotten", "a: 192.168.100.10\n", "a: 192.168.100.10\n", "f:1"),
    ("a document lost", "a: 1\n---\nb: 1\n", "a: 1\n", "f"),
    ("a key added", "a: 1\n", "a: 1\nb: 1\n", "f:1"),
    ("two keys become one", "x:\n  192.168.100.10: 1\n  192.168.110.10: 2\n", None, "f:2"),
    ("a list longer", "[1]\n", "[1, 2]\n", "f:1"),
    ("a type changed", "a: 1\n", "a: [1]\n", "f:1"),
    ("no YAML", "a: [1\n", None, "f:2:1"),
    ("no text", "a: \x01\n", None, "f"),
]


@pytest.mark.parametrize(("name", "old", "new", "place"), BROKEN, ids=[c[0] for c in BROKEN])
def test_the_proof_fails(name: str, old: str, new: str | None, place: str) -> None:
    problems = prove(old, renumber(old, MOVES) if new is None else new, MOVES, "f")
    assert [p.place for p in problems] == [place]
    assert all(p.hint for p in problems)


def facts(manifests: dict[str, str]) -> Facts:
    return Facts("m", Path("facts/m"), manifests)


def test_the_example_changes_in_its_address_tokens_only() -> None:
    files = folder("examples") / "three-masters" / "facts" / "master2" / "manifests"
    texts = {p.name: p.read_bytes().decode() for p in files.iterdir()}
    moves = {ip_address(f"192.168.100.{n}"): ip_address(f"192.168.110.{n}") for n in (10, 11, 12)}
    member = Member("master2", ip_address("192.168.100.11"), ip_address("192.168.110.11"))
    made = manifests_of(facts(texts), member, dict(moves))
    assert made[0].file == "etcd.yaml"
    assert [m.file for m in made if m.changes] == ["etcd.yaml", "kube-apiserver.yaml"]
    for m in made:
        assert m.new == m.old.replace("192.168.100.1", "192.168.110.1")
        assert m.new_process.argv == tuple(a.replace("192.168.100.1", "192.168.110.1") for a in m.old_process.argv)


def test_a_member_that_stays_keeps_every_byte() -> None:
    member = Member("m", ip_address("192.0.2.1"), ip_address("192.0.2.1"), stays=True)
    (made,) = manifests_of(facts({"etcd.yaml": "a: 192.168.100.10\n"}), member, MOVES)
    assert not made.changes


def test_every_manifest_that_cannot_be_proved_is_named_at_once() -> None:
    member = Member("192.168.100.10", ip_address("192.168.100.10"), ip_address("192.168.110.10"))
    with pytest.raises(Refused) as refused:
        manifests_of(facts({"a.yaml": "[", "b.yaml": 'x: "\\n192.168.100.10"\n'}), member, MOVES)
    assert len(refused.value.problems) == 3
