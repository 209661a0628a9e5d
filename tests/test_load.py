"""What is wrong with a mapping or a facts folder is said at once, with its place; nothing wrong is read."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from etcd_renumber.assets import folder
from etcd_renumber.errors import Refused
from etcd_renumber.inputs.mapping import load, load_mapping
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

EXAMPLE = folder("examples") / "three-masters"
GOOD = """\
cluster: prod
change: CHG-1
members:
  - {name: a, old: 192.0.2.1, new: 192.0.2.11}
  - {name: b, old: 192.0.2.2, stays: true}
"""


def refused(tmp: Path, text: str) -> list[str]:
    """Every problem of this mapping as `PLACE FACT`, the place without its folder."""
    path = tmp / "mapping.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(Refused) as caught:
        load_mapping(path)
    assert all(p.fact and p.place for p in caught.value.problems)
    return [f"{p.place.rpartition('/')[2]} {p.fact}" for p in caught.value.problems]


def test_the_example_is_read_with_everything_its_manifests_say() -> None:
    cluster = load(EXAMPLE / "mapping.yaml")
    etcd = cluster.facts["master2"].etcd
    assert etcd is not None
    assert (etcd.name, etcd.data_dir, etcd.wal_dir, etcd.peer_port, etcd.client_port) == (
        "master2",
        "/var/lib/etcd",
        None,
        2380,
        2379,
    )
    assert etcd.peer_cert_file == "/etc/kubernetes/pki/etcd/peer.crt"
    assert [str(a) for a in etcd.listen_client] == ["192.168.100.11"], (
        "the one that others reach, not the one on loopback"
    )
    assert {str(a): str(b) for a, b in cluster.mapping.moves().items()}["192.168.100.10"] == "192.168.110.10"


CASES = {
    "a key that nobody knows, with the one that was meant": ("colour: red\n", "mapping.yaml:6:1 unknown key colour"),
    "a number where a name is wanted": (GOOD.replace("CHG-1", "1042"), "mapping.yaml:2:9 1042 is not of type 'string'"),
    "no change": (GOOD.replace("change: CHG-1\n", ""), "mapping.yaml:1:1 'change' is a required property"),
    "a name that breaks --initial-cluster": (
        GOOD.replace("name: a", "name: 'a,b=c'"),
        "mapping.yaml:4:12 'a,b=c' does not match",
    ),
    "a name that leaves its folder": (GOOD.replace("name: a", "name: ../a"), "mapping.yaml:4:12 '../a' does not match"),
    "what is no address": (
        GOOD.replace("192.0.2.11", "192.0.2.11/24"),
        "'192.0.2.11/24' is not an address",
    ),
    "no new address": (GOOD.replace(", new: 192.0.2.11", ""), "mapping.yaml:4:5 a has no new address"),
    "a member that stays and moves": (
        GOOD.replace("stays: true", "stays: true, new: 192.0.2.12"),
        "b has `stays: true` and a new address",
    ),
    "a member that stays and keeps its old address beside": (
        GOOD.replace("stays: true", "stays: true, old_stays: true"),
        "b has `stays: true` and `old_stays: true`",
    ),
    "an old address that stays where a host never has both": (
        GOOD.replace("new: 192.0.2.11", "new: 192.0.2.11, old_stays: true") + "addresses: replace\n",
        "a has `old_stays: true`, with addresses: replace",
    ),
    "an old address that stays in a restore": (
        GOOD.replace("new: 192.0.2.11", "new: 192.0.2.11, old_stays: true") + "method: restore\n",
        "a has `old_stays: true`, with method: restore",
    ),
    "an old address that stays, and certificates without it": (
        GOOD.replace("new: 192.0.2.11", "new: 192.0.2.11, old_stays: true") + "certificates: narrow\n",
        "a has `old_stays: true`, with certificates: narrow",
    ),
    "a revision bump where nothing is restored": ("bump_revision: 0\n", "bump_revision: 0 has no effect with method"),
    "a bridge with a key of rolling": (
        "method: bridge\naddresses: replace\n",
        "mapping.yaml:7:12 addresses: replace has no effect with method: bridge",
    ),
    "a bridge with a snapshot": ("method: bridge\nsnapshots: each\n", "snapshots: each has no effect"),
    "a key twice": ("cluster: other\n", "mapping.yaml:6:1 the key cluster is there twice"),
    "a tab": ("\tx: y\n", "this is not YAML"),
    "an alias": ("x: &a [1]\ny: *a\n", "anchors and aliases"),
}


@pytest.mark.parametrize("case", CASES)
def test_a_mapping_is_refused_for(case: str, tmp_path: Path) -> None:
    text, expected = CASES[case]
    found = refused(tmp_path, text if text.startswith("cluster: prod") else GOOD + text)
    assert any(expected in line for line in found), found


def test_all_problems_come_at_once(tmp_path: Path) -> None:
    text = GOOD.replace("CHG-1", "'C H'").replace("192.0.2.11", "x").replace("name: b", "name: b/c") + "colour: 1\n"
    assert len(refused(tmp_path, text)) >= 3


@pytest.mark.parametrize("content", [b"", b"\xff\xfe\x00", b"- a\n- b\n", b"just a word"])
def test_what_is_no_mapping_is_one_clear_problem(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "mapping.yaml").write_bytes(content)
    with pytest.raises(Refused) as caught:
        load_mapping(tmp_path / "mapping.yaml")
    assert len(caught.value.problems) == 1


@pytest.mark.parametrize("path", ["missing.yaml", "."])
def test_a_path_that_cannot_be_read_is_named(path: str, tmp_path: Path) -> None:
    with pytest.raises(Refused, match="this cannot be read"):
        load_mapping(tmp_path / path)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(max_size=300))
def test_no_text_ends_in_anything_but_a_mapping_or_a_refusal(text: str, tmp_path: Path) -> None:
    path = tmp_path / "mapping.yaml"
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    with pytest.raises(Refused):
        load_mapping(path)


def copy(tmp: Path) -> Path:
    shutil.copytree(EXAMPLE, tmp / "e")
    return tmp / "e"


FACTS = {
    "a private key": ("facts/master1/pki/etcd/ca.key", "x", "this looks like a private key; nothing more was read"),
    "a key under another name": (
        "facts/master1/notes.txt",
        "-----BEGIN EC " + "PRIVATE KEY-----\n",
        "this looks like a private key",
    ),
    "a kubeconfig with its key": ("facts/master2/admin.conf", "client-key-data: abc", "this looks like a private key"),
    "a host that the mapping does not know": (
        "facts/master9/manifests/etcd.yaml",
        "x: y",
        "the mapping has no member master9",
    ),
    "two manifests that run etcd": (
        "facts/master1/manifests/etcd2.yaml",
        (EXAMPLE / "facts/master1/manifests/etcd.yaml").read_text(),
        "2 manifests of master1 run etcd",
    ),
    "a folder among the manifests": ("facts/master1/manifests/old/etcd.yaml", "x", "a folder among the manifests"),
}


@pytest.mark.parametrize("case", FACTS)
def test_facts_are_refused_for(case: str, tmp_path: Path) -> None:
    name, text, expected = FACTS[case]
    example = copy(tmp_path)
    path = example / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    with pytest.raises(Refused) as caught:
        load(example / "mapping.yaml")
    assert any(expected in p.fact for p in caught.value.problems)
    assert not any("abc" in p.fact + p.hint for p in caught.value.problems)


def test_a_host_without_facts_is_named_with_what_to_copy(tmp_path: Path) -> None:
    example = copy(tmp_path)
    shutil.rmtree(example / "facts" / "master3")
    with pytest.raises(Refused, match="there are no facts of master3"):
        load(example / "mapping.yaml")


MANIFESTS = {
    "a shell that starts etcd": (
        "    - etcd\n",
        "    - /bin/sh\n    - -c\n    - etcd --name=x\n",
        "etcd is started by /bin/sh",
    ),
    "a value from the environment": ("--data-dir=/var/lib/etcd", "--data-dir=$(DIR)", "takes its value from $( )"),
    "no data folder": ("    - --data-dir=/var/lib/etcd\n", "", "there is no --data-dir"),
    "a name among the listeners": (
        "--listen-peer-urls=https://192.168.100.10:2380",
        "--listen-peer-urls=https://m1:2380",
        "cannot be read",
    ),
}


@pytest.mark.parametrize("case", MANIFESTS)
def test_an_etcd_manifest_is_refused_for(case: str, tmp_path: Path) -> None:
    old, new, expected = MANIFESTS[case]
    example = copy(tmp_path)
    path = example / "facts/master1/manifests/etcd.yaml"
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))
    with pytest.raises(Refused) as caught:
        load(example / "mapping.yaml")
    assert any(expected in p.fact for p in caught.value.problems), caught.value.problems


def test_paths_are_those_of_the_host_and_the_environment_counts(tmp_path: Path) -> None:
    example = copy(tmp_path)
    path = example / "facts/master1/manifests/etcd.yaml"
    text = path.read_text().replace("      path: /var/lib/etcd\n", "      path: /data/etcd\n")
    text = text.replace("    image:", "    env:\n    - {name: ETCD_WAL_DIR, value: /var/lib/etcd/w}\n    image:")
    path.write_text(text)
    etcd = load(example / "mapping.yaml").facts["master1"].etcd
    assert etcd is not None
    assert (etcd.data_dir, etcd.wal_dir) == ("/data/etcd", "/data/etcd/w")
