"""RUNBOOK.md, read as a table reader reads it: every line, way back and hash that somebody will go by."""

from __future__ import annotations

import hashlib
import re
from ipaddress import ip_address
from pathlib import Path

import pytest
from etcd_renumber.methods import METHODS
from etcd_renumber.methods.narrow import narrowed
from etcd_renumber.methods.rolling import BOTH, REPLACE
from etcd_renumber.model import Change
from etcd_renumber.quorum import tolerance
from etcd_renumber.rendering.exit_codes import EXIT_CODES
from etcd_renumber.rendering.render import render
from etcd_renumber.rendering.runbook_md import FIRST_SNAPSHOT

from tests.scenario import EXAMPLE, Host, hosts, manifests, rendered

V6 = {"old": "fd00:a::{}", "new": "fd00:b::{}"}


def page_of(tmp: Path, members: list[Host], **mapping: object) -> tuple[Change, str]:
    facts = {h.name: {f: quoted(text) for f, text in manifests(h, members).items()} for h in members}
    made = rendered(tmp, members, facts, **mapping)
    return made.change, (made.folder / "RUNBOOK.md").read_text(encoding="utf-8")


def quoted(text: str) -> str:
    """A value that begins with the bracket of an IPv6 address is in quotes, as kubeadm writes it."""
    return re.sub(r"(?m)^( *\S+: )(\[\S+)$", r"\1'\2'", text)


def tables(text: str) -> list[list[list[str]]]:
    """Every table: its rows as cells, the header first, without the line of dashes."""
    blocks = re.findall(r"(?:^\|.*\n)+", text, re.M)
    split = [[[c.strip() for c in re.split(r"(?<!\\)\|", row)[1:-1]] for row in b.splitlines()] for b in blocks]
    return [[rows[0], *rows[2:]] for rows in split]


def table(text: str, *header: str) -> list[list[str]]:
    """The rows below the one table whose header begins so."""
    found = [t[1:] for t in tables(text) if tuple(t[0][: len(header)]) == header]
    assert len(found) == 1, header
    return found[0]


VARIANTS = {
    "the article's three": (hosts(3), {}),
    "three that never have both addresses": (hosts(3), {"addresses": "replace"}),
    "one member alone": (hosts(1), {}),
    "one member that never has both": (hosts(1), {"addresses": "replace"}),
    "two members": (hosts(2), {}),
    "five": (hosts(5), {"snapshots": "each"}),
    "one of three stays": ([*hosts(2), Host("master3", "192.168.100.12", "192.168.100.12")], {}),
    "IPv6": (hosts(3, V6["old"], V6["new"]), {}),
    "one keeps its old address beside": (hosts(3), {"old_stays": ["master2"]}),
    "a bridge": (hosts(3), {"method": "bridge"}),
    "a bridge with one that stays": (
        [*hosts(2), Host("master3", "192.168.100.12", "192.168.100.12")],
        {"method": "bridge"},
    ),
    "a restore": (hosts(3), {"method": "restore"}),
    "narrow certificates": (hosts(3), {"certificates": "narrow"}),
    "a bridge with narrow certificates": (hosts(3), {"method": "bridge", "certificates": "narrow"}),
    "a restore with narrow certificates": (hosts(3), {"method": "restore", "certificates": "narrow"}),
}
every_variant = pytest.mark.parametrize("members, mapping", VARIANTS.values(), ids=VARIANTS.keys())


@every_variant
def test_every_table_has_rows_as_wide_as_its_header(tmp_path: Path, members: list[Host], mapping: dict[str, str]):
    _, text = page_of(tmp_path, members, **mapping)
    for rows in tables(text):
        assert {len(row) for row in rows} == {len(rows[0])}, rows[0]
    assert "None" not in text.replace("None: a single", "") and "\n\n\n" not in text


