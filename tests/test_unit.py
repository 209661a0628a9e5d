"""An etcd that systemd runs, on paper: what is read from its files, what they become, and what is refused."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest
from etcd_renumber.assets import template
from etcd_renumber.change_folder.lint import lint
from etcd_renumber.change_folder.review import review
from etcd_renumber.checks.cluster import check
from etcd_renumber.cli.main import app
from etcd_renumber.errors import Refused
from etcd_renumber.inputs.mapping import load
from etcd_renumber.manifests.unit import etcd_of_unit, process_of, unit_of
from etcd_renumber.model import Problem
from etcd_renumber.planning.plan import from_json
from etcd_renumber.rehearsal.control_plane.wanted import refuse_what_cannot_be
from etcd_renumber.rendering.render import render
from typer.testing import CliRunner

from tests import pki
from tests.scenario import Host, hosts, manifests, rendered
from tests.test_leftover_places import HEADINGS
from tests.test_leftovers import etc, sorted_in
from tests.unit_shapes import SHAPES, facts

MASTERS = hosts(3)


def files(shape: str) -> dict[str, str]:
    """Those of master1's unit."""
    return {n: t for n, t in facts(SHAPES[shape], MASTERS[0], MASTERS).items() if n.endswith((".env", ".service"))}


@pytest.mark.parametrize("name", SHAPES)
def test_the_member_is_read_from_flags_or_variables(name: str) -> None:
    shape = SHAPES[name]
    etcd, problems = etcd_of_unit(files(name), "facts/master1")
    assert problems == [] and etcd and etcd.unit
    assert (etcd.name, etcd.peer_port, etcd.client_port) == ("master1", 2380, 2379)
    assert etcd.data_dir == {"Debian": "/var/lib/etcd/master1"}.get(name, "/var/lib/etcd")
    assert etcd.trusted_ca_file == shape.ca
    assert etcd.unit.name == "etcd.service"
    assert dict(etcd.unit.paths) == shape.where
    assert next(iter(etcd.unit.paths)) == shape.changing


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


def test_what_tells_the_process_apart_is_its_arguments_and_its_variables_sorted() -> None:
    argv = process_of(files("kubeasz")).argv
    assert argv[0] == "--name=master1" and argv[-1] == "--auto-compaction-retention=12"
    argv = process_of(files("Debian")).argv
    assert argv[0] == "ETCD_ADVERTISE_CLIENT_URLS=https://192.168.100.10:2379" and list(argv) == sorted(argv)
    assert "ETCD_DATA_DIR=/var/lib/etcd/master1" in argv and "ETCD_NAME=master1" in argv
    assert not [word for word in process_of(files("Kubespray")).argv if word.startswith("ETCDCTL")]


def test_an_environment_file_alone_is_that_of_kubespray() -> None:
    unit, problems = unit_of({"etcd.env": files("Kubespray")["etcd.env"]}, "f")
    assert problems == [] and unit
    assert (unit.name, unit.program, dict(unit.paths)) == ("etcd.service", "", {"etcd.env": "/etc/etcd.env"})


def test_arguments_of_a_variable_are_words() -> None:
    text = files("Debian")
    text["etcd.env"] += "DAEMON_ARGS=--quota-backend-bytes=8589934592 --metrics=basic\n"
    unit, problems = unit_of(text, "f")
    assert problems == [] and unit and unit.arguments == ("--quota-backend-bytes=8589934592", "--metrics=basic")


