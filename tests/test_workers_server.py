"""Which server a worker's kubelet.conf names, however it is written, and whose address that is."""

from __future__ import annotations

import shlex
import subprocess
from pathlib import Path

import pytest

from tests.pki import TEMPLATES

PARTS = ("lists", "host_files", "api")
VALUES = """set -o errexit -o nounset -o pipefail
export LC_ALL=C
without=() MODE=apply WORKERS=(worker1 worker2) CALLS=(master1 master2)
NAMES=(master1 master2 master3) OLDS=(192.168.100.10 fd00:100::b 192.168.100.12) NEWS=(192.168.110.10 fd00:110::b 192.168.100.12)
node_name() { printf '%s' "$NODE"; }
note() { printf '%s\\n' "$*"; }
"""


def bash(root: Path, what: str, server: str, node: str = "worker1") -> str:
    (root / "kubelet.conf").write_text(f"clusters:\n- cluster:\n    server: {server}\n  name: kubernetes\n")
    lines = [VALUES, f"NODE={node} MANIFESTS={shlex.quote(str(root))}/manifests BACKUP={shlex.quote(str(root))}/backup"]
    lines += [(TEMPLATES / f"runbook/lib/{part}.sh").read_text() for part in PARTS]
    lines += [(TEMPLATES / f"runbook/workers/{part}.sh").read_text() for part in ("this_worker", "elsewhere")]
    ran = subprocess.run(["bash", "-c", "\n".join([*lines, what])], capture_output=True, text=True, timeout=60)
    assert ran.returncode == 0, ran.stderr
    return ran.stdout.strip()


SERVERS = {
    "https://192.168.100.10:6443": "192.168.100.10 6443",
    '"https://192.168.100.10:6443"': "192.168.100.10 6443",
    "https://192.168.100.10": "192.168.100.10 443",
    "https://192.168.100.10:8443/k8s": "192.168.100.10 8443",
    "https://[fd00:100::b]:6443": "fd00:100::b 6443",
    "'https://[fd00:100::b]:6443'": "fd00:100::b 6443",
    "https://api.example:6443": "api.example 6443",
    "https://$(touch x)`id`:6443": "touch 443",
}


@pytest.mark.parametrize("server", SERVERS)
def test_host_and_port_are_read_as_data(server: str, tmp_path: Path) -> None:
    assert bash(tmp_path, "servers", server) == SERVERS[server]


@pytest.mark.parametrize(
    ("server", "node", "said"),
    [
        ("https://192.168.100.10:6443", "worker1", "master1 192.168.100.10 192.168.110.10 ours"),
        ("https://[fd00:100::b]:6443", "worker2", "master2 fd00:100::b fd00:110::b ours"),
        ("https://[fd00:100::b]:6443", "worker1", "master1 192.168.100.10 192.168.110.10 other master2"),
        ("https://192.168.100.12:6443", "worker1", "master1 192.168.100.10 192.168.110.10 nothing"),
        ("https://192.168.100.101:6443", "worker1", "master1 192.168.100.10 192.168.110.10 nothing"),
        ("https://192.168.100.10:6443", "stranger", "nothing"),
    ],
)
def test_whose_address_it_is(server: str, node: str, said: str, tmp_path: Path) -> None:
    what = """words="$MEMBER $OLD $NEW"
if ! calls_no_other; then printf '%s other %s' "$words" "$(others_called)"
elif has_nothing_to_do; then printf '%s nothing' "$words"; else printf '%s ours' "$words"; fi"""
    assert " ".join(bash(tmp_path, what, server, node).split()) == said


OTHERWISE = "https://[FD00:100:0::B]:6443"


@pytest.mark.parametrize(
    ("server", "connection", "fits"),
    [
        (OTHERWISE, "fd00:100::5:40000 fd00:100::b:6443", "no"),
        (OTHERWISE, "", "yes"),
        ("https://[fd00:100::b]:6443", "fd00:100::5:40000 fd00:100::b:6443", "yes"),
        ("https://api.example:6443", "fd00:100::5:40000 fd00:100::b:6443", "yes"),
    ],
)
def test_an_address_that_is_written_another_way_is_no_other_address(
    server: str, connection: str, fits: str, tmp_path: Path
) -> None:
    what = f"calls_of_kubelet() {{ printf '%s' '{connection}'; }}; if spelled_as_in_the_mapping; then echo yes; else echo no; fi"
    assert bash(tmp_path, what, server, "worker2") == fits


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("server 192.168.100.10:6443;", True),
        ("server 192.168.100.10.", True),
        ("192.168.100.10 master1", True),
        ("server 192.168.100.101:6443;", False),
        ("server 1192.168.100.10:6443;", False),
        ("server [fd00:100::b]:6443;", True),
        ("server [fd00:100::bb]:6443;", False),
    ],
)
def test_a_whole_address_is_listed_wherever_it_stands(line: str, found: bool, tmp_path: Path) -> None:
    (tmp_path / "nginx.conf").write_text(line + "\n")
    what = f"""grep -cE -e "$(whole_address 192.168.100.10)" -e "$(whole_address fd00:100::b)" {tmp_path}/nginx.conf || true"""
    assert bash(tmp_path, what, "https://x:1") == ("1" if found else "0")
