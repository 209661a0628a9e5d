"""A host with a real kubelet: what differs from the bed's other hosts, whose kubelet is a stand-in."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from etcd_renumber.rehearsal.testbed.host import ENVIRONMENT, ETCD_PKI, Host
from etcd_renumber.rehearsal.testbed.host_spec import HostSpec
from etcd_renumber.rehearsal.testbed.namespaces import Place, gone
from etcd_renumber.rehearsal.testbed.process import Ran, Running, start

EVERYTHING = ("net", "mount", "pid", "uts", "ipc", "cgroup")
STATIC = ("kube-apiserver", "kube-controller-manager", "kube-scheduler", "etcd")


class Machine(Host):
    """A host that is up; `etcd` is the folder with an etcdctl, which the host itself has not."""

    def __init__(self, spec: HostSpec, place: Place, etcd: Path) -> None:
        super().__init__(spec, place)
        self.etcd = etcd

    def start(self, argv: Sequence[str], env: Mapping[str, str] | None = None, stdin: str | None = None) -> Running:
        """Start a command on the host as its root, as `Host.start`."""
        return start(argv, self.place.enter(*EVERYTHING), ENVIRONMENT | dict(env or {}), stdin)

    def processes(self, name: str) -> list[int]:
        """The pids, as seen from outside, of processes whose comm is `name`: the host's, and those of its static pods,
        which have a pid namespace of their own and the host's network."""
        mine, found = os.readlink(f"/proc/{self.place.pid}/ns/net"), []
        for pid in filter(str.isdecimal, os.listdir("/proc")):
            try:
                comm, rest = Path(f"/proc/{pid}/stat").read_text(errors="replace").split("(", 1)[1].rsplit(")", 1)
                if comm == name[:15] and rest.split()[0] != "Z" and os.readlink(f"/proc/{pid}/ns/net") == mine:
                    found.append(int(pid))
            except OSError:
                continue
        return sorted(found)

    def etcdctl(self, *words: str, timeout: float = 20, endpoints: str = "") -> Ran:
        """etcdctl of the folder, in the host's network, with the host's health check certificate."""
        url = self.flags().get("listen-client-urls").split(",")[0]
        url = endpoints or url.replace("0.0.0.0", "127.0.0.1").replace("[::]", "[::1]")
        folder = self.path(ETCD_PKI)
        tls = [f"--cacert={folder}/ca.crt"]
        tls += [f"--cert={folder}/healthcheck-client.crt", f"--key={folder}/healthcheck-client.key"]
        argv = [str(self.etcd / "etcdctl"), f"--endpoints={url}", *tls, *words]
        # etcdctl 3.7 knows no ETCDCTL_API, and says so each time.
        return start(argv, self.place.enter("net"), ENVIRONMENT).wait(timeout)

    def load_image(self, archive: Path) -> None:
        """Bring a docker archive into containerd. Raises RuntimeError with what ctr said."""
        argv = [*self.place.enter(*EVERYTHING), "ctr", "--namespace", "k8s.io", "images", "import", "-"]
        with open(archive, "rb") as file:
            ran = subprocess.run(argv, stdin=file, capture_output=True, text=True, env=ENVIRONMENT, check=False)
        if ran.returncode:
            raise RuntimeError(f"{self.name}: ctr images import {archive.name}: {ran.stderr.strip()}")

    def start_kubelet(self, at_once: bool = False) -> None:
        """`systemctl start kubelet`."""
        self.must(["systemctl", "start", "kubelet"])
        self.was_up = True

    def stop_kubelet(self, number: int = signal.SIGTERM) -> None:
        """`systemctl stop kubelet`: the pods live on. Another signal is no choice here."""
        self.must(["systemctl", "stop", "kubelet"], timeout=100)

    def unit(self, name: str = "kubelet") -> dict[str, str]:
        """What `systemctl show` says of a unit."""
        lines = self.must(["systemctl", "show", name]).splitlines()
        return dict(line.split("=", 1) for line in lines)

    def start_containerd(self) -> None:
        """Start it and wait for its socket, 30 s at most."""
        self.must(["systemctl", "start", "containerd"])
        deadline = time.monotonic() + 30
        while self.run(["ctr", "version"]).exit:
            if time.monotonic() > deadline:
                raise TimeoutError(f"{self.name}: containerd: not within 30 s\n{self.log('containerd')}")
            time.sleep(0.1)

    def down(self) -> None:
        """As after the power went: every process is killed, and what is on no disk is gone. Addresses stay."""
        self.must(["bash", "/usr/local/bin/power.sh", "off"])

    def shut_down(self) -> None:
        """As before a planned stop: kubelet first, then its pods are asked to end and waited for."""
        self.stop_kubelet()
        pids = [pid for name in STATIC for pid in self.processes(name)]
        for pid in pids:
            os.kill(pid, signal.SIGTERM)
        for pid in pids:
            gone(pid, 30)
        self.down()

    def up(self) -> None:
        """Power again: containerd and kubelet are started, as enabled units are."""
        self.must(["bash", "/usr/local/bin/power.sh", "on"])

    def log(self, unit: str = "kubelet", lines: int = 30) -> str:
        """The last lines that a unit has printed."""
        return self.run(["journalctl", "-u", unit, "-n", str(lines), "--no-pager"]).out
