"""`etcdctl member list` of etcd 2 to 3.7 in all its outputs, and `endpoint status`, which is told what it is."""

from __future__ import annotations

import json
import re
from typing import Any

from etcd_renumber.addresses import addresses_in
from etcd_renumber.inputs.tables.cells import RULER
from etcd_renumber.inputs.tables.members import Listed, take
from etcd_renumber.inputs.tables.reading import Line, Reading
from etcd_renumber.inputs.tables.shapes import mappings_of, texts_of

ID = r"[0-9A-Fa-f]{1,16}"
SIMPLE = re.compile(rf"\s*({ID}), (started|unstarted),(?: |$)")
TABLE = re.compile(rf"\s*\|\s*({ID})\s*\|\s*(started|unstarted)\s*\|")
ETCD2 = re.compile(rf"\s*({ID})(\[unstarted\])?: (?=(?:name|peerURLs)=)")
DECIMAL = re.compile(r"[0-9]{1,20}")  # an id has 64 bits
FIELD = re.compile(r'\s*"(\w+)" : (.*)')
STATUS = re.compile(
    rf"\s*\S+:\d+, {ID}, \d+\.\d+\.\d+,|\s*\|?\s*ENDPOINT\s*\||\s*\"Endpoint\" : |\S+ is (un)?healthy: "
)
INSTEAD = "give `etcdctl member list` instead; simple, table, json and fields are all read"


def read(lines: list[Line], reading: Reading) -> bool:
    """Whether the lines are one of these outputs; their members are taken then."""
    if any(STATUS.match(line.text) for line in lines):
        line = next(line for line in lines if STATUS.match(line.text))
        endpoint_status(reading, line.number)
        return True
    if any(FIELD.match(line.text) for line in lines):
        return _fields(lines, reading)
    if not any(form.match(line.text) for line in lines for form in (SIMPLE, TABLE, ETCD2)):
        return False
    for line in lines:
        member = _member(line)
        if member:
            take(member, reading)
        elif addresses_in(line.text):
            fact = f"this is no line of `etcdctl member list`: {line.text.strip()[:100]}"
            reading.refuse(fact, line.number, "remove it, or give the list alone")
        elif not RULER.fullmatch(line.text):
            reading.skip(line)
    return True


def endpoint_status(reading: Reading, line: int = 0) -> None:
    """It names endpoints and ids, and no member."""
    fact = "this is `etcdctl endpoint status` or `endpoint health`, which has no names of members"
    reading.refuse(fact, line, INSTEAD)


def of_json(data: dict[str, Any], reading: Reading) -> None:
    """`-w json`, the answer of etcd's HTTP gateway, and that of etcd 2's /v2/members."""
    for one in mappings_of(data["members"]):
        number = one.get("ID", one.get("id", ""))
        member = Listed(
            0,
            _hex(number),
            str(one.get("name") or ""),
            texts_of(one.get("peerURLs")),
            texts_of(one.get("clientURLs")),
            one.get("isLearner") in (True, "true"),
        )
        take(member, reading)


def _member(line: Line) -> Listed | None:
    """A line of simple, of table or of etcd 2."""
    if match := ETCD2.match(line.text):
        said = dict(word.partition("=")[::2] for word in line.text[match.end() :].split())
        urls = [tuple(filter(None, said.get(key, "").split(","))) for key in ("peerURLs", "clientURLs")]
        return Listed(line.number, match[1], said.get("name", ""), urls[0], urls[1])
    if SIMPLE.match(line.text):
        cells = re.split(r", |,$", line.text.strip())
    elif TABLE.match(line.text):
        cells = line.text.strip().strip("|").split("|")
    else:
        return None
    number, _, name, peers, clients, learner = [*(cell.strip() for cell in cells), "", "", "", ""][:6]
    urls = [tuple(url.strip() for url in cell.split(",") if url.strip()) for cell in (peers, clients)]
    return Listed(line.number, number, name, urls[0], urls[1], learner == "true")


def _fields(lines: list[Line], reading: Reading) -> bool:
    """`-w fields`: a line for each field, members one after another, each from its "ID" on."""
    members: list[tuple[int, list[tuple[str, str]]]] = []
    for line in lines:
        match = FIELD.match(line.text)
        if not match:
            if line.text.strip():
                reading.skip(line)
        elif match[1] == "ID":
            id_ = match[2].strip()
            number = int(id_) if DECIMAL.fullmatch(id_) else _value(id_)
            members.append((line.number, [(match[1], _hex(number))]))
        elif members:
            members[-1][1].append((match[1], _value(match[2])))
    for place, pairs in members:
        said = dict(pairs)
        peers, clients = (tuple(v for k, v in pairs if k == key) for key in ("PeerURL", "ClientURL"))
        take(Listed(place, said["ID"], said.get("Name", ""), peers, clients, said.get("IsLearner") == "true"), reading)
    return bool(members)


def _hex(number: Any) -> str:
    """An id as etcdctl's other commands take it. Numbers are decimal, and so are texts that are too long for an id."""
    text = str(number)
    is_decimal = isinstance(number, int) or (len(text) > 16 and DECIMAL.fullmatch(text))
    return f"{int(text):x}" if is_decimal else text


def _value(text: str) -> str:
    """A value as Go quotes it, which JSON reads, too, but for what is no text of an etcd."""
    try:
        return str(json.loads(text)) if text.startswith('"') else text.strip()
    except ValueError:
        return text.strip('" ')
