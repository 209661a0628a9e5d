"""RUNBOOK.md: the page that people sign, carry to the night shift and go by. What it says of a phase is in methods/."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from etcd_renumber.addresses import url
from etcd_renumber.manifests.kept import kept_texts, where
from etcd_renumber.methods.apiservers import APISERVERS
from etcd_renumber.methods.method import Method, Script
from etcd_renumber.methods.once import OF_OBJECTS
from etcd_renumber.methods.rolling_words import OTHER_WORKERS, RESTART
from etcd_renumber.methods.workers import WORKERS
from etcd_renumber.model import Change, Line, Mapping, Member
from etcd_renumber.planning.plan import SOURCE
from etcd_renumber.quorum import silence, tolerance
from etcd_renumber.rendering.api_values import port
from etcd_renumber.rendering.commands import commands, reach
from etcd_renumber.rendering.environment import environment
from etcd_renumber.rendering.exit_codes import EXIT_CODES
from etcd_renumber.rendering.values import takes_snapshot

DOWN_ON_A_WORKER = ("`move` of a worker", "continue", "its kubelet restarts; its pods keep running", "2 minutes")
FIRST_SNAPSHOT = "; the snapshot"
API_ANSWERS = "`ok: the API answers`"  # what a host without a kube-apiserver never says
ENDPOINT = """The controlPlaneEndpoint is the old address of {0}, {1}: the kubeconfigs of every host name it, and are exchanged
with the other files of their host. {1} is removed last.

