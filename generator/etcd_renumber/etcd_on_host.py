"""The etcd of one host and its process, as frozen values: what a static pod or a unit of systemd says of it."""

from __future__ import annotations

from collections.abc import Mapping as Dict
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address

Address = IPv4Address | IPv6Address


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
