"""The writer's place in the network: an address in every subnet that a host has, and the URLs of every member."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from ipaddress import IPv4Interface, IPv6Interface, ip_interface

from etcd_renumber.rehearsal.testbed.host import Host
from etcd_renumber.rehearsal.testbed.host_spec import bare, url_host
from etcd_renumber.rehearsal.testbed.namespaces import Place, ip

Interface = IPv4Interface | IPv6Interface


class Neighbour:
    """`networks` are the writer's interfaces in order; `tell` hears "+URL" and "-URL" as addresses come and go."""

    def __init__(
        self, place: Place, networks: Sequence[str], taken: Iterable[str], tell: Callable[[str], None]
    ) -> None:
        self.place, self.networks, self.tell = place, list(networks), tell
        self.taken = set(taken)
        self.subnets: set[tuple[str, str]] = set()
        self.urls: list[str] = []

    def meet(self, host: Host, network: str, interface: str) -> None:
        """An address came up on a host: get one in its subnet (a route to it, where it has none), note its URL."""
        here, device = ip_interface(interface), f"eth{self.networks.index(network)}"
        self.taken.add(str(here.ip))
        if here.network.num_addresses == 1:
            ip(self.place, "route", "replace", str(here.network), "dev", device)
        elif (network, str(here.network)) not in self.subnets:
            self.subnets.add((network, str(here.network)))
            nodad = ["nodad"] if here.version == 6 else []
            ip(self.place, "address", "add", self._free(here), "dev", device, *nodad)
        flags = host.spec.etcd
        if flags and (str(here.ip) == flags.address or host.was_up):
            self.urls.append(f"https://{url_host(str(here.ip))}:{host.flags().client_port}")
            self.tell(f"+{self.urls[-1]}")

    def leave(self, interface: str) -> None:
        """An address went."""
        for url in [u for u in self.urls if u.split("://")[1].rsplit(":", 1)[0] == url_host(bare(interface))]:
            self.urls.remove(url)
            self.tell(f"-{url}")

    def _free(self, here: Interface) -> str:
        """An address near the end of the subnet that nobody has."""
        last = here.network.network_address + (min(here.network.num_addresses, 1 << 16) - 2)
        while str(last) in self.taken:
            last -= 1
        self.taken.add(str(last))
        return f"{last}/{here.network.prefixlen}"
