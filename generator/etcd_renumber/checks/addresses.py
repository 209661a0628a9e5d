"""Rules over the addresses of the mapping: all different, of one family, not in use, and outside of every range."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv6Address, ip_network
from pathlib import PurePosixPath

from etcd_renumber.addresses import addresses_in
from etcd_renumber.manifests.etcd import container_of, flags_of, words_of
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
    """Pod and service ranges as kube-apiserver and kube-controller-manager have them."""
    found = set()
    for name, facts in cluster.facts.items():
        for file, text in facts.manifests.items():
            flags = flags_of(container_of(text))
            for flag in RANGES:
                for part in flags.get(flag, "").split(","):
                    try:
                        inside = bool(part) and member.new in ip_network(part.strip(), strict=False)
                    except ValueError:
                        continue  # left to the process that reads it
                    if inside and (flag, part) not in found:
                        found.add((flag, part))
                        fact = f"{member.new} is inside the range {part} of --{flag} ({name}/{file})"
                        yield Problem(
                            fact, place, key, "choose another address: packets to this one would never leave the host"
                        )


def _virtual(cluster: Cluster, member: Member, place: str, key: str) -> Iterator[Problem]:
    """An address that another static pod holds for the whole control plane (kube-vip, keepalived, haproxy)."""
    own = {"etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler"}
    for name, facts in cluster.facts.items():
        for file, text in facts.manifests.items():
            words = words_of(container_of(text))
            if words and PurePosixPath(words[0]).name in own:
                continue
            if any(address == member.new for address, _ in addresses_in(text)):
                fact = f"{member.new} is already in {name}/{file}: a virtual address, or one of another program"
                yield Problem(fact, place, key, "choose another address, or remove this one from that manifest first")
