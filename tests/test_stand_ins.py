"""systemctl, kubelet's unit and the API of a bed's host, as a runbook meets them."""

from __future__ import annotations

import json
import os
import re
import signal
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from etcd_renumber.rehearsal.testbed.host import Host
from etcd_renumber.rehearsal.testbed.node import unknown
from etcd_renumber.rehearsal.testbed.testbed import Bed
from etcd_renumber.rehearsal.testbed.units import assignments

from tests.conftest import three_masters

FLAGS = "/var/lib/kubelet/kubeadm-flags.env"
MANIFESTS = "/etc/kubernetes/manifests"
OLD, NEW = "192.168.100.10", "192.168.110.10"
NODE = "/api/v1/nodes/master1"
PODS = ("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler")
LEASES = "/apis/coordination.k8s.io/v1/namespaces"
# What a runbook does: openssl, the certificate in admin.conf, the cluster's CA, HTTP/1.0.
ASK = r"""
part() { sed -n "s/^ *$2: //p" "$1" | base64 -d; }
printf 'GET %s HTTP/1.0\r\n\r\n' "$3" | openssl s_client -quiet -connect "$2:6443" -verify_return_error -verify_ip "$2" \
  -CAfile <(part "$1" certificate-authority-data) -cert <(part "$1" client-certificate-data) -key <(part "$1" client-key-data)
"""
KUBELETS = "/var/lib/kubelet/pki/kubelet-client-current.pem"


@pytest.fixture(scope="module")
def host(etcd35: Path) -> Iterator[Host]:
    """One whole master whose certificates hold both addresses, and whose endpoint has a name."""
    spec = replace(three_masters()[0], sans=(NEW,), endpoint="api.test:6443")
    with Bed([spec], etcd35) as bed:
        bed.wait_healthy()
        bed["master1"].add_address(f"{NEW}/24")
        yield bed["master1"]


@pytest.fixture(autouse=True)
def running(host: Host) -> None:
    """Every test begins with a kubelet that runs, every pod's process, and an API that answers and knows the old address alone."""
    host.write_text(FLAGS, f'KUBELET_KUBEADM_ARGS="--node-ip={OLD}"\n')
    host.start_kubelet()
    for _ in range(3):  # with other flags than before it begins with one restart, and a pod that ran on wants one more
        host.wait_for(lambda: all(host.processes(name) for name in PODS), 30, "every pod runs")
        host.wait_for(lambda: said(host, "/readyz")[0] == 200, 20, "the API is ready")
        if {internal_ip(host), *(pod_ip(host, name) for name in PODS)} == {OLD}:
            return
        host.must(["systemctl", "restart", "kubelet"])
        host.wait_for(lambda: internal_ip(host) == OLD, 20, "it says its --node-ip")
    pytest.fail("something keeps the other address")


def said(host: Host, path: str, address: str = OLD) -> tuple[int, Any]:
    """The API's answer to admin.conf's certificate: status (0: none), and an object, or a text where it is none."""
    out = host.run(["bash", "-c", ASK, "-", "/etc/kubernetes/admin.conf", address, path]).out
    head, _, body = out.partition("\r\n\r\n")
    status = re.match(r"HTTP/1\.0 (\d+) ", head)
    return (int(status[1]), json.loads(body) if body.startswith("{") else body) if status else (0, "")


def systemctl(host: Host, *words: str) -> tuple[int, str]:
    ran = host.run(["systemctl", *words])
    return ran.exit, ran.text.strip()


def test_systemctl_answers_as_the_real_one(host: Host) -> None:
    main = int(systemctl(host, "show", "-p", "MainPID", "--value", "kubelet")[1])
    assert main > 0
    for words, wanted in {
        "is-active kubelet": (0, "active"),
        "is-active --quiet kubelet.service": (0, ""),
        "show kubelet -p LoadState,MainPID": (0, f"MainPID={main}\nLoadState=loaded"),
        "show --property=LoadState -p ActiveState kubelet": (0, "LoadState=loaded\nActiveState=active"),
        "show -p LoadState nothing": (0, "LoadState=not-found"),
        "start nothing": (5, "Failed to start nothing.service: Unit nothing.service not found."),
        "start kubelet": (0, ""),
        "daemon-reload": (0, ""),
        "stop kubelet": (0, ""),
    }.items():
        assert systemctl(host, *words.split()) == wanted, words
    assert systemctl(host, "is-active", "kubelet") == (3, "inactive")
    assert systemctl(host, "show", "kubelet", "-p", "MainPID,SubState") == (0, "MainPID=0\nSubState=dead")
    assert systemctl(host, "restart", "kubelet") == (0, "")
    assert systemctl(host, "is-active", "kubelet") == (0, "active")


