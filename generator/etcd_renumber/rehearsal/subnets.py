"""The network that a rehearsal assumes, since no facts tell of the real one: the simplest on which every flow works.

One wire. Each address has a subnet of its usual size around it, and every host has a way to all of these subnets, as
where a router joins them: a host that has moved already is reached by those that have not.
"""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import IPv4Address, ip_network

from etcd_renumber.model import Address, Change
from etcd_renumber.rehearsal.testbed.host import Host
from etcd_renumber.rehearsal.testbed.namespaces import ip

USUAL = {4: 24, 6: 64}  # prefix lengths
# Behind the kernel's own routes (IPv4 0, IPv6 256): these are for whoever has no address in that subnet, or none any more.
METRIC = "2048"


def bits(address: Address) -> int:
    """The prefix length for an address: the usual one, or the next longer subnet's in which it is a host's own address."""
    length = USUAL[address.version]
    while address in _edges(address, length):
        length -= 1
    return length


def _edges(address: Address, length: int) -> tuple[Address, ...]:
    """What no host can have: the subnet's first address and, in IPv4, its last."""
    subnet = ip_network(f"{address}/{length}", strict=False)
    last = (subnet.broadcast_address,) if isinstance(address, IPv4Address) else ()
    return (subnet.network_address, *last)


def subnets(change: Change) -> list[str]:
    """Every subnet of the change, in the mapping's order, old ones first."""
    members = change.cluster.mapping.members
    apiservers = [a.address for a in change.cluster.mapping.apiservers or ()]
    every = [*(m.old for m in members), *(m.new for m in members), *apiservers]
    found = [ip_network(f"{a}/{bits(a)}", strict=False) for a in every]
    return list(dict.fromkeys(map(str, found)))


def put_ways(host: Host, change: Change) -> None:
    """Routes to all subnets, for where the kernel has no nearer one. It takes them away with a device's last address."""
    put_ways_to(host, subnets(change))


def put_ways_to(host: Host, every: Iterable[str]) -> None:
    """The same to these subnets."""
    for subnet in every:
        words = ("route", "replace", subnet, "dev", "eth0", "metric", METRIC, "proto", "static")
        ip(host.place, "-6" if ":" in subnet else "-4", *words)


def may_keep_secondaries(host: Host) -> None:
    """An address in the old one's subnet stays when the old one goes: the runbook refuses a host where it would not."""
    for device in ("all", "eth0"):
        host.sysctl(f"net.ipv4.conf.{device}.promote_secondaries", "1")


def soon_know_who_is_absent(host: Host) -> None:
    """Three questions, 0.05 s apart, tell that nobody has an address. The kernel's own whole seconds prove nothing more."""
    for cache in ("arp_cache", "ndisc_cache"):
        ip(host.place, "ntable", "change", "name", cache, "dev", "eth0", "retrans", "50", missing_ok=True)


def in_words(change: Change) -> str:
    """For the report."""
    return (
        f"one link with {', '.join(subnets(change))}; every host has a route to each of them, as through a router; "
        "no firewall; promote_secondaries on; an unused address is detected after 0.15 s, not 3"
    )
