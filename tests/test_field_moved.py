"""Manifests that are on the new addresses before anything was done: a mapping the wrong way round, or the work of sed."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
from etcd_renumber.assets import folder
from etcd_renumber.checks.cluster import check
from etcd_renumber.inputs.mapping import load
from etcd_renumber.model import Problem
from etcd_renumber.planning.plan import plan
from etcd_renumber.rehearsal.control_plane.against import against
from etcd_renumber.rehearsal.control_plane.wanted import images_of
from etcd_renumber.rehearsal.rehearse import cannot_be_founded

EXAMPLE = folder("examples") / "three-masters"
pytestmark = pytest.mark.quick


def said(tmp: Path, old: str, new: str, files: str, method: str = "rolling") -> list[Problem]:
    """What is found after `old` became `new` in these files of the example."""
    shutil.copytree(EXAMPLE, tmp / "e")
    for path in (tmp / "e").glob(files):
        path.write_text(path.read_text().replace(old, new))
    return check(load(tmp / "e/mapping.yaml", method))


def test_sed_over_all_manifests_needs_bridge(tmp_path: Path) -> None:
    (problem,) = said(tmp_path, "192.168.100.", "192.168.110.", "facts/*/manifests/*")
    assert problem.severity == "error" and problem.fact.startswith("every member is on its new address already")
    assert "old and new are exchanged in the mapping" in problem.hint and "set method: bridge" in problem.hint


def test_bridge_takes_them(tmp_path: Path) -> None:
    (problem,) = said(tmp_path, "192.168.100.", "192.168.110.", "facts/*/manifests/*", "bridge")
    assert problem.severity == "note" and "this method records the new ones" in problem.hint


def test_a_mapping_the_wrong_way_round_is_refused(tmp_path: Path) -> None:
    shutil.copytree(EXAMPLE, tmp_path / "e")
    mapping = tmp_path / "e/mapping.yaml"
    mapping.write_text(re.sub(r"old: (\S+), new: ([^,}\s]+)", r"old: \2, new: \1", mapping.read_text()))
    errors = [p.fact for p in check(load(mapping)) if p.severity == "error"]
    assert errors == ["every member is on its new address already: no etcd manifest names an old one"]


def test_a_change_that_is_half_done_goes_on(tmp_path: Path) -> None:
    found = said(tmp_path, "192.168.100.10", "192.168.110.10", "facts/master1/manifests/*")
    assert [(p.severity, "master1 has moved already" in p.fact) for p in found] == [("note", True)]
    assert "and etcd has no leader since, set method: bridge" in found[0].hint


def test_no_replica_is_founded_with_such_manifests(tmp_path: Path) -> None:
    assert cannot_be_founded(plan(load(EXAMPLE / "mapping.yaml", "bridge"))) == []
    said(tmp_path, "192.168.100.", "192.168.110.", "facts/*/manifests/*", "bridge")
    (problem,) = cannot_be_founded(plan(load(tmp_path / "e/mapping.yaml", "bridge")))
    assert problem.fact.startswith("the manifests of master1, master2, master3 are on the new addresses already")
    assert "no replica can be founded on the old ones" in problem.fact and "rehearse a copy" in problem.hint


def test_nor_with_those_of_one_member_that_has_moved(tmp_path: Path) -> None:
    said(tmp_path, "192.168.100.10", "192.168.110.10", "facts/master1/manifests/*")
    (problem,) = cannot_be_founded(plan(load(tmp_path / "e/mapping.yaml")))
    assert problem.fact.startswith("the manifests of master1 are on the new addresses already")


def test_a_real_control_plane_gets_kubeadms_manifests_instead(tmp_path: Path) -> None:
    said(tmp_path, "192.168.100.", "192.168.110.", "facts/*/manifests/*", "bridge")
    change = plan(load(tmp_path / "e/mapping.yaml", "bridge"))
    reasons = [reason for reason in against(change, "1.20.9", images_of(change), {}, "3.4") if "already" in reason]
    assert reasons == [
        "etcd's manifest is on the new address already, and the replica begins on the old ones (master1)"
    ]
