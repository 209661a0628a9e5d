"""What a bed is made of, as frozen values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Link:
    """One interface of a host: the wire it hangs on, its addresses as `ADDRESS/BITS`, and its default gateway, if any."""

    wire: str
    addresses: tuple[str, ...] = ()
    gateway: str = ""


@dataclass(frozen=True)
class HostSpec:
    """One host: `links` become eth0, eth1 …; `manifests` lie in kubelet's folder when it starts (none: no kubelet runs)."""

    name: str
    links: tuple[Link, ...]
    manifests: Mapping[str, str] = field(default_factory=dict)
    certificate_addresses: tuple[str, ...] = ()
    forwards: bool = False


@dataclass(frozen=True)
class Ran:
    """What a command on a host gave: its exit status (negative: ended by that signal), its output, the seconds it took."""

    exit: int
    text: str
    seconds: float
