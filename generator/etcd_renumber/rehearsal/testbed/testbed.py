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
from functools import partial
from pathlib import Path
from types import TracebackType

from etcd_renumber.errors import Refused
from etcd_renumber.model import Problem
from etcd_renumber.rehearsal.testbed import pki
from etcd_renumber.rehearsal.testbed.bootstrap import found_from, found_with
from etcd_renumber.rehearsal.testbed.furnish import furnish
from etcd_renumber.rehearsal.testbed.host import Host
from etcd_renumber.rehearsal.testbed.host_spec import HostSpec, Leg, bare
from etcd_renumber.rehearsal.testbed.load_client import Writer
from etcd_renumber.rehearsal.testbed.load_host import Neighbour
from etcd_renumber.rehearsal.testbed.namespaces import Place, inner, ip, outer

WRITER = "writer"


class Bed:
    """The hosts by name while it lasts. `etcd` is a folder with etcd, etcdctl and, from 3.5 on, etcdutl.

    `kind` of keys: EC is quick, RSA what kubeadm makes. `of` names the CAs: beds of the same name share them.
    With `found=False` there are hosts and files and no process. Founding the cluster takes `patience` seconds at most;
    with a `snapshot` it begins with the data in that file.
    """

    def __init__(
        self,
        hosts: Sequence[HostSpec],
        etcd: Path,
        *,
        kind: pki.Kind = "EC",
        of: str = "bed",
        found: bool = True,
        patience: float = 30,
        snapshot: Path | None = None,
    ) -> None:
        self.specs, self.etcd, self.kind, self.of, self.found = tuple(hosts), etcd, kind, of, found
        self.patience, self.snapshot = patience, snapshot
        self.hosts: dict[str, Host] = {}
        self.places: list[Place] = []
        self.networks = list(dict.fromkeys(leg.network for spec in hosts for leg in spec.legs))
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
        missing = [tool for tool in ("etcd", "etcdctl") if not (self.etcd / tool).exists()]
        if missing:
            raise Refused(*(Problem(f"there is no {tool} in this folder", str(self.etcd)) for tool in missing))
        self.wire = self._kept(outer())
        for number, _ in enumerate(self.networks):
            ip(self.wire, "link", "add", "name", f"net{number}", "type", "bridge", "mcast_snooping", "0")
            ip(self.wire, "link", "set", f"net{number}", "up")
        legs = tuple(Leg(network) for network in self.networks)
        writer = HostSpec(WRITER, network=legs[0].network, also=legs[1:])
        place = self._cabled(writer, 0).place
        known = [bare(i) for spec in self.specs for leg in spec.legs for i in leg.addresses]
        self.neighbour = Neighbour(place, self.networks, known, self._tell)
        for number, spec in enumerate(self.specs, 1):
            self.hosts[spec.name] = host = self._cabled(spec, number)
            self._address(host)
            furnish(host, self.kind, self.of)

    def _kept(self, place: Place) -> Place:
        self.places.append(place)
        return place

    def _cabled(self, spec: HostSpec, number: int) -> Host:
        """A host with its interfaces up."""
        host = Host(spec, self._kept(inner(self.wire, spec.name, self.etcd)))
        for leg_number, leg in enumerate(spec.legs):
            port, device = f"h{number}e{leg_number}", f"eth{leg_number}"
            peer = ("type", "veth", "peer", "name", device, "netns", str(host.place.pid))
            ip(self.wire, "link", "add", "name", port, *peer)
            ip(self.wire, "link", "set", port, "master", f"net{self.networks.index(leg.network)}", "up")
            ip(host.place, "link", "set", device, "up")
        return host

    def _address(self, host: Host) -> None:
        """Addresses, default route, forwarding."""
        host.met, host.left = partial(self.neighbour.meet, host), self.neighbour.leave
        for number, leg in enumerate(host.spec.legs):
            for interface in leg.addresses:
                host.add_address(interface, f"eth{number}")
            if leg.gateway:
                family = ["-6"] if ":" in leg.gateway else []
                ip(host.place, *family, "route", "add", "default", "via", leg.gateway, "dev", f"eth{number}")
        if host.spec.forwards:
            host.sysctl("net.ipv4.ip_forward", "1")
            host.sysctl("net.ipv6.conf.all.forwarding", "1")

    def cut(self, name: str, leg: int = 0) -> None:
        """Pull the host's cable on the other side: it notices a missing carrier at most."""
        ip(self.wire, "link", "set", self._port(name, leg), "down")

    def reconnect(self, name: str, leg: int = 0) -> None:
        """Put the cable back."""
        ip(self.wire, "link", "set", self._port(name, leg), "up")

    def _port(self, name: str, leg: int) -> str:
        return f"h{1 + [spec.name for spec in self.specs].index(name)}e{leg}"

    # -- the cluster

    def _found(self) -> None:
        """Found the cluster of the manifests, then leave it to the kubelets.

        kubeadm's hosts name different initial clusters, since each joined when fewer were there; so it is founded with
        one list first, one member after another. After that `--initial-cluster` is never looked at again.
        """
        running = [host for host in self.hosts.values() if host.spec.manifests or host.spec.unit or host.spec.calls]
        for host in running:
            host.start_init()  # it gets ready meanwhile
        every = [host.spec.etcd for host in self.members if host.spec.etcd]
        whole = ",".join(f"{f.get('name')}={f.peer_url}" for f in every)
        if self.snapshot:
            found_from(self.snapshot, self.members, whole)
        elif every:
            found_with(self.members, whole, lambda: self.wait_healthy(self.patience))
        for host in running:
            host.install()
            if host.spec.unit:
                host.start_unit()
            if host.spec.manifests or host.spec.calls:
                host.start_kubelet(at_once=True)

    def wait_healthy(self, seconds: float = 60, names: Sequence[str] = ()) -> None:
        """Until every member (or those named) agrees with a majority. Raises TimeoutError with etcd's last words."""
        deadline = time.monotonic() + seconds
        waiting = [h for h in self.members if not names or h.name in names]
        while waiting := [h for h in waiting if not h.etcd_pid() or not h.healthy()]:
            if time.monotonic() > deadline:
                raise TimeoutError(f"not healthy within {seconds:g} s: {', '.join(map(self._last_words, waiting))}")
            time.sleep(0.1)

    def _last_words(self, host: Host) -> str:
        log = host.path("/var/log/pods/etcd.log")
        said = log.read_text(errors="replace")[-2000:] if log.exists() else ""
        init = host.init.text if host.init else ""
        return f"{host.name}\n{said}\n{host.kubelet_log()[-2000:]}\n{init}"

    # -- the writer

    def _tell(self, line: str) -> None:
        for writer in self.writers:
            writer.tell(line)

    @property
    def api(self) -> str:
        """Where the JSON gateway of this etcd is."""
        said = subprocess.run([self.etcd / "etcd", "--version"], capture_output=True, text=True, check=True).stdout
        return "/v3beta" if "etcd Version: 3.3." in said else "/v3"

    @contextmanager
    def writer(self, writers: int = 4, rate: float = 80) -> Iterator[Writer]:
        """Numbered keys to all members, `rate` a second in all, until the block ends. Begins once it works."""
        client, there = pki.etcd_client(self.kind, self.of), self.neighbour
        writer = Writer(there.place, there.urls, self.api, writers, rate, client)
        writer.ask = lambda words: next((r for h in self.members if (r := h.etcdctl(*words)).exit == 0), None)
        self.writers.append(writer)
        try:
            writer.wait_for(writers)
            yield writer
        finally:
            writer.stop()
            self.writers.remove(writer)