def test_kubelet_has_its_name_and_its_arguments(host: Host) -> None:
    [pid] = host.processes("kubelet")
    words = Path(f"/proc/{pid}/cmdline").read_text().split("\0")
    assert words[0] == "/usr/bin/kubelet" and f"--node-ip={OLD}" in words and words[-1] == ""
    inside = Path(f"/proc/{pid}/status").read_text().split("NSpid:")[1].splitlines()[0].split()[-1]
    assert systemctl(host, "show", "-p", "MainPID", "--value", "kubelet") == (0, inside)


def test_a_flag_in_a_drop_in_counts_after_daemon_reload(host: Host) -> None:
    drop_in = "/etc/systemd/system/kubelet.service.d/20-own.conf"
    host.write_text(drop_in, f'[Service]\nEnvironment="KUBELET_EXTRA_ARGS=--node-ip={NEW}"\n')
    assert systemctl(host, "show", "-p", "NeedDaemonReload", "kubelet") == (0, "NeedDaemonReload=yes")
    for reload, address in ((False, OLD), (True, NEW)):
        if reload:
            systemctl(host, "daemon-reload")
        systemctl(host, "restart", "kubelet")
        host.wait_for(lambda wanted=address: internal_ip(host) == wanted, 5, address)  # type: ignore[misc]
    host.must(["rm", drop_in])
    host.must(["systemctl", "daemon-reload"])
    systemctl(host, "restart", "kubelet")


def test_a_kubelet_that_cannot_start_says_why_and_is_tried_again(host: Host) -> None:
    etcd = host.etcd_pid()
    host.must(["systemctl", "stop", "kubelet"])
    host.write_text(FLAGS, 'KUBELET_KUBEADM_ARGS="--node-ip=192.168.100.10 --no-such-flag"\n')
    assert systemctl(host, "start", "kubelet") == (0, "")
    host.wait_for(lambda: systemctl(host, "is-active", "kubelet") == (3, "activating"), 5, "it ended")
    assert systemctl(host, "show", "-p", "MainPID,ExecMainStatus", "kubelet") == (0, "MainPID=0\nExecMainStatus=1")
    assert "unknown flag: --no-such-flag" in host.must(["journalctl", "-u", "kubelet", "-n", "20", "--no-pager"])
    assert host.processes("kubelet") == host.processes("kubelet-work") == []
    host.write_text(FLAGS, f'KUBELET_KUBEADM_ARGS="--node-ip={OLD}"\n')
    host.wait_for(lambda: systemctl(host, "is-active", "kubelet") == (0, "active"), 12, "started again by itself")
    assert host.etcd_pid() == etcd


def test_a_kubelet_that_is_killed_comes_again_and_one_that_is_stopped_is_ended(host: Host) -> None:
    [first] = host.processes("kubelet")
    os.kill(first, signal.SIGKILL)
    host.wait_for(lambda: systemctl(host, "is-active", "kubelet") == (3, "activating"), 5, "systemd has seen it")
    host.wait_for(lambda: host.processes("kubelet") not in ([], [first]), 12, "another one")
    for pid in host.processes("kubelet"):
        os.kill(pid, signal.SIGSTOP)
    began = time.monotonic()
    assert systemctl(host, "restart", "kubelet") == (0, "")
    assert time.monotonic() - began < 5


def internal_ip(host: Host) -> str:
    addresses = said(host, NODE)[1]["status"]["addresses"]
    return next((a["address"] for a in addresses if a["type"] == "InternalIP"), "")


def renewed(host: Host, lease: str) -> str:
    return str(said(host, f"{LEASES}/{lease}")[1]["spec"]["renewTime"])


def pod_ip(host: Host, name: str) -> str:
    return str(said(host, f"/api/v1/namespaces/kube-system/pods/{name}-master1")[1]["status"]["podIP"])


