"""A pod whose arguments only kubelet knows: its processes are those of its own cgroup."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.pki import TEMPLATES

UID = "0123456789abcdef0123456789abcdef"
AROUND = """set -o errexit -o nounset -o pipefail
FILES=(etcd.yaml kube-apiserver.yaml) PROCS=(etcd kube-apiserver) ARGS_OLD=(a '') ARGS_NEW=(b '') OWN=0
PODS=(kube-system/pods/etcd kube-system/pods/kube-apiserver) wanted=(kept {wanted}) kubelet_stays=up etcd_can_run=yes
node_name() {{ printf master1; }}
is_beside_etcd() {{ false; }}
"""


def process(there: Path, pid: int, name: str, group: str) -> None:
    (there / f"proc/{pid}").mkdir(parents=True)
    (there / f"proc/{pid}/comm").write_text(f"{name}\n")
    (there / f"proc/{pid}/cgroup").write_text(f"0::{group}\n")


def asked(there: Path, what: str, wanted: str = "new") -> str:
    parts = [(TEMPLATES / f"runbook/lib/{name}.sh").read_text() for name in ("pods", "wanted")]
    text = "\n".join([*parts, AROUND.format(wanted=wanted), what])
    text = text.replace("/proc/", f"{there}/proc/").replace("/var/log/pods/", f"{there}/pods/")
    done = subprocess.run(["bash", "-c", text], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


@pytest.mark.parametrize(
    "group", [f"/kubepods/burstable/pod{UID}/abc", f"/system.slice/kubepods-burstable-pod{UID}.slice/crio-abc.scope"]
)
def test_every_process_of_the_pod_is_found_but_the_sandboxs_own(group: str, tmp_path: Path) -> None:
    (tmp_path / f"pods/kube-system_kube-apiserver-master1_{UID}").mkdir(parents=True)
    (tmp_path / "pods/kube-system_kube-apiserver-master1_4b4be6c2-0000-1111-2222-333344445555").mkdir()
    process(tmp_path, 7, "pause", group)
    process(tmp_path, 8, "sh", group)
    process(tmp_path, 9, "kube-apiserver", group)
    process(tmp_path, 10, "kube-apiserver", "/kubepods/burstable/pod" + UID[::-1])
    assert asked(tmp_path, "pids_of_pod 1").split() == ["8", "9"]


@pytest.mark.parametrize(("runs", "holds"), [(True, {"old", "new"}), (False, {"aside"})])
def test_such_a_pod_is_as_wanted_when_any_process_of_it_is(runs: bool, holds: set[str], tmp_path: Path) -> None:
    (tmp_path / f"pods/kube-system_kube-apiserver-master1_{UID}").mkdir(parents=True)
    process(tmp_path, 9, "kube-apiserver" if runs else "pause", f"/kubepods/pod{UID}/abc")
    what = "if process_is_as_wanted 1; then echo yes; fi"
    assert {state for state in ("old", "new", "aside") if asked(tmp_path, what, state) == "yes\n"} == holds
