"""What goes wrong between the jump host and the hosts, with a real etcd behind a real sshd."""

from __future__ import annotations

import os
import re
import signal
from pathlib import Path

import pytest
from etcd_renumber.rehearsal.testbed.namespaces import gone
from etcd_renumber.rehearsal.testbed.process import start

from tests.rig import Rig, ca_pem
from tests.scenario import hosts, scenario
from tests.ssh import ADMIN, AS_ROOT, Jump, jump, key, people
from tests.stub import ENTER

pytestmark = AS_ROOT

SWAP = "| ==> Stop etcd"


def all_that_it_said_was_shown_once(j: Jump, host: str, phase: str, text: str) -> None:
    """What run.sh has shown of a phase is what the runbook has said, line by line."""
    folder = j.rig[host].path(f"{j.rig.made.state}/output")
    (path,) = folder.glob(f"*-apply-{phase}.out")
    shown = re.findall(rf"^{host} \| (.*)$", text.split(f"apply {phase} on {host} (", 1)[1], re.M)
    # Between it stand what went to its errors and, in brackets, what run.sh says of its connection.
    errors = path.with_suffix(".err").read_text().splitlines()
    own = [line for line in shown if not line.startswith("(") and (line not in errors or not line)]
    said = path.read_text().splitlines()[1:]
    assert len(said) > 3 and own[: len(said)] == said


def test_a_cable_pulled_in_the_middle_of_move_costs_nothing(tmp_path: Path) -> None:
    with jump(scenario(tmp_path, hosts(3), ca_pem()), "3.5", tmp_path / "keys", wide=True) as j:
        j.rig.prepare_all()
        with j.rig.writer() as writer:
            running = j.start("apply", "--yes", "--from", "10", "--to", "10")
            j.until(running, SWAP)
            j.rig.bed.cut("jump")
            j.until(running, "(connection lost: ")
            j.rig.bed.reconnect("jump")
            ran = running.wait(300)
        assert ran.exit == 0, ran.text
        assert "reconnected over 192.168.100.10" in ran.text
        all_that_it_said_was_shown_once(j, "master1", "move", ran.text)
        j.rig.verify("master1", "move")
        assert writer.lost() == []


@pytest.mark.chaos
def test_a_cable_pulled_in_the_middle_of_restore_costs_nothing(tmp_path: Path) -> None:
    made = scenario(tmp_path, hosts(2), ca_pem(), version="3.5", method="restore")
    with jump(made, "3.5", tmp_path / "keys", ADMIN, wide=True) as j:
        put = j.rig["master1"].etcdctl("put", "kept", "whole")
        assert put.exit == 0, put.text
        j.run("apply", "--yes", "--to", "9")
        running = j.start("apply", "--yes", "--from", "10", "--to", "11")
        j.until(running, "master1 | ==> Unpack the snapshot beside the old data")
        j.rig.bed.cut("jump")
        j.until(running, "(connection lost: ")
        j.rig.bed.reconnect("jump")
        ran = running.wait(300)
        assert ran.exit == 0, ran.text
        all_that_it_said_was_shown_once(j, "master1", "restore", ran.text)
        running = j.start("apply", "--yes", "--from", "12")
        with people(j.rig, running):
            ran = running.wait(300)
        assert ran.exit == 0, ran.text
        j.rig.bed.wait_healthy()
        assert j.rig["master2"].etcdctl("get", "kept").out.split() == ["kept", "whole"]


@pytest.mark.chaos
def test_connections_killed_again_and_again_and_the_address_gone_from_under_one(tmp_path: Path) -> None:
    with jump(scenario(tmp_path, hosts(3), ca_pem()), "3.5", tmp_path / "keys", wide=True) as j:
        j.rig.prepare_all()
        running = j.start("apply", "--yes", "--from", "10", "--to", "12")
        j.until(running, SWAP)
        for pid in j.connections("master1"):
            kill(pid)
        j.until(running, "(reconnected over 192.168.100.10)")
        j.until(running, "| ==> Wait until every member is healthy, this one on")
        j.rig.remove_old("master1")
        ran = running.wait(300)
        assert ran.exit == 0, ran.text
        assert "(reconnected over 192.168.110.10)" in ran.text
        all_that_it_said_was_shown_once(j, "master1", "move", ran.text)
        assert "master1 | done already" in ran.text, "the line that takes the old address away"


