"""The methods, each one value in a file of its own: what a Kubernetes engineer reviews.

A step is a function of templates/runbook; the runbook calls them in this order and nothing else.
"""

from __future__ import annotations

from collections.abc import Sequence

from etcd_renumber.methods.bridge import BRIDGE
from etcd_renumber.methods.external import external
from etcd_renumber.methods.method import Method
from etcd_renumber.methods.narrow import narrowed
from etcd_renumber.methods.restore import RESTORE
from etcd_renumber.methods.rolling import BOTH, REPLACE

METHODS: dict[str, Method] = {m.name: m for m in (BOTH, BRIDGE, RESTORE)}


def chosen(
    method: str, addresses: str, certificates: str = "wide", apiservers: Sequence[object] | None = None
) -> Method:
    """The method of a mapping. Where `addresses: replace` takes the old address away before the new one comes, it has a
    phase more, and so it has where `certificates: narrow` takes the old addresses out of the certificates at the end.
    `apiservers` that are given, even none of them, say that no member has a kube-apiserver."""
    found = REPLACE if addresses == "replace" else METHODS[method]
    if apiservers is not None and found.keeps_quorum:
        found = external(found, bool(apiservers))
    return narrowed(found) if certificates == "narrow" else found
