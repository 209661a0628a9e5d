"""Lines that say at each value what it is: `cp1 old=ADDRESS new=ADDRESS`, `name: cp1, old: ADDRESS`."""

from __future__ import annotations

import re

from etcd_renumber.inputs.tables.cells import NUMBER, addresses, is_address, is_name
from etcd_renumber.inputs.tables.columns import Grid
from etcd_renumber.inputs.tables.reading import Line, Reading
from etcd_renumber.inputs.tables.titled import read_grid
from etcd_renumber.inputs.tables.titles import is_title, meaning

PAIR = re.compile(r"(?:^|(?<=[\s,;|(\-]))([^\W\d][\w-]*)\s*[=:]\s*([^\s,;|)]+)")


def read(lines: list[Line], reading: Reading) -> bool:
    """Whether each address of a line has its word, an old or a new one among them; all lines with addresses then must."""
    said = [(line, _said(line.text)) for line in lines if addresses(line.text)]
    if not any({meaning(key, True) for key in pairs if addresses(pairs[key])} & {"old", "new"} for _, pairs in said):
        return False
    titles = tuple(dict.fromkeys(key for _, pairs in said for key in pairs))
    rows = []
    for line in lines:
        pairs = next((pairs for other, pairs in said if other is line), None)
        if pairs is None:
            reading.skip(line)
        elif len(addresses(" ".join(pairs.values()))) < len(addresses(line.text)):
            fact = (
                f"not every address of this line says whether it is the old or the new one: {line.text.strip()[:100]}"
            )
            reading.refuse(fact, line.number, "write NAME old=ADDRESS new=ADDRESS")
        else:
            rows.append((line.number, tuple(pairs.get(title, "") for title in titles)))
    if rows:
        read_grid(Grid(titles, tuple(rows), "key"), reading)
    return True


def _is_key(word: str) -> bool:
    """A word for a name or an address. `new-master1: ADDRESS` is a member and its address."""
    return is_title(word) or meaning(word, False) == "name"


def _said(text: str) -> dict[str, str]:
    """The words of a line and what they say; the first word that says nothing is the name."""
    pairs = {match[1]: match[2] for match in PAIR.finditer(text) if _is_key(match[1])}
    left = PAIR.sub(lambda m: " " if m[1] in pairs else m[0], text)
    words = [word.rstrip(":") for word in re.split(r"[,;|\s()]+", left)]
    names = [word for word in words if is_name(word) and not is_address(word) and not NUMBER.fullmatch(word)]
    has_name = any(meaning(key, False) == "name" for key in pairs)
    return pairs if has_name or not names else {"name": names[0], **pairs} if len(names) == 1 else pairs