def kill(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return
    gone(pid, 5)


def test_run_sh_killed_in_the_middle_of_move_and_started_again(tmp_path: Path) -> None:
    with jump(scenario(tmp_path, hosts(3), ca_pem()), "3.4", tmp_path / "keys", ADMIN, wide=True) as j:
        j.rig.prepare_all()
        running = j.start("apply", "--yes", "--from", "10", "--to", "10")
        j.until(running, SWAP)
        running.kill_all(signal.SIGKILL)
        again = j.run("apply", "--yes", "--from", "10", "--to", "10")
        assert "apply move is already running on the host, started by root@jump" in again.text
        all_that_it_said_was_shown_once(j, "master1", "move", again.text)
        assert "carried out" in again.text
        j.rig.verify("master1", "move")


def test_two_run_sh_at_once_are_told_by_the_runbooks_own_lock(tmp_path: Path) -> None:
    with jump(scenario(tmp_path, hosts(1), ca_pem()), "3.5", tmp_path / "keys") as j:
        j.run("apply", "--yes", "--to", "1")
        first = j.start("apply", "--yes", "--from", "2", "--to", "2")
        j.until(first, "==> Reissue the certificates")
        second = j.start("apply", "--yes", "--from", "1", "--to", "1")
        j.until(second, "precondition failed: another run of this change is active on master1: apply prepare, pid ")
        assert re.search(r"since 20\d\d-\d\d-\d\dT", second.text)
        assert first.wait(120).exit == 0, first.text
        assert second.wait(120).exit == 0, second.text


def test_host_keys_names_and_sudo_are_looked_at_before_anything_is_copied(tmp_path: Path) -> None:
    made = scenario(tmp_path, hosts(1), ca_pem())
    with jump(made, "3.5", tmp_path / "keys", ADMIN) as j:
        j.know({})
        ran = j.run("apply", "--yes", expect=255)
        assert "192.168.100.10: answers with a host key that is not known" in ran.text
        assert "ssh-keyscan ADDRESS >>~/.ssh/known_hosts" in ran.text
        key(j.keys, "other")
        j.know({"192.168.100.10": "other"})
        j.host.write_text("/root/.ssh/config", f"User {ADMIN}\nStrictHostKeyChecking no\n", 0o600)
        ran = j.run("apply", "--yes", expect=4)
        assert "the host key of 192.168.100.10 is not the one that is known" in ran.text
        j.know({"192.168.100.10": "master1"})
        j.rig["master1"].write_text("/etc/sudoers", "root ALL=(ALL) ALL\n", 0o440)
        ran = j.run("apply", "--yes", expect=2)
        assert "sudo -n does not work" in ran.text and "NOPASSWD" in ran.text
        j.rig["master1"].write_text(f"/etc/ssh/keys/{ADMIN}", "")
        assert "Permission denied" in j.run("apply", "--yes", expect=255).text
        j.rig["master1"].must(["test", "!", "-e", "/var/lib/etcd-renumber"])


def test_of_several_addresses_the_first_with_the_right_etcd_is_taken(tmp_path: Path) -> None:
    """A name that leads nowhere, then the other member's host, then the right one."""
    ssh = {"master1": ["nowhere.invalid", "192.168.100.11", "root@192.168.100.10"], "master2": "192.168.100.11"}
    made = scenario(tmp_path, hosts(2), ca_pem(), ssh=ssh)
    with jump(made, "3.5", tmp_path / "keys", wide=True) as j:
        text = j.run("apply", "--yes", "--to", "2").text
        assert "master1 | answers on root@192.168.100.10" in text and "master2 | answers on 192.168.100.11" in text
        j.rig.remove_old("master1")
        ran = j.run("apply", "--yes", expect=4)
        assert "192.168.100.11: its etcd is master2; root@192.168.100.10: ssh: connect" in ran.text


def test_the_same_folder_through_another_transport(tmp_path: Path) -> None:
    made = scenario(tmp_path, hosts(2), ca_pem())
    with Rig(made, "3.5", wide=True) as rig:
        pids = " ".join(str(rig[m.name].place.pid) for m in made.members)
        env = {**os.environ, "ETCD_RENUMBER_SSH": f"bash {ENTER}", "BED": pids}
        running = start(["bash", str(made.folder / "run.sh"), "apply", "--yes"], env=env)
        with people(rig, running):
            ran = running.wait(460)
        assert ran.exit == 0, ran.text
        assert {n: m[1:] for n, m in rig.members("master1").items()} == rig.urls("new")
