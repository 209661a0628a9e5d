# ruff: noqa: RUF001  full-width signs are what is tested
"""Titles of columns decide in any language and order; whatever is pasted, there are members or problems."""

import itertools
import json

import pytest
import yaml
from etcd_renumber.inputs.tables.choice import choice
from etcd_renumber.inputs.tables.read import read_table
from etcd_renumber.inputs.tables.titles import meaning
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.pasted import (
    BOTH,
    members,
)

TITLES = {
    "name": ("name", "Host", "hostname", "etcd_name", "Node Name", "主机名", "节点", "节点名称", "成员名称", "名称", "服务器"),
    "old": ("old", "old_ip", "oldIP", "Current Address", "existing IP", "旧IP", "原IP地址", "当前IP", "旧地址", "源IP", "变更前IP"),
    "new": ("new", "New-IP", "target", "target_address", "新IP", "目标IP", "目标地址", "新主机地址", "变更后IP", "改为"),
    "address": ("ip", "IP Address", "地址", "IP地址", "node ip", "主机IP"),
    "other": ("role", "site", "#", "No.", "description", "角色", "机房", "备注", "网关", "vip"),
    "": ("private", "public", "old or new", "internalAddress"),
}  # fmt: skip


@pytest.mark.parametrize(("means", "title"), [(m, title) for m, titles in TITLES.items() for title in titles])
def test_a_title_is_understood(means: str, title: str) -> None:
    assert meaning(title, means not in ("name", "other")) == means


@pytest.mark.parametrize("titles", list(itertools.product(*(TITLES[m][:4] for m in ("name", "old", "new")))))
def test_titles_decide_in_any_order(titles: tuple[str, str, str]) -> None:
    for order in itertools.permutations(range(3)):
        lines = [titles, *BOTH]
        assert members("\n".join(",".join(line[n] for n in order) for line in lines)) == BOTH


@settings(deadline=None)
@given(
    *(st.sampled_from(TITLES[means]) for means in ("name", "old", "new", "other")),
    st.permutations(range(4)),
    st.sampled_from([",", ";", "\t", " | ", "，", "  "]),
)
def test_old_and_new_are_never_exchanged(
    name: str, old: str, new: str, other: str, order: list[int], sign: str
) -> None:
    lines = [(name, old, new, other), *((*row, "fra1") for row in BOTH)]
    read = read_table("\n".join(sign.join(line[n] for n in order) for line in lines))
    rows = [(r.name, str(r.old), str(r.new)) for r in read.rows]
    assert rows == BOTH or (sign == "  " and read.problems)


WORDS = st.sampled_from(
    ["name", "旧IP", "new", "cp1", "10.2.0.1", "2001:db8::1", "10.2.0.300", "started", "8e9e05c52164694d", "->", ",", "|",
     "\t", "\n", "\n", ": ", "=", "[etcd]", "{", "}", '"', "- ", "hosts:", "  ", "https://10.2.0.2:2380", "<none>", "\x00",
     "ansible_host=", "Ready", "v1.2", "unstarted", "peerURLs=", ":", "https://[x", "\u2028", "[1:2]", "'", "&a", "*a", "!x"]
)  # fmt: skip


@settings(deadline=None)
@given(st.lists(WORDS, max_size=40), st.sampled_from([None, "name,old,new", "old=旧IP", "-,name,old"]))
def test_whatever_is_pasted_there_are_members_or_problems(words: list[str], columns: str | None) -> None:
    read = read_table("".join(words), "t", choice(columns, None))
    assert read.rows or read.problems


KEYS = st.sampled_from(
    ["members", "items", "hosts", "children", "all", "etcd", "_meta", "hostvars", "spec", "kind", "apiVersion", "metadata",
     "labels", "status", "addresses", "type", "address", "name", "ID", "peerURLs", "clientURLs", "isLearner", "roleGroups",
     "nodes", "old", "new", "ip", "Endpoint", "node-role.kubernetes.io/master"]
)  # fmt: skip
LEAVES = st.sampled_from(
    ["", "cp1", "10.2.0.1", "https://10.2.0.1:2380", "Node", "kubekey.kubesphere.io/v1", "apps.sealos.io/v1",
     "InternalIP", "[", "x[1:2]", None, True, 7, 10501334649042878790, 1.5]
)  # fmt: skip
DOCUMENTS = st.recursive(
    LEAVES, lambda below: st.lists(below, max_size=3) | st.dictionaries(KEYS, below, max_size=4), max_leaves=25
)


@settings(deadline=None)
@given(st.dictionaries(KEYS, DOCUMENTS, min_size=1, max_size=4), st.booleans())
def test_whatever_is_in_a_document_there_are_members_or_problems(document: dict[str, object], is_json: bool) -> None:
    read = read_table(json.dumps(document) if is_json else yaml.safe_dump(document))
    assert read.rows or read.problems
