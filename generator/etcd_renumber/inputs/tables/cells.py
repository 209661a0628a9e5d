"""The lines of a table as cells: which sign separates them, what a cell holds."""

from __future__ import annotations

import csv
import re
import unicodedata
from ipaddress import ip_address, ip_network

from etcd_renumber.addresses import addresses_in
from etcd_renumber.inputs.tables.reading import NAME, Line
from etcd_renumber.inputs.tables.titles import is_suffix, is_title_with_network
from etcd_renumber.model import Address

Cells = tuple[int, tuple[str, ...]]  # the number of the line, and its cells
EMPTY = re.compile(
    r"|[-\u2013\u2014?~/]+|n/?a|none|<none>|null|unknown|tbd|todo|待定|无|未知|unknown: write it into mapping\.yaml",
    re.I,
)
NETMASKS = ip_network("255.0.0.0/8")
BROKEN = re.compile(r"\d+(\.\d+){3,}(/\d+)?")
NUMBER = re.compile(r"[#(]?\d+[.):]?")
WORD = re.compile(r"\[?([0-9A-Fa-f:.]+)\]?(?:/\d+|:\d+)?")
RULER = re.compile(r"[\s|+:=-]*")
LABEL = re.compile(r"^(\s*(?:[-*]\s+)?)([^\s:,;|=]+)\s*[:=]\s*(?=\S)")
# Lines of full-width input and of drawn tables (etcdctl 3.7) as ASCII has them; NFKC does the rest (U+FF0C and the like).
DRAWN = str.maketrans(
    {"、": ",", **dict.fromkeys("│┃║", "|"), **dict.fromkeys("─━═", "-"), **dict.fromkeys("┌┬┐├┼┤└┴┘╔╦╗╠╬╣╚╩╝", "+")}
)
BOTH_WAYS = re.compile(r"<[-=\u2013\u2014]+>|↔|⇔|⟷")
BACK = re.compile(r"<[-=\u2013\u2014]+|←|⇐|⟵|⬅")  # from the old address, which stands behind it
ARROWS = re.compile(r"(?:[-=\u2013\u2014]+>|→|⇒|➜|⟶)")


def plain(text: str) -> str:
    """The text with ASCII punctuation instead of full-width and drawn one; its lines stay."""
    return unicodedata.normalize("NFKC", text.removeprefix("\ufeff").translate(DRAWN))


def addresses(cell: str) -> list[Address]:
    """The addresses in a cell, each once. A netmask is none of a host."""
    found = dict.fromkeys(address for address, _ in addresses_in(cell))
    return [address for address in found if address not in NETMASKS]


def holds_address(cell: str) -> bool:
    """An address, or what was meant for one (192.168.100.300)."""
    return bool(addresses(cell)) or is_broken(cell)


def is_broken(cell: str) -> bool:
    """Four numbers or more with dots between, that are no address."""
    return bool(BROKEN.fullmatch(cell)) and not is_address(cell)


def is_address(cell: str) -> bool:
    """One address and nothing else but its brackets, port or prefix length."""
    match = WORD.fullmatch(cell)
    try:
        return bool(match and ip_address(match[1]))
    except ValueError:
        return bool(match) and bool(addresses(cell))


def is_name(cell: str) -> bool:
    """A word that a member may have as its name, an address or a number among them."""
    return bool(NAME.fullmatch(cell))


def cleaned(cell: str) -> str:
    """A cell without blanks and quotes."""
    return cell.strip("\"'` \t")


def cells_of(lines: list[Line]) -> list[Cells]:
    """Each line as its cells, by the separator that all lines with an address have: | tab ; , or blanks.

    A row without a cell for the name and one for an address shows that it was another one: then each of them separates.
    """
    if lines and (named := re.fullmatch(r"sep=(.)", lines[0].text.strip(), re.IGNORECASE)):
        return _by_csv(lines[1:], named[1])
    holding = [line for line in lines if addresses(line.text)]
    for sign in "|\t;,":
        if holding and all(sign in line.text for line in holding):
            rows = [(n, _trimmed(cells) if sign == "|" else cells) for n, cells in _by_csv(lines, sign)]
            if all(_has_both(c) for _, c in rows if any(addresses(x) and not is_title_with_network(x) for x in c)):
                return rows
            break
    else:
        return _by_blanks(lines)
    return [(line.number, tuple(_words(line.text))) for line in lines]


def labelled(text: str) -> str:
    """`cp1: ADDRESS` as `cp1 ADDRESS`; an IPv6 address at the beginning stays."""
    match = LABEL.match(text)
    if match and not is_address(text.split()[0]) and re.match(r"[\[\d:A-Fa-f]", text[match.end() :]):
        return f"{match[1]}{match[2]} {text[match.end() :]}"
    return text


def is_of_address(cell: str) -> bool:
    """An address or its URL, with nothing beside it but what stands in brackets."""
    alone = re.sub(r"\s*\(.*\)$", "", cell)
    return bool(addresses(alone)) and (is_address(alone) or ("://" in alone and " " not in alone))


def _has_both(cells: tuple[str, ...]) -> bool:
    """A cell with one word, and one with an address; or two addresses, one of which may be a name."""
    said = [cell for cell in cells if is_of_address(cell)]
    return bool(said) and (len(said) > 1 or any(is_name(cell) and not is_address(cell) for cell in cells))


def _by_csv(lines: list[Line], sign: str) -> list[Cells]:
    reader = csv.reader([line.text for line in lines], delimiter=sign)
    rows, begun = [], 0
    try:
        for cells in reader:
            rows.append((lines[begun].number, tuple(cleaned(" ".join(cell.split())) for cell in cells)))
            begun = reader.line_num
    except csv.Error:
        return [(line.number, tuple(_words(line.text))) for line in lines]
    return [row for row in rows if any(row[1])]


def _by_blanks(lines: list[Line]) -> list[Cells]:
    """Words; those of a line without addresses, which may be the titles, are put together to the others' number."""
    rows = [(line.number, tuple(_words(_without_comment(line.text)))) for line in lines]
    widths = {len(cells) for _, cells in rows if any(map(holds_address, cells))}
    for number, (line, cells) in enumerate(rows):
        if len(widths) == 1 and len(cells) > max(widths) and not any(map(holds_address, cells)):
            apart = columns_apart(lines[number].text)
            rows[number] = (line, apart if len(apart) in widths else _joined(cells))
    return rows


def columns_apart(text: str) -> tuple[str, ...]:
    """What two blanks or a tab separate."""
    return tuple(re.split(r"\s{2,}|\t", text.strip()))


def _joined(words: tuple[str, ...]) -> tuple[str, ...]:
    """`old IP` and `node name` as one title."""
    joined: list[str] = []
    for word in words:
        if joined and is_suffix(word):
            joined[-1] += f" {word}"
        else:
            joined.append(word)
    return tuple(joined)


def _without_comment(text: str) -> str:
    """A member's line up to its comment; in a line of titles, # can be one."""
    before = text.partition(" #")[0]
    return before if addresses(before) else text


def _words(text: str) -> list[str]:
    return [cell for word in re.split(r"[,;|\s]+", text) if (cell := cleaned(word).strip("()"))]


def _trimmed(cells: tuple[str, ...]) -> tuple[str, ...]:
    """Cells of `| a | b |` without the empty ones outside."""
    first = 1 if cells and not cells[0] else 0
    return cells[first : len(cells) - 1 if cells and not cells[-1] else len(cells)]
