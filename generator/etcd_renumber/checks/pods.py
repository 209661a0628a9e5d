"""Rules over the static pods beside etcd: kube-apiserver, its certificate and whom it calls; lists of other hosts."""

from __future__ import annotations

import re
from collections.abc import Iterator

from etcd_renumber.addresses import addresses_in, is_loopback, url, url_of
from etcd_renumber.manifests.etcd import program_flags
from etcd_renumber.manifests.pod import PROGRAMS, main_of
from etcd_renumber.manifests.renumber import kept_in
from etcd_renumber.model import Cluster, Facts, Member, Problem

API = "kube-apiserver"
SERVING = ("tls-cert-file", "tls-private-key-file", "client-ca-file")


def pod_rules(cluster: Cluster) -> Iterator[Problem]:
    """All of them, host after host; a member that stays keeps its pods as they are."""
    for member in cluster.mapping.members:
        if not member.stays:
            yield from _certificate_of_the_api(cluster.facts[member.name])
            yield from _lists_of_others(cluster, member)
    yield from _etcd_servers(cluster)
    yield from _sni_certificates(cluster)


def _certificate_of_the_api(facts: Facts) -> Iterator[Problem]:
    """It must hold the new address before the API listens there; what is not found is not replaced."""
    folder = facts.folder / "manifests"
    programs = {file: main_of(text).program for file, text in facts.manifests.items()}
    for file in (f for f, program in programs.items() if program == API):
        missing = [f"--{flag}" for flag in SERVING if not program_flags(facts.manifests[file]).get(flag)]
        if missing:
            fact = f"kube-apiserver of {facts.member} has no {', '.join(missing)}: its serving certificate is not found"
            hint = "no phase puts the new address into it: issue it with both addresses by hand, before the move of this host"
            yield Problem(fact, str(folder / file), missing[0].lstrip("-"), hint, "warning")
    if API not in programs.values():
        named = [f for f, text in facts.manifests.items() if re.search(rf"\b{API}\b", text)]
        if named:
            fact = f"{named[0]} of {facts.member} names kube-apiserver, and no container that starts it is found"
            hint = "its certificate is not widened and its health is not asked: make kube-apiserver the command, with its flags"
            yield Problem(fact, str(folder / named[0]), API, hint, "warning")


def _lists_of_others(cluster: Cluster, member: Member) -> Iterator[Problem]:
    """A load balancer's upstreams, keepalived's peers: they would be exchanged at once, host by host."""
    facts = cluster.facts[member.name]
    others = {m.old for m in cluster.mapping.members if not m.stays and m is not member}
    for file, text in facts.manifests.items():
        if main_of(text).program in PROGRAMS:
            continue
        stay = {a for k in kept_in(text, cluster.mapping.moves()) for a, _ in addresses_in(k.value)}
        held = [a for a, _ in addresses_in(text) if a in others and a not in stay]
        if not held:
            continue
        is_vrrp = re.search("keepalived|vrrp", text, re.IGNORECASE)
        fact = f"{file} of {member.name} names {held[0]}, the old address of another member"
        hint = (
            "write the new address of every member beside its old one, in the same list, on every host, and fetch the facts again. "
            "Such a list stays as it is, and the old ones are removed after the last line. "
        )
        hint += (
            "Else each host would lose its peers for a while, and two would hold the virtual address"
            if is_vrrp
            else "Else it is exchanged at once on each host: right only where the other end answers on both addresses"
        )
        yield Problem(fact, str(facts.folder / "manifests" / file), file, hint, "error" if is_vrrp else "warning")


def _etcd_servers(cluster: Cluster) -> Iterator[Problem]:
    """Whom kube-apiserver calls: with all members it has only those that listen already; with a stranger nobody looks at it."""
    members = cluster.mapping.members
    known = {a for m in members for a in (m.old, m.new)}
    several: list[str] = []
    for member in members:
        for file, text in cluster.facts[member.name].manifests.items():
            if main_of(text).program != API:
                continue
            place = str(cluster.facts[member.name].folder / "manifests" / file)
            urls = [u for u in program_flags(text).get("etcd-servers", "").split(",") if u.strip()]
            for text_of_it in urls:
                called = url_of(text_of_it)
                if called.address not in known and not is_loopback(called.host):
                    fact = f"kube-apiserver of {member.name} calls {text_of_it}, which is no member of the mapping"
                    hint = "it stays, and no gate looks at it: see that it leads to a member on its old and on its new address"
                    yield Problem(fact, place, "etcd-servers", hint, "warning")
            if not member.stays and _calls_others_only(urls, cluster, member):
                yield _of_others_only(urls, cluster, member, place)
            elif not member.stays and len([u for u in urls if url_of(u).address in known]) > 1:
                several.append(member.name)
    if several:
        fact = f"kube-apiserver of {', '.join(several)} has several members in --etcd-servers"
        hint = (
            "expected: all of them are exchanged in the host's own move. Until the others have moved too it works with those "
            "that listen on their new address already, at first with its own alone. An apiserver on a host without a member, if "
            "there is one, calls the same addresses: nothing here changes it"
        )
        yield Problem(fact, str(cluster.mapping.facts), "etcd-servers", hint, "note")


def _calls_others_only(urls: list[str], cluster: Cluster, member: Member) -> bool:
    """Whether each of its etcds is a member on another host that moves too."""
    others = {a for m in cluster.mapping.members if m is not member and not m.stays for a in (m.old, m.new)}
    return bool(urls) and all(url_of(u).address in others for u in urls)


def _of_others_only(urls: list[str], cluster: Cluster, member: Member, place: str) -> Problem:
    etcd = cluster.facts[member.name].etcd
    own = url(member.old, etcd.client_port if etcd else 2379)
    fact = f"kube-apiserver of {member.name} calls etcd of other hosts only: {','.join(urls)}"
    hint = (
        "its list is exchanged in the move of its own host, and each member listens on its new address from its own move on: "
        f"between the two this API may have no etcd, and its move may end with exit 5. Write its own etcd into the list too, "
        f"{own}, and fetch the facts again"
    )
    return Problem(fact, place, "etcd-servers", hint, "warning")


def _sni_certificates(cluster: Cluster) -> Iterator[Problem]:
    """Certificates of the API beside --tls-cert-file: which client gets which one depends on the name that it asks for."""
    names = [
        member.name
        for member in cluster.mapping.members
        if any(
            main_of(text).program == API and "tls-sni-cert-key" in program_flags(text)
            for text in cluster.facts[member.name].manifests.values()
        )
    ]
    if names:
        fact = f"kube-apiserver of {', '.join(names)} has --tls-sni-cert-key: no phase looks at those certificates"
        hint = (
            "an old address in the flag's names is exchanged, and the certificate stays as it is. If one is for clients that call "
            "the API by a host's address, have it issued with the old and the new address before the move of that host"
        )
        yield Problem(fact, str(cluster.mapping.facts), "tls-sni-cert-key", hint, "note")
