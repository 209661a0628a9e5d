"""The words of the tool as frozen values: what a user gave, what the hosts said, what will be done.

Nothing here reads, prints or decides. Addresses are ipaddress objects everywhere; text only at the edges.
"""

from __future__ import annotations

from collections.abc import Mapping as Dict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from etcd_renumber.etcd_on_host import Address as Address
from etcd_renumber.etcd_on_host import Etcd, Process
from etcd_renumber.methods.apiservers import APISERVERS
from etcd_renumber.methods.method import Method, Phase, Script
from etcd_renumber.methods.workers import WORKERS

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
class Apiserver:
    """A host with a kube-apiserver and no member: it calls etcd over the network. `address` is its own, and stays.

    `calls_from` are further addresses of it, from which its calls to etcd may leave.
    """

    name: str
    address: Address
    ssh: tuple[str, ...] = ()
    calls_from: tuple[Address, ...] = ()


@dataclass(frozen=True)
class Mapping:
    """mapping.yaml, read. `places` maps a dotted key (`members.0.new`) to `FILE:LINE:COLUMN`.

    `apiservers` is None where the mapping does not say whose etcd this is, and empty where no Kubernetes uses it.
    """

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
    apiservers: tuple[Apiserver, ...] | None = None
    places: Dict[str, str] = field(default_factory=dict, compare=False)

    def moves(self) -> dict[Address, Address]:
        """Old address to new one, of every member that does not stay, in the mapping's order."""
        return {m.old: m.new for m in self.members if not m.stays}

    def is_worker(self, host: str) -> bool:
        """Whether this host is one of the workers."""
        return any(w.name == host for w in self.workers)

    def is_apiserver(self, host: str) -> bool:
        """Whether this host is one of the apiservers."""
        return any(a.name == host for a in self.apiservers or ())

    def is_beside(self, host: str) -> bool:
        """Whether this host has no member: a worker or an apiserver."""
        return self.is_worker(host) or self.is_apiserver(host)


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

    `apiservers` are the manifests of kube-apiserver on the hosts of that name.
    `ca_fingerprint` is known beforehand where the cluster comes out of a change.json; else the facts have the CA.
    """

    mapping: Mapping
    facts: Dict[str, Facts]
    ca_fingerprint: str = ""
    apiservers: Dict[str, str] = field(default_factory=dict)

    @property
    def election_timeouts(self) -> list[str]:
        """Milliseconds as text, of every member whose etcd has the flag."""
        every = (facts.etcd.flags.get("election-timeout", "") for facts in self.facts.values() if facts.etcd)
        return [timeout for timeout in every if timeout]


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
class ApiManifests:
    """kube-apiserver.yaml of a host that has no member: as it is, with old and new addresses of etcd, with the new ones alone."""

    old: str
    widened: str
    switched: str
    processes: tuple[Process, Process, Process]


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
    apiservers: Dict[str, ApiManifests] = field(default_factory=dict)

    def script(self, host: str) -> Method | Script:
        """Whose phases are run there: the method's, or those of the workers or of the apiservers."""
        mapping = self.cluster.mapping
        return WORKERS if mapping.is_worker(host) else APISERVERS if mapping.is_apiserver(host) else self.method

    def phase(self, line: Line) -> Phase:
        """What is run in that line. Raises KeyError for a line of kind address."""
        return self.script(line.host).phase(line.phase)

    def order_with(self, *beside: str) -> tuple[Line, ...]:
        """The lines of the order, but for those on other workers and apiservers than these."""
        is_beside = self.cluster.mapping.is_beside
        return tuple(line for line in self.order if line.host in beside or not is_beside(line.host))
