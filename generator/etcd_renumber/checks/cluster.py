"""The rules over the whole cluster, all problems at once. Each rule is a function that yields what it finds."""

from __future__ import annotations

from collections.abc import Iterator

from etcd_renumber.addresses import addresses_in
from etcd_renumber.checks.addresses import address_rules
from etcd_renumber.checks.apiservers import apiserver_rules
from etcd_renumber.checks.endpoint import endpoint_rules
from etcd_renumber.checks.etcd import etcd_rules
from etcd_renumber.checks.identities import identity_rules
from etcd_renumber.checks.pods import pod_rules
from etcd_renumber.checks.unit import place_of
from etcd_renumber.checks.workers import worker_rules
from etcd_renumber.errors import Refused
from etcd_renumber.etcd_on_host import Etcd
from etcd_renumber.hashes import fingerprint
from etcd_renumber.manifests.renumber import manifests_of
from etcd_renumber.methods import METHODS
from etcd_renumber.methods.rolling_words import NO_WRITES
from etcd_renumber.model import Cluster, Member, Problem
from etcd_renumber.quorum import silence, tolerance

HALF_DONE = {
    True: "expected in a change that is half done; otherwise these are not the facts of this host. Where the manifest was edited "
    "and etcd has no leader since, set method: bridge",
    False: "expected in a change that is half done, or where the manifest was edited while etcd still had the old address "
    "recorded: this method records the new one; otherwise these are not the facts of this host",
}
RANK = {"error": 0, "warning": 1, "note": 2}


def check(cluster: Cluster) -> list[Problem]:
    """Everything that is wrong, errors first, then warnings, then notes; each in the order of the mapping."""
    found = [
        *address_rules(cluster),
        *worker_rules(cluster),
        *apiserver_rules(cluster),
        *endpoint_rules(cluster),
        *etcd_rules(cluster),
        *pod_rules(cluster),
        *identity_rules(cluster),
        *_authorities(cluster),
    ]
    found += [*_size(cluster), *_proof(cluster)]
    return sorted(dict.fromkeys(found), key=lambda p: RANK[p.severity])


def _authorities(cluster: Cluster) -> Iterator[Problem]:
    """etcd's public CA is what tells two clusters with a master1 apart."""
    seen: dict[str, str] = {}
    missing = []
    for member in cluster.mapping.members:
        facts = cluster.facts[member.name]
        place = str(facts.folder / "pki/etcd/ca.crt")
        if facts.ca_pem is None:
            missing.append(member.name)
            continue
        print_of = fingerprint(facts.ca_pem)
        if not print_of:
            yield Problem(
                "this file contains no certificate", place, member.name, "copy /etc/kubernetes/pki/etcd/ca.crt again"
            )
            continue
        seen.setdefault(print_of, member.name)
        if len(seen) > 1:
            first = next(iter(seen.values()))
            yield Problem(
                f"{member.name} has another etcd CA than {first}",
                place,
                member.name,
                "check that these facts are of one cluster: its members share their CA",
            )
            seen.pop(print_of)
    if missing and not seen:
        yield Problem(
            "no host's facts contain etcd's public CA: another cluster with the same names could not be told apart",
            str(cluster.mapping.facts / missing[0] / "pki/etcd/ca.crt"),
            "ca.crt",
            "copy /etc/kubernetes/pki/etcd/ca.crt of one host there",
            "warning",
        )


def _size(cluster: Cluster) -> Iterator[Problem]:
    """One or two members have no failure to spare: a restart is one."""
    size = len(cluster.mapping.members)
    if tolerance(size)[1] == 0 and METHODS[cluster.mapping.method].keeps_quorum:
        without = silence(NO_WRITES, cluster.election_timeouts)
        yield Problem(
            f"a cluster of {size} tolerates no failure: it takes no writes for {without} in every move",
            cluster.mapping.places.get("members", ""),
            "members",
            "choose a time with little load; nothing else is different",
            "warning",
        )
    if all(m.stays for m in cluster.mapping.members):
        yield Problem(
            "every member keeps its address: there is nothing to do",
            cluster.mapping.places.get("members", ""),
            "members",
        )


def _proof(cluster: Cluster) -> Iterator[Problem]:
    """Every manifest with the addresses exchanged, proved; and which ones moved before."""
    moves = cluster.mapping.moves()
    moved: list[Problem] = []
    is_begun = True
    for member in cluster.mapping.members:
        facts = cluster.facts[member.name]
        try:
            manifests = manifests_of(facts, member, moves)
        except Refused as refused:
            yield from refused.problems
            is_begun = False
            continue
        if facts.etcd is not None and not member.stays and not manifests[0].changes and _is_on(facts.etcd, member):
            moved.append(
                Problem(
                    f"{member.name} has moved already: its etcd manifest contains no old address and is rendered unchanged",
                    str(place_of(facts, manifests[0].file)),
                    member.name,
                    HALF_DONE[METHODS[cluster.mapping.method].keeps_quorum],
                    "note",
                )
            )
    going = [m for m in cluster.mapping.members if not m.stays]
    if is_begun and going and len(moved) == len(going):
        yield from _all_have_moved(cluster)
    else:
        yield from moved


def _is_on(etcd: Etcd, member: Member) -> bool:
    """Whether its peer URL is on the new address; one on neither is said elsewhere."""
    return any(address == member.new for address, _ in addresses_in(etcd.flags["initial-advertise-peer-urls"]))


def _all_have_moved(cluster: Cluster) -> Iterator[Problem]:
    """Nobody is on an old address. Where the quorum is gone it is what a bridge begins with, else the mapping is wrong."""
    mapping = cluster.mapping
    place = mapping.places.get("members", "")
    if not METHODS[mapping.method].keeps_quorum:
        fact = "the manifests of all members are on the new addresses already"
        hint = (
            "right where they were edited while etcd still had the old addresses recorded: this method records the new ones. "
            "Where etcd works, old and new are exchanged in the mapping"
        )
        yield Problem(fact, place, "members", hint, "note")
        return
    fact = "every member is on its new address already: no etcd manifest names an old one"
    hint = (
        "where etcd works on these addresses, old and new are exchanged in the mapping, or nothing is left to do but the rest of "
        "a rendered change. Where the manifests were edited and etcd has no leader since, its record still has the old "
        "addresses: set method: bridge"
    )
    yield Problem(fact, place, "members", hint)
