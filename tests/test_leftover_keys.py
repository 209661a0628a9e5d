"""etcd's keys whose value holds an old address: found in a real etcd of every minor by name, and no value is ever said."""

from __future__ import annotations

import base64
import json
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.pki import Host, make_ca, make_leaf

OLD, OTHER = b"192.168.100.10", b"192.168.100.11"
HOST_IP, POD_IP = b"*\x0e", b"2\x0e"  # tag and length, as they stand in a pod's status
PLANTED = {
    "/registry/configmaps/kube-system/kubeadm-config": b"k8s\0 controlPlaneEndpoint: %s:6443\n" % OLD,
    "/registry/masterleases/192.168.100.10": b"k8s\0\n\x0e%s\x12" % OLD,
    "/registry/minions/master1": b"k8s\0\n\x23flannel.alpha.coreos.com/public-ip\x12\x0e%s\x1a\x05a/b\nInternalIP\x12\x0e%s*"
    % (OLD, OLD),
    "/registry/minions/worker1": b"k8s\0\n\x23flannel.alpha.coreos.com/public-ip\x12\x0c10.0.0.10000*\x0aa/b\x12\x0e%s*"
    % OLD,
    "/registry/minions/192.168.100.11": b"k8s\0",
    "/registry/networkpolicies/default/api": b"k8s\0\n\x11%s/32" % OLD,
    "/registry/pods/default/pod-network": b"k8s\0%s%s2\x0b10.244.0.12:\x08" % (HOST_IP, OLD),
    "/registry/pods/default/host-network": b"k8s\0%s%s%s%s:\x08b\x10\n\x0e%s" % (HOST_IP, OLD, POD_IP, OLD, OLD),
    "/registry/pods/default/told": b"k8s\0\x22\x1c--x=https://%s:2379*\x0d192.168.100.92\x0b10.244.0.13:" % OLD,
    "/registry/pods/kube-system/etcd-master1": b"k8s\0%s%s%s%s:\x08" % (HOST_IP, OTHER, POD_IP, OTHER),
    "/registry/secrets/default/kubeconfig": b"k8s\0server: https://%s:6443" % OTHER,
    "/registry/x/escaped": b"\x13%s:2379" % OLD,  # Go writes \x13, whose digits are not the address's
    "/registry/x/both": b'{"a":"%s","b":["%s"]}' % (OLD, OTHER),
    "/registry/x/\x1b[31mred\n\"Key\" : \"/fake\"\u202e\u00e9": b"%s" % OTHER,
    "-k --endpoints=x": b"%s," % OLD,
    # what is not there
    "/registry/a/longer": b"192.168.100.101 1192.168.100.10 192.168.100.10.4 192a168b100c10",
    "/registry/a/a-line-that-looks-like-a-key": b'\n"Key" : "/registry/fake"\n"Value" : "x"',
    "/registry/a/words": b"\\x13192.168.100.105",
    "/registry/pods/default/neighbour": b"k8s\0*\x0d192.168.100.12\x0b10.244.0.14:",  # .1, and the tag of podIP
    "/registry/events/default/event": b"k8s\0 %s" % OLD,
    "/registry/secrets/default/locked": b"k8s:enc:aescbc:v1:key1:%s" % OLD,
}  # fmt: skip
FOUND = {
    "-k --endpoints=x: 192.168.100.10": "keys of other clients",
    "/registry/configmaps/kube-system/kubeadm-config: 192.168.100.10": "see the phase cluster",
    "/registry/masterleases/192.168.100.10: 192.168.100.10": "masterleases",
    "/registry/minions/192.168.100.11: 192.168.100.11 (its name)": "its name stays",
    "/registry/minions/master1: 192.168.100.10": "kubelet writes its address",
    "/registry/minions/master1: 192.168.100.10 (annotation flannel.alpha.coreos.com/public-ip)": "app=flannel",
    "/registry/minions/worker1: 192.168.100.10": "kubelet writes its address",
    "/registry/networkpolicies/default/api: 192.168.100.10": "network policies",
    "/registry/pods/default/host-network: 192.168.100.10 (podIP)": "delete pod NAME",
    "/registry/pods/default/pod-network: 192.168.100.10 (hostIP)": "delete pod NAME",
    "/registry/pods/default/told: 192.168.100.10 (specification)": "arguments",
    "/registry/pods/kube-system/etcd-master1: 192.168.100.11 (podIP)": "static pods",
    "/registry/secrets/default/kubeconfig: 192.168.100.11": "Secrets",
    '/registry/x/\\x1b[31mred\\n\\"Key\\" : \\"/fake\\"\\u202e??: 192.168.100.11': "other objects",
    "/registry/x/both: 192.168.100.10, 192.168.100.11": "other objects",
    "/registry/x/escaped: 192.168.100.10": "other objects",
}
# What Host does not have: our own etcd as /proc shows it, and how it is called.
ASKED = """bracketed() {{ printf '%s' "$1"; }}
look_at_etcd() {{ etcd_pid=1; }}
find_etcdctl() {{ etcdctl={etcdctl}; }}
own_endpoint() {{ printf 'https://127.0.0.1:{port}'; }}
CLIENT_CA={pki}/ca.crt CLIENT_CERT={pki}/server.crt CLIENT_KEY={pki}/server.key
export ETCDCTL_API=3
readonly ADDRESSES=both
"""


