"""One host of a bed: commands, files, addresses, its kubelet and its etcd."""

from __future__ import annotations

import os
import shutil
import signal
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from etcd_renumber.manifests.container import process
from etcd_renumber.rehearsal.testbed.host_spec import Flags, HostSpec, flags_of
from etcd_renumber.rehearsal.testbed.namespaces import PATH, PYTHON, Place, gone, ip
from etcd_renumber.rehearsal.testbed.process import Ran, Running, start

EVERYTHING = ("net", "mount", "pid", "uts")
ENVIRONMENT = {"PATH": PATH, "HOME": "/root", "LOGNAME": "root", "USER": "root", "TERM": "dumb", "LC_ALL": "C"}
ETCD_PKI = "/etc/kubernetes/pki/etcd"
SYSTEMCTL = "/usr/local/sbin/systemctl"
REQUEST, LOG = "/run/units/request", "/run/units/kubelet.log"  # init.py has them


class Host:
    """A host that is up. `met` is told of every address that comes, with its network, and `left` of one that goes.

    `was_up`: kubelet has run on it.
    """

    def __init__(self, spec: HostSpec, place: Place) -> None:
        self.spec, self.place, self.name = spec, place, spec.name
        self.init: Running | None = None
        self.was_up = False
        self.met: Callable[[str, str], None] = lambda network, interface: None
        self.left: Callable[[str], None] = lambda interface: None

    # -- commands

    def start(self, argv: Sequence[str], env: Mapping[str, str] | None = None, stdin: str | None = None) -> Running:
        """Start a command on the host as its root, in /, with a root shell's plain environment and `env`."""
        return start(argv, self.place.enter(*EVERYTHING), ENVIRONMENT | dict(env or {}), stdin)

    def run(
        self, argv: Sequence[str], env: Mapping[str, str] | None = None, timeout: float = 60, stdin: str | None = None
    ) -> Ran:
        """The same to its end. Raises TimeoutError, with what it said so far."""
        return self.start(argv, env, stdin).wait(timeout)

    def must(self, argv: Sequence[str], timeout: float = 60) -> str:
        """The same where only success will do: its standard output. Raises RuntimeError with what it said."""
        ran = self.run(argv, timeout=timeout)
        if ran.exit:
            raise RuntimeError(f"{self.name}: {' '.join(argv)}: exit {ran.exit}\n{ran.text}")
        return ran.out

    def processes(self, name: str) -> list[int]:
        """The pids, as seen from outside, of this host's processes whose comm is `name`."""
        mine, found = os.readlink(f"/proc/{self.place.pid}/ns/pid"), []
        for pid in filter(str.isdecimal, os.listdir("/proc")):
            try:
                stat = Path(f"/proc/{pid}/stat").read_text(errors="replace")
                comm, rest = stat.split("(", 1)[1].rsplit(")", 1)
                if comm == name[:15] and rest.split()[0] != "Z" and os.readlink(f"/proc/{pid}/ns/pid") == mine:
                    found.append(int(pid))
            except OSError:
                continue
        return sorted(found)

    # -- files

    def path(self, name: str) -> Path:
        """A path of the host as seen from outside. An absolute symbolic link on the way leads astray."""
        return Path(f"/proc/{self.place.pid}/root") / name.lstrip("/")

    def read_text(self, name: str) -> str:
        """A file of the host."""
        return self.path(name).read_text(encoding="utf-8")

    def write_text(self, name: str, text: str, mode: int = 0o644) -> None:
        """Write a file of the host as people should: beside it under a dot name, then renamed."""
        path = self.path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        new = path.with_name(f".{path.name}.new")
        new.write_text(text, encoding="utf-8", newline="")
        new.chmod(mode)
        new.replace(path)

    def copy_in(self, folder: Path, to: str) -> None:
        """Copy a folder's contents to a folder of the host."""
        shutil.copytree(folder, self.path(to), symlinks=True, dirs_exist_ok=True)

    # -- network

    def add_address(self, interface: str, device: str = "eth0") -> None:
        """Put "192.0.2.1/24" on a device. IPv6 is usable at once: no duplicate address detection."""
        ip(self.place, "address", "add", interface, "dev", device, *(["nodad"] if ":" in interface else []))
        self.met(self.spec.legs[int(device.removeprefix("eth"))].network, interface)

    def remove_address(self, interface: str, device: str = "eth0") -> None:
        """Take it away again, under whatever uses it."""
        ip(self.place, "address", "del", interface, "dev", device)
        self.left(interface)

    def sysctl(self, key: str, value: str) -> None:
        """Set a kernel parameter of this host, such as net.ipv4.ip_forward."""
        self.must(["bash", "-c", 'printf "%s\\n" "$2" >"/proc/sys/${1//.//}"', "-", key, value])

    # -- kubelet and etcd

    def start_init(self) -> None:
        """Start what stands in for systemd here, once; it is not waited for."""
        if not self.init:
            words = [sys.executable, "-m", "etcd_renumber.rehearsal.testbed.init", str(self.place.pid)]
            self.init = start(words, self.place.enter("net", "pid", "uts"), ENVIRONMENT | PYTHON)

    def start_kubelet(self, at_once: bool = False) -> None:
        """`systemctl start kubelet`. It takes over what an earlier one left running.
        With `at_once` it is asked for and not waited for, and its pods come without a delay: see Unit.start.
        """
        self.start_init()
        self.wait_for(lambda: self.path(REQUEST).exists(), 30, "init is up")
        self.was_up = True
        if at_once:
            self.path(REQUEST).write_text("/dev/null\tstart\tkubelet\t--at-once\n")
        else:
            self.must([SYSTEMCTL, "start", "kubelet"])

    def stop_kubelet(self) -> None:
        """`systemctl stop kubelet`: the pods live on."""
        if self.init and (self.spec.manifests or not self.spec.unit):
            self.must([SYSTEMCTL, "stop", "kubelet"], timeout=120)

    def start_unit(self) -> None:
        """The unit that runs etcd, where one does; it is not waited for."""
        self.start_init()
        self.wait_for(lambda: self.path(REQUEST).exists(), 30, "init is up")
        if unit := self.spec.unit:
            self.must([SYSTEMCTL, "start", "--no-block", unit.name])

    def stop_unit(self) -> None:
        """The same, stopped."""
        if self.init and self.spec.unit:
            self.must([SYSTEMCTL, "stop", self.spec.unit.name], timeout=120)

    def kubelet_log(self) -> str:
        """What kubelet and its unit have said."""
        path = self.path(LOG)
        return path.read_text(errors="replace") if path.exists() else ""

    def etcd_pid(self) -> int:
        """The pid of the host's etcd as seen from outside; 0 where none runs, the oldest where two do."""
        return next(iter(self.processes("etcd")), 0)

    def kill_etcd(self, number: int = signal.SIGKILL) -> None:
        """Signal etcd, and after a SIGKILL wait until it is gone. Kubelet, where it runs, starts it again."""
        for pid in self.processes("etcd"):
            os.kill(pid, number)
            if number == signal.SIGKILL:
                gone(pid, 5)

    def down(self) -> None:
        """As after the power went: kubelet and every pod are killed. Files and addresses stay."""
        if self.spec.unit:
            self.kill_etcd()
        self.stop_unit()
        self.stop_kubelet()
        for text in self.spec.manifests.values():
            for pid in self.processes(process(text).name):
                os.kill(pid, signal.SIGKILL)
                gone(pid, 5)

    def shut_down(self) -> None:
        """As before a planned stop: kubelet first, then every pod is asked to end and waited for."""
        self.stop_kubelet()
        self.stop_unit()
        for text in self.spec.manifests.values():
            for pid in self.processes(process(text).name):
                os.kill(pid, signal.SIGTERM)
                if not gone(pid, 30):
                    os.kill(pid, signal.SIGKILL)

    def up(self) -> None:
        """Kubelet again, and with it the pods. Raises TimeoutError where it does not come up."""
        self.start_unit()
        if self.spec.manifests or not self.spec.unit:
            self.start_kubelet()
            self.wait_for(lambda: bool(self.processes("kubelet")), 30, "kubelet is up")

    def flags(self) -> Flags:
        """The arguments in the host's etcd.yaml, or its unit's files, as they are now; as they were where they are not there."""
        there = [(file, self.path(path)) for file, path in self.spec.etcd_files.items()]
        return flags_of({file: path.read_text() for file, path in there if path.exists()}, self.spec)

    def etcdctl(self, *words: str, timeout: float = 20, endpoints: str = "") -> Ran:
        """etcdctl with kubeadm's health check certificate, against this host's own etcd."""
        url = self.flags().get("listen-client-urls").split(",")[0]
        url = endpoints or url.replace("0.0.0.0", "127.0.0.1").replace("[::]", "[::1]")
        client = f"{ETCD_PKI}/healthcheck-client"
        tls = [f"--cacert={ETCD_PKI}/ca.crt", f"--cert={client}.crt", f"--key={client}.key"]
        return self.run(["etcdctl", f"--endpoints={url}", *tls, *words], {"ETCDCTL_API": "3"}, timeout)

    def healthy(self) -> bool:
        """Whether this host's etcd can agree with a majority."""
        return self.etcdctl("endpoint", "health").exit == 0

    # -- the beginning

    def install(self) -> None:
        """The manifests into their folder: from here on kubelet runs them."""
        for file, text in self.spec.manifests.items():
            self.write_text(f"/etc/kubernetes/manifests/{file}", text, 0o600)

    def wait_for(self, what: Callable[[], bool], seconds: float, text: str) -> None:
        """Look ten times a second. Raises TimeoutError with `text`."""
        deadline = time.monotonic() + seconds
        while not what():
            if time.monotonic() > deadline:
                raise TimeoutError(f"{self.name}: {text}: not within {seconds:g} s")
            time.sleep(0.1)
