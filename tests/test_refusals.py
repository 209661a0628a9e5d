"""What a runbook refuses, with which exit code and which words; and that a refusal changes nothing."""

from __future__ import annotations

from pathlib import Path

import pytest
from etcd_renumber.rehearsal.replica import FOLDER, commands
from etcd_renumber.rehearsal.testbed import pki

from tests.conftest import etcd_folder
from tests.rig import Rig, ca_pem
from tests.scenario import Host, hosts, manifests, rendered, scenario

ETCD = "/etc/kubernetes/manifests/etcd.yaml"


def refuses(rig: Rig, host: str, phase: str, code: int, words: str) -> None:
    """The exit code, the sentence, the table of status at the end, and nothing carried out."""
    before = {m.name: rig[m.name].run(["sha256sum", ETCD]).text for m in rig.made.members}
    ran = rig.apply(host, phase, expect=code)
    assert words in ran.text, ran.text
    assert commands(ran) == []
    assert "address asked" in ran.text, "a refusal ends with the table"
    assert {m.name: rig[m.name].run(["sha256sum", ETCD]).text for m in rig.made.members} == before


def test_another_world_than_the_reviewed_one(tmp_path: Path) -> None:
    """Wrong host, edited manifest, wrong cluster, wrong tools, stray file, two runs at a time, an empty data folder."""
    made = scenario(tmp_path, hosts(3), ca_pem(), "3.5")
    with Rig(made, "3.5") as rig:
        one, two = rig["master1"], rig["master2"]
        two.copy_in(made.host_folder("master1"), "/root/wrong")
        ran = two.run(["bash", "/root/wrong/runbook.sh", "apply", "preflight"])
        assert ran.exit == 4 and "this is not master1: its etcd is master2" in ran.text

        one.write_text(
            "/etc/kubernetes/manifests/etcd.yaml.bak", one.read_text(ETCD).replace("name: etcd\n", "name: copy\n")
        )
        refuses(rig, "master1", "preflight", 3, "etcd.yaml.bak")
        one.path("/etc/kubernetes/manifests/etcd.yaml.bak").unlink()
        one.wait_for(lambda: len(one.processes("etcd")) == 1, 60, "one etcd")

        who = "apply move, pid 1, since noon"
        hold = f"cd {state(rig)}; exec 9>>lock; flock 9; echo '{who}' >lock.holder; sleep 60"
        holder = one.start(["bash", "-c", hold])
        note = f"{state(rig)}/lock.holder"
        one.wait_for(lambda: one.path(note).exists() and who in one.read_text(note), 10, "the lock")
        refuses(rig, "master1", "preflight", 3, f"another run of this change is active on master1: {who}")
        holder.kill_all()

        wrong = one.read_text("/etc/kubernetes/pki/etcd/ca.crt")
        one.write_text("/etc/kubernetes/pki/etcd/ca.crt", pki.authority("etcd-ca", of="another").crt)
        refuses(rig, "master1", "preflight", 4, "etcd's CA is not the reviewed one")
        one.write_text("/etc/kubernetes/pki/etcd/ca.crt", wrong)

        one.write_text(f"{FOLDER}/manifests/etcd.yaml", "edited: true\n")
        refuses(rig, "master1", "preflight", 4, "does not hold the reviewed files")
        one.copy_in(made.host_folder("master1"), FOLDER)

        one.stop_kubelet()
        text = one.read_text(ETCD)
        one.write_text(ETCD, text + "# a word\n", 0o600)
        refuses(rig, "master1", "preflight", 4, "neither the reviewed file nor the new one")
        one.write_text(ETCD, text, 0o600)
        refuses(rig, "master1", "preflight", 3, "kubelet does not run on this host")

        one.kill_etcd()
        rig.watch.excused.add("master1")
        one.must(["mv", "/var/lib/etcd/member", "/var/lib/etcd-away"])
        refuses(rig, "master1", "preflight", 3, "kubelet does not run on this host")
        one.must(["mv", ETCD, "/root/etcd.yaml"])
        one.up()
        one.must(["install", "-D", "-m", "0600", "/root/etcd.yaml", f"{state(rig)}/aside/etcd.yaml"])
        ran = rig.runbook("master1", "apply", "preflight")
        assert ran.exit == 4 and "holds no data" in ran.text, ran.text
        assert not one.path(ETCD).exists()


