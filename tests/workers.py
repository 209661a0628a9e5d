"""A rig with workers on its wire: hosts with a kubelet that calls a master by its old address, and a pod of their own."""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import ip_address

from etcd_renumber.model import Line
from etcd_renumber.rehearsal.replica import FOLDER
from etcd_renumber.rehearsal.testbed.host_spec import HostSpec
from etcd_renumber.rehearsal.testbed.process import Ran

from tests import run_lines
from tests.rig import Rig
from tests.scenario import Scenario, bracketed

NGINX = """apiVersion: v1
kind: Pod
metadata:
  name: nginx-proxy
  namespace: kube-system
spec:
  hostNetwork: true
  containers:
  - name: nginx-proxy
    image: nginx
    command:
    - nginx
    - --upstream={calls}
"""
CONF = "/etc/kubernetes/kubelet.conf"


def worker(name: str, calls: str, number: int = 50) -> HostSpec:
    """A worker beside the masters, with an address in both of their networks; `calls` is HOST:PORT of its API."""
    pods = {"nginx-proxy.yaml": NGINX.format(calls=calls)}
    both = ("192.168.100.{}/24", "192.168.110.{}/24")
    if calls.startswith("["):
        both = ("fd00:100::{}/64", "fd00:110::{}/64")
    return HostSpec(name, pods, tuple(a.format(number) for a in both), calls=calls)


class WithWorkers(Rig):
    """The same, with workers/ of the change folder on each of `workers`."""

    def __init__(self, made: Scenario, version: str, workers: Sequence[HostSpec], **rest: object) -> None:
        self.has_kubelets = workers
        super().__init__(made, version, extra=workers, **rest)  # type: ignore[arg-type]

    def __enter__(self) -> WithWorkers:
        super().__enter__()
        for one in self.has_kubelets:
            self[one.name].copy_in(self.folder / "workers", FOLDER)
            self[one.name].write_text(run_lines.THERE, run_lines.LISTENER.read_text())
        self._stack.callback(self._note)
        return self

    def _note(self) -> None:
        for one in self.has_kubelets:
            run_lines.note((self.folder / "workers/runbook.sh").read_text(), self[one.name].path(run_lines.NOTES))

    def carry_out(self, line: Line, *words: str) -> Ran:
        if self.made.change.cluster.mapping.is_worker(line.host):
            return self.apply(line.host, line.phase, *words)
        return super().carry_out(line, *words)

    def killed_worker(self, host: str, verb: str, after: int) -> Ran:
        """Its `move` ended by SIGKILL after that many commands, or at its own end."""
        return self.start_killed(host, verb, "move", after=after).wait(300)

    def calls_now(self, host: str) -> set[str]:
        """The addresses at the other end of its kubelet's connections."""
        rows = self[host].must(["ss", "-Htnp", "state", "established"]).splitlines()
        ends = [row.split()[3] for row in rows if '"kubelet"' in row]
        return {str(ip_address(end.rpartition(":")[0].strip("[]").removeprefix("::ffff:"))) for end in ends}

    def pod(self, host: str) -> list[int]:
        """The pids of its own pod."""
        return self[host].processes("nginx")

    def restart_kubelet(self, host: str) -> None:
        """So that it has a connection: the one of its first start found no API."""
        self[host].must(["systemctl", "restart", "kubelet"])


def at(address: str) -> str:
    """HOST:PORT of an API there."""
    return f"{bracketed(address)}:6443"
