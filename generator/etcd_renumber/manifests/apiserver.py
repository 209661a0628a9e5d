"""kube-apiserver.yaml of a host without a member: the same pod with other addresses of etcd, and the proof of that.

The text is never parsed and written again: one word is exchanged where it stands.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from etcd_renumber.addresses import addresses_in, url_of
from etcd_renumber.etcd_on_host import Address
from etcd_renumber.manifests.container import process
from etcd_renumber.model import ApiManifests, Problem

FILE = "kube-apiserver.yaml"
FLAG = "--etcd-servers="
OVERRIDES = "--etcd-servers-overrides="
WORD = re.compile(r"(?m)(?<![\w-])--etcd-servers=([^\s\"']+)")


def servers_of(text: str) -> list[str]:
    """The URLs of etcd that this kube-apiserver calls, in order; none where the flag is not among its words."""
    words = [w.removeprefix(FLAG) for w in process(text).argv if w.startswith(FLAG)]
    return [u for u in words[-1].split(",") if u] if words else []


def address_of(server: str) -> Address | None:
    """The address in a URL; None for a name."""
    return url_of(server).address


def flags_of(text: str) -> dict[str, str]:
    """Flag name without dashes to value, of the words that have one."""
    return dict(w.removeprefix("--").split("=", 1) for w in process(text).argv if w.startswith("--") and "=" in w)


def manifests(text: str, moves: Mapping[Address, Address]) -> ApiManifests:
    """The three texts. `moves` is old address to new one, of the members that move."""
    servers = servers_of(text)
    pairs = [(server, moved(server, moves)) for server in servers]
    widened = with_servers(text, [*servers, *(new for old, new in pairs if new != old)])
    switched = with_servers(text, [new for _, new in pairs])
    return ApiManifests(text, widened, switched, (process(text), process(widened), process(switched)))


def moved(server: str, moves: Mapping[Address, Address]) -> str:
    """The URL with the new address of the member that it names; the same where it names none that moves."""
    address = address_of(server)
    new = moves.get(address) if address else None
    if new is None:
        return server
    port = url_of(server).port
    return f"https://{f'[{new}]' if new.version == 6 else new}{f':{port}' if port else ''}"


def with_servers(text: str, servers: list[str]) -> str:
    """The text with these URLs, each once, in the word that names them."""
    value = ",".join(dict.fromkeys(servers))
    return WORD.sub(lambda match: match[0].replace(match[1], value), text, count=1)


def prove(old: str, new: str, place: str) -> list[Problem]:
    """Nothing when the new text is the old one but for the value of --etcd-servers, by bytes and as a process."""
    before, after = WORD.sub(FLAG, old), WORD.sub(FLAG, new)
    if before != after or len(WORD.findall(old)) != 1 or servers_of(new) != WORD.findall(new)[0].split(","):
        hint = f"write {FLAG}URL,URL as one word of the command of kube-apiserver, and once in the file"
        return [Problem("not only the value of --etcd-servers would change", place, "etcd-servers", hint)]
    return []


def elsewhere(text: str, addresses: set[Address]) -> list[tuple[Address, int]]:
    """Where else the manifest holds one of these addresses: address and line."""
    return [(address, line) for address, line in addresses_in(WORD.sub("", text)) if address in addresses]