def state(rig: Rig) -> str:
    """STATE of master1, which is there."""
    rig["master1"].path(rig.made.state).mkdir(parents=True, exist_ok=True)
    return rig.made.state


def test_a_cluster_or_network_that_is_not_ready_for_a_move(tmp_path: Path) -> None:
    """No new address, a narrow certificate elsewhere, no answer to NEW, a member down, a wrong URL, a learner, the trap."""
    with Rig(scenario(tmp_path, hosts(3), ca_pem()), "3.5") as rig:
        for name in ("master1", "master2", "master3"):
            rig.apply(name, "preflight")
        refuses(rig, "master1", "move", 3, "192.168.110.10 is not on this host")
        rig.apply("master1", "prepare")
        rig.add_new("master1")
        refuses(rig, "master1", "move", 3, "the serving certificate of master2 lacks these SANs: 192.168.110.11")
        rig.apply("master2", "prepare")
        rig.apply("master3", "prepare")
        refuses(rig, "master1", "move", 3, "does not answer when asked from 192.168.110.10")
        rig.add_new("master2")
        refuses(rig, "master1", "move", 3, "master3 does not answer when asked from 192.168.110.10")
        rig.add_new("master3")
        rig["master3"].must(["ip", "route", "add", "blackhole", "192.168.110.10/32"])
        refuses(rig, "master1", "move", 3, "master3 does not answer when asked from 192.168.110.10")
        assert "master3 192.168.110.12 port 2380: FILTERED" in rig.apply("master1", "preflight").text
        rig["master3"].must(["ip", "route", "del", "blackhole", "192.168.110.10/32"])

        rig["master3"].down()
        refuses(rig, "master1", "move", 3, "master3 does not answer on its recorded address")
        rig["master3"].up()
        rig.bed.wait_healthy()

        api, aside = "/etc/kubernetes/manifests/kube-apiserver.yaml", "/root/kube-apiserver.yaml"
        rig["master3"].must(["mv", api, aside])
        rig["master3"].wait_for(lambda: not rig["master3"].processes("kube-apiserver"), 60, "no API on master3")
        refuses(rig, "master1", "move", 3, "does not work: master3: nothing listens on 192.168.100.12:6443")
        rig["master3"].must(["mv", aside, api])
        rig["master3"].wait_for(lambda: bool(rig["master3"].processes("kube-apiserver")), 60, "the API of master3")

        number = rig.members("master1")["master3"][0]
        rig["master1"].etcdctl("member", "update", number, "--peer-urls=https://192.168.110.99:2380")
        refuses(rig, "master1", "move", 4, "master3 is recorded on https://192.168.110.99:2380")
        rig["master1"].etcdctl("member", "update", number, "--peer-urls=https://192.168.100.12:2380")

        add = ("member", "add", "nobody", "--learner", "--peer-urls=https://192.168.100.77:2380")
        rig["master1"].wait_for(lambda: rig["master1"].etcdctl(*add).exit == 0, 30, "etcd takes a learner")
        refuses(rig, "master1", "move", 4, "is a learner")
        listed = rig["master1"].etcdctl("member", "list").out.splitlines()
        learner = next(line.split(",")[0] for line in listed if "192.168.100.77" in line)
        assert rig["master1"].etcdctl("member", "remove", learner).exit == 0

        the_silent_trap(rig)