@every_variant
def test_the_order_has_one_line_for_each_line_of_the_plan(tmp_path: Path, members: list[Host], mapping: dict[str, str]):
    change, text = page_of(tmp_path, members, **mapping)
    rows = table(text, "#", "host")
    assert [(r[0], r[1].strip("*"), r[2].strip("*").removeprefix("`").removesuffix("`")) for r in rows] == [
        (str(line.line), "the source" if line.host == "-" else line.host, line.text) for line in change.order
    ]
    for row, line in zip(rows, change.order, strict=True):
        assert all(row[3:]), row
        assert row[2].startswith("`" if line.kind == "phase" else "*"), row


@every_variant
def test_the_cells_of_the_order_fit_on_paper(tmp_path: Path, members: list[Host], mapping: dict[str, str]):
    _, text = page_of(tmp_path, members, **mapping)
    assert [c for row in table(text, "#", "host") for c in (row[3], row[4], row[5]) if len(c) > 64] == []
    assert [c for row in table(text, "exit") for c in row if len(c) > 40] == []


@every_variant
def test_every_phase_says_when_it_can_be_taken_back(tmp_path: Path, members: list[Host], mapping: dict[str, str]):
    change, text = page_of(tmp_path, members, **mapping)
    rows = dict(table(text, "run", "possible while"))
    for phase in change.method.phases:
        if phase.undo:
            assert rows[f"`undo {phase.name}`"] == phase.undo_when
        else:
            assert rows[f"`{phase.name}`"] == f"no undo: {phase.no_undo}"
    assert len(rows) == len(change.method.phases)


@every_variant
def test_the_hashes_are_those_of_the_files(tmp_path: Path, members: list[Host], mapping: dict[str, str]):
    change, text = page_of(tmp_path, members, **mapping)
    rows = table(text, "file", "sha256")
    assert [name for name, _ in rows][:2] == ["change.json", "run.sh"]
    assert [name for name, _ in rows][2:] == [
        f"hosts/{h.name}/{f}" for h in members for f in ("runbook.sh", "SHA256SUMS")
    ]
    for name, sha in rows:
        content = (tmp_path / "out/test" / name).read_bytes()
        assert sha == f"`{hashlib.sha256(content).hexdigest()}`", name
    assert rows[0][1].startswith(f"`{change.digest}")


@every_variant
def test_the_row_of_this_cluster_is_marked(tmp_path: Path, members: list[Host], mapping: dict[str, str]):
    _, text = page_of(tmp_path, members, **mapping)
    marked = [row for row in table(text, "members", "majority") if row[3]]
    assert marked == [[*(f"**{n}**" for n in (len(members), *tolerance(len(members)))), "**this cluster**"]]


@every_variant
def test_the_same_change_makes_the_same_page(tmp_path: Path, members: list[Host], mapping: dict[str, str]):
    change, text = page_of(tmp_path, members, **mapping)
    assert render(change)["RUNBOOK.md"] == text and str(tmp_path) not in text


def test_every_line_and_every_exit_code_has_its_words():
    assert {code for code, *_ in EXIT_CODES} == set("012345")
    for method in (BOTH, REPLACE, *METHODS.values(), *map(narrowed, METHODS.values())):
        inside = [name for step in method.order for name in ((step,) if isinstance(step, str) else step)]
        assert {p.name for p in method.phases} == set(inside) - {a.name for a in method.actions}, method.name
        for what in (*method.phases, *method.actions):
            assert what.does and what.seen and what.back, f"{method.name}: {what.name}"


def test_hosts_whose_manifest_founds_a_cluster_are_named(tmp_path: Path):
    members = hosts(3)
    state = "    - --initial-cluster-state=existing\n"
    facts = {h.name: manifests(h, members, () if h.name == "master1" else (state.strip()[2:],)) for h in members}
    made = rendered(tmp_path / "one", members, facts)
    assert "**Watch: master1.**" in (made.folder / "RUNBOOK.md").read_text()
    assert state not in (EXAMPLE / "etcd.yaml").read_text(), "the first master's manifest founds"
    facts["master1"] = manifests(members[0], members, (state.strip()[2:],))
    made = rendered(tmp_path / "none", members, facts)
    assert "Watch:" not in (made.folder / "RUNBOOK.md").read_text()


