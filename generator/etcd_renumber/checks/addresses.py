"""Rules over the addresses of the mapping: all different, of one family, not in use, and outside of every range."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv6Address, ip_network

from etcd_renumber.addresses import addresses_in
from etcd_renumber.manifests.etcd import program_flags
from etcd_renumber.manifests.identities import BOTH
from etcd_renumber.manifests.pod import PROGRAMS, main_of
from etcd_renumber.manifests.renumber import kept_in
from etcd_renumber.model import Address, Cluster, Member, Problem

RANGES = ("service-cluster-ip-range", "cluster-cidr")
TWO_CHANGES = "make two changes: first to addresses that no host has, then to the wanted ones"


def address_rules(cluster: Cluster) -> Iterator[Problem]:
    """All of them, in the order of the mapping."""
    places = cluster.mapping.places
    members = cluster.mapping.members
    yield from _names(cluster)
    families = {a.version for m in members for a in (m.old, m.new)}
    if len(families) > 1:
        hint = "use one family; a change from IPv4 to IPv6 needs both on every listener first"
        yield Problem("the mapping mixes IPv4 and IPv6", places.get("members", ""), "members", hint)
    for number, member in enumerate(members):
        for side in ("old", "new") if not member.stays else ("old",):
            place = places.get(f"members.{number}.{side}", "")
            yield from _usable(getattr(member, side), place, f"members.{number}.{side}")
        if not member.stays:
            place, key = places.get(f"members.{number}.new", ""), f"members.{number}.new"
            yield from _new_is_new(member, members, place, key)
            yield from _in_ranges(cluster, member, place, key)
            yield from _virtual(cluster, member, place, key)
    yield from _twice(cluster)


def _names(cluster: Cluster) -> Iterator[Problem]:
    seen: set[str] = set()
    for number, member in enumerate(cluster.mapping.members):
        if member.name.lower() in seen:
            place = cluster.mapping.places.get(f"members.{number}.name", "")
            yield Problem(f"the member {member.name} is listed twice", place, f"members.{number}.name", "keep one line")
        seen.add(member.name.lower())


def _usable(address: Address, place: str, key: str) -> Iterator[Problem]:
    why = ""
    if isinstance(address, IPv6Address) and address.ipv4_mapped:
        why = "an IPv4-mapped address: write the IPv4 address"
    elif isinstance(address, IPv6Address) and (address.scope_id or address.is_link_local):
        why = "valid on one link only"
    elif address.is_loopback or address.is_unspecified or address.is_multicast or address.is_link_local:
        why = "not an address that another host can call"
    if why:
        yield Problem(f"{address} is {why}", place, key, "write the address by which the other members call this one")


def _new_is_new(member: Member, members: tuple[Member, ...], place: str, key: str) -> Iterator[Problem]:
    if member.new == member.old:
        yield Problem(
            f"{member.name}: old and new address are both {member.old}",
            place,
            key,
            "for a member that keeps its address write `stays: true` and no `new`",
        )
        return
    for other in members:
        if other is not member and other.old == member.new:
            fact = f"{member.name}'s new address {member.new} is {other.name}'s old one"
            if other.stays:
                yield Problem(f"{fact}, and {other.name} keeps it", place, key, "choose another address")
            else:
                what = "a swap" if other.new == member.old else "a chain or a cycle"
                yield Problem(f"{fact}: {what}", place, key, TWO_CHANGES)


def _twice(cluster: Cluster) -> Iterator[Problem]:
    for side in ("old", "new"):
        seen: dict[Address, str] = {}
        for number, member in enumerate(cluster.mapping.members):
            address = getattr(member, side)
            if address in seen:
                key = f"members.{number}.{side}"
                fact = f"{member.name} and {seen[address]} have the same {side} address {address}"
                yield Problem(fact, cluster.mapping.places.get(key, ""), key, "give every member its own address")
            seen.setdefault(address, member.name)


def _in_ranges(cluster: Cluster, member: Member, place: str, key: str) -> Iterator[Problem]:
    """Pod and service ranges as kube-apiserver and kube-controller-manager have them.

    Where the old address is in the same range the hosts work so today (Calico routes each pod's address on its own): that
    the new one belongs to no pod and no Service is all that can be asked.
    """
    found = set()
    for name, facts in cluster.facts.items():
        for file, text in facts.manifests.items():
            flags = program_flags(text)
            for flag in RANGES:
                for part in flags.get(flag, "").split(","):
                    try:
                        network = ip_network(part.strip(), strict=False) if part else None
                    except ValueError:
                        continue  # left to the process that reads it
                    if network is None or member.new not in network or (flag, part) in found:
                        continue
                    found.add((flag, part))
                    fact = f"{member.new} is inside the range {part} of --{flag} ({name}/{file})"
                    if member.old in network:
                        hint = (
                            "the old address is inside as well, so the hosts work with it today. Check that no pod and no "
                            "Service has the new one, and keep it out of the pool: kubectl get pods,services -A -o wide"
                        )
                        yield Problem(f"{fact}, as {member.old} is", place, key, hint, "warning")
                    else:
                        hint = "choose another address: packets to this one would never leave the host"
                        yield Problem(fact, place, key, hint)


def _virtual(cluster: Cluster, member: Member, place: str, key: str) -> Iterator[Problem]:
    """An address that another static pod holds for the whole control plane (kube-vip, keepalived, haproxy)."""
    moves = cluster.mapping.moves()
    for name, facts in cluster.facts.items():
        for file, text in facts.manifests.items():
            if main_of(text).program in PROGRAMS or member.new not in {a for a, _ in addresses_in(text)}:
                continue
            prepared = {a for k in kept_in(text, moves) if k.why == BOTH for a, _ in addresses_in(k.value)}
            if member.new not in prepared:
                fact = f"{member.new} is already in {name}/{file}: a virtual address, or one of another program"
                hint = "choose another address, or remove this one from that manifest first. In a list it stands beside the old one"
                yield Problem(fact, place, key, hint)
