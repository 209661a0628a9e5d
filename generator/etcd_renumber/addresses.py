"""Whole addresses in any text: found in every spelling, exchanged where they stand, everything else byte for byte."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address
from urllib.parse import urlsplit

from etcd_renumber.model import Address

# A whole address: nothing before or after it that would make it part of a longer number, name, version or hex blob.
# A hyphen is part of a host name (`node-192.0.2.1`), except between two addresses (`192.0.2.1-192.0.2.9`).
# A prefix length may follow: `192.0.2.1/24` is that host's address. Brackets are neighbours, so they stay as they are.
QUAD = r"\d{1,3}(?:\.\d{1,3}){3}"
BEFORE = r"(?<![\w.%])(?<![A-Za-z_]-)"
AFTER = r"(?![\w%]|\.\w|-(?!\d+\.|[0-9A-Fa-f]*:))"
V4 = re.compile(rf"{BEFORE}{QUAD}{AFTER}", re.ASCII)
V6 = re.compile(rf"{BEFORE}(?<!:)(?:[0-9A-Fa-f]{{0,4}}:){{2,}}(?:{QUAD}|[0-9A-Fa-f]{{0,4}}){AFTER}(?!:)", re.ASCII)
RANGE = re.compile(rf"{QUAD}-\Z")


def renumber(text: str, moves: Mapping[Address, Address]) -> str:
    """The text with every whole address that is a key of `moves` exchanged, all at once (never twice).

    IPv6 is found in any spelling and written compressed (RFC 5952). An IPv4-mapped address moves with its IPv4 address.
    """
    if not may_hold_an_address(text):
        return text
    parts, done = [], 0
    for start, end, address in _tokens(text):
        if address in moves:
            mapped = "::ffff:" if address.version == 4 and ":" in text[start:end] else ""
            parts += [text[done:start], mapped, str(moves[address])]
            done = end
    return "".join([*parts, text[done:]])


def addresses_in(text: str) -> list[tuple[Address, int]]:
    """Every whole address with its line, counted from 1, in order. An IPv4-mapped one is given as its IPv4 address."""
    found, line, done = [], 1, 0
    for start, _, address in _tokens(text):
        line += text.count("\n", done, start)
        done = start
        found.append((address, line))
    return found


def may_hold_an_address(text: str) -> bool:
    """False where no address can stand in it, which is quickly said: each has a point or a colon."""
    return "." in text or ":" in text


def _tokens(text: str) -> Iterator[tuple[int, int, Address]]:
    """(start, end, address) of each token. What looks like IPv6 and is none (`cafe:beef:192.0.2.1`) may end in IPv4."""
    spans: list[tuple[int, int, Address]] = []
    for match in V6.finditer(text) if ":" in text else ():
        token = match[0][:-1] if re.search(r"[^:]:\Z", match[0]) else match[0]  # a YAML key: `2001:db8::1: value`
        address = _address(token)
        if isinstance(address, IPv6Address):
            spans.append((match.start(), match.start() + len(token), address.ipv4_mapped or address))
    taken = [(start, end) for start, end, _ in spans]
    for match in V4.finditer(text):
        start, end = match.span()
        in_name = text[start - 1 : start] == "-" and not RANGE.search(text, max(0, start - 16), start)
        address = _address(match[0])
        if address and not in_name and not any(a <= start < b for a, b in taken):
            spans.append((start, end, address))
    yield from sorted(spans, key=lambda span: span[0])


def _address(token: str) -> Address | None:
    try:
        return ip_address(token)
    except ValueError:
        return None


@dataclass(frozen=True)
class Url:
    """One URL as etcd's flags have it; what cannot be read in it is empty. `host` has no brackets."""

    scheme: str
    host: str
    port: int | None

    @property
    def address(self) -> Address | None:
        """Of its host; None where that is a name, or nothing."""
        return _address(self.host)


def url_of(text: str) -> Url:
    """The only reader of URLs: a text that is none is an empty one."""
    try:
        split = urlsplit(text.strip())
        return Url(split.scheme, split.hostname or "", split.port)
    except ValueError:
        return Url("", "", None)


def is_loopback(host: str) -> bool:
    """Whether nobody but this host can reach it; `localhost` is the one name that etcd listens on."""
    address = _address(host)
    return host == "localhost" or (address is not None and address.is_loopback)


def url(address: Address, port: int) -> str:
    """The https URL of an address, as etcd spells it: IPv6 in brackets."""
    return f"https://[{address}]:{port}" if address.version == 6 else f"https://{address}:{port}"
