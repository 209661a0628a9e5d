"""Members whose etcd is a unit of systemd, on the bed: the whole order, kills in the middle, the way back."""

from __future__ import annotations

from pathlib import Path

import pytest
from etcd_renumber.rehearsal.replica import commands

from tests.rig import Rig, ca_pem
from tests.scenario import Scenario, hosts, rendered
from tests.test_rehearse import rehearse
from tests.unit_shapes import SHAPES, Shape, facts

CHAOS = pytest.mark.chaos  # one of each in `make test`, the rest in `make chaos`
VERSIONS = {"Kubespray": "3.5", "kubeasz": "3.4", "Debian": "3.4"}


def scenario(tmp: Path, shape: Shape, count: int = 3, **mapping: object) -> Scenario:
    masters = hosts(count)
    return rendered(tmp, masters, {h.name: facts(shape, h, masters) for h in masters}, ca_pem(), **mapping)


def bytes_of(rig: Rig, shape: Shape, host: str) -> dict[str, tuple[bytes, int]]:
    """The unit's files: bytes and mode."""
    paths = {path: rig[host].path(path) for path in shape.where.values()}
    return {name: (path.read_bytes(), path.stat().st_mode) for name, path in paths.items()}


@pytest.mark.parametrize("name", ["Kubespray", *(pytest.param(n, marks=CHAOS) for n in ("kubeasz", "Debian"))])
def test_rolling_in_the_shape_of(name: str, tmp_path: Path) -> None:
    with Rig(scenario(tmp_path, SHAPES[name]), VERSIONS[name]) as rig:
        before, cluster = rig.members("master1"), rig.cluster_id("master1")
        with rig.writer() as writer:
            rig.follow_the_order()
        after = rig.members("master1")
        assert {n: m[1:] for n, m in after.items()} == rig.urls("new")
        assert {n: m[0] for n, m in after.items()} == {n: m[0] for n, m in before.items()}
        assert rig.cluster_id("master3") == cluster
        assert writer.acked and writer.lost() == []
        assert rig.old_connections() == []
        assert "etcd.service is active" in rig.status("master2")
        for phase in ("prepare", "move"):
            assert commands(rig.apply("master1", phase)) == []


@pytest.mark.parametrize("name", ["kubeasz", *(pytest.param(n, marks=CHAOS) for n in ("Kubespray", "Debian"))])
def test_bridge_in_the_shape_of(name: str, tmp_path: Path) -> None:
    """Every address has changed, and systemd starts etcd again and again on one that is gone."""
    made = scenario(tmp_path, SHAPES[name], method="bridge")
    with Rig(made, VERSIONS[name], wide=True) as rig:
        before, cluster = rig.members("master1"), rig.cluster_id("master1")
        rig.everybody_crashes()
        rig.follow_the_order()
        after = rig.members("master1")
        assert {n: m[1:] for n, m in after.items()} == rig.urls("new")
        assert {n: m[0] for n, m in after.items()} == {n: m[0] for n, m in before.items()}
        assert rig.cluster_id("master3") == cluster
        assert rig.old_connections() == []


@CHAOS
@pytest.mark.parametrize("name", ["Debian", *(pytest.param(n, marks=CHAOS) for n in ("Kubespray", "kubeasz"))])
def test_a_move_is_taken_back_byte_for_byte_in_the_shape_of(name: str, tmp_path: Path) -> None:
    shape = SHAPES[name]
    with Rig(scenario(tmp_path, shape), VERSIONS[name], wide=True) as rig:
        before = bytes_of(rig, shape, "master1")
        rig.prepare_all()
        rig.apply("master1", "move")
        moved = bytes_of(rig, shape, "master1")
        assert moved[shape.where[shape.changing]][1] == before[shape.where[shape.changing]][1]
        rig.undo("master1", "move")
        assert bytes_of(rig, shape, "master1") == before != moved
        assert {n: m[1:] for n, m in rig.members("master2").items()} == rig.urls("old")
        assert commands(rig.undo("master1", "move")) == []


