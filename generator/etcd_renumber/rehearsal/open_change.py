"""The change folder that is rehearsed: its lists must hold, and its own change.json says what is in it, in which order."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

from etcd_renumber.change_folder.review import listed, must_be_a_change_folder
from etcd_renumber.errors import Refused
from etcd_renumber.hashes import sha256
from etcd_renumber.model import Change, Line, Problem
from etcd_renumber.planning.change_json import read_change
from etcd_renumber.planning.plan import from_json


def opened(folder: Path) -> Change:
    """The change of a folder whose bytes are those in its lists. The order is the folder's, not this release's.

    Raises Refused when it is no change folder, when bytes differ, or when change.json cannot be read.
    """
    must_be_a_change_folder(folder)
    problems = listed(folder)
    if problems:
        raise Refused(*problems)
    place = str(folder / "change.json")
    text = (folder / "change.json").read_text(encoding="utf-8")
    data, problems = read_change(text, place)
    if data is None:
        raise Refused(*problems)
    try:
        change = from_json(text)
        order = tuple(Line(**line) for line in json.loads(text)["order"])
    except (KeyError, TypeError, ValueError) as error:
        hint = "render the folder again"
        raise Refused(Problem(f"the plan in it cannot be read: {error!r}", place, hint=hint)) from None
    return replace(change, order=order, json=text, digest=sha256(text)[:12])
