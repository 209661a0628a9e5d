"""The bash that every runbook has, in the order in which a reviewer meets it: first the verbs, last the machinery."""

from __future__ import annotations

VERBS = ("runbook/lib/main.sh",)
MACHINERY = (
    "runbook/lib/run.sh",
    "runbook/lib/lists.sh",
    "runbook/lib/journal.sh",
    "runbook/lib/etcd.sh",
    "runbook/lib/files.sh",
    "runbook/lib/room.sh",
    "runbook/lib/unit.sh",
    "runbook/lib/host_files.sh",
    "runbook/lib/kubelet.sh",
    "runbook/lib/pods.sh",
    "runbook/lib/wanted.sh",
    "runbook/lib/routes.sh",
    "runbook/lib/connections.sh",
    "runbook/lib/peers.sh",
    "runbook/lib/wire.sh",
    "runbook/lib/gate.sh",
    "runbook/lib/progress.sh",
    "runbook/lib/pass.sh",
    "runbook/lib/der.sh",
    "runbook/lib/certs.sh",
    "runbook/lib/reissue.sh",
    "runbook/lib/leftovers.sh",
    "runbook/lib/objects.sh",
    "runbook/lib/object_text.sh",
    "runbook/lib/masterleases.sh",
    "runbook/lib/leftover_table.sh",
    "runbook/lib/leftover_files.sh",
    "runbook/lib/leftover_keys.sh",
    "runbook/lib/status.sh",
    "runbook/lib/next.sh",
)


def parts(steps: tuple[str, ...], machinery: tuple[str, ...]) -> tuple[str, ...]:
    """The files of a method: the verbs, its steps, the machinery of all and its own.

    A name with a room in it ("rolling/move") is a file that this method alone has; the others lie in steps/ and lib/.
    """
    return (*VERBS, *(_file(name, "steps") for name in steps), *MACHINERY, *(_file(name, "lib") for name in machinery))


def _file(name: str, room: str) -> str:
    return f"runbook/{name}.sh" if "/" in name else f"runbook/{room}/{name}.sh"