@CHAOS
def test_a_unit_and_its_environment_file_change_together_and_go_back(tmp_path: Path) -> None:
    """Killed between the two renames: nothing runs from a mixture, and either way on leads to whole files."""
    shape, masters = SHAPES["Kubespray"], hosts(3)
    given = {h.name: facts(shape, h, masters) for h in masters}
    for h in masters:
        metrics = f"bin/etcd --listen-metrics-urls=http://{h.old}:2381\n"
        given[h.name]["etcd.service"] = given[h.name]["etcd.service"].replace("bin/etcd\n", metrics)
    with Rig(rendered(tmp_path, masters, given, ca_pem()), "3.5", wide=True) as rig:
        before = bytes_of(rig, shape, "master1")
        rig.prepare_all()
        second = "mv -f /etc/systemd/system/.etcd.service.etcd-renumber"
        assert rig.killed("master1", "move", before=second).exit == 137
        assert rig["master1"].etcd_pid() == 0
        rig.apply("master1", "move")
        assert rig.members("master2")["master1"][1:] == rig.urls("new")["master1"]
        moved = bytes_of(rig, shape, "master1")
        assert all(moved[path] != before[path] for path in before)
        rig.undo("master1", "move")
        assert bytes_of(rig, shape, "master1") == before


def test_an_environment_file_that_systemd_does_not_read_is_refused(tmp_path: Path) -> None:
    """The same etcd runs, from another file: a rename would change nothing."""
    with Rig(scenario(tmp_path, SHAPES["Kubespray"], 1), "3.5", wide=True) as rig:
        unit, host = "/etc/systemd/system/etcd.service", rig["master1"]
        host.must(["cp", "/etc/etcd.env", "/etc/other.env"])
        host.must(["sed", "-i", "s#=/etc/etcd.env#=/etc/other.env#", unit])
        host.must(["systemctl", "daemon-reload"])
        refused = rig.apply("master1", "preflight", expect=3)
        assert "systemd does not read /etc/etcd.env for etcd.service" in refused.text
        assert "systemctl cat etcd.service" in refused.text


# In the exchange: before etcd is stopped, before its file is renamed, before systemd reads it again, before etcd is started.
BEFORE = (
    "systemctl stop etcd.service",
    "mv -f /etc/",
    "systemctl daemon-reload",
    "systemctl start --no-block etcd.service",
)


@pytest.mark.parametrize("before", [*(pytest.param(b, marks=CHAOS) for b in BEFORE[:3]), BEFORE[3]])
def test_a_move_killed_in_the_exchange_goes_on_to_the_same_end(before: str, tmp_path: Path) -> None:
    shape = SHAPES["kubeasz"]  # the unit itself changes
    with Rig(scenario(tmp_path, shape), "3.4", wide=True) as rig:
        rig.prepare_all()
        ran = rig.killed("master1", "move", before=before)
        assert ran.exit == 137, ran.text
        rig.apply("master1", "move")
        rig.verify("master1", "move")
        assert rig.members("master2")["master1"][1:] == rig.urls("new")["master1"]
        draft = "/etc/systemd/system/.etcd.service.etcd-renumber"
        assert not rig["master1"].path(draft).exists()


def test_an_etcd_that_cannot_start_stops_the_move_and_goes_back(tmp_path: Path) -> None:
    """Another program has its client port. Debian's unit does not start it again after that: it has failed, and says so."""
    tls = "/etc/etcd/pki/server"
    with Rig(scenario(tmp_path, SHAPES["Debian"]), "3.4", wide=True) as rig:
        rig.prepare_all()
        listener = ["-accept", "192.168.110.10:2379", "-cert", f"{tls}.pem", "-key", f"{tls}-key.pem", "-quiet"]
        rig["master1"].start(["openssl", "s_server", *listener])
        stopped = rig.apply("master1", "move", expect=5)
        assert "etcd.service does not run etcd with the wanted files: its last log lines are above" in stopped.text
        assert "bash runbook.sh undo move" in stopped.text and "address already in use" in stopped.text
        assert "etcd.service is failed" in rig.status("master1")
        undone = rig.undo("master1", "move")
        assert "systemctl reset-failed etcd.service" in undone.text
        assert {n: m[1:] for n, m in rig.members("master2").items()} == rig.urls("old")


