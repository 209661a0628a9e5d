"""Texts with an address in them that are names: they stay, and plan and RUNBOOK.md say so."""

from __future__ import annotations

import shutil
from ipaddress import ip_address
from pathlib import Path

import pytest
from etcd_renumber.assets import folder
from etcd_renumber.change_folder.review import review
from etcd_renumber.change_folder.write import write
from etcd_renumber.checks.cluster import check
from etcd_renumber.inputs.mapping import load
from etcd_renumber.manifests.renumber import prove, with_new_addresses
from etcd_renumber.model import Address
from etcd_renumber.planning.plan import from_json, plan
from etcd_renumber.rendering.render import render

EXAMPLE = folder("examples") / "three-masters"
OLD, NEW = "192.168.100.10", "192.168.110.10"
MOVES: dict[Address, Address] = {ip_address(OLD): ip_address(NEW), ip_address("fd00::1"): ip_address("fd01::1")}
pytestmark = pytest.mark.quick

STAYS = [
    f"image: {OLD}:5000/etcd:3.5.1",
    f'image: "{OLD}:5000/etcd:3.5.1"',
    f"command: [kube-apiserver, --service-account-issuer=https://{OLD}:6443]",
    f"command: [kube-apiserver, '--service-account-issuer=https://{OLD}:6443']",
    f'command: [kube-apiserver, "--service-account-issuer", "https://{OLD}:6443"]',
    f"command:\n- kube-apiserver\n- --service-account-issuer\n- https://{OLD}:6443",
    "command: ['--service-account-issuer=https://[fd00::1]:6443']",
    f"command: ['--api-audiences=https://x,https://{OLD}:6443']",
    f"command: [--oidc-issuer-url=https://{OLD}/realms/x]",
    f"command: [kube-apiserver, '--oidc-username-prefix=https://{OLD}#', '--oidc-groups-prefix=https://{OLD}#']",
    f"command: [kube-apiserver, '--oidc-required-claim=iss=https://{OLD}/x']",
    f"command: [--service-account-jwks-uri=https://{OLD}:6443/openid/v1/jwks]",
    f"command: [sh, -c, 'exec kube-apiserver --service-account-issuer https://{OLD}:6443 --v=2']",
    f"command: [etcd, --initial-cluster-token=etcd-cluster@{OLD}]",
    f"env: [{{name: ETCD_INITIAL_CLUSTER_TOKEN, value: '{OLD}'}}]",
    f"command: [etcd, --cert-file=/etc/ssl/{OLD}/server.crt]",
    f"hostPath: {{path: /data/{OLD}/etcd}}",
    f"# a comment\r\nimage: {OLD}:5000/x\r\n",
]


@pytest.mark.parametrize("text", STAYS)
def test_it_stays_byte_for_byte(text: str) -> None:
    assert with_new_addresses(text, MOVES) == text
    assert prove(text, text, MOVES, "f") == []


def test_everything_else_in_the_same_text_is_exchanged() -> None:
    text = (
        f"# {OLD}\ncommand: [sh, -c, 'x --advertise-address={OLD} --service-account-issuer=https://{OLD}:6443 --bind={OLD}']\n"
        f"image: {OLD}/x\nhost: {OLD}\n"
    )
    new = with_new_addresses(text, MOVES)
    assert new == (
        f"# {NEW}\ncommand: [sh, -c, 'x --advertise-address={NEW} --service-account-issuer=https://{OLD}:6443 --bind={NEW}']\n"
        f"image: {OLD}/x\nhost: {NEW}\n"
    )
    assert prove(text, new, MOVES, "f") == []


@pytest.mark.parametrize("old", [f"image: {OLD}/x\n", f"command: [--service-account-issuer=https://{OLD}]\n"])
def test_the_proof_finds_one_that_was_exchanged(old: str) -> None:
    assert [p.place for p in prove(old, old.replace(OLD, NEW), MOVES, "f")] == ["f:1"]


def with_names(tmp: Path) -> Path:
    """The example with a registry and an issuer on the first master, on every host."""
    shutil.copytree(EXAMPLE, tmp / "e")
    for path in (tmp / "e/facts").glob("*/manifests/*.yaml"):
        text = path.read_text().replace("image: k8s.gcr.io/", f"image: {OLD}:5000/")
        issuer = "--service-account-issuer=https://kubernetes.default.svc.cluster.local"
        path.write_text(text.replace(issuer, f"--service-account-issuer=https://{OLD}:6443"))
    return tmp / "e/mapping.yaml"


def test_plan_and_the_page_say_what_stays(tmp_path: Path) -> None:
    cluster = load(with_names(tmp_path))
    found = {p.key: p for p in check(cluster) if "stays as it is" in p.fact and "/etcd:" not in p.fact}
    issuer, image = found["service-account-issuer"], found["image"]
    assert (issuer.severity, image.severity) == ("note", "warning")
    assert issuer.fact.endswith("stays as it is, in kube-apiserver.yaml of master1, master2, master3")
    assert "keep the old one until" in issuer.hint and "give the registry a name first" in image.hint
    change = plan(cluster)
    page = render(change)["RUNBOOK.md"]
    assert (
        f"| `--service-account-issuer https://{OLD}:6443` | kube-apiserver.yaml of master1, master2, master3 |" in page
    )
    unchanged = {m.file for m in change.manifests["master1"] if not m.changes}
    assert unchanged == {"kube-controller-manager.yaml", "kube-scheduler.yaml"}
    assert from_json(change.json).json == change.json


def test_a_folder_in_which_something_stays_passes_its_review(tmp_path: Path) -> None:
    change = plan(load(with_names(tmp_path)))
    write(tmp_path / "out", render(change), change.digest)
    assert [p for p in review(tmp_path / "out") if "old address" in p.fact] == []
    edited = tmp_path / "out/hosts/master1/manifests/etcd.yaml"
    edited.write_text(
        edited.read_text().replace(f"--advertise-client-urls=https://{NEW}", f"--advertise-client-urls=https://{OLD}")
    )
    assert [p.fact for p in review(tmp_path / "out") if "old address" in p.fact] == [
        f"it still contains the old address {OLD}"
    ]


def test_the_page_of_the_example_has_no_such_part() -> None:
    assert "Left as it is" not in render(plan(load(EXAMPLE / "mapping.yaml")))["RUNBOOK.md"]
