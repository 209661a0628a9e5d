"""The bash that every runbook has, in the order in which a reviewer meets it: first the verbs, last the machinery."""

from __future__ import annotations

VERBS = ("lib/main.sh",)
MACHINERY = (
    "lib/run.sh",
    "lib/lists.sh",
    "lib/journal.sh",
    "lib/etcd.sh",
    "lib/files.sh",
    "lib/host_files.sh",
    "lib/kubelet.sh",
    "lib/pods.sh",
    "lib/wanted.sh",
    "lib/routes.sh",
    "lib/connections.sh",
    "lib/peers.sh",
    "lib/wire.sh",
    "lib/gate.sh",
    "lib/progress.sh",
    "lib/pass.sh",
    "lib/der.sh",
    "lib/certs.sh",
    "lib/reissue.sh",
    "lib/leftovers.sh",
    "lib/status.sh",
    "lib/next.sh",
)


def parts(steps: tuple[str, ...], machinery: tuple[str, ...]) -> tuple[str, ...]:
    """The files of a method: the verbs, its steps, the machinery of all and its own."""
    return (*VERBS, *(f"steps/{name}.sh" for name in steps), *MACHINERY, *(f"lib/{name}.sh" for name in machinery))
