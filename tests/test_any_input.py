"""Whatever stands in a mapping, a manifest or a unit: it is planned or refused, with problems and never with a traceback.

Seeded changes of good files, lines and words of them exchanged for what YAML, URLs and commands have at their edges.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from etcd_renumber.checks.cluster import check
from etcd_renumber.errors import Refused
from etcd_renumber.inputs.mapping import load
from etcd_renumber.planning.plan import plan
from etcd_renumber.rendering.render import render

from tests.external import external
from tests.scenario import hosts, rendered, scenario
from tests.unit_shapes import SHAPES, facts

pytestmark = pytest.mark.quick
HOSTS = hosts(3)
EACH = 40  # changes of each file

VALUES = (
    "", "~", "5", "-1", "1.5", "yes", "[]", "{}", "[x]", "{a: b}", "[[]]", "[{}]", "'", '"', "*x", "&x y", "<<", "!!timestamp z",
    "!!bool z", "!!int z", "!!float z", "!!binary z", "!!null z", "!!set [x]", "!!omap {a: b}", "!!python/name:os", "2026-99-99",
    "\t", "a: b", "a b", "$(X)", "$$(X)", "%", "|", "192.168.110.11", "192.168.100.10", "::ffff:192.168.100.10", "fe80::1%eth0",
    "https://192.168.100.10:99999", "https://192.168.100.10:x", "https://[::1", "https://", "https://192.168.100.10:-1", ",", "=",
    "٣", "\u2028", "\0", "\n---\n\tx", "\n---\n- {", "{<<: {stays: true}}", "\n  command: 5", "\n  command: {a: b}", "!!int ''",
)  # fmt: skip
# A change: a line of the file becomes these lines.
CHANGES: tuple[Callable[[random.Random, str], str], ...] = (
    lambda r, line: "",
    lambda r, line: line + line,
    lambda r, line: " " * r.randrange(1, 4) + line,
    lambda r, line: line.lstrip(),
    lambda r, line: re.sub(r"[:=].*", lambda m: m[0][0] + r.choice((" ", "")) + r.choice(VALUES), line, count=1),
    lambda r, line: re.sub(r"([:=]) ?[^:=]*$", lambda m: f"{m[1]} {r.choice(VALUES)}\n", line),
    lambda r, line: re.sub(r"\S+\s*$", lambda m: r.choice(VALUES) + "\n", line),
    lambda r, line: re.sub(r"\w+", lambda m: r.choice(VALUES), line, count=1),
    lambda r, line: f"{line[: (cut := r.randrange(len(line)))]}{r.choice(VALUES)}{line[cut:]}",
    lambda r, line: line[: r.randrange(len(line))] + "\n",
)


def changed(seed: int, text: str) -> str:
    """One to three lines of it are other ones."""
    chance = random.Random(seed)
    lines = text.splitlines(keepends=True)
    for _ in range(chance.choice((1, 1, 2, 3))):
        number = chance.randrange(len(lines))
        lines[number] = chance.choice(CHANGES)(chance, lines[number] or "\n")
    return "".join(lines)


def taken(mapping: Path) -> list[str]:
    """As `plan` and `render` take it: the facts that keep it from being rendered, none where it is."""
    try:
        cluster = load(mapping)
        found = [p.fact for p in check(cluster) if p.severity == "error"]
        if not found:
            render(plan(cluster))
        return found
    except Refused as refused:
        assert refused.problems
        return [p.fact for p in refused.problems]


def kubeadm(tmp: Path) -> None:
    scenario(tmp, HOSTS, snapshots="each", objects="kubeadm", hosts_file=True, endpoint="master1")


def restored(tmp: Path) -> None:
    scenario(tmp, HOSTS, method="restore", accept_loss=False, bump_revision=9, tools=None)


def unit(tmp: Path) -> None:
    rendered(tmp, HOSTS, {h.name: facts(SHAPES["Kubespray"], h, HOSTS) for h in HOSTS}, method="bridge")


def bare_unit(tmp: Path) -> None:
    rendered(tmp, HOSTS, {h.name: facts(SHAPES["kubeasz"], h, HOSTS) for h in HOSTS})


def on_hosts_of_its_own(tmp: Path) -> None:
    external(tmp)


PODS = "facts/master1/manifests"
FILES: dict[str, tuple[Callable[[Path], None], str]] = {
    "a mapping": (kubeadm, "mapping.yaml"),
    "a mapping of a restore": (restored, "mapping.yaml"),
    "a mapping with apiservers": (on_hosts_of_its_own, "mapping.yaml"),
    "etcd.yaml": (kubeadm, f"{PODS}/etcd.yaml"),
    "kube-apiserver.yaml": (kubeadm, f"{PODS}/kube-apiserver.yaml"),
    "kube-scheduler.yaml": (kubeadm, f"{PODS}/kube-scheduler.yaml"),
    "kube-apiserver.yaml beside a unit": (unit, f"{PODS}/kube-apiserver.yaml"),
    "kube-apiserver.yaml on a host of its own": (on_hosts_of_its_own, f"{PODS}/kube-apiserver.yaml"),
    "the environment of a unit": (unit, "facts/master1/etcd.env"),
    "a unit": (bare_unit, "facts/master1/etcd.service"),
}


@pytest.mark.parametrize("name", FILES)
def test_no_change_of_a_good_file_ends_in_a_traceback(name: str, tmp_path: Path) -> None:
    made, file = FILES[name]
    made(tmp_path)
    good = (tmp_path / file).read_text()
    for seed in range(EACH):
        text = changed(seed, good)
        (tmp_path / file).write_text(text)
        try:
            taken(tmp_path / "mapping.yaml")
        except Exception as error:
            pytest.fail(f"{type(error).__name__} with change {seed}:\n{text}")


# file, what stands in it, what it becomes, and words of the refusal; nothing where it is planned
ENDED_SO: dict[str, tuple[str, str, str, str]] = {
    "a list as method": ("a mapping", "snapshots: each", "method: [rolling]", "['rolling'] is not one of"),
    "a mapping as method": ("a mapping", "snapshots: each", "method: {a: b}", "{'a': 'b'} is not one of"),
    "a tag in a mapping": ("a mapping", "cluster: test", "cluster: !!timestamp z", "does not fit its tag"),
    "a number as command of etcd": ("etcd.yaml", "  - command:\n", "  - command: 5\n    words:\n", "command is no list"),
    "a number as command": ("kube-scheduler.yaml", "  - command:\n", "  - command: 5\n    words:\n", ""),
    "a mapping as command": ("kube-scheduler.yaml", "  - command:\n", "  - command: {a: b}\n    words:\n", ""),
    "a tag in a pod": ("etcd.yaml", "tier: control-plane", "tier: !!bool z", "does not fit its tag"),
    "no YAML, with a new address": ("kube-scheduler.yaml", "kind: Pod\n", "kind: Pod\n  x: 192.168.110.11\n", "this is not YAML"),
    "a port that is none": (
        "kube-apiserver.yaml on a host of its own", "https://192.168.100.10:2379", "https://192.168.100.10:99999",
        "calls https://192.168.100.10:99999, which is no URL",
    ),
    "no YAML behind the document": ("kube-apiserver.yaml on a host of its own", "\nstatus: {}\n", "\nstatus: {}\n---\n- {\n", ""),
}  # fmt: skip


@pytest.mark.parametrize("case", ENDED_SO)
def test_what_ended_in_a_traceback_is_refused_or_planned(case: str, tmp_path: Path) -> None:
    name, old, new, words = ENDED_SO[case]
    made, file = FILES[name]
    made(tmp_path)
    path = tmp_path / file
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new, 1))
    found = taken(tmp_path / "mapping.yaml")
    assert (words in " ".join(found)) if words else found == []
