"""The bed itself: hosts, files, commands, network, certificates, the writer, on every etcd."""

from __future__ import annotations

import signal
import subprocess
import time
from dataclasses import replace
from pathlib import Path

import pytest
from etcd_renumber.manifests.container import process
from etcd_renumber.rehearsal.etcd_binaries.download import sources_for
from etcd_renumber.rehearsal.testbed.host_spec import Flags, HostSpec, Leg
from etcd_renumber.rehearsal.testbed.testbed import Bed

from tests.conftest import three_masters


def test_three_masters_come_up_take_writes_and_lose_none(every_etcd: Path) -> None:
    with Bed(three_masters(), every_etcd) as bed:
        bed.wait_healthy()
        with bed.writer(rate=100) as writer:
            writer.wait_for(100)
            since = time.monotonic()
            bed["master1"].kill_etcd(signal.SIGTERM)
            writer.wait_for(100)
        assert writer.lost() == []
        assert len(writer.acked) >= 200
        assert 0 < writer.largest_gap(since) < 5
        listed = bed["master2"].etcdctl("member", "list")
        assert [f"https://192.168.100.{n}:2380" in listed.out for n in (10, 11, 12)] == [True] * 3, listed.text


def test_the_writer_notices_a_pause_and_a_lost_key(etcd35: Path) -> None:
    with Bed(three_masters()[:1], etcd35) as bed:
        bed.wait_healthy()
        with bed.writer(writers=2) as writer:
            bed["master1"].kill_etcd(signal.SIGSTOP)
            time.sleep(1)
            bed["master1"].kill_etcd(signal.SIGCONT)
            writer.wait_for(20)
        gone = writer.acked[5][0]
        assert 0.9 < writer.largest_gap() < 4
        assert bed["master1"].etcdctl("del", gone).exit == 0
        assert writer.lost() == [gone]


def test_every_pod_looks_in_proc_as_its_manifest_says(etcd35: Path) -> None:
    with Bed(three_masters(), etcd35) as bed:
        bed.wait_healthy()
        host = bed["master1"]
        for text in host.spec.manifests.values():
            wanted = process(text)
            assert host.processes(wanted.name) != []
            pid = host.processes(wanted.name)[0]
            assert Path(f"/proc/{pid}/cmdline").read_bytes() == b"".join(a.encode() + b"\0" for a in wanted.argv)
            assert Path(f"/proc/{pid}/comm").read_text().strip() == wanted.name
        inside = host.must(["bash", "-c", 'for p in /proc/[0-9]*; do [[ $(<"$p/comm") != etcd ]] || echo "$p"; done'])
        tool = f"{inside.strip()}/root/usr/local/bin/etcdctl"
        assert host.must(["cmp", tool, "/usr/local/bin/etcdctl"]) == ""
        assert len(host.processes("kubelet")) == 1


def test_commands_files_and_addresses_of_a_host(tmp_path: Path, etcd35: Path) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "file").write_text("hello\n")
    with Bed([HostSpec("plain", addresses=("192.0.2.1/24",), gateway="192.0.2.9")], etcd35, found=False) as bed:
        host = bed["plain"]
        ran = host.run(["bash", "-c", 'echo one; sleep 0.1; echo "$X" >&2; exit 3'], env={"X": "two"})
        assert (ran.exit, ran.out, ran.err, ran.text) == (3, "one\n", "two\n", "one\ntwo\n")
        assert host.run(["cat"], stdin="in").out == "in"
        assert host.run(["bash", "-c", "kill -9 $$"]).exit == 137
        assert host.must(["hostname"]) == "plain\n"
        assert host.must(["id", "-u"]) == "0\n"
        host.copy_in(tmp_path, "/root/runbook")
        assert host.must(["cat", "/root/runbook/deep/file"]) == "hello\n"
        host.write_text("/etc/kubernetes/x", "y")
        assert host.read_text("/etc/kubernetes/x") == "y"
        host.add_address("2001:db8::1/64")
        host.add_address("192.0.2.2/32")
        assert "tentative" not in host.must(["ip", "-o", "address", "show", "dev", "eth0", "to", "2001:db8::1"])
        host.remove_address("2001:db8::1/64")
        assert "2001:db8" not in host.must(["ip", "address"])
        assert "default via 192.0.2.9 dev eth0" in host.must(["ip", "route"])
        with pytest.raises(TimeoutError, match="said:\nbefore"):
            host.run(["bash", "-c", "echo before; sleep 60"], timeout=0.5)
        assert host.processes("sleep") == []


def test_a_killed_command_leaves_its_children_and_they_are_reaped(etcd35: Path) -> None:
    with Bed([HostSpec("plain")], etcd35, found=False) as bed:
        host = bed["plain"]
        running = host.start(["bash", "-c", "sleep 61 & sleep 62; true"])
        host.wait_for(lambda: len(host.processes("sleep")) == 2, 5, "two sleeps")
        running.kill()
        assert running.wait(5).exit == 137
        assert len(host.processes("sleep")) == 2
        host.must(["bash", "-c", "kill -9 $(pidof sleep) || pkill -9 sleep"])
        host.wait_for(lambda: "defunct" not in host.must(["ps", "ax"]), 5, "no zombie")


