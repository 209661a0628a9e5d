"""An etcd that systemd runs: what is read from its files, and what cannot be read."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from etcd_renumber.assets import template
from etcd_renumber.manifests.unit import etcd_of_unit, process_of, unit_of

from tests.unit_shapes import MASTERS, SHAPES, facts


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