def test_a_firewall_learns_every_pair_from_old_and_new_to_old_and_new(tmp_path: Path):
    _, text = page_of(tmp_path, VARIANTS["one of three stays"][0])
    rows = table(text, "from", "to")
    assert len(rows) == 6 and {row[2] for row in rows} == {"2379, 2380/tcp"}
    pairs = {(row[0], row[1]) for row in rows}
    assert ("192.168.100.10, 192.168.110.10", "192.168.100.11, 192.168.110.11") in pairs
    assert ("192.168.100.11, 192.168.110.11", "192.168.100.12") in pairs, "a moved member calls one that stays from new"
    for source, target in pairs:
        assert all(ip_address(a) for a in f"{source}, {target}".split(", "))


def test_one_member_has_no_flows_and_no_other_host(tmp_path: Path):
    _, text = page_of(tmp_path, VARIANTS["one member alone"][0])
    assert "None: a single member" in text and "| from |" not in text
    assert "**writes and the API**" in text and "the API of the other hosts" not in text
    assert table(text, "line", "writes to etcd")[-2][:2] == ["`move`", "**none for 3 to 5 s**"]


@pytest.mark.parametrize(
    "count, writes", [(1, "**none, all the while**"), (2, "**none, all the while**"), (3, "continue")]
)
def test_with_replace_a_small_cluster_stands_still_from_leave_to_move(tmp_path: Path, count: int, writes: str):
    _, text = page_of(tmp_path, hosts(count), addresses="replace")
    row = next(r for r in table(text, "line", "writes to etcd") if r[0].startswith("`leave`"))
    assert row[1].startswith(writes)


def test_with_replace_the_way_back_goes_through_leave(tmp_path: Path):
    _, text = page_of(tmp_path, hosts(3), addresses="replace")
    back = {row[2]: row[5] for row in table(text, "#", "host")}
    assert back["`bash runbook.sh apply move`"] == "`undo move`, change the address back, `undo leave`"
    assert back["`bash runbook.sh apply leave`"] == "`undo leave`"
    assert "`undo leave`" in [row[0] for row in table(text, "run", "possible while")]
    assert "beside" not in text


@pytest.mark.parametrize("snapshots, lines", [("one", ["master1"]), ("each", ["master1", "master2"]), ("none", [])])
def test_the_page_says_which_host_takes_a_snapshot(tmp_path: Path, snapshots: str, lines: list[str]):
    _, text = page_of(tmp_path, hosts(2), snapshots=snapshots)
    assert [row[1] for row in table(text, "#", "host") if row[3].endswith(FIRST_SNAPSHOT)] == lines


def test_peer_urls_of_ipv6_stand_in_brackets_and_a_member_that_stays_keeps_its_own(tmp_path: Path):
    _, text = page_of(tmp_path / "six", VARIANTS["IPv6"][0])
    assert table(text, "member", "old address")[0][3] == "`https://[fd00:b::10]:2380`"
    _, text = page_of(tmp_path / "stays", VARIANTS["one of three stays"][0])
    assert table(text, "member", "old address")[2] == [
        "master3",
        "192.168.100.12",
        "stays",
        "`https://192.168.100.12:2380`",
    ]


def test_narrow_comes_last_on_every_host_and_is_said_to_have_no_way_back(tmp_path: Path):
    change, text = page_of(tmp_path, VARIANTS["one of three stays"][0], certificates="narrow")
    assert [(n.host, n.phase) for n in change.order][-3:] == [(f"master{n}", "narrow") for n in (1, 2, 3)]
    assert "until `narrow`: a host on which it was done keeps its new address" in text
    assert "`kubeadm certs renew all` keeps the SANs that are there" in text
    assert dict(table(text, "run", "possible while"))["`narrow`"].startswith("no undo: the certificates no longer")


def test_without_it_no_page_and_no_plan_says_a_word_of_it(tmp_path: Path):
    change, text = page_of(tmp_path, hosts(3))
    assert "narrow" not in text and "narrow" not in change.json