def test_the_api_knows_this_host(host: Host) -> None:
    assert said(host, "/readyz") == (200, "ok")
    assert said(host, "/version")[1]["gitVersion"].startswith("v1.")
    assert internal_ip(host) == pod_ip(host, "etcd") == OLD
    slices = said(host, "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices/kubernetes")[1]
    assert slices["endpoints"][0]["addresses"] == [OLD]
    assert said(host, "/api/v1/namespaces/default/endpoints/kubernetes")[1]["subsets"][0]["addresses"] == [{"ip": OLD}]
    names = [item["metadata"]["name"] for item in said(host, "/api/v1/pods")[1]["items"]]
    assert names == [f"{n}-master1" for n in ("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler")]
    assert said(host, "/api/v1/nodes/another")[0] == 404
    assert said(host, "/readyz", NEW) == (200, "ok")
    for port in (10257, 10259):
        ask = f"printf 'GET /healthz HTTP/1.0\\r\\n\\r\\n' | openssl s_client -quiet -connect 127.0.0.1:{port}"
        assert host.run(["bash", "-c", ask]).out.startswith("HTTP/1.0 200 OK")


def test_who_may_ask_what(host: Host) -> None:
    def status(path: str, *certificate: str) -> str:
        words = 'printf "GET %s HTTP/1.0\\r\\n\\r\\n" "$1" | openssl s_client -quiet -connect "${@:2}"'
        return host.run(["bash", "-c", words, "-", path, f"{OLD}:6443", *certificate]).out[9:12]

    kubelets = ("-cert", KUBELETS)
    assert [status(path) for path in ("/readyz", "/version", NODE)] == ["200", "200", "403"]
    assert [status(path, *kubelets) for path in (NODE, f"{LEASES}/kube-node-lease/leases/master1")] == ["200"] * 2
    refused = ("/api/v1/pods", f"{LEASES}/kube-system/leases/kube-scheduler")
    assert [status(path, *kubelets) for path in refused] == ["403"] * 2
    assert status("/api/v1/pods?fieldSelector=spec.nodeName%3Dmaster1", *kubelets) == "200"


def test_leases_are_renewed_while_their_holders_run(host: Host) -> None:
    leases = ("kube-system/leases/kube-scheduler", "kube-system/leases/kube-controller-manager")
    before = [renewed(host, lease) for lease in leases]
    host.wait_for(
        lambda: all(renewed(host, i) > was for i, was in zip(leases, before, strict=True)), 20, "both are renewed"
    )
    host.must(["systemctl", "stop", "kubelet"])
    host.must(["bash", "-c", "kill $(pidof kube-scheduler)"])
    time.sleep(0.5)
    scheduler, manager, node = (renewed(host, lease) for lease in (*leases, "kube-node-lease/leases/master1"))
    time.sleep(2.5)
    host.wait_for(lambda: renewed(host, leases[1]) > manager, 20, "the one that runs renews")
    assert renewed(host, leases[0]) == scheduler
    assert renewed(host, "kube-node-lease/leases/master1") == node
    host.must(["systemctl", "start", "kubelet"])
    host.wait_for(lambda: renewed(host, "kube-node-lease/leases/master1") > node, 20, "renewed at kubelet's start")


def test_the_api_goes_with_its_process_and_is_not_ready_without_an_etcd(host: Host) -> None:
    host.must(["systemctl", "stop", "kubelet"])
    host.kill_etcd()
    assert said(host, "/readyz")[0] == 500
    host.must(["bash", "-c", "kill $(pidof kube-apiserver)"])
    host.wait_for(lambda: ":6443 " not in host.must(["ss", "-Hltn"]), 20, "the port is closed")
    host.start_kubelet()
    host.wait_for(lambda: said(host, "/readyz")[0] == 200, 20, "it is back")


