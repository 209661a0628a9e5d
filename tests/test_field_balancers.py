"""Pods beside the control plane that list its hosts, whom kube-apiserver calls, and ranges that hold the hosts."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
from etcd_renumber.assets import folder
from etcd_renumber.checks.cluster import check
from etcd_renumber.cli.main import app
from etcd_renumber.inputs.mapping import load
from etcd_renumber.model import Problem
from etcd_renumber.planning.plan import plan
from etcd_renumber.rendering.render import render
from typer.testing import CliRunner

EXAMPLE = folder("examples") / "three-masters"
OLDS = "192.168.100.10,192.168.100.11,192.168.100.12"
BOTH = f"{OLDS},{OLDS.replace('.100.', '.110.')}"
POD = """\
apiVersion: v1
kind: Pod
metadata: {{name: {name}, namespace: kube-system}}
spec:
  containers:
  - name: {name}
    image: {name}:1
    env:
    - {{name: PEERS, value: "{peers}"}}
    - {{name: OWN, value: "192.168.100.10"}}
"""
pytestmark = pytest.mark.quick


def with_pod(tmp: Path, file: str, text: str) -> Path:
    """The mapping of the example, with one more static pod on master1."""
    shutil.copytree(EXAMPLE, tmp / "e")
    (tmp / "e/facts/master1/manifests" / file).write_text(text)
    return tmp / "e/mapping.yaml"


@pytest.mark.parametrize(("name", "severity"), [("keepalived", "error"), ("haproxy", "warning")])
def test_a_list_of_old_addresses_alone(name: str, severity: str, tmp_path: Path) -> None:
    (problem,) = check(load(with_pod(tmp_path, f"{name}.yaml", POD.format(name=name, peers=OLDS))))
    assert problem.severity == severity and "names 192.168.100.11, the old address of another member" in problem.fact
    assert "beside its old one, in the same list" in problem.hint


def test_a_list_that_holds_both_stays_until_the_end(tmp_path: Path) -> None:
    cluster = load(with_pod(tmp_path, "keepalived.yaml", POD.format(name="keepalived", peers=BOTH)))
    (problem,) = check(cluster)
    assert problem.severity == "note" and problem.fact == f"list {BOTH} stays as it is, in keepalived.yaml of master1"
    change = plan(cluster)
    new = next(m.new for m in change.manifests["master1"] if m.file == "keepalived.yaml")
    assert f'"{BOTH}"' in new and '{name: OWN, value: "192.168.110.10"}' in new
    assert f"| `list {BOTH}` | keepalived.yaml of master1 |" in render(change)["RUNBOOK.md"]


def test_a_new_address_alone_is_still_somebody_elses(tmp_path: Path) -> None:
    found = check(load(with_pod(tmp_path, "vip.yaml", POD.format(name="vip", peers="192.168.110.12"))))
    assert [p.fact for p in found if p.severity == "error"] == [
        "192.168.110.12 is already in master1/vip.yaml: a virtual address, or one of another program"
    ]


def test_a_file_of_any_name_is_read(tmp_path: Path) -> None:
    change = plan(load(with_pod(tmp_path, "kube-vip.yml", POD.format(name="kube-vip", peers="192.168.100.5"))))
    manifest = next(m for m in change.manifests["master1"] if m.file == "kube-vip.yml")
    assert manifest.changes
    assert "hosts/master1/manifests/kube-vip.yml" in render(change)


def api(tmp: Path, old: str, new: str) -> list[Problem]:
    """What is found after a flag of kube-apiserver on master1 was changed."""
    shutil.copytree(EXAMPLE, tmp / "e")
    path = tmp / "e/facts/master1/manifests/kube-apiserver.yaml"
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))
    return check(load(tmp / "e/mapping.yaml"))


SERVERS = "--etcd-servers=https://127.0.0.1:2379"


def test_an_api_with_all_members_is_told_what_it_has_meanwhile(tmp_path: Path) -> None:
    urls = ",".join(f"https://{a}:2379" for a in OLDS.split(","))
    (problem,) = api(tmp_path, SERVERS, f"--etcd-servers={urls}")
    assert (
        problem.severity == "note" and problem.fact == "kube-apiserver of master1 has several members in --etcd-servers"
    )


@pytest.mark.parametrize("others", ["192.168.100.11", "192.168.100.11,192.168.100.12"])
def test_an_api_that_calls_other_hosts_only_is_a_warning(others: str, tmp_path: Path) -> None:
    urls = ",".join(f"https://{a}:2379" for a in others.split(","))
    (problem,) = api(tmp_path, SERVERS, f"--etcd-servers={urls}")
    assert problem.severity == "warning" and problem.fact.endswith(f"calls etcd of other hosts only: {urls}")
    assert "this API may have no etcd" in problem.hint and "https://192.168.100.10:2379" in problem.hint


def test_its_own_etcd_on_loopback_is_enough(tmp_path: Path) -> None:
    assert api(tmp_path, SERVERS, f"{SERVERS},https://192.168.100.11:2379") == []


def test_an_api_that_calls_a_stranger_is_a_warning(tmp_path: Path) -> None:
    (problem,) = api(tmp_path, SERVERS, f"{SERVERS},https://etcd.example:2379")
    assert problem.severity == "warning" and "calls https://etcd.example:2379, which is no member" in problem.fact


def test_certificates_for_names_of_the_api_are_a_note(tmp_path: Path) -> None:
    sni = "\n    - --tls-sni-cert-key=/etc/kubernetes/pki/a.crt,/etc/kubernetes/pki/a.key:192.168.100.10"
    (problem,) = api(tmp_path, SERVERS, f"{SERVERS}{sni}")
    assert problem.severity == "note" and problem.fact.startswith("kube-apiserver of master1 has --tls-sni-cert-key")
    assert "with the old and the new address before the move of that host" in problem.hint


def test_a_range_that_holds_the_old_address_too_is_a_warning(tmp_path: Path) -> None:
    shutil.copytree(EXAMPLE, tmp_path / "e")
    for path in (tmp_path / "e/facts").glob("*/manifests/kube-controller-manager.yaml"):
        path.write_text(path.read_text().replace("10.244.0.0/16", "192.168.0.0/16"))
    found = check(load(tmp_path / "e/mapping.yaml"))
    assert [p.severity for p in found] == ["warning"] * 3
    assert found[0].fact.endswith("as 192.168.100.10 is") and "no pod and no Service has the new one" in found[0].hint


def test_the_key_of_a_ca_pem_is_looked_for_as_cfssl_names_it(tmp_path: Path) -> None:
    shutil.copytree(EXAMPLE, tmp_path / "e")
    for path in (tmp_path / "e/facts").glob("*/manifests/etcd.yaml"):
        path.write_text(path.read_text().replace("etcd/ca.crt", "etcd/ca.pem"))
    runbook = render(plan(load(tmp_path / "e/mapping.yaml")))["hosts/master1/runbook.sh"]
    keys = next(line for line in runbook.splitlines() if line.startswith("readonly -a CERT_CA_KEYS="))
    assert "/etc/kubernetes/pki/etcd/ca-key.pem" in keys and "/etc/kubernetes/pki/ca.key" in keys


def test_a_slow_election_is_said(tmp_path: Path) -> None:
    shutil.copytree(EXAMPLE, tmp_path / "e")
    for number in (2, 3):
        shutil.rmtree(tmp_path / f"e/facts/master{number}")
    mapping = tmp_path / "e/mapping.yaml"
    lines = mapping.read_text().splitlines(keepends=True)
    mapping.write_text("".join(line for line in lines if "name: master2" not in line and "name: master3" not in line))
    etcd = tmp_path / "e/facts/master1/manifests/etcd.yaml"
    etcd.write_text(etcd.read_text().replace("--snapshot-count=10000", "--election-timeout=10000"))
    assert any("an election of 10 to 20 s" in p.fact for p in check(load(mapping)))
    words = "some seconds and an election of 10 to 20 s (--election-timeout=10000)"
    page, said = render(plan(load(mapping)))["RUNBOOK.md"], CliRunner().invoke(app, ["plan", str(mapping)]).output
    assert f"| `move` | **none for {words}** |" in page and f"no writes for {words} in each `move`" in said
    assert not re.search("[34] to 5 s", page + said)
    for value in ("9" * 5000, "\u00b2", "\u0664"):  # etcd refuses each of them
        etcd.write_text(re.sub("--election-timeout=.*", f"--election-timeout={value}", etcd.read_text()))
        assert any("for 4 to 5 s in every move" in p.fact for p in check(load(mapping)))
