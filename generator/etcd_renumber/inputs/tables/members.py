"""A member as etcd lists it, to a row: its address is that of its one peer URL, and of nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import urlsplit

from etcd_renumber.addresses import addresses_in
from etcd_renumber.inputs.tables.cells import is_name
from etcd_renumber.inputs.tables.reading import Reading, Row
from etcd_renumber.model import Address


@dataclass(frozen=True)
class Listed:
    """One member of a list. `id` in the spelling that etcdctl's other commands take; `line` is 0 where it is not known."""

    line: int
    id: str
    name: str
    peers: tuple[str, ...]
    clients: tuple[str, ...] = ()
    is_learner: bool = False


def take(member: Listed, reading: Reading) -> None:
    """The member's row, or why it has none."""
    urls = " and ".join(member.peers) or "none"
    update = f"`etcdctl member update {member.id or 'ID'} --peer-urls=https://ADDRESS:2380`"
    if not member.name:
        fact = f"the member {member.id} (peer URL {urls}) has no name: it was added and has never started"
        hint = f"start it, or remove it with `etcdctl member remove {member.id}`; then give the list again"
        reading.refuse(fact, member.line, hint)
        return
    if not is_name(member.name):
        hint = "a name has letters, digits, dot, dash and underscore, at most 63"
        reading.refuse(f"{member.name} is a name that this tool does not take", member.line, hint)
        return
    if len(member.peers) != 1:
        fact = f"{member.name} has {len(member.peers)} peer URLs: {urls}; exactly one can be changed"
        reading.refuse(fact, member.line, f"leave one of them with {update}, and give the list again")
        return
    host, address = _host(member.peers[0])
    if address is None:
        told = "; its client URL has " + ", ".join(map(str, _of(member.clients))) if _of(member.clients) else ""
        fact = f"the peer URL of {member.name} is {urls}, and {host} is no address{told}, which is not taken for it"
        fact = fact if told else fact.removesuffix(", which is not taken for it")
        hint = (
            "a member that is called by name is moved in DNS, not by this tool; "
            "if it is called by address all the same, write a CSV with name, old and new"
        )
        reading.refuse(fact, member.line, hint)
    elif address.is_loopback or address.is_unspecified:
        fact = f"the peer URL of {member.name} is {urls}: other members cannot call {host}, so it is no old address"
        told = f" (its client URL has {', '.join(map(str, _of(member.clients)))})" if _of(member.clients) else ""
        reading.refuse(
            fact, member.line, f"first record the host's address{told} with {update}; then give the list again"
        )
    else:
        if member.is_learner:
            reading.note(f"{member.name} is a learner: the runbook's gate refuses a cluster that has one")
        reading.take(member.line, Row(member.name, address, None))


def _host(url: str) -> tuple[str, Address | None]:
    """The host of a URL, and the address that it is; every host's own for localhost."""
    try:
        host = urlsplit(url).hostname or url
    except ValueError:
        return url, None
    try:
        return host, ip_address("127.0.0.1" if host == "localhost" else host)
    except ValueError:
        return host, None


def _of(urls: tuple[str, ...]) -> list[Address]:
    return list(dict.fromkeys(address for url in urls for address, _ in addresses_in(url)))
