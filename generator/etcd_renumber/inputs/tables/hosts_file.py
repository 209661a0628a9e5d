"""/etc/hosts: an address and the names of its host in a line; localhost and the like are no members."""

from __future__ import annotations

from ipaddress import ip_address

from etcd_renumber.inputs.tables.cells import is_address, is_name
from etcd_renumber.inputs.tables.reading import Line, Reading, Row
from etcd_renumber.model import Address

OWN = ("localhost", "broadcasthost", "ip6-")


def read(lines: list[Line], reading: Reading) -> bool:
    """Whether every line is one of /etc/hosts, and something shows that it is no table of another kind."""
    entries = [(line, words) for line in lines if (words := line.text.partition("#")[0].split())]
    if not entries or not all(_is_entry(words) for _, words in entries):
        return False
    if not any(_is_own(words) for _, words in entries) and not all(_are_one_host(words[1:]) for _, words in entries):
        return False
    left: list[str] = []
    for line, (text, name, *aliases) in entries:
        if _is_own([text, name]):
            reading.skip(line)
        elif not is_name(name):
            reading.refuse(f"{name} is no name of a member", line.number, "remove the line if it is of no member")
        else:
            reading.take(line.number, Row(name, _address(text), None))
            left += aliases
    if reading.rows:
        reading.note("read as /etc/hosts, every host of it: remove from mapping.yaml what is no member")
    if left:
        also = f"the first name of each line is taken, not {', '.join(left)}"
        reading.note(f"{also}; the right one is the value of `etcd --name`")
    return True


def _is_entry(words: list[str]) -> bool:
    """An address, then names and nothing that could be a second address."""
    return len(words) > 1 and is_address(words[0]) and "/" not in words[0] and not any(map(is_address, words[1:]))


def _is_own(words: list[str]) -> bool:
    """A line that every host has for itself: loopback, 127.0.1.1, multicast names."""
    address = _address(words[0])
    is_of_none = address.is_loopback or address.is_multicast or address.is_link_local or address.is_unspecified
    return is_of_none or words[1].startswith(OWN)


def _are_one_host(names: list[str]) -> bool:
    """`cp1 cp1.example.com`: the same name, shorter and longer. Otherwise the second word may be anything."""
    return len({name.partition(".")[0].casefold() for name in names}) == 1


def _address(text: str) -> Address:
    try:
        return ip_address(text.strip("[]").partition("%")[0])
    except ValueError:
        return ip_address("0.0.0.0")  # with a port: no line of /etc/hosts, and no member's
