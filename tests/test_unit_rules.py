"""An etcd that systemd runs: the rules about its input, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest
from etcd_renumber.checks.cluster import check
from etcd_renumber.errors import Refused
from etcd_renumber.inputs.mapping import load
from etcd_renumber.model import Problem
from etcd_renumber.rehearsal.control_plane.wanted import refuse_what_cannot_be

from tests.scenario import Host, hosts, rendered
from tests.unit_shapes import MASTERS, SHAPES, facts


def checked(tmp: Path, shape: str, *changes: tuple[str, str, str], **mapping: object) -> list[Problem]:
    """What check() says of three masters of this shape after (file, old text, new text) on master1."""
    given = {h.name: facts(SHAPES[shape], h, MASTERS) for h in MASTERS}
    rendered(tmp, MASTERS, given)
    for file, old, new in changes:
        path = tmp / "facts" / "master1" / file
        assert old in path.read_text()
        path.write_text(path.read_text().replace(old, new))
    text = (tmp / "mapping.yaml").read_text()
    (tmp / "mapping.yaml").write_text(text + "".join(f"{k}: {v}\n" for k, v in mapping.items()))
    return check(load(tmp / "mapping.yaml"))


RULES: dict[str, tuple[str, tuple[str, str, str], dict[str, object], str, str]] = {
    "restore": ("Debian", ("etcd.env", "", ""), {"method": "restore"}, "error", "restore needs a static pod"),
    "replace": ("Debian", ("etcd.env", "", ""), {"addresses": "replace"}, "error", "addresses: replace needs a static pod"),
    "objects": ("kubeasz", ("etcd.service", "", ""), {"objects": "kubeadm"}, "error", "facts of master1 have no static pod"),
    "no pods": ("kubeasz", ("etcd.service", "", ""), {}, "warning", "have no static pod: Kubernetes is neither"),
    "http peers": ("Debian", ("etcd.env", "PEER_URLS=\"https", "PEER_URLS=\"http"), {}, "error", "is not https"),
    "http clients on the host's address": (
        "kubeasz",
        ("etcd.service", "http://127.0.0.1", "http://192.168.100.10"),
        {},
        "error",
        "is not https",
    ),
    "a flag and its variable": (
        "Kubespray",
        ("etcd.service", "bin/etcd\n", "bin/etcd --metrics=basic\n"),
        {},
        "warning",
        "--metrics and ETCD_METRICS are both set",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", RULES)
def test_the_rules_hold_for_units_too(name: str, tmp_path: Path) -> None:
    shape, change, mapping, severity, fact = RULES[name]
    problems = checked(tmp_path, shape, change, **mapping)
    assert [p for p in problems if p.severity == severity and fact in p.fact], problems


NO_API = "no member has a kube-apiserver: which apiservers use this etcd?"
COUNT = "--apiserver-count=5, and the facts have 3 kube-apiservers: others call old addresses, which go"


def test_units_alone_are_asked_whose_etcd_they_are(tmp_path: Path) -> None:
    for number, (mapping, times) in enumerate(
        (({}, 1), ({"method": "bridge"}, 1), ({"apiservers": []}, 0), ({"method": "bridge", "apiservers": []}, 0))
    ):
        found = checked(tmp_path / str(number), "kubeasz", ("etcd.service", "", ""), **mapping)
        assert [p.severity for p in found if NO_API in p.fact] == ["warning"] * times
        assert not [p for p in found if p.severity == "error"]


@pytest.mark.parametrize(
    ("method", "hint"), [("rolling", "before the first member moves"), ("bridge", "once etcd has")]
)
def test_apiservers_beside_members_and_further_ones_are_a_warning(method: str, hint: str, tmp_path: Path) -> None:
    for count, times in ((5, 1), (3, 0)):
        flag = (
            "manifests/kube-apiserver.yaml",
            "    - --etcd-servers=",
            f"    - --apiserver-count={count}\n    - --etcd-servers=",
        )
        found = [p for p in checked(tmp_path / str(count), "Kubespray", flag, method=method) if p.severity != "note"]
        assert [p.severity for p in found if p.fact == COUNT and hint in p.hint] == ["warning"] * times
        assert times or not [p for p in found if "apiserver" in p.fact]


def test_a_host_with_a_unit_and_a_pod_of_etcd_is_refused(tmp_path: Path) -> None:
    given = {h.name: facts(SHAPES["Kubespray"], h, MASTERS) for h in MASTERS}
    rendered(tmp_path, MASTERS, given)
    pod = "spec:\n  containers:\n  - name: etcd\n    command: [etcd, --name=master1]\n"
    (tmp_path / "facts" / "master1" / "manifests" / "etcd.yaml").write_text(pod)
    with pytest.raises(Refused) as refused:
        load(tmp_path / "mapping.yaml")
    assert [p for p in refused.value.problems if "both etcd.yaml and etcd.env run etcd" in p.fact]


def test_a_member_that_stays_and_names_others_is_told(tmp_path: Path) -> None:
    masters = [*hosts(2), Host("master3", "192.168.100.12", "192.168.100.12")]
    given = {h.name: facts(SHAPES["Kubespray"], h, masters) for h in masters}
    given["master3"]["etcd.env"] += "ETCDCTL_ENDPOINTS=https://192.168.100.10:2379\n"
    made = rendered(tmp_path, masters, given)
    problems = [p for p in check(load(tmp_path / "mapping.yaml")) if p.severity == "warning"]
    assert [p for p in problems if "master3 keeps its address, but its etcd.env names the old address 192" in p.fact]
    assert not (made.host_folder("master3") / "manifests" / "etcd.env").exists()


def test_a_real_control_plane_cannot_run_a_unit(tmp_path: Path) -> None:
    for name in ("Kubespray", "kubeasz"):
        folder = tmp_path / name
        folder.mkdir()
        made = rendered(folder, MASTERS, {h.name: facts(SHAPES[name], h, MASTERS) for h in MASTERS})
        with pytest.raises(Refused) as refused:
            refuse_what_cannot_be(made.change)
        said = [
            p
            for p in refused.value.problems
            if "not supported yet: --control-plane with an etcd that systemd" in p.fact
        ]
        assert len(said) == 3 and said[0].hint == "rehearse without --control-plane"