PAIRS = {
    "Kubespray": ("/etc/ssl/etcd/ssl/member-master1.pem", "/etc/ssl/etcd/ssl/member-master1-key.pem"),
    "kubeasz": ("/etc/etcd/ssl/etcd.pem", "/etc/etcd/ssl/etcd-key.pem"),
}


@pytest.mark.parametrize("name", ["kubeasz", pytest.param("Kubespray", marks=CHAOS)])
def test_narrow_takes_the_old_address_out_without_a_restart_in_the_shape_of(name: str, tmp_path: Path) -> None:
    cert, key = PAIRS[name]
    with Rig(scenario(tmp_path, SHAPES[name], 1, certificates="narrow"), VERSIONS[name], wide=True) as rig:
        rig.follow_the_order(until="master1 narrow")
        host = rig["master1"]
        pid, secret = host.etcd_pid(), host.path(key).read_bytes()
        assert f"{cert}: the certificate holds 192.168.100.10" in rig.apply("master1", "finish").text
        rig.follow_the_order(start="master1 narrow")
        for port in (2379, 2380):
            ask = f"openssl s_client -connect 192.168.110.10:{port} -cert {cert} -key {key} </dev/null 2>/dev/null"
            names = host.must(["bash", "-c", f"{ask} | openssl x509 -noout -ext subjectAltName"])
            assert "192.168.110.10" in names and "192.168.100" not in names, port
        assert (host.etcd_pid(), host.path(key).read_bytes()) == (pid, secret)
        assert "nothing is left to do on this host" in rig.runbook("master1").text
        rig.add_old("master1")
        assert "narrow has begun on this host" in rig.undo("master1", "move", expect=3).text


def test_the_list_of_old_addresses_says_which_files_of_a_unit_this_change_exchanges(tmp_path: Path) -> None:
    """A drop-in of somebody else, which names it in a comment, is not among them."""
    with Rig(scenario(tmp_path, SHAPES["Kubespray"], 1), "3.5", wide=True) as rig:
        drop_in = "/etc/systemd/system/etcd.service.d/own.conf"
        rig["master1"].write_text(drop_in, "# 192.168.100.10\n")
        said = rig.apply("master1", "preflight").text
        yours, _, ours = said.partition("done by a later phase of this change:")
        assert f"{drop_in}:1: 192.168.100.10" in yours and "/etc/etcd.env" not in yours
        assert "etcd's unit: the files that were reviewed are exchanged" in ours and "/etc/etcd.env:3: " in ours


@CHAOS
@pytest.mark.parametrize("name", ["Kubespray", *(pytest.param(n, marks=CHAOS) for n in ("kubeasz", "Debian"))])
def test_a_bridge_is_taken_back_in_the_shape_of(name: str, tmp_path: Path) -> None:
    shape = SHAPES[name]
    with Rig(scenario(tmp_path, shape, 1, method="bridge"), VERSIONS[name], wide=True) as rig:
        before = bytes_of(rig, shape, "master1")
        rig.everybody_crashes()
        rig.follow_the_order(until="master1 unbridge")
        rig.add_old("master1")
        for phase in ("settle", "readdress"):
            rig.undo("master1", phase)
        rig.bed.wait_healthy(60)  # Kubespray's election timeout is 5 s
        assert bytes_of(rig, shape, "master1") == before
        assert {n: m[1:] for n, m in rig.members("master1").items()} == rig.urls("old")


@CHAOS
@pytest.mark.parametrize("name", ["Debian", pytest.param("Kubespray", marks=CHAOS)])
def test_a_rehearsal_runs_the_unit_of_the_facts(name: str, tmp_path: Path) -> None:
    """Of Kubespray the environment file alone."""
    masters = hosts(1)
    given = facts(SHAPES[name], masters[0], masters)
    if name == "Kubespray":
        del given["etcd.service"]
    made = rendered(tmp_path, masters, {"master1": given}, ca_pem(), certificates="narrow")
    run, _ = rehearse(made.folder, "--etcd", "3.4")
    assert [d.what for d in run.lines][-1] == "narrow"
    assert (
        "that know only kubelet.service and the unit of etcd" in (made.folder / "rehearsal" / "REPORT.md").read_text()
    )
