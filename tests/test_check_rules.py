"""The rules over the whole cluster, each with one broken input."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from etcd_renumber.checks.cluster import check
from etcd_renumber.inputs.mapping import load

from tests.checked_example import ETCD, EXAMPLE, FLAG, found
from tests.checked_example import MAPPING as M


def test_the_example_has_no_problem(tmp_path: Path) -> None:
    assert found(tmp_path) == []


def test_a_name_twice_is_refused(tmp_path: Path) -> None:
    shutil.copytree(EXAMPLE, tmp_path / "e")
    shutil.rmtree(tmp_path / "e" / "facts" / "master2")
    mapping = tmp_path / "e" / "mapping.yaml"
    mapping.write_text(mapping.read_text().replace("name: master2", "name: master1"))
    assert "the member master1 is listed twice" in [p.fact for p in check(load(mapping))]


CASES: dict[str, tuple[str, str, str, str, str]] = {
    "an address twice": (M, "192.168.110.11", "192.168.110.10", "error", "have the same new address 192.168.110.10"),
    "old equal to new": (M, "new: 192.168.110.10", "new: 192.168.100.10", "error", "old and new address are both"),
    "a chain": (M, "192.168.110.10", "192.168.100.11", "error", "is master2's old one: a chain or a cycle"),
    "mixed families": (M, "192.168.110.10", "'fd00::1'", "error", "mixes IPv4 and IPv6"),
    "a new address in the service range": (
        M,
        "192.168.110.10",
        "10.96.0.99",
        "error",
        "is inside the range 10.96.0.0/12",
    ),
    "a new address in the pod range": (M, "192.168.110.10", "10.244.3.4", "error", "is inside the range 10.244.0.0/16"),
    "loopback": (M, "192.168.110.10", "127.0.0.5", "error", "not an address that another host can call"),
    "another name in the manifest": (
        ETCD,
        "--name=master1",
        "--name=other",
        "error",
        "--name=other in the facts of master1",
    ),
    "listeners on neither address": (
        ETCD,
        "--listen-peer-urls=https://192.168.100.10:2380",
        "--listen-peer-urls=https://192.0.2.9:2380",
        "error",
        "contains neither 192.168.100.10 nor 192.168.110.10",
    ),
    "ports that disagree": (ETCD, ":2380", ":12380", "error", "has peer port"),
    "a token of its own": (ETCD, FLAG, FLAG + "    - --initial-cluster-token=x\n", "note", "--initial-cluster-token"),
    "http peers": (ETCD, "--listen-peer-urls=https", "--listen-peer-urls=http", "error", "is not https"),
    "more than one peer URL": (
        ETCD,
        "--initial-advertise-peer-urls=https://192.168.100.10:2380",
        "--initial-advertise-peer-urls=https://192.168.100.10:2380,https://192.0.2.1:2380",
        "error",
        "has 2 peer URLs",
    ),
    "a host name in a peer URL": (
        ETCD,
        "--initial-advertise-peer-urls=https://192.168.100.10:2380",
        "--initial-advertise-peer-urls=https://m1.example:2380",
        "error",
        "contains a host name",
    ),
    "a stranger in --initial-cluster": (
        "facts/master2/manifests/etcd.yaml",
        "master2=https",
        "master9=https://192.0.2.9:2380,master2=https",
        "warning",
        "names master9",
    ),
    "an unknown flag with an address of the plan": (
        ETCD,
        FLAG,
        FLAG + "    - --new-thing=192.168.100.11\n",
        "error",
        "unknown flag --new-thing=192.168.100.11",
    ),
    "an unknown flag without": (ETCD, FLAG, FLAG + "    - --new-thing=7\n", "warning", "unknown flag --new-thing"),
    "a flag that etcd of the image has no more": (
        ETCD,
        "etcd:3.4.13-0",
        "etcd:3.7.1-0\n    env: [{name: ETCD_ENABLE_V2, value: 'false'}]",
        "warning",
        "ETCD_ENABLE_V2: etcd has it up to 3.5, and the image is 3.7",
    ),
    "a flag that is in the environment too": (
        ETCD,
        "    image:",
        "    env: [{name: ETCD_NAME, value: 'master1'}]\n    image:",
        "error",
        "--name and ETCD_NAME are both set: etcd does not start with it",
    ),
    "a flag that is in the environment too, where etcd minds it not": (
        ETCD,
        "    image: k8s.gcr.io/etcd:3.4.13-0",
        "    env: [{name: ETCD_NAME, value: 'master1'}]\n    image: k8s.gcr.io/etcd:3.3.10",
        "warning",
        "--name and ETCD_NAME are both set: from 3.4 on",
    ),
    "a skipped SAN check": (
        ETCD,
        FLAG,
        FLAG + "    - --experimental-peer-skip-client-san-verification=true\n",
        "note",
        "experimental-peer-skip-client-san-verification",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_it_says_of(case: str, tmp_path: Path) -> None:
    file, old, new, severity, words = CASES[case]
    problems = found(tmp_path, (file, old, new))
    assert [p for p in problems if p.severity == severity and words in p.fact], problems
    assert all(p.fact and p.place and (p.hint or p.severity == "note") for p in problems), problems


@pytest.mark.parametrize(
    ("method", "tag", "warns"),
    [
        ("rolling", "@sha256:ab", False),
        ("bridge", "@sha256:ab", True),
        ("restore", ":latest", True),
        ("restore", ":3.4.13-0@sha256:ab", False),
    ],
)
def test_an_image_that_says_no_version_is_named_where_etcd_may_be_down(
    method: str, tag: str, warns: bool, tmp_path: Path
) -> None:
    problems = found(tmp_path, (M, "method: rolling", f"method: {method}"), (ETCD, "etcd:3.4.13-0", f"etcd{tag}"))
    facts = [p.fact for p in problems if p.severity == "warning" and "names no version" in p.fact]
    assert bool(facts) is warns, problems
    assert all(f"the tag of the image k8s.gcr.io/etcd{tag}" in fact for fact in facts)


def test_without_any_ca_two_clusters_cannot_be_told_apart(tmp_path: Path) -> None:
    shutil.copytree(EXAMPLE, tmp_path / "e")
    for path in (tmp_path / "e").rglob("ca.crt"):
        path.unlink()
    assert [
        p.severity for p in check(load(tmp_path / "e" / "mapping.yaml")) if "could not be told apart" in p.fact
    ] == ["warning"]


@pytest.mark.parametrize("size", [1, 2])
def test_one_or_two_members_stand_still_during_a_restart(size: int, tmp_path: Path) -> None:
    shutil.copytree(EXAMPLE, tmp_path / "e")
    for number in range(size + 1, 4):
        shutil.rmtree(tmp_path / "e" / "facts" / f"master{number}")
    mapping = tmp_path / "e" / "mapping.yaml"
    gone = [f"name: master{n}," for n in range(size + 1, 4)]
    kept = [line for line in mapping.read_text().splitlines(keepends=True) if not any(g in line for g in gone)]
    mapping.write_text("".join(kept))
    assert any(f"a cluster of {size} tolerates no failure" in p.fact for p in check(load(mapping)))
