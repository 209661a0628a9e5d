"""`rehearse --control-plane`: what it chooses, refuses and says, without a cluster; one whole rehearsal, marked `real`."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import replace
from ipaddress import ip_address
from pathlib import Path

import pytest

from generator.errors import Refused
from generator.outcome import Done, from_json, last_rehearsal, to_json
from generator.outcome_control_plane import ControlPlane, HostSeen, Lease
from generator.rehearsal.control_plane import seen
from generator.rehearsal.control_plane.again import refuse_other_templates, rendered_again, same_but_for_values
from generator.rehearsal.control_plane.against import against
from generator.rehearsal.control_plane.clock import bar
from generator.rehearsal.control_plane.flags import COMPONENTS, OF_KUBEADM, Known, flags, kept
from generator.rehearsal.control_plane.rehearse import rehearse
from generator.rehearsal.control_plane.said import unlike
from generator.rehearsal.control_plane.wanted import (
    Wanted,
    choose,
    endpoint,
    refuse_what_cannot_be,
    versions,
)
from generator.rehearsal.kubeadm.cluster import Cluster
from generator.rehearsal.kubeadm.load import Load
from generator.rehearsal.kubeadm.spec import Node, Spec
from generator.rehearsal.record import Options
from generator.rehearsal.running import Ran
from generator.rehearsal.stand_ins import NOT_SHOWN, in_words
from generator.rehearsal.statuses import Statuses
from generator.report import reports
from generator.show import rehearsed
from generator.sums import sha256
from tests.ordinary import WHOEVER_TESTS
from tests.scenario import Host, Scenario, hosts, manifests, rendered, scenario
from tests.test_rehearse import EXAMPLE, machine
from tests.test_rehearse_pages import made_up

EVERY = ("1.37.2", "1.24.17")


def facts(refused: pytest.ExceptionInfo[Refused]) -> list[str]:
    return [p.fact for p in refused.value.problems]


# --- the version ---


@pytest.mark.parametrize(
    ("tags", "version", "why"),
    [
        (["v1.37.0"], "1.37.2", "your minor, 1.37"),
        (["v1.24.1", "v1.24.17"], "1.24.17", "your minor, 1.24"),
        (["v1.20.2"], "1.24.17", "yours is 1.20; the nearest that is built here"),
        (["v1.32.4"], "1.37.2", "yours is 1.32; the nearest that is built here"),
        (["v1.30.0", "v1.29.9"], "1.24.17", "yours is 1.29 (hosts differ: 1.29, 1.30); the nearest that is built here"),
        (
            ["latest"],
            "1.37.2",
            "no image of kube-apiserver has a tag that says a version: the newest that is built here",
        ),
    ],
)
def test_the_version_is_the_users_minor_or_the_nearest(tags: list[str], version: str, why: str) -> None:
    assert choose([f"registry.k8s.io/kube-apiserver:{tag}" for tag in tags], EVERY) == (version, why)


def test_what_can_be_built_is_what_is_here() -> None:
    assert versions() == EVERY


# --- what is refused ---


ENDPOINTS = {
    "api": "--endpoint api is no NAME:PORT",
    "api:x": "--endpoint api:x is no NAME:PORT",
    "Api.example:6443": "--endpoint Api.example:6443 is no NAME:PORT",
    "api.example:0": "--endpoint api.example:0 is no NAME:PORT",
    "master1:6443": "--endpoint master1:6443: a balancer of ours answers to this name, so it can be no host's and no address",
    "192.0.2.1:6443": "--endpoint 192.0.2.1:6443: a balancer of ours answers to this name, so it can be no host's and no address",
    "none": "--endpoint none: kubeadm joins no second host without an endpoint, and there are 3",
}


@pytest.fixture(scope="module")
def three(tmp_path_factory: pytest.TempPathFactory) -> Scenario:
    return scenario(tmp_path_factory.mktemp("three"), hosts(3), version="3.5")


@pytest.mark.parametrize("text", ENDPOINTS)
def test_an_endpoint_that_cannot_be_is_refused(text: str, three: Scenario) -> None:
    with pytest.raises(Refused) as refused:
        endpoint(text, three.change)
    assert facts(refused) == [ENDPOINTS[text]]


def test_an_endpoint_is_a_name_of_ours_or_none_of_one_host(three: Scenario, tmp_path: Path) -> None:
    assert endpoint(None, three.change) == {"endpoint": "lb"}
    assert endpoint("k8s.example.com:443", three.change) == {"endpoint": "lb", "name": "k8s.example.com", "port": 443}
    assert endpoint("none", scenario(tmp_path, hosts(1)).change) == {"endpoint": "none"}


def test_what_no_control_plane_of_ours_can_show_is_refused_all_at_once(tmp_path: Path) -> None:
    members = [Host("Master_1", "fd00:a::1", "fd00:b::1")]
    of = {"Master_1": {f: t for f, t in manifests(members[0], members).items() if f == "etcd.yaml"}}
    with pytest.raises(Refused) as refused:
        refuse_what_cannot_be(rendered(tmp_path, members, of, method="bridge").change)
    assert facts(refused) == [
        "not yet: --control-plane with IPv6 addresses (Master_1)",
        "'Master_1' can be no Node's name: lower case, digits, dot and hyphen only",
        "no manifest of Master_1 runs kube-apiserver",
    ]


def test_options_of_the_other_rehearsal_are_refused(three: Scenario) -> None:
    with pytest.raises(Refused) as refused:
        rehearse(three.folder, Options(etcd="3.5", snapshot=Path("x"), crash=True, control_plane=True), lambda p: None)
    assert facts(refused) == [
        "not yet: --control-plane with --etcd",
        "not yet: --control-plane with --snapshot",
        "--crash belongs to bridge and restore: rolling needs the quorum that it takes away",
    ]


def test_without_root_it_says_why_and_leaves_nothing(three: Scenario, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(Refused, match="needs root, this is user 1000") as refused:
        rehearse(three.folder, Options(control_plane=True), lambda p: None)
    assert "mount file systems and make cgroups" in refused.value.problems[0].hint
    assert not (three.folder / "rehearsal").exists()


def test_an_endpoint_alone_is_wrong_usage(three: Scenario) -> None:
    argv = WHOEVER_TESTS.command(
        "from generator.cli import main; main()", "rehearse", str(three.folder), "--endpoint", "none"
    )
    ran = subprocess.run(argv, capture_output=True, text=True, env=WHOEVER_TESTS.environment, check=False)
    assert ran.returncode == 2 and "--endpoint belongs to --control-plane" in ran.stderr


# --- the folder's own bytes, or the same mapping once more ---


def known(change: Scenario, *without: str) -> dict[str, Known]:
    """Programs that know every flag of the manifests but these."""
    texts = {c: next(t for f, t in change.facts["master1"].items() if f in (f"{c}.yaml",)) for c in COMPONENTS}
    return {c: Known(frozenset({*flags(text)} - {*without}), "NodeRestriction") for c, text in texts.items()}


def with_flags(
    tmp_path: Path, kubernetes: str, *more: str, component: str = "kube-apiserver", **other: str
) -> Scenario:
    """Two masters, Kubernetes and etcd in the images' tags, further flags of a component; `other` are further manifests."""
    members = hosts(2)
    found = {}
    for m in members:
        of = manifests(m, members, version="3.5")
        of = {f: t.replace(":v1.20.2", f":v{kubernetes}") for f, t in of.items()}
        lines = "".join(f"    - {flag}\n" for flag in more)
        of[f"{component}.yaml"] = of[f"{component}.yaml"].replace("    image:", f"{lines}    image:", 1)
        found[m.name] = of | {f"{name}.yaml": text for name, text in other.items()}
    return rendered(tmp_path, members, found)


