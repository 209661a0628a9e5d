"""Rules over the hosts of kube-apiserver where etcd has hosts of its own: each calls members, and none is one."""

from __future__ import annotations

import re
from collections.abc import Iterator

from etcd_renumber.addresses import url_of
from etcd_renumber.manifests.apiserver import FILE, OVERRIDES, address_of, elsewhere, manifests, prove, servers_of
from etcd_renumber.manifests.container import process
from etcd_renumber.manifests.etcd import program_flags
from etcd_renumber.manifests.pod import main_of
from etcd_renumber.methods import METHODS
from etcd_renumber.model import Apiserver, Cluster, Problem

API = "kube-apiserver"
ANNOTATION = "kubeadm.kubernetes.io/etcd.advertise-client-urls"
BY_HAND = "point --etcd-servers of those hosts to the new addresses yourself, once etcd has them"
COUNT = re.compile(r"[0-9]{1,3}")


def apiserver_rules(cluster: Cluster) -> Iterator[Problem]:
    """All of them, in the order of the mapping."""
    mapping = cluster.mapping
    if mapping.apiservers is None:
        yield from _whose_etcd(cluster)
        return
    place = mapping.places.get("apiservers", "")
    if mapping.apiservers and not METHODS[mapping.method].keeps_quorum:
        fact = f"not supported: apiservers with method: {mapping.method}"
        yield Problem(fact, place, "apiservers", f"remove the key, and {BY_HAND}")
    with_api = [m.name for m in mapping.members if _has_apiserver(cluster, m.name)]
    if with_api:
        fact = f"apiservers are in the mapping, and {', '.join(with_api)} has a kube-apiserver of its own"
        hint = f"not supported together: remove the key, or, if it runs there no more, {FILE} from the facts"
        yield Problem(fact, place, "apiservers", hint)
    for key in ("workers", "endpoint"):
        if getattr(mapping, key):
            fact = f"{key} has no effect beside apiservers: no member has a kube-apiserver that could be called"
            yield Problem(fact, mapping.places.get(key, ""), key, "remove it")
    if mapping.objects != "list" and not mapping.apiservers:
        fact = f"objects: {mapping.objects} has no effect: apiservers: [] says that no Kubernetes uses this etcd"
        yield Problem(fact, mapping.places.get("objects", ""), "objects", "remove it, or name the apiservers")
    for number, one in enumerate(mapping.apiservers):
        yield from _host(cluster, one, number)
        if one.name in cluster.apiservers:
            yield from _manifest(cluster, one)


def _has_apiserver(cluster: Cluster, name: str) -> bool:
    return any(process(text).name == API for text in cluster.facts[name].manifests.values())


def _whose_etcd(cluster: Cluster) -> Iterator[Problem]:
    """Apiservers that call the old addresses and are in no file here: all of them, or those of further hosts."""
    mapping = cluster.mapping
    names = [m.name for m in mapping.members]
    place = mapping.places.get("members", "")
    with_api = [n for n in names if _has_apiserver(cluster, n)]
    if with_api:
        yield from _further_ones(cluster, with_api, place)
        return
    is_rolling = METHODS[mapping.method].keeps_quorum
    is_kubeadms = any(ANNOTATION in text for name in names for text in cluster.facts[name].manifests.values())
    fact = "no member has a kube-apiserver: which apiservers use this etcd? They call its old addresses, which go"
    named = "name their hosts: `apiservers: [{name: NODE, address: ADDRESS}]`, with facts/NODE/manifests/" + FILE
    hint = f"{named if is_rolling else BY_HAND}; or state that no Kubernetes uses this etcd: `apiservers: []`"
    if is_rolling and not is_kubeadms:
        hint += ". Where systemd runs kube-apiserver, change its --etcd-servers yourself, before the old addresses go"
    yield Problem(fact, place, "apiservers", hint, "error" if is_rolling and is_kubeadms else "warning")


def _further_ones(cluster: Cluster, with_api: list[str], place: str) -> Iterator[Problem]:
    """Kubespray writes how many there are: etcd on three of five hosts of the control plane is two that nobody changes."""
    counts = [
        count
        for name in with_api
        for text in cluster.facts[name].manifests.values()
        if main_of(text).program == API and COUNT.fullmatch(count := program_flags(text).get("apiserver-count", ""))
    ]
    most = max(map(int, counts), default=0)
    if most > len(with_api):
        fact = f"--apiserver-count={most}, and the facts have {len(with_api)} kube-apiservers: others call old addresses, which go"
        hint = (
            "not supported beside members that have one: add the new addresses to --etcd-servers of those hosts yourself before "
            "the first member moves, and remove the old ones after the last"
            if METHODS[cluster.mapping.method].keeps_quorum
            else BY_HAND
        )
        hint += ". If there are no others, correct the flag"
        yield Problem(fact, place, "apiserver-count", hint, "warning")


