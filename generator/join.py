"""The manifest with which a host whose data is gone comes back as a new member: `join/etcd.yaml`, installed by no step."""

from __future__ import annotations

import re

from generator.addresses import url
from generator.errors import Refused
from generator.etcd_flags import container_of, flags_of
from generator.model import Change, Member, Problem

STATE = "--initial-cluster-state=existing"


def join_manifest(change: Change, member: Member) -> str:
    """This host's new etcd.yaml that joins an existing cluster: every member on its new address, state `existing`.

    Etcd compares the list with the cluster's own and refuses a short one (etcd runtime-configuration.md, "Add a new
    member"). Raises Refused where the two flags cannot be written without touching anything else.
    """
    etcd = change.cluster.facts[member.name].etcd
    assert etcd is not None, "check() refuses a host without an etcd manifest"
    every = ",".join(f"{m.name}={url(m.new, etcd.peer_port)}" for m in change.cluster.mapping.members)
    text = change.manifests[member.name][0].new
    text = re.sub(r"(?m)^.*--initial-cluster-state=.*\n", "", text)
    text = re.sub(
        r"(?m)^(?P<head>\s*- )(?P<quote>[\"']?)--initial-cluster=.*$",
        lambda m: f"{m['head']}{m['quote']}--initial-cluster={every}{m['quote']}\n{m['head']}{STATE}",
        text,
    )
    flags = flags_of(container_of(text))
    if (flags.get("initial-cluster"), flags.get("initial-cluster-state")) != (every, "existing"):
        hint = "write --initial-cluster=… on a line of its own into the manifest, as kubeadm does"
        raise Refused(Problem(f"no join/etcd.yaml can be made for {member.name}", hint=hint))
    return text
