"""The whole order by run.sh from a jump host, through a real sshd on every host, as root and as a user with sudo."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
from etcd_renumber.model import Problem
from etcd_renumber.reports.change_report import change_report

from tests.rig import Rig, ca_pem
from tests.scenario import hosts, scenario
from tests.ssh import ADMIN, AS_ROOT, OUT, Jump, jump, people

pytestmark = AS_ROOT

HOOK = "/root/hook.sh"
# What a team may have: a script that changes addresses, by ssh again. The last one pulls the address from under itself.
HOOK_TEXT = """#!/bin/bash
echo "$*" >>/root/hook.calls
case $2 in
  add) ssh "$3" "sudo -n ip addr add $4/BITS dev eth0" ;;
  remove) ssh -o "HostKeyAlias=$3" "$4" "sudo -n ip addr del $3/BITS dev eth0" ;;
  replace)
    change="sleep 0.5; ip addr del $3/BITS dev eth0; ip addr add $4/BITS dev eth0"
    ssh "$3" "sudo -n setsid bash -c '$change' >/dev/null 2>&1 &"
    ;;
esac
"""


def carried_out(j: Jump, *words: str) -> str:
    """Every line, with nobody asked; people change the addresses where there is no hook."""
    running = j.start("apply", "--yes", "--wait", "180", *words)
    with people(j.rig, running):
        ran = running.wait(600)
    assert ran.exit == 0, ran.text
    assert "all of these lines are done" in ran.text
    return ran.text


def evidence_is_there(j: Jump) -> None:
    digest = j.rig.made.change.digest
    for member in j.rig.made.members:
        folder = j.host.path(f"{OUT}/evidence/{digest}/{member.name}")
        assert (folder / "journal.jsonl").stat().st_size > 0
        outputs = sorted(p.name for p in (folder / "output").glob("*.out"))
        assert outputs[0] == "001-apply-preflight.out"
        for path in (folder / "output").glob("*.out"):
            there = j.rig[member.name].path(f"{j.rig.made.state}/output/{path.name}")
            assert there.read_bytes() == path.read_bytes()


def report(j: Jump) -> tuple[str, list[Problem]]:
    """What `etcd-renumber report` says of the evidence on the jump host."""
    shutil.copytree(j.host.path(f"{OUT}/evidence"), j.rig.made.folder / "evidence", dirs_exist_ok=True)
    return change_report(j.rig.made.folder)


def is_over(j: Jump, rig: Rig) -> None:
    """Members, addresses and connections are the new ones; every line is done, and done again changes nothing."""
    for member in rig.made.members:
        assert {n: m[1:] for n, m in rig.members(member.name).items()} == rig.urls("new")
        assert rig[member.name].path(f"{j.rig.made.state}/folder").stat().st_mode & 0o777 == 0o700
    assert rig.old_connections() == []
    evidence_is_there(j)
    text, problems = report(j)
    assert [p.fact for p in problems if p.severity != "note"] == [], text
    assert "every line is done" in j.run().text
    assert "nothing is left to do" in j.run("apply", "--yes").text
    if j.user == "root":
        again = j.run("apply", "--yes", "--from", "1")
        assert re.findall(r"^\S+ +\|     # .*", again.text, re.M) == [], again.text


@pytest.mark.chaos
def test_rolling_as_root_while_people_change_the_addresses(tmp_path: Path) -> None:
    made = scenario(tmp_path, hosts(3), ca_pem())
    with jump(made, "3.5", tmp_path / "keys", wide=True) as j:
        assert j.run().text.count(" open") == 23
        with j.rig.writer() as writer:
            text = carried_out(j)
        assert "answers on 192.168.100.10; ssh logs in as root" in text
        table = j.run("status").text
        assert re.search(r"master2 +192\.168\.110\.11 +new arguments +new +3 of 3", table), table
        assert table.count("leads") == 2 and "next: nothing more" in table, table
        is_over(j, j.rig)
        assert len(writer.acked) > 200 and writer.lost() == []


@pytest.mark.parametrize(("addresses", "bits"), [pytest.param("both", 24, marks=pytest.mark.chaos), ("replace", 16)])
def test_rolling_by_sudo_with_a_hook_that_changes_the_addresses(tmp_path: Path, addresses: str, bits: int) -> None:
    made = scenario(tmp_path, hosts(3), ca_pem(), addresses=addresses, address_command=HOOK)
    with jump(made, "3.4", tmp_path / "keys", ADMIN, wide=True, bits=bits) as j:
        j.host.write_text(HOOK, HOOK_TEXT.replace("/BITS", f"/{bits}"), 0o755)
        text = carried_out(j)
        assert "answers on 192.168.100.10; sudo -n works there" in text
        assert "with the host key of 192.168.100.10" not in text, "all that before the first line"
        asked = j.host.read_text("/root/hook.calls").splitlines()
        if addresses == "both":
            assert asked[:4] == [
                *(f"master{n} add 192.168.100.{9 + n} 192.168.110.{9 + n}" for n in (1, 2, 3)),
                "master1 remove 192.168.100.10 192.168.110.10",
            ]
        else:
            assert asked == [f"master{n} replace 192.168.100.{9 + n} 192.168.110.{9 + n}" for n in (1, 2, 3)]
        is_over(j, j.rig)


@pytest.mark.chaos
@pytest.mark.parametrize("user", ["root", ADMIN])
def test_bridge_after_every_address_has_changed(tmp_path: Path, user: str) -> None:
    made = scenario(tmp_path, hosts(3), ca_pem(), version="3.5", method="bridge")
    with jump(made, "3.5", tmp_path / "keys", user, wide=True) as j:
        with j.rig.writer() as writer:
            j.rig.everybody_crashes(keeps="master3" if user == "root" else "")
            text = carried_out(j)
        assert "answers on 192.168.110.10, with the host key of 192.168.100.10" in text
        is_over(j, j.rig)
        assert writer.lost() == []


@pytest.mark.chaos
@pytest.mark.parametrize("user", ["root", ADMIN])
def test_restore_with_the_snapshot_carried_from_its_source(tmp_path: Path, user: str) -> None:
    made = scenario(tmp_path, hosts(3), ca_pem(), version="3.5", method="restore")
    with jump(made, "3.5", tmp_path / "keys", user, wide=True) as j:
        before = j.rig.ids("master1")
        with j.rig.writer() as writer:
            writer.wait_for(60)
        text = carried_out(j, "--to", "22")
        source = re.findall(r"^(\S+) \| is the source of the snapshot$", text, re.M)[0]
        copies = copies_of_the_snapshot(j)
        assert len(copies) == 3 and {mode for _, mode in copies.values()} == {"0:0 600"}, copies
        assert len({sha for sha, _ in copies.values()}) == 1
        text += carried_out(j)
        assert text.count(f"copying the snapshot from {source}") == 2
        assert text.count("the copy of the snapshot is removed") == 2
        assert list(copies_of_the_snapshot(j)) == [source], "the others' are removed at the end"
        assert not (j.host.path("/root") / "snapshot").exists() and writer.lost() == []
        is_over(j, j.rig)
        assert not set(j.rig.ids("master1").values()) & set(before.values())


def copies_of_the_snapshot(j: Jump) -> dict[str, tuple[str, str]]:
    """Host to (sha256, owner and mode) of the snapshot that was chosen, wherever it lies below STATE."""
    found, sha = {}, ""
    for member in j.rig.made.members:
        for path in sorted(j.rig[member.name].path(j.rig.made.state).glob("output/*-apply-snapshot.out")):
            sha = re.findall(r"^snapshot \S+ sha256=(\S+)", path.read_text(), re.M)[-1]
    for member in j.rig.made.members:
        folder = f"{j.rig.made.state}/snapshot"
        said = j.rig[member.name].must(["find", folder, "-name", "*.db", "-exec", "sha256sum", "{}", "+"])
        for line in said.splitlines():
            here, name = line.split()
            if here == sha:
                mode = j.rig[member.name].must(["stat", "-c", "%u:%g %a", name]).strip()
                found[member.name] = (here, mode)
    return found
