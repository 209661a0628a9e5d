"""`rehearse --control-plane`: what its report, its verdict and its bar say."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_address
from pathlib import Path

import pytest
from etcd_renumber.cli.messages import rehearsed
from etcd_renumber.hashes import sha256
from etcd_renumber.methods import METHODS
from etcd_renumber.records.control_plane import ControlPlane, HostSeen, Lease
from etcd_renumber.records.run import Done, from_json, to_json
from etcd_renumber.rehearsal.control_plane import seen
from etcd_renumber.rehearsal.control_plane.clock import bar
from etcd_renumber.rehearsal.control_plane.said import unlike
from etcd_renumber.rehearsal.control_plane.wanted import Wanted
from etcd_renumber.rehearsal.kubeadm.cluster import Cluster
from etcd_renumber.rehearsal.kubeadm.load import Load
from etcd_renumber.rehearsal.kubeadm.spec import Node, Spec
from etcd_renumber.rehearsal.replica_hosts import NOT_SHOWN, in_words
from etcd_renumber.rehearsal.statuses import Statuses
from etcd_renumber.rehearsal.testbed.process import Ran
from etcd_renumber.reports.run_report import reports

from tests.scenario import Scenario, hosts
from tests.test_rehearse_pages import made_up

# --- what is said ---


PLANE = ControlPlane(
    kubernetes="1.24.17", own_bytes=True, endpoint="api.cluster.test:6443", acked=9000, failed=3, timeouts=0, refused=2,
    lost_count=0, gap=0.21, gap_at=12.0, hosts=(HostSeen("master1", (8.5,), (2.1,), "192.168.110.10"),),
    leases=(Lease("kube-scheduler", 40, 12.0, True), Lease("master1", 9, 10.1, False)),
    left=("ConfigMap kube-system/kubeadm-config",), unlike=("kube-proxy and CoreDNS: pods that only wait, or none",),
)  # fmt: skip
LINE = Done(10, "master1", "phase", "move", 10.0, 9.0, gap=0.4, acked=90, term=3, api_gap=0.21, api_away=8.5)


def test_a_report_has_the_control_plane_beside_etcd(tmp_path: Path) -> None:
    run = made_up(control_plane=PLANE, lines=(LINE,))
    assert from_json(to_json(run)) == run
    pages = reports(run)
    assert "| 10 | master1 | move | 9.0 | 0 | 0.40 | 0.21 | 8.5 | 3 |  |" in pages["REPORT.md"]
    assert "| master1 | 8.5 | 2.1 | 192.168.110.10 |" in pages["REPORT.md"]
    assert "| master1 | 9 | 10.1 | NO |" in pages["REPORT.md"]
    assert "on Kubernetes 1.24.17 9,000 through the API, none lost, largest gap 0.21 s." in pages["REPORT.md"]
    for said in ("What was not like your cluster", "kube-system/kubeadm-config", "one host&#39;s API down, at most"):
        assert said in pages["REPORT.html"] and said.replace("&#39;", "'") in pages["REPORT.md"]
    assert "not its bytes" not in pages["REPORT.md"]


def test_a_report_of_a_second_rendering_never_says_that_these_bytes_were_run(tmp_path: Path) -> None:
    (tmp_path / "SHA256SUMS").write_text("x  y\n")
    run = made_up(control_plane=replace(PLANE, own_bytes=False), folder_sha256=sha256("x  y\n"))
    text, html = reports(run)["REPORT.md"], reports(run)["REPORT.html"]
    assert "The bytes that were run" not in text and "**not its bytes**" in text and "not its bytes" in html
    fact = rehearsed(run, tmp_path).fact
    assert "these very bytes" not in fact and fact.startswith("rehearsed with this mapping, rendered again for a real")
    assert fact.endswith("rendered again, not the folder's own bytes")


def test_what_was_not_like_the_users_cluster_is_listed_most_important_first(planned: Scenario) -> None:
    want = Wanted(Spec("1.24.17"), "yours is 1.20; the nearest version that is built here", ("a reason",), ("a flag",))
    said = unlike(want, False, ["a reason"], planned.change, planned.change)
    assert said[0] == "Kubernetes 1.24.17: yours is 1.20; the nearest version that is built here"
    assert said[1].startswith("NOT the folder's own bytes") and said[2:4] == [
        "why not the folder's own: a reason",
        "a flag",
    ]
    own = unlike(Wanted(Spec("1.24.17"), "your minor, 1.24", (), ()), True, [], planned.change, planned.change)
    assert own[0].startswith("the runbooks and manifests are the folder's own, byte for byte")


def test_the_rehearsal_with_stand_ins_says_what_it_has_not_shown(planned: Scenario) -> None:
    assert in_words(planned.change, None)[-1] == NOT_SHOWN and "--control-plane" in NOT_SHOWN


def load() -> Load:
    nodes = tuple(Node(f"m{n}", ip_address(f"192.0.2.{n}"), ip_address(f"198.51.100.{n}")) for n in (1, 2, 3))
    made = Load(Cluster(Spec(nodes=nodes)))
    made.began, made.stopped = 10.0, 30.0
    made.acked = [("a", 11.0), ("b", 29.0)]
    return made


def test_the_control_plane_holds_only_with_every_lease_every_node_and_every_write() -> None:
    made = load()
    leases = [Lease("kube-scheduler", 4, 2.0, True), Lease("m2", 1, 9.0, False)]
    there = [HostSeen("m1", (), (), "198.51.100.1"), HostSeen("m2", (), (), "192.0.2.2"), HostSeen("m3", (), (), "")]
    assert seen.faults(made.cluster, made, METHODS["rolling"], there, leases, ["b"]) == [
        "1 acknowledged writes through the API are lost, the first is b",
        "the Lease m2 was not renewed within 60 s after the last line",
        "the Node m2 has the InternalIP 192.0.2.2, not 198.51.100.2",
        "the Node m3 has the InternalIP none, not 198.51.100.3",
        "no write through the API was acknowledged for 18.0 s, with 3 hosts",
    ]


def test_a_line_has_the_gap_of_the_api_and_how_long_its_host_was_away() -> None:
    made = load()
    made.changes = [("ready", 14.0, "m1", "no"), ("ready", 21.5, "m1", "yes"), ("ready", 25.0, "m1", "no")]
    line = Done(1, "m1", "phase", "move", at=2.0, seconds=10.0)
    assert [(d.api_gap, d.api_away) for d in seen.with_api([line], 10.0, made)] == [(10.0, 7.5)]


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "[....................] 0:00 of about 6 min  hosts"),
        (80, "[####................] 1:20 of about 6 min  hosts"),
        (500, "[####################] 8:20 of about 6 min  hosts"),
    ],
)
def test_the_bar_says_how_long_it_takes(seconds: int, text: str) -> None:
    assert bar(seconds, 360, "hosts") == text


class Answer:
    """A `status` under way."""

    def __init__(self, log: list[str], host: str) -> None:
        self.log, self.host, self.runs = log, host, True

    def wait(self, seconds: float) -> Ran:
        self.log.append(f"heard {self.host}")
        self.runs = False
        return Ran((), int(self.host == "master2"), "", "", "", 0.1)


class Asked:
    """A replica of two hosts that notes who is asked for a status, and how."""

    def __init__(self) -> None:
        self.log: list[str] = []
        self.roster = hosts(2)

    def start(self, host: str, *words: str) -> Answer:
        self.log.append(f"ask {host}")
        return Answer(self.log, host)

    def start_behind(self, host: str, *words: str) -> Answer:
        self.log.append(f"ask {host} behind")
        return Answer(self.log, host)


@pytest.mark.parametrize("at_once", [True, False])
def test_on_a_real_control_plane_the_order_waits_for_every_status(at_once: bool) -> None:
    replica = Asked()
    statuses = Statuses(replica, at_once)  # type: ignore[arg-type]
    statuses.ask("after line 1")
    asked = ["ask master1", "ask master2", "heard master1", "heard master2"]
    assert replica.log == (asked if at_once else ["ask master1 behind", "ask master2 behind"])
    assert statuses.hear() == ["after line 1: status on master2: exit 1"] and statuses.hear() == []


def test_a_host_that_has_not_answered_is_not_asked_again() -> None:
    replica = Asked()
    statuses = Statuses(replica)  # type: ignore[arg-type]
    statuses.ask("after line 1")
    statuses.ask("after line 2")
    assert replica.log == ["ask master1 behind", "ask master2 behind"]
    statuses.hear()
    statuses.ask("after line 3")
    assert replica.log[-2:] == ["ask master1 behind", "ask master2 behind"]