def _host(cluster: Cluster, one: Apiserver, number: int) -> Iterator[Problem]:
    mapping, key = cluster.mapping, f"apiservers.{number}"
    before = [a for a in (mapping.apiservers or ())[:number]]
    place = mapping.places.get(f"{key}.name", "")
    if one.name != one.name.lower():
        hint = "write its Node's name, as `kubectl get nodes` shows it"
        yield Problem(f"{one.name} is not the name of a Node: they have no capitals", place, f"{key}.name", hint)
    if one.name.lower() in {m.name.lower() for m in mapping.members}:
        hint = "remove it here, or give the member the name that its etcd has: a host of a member has no line among apiservers"
        yield Problem(f"the apiserver {one.name} has the name of a member", place, f"{key}.name", hint)
    if one.name.lower() in {w.name.lower() for w in mapping.workers}:
        yield Problem(f"the apiserver {one.name} is a worker, too", place, f"{key}.name", "keep one line")
    if one.name.lower() in {a.name.lower() for a in before}:
        yield Problem(f"the apiserver {one.name} is listed twice", place, f"{key}.name", "keep one line")
    place = mapping.places.get(f"{key}.address", "")
    member = next((m for m in mapping.members if one.address in (m.old, m.new)), None)
    if member:
        fact = f"{one.name} has the address {one.address}, which is {member.name}'s"
        yield Problem(fact, place, f"{key}.address", "write its own address: apiservers keep theirs in this change")
    other = next((a for a in before if a.address == one.address), None)
    if other:
        fact = f"{one.name} and {other.name} have the same address {one.address}"
        yield Problem(fact, place, f"{key}.address", "give each its own address")


def _manifest(cluster: Cluster, one: Apiserver) -> Iterator[Problem]:
    """Whom it calls: each URL is a member's, by its old address, or by its new one where that is done already."""
    mapping, text = cluster.mapping, cluster.apiservers[one.name]
    place, moves = str(mapping.facts / one.name / "manifests" / FILE), mapping.moves()
    known = {a for m in mapping.members for a in (m.old, m.new)}
    if main_of(text).program != API or main_of(text).how != "plain":
        fact = f"{FILE} of {one.name} does not start kube-apiserver as its first container's command"
        yield Problem(fact, place, "command", "copy it from the host again")
        return
    if not process(text).argv:
        fact = f"kube-apiserver of {one.name} takes an argument from $( ), whose value only kubelet knows"
        yield Problem(
            fact, place, "command", "write the value into the manifest on the host; then fetch the facts again"
        )
        return
    servers = servers_of(text)
    if not servers:
        hint = "write the flag as --etcd-servers=URL,URL; apiservers without it do not belong into the mapping"
        yield Problem(f"kube-apiserver of {one.name} has no --etcd-servers", place, "etcd-servers", hint)
        return
    for server in servers:
        address = address_of(server)
        if not url_of(server).host:
            fact, hint = f"kube-apiserver of {one.name} calls {server}, which is no URL", "correct it on the host"
            yield Problem(fact, place, "etcd-servers", hint)
        elif address is None:
            fact = f"kube-apiserver of {one.name} calls etcd by a name: {server}"
            hint = "it stays as it is: let the name lead to the new address, too, before the members move"
            yield Problem(fact, place, "etcd-servers", hint, "warning")
        elif address not in known:
            hint = "all members of the etcd that it calls belong into the mapping; else this is another cluster's apiserver"
            yield Problem(
                f"kube-apiserver of {one.name} calls {server}, which is no member's address",
                place,
                "etcd-servers",
                hint,
            )
        elif not server.startswith("https://"):
            hint = "only etcd with TLS can be renumbered here"
            yield Problem(f"kube-apiserver of {one.name} calls {server}", place, "etcd-servers", hint)
    named = {address_of(server) for server in servers}
    if not named & (set(moves) | set(moves.values())) and not any(address_of(s) is None for s in servers):
        hint = "remove it from the mapping, or check that these are the facts of this host"
        fact = f"kube-apiserver of {one.name} calls no member that moves"
        yield Problem(fact, place, "etcd-servers", hint)
    yield from _proof(text, one, place, cluster)


def _proof(text: str, one: Apiserver, place: str, cluster: Cluster) -> Iterator[Problem]:
    moves = cluster.mapping.moves()
    made = manifests(text, moves)
    yield from dict.fromkeys([*prove(text, made.widened, place), *prove(text, made.switched, place)])
    overrides = [w for w in process(text).argv if w.startswith(OVERRIDES)]
    if any(str(old) in word for word in overrides for old in moves):
        hint = (
            "not supported: exchange the addresses in that flag yourself, once with both, at the end with the new ones"
        )
        yield Problem(f"{OVERRIDES.rstrip('=')} of {one.name} names an old address", place, "etcd-servers", hint)
        return
    for address, line in elsewhere(text, set(moves)):
        fact = f"{FILE} of {one.name} holds {address} outside of --etcd-servers: it stays there"
        yield Problem(fact, f"{place}:{line}", "", "change it yourself where something uses it", "note")
