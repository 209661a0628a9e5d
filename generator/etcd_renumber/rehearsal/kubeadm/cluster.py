"""A real control plane while it lasts: hosts in namespaces, brought up by kubeadm.

with Cluster(Spec(version="1.37.2"), tell=print) as cluster:
    cluster["master1"].run(["bash", "/root/change/runbook.sh", "apply", "move"])
    cluster.kubectl("get", "nodes")
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

from etcd_renumber.rehearsal.kubeadm import configs, external, files, places, store
from etcd_renumber.rehearsal.kubeadm.configs import CONFIG
from etcd_renumber.rehearsal.kubeadm.machine import Machine
from etcd_renumber.rehearsal.kubeadm.programs import programs_for
from etcd_renumber.rehearsal.kubeadm.spec import BALANCER, Node, Spec
from etcd_renumber.rehearsal.subnets import bits, put_ways_to
from etcd_renumber.rehearsal.testbed.host import Host
from etcd_renumber.rehearsal.testbed.host_spec import HostSpec
from etcd_renumber.rehearsal.testbed.namespaces import Place, ip
from etcd_renumber.rehearsal.testbed.process import Ran, Running

ADMIN = "/etc/kubernetes/admin.conf"
LIMIT = 300.0  # seconds for one init or join


class Cluster:
    """The hosts by name while it lasts. `tell` hears one line for each thing begun, with the seconds so far."""

    def __init__(self, spec: Spec, tell: Callable[[str], None] = lambda line: None) -> None:
        self.spec, self.said = spec, tell
        self.hosts: dict[str, Machine] = {}
        self.places: list[Place] = []
        self.balancer: Host | None = None
        self.proxy: Running | None = None
        self.began = time.monotonic()

    def __enter__(self) -> Cluster:
        try:
            places.may()
            self.programs = programs_for(self.spec, self.tell)
            self._build()
            self._found()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *why: type[BaseException] | BaseException | TracebackType | None) -> None:
        self.close()

    def __getitem__(self, name: str) -> Machine:
        return self.hosts[name]

    def tell(self, line: str) -> None:
        """One line with the seconds so far."""
        self.said(f"{time.monotonic() - self.began:6.1f} s  {line}")

    def close(self) -> None:
        """End everything. The kernel takes mounts and interfaces with the last process, the cgroup folders go with it."""
        for place in reversed(self.places):
            place.close()
        self.places, self.hosts, self.balancer, self.proxy = [], {}, None, None

    # -- building

    def _build(self) -> None:
        self.tell("hosts, their network, containerd")
        self.wire = self._kept(places.wire())
        ip(self.wire, "link", "add", "name", "wire", "type", "bridge", "mcast_snooping", "0")
        ip(self.wire, "link", "set", "wire", "up")
        place = self._kept(places.plain(self.wire, BALANCER))
        self.balancer = self._cabled(Host(HostSpec(BALANCER), place), 0)
        for interface in self.spec.balancer:
            self.balancer.add_address(interface)
        for number, node in enumerate(self.spec.machines, 1):
            spec = HostSpec(node.name, addresses=(f"{node.old}/{bits(node.old)}",))
            machine = Machine(spec, self._kept(self._place(node)), self.programs.etcd)
            self.hosts[node.name] = machine
            self._cabled(machine, number)
            machine.add_address(spec.addresses[0])
            self.ways(machine)
            for path, text in files.host_files(self.spec, node.name, self.programs.pause).items():
                machine.write_text(path, text)
        if self.spec.endpoint == "lb":
            self.balance()
        store.furnish(self.hosts.values(), self.programs, self.tell)

    def _kept(self, place: Place) -> Place:
        self.places.append(place)
        return place

    def _place(self, node: Node) -> Place:
        return places.machine(self.wire, node.name, self.programs.tools)

    def _cabled(self, host: Host, number: int) -> Host:
        """eth0, up, on the one wire."""
        peer = ("type", "veth", "peer", "name", "eth0", "netns", str(host.place.pid))
        ip(self.wire, "link", "add", "name", f"h{number}", *peer)
        ip(self.wire, "link", "set", f"h{number}", "master", "wire", "up")
        ip(host.place, "link", "set", "eth0", "up")
        return host

    def ways(self, host: Host) -> None:
        """Routes to every subnet, as a router gives them; once more after a host's addresses have changed."""
        put_ways_to(host, self.spec.subnets)

    def balance(self, which: str = "both") -> None:
        """The load balancer leads to `both` addresses of every host, or to the `old` ones alone; its connections end."""
        assert self.balancer
        if self.proxy:
            self.proxy.kill_all()
            self.proxy.wait(10)
        self.balancer.write_text("/etc/haproxy.cfg", files.haproxy(self.spec, which))
        self.proxy = self.balancer.start(["haproxy", "-db", "-f", "/etc/haproxy.cfg"])

    # -- kubeadm

    def _found(self) -> None:
        first, *others = self.spec.nodes
        if self.spec.etcd_hosts:
            self.tell("etcd, on hosts of its own")
            machines = [self[node.name] for node in self.spec.etcd_hosts]
            external.found_etcd(self.spec, machines, self.programs.etcd_tag)
            self.wait_healthy()
            external.carry(machines[0], self[first.name], external.CLIENT)
        self.tell(f"{first.name}: kubeadm init")
        words = ["--upload-certs", "--skip-phases=addon/coredns"]
        self._kubeadm("init", self[first.name], configs.init(self.spec, self.programs.etcd_tag), *words)
        for node in (*others, *self.spec.workers):
            self.join(node)
        self.wait_ready([node.name for node in (*self.spec.nodes, *self.spec.workers)])
        self.tell("every node is Ready")

    def join(self, node: Node) -> None:
        """`kubeadm join` on a host that is prepared; with `--control-plane` unless it is a worker."""
        self.tell(f"{node.name}: kubeadm join")
        self._kubeadm("join", self[node.name], configs.join(self.spec, node))

    def _kubeadm(self, verb: str, machine: Machine, config: str, *words: str) -> None:
        """Raises RuntimeError with what kubeadm and kubelet said last."""
        machine.write_text(CONFIG, config, 0o600)
        argv = ["kubeadm", verb, "--config", CONFIG, "--ignore-preflight-errors=all", *words]
        ran = machine.run(argv, timeout=LIMIT)
        machine.write_text(f"/var/log/kubeadm-{verb}.log", ran.text)
        if ran.exit:
            raise RuntimeError(
                f"{machine.name}: {' '.join(argv)}: exit {ran.exit}\n{ran.text[-3000:]}\n{machine.log()}"
            )

    def wait_ready(self, names: list[str], seconds: float = 120) -> None:
        """Until these Nodes are Ready. Raises TimeoutError with what kubectl says."""
        form = '{range .items[*]}{.metadata.name} {.status.conditions[?(@.type=="Ready")].status}{"\\n"}{end}'
        deadline = time.monotonic() + seconds
        while True:
            said = self.kubectl("get", "nodes", "-o", f"jsonpath={form}")
            if {f"{name} True" for name in names} <= set(said.out.splitlines()):
                return
            if time.monotonic() > deadline:
                raise TimeoutError(f"nodes: not Ready within {seconds:g} s: {said.text}")
            time.sleep(0.5)

    def wait_healthy(self, seconds: float = 60) -> None:
        """Until every member agrees with a majority. Raises TimeoutError with what kubelet said last."""
        deadline = time.monotonic() + seconds
        waiting = [self[node.name] for node in self.spec.members]
        while waiting := [m for m in waiting if not m.etcd_pid() or not m.healthy()]:
            if time.monotonic() > deadline:
                raise TimeoutError(f"etcd: not healthy within {seconds:g} s: {waiting[0].name}\n{waiting[0].log()}")
            time.sleep(0.5)

    # -- what people do with it

    def kubectl(self, *words: str, host: str = "", timeout: float = 60, stdin: str | None = None) -> Ran:
        """kubectl with admin.conf, on the first host or another one."""
        machine = self[host or self.spec.nodes[0].name]
        return machine.run(["kubectl", f"--kubeconfig={ADMIN}", *words], timeout=timeout, stdin=stdin)

    def facts(self, folder: Path) -> None:
        """Manifests and etcd's public CA of every host, as README's second step fetches them."""
        for node in self.spec.members:
            machine, there = self[node.name], folder / node.name
            self._manifests(node, folder, "*.yaml")
            (there / "pki/etcd").mkdir(parents=True, exist_ok=True)
            shutil.copyfile(machine.path("/etc/kubernetes/pki/etcd/ca.crt"), there / "pki/etcd/ca.crt")
        for node in self.spec.nodes if self.spec.etcd_hosts else ():
            self._manifests(node, folder, "kube-apiserver.yaml")

    def _manifests(self, node: Node, folder: Path, which: str) -> None:
        there = folder / node.name / "manifests"
        there.mkdir(parents=True, exist_ok=True)
        for manifest in sorted(self[node.name].path("/etc/kubernetes/manifests").glob(which)):
            shutil.copyfile(manifest, there / manifest.name)

    def rename(self, names: dict[str, str]) -> None:
        """What the people of the DNS do: these names lead to these addresses from now on, for everybody."""
        for machine in self.hosts.values():
            machine.write_text("/etc/hosts", files.hosts(self.spec.known_as() | names))
