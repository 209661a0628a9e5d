"""Rules over `endpoint`: the member whose old address is the controlPlaneEndpoint of all hosts."""

from __future__ import annotations

from collections.abc import Iterator

from etcd_renumber.model import Cluster, Problem


def endpoint_rules(cluster: Cluster) -> Iterator[Problem]:
    """It is the first member, since the others follow it; every one of them moves, since its kubeconfigs must follow."""
    mapping = cluster.mapping
    if not mapping.endpoint:
        return
    place, first = mapping.places.get("endpoint", ""), mapping.members[0]
    if mapping.endpoint != first.name:
        if mapping.endpoint in {m.name for m in mapping.members}:
            fact, hint = f"{mapping.endpoint} is not the first member", "move its line to the top: the others follow it"
        else:
            names = ", ".join(m.name for m in mapping.members)
            fact, hint = f"no member is called {mapping.endpoint}", f"name the member; they are {names}"
        yield Problem(f"endpoint: {fact}", place, "endpoint", hint)
        return
    if first.stays:
        fact = f"endpoint: {first.name} keeps its address"
        yield Problem(fact, place, "endpoint", "remove this key: nothing that calls it has to follow")
        return
    if mapping.addresses == "replace":
        fact = (
            f"not supported: endpoint with addresses: replace. While {first.name} has no address, no kubelet has an API"
        )
        yield Problem(fact, place, "endpoint", "use addresses: both; or put a load balancer in front of the API first")
    for member in mapping.members:
        if member.stays:
            fact = f"not supported: endpoint where a member keeps its address. Nothing exchanges the kubeconfigs of {member.name}"
            yield Problem(fact, place, "endpoint", "put a load balancer in front of the API first")
