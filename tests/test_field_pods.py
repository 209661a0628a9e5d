"""Shapes of static pods that people have: the program is found in each of them, or the refusal says why it is not."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from etcd_renumber.assets import folder
from etcd_renumber.change_folder.review import review
from etcd_renumber.change_folder.write import write
from etcd_renumber.checks.cluster import check
from etcd_renumber.errors import Refused
from etcd_renumber.inputs.mapping import load
from etcd_renumber.manifests.container import process
from etcd_renumber.manifests.pod import main_of
from etcd_renumber.planning.plan import plan
from etcd_renumber.rendering.render import render

EXAMPLE = folder("examples") / "three-masters"
pytestmark = pytest.mark.quick
Edit = Callable[[str], str]


def changed(tmp: Path, file: str, edit: Edit) -> Path:
    """The mapping of the example, with this file of master1 changed."""
    shutil.copytree(EXAMPLE, tmp / "e")
    path = tmp / "e/facts/master1/manifests" / file
    path.write_text(edit(path.read_text()))
    return tmp / "e/mapping.yaml"


def said(tmp: Path, edit: Edit, file: str = "etcd.yaml") -> list[str]:
    """What keeps the changed example from being planned."""
    try:
        found = check(load(changed(tmp, file, edit)))
    except Refused as refused:
        found = list(refused.problems)
    return [p.fact for p in found if p.severity == "error"]


def in_a_shell(text: str) -> str:
    """The whole command as one script of a shell, a flag a line."""
    lines = re.findall(r"(?m)^    - (.*)$", text.partition("    image:")[0])
    script = " \\\n          ".join(lines)
    return re.sub(
        r"  - command:\n(    - .*\n)+",
        f"  - command:\n    - /bin/sh\n    - -ec\n    - |\n          ulimit -n 65536\n          exec {script}\n",
        text,
    )


SIDECAR = "  containers:\n  - {name: beside, image: x/y:1, command: [sleep, infinity]}\n"
API: dict[str, Edit] = {
    "a container before it": lambda t: t.replace("  containers:\n", SIDECAR),
    "flags of two words": lambda t: re.sub(r"(--tls-[a-z-]*file|--client-ca-file)=", r"\1\n    - ", t),
    "a shell around it": in_a_shell,
    "hyperkube": lambda t: t.replace("    - kube-apiserver\n", "    - /hyperkube\n    - kube-apiserver\n"),
    "a log runner around it": lambda t: t.replace(
        "    - kube-apiserver\n", "    - /go-runner\n    - --log-file=/var/log/x\n    - /usr/local/bin/kube-apiserver\n"
    ),
    "no command": lambda t: t.replace("  - command:\n    - kube-apiserver\n", "  - args:\n"),
}


@pytest.mark.parametrize("case", API)
def test_the_certificate_of_the_api_is_found_with(case: str, tmp_path: Path) -> None:
    change = plan(load(changed(tmp_path, "kube-apiserver.yaml", API[case])))
    runbook = render(change)["hosts/master1/runbook.sh"]
    certificates = next(line for line in runbook.splitlines() if line.startswith("readonly -a CERT_FILES="))
    assert "/etc/kubernetes/pki/apiserver.crt" in certificates
    assert "readonly -a PROCS=(etcd kube-apiserver " in runbook


@pytest.mark.parametrize("case", ["a shell around it", "hyperkube", "a log runner around it", "no command"])
def test_a_process_that_another_one_starts_is_looked_for_in_its_pod(case: str) -> None:
    text = (EXAMPLE / "facts/master1/manifests/kube-apiserver.yaml").read_text()
    assert (process(API[case](text)).name, process(API[case](text)).argv) == ("kube-apiserver", ())


@pytest.mark.parametrize(
    "command",
    ["nginx, -g, daemon off;", "nginx-debug", "openresty, -c, x", "/entrypoint.sh, --x", "/docker-entrypoint, nginx", "zsh, -c, x",
     "env, A=b, haproxy, -f, x"],
)  # fmt: skip
def test_what_proc_will_show_of_it_is_not_what_it_says(command: str) -> None:
    pod = f"spec: {{containers: [{{name: n, command: [{command}]}}]}}"
    assert (process(pod).name, process(pod).argv) == ("", ())


def test_a_folder_of_the_same_name_is_no_program() -> None:
    pod = "spec: {containers: [{command: [sh, -c, 'chown -R 1000 /var/lib/etcd && exec /bin/thing --data=/var/lib/etcd']}]}"
    assert main_of(pod).program != "etcd"


@pytest.mark.parametrize("end", ["---\n", "---\nkind: ConfigMap\n"])
def test_kubelet_reads_the_first_document(end: str, tmp_path: Path) -> None:
    assert said(tmp_path, lambda t: t + end) == []


def test_etcd_is_found_behind_a_container_beside_it(tmp_path: Path) -> None:
    assert said(tmp_path, lambda t: t.replace("  containers:\n", SIDECAR)) == []


def in_a_variable(text: str, flag: str, value: str) -> str:
    """The flag as a variable of the container, with this value."""
    name = "ETCD_" + flag.upper().replace("-", "_")
    text = re.sub(f"    - --{flag}=.*\n", "", text)
    return text.replace("    image:", f"    env:\n    - {{name: {name}, {value}}}\n    image:", 1)


ETCD: dict[str, tuple[Edit, str]] = {
    "args alone": (
        lambda t: t.replace("  - command:\n    - etcd\n", "  - args:\n"),
        "started by its image: the manifest has",
    ),
    "a shell": (in_a_shell, "etcd is started by /bin/sh, not by its own command"),
    "one text": (
        lambda t: re.sub(r"  - command:\n(    - .*\n)+", "  - command: [etcd --name=master1 --data-dir=/x]\n", t),
        "the command of etcd is one text of",
    ),
    "a tab": (lambda t: t.replace("    image:", "\timage:"), "this is not YAML: found a tab character"),
    "another program": (
        lambda t: t.replace("    - etcd\n", "    - /etcd-manager\n"),
        "etcd.yaml starts /etcd-manager, not etcd",
    ),
    "a configuration file": (
        lambda t: re.sub(r"(    - etcd\n)(    - .*\n)+", r"\1    - --config-file=/x\n", t),
        "--config-file=/x: with it etcd reads no other flag",
    ),
    "a value of the downward API": (
        lambda t: t.replace("--listen-peer-urls=https://192.168.100.10", "--listen-peer-urls=https://$(HOST_IP)"),
        "--listen-peer-urls takes its value from $( )",
    ),
    "a value of the downward API in a variable": (
        lambda t: in_a_variable(t, "listen-peer-urls", "value: https://$(HOST_IP):2380"),
        "ETCD_LISTEN_PEER_URLS takes its value from $( )",
    ),
    "a name in a variable that would only be a note": (
        lambda t: in_a_variable(t, "advertise-client-urls", "value: https://$(HOST_IP):2379"),
        "ETCD_ADVERTISE_CLIENT_URLS takes its value from $( )",
    ),
    "a variable that kubelet fills": (
        lambda t: in_a_variable(t, "name", "valueFrom: {fieldRef: {fieldPath: spec.nodeName}}"),
        "ETCD_NAME takes its value from valueFrom",
    ),
    "a key spelled otherwise": (
        lambda t: t.replace("- mountPath: /var/lib/etcd", "- mountpath: /var/lib/etcd"),
        "spec.containers.0.volumeMounts.0 has no mountPath",
    ),
    "a list in a list": (
        lambda t: t.replace("  volumes:\n", "  volumes:\n  - [x]\n"),
        "spec.volumes.0 is no mapping",
    ),
    "a URL that is none": (
        lambda t: t.replace("--advertise-client-urls=https://192.168", "--advertise-client-urls=https://192]168"),
        "--advertise-client-urls=https://192]168.100.10:2379",
    ),
}


@pytest.mark.parametrize("case", ETCD)
def test_one_cause_is_said_once(case: str, tmp_path: Path) -> None:
    edit, words = ETCD[case]
    found = said(tmp_path, edit)
    assert len(found) == 1 and words in found[0], found


def test_no_etcd_among_the_manifests_names_the_ways_out(tmp_path: Path) -> None:
    mapping = changed(tmp_path, "etcd.yaml", str)
    (tmp_path / "e/facts/master1/manifests/etcd.yaml").unlink()
    with pytest.raises(Refused) as refused:
        load(mapping)
    (problem,) = refused.value.problems
    assert problem.fact == "no manifest of master1 runs etcd" and "where systemd runs etcd" in problem.hint


@pytest.mark.parametrize(("data", "words"), [("/var/lib/etcd", "A copy: move it out"), ("/var/lib/ev", "for events")])
def test_two_files_that_run_etcd(data: str, words: str, tmp_path: Path) -> None:
    mapping = changed(tmp_path, "etcd.yaml", str)
    files = tmp_path / "e/facts/master1/manifests"
    text = (files / "etcd.yaml").read_text().replace("--data-dir=/var/lib/etcd", f"--data-dir={data}")
    (files / "etcd.yaml.bak").write_text(text)
    with pytest.raises(Refused) as refused:
        load(mapping)
    (problem,) = refused.value.problems
    assert "2 manifests of master1 run etcd: etcd.yaml, etcd.yaml.bak" in problem.fact and words in problem.hint


def test_a_certificate_of_the_api_that_is_not_found_is_said(tmp_path: Path) -> None:
    def without(text: str) -> str:
        return re.sub("    - --tls-cert-file=.*\n", "", text)

    found = check(load(changed(tmp_path, "kube-apiserver.yaml", without)))
    assert [(p.severity, p.fact) for p in found] == [
        ("warning", "kube-apiserver of master1 has no --tls-cert-file: its serving certificate is not found")
    ]


def test_a_pod_that_names_kube_apiserver_and_does_not_start_it_is_said(tmp_path: Path) -> None:
    def hidden(text: str) -> str:
        return text.replace("    - kube-apiserver\n", "    - /entrypoint.bin\n").replace("image: k8s", "image: x")

    (problem,) = check(load(changed(tmp_path, "kube-apiserver.yaml", hidden)))
    assert problem.severity == "warning" and "no container that starts it is found" in problem.fact


def test_manifests_with_carriage_returns_keep_them(tmp_path: Path) -> None:
    shutil.copytree(EXAMPLE, tmp_path / "e")
    for path in (tmp_path / "e/facts").glob("*/manifests/*.yaml"):
        path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    cluster = load(tmp_path / "e/mapping.yaml")
    assert check(cluster) == []
    change = plan(cluster)
    write(tmp_path / "out", render(change), change.digest)
    old = (tmp_path / "e/facts/master1/manifests/etcd.yaml").read_bytes()
    new = (tmp_path / "out/hosts/master1/manifests/etcd.yaml").read_bytes()
    assert new == old.replace(b"192.168.100.", b"192.168.110.") and b"\r\n" in new
    assert [p for p in review(tmp_path / "out") if p.severity != "note"] == []