def test_a_router_between_two_networks(etcd35: Path) -> None:
    here = HostSpec("here", addresses=("192.0.2.1/24",), network="a", gateway="192.0.2.254")
    there = HostSpec("there", addresses=("198.51.100.1/24",), network="b", gateway="198.51.100.254")
    legs = (Leg("b", ("198.51.100.254/24",)),)
    router = HostSpec("router", addresses=("192.0.2.254/24",), network="a", also=legs, forwards=True)
    with Bed([here, there, router], etcd35, found=False) as bed:
        knock = 'exec 3<>"/dev/tcp/198.51.100.1/9"'  # refused at once when packets get there and back
        assert "refused" in bed["here"].run(["bash", "-c", knock], timeout=10).text
        bed.cut("there")
        assert "refused" not in bed["here"].run(["timeout", "1", "bash", "-c", knock], timeout=10).text


def test_certificates_have_kubeadms_shape(etcd35: Path) -> None:
    spec = replace(three_masters()[0], sans=("192.168.110.10",))
    with Bed([spec], etcd35, found=False, kind="RSA") as bed:
        host, pki = bed["master1"], "/etc/kubernetes/pki"
        shown = host.must(["openssl", "x509", "-noout", "-text", "-in", f"{pki}/etcd/peer.crt"])
        names = "DNS:localhost, DNS:master1, IP Address:192.168.100.10, IP Address:127.0.0.1, "
        assert f"{names}IP Address:0:0:0:0:0:0:0:1, IP Address:192.168.110.10" in shown
        assert "TLS Web Server Authentication, TLS Web Client Authentication" in shown
        assert "2048 bit" in shown
        for leaf, ca in (("etcd/server", "etcd/ca"), ("apiserver-etcd-client", "etcd/ca"), ("apiserver", "ca")):
            host.must(["openssl", "verify", "-CAfile", f"{pki}/{ca}.crt", f"{pki}/{leaf}.crt"])
        assert host.must(["stat", "-c", "%a", f"{pki}/etcd/ca.key", f"{pki}/etcd/ca.crt"]) == "600\n644\n"
        assert host.read_text(f"{pki}/etcd/server.key") != host.read_text(f"{pki}/etcd/peer.key")


def test_five_members_on_ipv6(etcd35: Path) -> None:
    def host(n: int) -> HostSpec:
        text = three_masters()[0].manifests["etcd.yaml"]
        text = text.replace("https://192.168.100.10:", f"https://[2001:db8::{n}]:").replace("master1", f"m{n}")
        return HostSpec(
            f"m{n}", {"etcd.yaml": text.replace("https://127.0.0.1:2379", "https://[::1]:2379")}, (f"2001:db8::{n}/64",)
        )

    with Bed([host(n) for n in range(1, 6)], etcd35) as bed:
        bed.wait_healthy()
        bed["m1"].add_address("2001:db8:1::1/64")
        with bed.writer() as writer:
            writer.wait_for(40)
        assert writer.lost() == []


SOURCES = """Types: deb
URIs: http://one.test/debian
# a comment
Suites: bookworm
  bookworm-updates
Components: main
Signed-By: /usr/share/keyrings/debian.gpg

Types: deb
URIs: http://one.test/security
Suites: bookworm-security
Components: main
"""


def test_sources_of_another_release_come_from_this_machines_own(tmp_path: Path) -> None:
    (tmp_path / "sources.list.d").mkdir()
    (tmp_path / "sources.list.d" / "debian.sources").write_text(SOURCES)
    (tmp_path / "sources.list").write_text(
        "# deb http://no.test/debian bookworm main\ndeb [arch=amd64] http://two.test/debian bookworm main contrib\n"
        "deb http://two.test/debian bookworm-updates main\ndeb-src http://two.test/debian bookworm main\n"
    )
    assert sources_for("trixie", tmp_path) == [
        "deb [arch=amd64] http://two.test/debian trixie main",
        "deb [signed-by=/usr/share/keyrings/debian.gpg] http://one.test/debian trixie main",
    ]


@pytest.mark.parametrize(
    ("argv", "flag", "value"),
    [
        (("etcd", "--name=a", "--name=b"), "name", "b"),
        (("etcd", "-name", "a"), "name", "a"),
        (("etcd", "--name-x=a"), "name", ""),
    ],
)
def test_flags_are_read_as_etcd_reads_them(argv: tuple[str, ...], flag: str, value: str) -> None:
    assert Flags(argv).get(flag) == value


def test_the_placeholder_is_a_program_that_ends_on_sigterm(tmp_path: Path) -> None:
    from etcd_renumber.rehearsal.testbed.placeholder import program

    (tmp_path / "kube-thing").write_bytes(program())
    (tmp_path / "kube-thing").chmod(0o755)
    with subprocess.Popen(["kube-thing", "--odd", "a b"], executable=tmp_path / "kube-thing") as child:
        time.sleep(0.1)
        assert Path(f"/proc/{child.pid}/cmdline").read_bytes() == b"kube-thing\0--odd\0a b\0"
        child.terminate()
        assert child.wait(5) == -signal.SIGTERM
