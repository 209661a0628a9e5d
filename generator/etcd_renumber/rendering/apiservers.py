"""apiservers/: one runbook.sh for the hosts with a kube-apiserver and no member, and beside it the manifests of each."""

from __future__ import annotations

import hashlib

from etcd_renumber.etcd_on_host import Process
from etcd_renumber.hashes import sha256
from etcd_renumber.manifests.apiserver import FILE, flags_of, servers_of
from etcd_renumber.methods.apiservers import APISERVERS
from etcd_renumber.model import Change
from etcd_renumber.rendering.diffs import diff
from etcd_renumber.rendering.etcd_values import Value
from etcd_renumber.rendering.script import script
from etcd_renumber.rendering.values import MANIFESTS, assignments

STEM = FILE.removesuffix(".yaml")


def apiserver_files(change: Change) -> dict[str, str]:
    """Every file of that folder but its list, path below it to text."""
    groups = [(heading, assignments(group)) for heading, group in _values(change)]
    files = {"runbook.sh": script("apiservers.sh.j2", change, APISERVERS, groups)}
    for name, m in change.apiservers.items():
        files[f"{name}/{STEM}.widened.yaml"] = m.widened
        files[f"{name}/{STEM}.switched.yaml"] = m.switched
        files[f"{name}/manifests.diff"] = diff(FILE, m.old, m.widened, "old", "widened") + diff(
            FILE, m.widened, m.switched, "widened", "switched"
        )
    return files


def _values(change: Change) -> list[tuple[str, dict[str, Value]]]:
    m = change.cluster.mapping
    etcd = change.cluster.facts[m.members[0].name].etcd
    assert etcd is not None, "check() refuses a host without an etcd manifest"
    apis, names = [change.apiservers[a.name] for a in m.apiservers or ()], [a.name for a in m.apiservers or ()]
    flags = [flags_of(a.old) for a in apis]
    this: dict[str, Value] = {
        "CLUSTER": m.cluster,
        "CHANGE": m.change,
        "DIGEST": change.digest,
        "METHOD": m.method,
        "OBJECTS": m.objects,
    }
    members: dict[str, Value] = {
        "NAMES": [x.name for x in m.members],
        "OLDS": [str(x.old) for x in m.members],
        "NEWS": [str(x.new) for x in m.members],
        "CLIENT_PORT": str(etcd.client_port),
    }
    hosts: dict[str, Value] = {
        "APISERVERS": names,
        "ADDRESSES": [str(a.address) for a in m.apiservers or ()],
        "CALLS_FROM": [" ".join(map(str, (a.address, *a.calls_from))) for a in m.apiservers or ()],
        "PORTS": [f.get("secure-port", "6443") for f in flags],
        "SERVERS": [",".join(servers_of(a.old)) for a in apis],
        "ETCD_CAS": [f.get("etcd-cafile", "") for f in flags],
        "ETCD_CERTS": [f.get("etcd-certfile", "") for f in flags],
        "ETCD_KEYS": [f.get("etcd-keyfile", "") for f in flags],
        "MANIFESTS": MANIFESTS,
        "PHASES": [p.name for p in APISERVERS.phases],
        "UNDOABLE": APISERVERS.undoable,
    }
    sums: dict[str, Value] = {
        "SUMS_OLD": [sha256(a.old) for a in apis],
        "SUMS_WIDE": [sha256(a.widened) for a in apis],
        "SUMS_NEW": [sha256(a.switched) for a in apis],
        "ARGS_OLD": [_cmdline(a.processes[0]) for a in apis],
        "ARGS_WIDE": [_cmdline(a.processes[1]) for a in apis],
        "ARGS_NEW": [_cmdline(a.processes[2]) for a in apis],
    }
    return [
        ("this change", this),
        ("the members of etcd, and their addresses", members),
        ("the apiservers, and how each calls etcd", hosts),
        (
            "their manifests: bytes before, with all addresses and with the new ones, and the process each one makes",
            sums,
        ),
    ]


def _cmdline(process: Process) -> str:
    """What sha256sum says of /proc/PID/cmdline."""
    return hashlib.sha256("".join(a + "\0" for a in process.argv).encode()).hexdigest()
