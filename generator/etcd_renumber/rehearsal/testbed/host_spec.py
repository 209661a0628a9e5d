"""What a bed is made of, as frozen values, and the few things of an etcd.yaml that a bed wants to know."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import ip_interface

from etcd_renumber.etcd_on_host import Unit
from etcd_renumber.manifests.container import process
from etcd_renumber.manifests.unit import etcd_of_unit, unit_of


@dataclass(frozen=True)
class Leg:
    """One network interface: `network` names a bridge, `addresses` are "192.0.2.1/24", `gateway` makes a default route.

    The gateway need not exist: a management network with a default route that leads nowhere is a common case.
    """

    network: str = "wire"
    addresses: tuple[str, ...] = ()
    gateway: str | None = None


@dataclass(frozen=True)
class HostSpec:
    """One host. Interfaces are eth0 (`network`, `addresses`, `gateway`), then one of `also` each: eth1, eth2 ...

    `manifests` are the files of /etc/kubernetes/manifests; with none it is a plain host, or a router with `forwards`.
    `sans` are put into the certificates beside those that kubeadm would; `files` are further files, path to text. `links`
    lead from where a container sees a folder to where the host has it: pods run in the host's own root folder here.
    `unit_files` are those of an etcd that systemd runs, by their names among the facts.
    `standalone` is a kubelet without an API: its host has nothing of Kubernetes but static pods.
    `endpoint` is the control plane endpoint, NAME:PORT, that admin.conf names; without one it names the host itself.
    `kubelet_calls` is HOST:PORT of the API in the kubelet.conf of a member, where that is not its own (kubeadm up to 1.32).
    `calls` makes it a worker: HOST:PORT of the API that its kubelet.conf names. Its manifests are those of its own pods.
    """

    name: str
    manifests: Mapping[str, str] = field(default_factory=dict)
    addresses: tuple[str, ...] = ()
    network: str = "wire"
    gateway: str | None = None
    also: tuple[Leg, ...] = ()
    sans: tuple[str, ...] = ()
    files: Mapping[str, str] = field(default_factory=dict)
    links: Mapping[str, str] = field(default_factory=dict)
    forwards: bool = False
    endpoint: str = ""
    kubelet_calls: str = ""
    calls: str = ""
    unit_files: Mapping[str, str] = field(default_factory=dict)
    standalone: bool = False

    @property
    def legs(self) -> tuple[Leg, ...]:
        """All interfaces, eth0 first."""
        return (Leg(self.network, self.addresses, self.gateway), *self.also)

    @property
    def apiserver(self) -> Flags | None:
        """The arguments of its kube-apiserver, where it has one."""
        found = (process(text) for text in self.manifests.values())
        return next((Flags(p.argv) for p in found if p.name == "kube-apiserver"), None)

    @property
    def address(self) -> str:
        """The address that its manifests were made for: etcd's, else the API's, else its first one."""
        first = bare(self.addresses[0]) if self.addresses else ""
        advertised = self.apiserver.get("advertise-address") if self.apiserver else ""
        return (self.etcd.address if self.etcd else "") or advertised or first

    @property
    def unit(self) -> Unit | None:
        """The unit that runs its etcd, where one does."""
        return unit_of(self.unit_files, "")[0] if self.unit_files else None

    @property
    def etcd(self) -> Flags | None:
        """The arguments of its etcd, where it has one."""
        return flags_of({}, self) if self.unit or "etcd.yaml" in self.manifests else None

    @property
    def etcd_files(self) -> Mapping[str, str]:
        """Those that say how its etcd starts, name to their place on the host."""
        if self.unit:
            return self.unit.paths
        return {"etcd.yaml": "/etc/kubernetes/manifests/etcd.yaml"}


@dataclass(frozen=True)
class Flags:
    """The arguments of an etcd, looked up by flag. The last one wins, as in Go's flag package."""

    argv: tuple[str, ...]

    def get(self, flag: str, default: str = "") -> str:
        """The value of a flag, named without its dashes."""
        found = default
        for word, after in zip(self.argv, (*self.argv[1:], ""), strict=True):
            name, equals, value = word.lstrip("-").partition("=")
            if word.startswith("-") and name == flag:
                found = value if equals else after
        return found

    @property
    def data_dir(self) -> str:
        """As etcd takes it where no flag says it."""
        return self.get("data-dir", f"/{self.get('name', 'default')}.etcd")

    @property
    def peer_url(self) -> str:
        """The first peer URL that it advertises."""
        return self.get("initial-advertise-peer-urls").split(",")[0]

    @property
    def client_port(self) -> int:
        """The port of its first client URL."""
        return int(self.get("listen-client-urls", "https://127.0.0.1:2379").split(",")[0].rsplit(":", 1)[1])

    @property
    def address(self) -> str:
        """The address in the advertised peer URL, without brackets."""
        return self.peer_url.split("://", 1)[1].rsplit(":", 1)[0].strip("[]")


def flags_of(files: Mapping[str, str], spec: HostSpec) -> Flags:
    """Of an etcd.yaml, or of a unit's files, whose variables count as flags; of a file that is not given, as the spec has it."""
    if not spec.unit:
        return Flags(process(files.get("etcd.yaml") or spec.manifests["etcd.yaml"]).argv)
    etcd, problems = etcd_of_unit({**spec.unit_files, **files}, "")
    if etcd is None:
        raise ValueError("; ".join(p.fact for p in problems))
    return Flags(("etcd", *(f"--{name}={value}" for name, value in etcd.flags.items())))


def bare(interface: str) -> str:
    """The address of "192.0.2.1/24"."""
    return str(ip_interface(interface).ip)


def url_host(address: str) -> str:
    """The address as it stands in a URL."""
    return f"[{address}]" if ":" in address else address