def test_addresses_follow_the_exchange_and_a_pod_that_ran_on_wants_one_more_restart(host: Host) -> None:
    host.must(["systemctl", "stop", "kubelet"])
    for file in ("etcd.yaml", "kube-apiserver.yaml"):
        host.must(["bash", "-c", f"kill $(pidof {file.removesuffix('.yaml')})"])
        text = host.read_text(f"{MANIFESTS}/{file}").replace(f"--advertise-address={OLD}", f"--advertise-address={NEW}")
        host.write_text(f"{MANIFESTS}/{file}", f"{text}# changed\n", 0o600)
    host.write_text(FLAGS, f'KUBELET_KUBEADM_ARGS="--node-ip={NEW}"\n')
    host.must(["systemctl", "start", "kubelet"])
    host.wait_for(lambda: said(host, "/readyz", NEW)[0] == 200, 20, "the API is back")
    assert internal_ip(host) == pod_ip(host, "etcd") == pod_ip(host, "kube-apiserver") == NEW
    assert pod_ip(host, "kube-scheduler") == OLD
    slices = said(host, "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices/kubernetes")[1]
    assert slices["endpoints"][0]["addresses"] == [NEW]
    host.must(["systemctl", "restart", "kubelet"])
    host.wait_for(lambda: pod_ip(host, "kube-scheduler") == NEW, 20, "one more restart")


def test_a_first_status_that_fails_leaves_new_pods_on_the_old_address(host: Host) -> None:
    before = internal_ip(host)
    other = NEW if before == OLD else OLD
    host.must(["systemctl", "stop", "kubelet"])
    host.must(["bash", "-c", "kill $(pidof kube-scheduler)"])
    host.write_text("/run/kubelet/first-status-fails", "")
    host.write_text(FLAGS, f'KUBELET_KUBEADM_ARGS="--node-ip={other}"\n')
    host.must(["systemctl", "start", "kubelet"])
    host.wait_for(lambda: host.processes("kube-scheduler") != [], 20, "a scheduler")
    host.wait_for(lambda: pod_ip(host, "kube-scheduler") == before, 20, "still the old one")
    assert internal_ip(host) == other
    host.must(["systemctl", "restart", "kubelet"])
    host.wait_for(lambda: pod_ip(host, "kube-scheduler") == other, 20, "one more restart")


def test_without_node_ip_the_address_stays_until_it_goes(host: Host) -> None:
    lease = "kube-node-lease/leases/master1"
    host.must(["systemctl", "restart", "kubelet"])
    host.wait_for(lambda: internal_ip(host) == OLD, 10, "it says its --node-ip")
    host.must(["systemctl", "stop", "kubelet"])
    host.write_text(FLAGS, 'KUBELET_KUBEADM_ARGS=""\n')
    before = renewed(host, lease)
    host.must(["systemctl", "start", "kubelet"])
    host.wait_for(lambda: renewed(host, lease) > before, 10, "the new process has told the API")
    assert internal_ip(host) == OLD
    host.remove_address(f"{OLD}/24")
    host.wait_for(lambda: said(host, NODE, NEW)[1]["status"]["addresses"][0]["address"] == NEW, 30, "it follows")
    host.add_address(f"{OLD}/24")
    assert pod_ip(host, "kube-scheduler") == OLD
    host.must(["systemctl", "restart", "kubelet"])
    host.wait_for(lambda: pod_ip(host, "kube-scheduler") == NEW, 20, "one more restart")


def test_kubeconfigs_are_kubeadms(host: Host) -> None:
    servers = {name: re.findall(r"server: (\S+)", host.read_text(f"/etc/kubernetes/{name}.conf")) for name in
               ("admin", "super-admin", "controller-manager", "scheduler", "kubelet")}  # fmt: skip
    named, own = ["https://api.test:6443"], [f"https://{OLD}:6443"]
    assert list(servers.values()) == [named, named, own, own, own]
    modes = host.must(["bash", "-c", "stat -c %a /etc/kubernetes/*.conf /var/lib/kubelet/pki/*"])
    assert modes.split() == ["600"] * 6


@pytest.mark.parametrize(
    ("words", "flag"),
    [
        (("kubelet", "--node-ip=1.2.3.4", "--v=2"), ""),
        (("kubelet", "--node-ip", "1.2.3.4", "--no-such-flag=1"), "--no-such-flag"),
    ],
)
def test_flags_that_kubelet_does_not_have(words: tuple[str, ...], flag: str) -> None:
    assert unknown(words) == flag


def test_environment_files_are_read_as_systemd_reads_them() -> None:
    assert assignments("# no\nA_B=\"--x=1 --y\"\n\nC='d'\nE=f\n") == {"A_B": "--x=1 --y", "C": "d", "E": "f"}
