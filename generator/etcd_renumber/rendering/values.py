"""The values block of one host's runbook: the only lines in which two hosts differ.

Every value passes through shlex.quote, and lint.py checks the block line by line against that grammar.
"""

from __future__ import annotations

import hashlib
import shlex
from ipaddress import ip_address

from etcd_renumber.addresses import url
from etcd_renumber.etcd_on_host import Etcd, Process
from etcd_renumber.hashes import sha256
from etcd_renumber.manifests.apiserver import address_of, servers_of
from etcd_renumber.manifests.container import pod
from etcd_renumber.manifests.join import joining
from etcd_renumber.methods.method import Phase
from etcd_renumber.model import Change, Manifest, Mapping, Member
from etcd_renumber.planning.plan import ca_fingerprint
from etcd_renumber.rendering import api_values, etcd_values
from etcd_renumber.rendering.etcd_values import Value

MANIFESTS = "/etc/kubernetes/manifests"


def values(change: Change, member: Member) -> list[tuple[str, dict[str, Value]]]:
    """(heading, values) groups of this host, in the order they are printed."""
    etcd = change.cluster.facts[member.name].etcd
    assert etcd is not None, "check() refuses a host without an etcd manifest"
    return [
        ("this change", _change(change)),
        ("all members, in the order in which they are done", _members(change)),
        ("this host", _host(change, member)),
        ("its etcd", etcd_values.etcd(change, member, etcd)),
        ("its manifests: bytes before and after, and the process each one makes", _manifests(change, member)),
        ("its certificates that must hold both addresses", _certificates(change, member, etcd)),
    ]


def assignments(group: dict[str, Value]) -> str:
    """The bash of one group, a readonly line a value."""
    lines = []
    for name, value in group.items():
        if isinstance(value, str):
            lines.append(f"readonly {name}={shlex.quote(value)}")
        else:
            lines.append(f"readonly -a {name}=({' '.join(shlex.quote(v) for v in value)})")
    return "\n".join(lines)


def _change(change: Change) -> dict[str, Value]:
    m = change.cluster.mapping
    lines = [f"{n.line} {n.host} {n.phase or n.action}" for n in change.order]
    # What is done on a worker cannot be seen from a member: `status` names the line as "if not done".
    lines = [
        f"{n.line} {n.host} -" if m.is_beside(n.host) else line for n, line in zip(change.order, lines, strict=True)
    ]
    own: dict[str, Value] = {"ACCEPT_LOSS": "yes" if m.accept_loss else "no", "BUMP": str(m.bump_revision)}
    return {
        "CLUSTER": m.cluster,
        "CHANGE": m.change,
        "DIGEST": change.digest,
        "METHOD": m.method,
        "ADDRESSES": m.addresses,
        "OBJECTS": m.objects,
        **(own if "accept_loss" in change.method.keys else {}),
        "TOOLS_GIVEN": m.tools or "",
        "HOSTS_FILE": "yes" if m.hosts_file else "no",
        "ETCD_CA_SHA256": ca_fingerprint(change.cluster),
        "LINES_OF_PLAN": lines,
    }


def _members(change: Change) -> dict[str, Value]:
    members = change.cluster.mapping.members
    first = change.cluster.facts[members[0].name].etcd
    assert first is not None
    return {
        "NAMES": [m.name for m in members],
        "OLDS": [str(m.old) for m in members],
        "NEWS": [str(m.new) for m in members],
        "STAYS": ["yes" if m.stays else "no" for m in members],
        "OLD_URLS": [_recorded_url(change, m) for m in members],
        "NEW_URLS": [url(m.new, first.peer_port) for m in members],
        **_endpoint(change),
        "PEER_PORT": str(first.peer_port),
        "CLIENT_PORT": str(first.client_port),
        "FAMILY": str(members[0].old.version),
        **({"API_PORTS": _api_ports(change)} if change.method.keeps_quorum else {}),
    }


def _endpoint(change: Change) -> dict[str, Value]:
    """Both addresses of the member that all hosts call; empty where each calls itself or a load balancer."""
    found = next((m for m in change.cluster.mapping.members if m.name == change.cluster.mapping.endpoint), None)
    return {"ENDPOINT_OLD": str(found.old) if found else "", "ENDPOINT_NEW": str(found.new) if found else ""}


def _api_ports(change: Change) -> list[str]:
    """By member; empty where a host has no kube-apiserver."""
    members = change.cluster.mapping.members
    return [api_values.port(list(change.manifests[m.name])) for m in members]


