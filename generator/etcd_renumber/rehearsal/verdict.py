"""What must be so when the last line has been carried out, looked at from outside of the runbooks."""

from __future__ import annotations

from collections.abc import Mapping

from etcd_renumber.addresses import url
from etcd_renumber.hashes import sha256
from etcd_renumber.model import Change, Member
from etcd_renumber.records.run import Seat
from etcd_renumber.rehearsal.replica import Replica
from etcd_renumber.rehearsal.testbed.load_client import Writer
from etcd_renumber.rendering.values import MANIFESTS


def seats(replica: Replica) -> tuple[Seat, ...]:
    """The member list as the first host that answers has it, in the mapping's order."""
    for member in replica.roster:
        if replica[member.name].etcd_pid() and (found := replica.members(member.name)):
            names = [m.name for m in replica.roster if m.name in found]
            return tuple(Seat(n, *found[n]) for n in [*names, *sorted(set(found) - set(names))])
    return ()


def cluster(replica: Replica) -> tuple[str, int]:
    """(cluster id in hex, raft term) as the first host that answers says; ("", 0) where none does."""
    for member in replica.roster:
        if found := replica.endpoint(member.name):
            return f"{int(found['ClusterID']):x}", int(found["RaftTerm"])
    return "", 0


def faults_at_the_end(
    replica: Replica, before: tuple[Seat, ...], after: tuple[Seat, ...], ids: tuple[str, str]
) -> list[str]:
    """Everything that is not as the plan says, in words."""
    change = replica.change
    faults = _members(change, after)
    if not change.method.same_cluster:
        faults += ["the cluster id has not changed: members of the old cluster could join again"] * (ids[0] == ids[1])
    else:
        faults += [f"the cluster id was {ids[0]} and is {ids[1]}"] * (ids[0] != ids[1])
        faults += ["a member id differs from before"] * ({s.id for s in before} != {s.id for s in after})
    for member in replica.roster:
        faults += _host(replica, change, member)
    return faults + [f"a connection of etcd has an old address: {row}" for row in replica.old_connections()]


def faults_of_the_load(writer: Writer) -> tuple[list[str], list[str]]:
    """(faults, the keys that were acknowledged and are not there)."""
    try:
        lost = writer.lost()
    except RuntimeError as error:
        return [f"lost writes could not be counted: {error}"], []
    faults = [f"{len(lost)} acknowledged writes are lost, the first is {lost[0]}"] if lost else []
    faults += [f"a read went back in time: {what}" for _, what in writer.back[:3]]
    return faults, lost


def _members(change: Change, after: tuple[Seat, ...]) -> list[str]:
    first = change.cluster.facts[change.cluster.mapping.members[0].name].etcd
    assert first is not None
    wanted = {m.name: m.new for m in change.cluster.mapping.members}
    there: Mapping[str, str] = {s.name: s.peer for s in after}
    return [
        f"{name} is recorded on {there.get(name, 'nothing')}, not on {url(address, first.peer_port)}"
        for name, address in wanted.items()
        if there.get(name) != url(address, first.peer_port)
    ] + [f"{name} is a member but not in the plan" for name in sorted(there.keys() - wanted.keys())]


def _host(replica: Replica, change: Change, member: Member) -> list[str]:
    """Addresses and manifests of one host."""
    faults = []
    if not replica.has(member.name, member.new):
        faults.append(f"{member.name} does not have {member.new}")
    if not member.stays and replica.has(member.name, member.old):
        faults.append(f"{member.name} still has {member.old}")
    for manifest in change.manifests[member.name]:
        path = replica[member.name].path(manifest.path or f"{MANIFESTS}/{manifest.file}")
        if not path.is_file() or sha256(path.read_text(encoding="utf-8")) != sha256(manifest.new):
            faults.append(f"{member.name}'s {manifest.file} is not the reviewed new one")
    return faults
