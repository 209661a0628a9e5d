"""Kubeconfigs and kubelet's files: exactly this host's own address is exchanged, and every other byte stays."""

from __future__ import annotations

import shlex
import stat
import subprocess
from pathlib import Path

import pytest

from tests.pki import PUT_IN_PLACE, TEMPLATES

OLD, NEW = "192.168.100.10", "192.168.110.10"
OLD6, NEW6 = "fd00:100::a", "fd00:110::a"
PARTS = ("runbook/lib/lists.sh", "runbook/lib/files.sh", "runbook/lib/host_files.sh")
RUN = """run() { "$@"; }
is_changing() { true; }
note() { :; }
"""


def bash(root: Path, what: str, old: str = OLD, new: str = NEW) -> subprocess.CompletedProcess[str]:
    """`what` after the parts, with this host's folders below `root`."""
    values = {"MANIFESTS": root / "kubernetes/manifests", "BACKUP": root / "backup", "OLD": old, "NEW": new}
    lines = [
        "set -o errexit -o nounset -o pipefail",
        "umask 077",
        "export LC_ALL=C",
        "HOSTS_FILE=yes FILES=() OTHER_FILES=()",
    ]
    lines += ["NAMES=(master1 master2) OLDS=(192.168.100.10 192.168.100.11) STAYS=(no no) OWN=0", f"HERE={root}"]
    lines += [f"{name}={shlex.quote(str(value))}" for name, value in values.items()]
    lines += [RUN, *PUT_IN_PLACE, *((TEMPLATES / part).read_text() for part in PARTS)]
    lines = [text.replace("/var/lib/kubelet/", f"{root}/kubelet/").replace("/etc/default/", f"{root}/default/")
             .replace("/etc/systemd/", f"{root}/systemd/").replace("/etc/hosts", f"{root}/hosts") for text in lines]  # fmt: skip
    return subprocess.run(["bash", "-c", "\n".join([*lines, what])], capture_output=True, text=True, timeout=60)


def put(root: Path, name: str, text: str, mode: int = 0o600) -> Path:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, newline="")
    path.chmod(mode)
    return path


EXCHANGE = """find_host_files
for i in "${!host_files[@]}"; do
  host_file_is "$i" WAY || { draft_host_file "$i" WAY; mv -f "$(draft_of "${host_files[i]}")" "${host_files[i]}"; }
done
"""


def exchange(root: Path, way: str, old: str = OLD, new: str = NEW) -> None:
    ran = bash(root, EXCHANGE.replace("WAY", way), old, new)
    assert ran.returncode == 0, ran.stderr


LINES = [
    ("server", "    server: https://192.168.100.10:6443", True),
    ("server", '    server: "https://192.168.100.10:6443"', True),
    ("server", "  - server: https://192.168.100.10", True),
    ("server", "    server: https://192.168.100.10:6443\r", True),
    ("server", "    server: https://192.168.100.10/k8s", True),
    ("server", "    server: https://192.168.100.101:6443", False),
    ("server", "    server: https://1192.168.100.10:6443", False),
    ("server", "    server: https://192.168.100.10.example:6443", False),
    ("server", "    server: https://192.168.100.11:6443", False),
    ("server", "    server: https://192a168b100c10:6443", False),
    ("server", "    proxy-url: https://192.168.100.10:6443", False),
    ("server", "    server: http://192.168.100.10:6443", False),
    ("config", "address: 192.168.100.10", True),
    ("config", 'address: "192.168.100.10"', True),
    ("config", "healthzBindAddress: 192.168.100.10", True),
    ("config", "address: 192.168.100.100", False),
    ("config", "clusterDNS: 192.168.100.10", False),
    ("config", "  address: 192.168.100.10", False),
    ("flags", 'KUBELET_KUBEADM_ARGS="--node-ip=192.168.100.10 --x=y"', True),
    ("flags", 'KUBELET_KUBEADM_ARGS="--x=y --node-ip=192.168.100.10"', True),
    ("flags", "KUBELET_EXTRA_ARGS=--node-ip=192.168.100.10", True),
    ("flags", "KUBELET_EXTRA_ARGS=--node-ip=192.168.100.10,fd00::1", True),
    ("flags", "KUBELET_EXTRA_ARGS=--node-ip=fd00::1,192.168.100.10", True),
    ("flags", "ExecStart=/usr/bin/kubelet --node-ip 192.168.100.10 \\", True),
    ("flags", "ExecStart=/usr/bin/kubelet --address=192.168.100.10", True),
    ("flags", "KUBELET_EXTRA_ARGS=--node-ip=192.168.100.101", False),
    ("flags", "KUBELET_EXTRA_ARGS=--node-ip=2192.168.100.10", False),
    ("flags", "KUBELET_EXTRA_ARGS=--node-labels=ip=192.168.100.10", False),
    ("flags", "NO_PROXY=192.168.100.10", False),
    ("hosts", "192.168.100.10 master1 master1.example", True),
    ("hosts", "\t192.168.100.10\tmaster1", True),
    ("hosts", "192.168.100.101 master1", False),
    ("hosts", "192.168.100.11 master2 192.168.100.10", False),
    ("hosts", "192.168.100.10", False),
]
PLACES = {"server": "kubernetes/controller-manager.conf", "config": "kubelet/config.yaml", "flags": "default/kubelet",
          "hosts": "hosts"}  # fmt: skip