def _recorded_url(change: Change, member: Member) -> str:
    """The old peer URL as etcd keeps it: spelled as the member's own flag spells it while that flag is the old one."""
    etcd = change.cluster.facts[member.name].etcd
    assert etcd is not None
    spelled = etcd.flags.get("initial-advertise-peer-urls", "")
    host = spelled.removeprefix("https://").rpartition(":")[0].strip("[]")
    try:
        if ip_address(host) == member.old:
            return spelled
    except ValueError:
        pass  # no address in it: check() has said what it thinks of that
    return url(member.old, etcd.peer_port)


def _host(change: Change, member: Member) -> dict[str, Value]:
    mapping = change.cluster.mapping
    snapshot: dict[str, Value] = {"SNAPSHOT": "yes" if takes_snapshot(change, member.name) else "no"}
    return {
        "HOST": member.name,
        "OWN": str(mapping.members.index(member)),
        "OLD": str(member.old),
        "NEW": str(member.new),
        "OLD_STAYS": "yes" if member.old_stays else "no",
        **(snapshot if "snapshots" in change.method.keys else {}),
        **_callers(change, member),
        "PHASES": [p.name for p in change.method.phases if runs(p, member, mapping)],
        "UNDOABLE": change.method.undoable,
    }


def _callers(change: Change, member: Member) -> dict[str, Value]:
    """Apiservers on other hosts, and from where each calls this member; empty for one that does not."""
    apis = change.cluster.mapping.apiservers
    if not apis:
        return {}
    called = {a.name: {address_of(u) for u in servers_of(change.apiservers[a.name].old)} for a in apis}
    return {
        "APISERVERS": [a.name for a in apis],
        "CALLED_FROM": [
            " ".join(map(str, (a.address, *a.calls_from))) if {member.old, member.new} & called[a.name] else ""
            for a in apis
        ],
    }


def runs(phase: Phase, member: Member, mapping: Mapping) -> bool:
    """Whether this member carries the phase out."""
    return (phase.stays or not member.stays) and (not phase.on_first or member is mapping.members[0])


def takes_snapshot(change: Change, host: str) -> bool:
    """Whether `prepare` takes one there: on the first host that moves, or on each."""
    mapping = change.cluster.mapping
    moving = [m.name for m in mapping.members if not m.stays]
    asked = {"each": moving, "one": moving[:1]}.get(mapping.snapshots, [])
    return "snapshots" in change.method.keys and host in asked


def _manifests(change: Change, member: Member) -> dict[str, Value]:
    every = change.manifests[member.name]
    known = etcd_values.known(every)
    return {
        "MANIFESTS": MANIFESTS,
        "FILES": [m.file for m in known],
        "FILES_OLD": [sha256(m.old) for m in known],
        "FILES_NEW": [sha256(m.new) for m in known],
        "PROCS": [m.new_process.name for m in known],
        "ARGS_OLD": [_cmdline_sha256(m.old_process) for m in known],
        "ARGS_NEW": [_cmdline_sha256(m.new_process) for m in known],
        "PODS": ["" if m.path else pod(m.new) for m in known],
        **(_joining(change, member, known) if change.method.begins_down else {}),
        **api_values.api(known),
        "OTHER_FILES": [m.file for m in every if m not in known and not m.path],
    }


def _joining(change: Change, member: Member, known: list[Manifest]) -> dict[str, Value]:
    """Of every file as a host without data has it, and of etcd's arguments then; empty where that cannot be written."""
    found = joining(change, member)
    if found is None:
        return {"FILES_JOIN": [], "ARGS_JOIN": ""}
    texts = [found.texts.get(m.file, m.new) if m.path or m is known[0] else m.new for m in known]
    return {"FILES_JOIN": [sha256(text) for text in texts], "ARGS_JOIN": _cmdline_sha256(found.process)}


def _cmdline_sha256(process: Process) -> str:
    """What sha256sum says of /proc/PID/cmdline: every argument ends with a NUL (proc(5))."""
    return hashlib.sha256("".join(a + "\0" for a in process.argv).encode()).hexdigest() if process.argv else ""


def _certificates(change: Change, member: Member, etcd: Etcd) -> dict[str, Value]:
    found = [
        (etcd.cert_file, etcd.key_file, etcd.trusted_ca_file),
        (etcd.peer_cert_file, etcd.peer_key_file, etcd.peer_trusted_ca_file),
    ]
    found += [pair for m in change.manifests[member.name] for pair in api_values.certificates(m)]
    unique = list(dict.fromkeys(f for f in found if all(f)))
    return {
        "CERT_FILES": [f[0] for f in unique],
        "CERT_KEYS": [f[1] for f in unique],
        "CERT_CAS": [f[2] for f in unique],
        "CERT_CA_KEYS": [etcd_values.key_of_ca(f[2]) for f in unique],
        "CERT_REQUIRED_CN": etcd.flags.get("peer-cert-allowed-cn", ""),
        "CERT_REQUIRED_HOSTNAME": etcd.flags.get("peer-cert-allowed-hostname", ""),
    }