@dataclass(frozen=True)
class Etcd:
    """One member on this machine's loopback address, with certificates."""

    folder: Path
    root: Path
    port: int

    def put(self, keys: dict[bytes, bytes]) -> None:
        """Through its JSON gateway: a key may hold anything there."""
        at = [{"requestPut": {k: base64.b64encode(v).decode() for k, v in zip(("key", "value"), row, strict=True)}}
              for row in keys.items()]  # fmt: skip
        for n in range(0, len(at), 100):
            self.post("kv/txn", {"success": at[n : n + 100]})

    def post(self, what: str, body: object) -> None:
        ways = {"3.3": "v3beta", "3.4": "v3"}
        url = f"https://127.0.0.1:{self.port}/{ways.get(self.folder.name, 'v3')}/{what}"
        words = [
            "--cacert",
            "ca.crt",
            "--cert",
            "server.crt",
            "--key",
            "server.key",
            "--fail",
            "--silent",
            "--show-error",
        ]
        ran = subprocess.run(["curl", *words, "--data", "@-", url], input=json.dumps(body), cwd=self.root, text=True,
                             capture_output=True, timeout=60)  # fmt: skip
        assert ran.returncode == 0, ran.stderr

    def host(self, **values: str) -> tuple[Host, str]:
        host = Host(self.root / "host", values=values)
        host.arrays = {"OLDS": [OLD.decode(), OTHER.decode()], "NEWS": ["192.168.110.10", "192.168.110.11"]}
        host.root.mkdir(exist_ok=True)
        return host, ASKED.format(etcdctl=self.folder / "etcdctl", port=self.port, pki=self.root)


@pytest.fixture
def started(tmp_path: Path) -> Iterator[Callable[[Path], Etcd]]:
    """Starts an etcd; it ends with the test."""
    running: list[subprocess.Popen[bytes]] = []

    def start(folder: Path) -> Etcd:
        ports = free_ports(2)
        make_leaf(tmp_path / "server.crt", make_ca(tmp_path))
        client, peer = f"https://127.0.0.1:{ports[0]}", f"http://127.0.0.1:{ports[1]}"
        command = [folder / "etcd", f"--data-dir={tmp_path}/data", f"--listen-client-urls={client}",
                   f"--advertise-client-urls={client}", f"--listen-peer-urls={peer}",
                   f"--initial-advertise-peer-urls={peer}", f"--initial-cluster=default={peer}",
                   "--cert-file=server.crt", "--key-file=server.key", "--trusted-ca-file=ca.crt", "--client-cert-auth"]  # fmt: skip
        log = (tmp_path / "log").open("wb")
        running.append(subprocess.Popen(command, cwd=tmp_path, stdout=log, stderr=log))
        etcd = Etcd(folder, tmp_path, ports[0])
        for _ in range(100):
            try:
                etcd.post("kv/range", {"key": "YQ=="})
                return etcd
            except AssertionError:
                time.sleep(0.1)
        pytest.fail((tmp_path / "log").read_text())

    yield start
    for process in running:
        process.kill()
        process.wait()