def the_silent_trap(rig: Rig) -> None:
    """A member restarted on its new address without `member update` looks healthy; the next host's move sees it."""
    two = rig["master2"]
    two.write_text(ETCD, (rig.made.host_folder("master2") / "manifests" / "etcd.yaml").read_text(), 0o600)
    two.wait_for(lambda: "192.168.110.11:2380" in two.must(["ss", "-Hltn"]), 60, "etcd on the new address")
    two.wait_for(lambda: two.healthy(), 60, "and it says that it is healthy")
    refuses(rig, "master1", "move", 3, "master2 does not answer on its recorded address 192.168.100.11")


@pytest.mark.parametrize("version", ["3.3", "3.5"])
def test_an_alarm_closes_the_gate(tmp_path: Path, version: str) -> None:
    members = hosts(1)
    facts = {m.name: with_quota(m, members) for m in members}
    with Rig(rendered(tmp_path, members, facts, ca_pem()), version) as rig:
        value = "x" * 100_000
        for n in range(60):
            if rig["master1"].etcdctl("put", f"k{n}", value).exit != 0:
                break
        refuses(rig, "master1", "preflight", 3, "NOSPACE")


def with_quota(member: Host, members: list[Host]) -> dict[str, str]:
    return manifests(member, members, ("--quota-backend-bytes=4000000",))


def test_a_failed_command_is_exit_1_whatever_its_own_status(tmp_path: Path) -> None:
    """etcdctl exits with 3 and 4 of its own; those numbers are this runbook's."""
    with Rig(scenario(tmp_path, hosts(1), ca_pem()), "3.4") as rig:
        rig.prepare_all()
        tools = f"{state(rig)}/tools"
        one = rig["master1"]
        one.must(["mv", f"{tools}/etcdctl", f"{tools}/real"])
        script = f'#!/bin/bash\n[[ " $* " != *" member update "* ]] || exit 4\nexec {tools}/real "$@"\n'
        one.write_text(f"{tools}/etcdctl", script, 0o755)
        one.must(["bash", "-c", f"cd {tools} && sha256sum etcd etcdctl >SHA256SUMS"])
        ran = rig.apply("master1", "move", expect=1)
        assert "exit 4 from:" in ran.text and "member update" in ran.text
        one.must(["mv", f"{tools}/real", f"{tools}/etcdctl"])
        one.must(["bash", "-c", f"cd {tools} && sha256sum etcd etcdctl >SHA256SUMS"])
        rig.apply("master1", "move")


def test_tools_of_another_minor_are_another_world(tmp_path: Path) -> None:
    with Rig(scenario(tmp_path, hosts(1), ca_pem()), "3.5") as rig:
        other = etcd_folder("3.4") / "etcdctl"
        rig["master1"].path("/root/etcdctl").write_bytes(other.read_bytes())
        rig["master1"].path("/root/etcdctl").chmod(0o755)
        rig["master1"].must(["mount", "--bind", "/root/etcdctl", "/usr/local/bin/etcdctl"])
        refuses(rig, "master1", "preflight", 4, "etcdctl is 3.4, etcd is 3.5")


def test_a_kubelet_that_cannot_be_stopped_is_exit_1_and_nothing_was_ended(tmp_path: Path) -> None:
    """systemctl exits with 3 of its own; the move ends with 1, its pods run on, and it goes on afterwards."""
    with Rig(scenario(tmp_path, hosts(1), ca_pem()), "3.5") as rig:
        rig.prepare_all()
        one = rig["master1"]
        pid = one.etcd_pid()
        one.must(["cp", "-r", "/usr/local/sbin", "/root/sbin"])
        one.must(["mv", "/root/sbin/systemctl", "/root/sbin/systemctl.real"])
        stub = '#!/bin/bash\n[[ $1 != stop ]] || exit 3\nexec systemctl.real "$@"\n'
        one.write_text("/root/sbin/systemctl", stub, 0o755)
        one.must(["mount", "--bind", "/root/sbin", "/usr/local/sbin"])
        ran = rig.apply("master1", "move", expect=1)
        assert "exit 3 from: systemctl stop kubelet" in ran.text
        assert one.etcd_pid() == pid
        one.must(["umount", "/usr/local/sbin"])
        rig.apply("master1", "move")
