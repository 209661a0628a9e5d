"""A control plane of namespaces: hosts on wires, a real etcd in each, and a writer beside them.

    with Bed([HostSpec("master1", manifests, ("192.0.2.1/24",)), ...], etcd=Path("folder")) as bed:
        bed.wait_healthy()
        with bed.writer() as writer:
            bed["master1"].run(["bash", "/root/runbook/runbook.sh", "apply", "move"])
        assert writer.lost() == []
"""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from ipaddress import IPv4Interface, IPv6Interface, ip_interface
from pathlib import Path
from types import TracebackType

from generator.rehearsal import pki
from generator.rehearsal.host import Host
from generator.rehearsal.namespaces import Place, inner, ip, outer
from generator.rehearsal.running import Running
from generator.rehearsal.spec import HostSpec, Leg, bare, url_host
from generator.rehearsal.writer import Writer

WRITER = "writer"


class Bed:
    """The hosts by name while it lasts. `etcd` is a folder with etcd, etcdctl and, from 3.5 on, etcdutl.

    `kind` of keys: EC is quick, RSA what kubeadm makes. `of` names the CAs: beds of the same name share them.
    With `found=False` there are hosts and files and no process.
    """

    def __init__(
        self, hosts: Sequence[HostSpec], etcd: Path, *, kind: pki.Kind = "EC", of: str = "bed", found: bool = True
    ) -> None:
        self.specs, self.etcd, self.kind, self.of, self.found = tuple(hosts), etcd, kind, of, found
        self.hosts: dict[str, Host] = {}
        self.places: list[Place] = []
        self.networks = list(dict.fromkeys(leg.network for spec in hosts for leg in spec.legs))
        self.taken: set[str] = set()
        self.subnets: set[tuple[str, str]] = set()
        self.urls: list[str] = []
        self.writers: list[Writer] = []

    def __enter__(self) -> Bed:
        try:
            self._build()
            if self.found:
                self._found()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *why: type[BaseException] | BaseException | TracebackType | None) -> None:
        self.close()

    def __getitem__(self, name: str) -> Host:
        return self.hosts[name]

    @property
    def members(self) -> list[Host]:
        """The hosts with an etcd."""
        return [host for host in self.hosts.values() if host.spec.etcd]

    def close(self) -> None:
        """End everything. Nothing is left: the kernel takes mounts and interfaces with the last process."""
        for writer in self.writers:
            writer.stop()
        for place in reversed(self.places):
            place.close()
        self.places, self.hosts, self.writers = [], {}, []

    # -- building

    def _build(self) -> None:
        self.wire = self._kept(outer())
        for number, _ in enumerate(self.networks):
            ip(self.wire, "link", "add", "name", f"net{number}", "type", "bridge", "mcast_snooping", "0")
            ip(self.wire, "link", "set", f"net{number}", "up")
        writer = HostSpec(WRITER, also=tuple(Leg(network) for network in self.networks[1:]), network=self.networks[0])
        for number, spec in enumerate((writer, *self.specs)):
            host = self.hosts[spec.name] = Host(spec, self._kept(inner(self.wire, spec.name, self.etcd)))
            self._cable(host, number)
            host.furnish(self.kind, self.of)
        del self.hosts[WRITER]
        self.writer_host = host = Host(writer, self.places[1])

    def _kept(self, place: Place) -> Place:
        self.places.append(place)
        return place

    def _cable(self, host: Host, number: int) -> None:
        """Interfaces, addresses, default route, forwarding."""
        for leg_number, leg in enumerate(host.spec.legs):
            port, device = f"h{number}e{leg_number}", f"eth{leg_number}"
            peer = ("type", "veth", "peer", "name", device, "netns", str(host.place.pid))
            ip(self.wire, "link", "add", "name", port, *peer)
            ip(self.wire, "link", "set", port, "master", f"net{self.networks.index(leg.network)}", "up")
            ip(host.place, "link", "set", device, "up")
            if host.spec.name == WRITER:
                continue
            host.met = lambda network, interface, host=host: self._meet(host, network, interface)  # type: ignore[misc]
            host.left = self._leave
            for interface in leg.addresses:
                host.add_address(interface, device)
            if leg.gateway:
                family = ["-6"] if ":" in leg.gateway else []
                ip(host.place, *family, "route", "add", "default", "via", leg.gateway, "dev", device)
        if host.spec.forwards:
            host.sysctl("net.ipv4.ip_forward", "1")
            host.sysctl("net.ipv6.conf.all.forwarding", "1")

    def cut(self, name: str, leg: int = 0) -> None:
        """Pull the host's cable on the other side: it notices a missing carrier at most."""
        ip(self.wire, "link", "set", self._port(name, leg), "down")

    def mend(self, name: str, leg: int = 0) -> None:
        """Put the cable back."""
        ip(self.wire, "link", "set", self._port(name, leg), "up")

    def _port(self, name: str, leg: int) -> str:
        return f"h{1 + [spec.name for spec in self.specs].index(name)}e{leg}"

    # -- the cluster

    def _found(self) -> None:
        """Found the cluster of the manifests, then leave it to the kubelets.

        kubeadm's hosts name different initial clusters, since each joined when fewer were there; so it is founded with
        one list first. After that `--initial-cluster` is never looked at again.
        """
        flags = {host.name: host.spec.etcd for host in self.members}
        whole = ",".join(f"{f.get('name')}={f.peer_url}" for f in flags.values() if f)
        if any(f and set(f.get("initial-cluster").split(",")) != set(whole.split(",")) for f in flags.values()):
            self._found_with(whole)
        for host in self.hosts.values():
            host.install()
            if host.spec.manifests:
                host.start_kubelet()

    def _found_with(self, whole: str) -> None:
        started: list[Running] = []
        for host in self.members:
            assert host.spec.etcd
            words = [*host.spec.etcd.argv, f"--initial-cluster={whole}", "--initial-cluster-state=new"]
            started.append(host.start(words))
        self.wait_healthy()
        for host, running in zip(self.members, started, strict=True):
            host.kill_etcd()  # what it has acknowledged is on its disk
            running.wait()

    def wait_healthy(self, seconds: float = 60, names: Sequence[str] = ()) -> None:
        """Until every member (or those named) agrees with a majority. Raises TimeoutError with the last words of etcd."""
        deadline = time.monotonic() + seconds
        waiting = [h for h in self.members if not names or h.name in names]
        while waiting := [h for h in waiting if not h.etcd_pid() or not h.healthy()]:
            if time.monotonic() > deadline:
                raise TimeoutError(f"not healthy within {seconds:g} s: {', '.join(map(self._last_words, waiting))}")
            time.sleep(0.1)

    def _last_words(self, host: Host) -> str:
        log = host.path("/var/log/pods/etcd.log")
        return f"{host.name}\n{log.read_text(errors='replace')[-2000:] if log.exists() else ''}"

    # -- the writer and its view of the network

    def _meet(self, host: Host, network: str, interface: str) -> None:
        """Give the writer an address in the subnet of every address that comes up, and the URL behind it."""
        here = ip_interface(interface)
        self.taken.add(str(here.ip))
        device = f"eth{self.networks.index(network)}"
        if here.network.num_addresses == 1:
            ip(self.places[1], "route", "replace", str(here.network), "dev", device)
        elif (network, str(here.network)) not in self.subnets:
            self.subnets.add((network, str(here.network)))
            nodad = ["nodad"] if here.version == 6 else []
            ip(self.places[1], "address", "add", self._free(here), "dev", device, *nodad)
        first = host.spec.etcd and host.spec.etcd.address
        if first and (str(here.ip) == first or host.kubelet):
            url = f"https://{url_host(str(here.ip))}:{host.flags().client_port}"
            self.urls.append(url)
            for writer in self.writers:
                writer.tell(f"+{url}")

    def _free(self, here: IPv4Interface | IPv6Interface) -> str:
        """An address near the end of the subnet that nobody has."""
        known = self.taken | {bare(i) for s in self.specs for leg in s.legs for i in leg.addresses}
        last = here.network.network_address + (min(here.network.num_addresses, 1 << 16) - 2)
        while str(last) in known:
            last -= 1
        self.taken.add(str(last))
        return f"{last}/{here.network.prefixlen}"

    def _leave(self, interface: str) -> None:
        for url in [u for u in self.urls if u.split("://")[1].rsplit(":", 1)[0] == url_host(bare(interface))]:
            self.urls.remove(url)
            for writer in self.writers:
                writer.tell(f"-{url}")

    @property
    def api(self) -> str:
        """Where the JSON gateway of this etcd is."""
        said = subprocess.run([self.etcd / "etcd", "--version"], capture_output=True, text=True, check=True).stdout
        return "/v3beta" if "etcd Version: 3.3." in said else "/v3"

    @contextmanager
    def writer(self, writers: int = 4, rate: float = 80) -> Iterator[Writer]:
        """Numbered keys to all members, `rate` a second in all, until the block ends. Starts once one is acknowledged."""
        writer = Writer(self.writer_host.place, self.urls, self.api, writers, rate, pki.etcd_client(self.kind, self.of))
        writer.ask = lambda words: next((r for h in self.members if (r := h.etcdctl(*words)).exit == 0), None)
        self.writers.append(writer)
        try:
            writer.wait_for(writers)
            yield writer
        finally:
            writer.stop()
            self.writers.remove(writer)