"""


def page(change: Change, files: dict[str, str]) -> str:
    """The Markdown of one change. `files` are the rendered files of the hosts, for their hashes."""
    mapping = change.cluster.mapping
    first = change.cluster.facts[mapping.members[0].name].etcd
    assert first is not None, "check() refuses a host without an etcd manifest"
    size = len(mapping.members)
    return (
        environment()
        .get_template("pages/RUNBOOK.md.j2")
        .render(
            change=change,
            mapping=mapping,
            moving=[m for m in mapping.members if not m.stays],
            size=size,
            failures=tolerance(size)[1],
            method=change.method,
            columns=_columns(change),
            patient=_patient(change.method),
            after_the_order=_after_the_order(change),
            first=change.method.first_page(size),
            down=_cells(_down(change, size)),
            codes=_cells(EXIT_CODES),
            order=_cells(row(change, line) for line in change.order),
            undo=_cells(_undo(change)),
            workers=_cells((w.name, w.calls) for w in mapping.workers),
            apiservers=_cells((a.name, a.address) for a in mapping.apiservers or ()),
            apiservers_commands=_cells(_commands(APISERVERS) if mapping.apiservers is not None else ()),
            workers_commands=_cells(_commands(WORKERS) if mapping.workers else ()),
            members=_cells(
                (
                    m.name,
                    m.old,
                    "stays" if m.stays else f"{m.new}, beside {m.old}" if m.old_stays else m.new,
                    f"`{url(m.new, first.peer_port)}`",
                )
                for m in mapping.members
            ),
            founders=founders(change),
            joins=any("/join/" in name for name in files),
            kept=_cells(
                (f"`{n} {v}`", where(at), f"{why[0].upper()}{why[1:]}")
                for (n, v, why), at in kept_texts(change.cluster).items()
            ),
            table=[(n, *tolerance(n), n == size) for n in range(1, max(9, size) + 1)],
            flows=_cells(_flows(mapping, first.peer_port, first.client_port)),
            commands=_cells(_commands(change.method)),
            hashes=_cells(_hashes(change, files)),
        )
    )


def _down(change: Change, size: int) -> list[tuple[str, ...]]:
    """What is down in each line; how long without writes goes by the election timeout of this etcd."""
    words = silence(RESTART, change.cluster.election_timeouts)
    rows = [tuple(cell.replace(RESTART, words) for cell in row) for row in change.method.down(size)]
    return [*rows, *([DOWN_ON_A_WORKER] if change.cluster.mapping.workers else [])]


def _after_the_order(change: Change) -> str:
    """The kubelets of the mapping's workers are part of the change, where other workers' are not."""
    text, mapping = change.method.after_the_order, change.cluster.mapping
    if mapping.workers:
        text = text.replace(*OTHER_WORKERS)
    if mapping.endpoint:
        text = ENDPOINT.format(mapping.endpoint, mapping.members[0].old) + text
    return text


def _commands(method: Method | Script) -> list[tuple[str, str]]:
    return [(f"``{command}``" if "`" in command else f"`{command}`", where) for command, where in commands(method)]


def sha256_of(text: str) -> str:
    """Hex sha256 of a rendered file, the same that `sha256sum` prints on the host."""
    return hashlib.sha256(text.encode()).hexdigest()


def founders(change: Change) -> list[str]:
    """Members whose manifest would found a new, empty cluster on an empty data folder: they lack state `existing`."""
    found = []
    for member in change.cluster.mapping.members:
        etcd = change.cluster.facts[member.name].etcd
        if etcd is not None and etcd.flags.get("initial-cluster-state", "new") == "new":
            found.append(member.name)
    return found


def _columns(change: Change) -> list[str]:
    """The phases by what they do; those of workers and apiservers stand with the ones that move members."""
    reads, keeps, moves, closes = change.method.columns
    mapping = change.cluster.mapping
    beside = ", `move` of a worker" * bool(mapping.workers) + ", those of an apiserver" * bool(mapping.apiservers)
    return [reads, keeps, moves + beside, closes]


def _patient(method: Method) -> list[str]:
    """The phases that wait longer for Kubernetes, since no API answers before them."""
    return [f"`{phase}`" for phase, names in reach(method).items() if "kubernetes_comes_back" in names]


def _cells(rows: Iterable[Iterable[object]]) -> list[list[str]]:
    """Rows of a Markdown table: a pipe would end its cell, a line break its row."""
    return [[" ".join(str(cell).split()).replace("|", "\\|") for cell in row] for row in rows]


def row(change: Change, line: Line) -> list[object]:
    """One line of the order: number, host, what is done, what it does, what one sees, how to go back."""
    if line.kind == "phase":
        phase = change.phase(line)
        does, seen, back = phase.does, phase.seen, phase.back
        if phase == WORKERS.phase("move") and change.cluster.mapping.addresses == "replace":
            back = "`undo move`, after `undo leave` of its member"
        if line.phase == "cluster":
            does = OF_OBJECTS[change.cluster.mapping.objects]
        if line.host in change.manifests and not port(list(change.manifests[line.host])):
            seen = seen.replace(f"{API_ANSWERS}, ", "").replace(f", {API_ANSWERS}", "")
        if phase.back_stays and _member(change, line.host).stays:
            back = phase.back_stays
        if line.phase == "prepare" and takes_snapshot(change, line.host):
            does += FIRST_SNAPSHOT
    else:
        action = change.method.action(line.action)
        does, seen, back = action.does, action.seen, action.back
    command = f"`{line.text}`" if line.kind == "phase" else f"*{line.text}*"
    host = "*the source*" if line.host == SOURCE else line.host
    return [line.line, host, command, does, seen.replace("HOST", line.host), back]


def _member(change: Change, name: str) -> Member:
    return next(m for m in change.cluster.mapping.members if m.name == name)


def _undo(change: Change) -> list[tuple[str, str]]:
    """(what to run, while what holds), in the order in which a host is taken back: last phase first."""
    rows = [
        (f"`undo {p.name}`", p.undo_when) if p.undo else (f"`{p.name}`", f"no undo: {p.no_undo}")
        for p in reversed(change.method.phases)
    ]
    mapping = change.cluster.mapping
    for script, who, there in (
        (WORKERS, "a worker", mapping.workers),
        (APISERVERS, "an apiserver", mapping.apiservers),
    ):
        rows += [(f"`undo {p.name}` on {who}", p.undo_when) for p in reversed(script.phases) if p.undo and there]
    return rows


def _flows(mapping: Mapping, peer: int, client: int) -> list[tuple[str, str, str, str]]:
    """(from, to, ports, why): every member to every other one, and each apiserver on another host to all, to old and new addresses.

    A member that has moved calls from its new address, also those that have not: that flow is new to a firewall too.
    """
    members, ports, why = mapping.members, f"{client}, {peer}/tcp", "etcd clients (the gate), etcd peers"
    flows = [
        (_addresses(a), _addresses(b), ports, why)
        for b in members
        for a in members
        if a is not b and not (a.stays and b.stays)
    ]
    for one in mapping.apiservers or ():
        here = ", ".join(map(str, (one.address, *one.calls_from)))
        flows += [(here, _addresses(m), f"{client}/tcp", "kube-apiserver") for m in members if not m.stays]
    return flows


def _addresses(m: Member) -> str:
    return f"{m.old}" if m.stays else f"{m.old}, {m.new}"


def _hashes(change: Change, files: dict[str, str]) -> list[tuple[str, str]]:
    """(file, sha256): the plan, the order over ssh, and of each host its script and the list that covers the rest of it."""
    rows = [("change.json", sha256_of(change.json)), ("run.sh", sha256_of(files["run.sh"]))]
    for member in change.cluster.mapping.members:
        for name in (f"hosts/{member.name}/runbook.sh", f"hosts/{member.name}/SHA256SUMS"):
            rows.append((name, sha256_of(files[name])))
    rows += [(name, sha256_of(files[name])) for name in files if name.startswith("workers/")]
    rows += [
        (name, sha256_of(files[name])) for name in files if name in ("apiservers/runbook.sh", "apiservers/SHA256SUMS")
    ]
    return [(name, f"`{sha}`") for name, sha in rows]