def free_ports(count: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [s.getsockname()[1] for s in sockets]
    for s in sockets:
        s.close()
    return ports


def listed(etcd: Etcd, before: str = "", moment: str = "before") -> list[str]:
    host, asked = etcd.host()
    return host.answer(
        f"{asked}{before}\nread_old_addresses; find_leftovers_in_keys; print_leftovers {moment}"
    ).splitlines()


def test_names_are_found_in_every_minor_and_values_are_not_said(
    every_etcd: Path, started: Callable[[Path], Etcd]
) -> None:
    etcd = started(every_etcd)
    etcd.put({name.encode(): value for name, value in PLANTED.items()})
    lines, found, todo = listed(etcd), {}, ""
    for line in lines:
        place = line.strip().removeprefix("etcd: ")
        if line.startswith(" " * 8):
            found[place] = todo
        elif line.startswith(" " * 6):
            todo = place
    assert found.keys() == FOUND.keys()
    assert {place: words for place, words in FOUND.items() if words not in found[place]} == {}
    assert lines[0].strip() == f"etcd: keys looked at: {len(PLANTED)}; events are left out"
    assert lines[1].strip() == "etcd: encrypted values (k8s:enc:), in which no address is seen: 1"
    text = "\n".join(lines)
    assert text.isascii() and text.replace("\n", "").isprintable()
    assert not any(words in text for words in ("controlPlaneEndpoint", ":6443", "aescbc", "--x=", "NOT EVERY KEY"))


SPELLINGS = {
    "fd00:100::a": True, "FD00:100:0:0:0:0:0:A": True, "fd00:0100:0:0::000a": True, "https://[fd00:100::a]:2379": True,
    "key:fd00:100::a": True, "fd00:100::a:": True, "\x1afd00:100::a": True, "fd00:100:0::a/64": True,
    "fd00:100::aa": False, "fd00:100::a:1": False, "1fd00:100::a": False, "fd00:100:0:0:0:0:0:0:a": False,
    "fd00:100::0:0:0:0:0:0:a": False,
}  # fmt: skip


def test_ipv6_is_found_in_any_spelling(started: Callable[[Path], Etcd], etcd35: Path) -> None:
    etcd = started(etcd35)
    etcd.put({b"/registry/x/%02d" % n: value.encode() for n, value in enumerate(SPELLINGS)})
    pod = b"/registry/pods/default/host-network"
    etcd.put({pod: b"k8s\0*\x0bfd00:100::a2\x0bfd00:100::a:\x08b\x0d\n\x0bfd00:100::ab\x0d"})
    host, asked = etcd.host()
    host.arrays = {"OLDS": ["fd00:100::a"], "NEWS": ["fd00:110::a"]}
    out = host.answer(f"{asked}read_old_addresses; find_leftovers_in_keys; print_leftovers after")
    found = [line.split(": ")[1] for line in out.splitlines() if line.startswith(" " * 8)]
    for address in ("fd::1", "2001:db8:1234:5678:9abc:def0:9234:567d", "2001:db8::9abc:def0:9234:567d:1122"):
        size = b"%c%s" % (len(address), address.encode())
        etcd.put({pod: b"k8s\0*" + size + b"2" + size + b":\x08"})
        host.arrays = {"OLDS": [address], "NEWS": ["fd00:110::a"]}
        assert f"{pod.decode()}: {address} (podIP)" in host.answer(
            f"{asked}read_old_addresses; find_leftovers_in_keys; print_leftovers after"
        )
    right = [f"/registry/x/{n:02}" for n, is_there in enumerate(SPELLINGS.values()) if is_there]
    assert sorted(found) == [pod.decode(), *right]


def test_pages_hide_no_key_and_count_none_twice(started: Callable[[Path], Etcd], etcd35: Path) -> None:
    etcd = started(etcd35)
    many = {b"/registry/a/%05d" % n: b"k8s\0" for n in range(1200)}
    many |= {b"/registry/events/%05d" % n: OLD for n in range(1100)}
    many |= {b"/registry/m/%05d" % n: OLD if n % 100 == 99 else b"" for n in range(600)}
    many |= {b"/registry/n/\x1b\n\xff%05d" % n: OLD if n == 600 else b"" for n in range(601)}
    etcd.put(many)
    lines = [line.strip() for line in listed(etcd)]
    assert [line for line in lines if "/registry/" in line] == [
        *(f"etcd: /registry/m/{n:05}: 192.168.100.10" for n in range(99, 600, 100)),
        "etcd: /registry/n/\\x1b\\n\\xff00600: 192.168.100.10",
    ]
    looked = int(lines[0].removeprefix("etcd: keys looked at: ").partition(";")[0])
    assert 2401 <= looked <= 2401 + 1100 and not any("NOT EVERY" in line for line in lines)


def test_it_says_when_it_did_not_get_through(started: Callable[[Path], Etcd], etcd35: Path) -> None:
    etcd = started(etcd35)
    etcd.put({b"/registry/%05d" % n: OLD for n in range(999)} | {b"/registry/x\0y": b"", b"/registry/z": OLD})
    lines = [line.strip() for line in listed(etcd)]
    assert "etcd: NOT EVERY KEY WAS LOOKED AT: the name of a key cannot be passed on" in lines
    assert "etcd: keys looked at: 1000; events are left out" in lines


def test_a_time_limit_ends_it(started: Callable[[Path], Etcd], etcd35: Path) -> None:
    etcd = started(etcd35)
    etcd.put({b"/registry/%05d" % n: OLD for n in range(2400)})
    # Each look at the clock is 25 s later than the one before.
    clock = 'now_ms() { printf x >>"$SCRATCH/clock"; printf "%s" "$(($(wc -c <"$SCRATCH/clock") * 25000))"; }'
    lines = [line.strip() for line in listed(etcd, clock)]
    assert "etcd: NOT EVERY KEY WAS LOOKED AT: 60 s are over" in lines
    assert "etcd: keys looked at: 1999; events are left out" in lines


def test_an_etcd_that_does_not_answer_is_said_to_be_so(tmp_path: Path, etcd35: Path) -> None:
    make_leaf(tmp_path / "server.crt", make_ca(tmp_path))
    lines = [line.strip() for line in listed(Etcd(etcd35, tmp_path, 1))]
    assert lines == [
        "etcd: keys looked at: 0; events are left out",
        "etcd: NOT EVERY KEY WAS LOOKED AT: etcd did not answer",
        "none",
    ]


def test_an_awk_that_ends_early_is_not_taken_for_nothing_found(started: Callable[[Path], Etcd], etcd35: Path) -> None:
    etcd = started(etcd35)
    etcd.put({b"/registry/x": OLD})
    (etcd.root / "awk").write_text("#!/bin/sh\nexit 2\n")
    (etcd.root / "awk").chmod(0o755)
    lines = [line.strip() for line in listed(etcd, f"PATH={etcd.root}:$PATH")]
    assert lines == ["etcd: NOT EVERY KEY WAS LOOKED AT: awk ended before its end", "none"]