def test_manifests_of_a_built_minor_that_name_kubeadms_files_alone_run_as_they_are(tmp_path: Path) -> None:
    made = with_flags(tmp_path, "1.24.9")
    images = ["registry/kube-apiserver:v1.24.9"] * 2
    assert against(made.change, "1.24.17", images, known(made), "3.5") == []


def test_each_reason_against_the_folders_own_bytes_is_named_once_with_its_host(tmp_path: Path) -> None:
    pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: vip}\nspec:\n  containers:\n  - {name: vip, image: vip:1}\n"
    made = with_flags(tmp_path, "1.20.2", "--audit-policy-file=/etc/audit/policy.yaml", vip=pod)
    reasons = against(made.change, "1.24.17", ["x:v1.20.2"], known(made, "insecure-port"), "3.5")
    assert reasons == [
        "Kubernetes 1.24.17 is not the minor of the cluster's images",
        "vip.yaml: what it runs is not here (master1)",
        "kube-apiserver --insecure-port: this version does not know it (master1)",
        "kube-apiserver --audit-policy-file=/etc/audit/policy.yaml names files that are not in the facts (master1)",
    ]


def test_flags_are_kept_where_the_version_knows_them_and_the_others_are_listed(tmp_path: Path) -> None:
    more = (
        "--audit-policy-file=/etc/audit/policy.yaml", "--max-requests-inflight=800", "--bind-address=192.168.100.10",
        "--gone=1", "--disable-admission-plugins=NodeRestriction,Old",
    )  # fmt: skip
    made = with_flags(tmp_path, "1.24.9", *more)
    arguments, left = kept(made.change, known(made, "gone"), "3.5")
    assert arguments == {
        "etcd": {"snapshot-count": "10000"},
        "kube-apiserver": {
            "enable-admission-plugins": "NodeRestriction",
            "kubelet-preferred-address-types": "InternalIP,ExternalIP,Hostname",
            "max-requests-inflight": "800",
            "disable-admission-plugins": "NodeRestriction",
        },
    }
    assert left == [
        "kube-apiserver --audit-policy-file=/etc/audit/policy.yaml was left out: it names files that are not in the facts",
        "kube-apiserver --bind-address=192.168.100.10 was left out: it names the address of a host, and kubeadm has one value "
        "for all hosts",
        "kube-apiserver --gone=1 was left out: this version does not know it",
        "kube-apiserver --disable-admission-plugins: Old was left out: this version does not know it",
    ]


