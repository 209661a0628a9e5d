"""What a cluster is made of, as frozen values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address, ip_network
from typing import Literal

from etcd_renumber.model import Address
from etcd_renumber.rehearsal.subnets import bits

Endpoint = Literal["lb", "dns", "first", "none"]
ETCD = {"1.24": "3.5", "1.37": "3.7"}  # Kubernetes minor to the etcd minor that runs in it
BALANCER = "balancer"


@dataclass(frozen=True)
class Node:
    """A host: `old` is where it comes up, `new` where a change will bring it; a worker keeps its address."""

    name: str
    old: Address
    new: Address


def usual(first: int, last: int) -> tuple[Node, ...]:
    """master1 on 192.168.100.10, later 192.168.110.10, and so on."""
    ends = [(n, ip_address(f"192.168.100.{9 + n}"), ip_address(f"192.168.110.{9 + n}")) for n in range(first, last + 1)]
    return tuple(Node(f"master{n}", old, new) for n, old, new in ends)


def etcd_hosts(count: int = 3) -> tuple[Node, ...]:
    """etcd1 on 192.168.100.10, later 192.168.110.10, and so on: for an etcd on hosts of its own."""
    return tuple(Node(n.name.replace("master", "etcd"), n.old, n.new) for n in usual(1, count))


def staying(first: int, last: int) -> tuple[Node, ...]:
    """master1 on 192.168.100.31, where it stays, and so on: the control plane beside such an etcd."""
    ends = [(n, ip_address(f"192.168.100.{30 + n}")) for n in range(first, last + 1)]
    return tuple(Node(f"master{n}", address, address) for n, address in ends)


def worker(number: int) -> Node:
    """worker1 on 192.168.100.51, where it stays, and so on."""
    address = ip_address(f"192.168.100.{50 + number}")
    return Node(f"worker{number}", address, address)


@dataclass(frozen=True)
class Spec:
    """A cluster. `joining` hosts are prepared and have not joined; `workers` join without a control plane.
    `endpoint`: a load balancer of ours, the DNS name of the first host, its old address, or none, which is one control plane
    host's only way.

    `arguments` are further flags by component ("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler",
    "kubelet"), flag without dashes to value. `etcd` is a minor ("3.6"); without it ETCD says which. `pods` and `services`
    are the cluster's networks. `etcd_hosts` have the members and nothing else: kubeadm's external topology.
    """

    version: str = "1.37.2"
    nodes: tuple[Node, ...] = usual(1, 3)
    joining: tuple[Node, ...] = ()
    endpoint: Endpoint = "lb"
    name: str = ""
    port: int = 6443
    node_ip: bool = True
    arguments: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    etcd: str = ""
    data_dir: str = "/var/lib/etcd"
    pods: str = "10.244.0.0/16"
    services: str = "10.96.0.0/12"
    workers: tuple[Node, ...] = ()
    etcd_hosts: tuple[Node, ...] = ()

    @property
    def members(self) -> tuple[Node, ...]:
        """The hosts with a member of etcd, at the beginning."""
        return self.etcd_hosts or self.nodes

    @property
    def control_plane(self) -> tuple[Node, ...]:
        """The hosts with a member, an apiserver or both, at the beginning."""
        return (*self.etcd_hosts, *self.nodes)

    @property
    def minor(self) -> tuple[int, int]:
        """(1, 37) of "1.37.2"."""
        major, minor, *_ = self.version.split(".")
        return int(major), int(minor)

    @property
    def etcd_minor(self) -> str:
        """ "3.7": of the etcd that runs in it."""
        return self.etcd or ETCD["{}.{}".format(*self.minor)]

    @property
    def everybody(self) -> tuple[Node, ...]:
        """Those that join later too."""
        return (*self.nodes, *self.joining)

    @property
    def machines(self) -> tuple[Node, ...]:
        """Every host: those with a control plane, now or later, the workers, and those with etcd alone."""
        return (*self.everybody, *self.workers, *self.etcd_hosts)

    @property
    def endpoint_name(self) -> str:
        """The name in the control plane's endpoint; empty where there is none."""
        first = self.nodes[0]
        usual_name = {
            "lb": "api.cluster.test",
            "dns": f"{first.name}.cluster.test",
            "first": str(first.old),
            "none": "",
        }
        return self.name or usual_name[self.endpoint]

    @property
    def control_plane_endpoint(self) -> str:
        """kubeadm's controlPlaneEndpoint, "NAME:PORT"; empty where there is none."""
        return f"{self.endpoint_name}:{self.port}" if self.endpoint_name else ""

    @property
    def subnets(self) -> list[str]:
        """Every subnet of the hosts' addresses, old ones first."""
        every = [n.old for n in self.machines] + [n.new for n in self.machines]
        return list(dict.fromkeys(str(ip_network(f"{a}/{bits(a)}", strict=False)) for a in every))

    @property
    def balancer(self) -> list[str]:
        """The balancer's interfaces: one address in each subnet that no host has, near its end."""
        taken = {a for n in self.machines for a in (n.old, n.new)}
        return [free(subnet, taken) for subnet in self.subnets]

    def known_as(self) -> dict[str, str]:
        """For /etc/hosts, at the beginning: name to address, the endpoint's too."""
        names = {n.name: str(n.old) for n in self.machines}
        if self.endpoint == "lb":
            names[self.endpoint_name] = self.balancer[0].partition("/")[0]
        elif self.endpoint == "dns":
            names[self.endpoint_name] = str(self.nodes[0].old)
        return names


def free(subnet: str, taken: Iterable[Address]) -> str:
    """An interface near the end of the subnet, with an address that nobody has."""
    network = ip_network(subnet)
    last = network.network_address + (min(network.num_addresses, 1 << 16) - 2)
    while last in taken:
        last -= 1
    return f"{last}/{network.prefixlen}"