@pytest.mark.parametrize(("kind", "line", "changes"), LINES, ids=[f"{k}: {t.strip()}" for k, t, _ in LINES])
def test_only_the_own_address_in_its_own_place_is_exchanged(
    tmp_path: Path, kind: str, line: str, changes: bool
) -> None:
    before = f"# {OLD} in a comment stays\n{line}\nlast: {OLD} without an end of line"
    path = put(tmp_path, PLACES[kind], before)
    exchange(tmp_path, "new")
    assert path.read_bytes().decode() == (before.replace(line, line.replace(OLD, NEW)) if changes else before)


def test_an_ipv6_address_stands_in_brackets_in_a_url_and_without_them_in_a_flag(tmp_path: Path) -> None:
    conf = put(tmp_path, PLACES["server"], f"    server: https://[{OLD6}]:6443\n")
    flags = put(tmp_path, PLACES["flags"], f"KUBELET_EXTRA_ARGS=--node-ip={OLD6}\n")
    exchange(tmp_path, "new", OLD6, NEW6)
    assert conf.read_text() == f"    server: https://[{NEW6}]:6443\n"
    assert flags.read_text() == f"KUBELET_EXTRA_ARGS=--node-ip={NEW6}\n"


def test_mode_and_bytes_of_everything_else_stay_and_the_copy_is_for_root_alone(tmp_path: Path) -> None:
    path = put(tmp_path, PLACES["flags"], f"A=--node-ip={OLD}\r\n\tB=\xe4\n", 0o640)
    exchange(tmp_path, "new")
    assert path.read_bytes() == f"A=--node-ip={NEW}\r\n\tB=\xe4\n".encode()
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    saved = Path(f"{tmp_path}/backup/host-files{path}")
    assert saved.read_bytes() == f"A=--node-ip={OLD}\r\n\tB=\xe4\n".encode()
    assert stat.S_IMODE(saved.stat().st_mode) == 0o600


def test_the_way_back_exchanges_the_line_and_keeps_what_was_renewed_meanwhile(tmp_path: Path) -> None:
    path = put(tmp_path, PLACES["server"], f"    server: https://{OLD}:6443\n    key: one\n")
    exchange(tmp_path, "new")
    path.write_text(path.read_text().replace("one", "two"))
    exchange(tmp_path, "old")
    assert path.read_text() == f"    server: https://{OLD}:6443\n    key: two\n"


def test_the_way_back_leaves_a_file_alone_that_named_the_new_address_before(tmp_path: Path) -> None:
    path = put(tmp_path, PLACES["server"], f"    server: https://{NEW}:6443\n")
    exchange(tmp_path, "new")
    exchange(tmp_path, "old")
    assert path.read_text() == f"    server: https://{NEW}:6443\n"


def test_the_file_of_names_is_left_alone_unless_it_is_asked_for(tmp_path: Path) -> None:
    line = f"{OLD} master1\n"
    path = put(tmp_path, PLACES["hosts"], line, 0o644)
    ran = bash(tmp_path, "HOSTS_FILE=no\n" + EXCHANGE.replace("WAY", "new"))
    assert ran.returncode == 0 and path.read_text() == line


def test_a_copy_is_never_overwritten(tmp_path: Path) -> None:
    path = put(tmp_path, PLACES["server"], f"    server: https://{OLD}:6443\n    key: one\n")
    exchange(tmp_path, "new")
    path.write_text(f"    server: https://{OLD}:6443\n    key: two\n")
    exchange(tmp_path, "new")
    saved = sorted((tmp_path / "backup/host-files" / str(path)[1:]).parent.iterdir())
    assert ["one" in s.read_text() for s in saved] == [True, False]


def test_a_file_behind_a_link_is_exchanged_where_it_lies(tmp_path: Path) -> None:
    path = put(tmp_path, "elsewhere/admin.conf", f"    server: https://{OLD}:6443\n")
    link = tmp_path / "kubernetes/admin.conf"
    link.parent.mkdir()
    link.symlink_to(path)
    exchange(tmp_path, "new")
    assert link.is_symlink()
    assert path.read_text() == f"    server: https://{NEW}:6443\n"


def test_a_draft_that_is_older_than_its_file_is_not_used(tmp_path: Path) -> None:
    path = put(tmp_path, PLACES["server"], f"    server: https://{OLD}:6443\n    key: one\n")
    code = 'find_host_files; draft_host_file 0 new; draft_is_right 0 new && echo right; echo x >>"${host_files[0]}"'
    ran = bash(tmp_path, f"{code}; draft_is_right 0 new || echo old")
    assert ran.stdout == "right\nold\n", ran.stderr
    assert path.read_text().endswith("x\n")


def test_a_kubeconfig_that_calls_another_member_is_named(tmp_path: Path) -> None:
    path = put(tmp_path, "kubernetes/kubelet.conf", "    server: https://192.168.100.11:6443\n")
    put(tmp_path, PLACES["server"], f"    server: https://{OLD}:6443\n")
    assert bash(tmp_path, "kubeconfigs_of_others").stdout == f"{path} names 192.168.100.11; "
