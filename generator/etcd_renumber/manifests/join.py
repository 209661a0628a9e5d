"""The manifest with which a host whose data is gone comes back as a new member: `join/etcd.yaml`, installed by no step."""

from __future__ import annotations

import re

from etcd_renumber.addresses import url
from etcd_renumber.manifests.etcd import container_of, flags_of
from etcd_renumber.model import Change, Member

STATE = "--initial-cluster-state=existing"


def join_manifest(change: Change, member: Member) -> str | None:
    """This host's new etcd.yaml that joins an existing cluster: every member on its new address, state `existing`.

    Etcd compares the list with the cluster's own and refuses a short one (etcd runtime-configuration.md, "Add a new
    member"). None for a unit of systemd, and where its flags do not stand in lines
    of their own: a bridge must not wait for a file it may not need.
    """
    etcd = change.cluster.facts[member.name].etcd
    assert etcd is not None, "check() refuses a host without an etcd manifest"
    if etcd.unit:
        return None
    every = ",".join(f"{m.name}={url(m.new, etcd.peer_port)}" for m in change.cluster.mapping.members)
    text = change.manifests[member.name][0].new
    text = re.sub(r"(?m)^ *- [\"']?--initial-cluster(-state)?=.*\n", "", text)
    text = re.sub(
        r"(?m)^(?P<head> *- )[\"']?--name=.*$",
        lambda m: f"{m[0]}\n{m['head']}--initial-cluster={every}\n{m['head']}{STATE}",
        text,
        count=1,
    )
    flags = flags_of(container_of(text))
    return text if (flags.get("initial-cluster"), flags.get("initial-cluster-state")) == (every, "existing") else None
