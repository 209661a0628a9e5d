"""The gate of Kubernetes where no API answered before: what it needs, whom it waits for, and when it may still refuse."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.pki import TEMPLATES, make_ca, make_leaf

LIB = ("runbook/lib/api.sh", "runbook/lib/kubernetes.sh", "runbook/steps/kubernetes_gate.sh")
BACK = (*LIB, "runbook/steps/kubernetes_comes_back.sh")
# A clock that a `sleep` moves by a second, and what the gate calls of other files, said instead of done.
VALUES = """set -o errexit -o nounset -o pipefail
API_PREFIX=/registry BACKUP=/nowhere NEW=NEW OLD=OLD STATE=/nowhere MODE=apply PHASE=settle API_PORT=6443 clock=0 going_back=no
FILES=(etcd.yaml kube-apiserver.yaml) PROCS=(etcd kube-apiserver)
"""
STUBS = """now_ms() { printf '%s' "$((clock * 1000))"; }
sleep() { clock=$((clock + 1)); }
is_changing() { [[ $MODE == apply ]]; }
is_one_of() { local word=$1; shift; [[ " $* " == *" $word "* ]]; }
bracketed() { printf '%s' "$1"; }
note() { printf '%s\\n' "$*"; }
run() { printf '# %s\\n' "$*"; }
closed() { printf 'exit 3: %s (%s)\\n' "$1" "$2"; exit 3; }
half_done() { printf 'exit 5: %s (%s)\\n' "$1" "$2"; exit 5; }
or_roll_back() { :; }
kubelet_argument() { printf NEW; }
ss_shows_etcd_now() { :; }
"""


def bash(tmp: Path, parts: tuple[str, ...], body: str) -> subprocess.CompletedProcess[str]:
    text = "\n".join([f"KUBERNETES={tmp}", VALUES, *((TEMPLATES / part).read_text() for part in parts), STUBS, body])
    (tmp / "ask.sh").write_text(text)
    return subprocess.run(["bash", str(tmp / "ask.sh")], capture_output=True, text=True, timeout=60)


def asked(tmp: Path, parts: tuple[str, ...], body: str, exit: int = 0) -> str:
    ran = bash(tmp, parts, body)
    assert (ran.returncode, ran.stderr) == (exit, ""), ran.stdout + ran.stderr
    return ran.stdout


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("    server: https://10.0.0.1:6443", "https://10.0.0.1:6443"),
        ('    server: "https://api.example:8443"', "https://api.example:8443"),
        ("  - server: https://[fd00::1]:6443", "https://[fd00::1]:6443"),
        ("    server: https://api.example", "https://api.example"),
        ("    server: https://api.example:6443;rm", "https://api.example:6443"),
        ("    server: http://api.example", ""),
        ("clusters: []", ""),
    ],
)
def test_the_server_of_a_kubeconfig(tmp_path: Path, line: str, said: str) -> None:
    (tmp_path / "kubelet.conf").write_text(f"clusters:\n- cluster:\n{line}\n")
    assert asked(tmp_path, LIB, 'server_of "$KUBERNETES/kubelet.conf"').strip() == said


def test_each_server_is_asked_once_and_the_first_silent_one_is_named(tmp_path: Path) -> None:
    for name, url in {
        "controller-manager": "10.0.0.1:6443",
        "scheduler": "10.0.0.1:6443",
        "kubelet": "[fd00::9]",
    }.items():
        (tmp_path / f"{name}.conf").write_text(f"    server: https://{url}\n")
    body = """api_ask() {
  printf '%s %s %s\\n' "$1" "$2" "$3" >>"$KUBERNETES/asked"
  api_status=; [[ $1 != 10.0.0.1 ]] || api_status=200
}
api_pems=(ca cert key)
silent_server"""
    assert asked(tmp_path, LIB, body) == f"https://[fd00::9], named in {tmp_path}/kubelet.conf"
    assert (tmp_path / "asked").read_text() == "10.0.0.1 6443 /readyz\nfd00::9 443 /readyz\n"


# What the gate sees: the API first, then a Lease that nobody renews.
SEES = """kubernetes_now() {
  kubernetes_why='the Lease kube-node-lease/master1 has not been renewed since X' stale_address= api_is_ready=yes
  [[ $clock -ge 5 ]] || { kubernetes_why='kube-apiserver on https://NEW:6443 is not ready' && api_is_ready=no; }
}
silent_server() { printf '%s' "$SILENT"; }
"""


def test_what_waits_for_a_load_balancer_is_said_and_holds_nothing_up(tmp_path: Path) -> None:
    said = asked(tmp_path, BACK, SEES + "SILENT=https://api:6443\nkubernetes_comes_back_in_part\nprintf 'at %s' $clock")
    assert "NOT YET: the Lease kube-node-lease/master1 has not been renewed" in said
    assert "this one does not: https://api:6443" in said and said.endswith("at 26")


def test_where_every_server_answers_it_waits_to_its_limit_and_fails(tmp_path: Path) -> None:
    said = asked(tmp_path, BACK, SEES + "SILENT=\nkubernetes_comes_back_in_part", 5)
    assert "exit 5: after 150 s: the Lease kube-node-lease/master1" in said


def test_an_api_of_this_host_that_is_silent_is_not_left_to_others(tmp_path: Path) -> None:
    """kubelet does not run: that is said first, and nothing is known of the API."""
    sees = "kubernetes_now() { kubernetes_why='kubelet does not run' stale_address='' api_is_ready=no; }\n"
    said = asked(tmp_path, BACK, SEES + sees + "SILENT=https://api:6443\nkubernetes_comes_back_in_part", 5)
    assert "exit 5: after 150 s: kubelet does not run" in said and "load balancer" not in said


def test_the_own_address_is_no_server_of_others(tmp_path: Path) -> None:
    for name in ("controller-manager", "scheduler", "kubelet"):
        (tmp_path / f"{name}.conf").write_text("    server: https://10.0.0.1:6443\n")
    body = "NEW=10.0.0.1 api_pems=(ca cert key)\napi_ask() { printf asked; }\nsilent_server"
    assert asked(tmp_path, LIB, body) == ""


def test_reopen_does_not_leave_it_to_others(tmp_path: Path) -> None:
    said = asked(tmp_path, BACK, SEES + "SILENT=https://api:6443\nkubernetes_comes_back", 5)
    assert (
        "exit 5: after 150 s" in said and "this API does not answer: https://api:6443; point that load balancer" in said
    )


UNBRIDGE = """PHASE=unbridge
holds() { "${@:2}"; }
calls_to() { :; }
bridge_is_gone() { false; }
"""


def test_before_unbridge_it_refuses(tmp_path: Path) -> None:
    parts = (*BACK, "runbook/lib/calls.sh", "runbook/bridge/unbridge.sh")
    said = asked(tmp_path, parts, SEES + UNBRIDGE + "SILENT=https://api:6443\nkubernetes_was_back_before", 3)
    assert "exit 3: after 60 s: the Lease" in said


STALE = """SILENT=
kubernetes_now() {
  kubernetes_why='kube-apiserver is not ready' stale_address=
  [[ $clock -lt 10 ]] || { kubernetes_why='the pod is OLD' && stale_address=$kubernetes_why; }
}
run() { printf '# %s at %s\\n' "$*" "$clock"; }
silent_server() { :; }
"""


def test_kubelet_is_restarted_once_15_s_after_the_first_stale_address(tmp_path: Path) -> None:
    said = asked(tmp_path, BACK, STALE + "kubernetes_is_whole", 5)
    assert said.count("# systemctl restart kubelet") == 1 and "restart kubelet at 26" in said


def test_after_that_restart_unbridge_does_not_say_that_nothing_was_changed(tmp_path: Path) -> None:
    parts = (*BACK, "runbook/lib/calls.sh", "runbook/bridge/unbridge.sh")
    said = asked(tmp_path, parts, STALE + UNBRIDGE + "kubernetes_was_back_before", 5)
    assert "# systemctl restart kubelet" in said


ENDPOINTS = """NAMES=(a b c d) etcdctl=etcdctl recorded=(new new new old)
OLDS=(10.0.0.1 10.0.0.2 10.0.0.3 10.0.0.4) NEWS=(10.0.1.1 10.0.0.1 10.0.1.3 10.0.0.4) STAYS=(no no no yes)
find_etcdctl() { :; }
own_endpoint() { printf X; }
ctl() { printf '/registry/masterleases/%s\\n\\n' 10.0.0.1 10.0.0.2 10.0.0.33 10.0.0.4; return "$FAILS"; }
"""


@pytest.mark.parametrize(("fails", "said"), [(0, "10.0.0.2 found"), (1, "unknown")])
def test_endpoints_of_old_addresses_and_of_no_others(tmp_path: Path, fails: int, said: str) -> None:
    """10.0.0.1 is old and another member's new one, 10.0.0.33 is nobody's, 10.0.0.4 stays."""
    ask = "if old_masterleases; then printf found; else printf unknown; fi\n! masterleases_are_gone"
    assert asked(tmp_path, (*LIB, "runbook/lib/masterleases.sh"), f"FAILS={fails}\n{ENDPOINTS}{ask}") == said


OTHERS = """NAMES=(master1 master2 master3 master4 master5) OWN=0 STOPPED_NOTE=/nowhere api_as=x
API_PORTS=(6443 6443 '' 6443 6443) in_gate=(yes yes yes no yes) asked_at=(A B C D E)
etcd_runs_new() { false; }
choose_api_identity() { :; }
guard() { if "${@:4}"; then printf 'ok'; else printf '%s' "$2"; fi; }
api_ask() { [[ $1 == [BE] ]] && api_status=$SAYS api_silence=$SILENCE; }
"""


@pytest.mark.parametrize(
    ("says", "silence", "why"),
    [
        ("200", "", "ok"),
        ("403", "", "ok"),
        ("", "no answer within 10 s", "ok"),
        ("", "its certificate has no SAN B", "ok"),
        ("500", "", "master2: it answers HTTP 500; master5: it answers HTTP 500; "),
        (
            "",
            "connection refused: nothing listens there",
            "master2: nothing listens on B:6443; master5: nothing listens on E:6443; ",
        ),
    ],
)
def test_the_apis_of_the_other_hosts(tmp_path: Path, says: str, silence: str, why: str) -> None:
    """master3 has none, master4 is left out; what a firewall may be the reason of proves nothing."""
    body = f"{OTHERS}SAYS='{says}' SILENCE='{silence}'\nguard_other_apis"
    said = asked(tmp_path, (*LIB, "runbook/rolling/others_apis.sh"), body)
    assert said == (why if why == "ok" else f"kube-apiserver of these hosts does not work: {why}")


ADMIN = """PODS=() OTHER=
guard() { if "${@:4}"; then printf 'ok\\n'; else printf 'NO: %s\\n' "$2"; fi; }
node_name() { printf master1; }
kubeconfig_value() { [[ $2 != client-certificate ]] || cat "$KUBERNETES/cert.pem"; }
"""


@pytest.mark.parametrize(
    ("file", "days", "first"),
    [
        ("admin.conf", 1, ""),
        ("super-admin.conf", 1, ""),
        ("kubelet.conf", 1, "NO: neither admin.conf nor super-admin.conf is in "),
        ("admin.conf", -1, "NO: the client certificate in "),
    ],
)
def test_the_identity_is_looked_at_beforehand(tmp_path: Path, file: str, days: int, first: str) -> None:
    ca = make_ca(tmp_path)
    make_leaf(tmp_path / "cert.pem", ca, days=days)
    (tmp_path / file).write_text("x")
    said = asked(tmp_path, BACK, ADMIN + "kubernetes_can_be_asked_later").splitlines()
    wrong = [line for line in said if line.startswith("NO: ")]
    assert [line[: len(first)] for line in wrong] == [first] * bool(first)
