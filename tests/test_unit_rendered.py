"""An etcd that systemd runs: what its files become, and what the pages say of it."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from etcd_renumber.change_folder.lint import lint
from etcd_renumber.change_folder.review import review
from etcd_renumber.cli.main import app
from etcd_renumber.planning.plan import from_json
from etcd_renumber.rendering.render import render
from typer.testing import CliRunner

from tests.scenario import manifests, rendered
from tests.unit_shapes import MASTERS, SHAPES, facts


@pytest.mark.parametrize("name", SHAPES)
def test_only_addresses_change_and_the_folder_renders_again(name: str, tmp_path: Path) -> None:
    shape = SHAPES[name]
    made = rendered(tmp_path, MASTERS, {h.name: facts(shape, h, MASTERS) for h in MASTERS})
    old = made.facts["master1"][shape.changing]
    new = (made.host_folder("master1") / "manifests" / shape.changing).read_text()
    assert new == re.sub(r"192\.168\.100\.(1[012])", r"192.168.110.\1", old) != old
    values = (made.host_folder("master1") / "runbook.sh").read_text()
    assert "readonly UNIT=etcd.service" in values
    assert f"readonly -a UNIT_PATHS=({shape.where[shape.changing]})" in values
    assert render(from_json(made.change.json)) == render(made.change)
    assert (
        json.loads(made.change.json)["members"][0]["manifests"][shape.changing]["path"] == shape.where[shape.changing]
    )


@pytest.mark.parametrize(
    ("shape", "old", "own"),
    [
        ("Kubespray", "ETCD_DATA_DIR=/var/lib/etcd", "ETCD_DATA_DIR=/var/lib/etcd/192.168.100.10"),
        (
            "Kubespray",
            "ETCD_DATA_DIR=/var/lib/etcd",
            "ETCD_DATA_DIR=/var/lib/etcd\nETCD_INITIAL_CLUSTER_TOKEN=192.168.100.10",
        ),
        ("kubeasz", "--data-dir=/var/lib/etcd", "--data-dir=/data/192.168.100.10/etcd"),
        ("kubeasz", "--data-dir=/var/lib/etcd", "--data-dir=/var/lib/etcd --initial-cluster-token=t@192.168.100.10"),
        ("kubeasz", "--data-dir=/var/lib/etcd", "--data-dir /data/192.168.100.10/etcd"),
    ],
)
def test_a_path_or_a_name_in_a_unit_stays_and_is_said(shape: str, old: str, own: str, tmp_path: Path) -> None:
    every = {h.name: facts(SHAPES[shape], h, MASTERS) for h in MASTERS}
    file = SHAPES[shape].changing
    assert old in every["master1"][file]
    every["master1"][file] = every["master1"][file].replace(old, own)
    made = rendered(tmp_path, MASTERS, every)
    new = (made.host_folder("master1") / "manifests" / file).read_text()
    assert own in new and "https://192.168.110.10:2380" in new
    assert "192.168.100.10" in (made.folder / "RUNBOOK.md").read_text().partition("Left as it is")[2]
    assert not [p for p in review(made.folder) if p.severity == "error"]


def test_plan_says_which_hosts_have_a_unit(tmp_path: Path) -> None:
    rendered(tmp_path, MASTERS, {h.name: facts(SHAPES["Debian"], h, MASTERS) for h in MASTERS})
    said = CliRunner().invoke(app, ["plan", str(tmp_path / "mapping.yaml")]).output
    assert "master2: etcd is etcd.service of systemd, no static pod: /etc/default/etcd\n" in said


def test_a_cluster_of_pods_and_units_renders(tmp_path: Path) -> None:
    given = {h.name: facts(SHAPES["Kubespray"], h, MASTERS) for h in MASTERS}
    given["master1"] = manifests(MASTERS[0], MASTERS, ("--initial-cluster-token=k8s_etcd",))
    for host in MASTERS[1:]:
        text = given[host.name]["etcd.env"]
        given[host.name]["etcd.env"] = text.replace("PEER_CLIENT_CERT_AUTH=True", "PEER_CLIENT_CERT_AUTH=true")
    made = rendered(tmp_path, MASTERS, given)
    assert lint(render(made.change)) == []
    assert "readonly UNIT=''" in (made.host_folder("master1") / "runbook.sh").read_text()