CASES = {
    "a shell": (
        "kubeasz",
        "etcd.service",
        "=/opt/kube/bin/etcd",
        "=/bin/sh -c /opt/kube/bin/etcd",
        "etcd is started by /bin/sh",
    ),
    "a value with a backslash": (
        "Kubespray",
        "etcd.env",
        "=k8s_etcd",
        "=k8s\\_etcd",
        "value of ETCD_INITIAL_CLUSTER_TOKEN cannot",
    ),
    "a quote without the other": ("Debian", "etcd.env", '"etcd-cluster"', '"etcd-cluster', "cannot be read"),
    "a name that only the host knows": (
        "Debian",
        "etcd.env",
        "ETCD_NAME=",
        "ETCD_NO=",
        "ETCD_NAME=%H: only the host knows it",
    ),
    "a flag that is missing": (
        "Kubespray",
        "etcd.env",
        "ETCD_DATA_DIR",
        "DATA_DIR",
        "there is no ETCD_DATA_DIR, and no --data-dir",
    ),
    "a relative path": ("Kubespray", "etcd.env", "DIR=/var/lib", "DIR=lib", "ETCD_DATA_DIR is lib/etcd"),
    "two environment files": (
        "Kubespray",
        "etcd.service",
        "EnvironmentFile=",
        "EnvironmentFile=/etc/default/etcd\nEnvironmentFile=",
        "it reads 2 environment files",
    ),
    "no environment file in the unit": (
        "Kubespray",
        "etcd.service",
        "EnvironmentFile=/etc/etcd.env\n",
        "",
        "the unit reads no environment file, and the facts have one",
    ),
    "two commands": (
        "kubeasz",
        "etcd.service",
        "Restart=",
        "ExecStart=/usr/bin/etcd\nRestart=",
        "has 2 ExecStart lines",
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_what_cannot_be_read_is_refused_with_its_place(name: str) -> None:
    shape, file, old, new, fact = CASES[name]
    text = files(shape)
    assert old in text[file]
    text[file] = text[file].replace(old, new, 1)
    etcd, problems = etcd_of_unit(text, "facts/master1")
    assert etcd is None
    assert [p for p in problems if fact in p.fact and p.place.startswith("facts/master1") and p.hint], problems


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


@pytest.mark.parametrize("name", RULES)
def test_the_rules_hold_for_units_too(name: str, tmp_path: Path) -> None:
    shape, change, mapping, severity, fact = RULES[name]
    problems = checked(tmp_path, shape, change, **mapping)
    assert [p for p in problems if p.severity == severity and fact in p.fact], problems


def test_a_host_with_a_unit_and_a_pod_of_etcd_is_refused(tmp_path: Path) -> None:
    given = {h.name: facts(SHAPES["Kubespray"], h, MASTERS) for h in MASTERS}
    rendered(tmp_path, MASTERS, given)
    pod = "spec:\n  containers:\n  - name: etcd\n    command: [etcd, --name=master1]\n"
    (tmp_path / "facts" / "master1" / "manifests" / "etcd.yaml").write_text(pod)
    with pytest.raises(Refused) as refused:
        load(tmp_path / "mapping.yaml")
    assert [p for p in refused.value.problems if "both etcd.yaml and etcd.env run etcd" in p.fact]


def test_plan_says_which_hosts_have_a_unit(tmp_path: Path) -> None:
    rendered(tmp_path, MASTERS, {h.name: facts(SHAPES["Debian"], h, MASTERS) for h in MASTERS})
    said = CliRunner().invoke(app, ["plan", str(tmp_path / "mapping.yaml")]).output
    assert "master2: etcd is etcd.service of systemd, no static pod: /etc/default/etcd\n" in said


def test_a_member_that_stays_and_names_others_is_told(tmp_path: Path) -> None:
    masters = [*hosts(2), Host("master3", "192.168.100.12", "192.168.100.12")]
    given = {h.name: facts(SHAPES["Kubespray"], h, masters) for h in masters}
    given["master3"]["etcd.env"] += "ETCDCTL_ENDPOINTS=https://192.168.100.10:2379\n"
    made = rendered(tmp_path, masters, given)
    problems = [p for p in check(load(tmp_path / "mapping.yaml")) if p.severity == "warning"]
    assert [p for p in problems if "master3 keeps its address, but its etcd.env names the old address 192" in p.fact]
    assert not (made.host_folder("master3") / "manifests" / "etcd.env").exists()


def test_a_cluster_of_pods_and_units_renders(tmp_path: Path) -> None:
    given = {h.name: facts(SHAPES["Kubespray"], h, MASTERS) for h in MASTERS}
    given["master1"] = manifests(MASTERS[0], MASTERS, ("--initial-cluster-token=k8s_etcd",))
    for host in MASTERS[1:]:
        text = given[host.name]["etcd.env"]
        given[host.name]["etcd.env"] = text.replace("PEER_CLIENT_CERT_AUTH=True", "PEER_CLIENT_CERT_AUTH=true")
    made = rendered(tmp_path, MASTERS, given)
    assert lint(render(made.change)) == []
    assert "readonly UNIT=''" in (made.host_folder("master1") / "runbook.sh").read_text()


NAMES = {
    "ETCD_NAME=m1\n": "m1",
    'ETCD_NAME="m1"\n': "m1",
    "# ETCD_NAME=old\nETCD_NAME=m1\n": "m1",
    "  --name=m1 \\\n": "m1",
    "  --name m1 \\\n": "m1",
}


@pytest.mark.parametrize("text", NAMES)
def test_a_host_is_known_by_the_name_in_its_unit(text: str, tmp_path: Path) -> None:
    (tmp_path / "etcd.env").write_text(text)
    script = template("run_sh/there.sh") + '\nMANIFESTS=/none STATE=/none\nthere_name "$1" x\n'
    ran = subprocess.run(["bash", "-c", script, "-", str(tmp_path / "etcd.env")], capture_output=True, text=True)
    assert ran.stdout == f"name {NAMES[text]}\n", ran.stderr
    parts = template("runbook/lib/unit.sh") + '\nUNIT=etcd.service UNIT_PATHS=("$1")\nname_in_unit\n'
    ran = subprocess.run(["bash", "-c", parts, "-", str(tmp_path / "etcd.env")], capture_output=True, text=True)
    assert ran.stdout.strip() == NAMES[text], ran.stderr


def with_unit(tmp: Path, text: str, new: str = "192.168.110.10") -> tuple[pki.Host, Path]:
    """A host whose etcd is a unit with this environment file."""
    host = pki.Host(tmp, new=new)
    path = etc(host, "etcd.env", text)
    host.values["UNIT"] = "etcd.service"
    host.arrays |= {"UNIT_PATHS": [str(path)], "OLDS": ["192.168.100.10", "192.168.100.11"]}
    host.arrays["NEWS"] = [new, "192.168.110.11"]
    return host, path


@pytest.mark.parametrize(("new", "sort"), [("192.168.110.10", "ours"), ("192.168.100.10", "yours")])
def test_the_files_of_the_unit_are_listed_as_work_of_this_change_where_the_member_moves(
    new: str, sort: str, tmp_path: Path
) -> None:
    host, path = with_unit(tmp_path, "ETCDCTL_ENDPOINTS=https://192.168.100.11:2379\n", new)
    other = etc(host, "systemd/system/etcd.service.d/own.conf", "# 192.168.100.11\n")
    found = {place: heading for place, heading, _ in sorted_in(host, "before", f"'{path}' '{other}'")}
    assert found == {
        "etc/etcd.env:1: 192.168.100.11": HEADINGS[sort],
        "etc/systemd/system/etcd.service.d/own.conf:1: 192.168.100.11": HEADINGS["yours"],
    }


INITIAL = ("ETCD_INITIAL_CLUSTER=m1=https://192.168.100.11:2380", "ExecStart=etcd --initial-cluster=m1=https://192.168.100.11:2380",
           "  --initial-cluster m1=https://192.168.100.11:2380 \\")  # fmt: skip


@pytest.mark.parametrize("line", INITIAL)
def test_narrow_refuses_a_file_of_the_unit_that_names_an_old_address_but_for_the_initial_cluster(
    line: str, tmp_path: Path
) -> None:
    host, path = with_unit(tmp_path, f"{line}\nETCDCTL_ENDPOINTS=https://192.168.100.11:2379\n")
    said = host.answer("find_host_files() { :; }; host_files=(); files_with_old")
    assert said == f"{path}:2: 192.168.100.11; "


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
