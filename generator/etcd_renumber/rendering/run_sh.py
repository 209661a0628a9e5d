"""run.sh: the order of RUNBOOK.md over ssh. Its values are the only thing in it that two changes differ in."""

from __future__ import annotations

from etcd_renumber.hashes import sha256
from etcd_renumber.model import Change, Member
from etcd_renumber.rendering.environment import environment, inlined
from etcd_renumber.rendering.etcd_values import Value
from etcd_renumber.rendering.runbook_md import row
from etcd_renumber.rendering.values import MANIFESTS, assignments

# In the order in which a reviewer meets it: the verbs, the lines, what they are made of, then what is sent to the hosts.
PARTS = (
    "run_sh/main.sh",
    "run_sh/order.sh",
    "run_sh/line.sh",
    "run_sh/person.sh",
    "run_sh/restore.sh",
    "run_sh/follow.sh",
    "run_sh/carry.sh",
    "run_sh/status.sh",
    "run_sh/evidence.sh",
    "run_sh/signed.sh",
    "run_sh/reach.sh",
    "run_sh/transport.sh",
    "run_sh/say.sh",
    "runbook/lib/lists.sh",
    "run_sh/there.sh",
    "run_sh/there_runs.sh",
)


def run_script(change: Change, files: dict[str, str]) -> str:
    """The bash of run.sh. `files` are the rendered files of the hosts: it knows their folders by hash."""
    mapping = change.cluster.mapping
    return (
        environment()
        .get_template("run_sh/run.sh.j2")
        .render(
            cluster=mapping.cluster,
            change=mapping.change,
            method=mapping.method,
            digest=change.digest,
            values=[(heading, assignments(group)) for heading, group in _values(change, files)],
            parts=inlined(PARTS),
        )
    )


def _values(change: Change, files: dict[str, str]) -> list[tuple[str, dict[str, Value]]]:
    mapping = change.cluster.mapping
    members, workers, apis = mapping.members, mapping.workers, mapping.apiservers or ()
    beside = [w.name for w in workers] + [a.name for a in apis]
    names = [*(m.name for m in members), *beside]
    none = ["" for _ in beside]  # such a host has no etcd, and keeps its address
    tops = [*(f"hosts/{m.name}" for m in members), *("workers" for _ in workers), *("apiservers" for _ in apis)]
    undoable = [name for host in beside for name in change.script(host).undoable]
    rows = [[_plain(cell) for cell in row(change, line)] for line in change.order]
    this: dict[str, Value] = {
        "CLUSTER": mapping.cluster,
        "CHANGE": mapping.change,
        "DIGEST": change.digest,
        "METHOD": mapping.method,
        "MANIFESTS": MANIFESTS,
        "ADDRESS_COMMAND": mapping.address_command or "",
        "LAST_CHANGE": change.method.last_change,
        "UNDOABLE": list(dict.fromkeys([*change.method.undoable, *undoable])),
    }
    hosts: dict[str, Value] = {
        "NAMES": names,
        "WIDTH": str(max(map(len, names))),
        "OLDS": [*(str(m.old) for m in members), *none],
        "NEWS": [*(str(m.new) for m in members), *none],
        "SSH_OF": [" ".join(m.ssh) for m in members]
        + [" ".join(w.ssh) or w.name for w in workers]
        + [" ".join(a.ssh) or str(a.address) for a in apis],
        "PLACES": tops,
        "FOLDERS": [sha256(files[f"{top}/SHA256SUMS"]) for top in tops],
        **_etcd_manifests(change, members, none),
    }
    order: dict[str, Value] = {
        "LINES_OF_PLAN": [f"{n.line} {n.host} {n.phase or n.action}" for n in change.order],
        "DOES": [r[3] for r in rows],
        "SEEN": [r[4] for r in rows],
        "BACK": [r[5] for r in rows],
    }
    return [
        ("this change", this),
        (
            f"all {'hosts' if beside else 'members'}: where they answer, their folders, and their etcd manifests before and after",
            hosts,
        ),
        ("the lines of RUNBOOK.md, and what it says of each", order),
    ]


def _etcd_manifests(change: Change, members: tuple[Member, ...], none: list[str]) -> dict[str, Value]:
    """By which bytes a host is known to be the member's; empty for a worker, which its Node's name tells."""
    first = [change.manifests[m.name][0] for m in members]
    return {
        "ETCD_FILES": [*(m.path or m.file for m in first), *none],
        "ETCD_OLD": [*(sha256(m.old) for m in first), *none],
        "ETCD_NEW": [*(sha256(m.new) for m in first), *none],
    }


def _plain(cell: object) -> str:
    """A cell of the page as a terminal shows it."""
    return " ".join(str(cell).replace("`", "").replace("*", "").split())