def test_what_kubeadm_writes_by_itself_is_never_told_to_it() -> None:
    assert not OF_KUBEADM["etcd"] & {"quota-backend-bytes"} and "etcd-servers" in OF_KUBEADM["kube-apiserver"]


def test_the_runbooks_of_a_second_rendering_are_the_same_but_for_their_values(three: Scenario, tmp_path: Path) -> None:
    members = hosts(3)
    other = {m.name: manifests(m, members, ("--quota-backend-bytes=1",), "3.5") for m in members}
    for name, files in other.items():
        (tmp_path / "facts" / name / "manifests").mkdir(parents=True)
        for file, text in files.items():
            (tmp_path / "facts" / name / "manifests" / file).write_text(text)
    ours, folder = rendered_again(three.change, tmp_path / "facts", tmp_path / "out")
    assert ours.digest != three.change.digest
    one, two = (top / "hosts" / "master2" / "runbook.sh" for top in (three.folder, folder))
    assert one.read_text() != two.read_text()
    assert same_but_for_values(one, two, (three.change.digest, ours.digest))
    with two.open("a") as runbook:
        runbook.write("# one more line\n")
    assert not same_but_for_values(one, two, (three.change.digest, ours.digest))


def test_a_folder_of_another_release_is_not_rendered_again(three: Scenario, tmp_path: Path) -> None:
    refuse_other_templates(three.change, three.folder)
    text = (three.folder / "change.json").read_text()
    (tmp_path / "change.json").write_text(text.replace('"templates_sha256": "', '"templates_sha256": "0'))
    with pytest.raises(Refused, match="rendered by another release"):
        refuse_other_templates(three.change, tmp_path)


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
    for said in ("What was not like your cluster", "kube-system/kubeadm-config", "one host&#39;s API away, at most"):
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


def test_what_was_not_like_the_users_cluster_is_listed_most_important_first(three: Scenario) -> None:
    want = Wanted(Spec("1.24.17"), "yours is 1.20; the nearest that is built here", ("a reason",), ("a flag",))
    said = unlike(want, False, ["a reason"], three.change, three.change)
    assert said[0] == "Kubernetes 1.24.17: yours is 1.20; the nearest that is built here"
    assert said[1].startswith("NOT the folder's own bytes") and said[2:4] == [
        "why not the folder's own: a reason",
        "a flag",
    ]
    own = unlike(Wanted(Spec("1.24.17"), "your minor, 1.24", (), ()), True, [], three.change, three.change)
    assert own[0].startswith("the runbooks and manifests are the folder's own, byte for byte")


def test_the_rehearsal_with_stand_ins_says_what_it_has_not_shown(three: Scenario) -> None:
    assert in_words(three.change, None)[-1] == NOT_SHOWN and "--control-plane" in NOT_SHOWN


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
    assert seen.faults(made.cluster, made, "rolling", there, leases, ["b"]) == [
        "1 acknowledged writes through the API are lost, b the first",
        "the Lease m2 was not renewed within 60 s after the last line",
        "the Node m2 has the InternalIP 192.0.2.2, not 198.51.100.2",
        "the Node m3 has the InternalIP of nobody, not 198.51.100.3",
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
        self.log, self.host = log, host

    def wait(self, seconds: float) -> Ran:
        self.log.append(f"heard {self.host}")
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


# --- the whole of it ---


@pytest.mark.real
def test_the_example_passes_on_a_real_control_plane(tmp_path: Path) -> None:
    folder = tmp_path / "three-masters"
    shutil.copytree(EXAMPLE, folder, ignore=shutil.ignore_patterns("rehearsal", "evidence"))
    before = machine()
    argv = WHOEVER_TESTS.command("from generator.cli import main; main()", "rehearse", str(folder), "--control-plane")
    ran = subprocess.run(argv, capture_output=True, text=True, env=WHOEVER_TESTS.environment, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert machine() == before
    run = last_rehearsal(folder)
    assert run and run.passed and run.control_plane and run.load
    assert run.control_plane.kubernetes == "1.24.17" and not run.control_plane.own_bytes
    assert run.control_plane.lost_count == run.load.lost_count == 0
    assert [h.internal_ip for h in run.control_plane.hosts] == [f"192.168.110.{10 + n}" for n in range(3)]
    assert all(lease.at_the_end for lease in run.control_plane.leases)
    assert all(d.exit == 0 for d in run.lines)
