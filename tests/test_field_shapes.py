"""Shapes of manifests and mappings that people have and that work, or are refused in the right words, as they are today."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from etcd_renumber.assets import folder
from etcd_renumber.checks.cluster import check
from etcd_renumber.errors import Refused
from etcd_renumber.inputs.mapping import load
from etcd_renumber.model import Problem
from etcd_renumber.planning.plan import plan
from etcd_renumber.rendering.render import render

from tests.test_what_a_look_proves import bash

EXAMPLE = folder("examples") / "three-masters"
LISTEN = "--listen-client-urls=https://127.0.0.1:2379,https://192.168.100.10:2379"
INIT = "  initContainers:\n  - {name: wait, image: busybox:1, args: [ping, 192.168.100.10]}\n  containers:\n"
pytestmark = pytest.mark.quick
Edit = Callable[[str], str]


def changed(tmp: Path, edits: dict[str, Edit]) -> Path:
    """The mapping of the example, with these files of it changed."""
    shutil.copytree(EXAMPLE, tmp / "e")
    for file, edit in edits.items():
        path = tmp / "e" / file
        before = path.read_text()
        path.write_text(edit(before))
        assert path.read_text() != before
    return tmp / "e/mapping.yaml"


def said(mapping: Path) -> list[Problem]:
    """Everything that is found."""
    try:
        return check(load(mapping))
    except Refused as refused:
        return list(refused.problems)


def listening(urls: str) -> Edit:
    return lambda text: text.replace(LISTEN, f"--listen-client-urls={urls}")


# --- only addresses differ ---

SHAPES: dict[str, Edit] = {
    "a blank after the comma": lambda t: t.replace(",https://192.168.100.10:2379", ", https://192.168.100.10:2379"),
    "loopback of IPv6 beside IPv4": listening(f"https://[::1]:2379,{LISTEN.partition('=')[2]}"),
    "an IPv6 address beside IPv4": listening(f"{LISTEN.partition('=')[2]},https://[2001:db8::10]:2379"),
    "JSON": lambda t: json.dumps(yaml.safe_load(t), indent=2),
    "a byte order mark": lambda t: "\ufeff" + t,
    "a line of three dashes above": lambda t: "---\n" + t,
    "a folded text": lambda t: t.replace(f"- {LISTEN}", f"- >-\n      {LISTEN}"),
    "a container that runs before": lambda t: t.replace("  containers:\n", INIT),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_nothing_but_addresses_changes_in(shape: str, tmp_path: Path) -> None:
    cluster = load(changed(tmp_path, {"facts/master1/manifests/etcd.yaml": SHAPES[shape]}))
    assert check(cluster) == []
    manifest = plan(cluster).manifests["master1"][0]
    assert manifest.file == "etcd.yaml" and "192.168.100." not in manifest.new
    assert manifest.new.replace("192.168.110.", "192.168.100.") == manifest.old


def test_controller_manager_and_scheduler_on_the_hosts_address_are_asked_there(tmp_path: Path) -> None:
    files = [f"facts/master1/manifests/kube-{name}.yaml" for name in ("controller-manager", "scheduler")]
    cluster = load(changed(tmp_path, dict.fromkeys(files, lambda t: t.replace("127.0.0.1", "192.168.100.10"))))
    assert check(cluster) == []
    change = plan(cluster)
    asked = values(render(change)["hosts/master1/runbook.sh"], "HEALTH")
    assert "'192.168.110.10 10257 /healthz'" in asked and "'192.168.110.10 10259 /healthz'" in asked
    for manifest in change.manifests["master1"]:
        assert manifest.changes and manifest.new.replace("192.168.110.", "192.168.100.") == manifest.old


ASKED = {
    "loopback, after a blank": ("https://192.168.100.10:2379, https://127.0.0.1:2379", "127.0.0.1"),
    "loopback of IPv6": ("https://[::1]:2379,https://192.168.100.10:2379", "::1"),
    "every address": ("https://0.0.0.0:2379", "127.0.0.1"),
    "every address of IPv6": ("https://[::]:2379", "::1"),
}


@pytest.mark.parametrize("case", ASKED)
def test_etcd_is_asked_on_loopback_where_it_listens_there(case: str, tmp_path: Path) -> None:
    urls, asked = ASKED[case]
    mapping = changed(tmp_path, {"facts/master1/manifests/etcd.yaml": listening(urls)})
    assert said(mapping) == []
    runbook = render(plan(load(mapping)))["hosts/master1/runbook.sh"]
    assert values(runbook, "OLD_CLIENT") == values(runbook, "NEW_CLIENT") == asked


def values(runbook: str, name: str) -> str:
    """What a line of the values block gives this name."""
    return re.findall(rf"^readonly (?:-a )?{name}=(.*)$", runbook, re.MULTILINE)[0]


# --- refused, in these words ---


def refused(tmp: Path, renamed: tuple[str, str], mapping: Edit) -> str:
    """What is said after a member of the example was renamed, in the mapping and in its facts."""
    (old, new), edits = renamed, {"mapping.yaml": mapping}
    path = changed(tmp, edits)
    if new != old:
        (tmp / f"e/facts/{old}").rename(tmp / f"e/facts/{new}")
        etcd = tmp / f"e/facts/{new}/manifests/etcd.yaml"
        etcd.write_text(etcd.read_text().replace(old, new))
    return "\n".join(map(str, said(path)))


def test_names_that_differ_in_capitals_only(tmp_path: Path) -> None:
    found = refused(tmp_path, ("master2", "MASTER1"), lambda t: t.replace("name: master2", "name: MASTER1"))
    assert "the member MASTER1 is listed twice" in found


def test_two_hosts_that_exchange_their_addresses(tmp_path: Path) -> None:
    def swap(text: str) -> str:
        return text.replace("new: 192.168.110.10", "new: 192.168.100.11").replace("192.168.110.11", "192.168.100.10")

    found = refused(tmp_path, ("master1", "master1"), swap)
    assert "master1's new address 192.168.100.11 is master2's old one: a swap (make two changes: first" in found


def test_a_member_whose_name_is_its_address(tmp_path: Path) -> None:
    found = refused(
        tmp_path, ("master1", "192.168.100.10"), lambda t: t.replace("name: master1", "name: 192.168.100.10")
    )
    assert "the name of member 192.168.100.10 is an address that changes" in found
    assert "this tool cannot make this change: the name of a member is permanent" in found


# --- rolling sends a cluster without quorum to bridge ---


@pytest.mark.parametrize(
    ("gone", "base", "new", "backup", "sent"),
    [
        (True, "", False, False, True),
        (False, "", False, False, False),
        (True, "https://192.168.100.11:2379", False, False, False),
        (True, "", True, False, False),
        (True, "", False, True, False),
    ],
    ids=["addresses changed", "only no quorum", "a member answers", "its manifest has moved", "this change has begun"],
)
def test_rolling_names_bridge(gone: bool, base: str, new: bool, backup: bool, sent: bool, tmp_path: Path) -> None:
    if backup:
        (tmp_path / "backup").mkdir()
    stand_ins = {
        "ask_everybody": "true",
        "guard_no_part_of_data": "true",
        "data_is_there": "true",
        "old_is_gone": str(gone).lower(),
        "manifest_is_new": str(new).lower(),
        "guard": 'if ! "${@:4}"; then printf "%s\\n" "${@:1:3}"; exit 4; fi',
    }
    what = "\n".join(f"{name}() {{ {body}; }}" for name, body in stand_ins.items())
    given = {"OLD": "192.168.100.10", "DATA_DIR": "x", "WAL_DIR": "x", "base": base, "BACKUP": str(tmp_path / "backup")}
    ran = bash(f"{what}\nthe_method_fits", "runbook/rolling/sound.sh", **given)
    assert (ran.returncode == 4) == sent, ran.stderr
    if sent:
        assert "no member answers and there is no quorum" in ran.stdout
        assert "set method: bridge in the mapping and render again" in ran.stdout
