"""`cp1: OLD -> NEW`, which people write, or `cp1: NEW <- OLD`, and `cp1  OLD -> NEW`, which `init` itself prints."""

from __future__ import annotations

import re

from etcd_renumber.inputs.tables.cells import (
    ARROWS,
    BACK,
    BOTH_WAYS,
    EMPTY,
    NUMBER,
    addresses,
    is_address,
    is_broken,
    is_name,
    labelled,
)
from etcd_renumber.inputs.tables.reading import Line, Reading, Row
from etcd_renumber.inputs.tables.titles import is_title

OURS = re.compile(r"\s*(line \d+ skipped|note):|mkdir -p |scp |understood, from |next, |then: |\S+/mapping\.yaml: ")
UNKNOWN = "unknown: write it into mapping.yaml"


def read(lines: list[Line], reading: Reading) -> bool:
    """Whether a line has an arrow and an address; all members must have one then."""
    pointed = [line for line in lines if _is_pointed(line.text)]
    if not pointed:
        return False
    for line in lines:
        if line in pointed:
            _take(line, reading)
        elif not addresses(line.text) or OURS.match(line.text):
            reading.skip(line)
        else:
            fact = f"this line has addresses and no arrow, as the others have: {line.text.strip()[:100]}"
            reading.refuse(fact, line.number, "write NAME OLD -> NEW, or remove it")
    return True


def _is_pointed(text: str) -> bool:
    return _has_arrow(text) and not OURS.match(text) and bool(addresses(text))


def _has_arrow(text: str) -> bool:
    return bool(ARROWS.search(text) or BACK.search(text) or BOTH_WAYS.search(text))


def _take(line: Line, reading: Reading) -> None:
    text, whole = line.text.strip()[:100], labelled(line.text.replace(UNKNOWN, "unknown")).strip()
    is_back = bool(BACK.search(whole))
    if BOTH_WAYS.search(whole) or (is_back and ARROWS.search(whole)):
        reading.refuse(f"this arrow points both ways: {text}", line.number, "write NAME OLD -> NEW")
        return
    *before, after = (BACK if is_back else ARROWS).split(whole)
    left, right = (_words(part) for part in (" ".join(before), after))
    words = [word for word in left + right if not EMPTY.fullmatch(word.casefold())]
    broken = [word for word in words if is_broken(word)]
    names = list(dict.fromkeys(word for word in words if is_name(word) and not is_address(word)))
    names = [name for name in names if not NUMBER.fullmatch(name) and not is_title(name)]
    begin, end = (right, left) if is_back else (left, right)
    olds, news = ([a for word in part for a in addresses(word)] for part in (begin, end))
    hint = "write NAME OLD -> NEW"
    if broken:
        reading.refuse(f"{broken[0]} is not an address: {text}", line.number, hint)
    elif len(names) != 1:
        fact = f"{' and '.join(names)} can each be the name" if names else "this line has no name"
        reading.refuse(f"{fact}: {text}", line.number, hint)
    elif len(olds) != 1 or len(news) > 1:
        fact = f"{len(olds)} addresses where the arrow begins and {len(news)} at its head, expected are an old one and a new one"
        reading.refuse(f"{fact}: {text}", line.number, hint)
    else:
        new = news[0] if news and news[0] != olds[0] else None
        if news and new is None:
            reading.note(f"{names[0]} has {news[0]} as old and as new address: write `stays: true` if it keeps it")
        reading.take(line.number, Row(names[0], olds[0], new))


def _words(text: str) -> list[str]:
    return [word.rstrip(":") for word in re.split(r"[,;|\s\"'`()]+", text) if word.rstrip(":")]
