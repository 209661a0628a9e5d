"""The rules over the whole cluster, each with one broken input; and the flags by class."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from etcd_renumber.assets import folder
from etcd_renumber.checks.cluster import check
from etcd_renumber.checks.etcd_flags import IGNORED, TABLE, classify, out_of_place
from etcd_renumber.inputs.mapping import load
from etcd_renumber.model import Problem

from tests.conftest import MINORS

EXAMPLE = folder("examples") / "three-masters"
ETCD = "facts/master1/manifests/etcd.yaml"


def found(tmp: Path, *changes: tuple[str, str, str]) -> list[Problem]:
    """What check() says of the example after (file, old text, new text) replacements."""
    shutil.copytree(EXAMPLE, tmp / "e")
    for file, old, new in changes:
        path = tmp / "e" / file
        assert old in path.read_text(), (file, old)
        path.write_text(path.read_text().replace(old, new))
    return check(load(tmp / "e" / "mapping.yaml"))


def test_the_example_has_no_problem(tmp_path: Path) -> None:
    assert found(tmp_path) == []


def test_a_name_twice_is_refused(tmp_path: Path) -> None:
    shutil.copytree(EXAMPLE, tmp_path / "e")
    shutil.rmtree(tmp_path / "e" / "facts" / "master2")
    mapping = tmp_path / "e" / "mapping.yaml"
    mapping.write_text(mapping.read_text().replace("name: master2", "name: master1"))
    assert "the member master1 is listed twice" in [p.fact for p in check(load(mapping))]


M = "mapping.yaml"
FLAG = "    - --snapshot-count=10000\n"
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


def test_two_members_that_swap_their_addresses_are_told_to_do_it_in_two_changes(tmp_path: Path) -> None:
    problems = found(
        tmp_path, (M, "192.168.110.10", "192.168.100.11"), (M, "new: 192.168.110.11", "new: 192.168.100.10")
    )
    assert [(p.severity, p.fact) for p in problems if "swap" in p.fact] == [
        ("error", "master1's new address 192.168.100.11 is master2's old one: a swap"),
        ("error", "master2's new address 192.168.100.10 is master1's old one: a swap"),
    ]
    assert all(
        p.hint.startswith("make two changes: first to addresses that no host has") for p in problems if "swap" in p.fact
    )


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


@pytest.mark.parametrize(
    "flag",
    [
        "force-new-cluster=true",
        "config-file=/x",
        "discovery=https://x",
        "auto-tls=true",
        "peer-auto-tls=true",
        "peer-client-cert-file=/x",
    ],
)
def test_a_flag_that_cannot_be_carried_over_is_refused_with_the_reason(flag: str, tmp_path: Path) -> None:
    problems = found(tmp_path, (ETCD, FLAG, f"{FLAG}    - --{flag}\n"))
    assert [p for p in problems if p.severity == "error" and flag.split("=")[0] in p.fact and ": " in p.fact]


def test_a_flag_in_the_environment_counts_as_a_flag(tmp_path: Path) -> None:
    env = "    env:\n    - {name: ETCD_FORCE_NEW_CLUSTER, value: 'true'}\n    image:"
    assert any("force-new-cluster" in p.fact for p in found(tmp_path, (ETCD, "    image:", env)))


def test_wildcard_listeners_pass(tmp_path: Path) -> None:
    assert (
        found(
            tmp_path,
            (
                ETCD,
                "peer-urls=https://192.168.100.10:2380\n    - --name",
                "peer-urls=https://0.0.0.0:2380\n    - --name",
            ),
        )
        == []
    )


def test_a_host_that_moved_last_week_is_a_note_and_rendered_unchanged(tmp_path: Path) -> None:
    problems = found(tmp_path, (ETCD, "192.168.100.10", "192.168.110.10"))
    assert [(p.severity, "has moved already" in p.fact) for p in problems] == [("note", True)]


def test_without_any_ca_two_clusters_cannot_be_told_apart(tmp_path: Path) -> None:
    shutil.copytree(EXAMPLE, tmp_path / "e")
    for path in (tmp_path / "e").rglob("ca.crt"):
        path.unlink()
    assert [
        p.severity for p in check(load(tmp_path / "e" / "mapping.yaml")) if "could not be told apart" in p.fact
    ] == ["warning"]


def test_a_virtual_address_in_another_static_pod_is_no_new_address(tmp_path: Path) -> None:
    shutil.copytree(EXAMPLE, tmp_path / "e")
    pod = "spec:\n  containers:\n  - name: k\n    command: [kube-vip, --address, 192.168.110.11]\nmetadata: {name: k}\n"
    (tmp_path / "e/facts/master1/manifests/kube-vip.yaml").write_text(pod)
    assert any("a virtual address" in p.fact for p in check(load(tmp_path / "e" / "mapping.yaml")))


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


def test_a_member_that_stays_keeps_its_manifests_and_is_told_what_they_hold(tmp_path: Path) -> None:
    apiserver = "facts/master3/manifests/kube-apiserver.yaml"
    servers = "--etcd-servers=https://127.0.0.1:2379"
    problems = found(
        tmp_path,
        (M, "new: 192.168.110.12", "stays: true"),
        (apiserver, servers, servers + ",https://192.168.100.10:2379"),
    )
    assert [p.fact for p in problems if p.severity == "warning"] == [
        "master3 keeps its address, but its kube-apiserver.yaml names the old address 192.168.100.10: --etcd-servers"
    ]


KUBEADM_1_33 = (
    "    - --experimental-initial-corrupt-check=true\n    - --experimental-watch-progress-notify-interval=5s\n"
)
KUBEADM_1_34 = "    - --feature-gates=InitialCorruptCheck=true\n    - --watch-progress-notify-interval=5s\n"


@pytest.mark.parametrize(
    ("image", "flags", "said"),
    [
        ("3.5.21-0", KUBEADM_1_33, {}),
        ("3.6.10-0", KUBEADM_1_33, {}),
        ("3.6.10-0", KUBEADM_1_34, {}),
        ("mirrored", KUBEADM_1_34, {}),
        (
            "3.7.1-0@sha256:3b5",
            KUBEADM_1_33,
            {
                "experimental-initial-corrupt-check": "use --feature-gates=InitialCorruptCheck=true;",
                "experimental-watch-progress-notify-interval": "use --watch-progress-notify-interval;",
            },
        ),
        (
            "3.5.21-0",
            KUBEADM_1_34,
            {"feature-gates": "remove it;", "watch-progress-notify-interval": "remove it;"},
        ),
        ("3.6.10-0", "    - --proxy=off\n    - --not-ours=1\n", {"proxy": "remove it;"}),
    ],
)
def test_a_flag_that_etcd_of_the_images_minor_does_not_start_with_is_a_problem(
    image: str, flags: str, said: dict[str, str], tmp_path: Path
) -> None:
    problems = found(tmp_path, (ETCD, FLAG, FLAG + flags), (ETCD, "etcd:3.4.13-0", f"etcd:{image}"))
    errors = {p.key: p for p in problems if p.severity == "error"}
    assert set(errors) == set(said)
    for name, hint in said.items():
        assert errors[name].fact.startswith(f"--{name}: etcd has it ") and errors[name].hint.startswith(hint)


# Flags that `--help` leaves out, in whichever minor.
HIDDEN = {*IGNORED.split(), "config-file", "version", "help", "enable-grpc-gateway", "log-output", "unsafe-no-fsync"}
# Those that came with a later patch than the one that is tried.
LATER = {
    "3.3": set(),
    "3.4": {"listen-client-http-urls", "tls-min-version", "tls-max-version", "next-cluster-version-compatible"},
    "3.5": {"experimental-snapshot-catchup-entries"},
    "3.6": set(),
    "3.7": set(),
}


@pytest.mark.parametrize("minor", MINORS)
def test_the_table_has_the_flags_that_etcd_has(minor: str, etcds: Callable[[str], Path]) -> None:
    ran = subprocess.run([etcds(minor) / "etcd", "--help"], capture_output=True, text=True, check=False)
    said = set(re.findall(r"(?m)^[ \t]+--?([a-z0-9][a-z0-9-]+)", ran.stdout + ran.stderr))
    ours = {name for name in TABLE if not out_of_place(name, minor)}
    said -= {"discovery", "discovery-proxy"} if minor == "3.7" else set()  # its help has them still, and it does not
    assert said - ours == set()
    hidden = {*HIDDEN, "experimental-enable-lease-checkpoint-persist"} if minor == "3.4" else HIDDEN
    assert ours - said - hidden - LATER[minor] == set()
    assert classify("experimental-initial-corrupt-check") and out_of_place("experimental-initial-corrupt-check", "3.7")


def test_the_table_of_flags_has_reasons_for_every_refusal() -> None:
    assert all(f.why for f in TABLE.values() if f.kind in ("refused", "noted"))
    assert len(TABLE) > 150
    kinds = {"listen-peer-urls": "ours", "wal-dir": "honoured", "snapshot-count": "harmless", "auto-tls": "refused"}
    for name, kind in kinds.items():
        flag = classify(name)
        assert flag is not None and flag.kind == kind
    assert classify("no-such-flag") is None
