"""Rules over the URLs in etcd's flags: what it listens on, what it tells others, and whom it was started with."""

from __future__ import annotations

from collections.abc import Iterator

from etcd_renumber.addresses import Url, is_loopback, url_of
from etcd_renumber.checks.unit import is_local_listener
from etcd_renumber.etcd_on_host import Etcd
from etcd_renumber.model import Cluster, Member, Problem

PEER_URLS = ("listen-peer-urls", "initial-advertise-peer-urls")
OWN_URLS = (*PEER_URLS, "listen-client-urls", "advertise-client-urls")
IN_DNS = "change the address in DNS; this tool changes only addresses in manifests"
NO_LISTENER = (
    'write an address: etcd does not start with a name there, but for localhost ("expected IP in URL for binding")'
)
WITH_DATA = "etcd reads this flag only with an empty data directory"


def url_rules(cluster: Cluster, member: Member, etcd: Etcd, place: str) -> Iterator[Problem]:
    """All of them, for one member."""
    if all(is_loopback(u.host) for flag in OWN_URLS for u in _urls(etcd, flag)):
        yield _on_loopback_alone(member, place)
        return
    for flag in OWN_URLS:
        yield from _own(member, etcd, flag, place)
    yield from _metrics(etcd, place)
    yield from _initial_cluster(cluster, member, etcd, place)


def _texts(etcd: Etcd, flag: str) -> list[str]:
    return [u.strip() for u in etcd.flags.get(flag, "").split(",") if u.strip()]


def _urls(etcd: Etcd, flag: str) -> list[Url]:
    return [url_of(u) for u in _texts(etcd, flag)]


def _on_loopback_alone(member: Member, place: str) -> Problem:
    """kubeadm up to 1.13 wrote a single master so: nothing of its etcd has the host's address."""
    fact = f"etcd of {member.name} is on loopback alone: it has no address that could change"
    hint = (
        f"not supported as it is. Put {member.old} beside 127.0.0.1 in --listen-client-urls and in place of it in "
        f"--listen-peer-urls and both advertised URLs, reissue etcd's certificates with that address, record it (`etcdctl member "
        f"update ID --peer-urls=https://{member.old}:2380`, before etcd restarts), then fetch the facts again"
    )
    return Problem(fact, place, "listen-peer-urls", hint)


def _own(member: Member, etcd: Etcd, flag: str, place: str) -> Iterator[Problem]:
    texts = _texts(etcd, flag)
    if flag in PEER_URLS and len(texts) > 1:
        hint = "keep one: this tool can move a member with one peer URL only"
        yield Problem(f"--{flag} has {len(texts)} peer URLs", place, flag, hint)
    known = False
    for text in texts:
        url = url_of(text)
        if not url.host:
            yield Problem(
                f"--{flag}={text} is no URL", place, flag, "correct it on the host; then fetch the facts again"
            )
            known = True
            continue
        if url.scheme != "https" and not is_local_listener(flag, text, texts):
            hint = "use https: without TLS a member cannot be identified (http is accepted on 127.0.0.1, beside https)"
            yield Problem(f"--{flag}={text} is not https", place, flag, hint)
        address = url.address
        if address is None and not (flag == "listen-client-urls" and url.host == "localhost"):
            yield _name(flag, text, place)
            known = True
        known = known or (address is not None and (address in (member.old, member.new) or address.is_unspecified))
    if not known:
        fact = f"--{flag}={etcd.flags[flag]} contains neither {member.old} nor {member.new}"
        yield Problem(
            fact, place, flag, "correct the mapping or fetch the facts again: they must have the same address"
        )


def _name(flag: str, text: str, place: str) -> Problem:
    """In a listener etcd takes none; what clients are told may be one."""
    if flag == "advertise-client-urls":
        hint = "it stays: see that the name leads to the new address once this member has moved (DNS, /etc/hosts)"
        return Problem(f"--{flag}={text} contains a host name", place, flag, hint, "note")
    hint = NO_LISTENER if flag.startswith("listen-") else IN_DNS
    return Problem(f"--{flag}={text} contains a host name", place, flag, hint)


def _metrics(etcd: Etcd, place: str) -> Iterator[Problem]:
    flag = "listen-metrics-urls"
    for text in _texts(etcd, flag):
        url = url_of(text)
        if url.address is None and url.host != "localhost":
            hint = 'write an address: etcd does not start with a name there ("expected IP in URL for binding")'
            yield Problem(f"--{flag}={text} contains a host name", place, flag, hint, "warning")


def _initial_cluster(cluster: Cluster, member: Member, etcd: Etcd, place: str) -> Iterator[Problem]:
    """It may name members on old or new addresses, or only itself, as kubeadm writes it, or one that was removed long ago."""
    flag = "initial-cluster"
    known = {m.name: (m.old, m.new) for m in cluster.mapping.members}
    for part in filter(None, etcd.flags.get(flag, "").split(",")):
        name, _, text = part.strip().partition("=")
        address = url_of(text).address
        if address is None:
            yield Problem(
                f"--{flag} names {part.strip()}, by no address", place, flag, f"it stays: {WITH_DATA}", "note"
            )
        elif name not in known:
            fact = f"--{flag} names {name} on {address}, which is not in the mapping"
            hint = (
                "compare with `etcdctl member list`: a member of today must be in the mapping (`stays: true`: it keeps its "
                f"address). One that is gone changes nothing: {WITH_DATA}"
            )
            yield Problem(fact, place, flag, hint, "warning")
        elif name == member.name and address.is_loopback:
            fact = f"--{flag} has {name} on {address}: kubeadm up to 1.13 also recorded that address in etcd"
            hint = (
                "compare with `etcdctl member list`: while it shows this peer URL, preflight refuses. Record the address first: "
                f"`etcdctl member update ID --peer-urls=https://{member.old}:{etcd.peer_port}`"
            )
            yield Problem(fact, place, flag, hint, "warning")
        elif address not in known[name]:
            yield Problem(
                f"--{flag} has {name} on {address}", place, flag, f"correct it, or the mapping; {WITH_DATA}", "warning"
            )
