"""The words of the tool as frozen values: what a user gave, what the hosts said, what will be done.

Nothing here reads, prints or decides. Addresses are ipaddress objects everywhere; text only at the edges.
"""

from __future__ import annotations

from collections.abc import Mapping as Dict
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path
from typing import Literal

from etcd_renumber.methods.method import Method, Phase
from etcd_renumber.methods.workers import WORKERS

Address = IPv4Address | IPv6Address
Severity = Literal["error", "warning", "note"]


@dataclass(frozen=True)
class Problem:
    """One thing a user should know: the fact (its value inside), where it stands, what to do about it.

    `place` is `FILE`, `FILE:LINE` or `FILE:LINE:COLUMN`, both counted from 1, the file as the user named it.
    """

    fact: str
    place: str = ""
    key: str = ""
    hint: str = ""
    severity: Severity = "error"

    def __str__(self) -> str:
        return f"{self.fact} ({self.hint})" if self.hint else self.fact


@dataclass(frozen=True)
class Member:
    """One line of the mapping. `new` equals `old` for a member that stays.

    `old_stays`: the host keeps its old address beside the new one, for other things.
    """

    name: str
    old: Address
    new: Address
    stays: bool = False
    ssh: tuple[str, ...] = ()
    old_stays: bool = False


@dataclass(frozen=True)
class Worker:
    """A host whose kubelet calls a member by its old address. `name` is its Node's, `calls` the name of that member."""

    name: str
    calls: str
    ssh: tuple[str, ...] = ()


@dataclass(frozen=True)
class Mapping:
    """mapping.yaml, read. `places` maps a dotted key (`members.0.new`) to `FILE:LINE:COLUMN`."""

    cluster: str
    change: str
    members: tuple[Member, ...]
    facts: Path
    method: str = "rolling"
    addresses: str = "both"
    snapshots: str = "one"
    objects: str = "list"
    accept_loss: bool = False
    bump_revision: int = 1_000_000_000
    tools: str | None = None
    address_command: str | None = None
    hosts_file: bool = False
    endpoint: str = ""  # the member whose old address is the controlPlaneEndpoint: kubeconfigs of all hosts name it
    certificates: str = "wide"
    workers: tuple[Worker, ...] = ()
    places: Dict[str, str] = field(default_factory=dict, compare=False)

    def moves(self) -> dict[Address, Address]:
        """Old address to new one, of every member that does not stay, in the mapping's order."""
        return {m.old: m.new for m in self.members if not m.stays}

    def is_worker(self, host: str) -> bool:
        """Whether this host is one of the workers."""
        return any(w.name == host for w in self.workers)


@dataclass(frozen=True)
class Process:
    """The first container of a static pod as /proc will show it: `argv` is command and args together.

    `name` is what /proc/PID/comm says (at most 15 bytes); empty when the manifest leaves the command to the image.
    Of a unit's etcd `argv` is what tells it apart: its arguments without the program, then its ETCD_ variables, sorted.
    """

    name: str
    argv: tuple[str, ...]


@dataclass(frozen=True)
class Unit:
    """An etcd that systemd runs and no kubelet. `paths`: file of the facts to where the host has it, the one that names the
    peer URLs first. `program` is the path of etcd, empty where the facts have no unit file; `arguments` come after it.
    """

    name: str
    program: str
    arguments: tuple[str, ...]
    variables: Dict[str, str]
    paths: Dict[str, str]


@dataclass(frozen=True)
class Etcd:
    """What a member's own etcd.yaml says, or its unit. Paths are the host's (hostPath), not the container's.

    `flags` holds every flag without its dashes, `env: ETCD_*` folded in (a flag wins); a bare flag has the value "true".
    """

    name: str
    data_dir: str
    wal_dir: str | None
    peer_port: int
    client_port: int
    listen_peer: tuple[Address, ...]
    listen_client: tuple[Address, ...]
    cert_file: str
    key_file: str
    trusted_ca_file: str
    peer_cert_file: str
    peer_key_file: str
    peer_trusted_ca_file: str
    flags: Dict[str, str]
    image: str
    unit: Unit | None = None


@dataclass(frozen=True)
class Facts:
    """What was read from one host before: manifests by name, etcd's public CA where given, and the files of etcd's unit."""

    member: str
    folder: Path
    manifests: Dict[str, str]
    ca_pem: str | None = None
    etcd: Etcd | None = None
    unit_files: Dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Cluster:
    """The mapping with the facts of its hosts, by member name. A host without facts is missing from `facts`.

    `ca_fingerprint` is known beforehand where the cluster comes out of a change.json; else the facts have the CA.
    """

    mapping: Mapping
    facts: Dict[str, Facts]
    ca_fingerprint: str = ""


@dataclass(frozen=True)
class Manifest:
    """One manifest of one host before and after. `old` equals `new` where it holds no address that moves. `path`: where the
    host has it, for a file of etcd's unit; empty for one of kubelet's folder.
    """

    file: str
    old: str
    new: str
    old_process: Process
    new_process: Process
    path: str = ""

    @property
    def changes(self) -> bool:
        """True when the new bytes are other bytes."""
        return self.old != self.new


@dataclass(frozen=True)
class Line:
    """One numbered line of RUNBOOK.md. `kind` phase: `phase` is run on `host`; kind address: a person does `action`."""

    line: int
    host: str
    kind: Literal["phase", "address"]
    phase: str = ""
    action: str = ""
    text: str = ""


@dataclass(frozen=True)
class Change:
    """The plan as data: all that is rendered comes from here and from the templates.

    `json` is the text of change.json, `digest` the first 12 hex digits of its sha256.
    """

    cluster: Cluster
    method: Method
    order: tuple[Line, ...]
    manifests: Dict[str, tuple[Manifest, ...]]
    json: str
    digest: str

    def phase(self, line: Line) -> Phase:
        """What is run in that line: a phase of the method, or of the workers. Raises KeyError for a line of kind address."""
        on_a_worker = self.cluster.mapping.is_worker(line.host)
        return (WORKERS if on_a_worker else self.method).phase(line.phase)

    def order_with(self, *workers: str) -> tuple[Line, ...]:
        """The lines of the order, but for those on other workers than these."""
        left_out = {w.name for w in self.cluster.mapping.workers}.difference(workers)
        return tuple(line for line in self.order if line.host not in left_out)
