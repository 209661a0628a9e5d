"""Tables in every shape people have them become a mapping."""

import pytest
import yaml
from etcd_renumber.inputs.mapping_text import mapping_text
from etcd_renumber.inputs.tables.read import read_table
from etcd_renumber.inputs.tables.reading import Row

ARTICLE = """成员名称 旧IP 新IP
master1 192.168.100.10 192.168.110.10
master2 192.168.100.11 192.168.110.11
master3 192.168.100.12 192.168.110.12
"""
FULL = [(f"master{n + 1}", f"192.168.100.1{n}", f"192.168.110.1{n}") for n in range(3)]
OPEN = [(name, old, None) for name, old, _ in FULL]

SIMPLE = """$ ETCDCTL_API=3 etcdctl --endpoints=https://192.168.100.10:2379 --cacert=/x/ca.crt member list
e2ef974167ea1d35, started, master1, https://192.168.100.10:2380, https://192.168.100.10:2379
1f2e59c3615624b3, started, master2, https://192.168.100.11:2380, https://192.168.100.11:2379
2430ba10b69efc5a, started, master3, https://192.168.100.12:2380, https://192.168.110.12:2379, false
"""
RULER = "+------------------+---------+---------+\n"
TABLE = (
    f"{RULER}|        ID        | STATUS  |  NAME   |   PEER ADDRS  | CLIENT ADDRS | IS LEARNER |\n{RULER}"
    + "".join(
        f"| e2ef974167ea1d3{n} | started | {name} | https://{old}:2380 | https://{old}:2379 |      false |\n"
        for n, (name, old, _) in enumerate([("master1", "192.168.100.10", ""), ("master2", "192.168.100.11", "")])
    )
)
ETCD2 = "".join(
    f"e2ef974167ea1d3{n}: name={name} peerURLs=https://{old}:2380 clientURLs=https://{old}:2379 isLeader={n == 0}\n"
    for n, (name, old, _) in enumerate(FULL)
)

QUOTED = "\ufeffName;Alt;Neu\n" + "\n".join('"' + '";"'.join(r) + '"' for r in FULL)

SHAPES = [
    ("the article's table with its Chinese header", ARTICLE, FULL),
    ("a CSV with commas", "name,old,new\n" + "\n".join(",".join(r) for r in FULL), FULL),
    ("a CSV with semicolons, quotes and a byte order mark", QUOTED, FULL),
    ("tabs and CRLF, no header", "\r\n".join("\t".join(r) for r in FULL), FULL),
    ("a Markdown table", "| n | o | n |\n|---|---|---|\n" + "\n".join(f"| {' | '.join(r)} |" for r in FULL), FULL),
    ("a numbered table", "\n".join(f"{n} {' '.join(r)}" for n, r in enumerate(FULL)), FULL),
    ("a table with prefix lengths", "\n".join(f"{a} {b}/24 {c}/24" for a, b, c in FULL), FULL),
    ("a table without new addresses", "\n".join(f"{a} {b}" for a, b, _ in FULL), OPEN),
    ("member list, simple, with its command", SIMPLE, OPEN),
    ("member list, table", TABLE, OPEN[:2]),
    ("member list of etcd 2", ETCD2, OPEN),
    ("the same list twice", SIMPLE + SIMPLE, OPEN),
    ("names after the addresses", "192.168.100.10 192.168.110.10 master1", FULL[:1]),
    ("IPv6", "a,2001:DB8::1,2001:db8:1::1", [("a", "2001:db8::1", "2001:db8:1::1")]),
    ("IPv6 in a member list", "e2ef974167ea1d35, started, a, https://[2001:db8::1]:2380", [("a", "2001:db8::1", None)]),
    ("a name of hex letters", "cafe 192.0.2.1 192.0.2.2", [("cafe", "192.0.2.1", "192.0.2.2")]),
    ("a name of digits", "1 192.0.2.1 192.0.2.2", [("1", "192.0.2.1", "192.0.2.2")]),
]  # fmt: skip


@pytest.mark.parametrize(("name", "text", "rows"), SHAPES, ids=[c[0] for c in SHAPES])
def test_a_table_is_understood(name: str, text: str, rows: list[tuple[str, str, str | None]]) -> None:
    table = read_table(text)
    assert table.problems == ()
    assert [(r.name, str(r.old), str(r.new) if r.new else None) for r in table.rows] == rows


WRONG = [
    ("nothing", "", "no line holds"),
    ("only a header", "name old new\n", "no line holds"),
    ("a number too large", "a 192.168.100.300 192.168.110.10", "192.168.100.300 is not an address"),
    ("no name", "192.0.2.1 192.0.2.2", "this line has no name"),
    (
        "a member that never started",
        "e2ef974167ea1d35, unstarted, , https://192.0.2.1:2380, ",
        "has no name: it was added",
    ),
    ("three addresses", "a 192.0.2.1 192.0.2.2 192.0.2.3", "3 addresses"),
    ("a name twice", "a 192.0.2.1 192.0.2.2\na 192.0.2.3 192.0.2.4", "a is there twice"),
    ("an address twice", "a 192.0.2.1 192.0.2.2\nb 192.0.2.3 192.0.2.2", "b and a share an address"),
]


@pytest.mark.parametrize(("name", "text", "fact"), WRONG, ids=[c[0] for c in WRONG])
def test_a_table_is_refused_with_its_line(name: str, text: str, fact: str) -> None:
    problems = read_table(text, "t.csv").problems
    assert [fact in p.fact for p in problems] == [True]
    assert problems[0].place == (
        f"t.csv:{text.count(chr(10)) + 1}" if name not in ("nothing", "only a header") else "t.csv"
    )


def test_what_was_passed_over_is_told() -> None:
    assert read_table(ARTICLE).skipped == ((1, "成员名称 旧IP 新IP"),)


def test_the_mapping_reads_back_and_open_addresses_are_marked() -> None:
    rows = read_table("on 192.0.2.1 192.0.2.2\nb 2001:db8::1\n").rows
    text = mapping_text("007", "CHG-1", rows)
    data = yaml.safe_load(text)
    assert (data["cluster"], data["change"], data["facts"]) == ("007", "CHG-1", "facts")
    assert data["members"] == [
        {"name": "on", "old": "192.0.2.1", "new": "192.0.2.2"},
        {"name": "b", "old": "2001:db8::1", "new": None},
    ]
    assert next(line for line in text.splitlines() if "TODO" in line).endswith("# TODO: new address")


def test_without_a_table_three_members_stand_open() -> None:
    members = yaml.safe_load(mapping_text("c", "CHG-1", ()))["members"]
    assert [m["old"] for m in members] == [None] * 3


def test_rows_are_values() -> None:
    assert read_table("a 192.0.2.1").rows == (Row("a", read_table("x 192.0.2.1").rows[0].old, None),)


@pytest.mark.parametrize("number", ["9" * 5000, "\u00b2", "\u0664"])
@pytest.mark.parametrize(
    "text", ['"ID" : {}\n"Name" : "cp1"\n"PeerURL" : "https://10.2.0.1:2380"\n', '{{"members":[{{"ID":"{}"}}]}}']
)
def test_an_id_that_no_etcd_has_is_no_error_of_ours(text: str, number: str) -> None:
    table = read_table(text.format(number), "members.txt")
    assert table.rows or table.problems
