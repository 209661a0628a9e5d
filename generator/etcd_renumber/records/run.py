"""What one run of a change folder left, a rehearsal or the change itself. How it looks is the business of `report`.

Times are seconds: `at` since the run began, everything else a duration.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, Literal, TypeVar

from etcd_renumber.records.control_plane import ControlPlane, HostSeen, Lease

T = TypeVar("T")
FORMAT = 1
FOLDER, FILE = "rehearsal", "run.json"


@dataclass(frozen=True)
class Seat:
    """One member before or after, as the cluster's own list says: name, id (hex), peer and client URLs."""

    name: str
    id: str
    peer: str
    client: str


@dataclass(frozen=True)
class Moved:
    """One line of the mapping, addresses as text."""

    name: str
    old: str
    new: str
    stays: bool


@dataclass(frozen=True)
class Done:
    """One line of the order as it was carried out; `line` 0 is what happened beside the order, such as a crash.

    `kind` is phase, address or event. `gap` is the longest time without an acknowledged write in it, `acked` counts those
    since the run's beginning, `term` is etcd's raft term afterwards (0: nobody said). `said` are the last lines of a run
    that did not end as it was expected to, `ran` the commands that a rehearsal's runbook carried out. Of a real change: who
    did it (`by`), when by the host's own clock (`began`), and how many runs of that phase there were; `exit` -1 where nobody
    knows. On a real control plane: `api_gap`, as `gap` of writes through the API, and `api_away`, how long this host's own
    API was away.
    """

    line: int
    host: str
    kind: str
    what: str
    at: float
    seconds: float
    exit: int = 0
    expected: int = 0
    gap: float = 0.0
    acked: int = 0
    term: int = 0
    note: str = ""
    said: tuple[str, ...] = ()
    ran: tuple[str, ...] = ()
    by: str = ""
    began: str = ""
    commands: int = -1
    tries: int = 1
    api_gap: float = 0.0
    api_away: float = 0.0


@dataclass(frozen=True)
class Load:
    """What writers and reader saw. `rate` are acknowledged writes per `bin` seconds, `gap_at` is where the largest began."""

    writers: int
    acked: int
    failed: int
    refused: int
    lost: tuple[str, ...]
    lost_count: int
    gap: float
    gap_at: float
    bin: float
    rate: tuple[int, ...]
    read: int
    unread: int
    back: tuple[str, ...]


@dataclass(frozen=True)
class Run:
    """One run. `folder_sha256` is the hash of SHA256SUMS, so of every rendered byte; `faults` is empty when all held.

    A rehearsal has a load, a real change has none that anybody measured.
    """

    kind: Literal["rehearsal", "change"]
    cluster: str
    change: str
    method: str
    digest: str
    folder_sha256: str
    began: str
    seconds: float
    faults: tuple[str, ...]
    members: tuple[Moved, ...]
    lines: tuple[Done, ...]
    before: tuple[Seat, ...]
    after: tuple[Seat, ...]
    cluster_ids: tuple[str, str]
    terms: tuple[int, int] = (0, 0)
    load: Load | None = None
    versions: Mapping[str, str] = field(default_factory=dict)
    assumed: tuple[str, ...] = ()
    options: tuple[str, ...] = ()
    control_plane: ControlPlane | None = None
    format: int = FORMAT

    @property
    def passed(self) -> bool:
        """Everything held and nothing was lost."""
        return not self.faults


def to_json(run: Run) -> str:
    """One text, keys sorted."""
    return json.dumps(asdict(run), indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def from_json(text: str) -> Run:
    """The run again. Raises ValueError for anything else than to_json() of this format wrote."""
    data = json.loads(text)
    try:
        if data["format"] != FORMAT:
            raise ValueError(f"format {data['format']}, not {FORMAT}")
        data |= {
            "members": tuple(Moved(**m) for m in data["members"]),
            "lines": tuple(_made(Done, d) for d in data["lines"]),
            "load": data["load"] and _made(Load, data["load"]),
            "before": tuple(Seat(**s) for s in data["before"]),
            "after": tuple(Seat(**s) for s in data["after"]),
            "control_plane": _control_plane(data.get("control_plane")),
        }
        return _made(Run, data)
    except (KeyError, TypeError) as error:
        raise ValueError(f"it is no record of a run: {error}") from None


def _control_plane(data: Mapping[str, Any] | None) -> ControlPlane | None:
    if not data:
        return None
    hosts, leases = (tuple(_made(kind, d) for d in data[key]) for key, kind in (("hosts", HostSeen), ("leases", Lease)))
    return _made(ControlPlane, {**data, "hosts": hosts, "leases": leases})


def _made(kind: type[T], data: Mapping[str, Any]) -> T:
    """JSON knows no tuples, and a field that is missing is an error."""
    names = {f.name for f in fields(kind)}  # type: ignore[arg-type]
    return kind(**{k: tuple(v) if isinstance(v, list) else v for k, v in data.items() if k in names})


def last_rehearsal(folder: Path) -> Run | None:
    """The change folder's own record; None where there is none that can be read."""
    try:
        return from_json((folder / FOLDER / FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
