"""What the example's change means stays as it was, whatever the files are called and however the bash is put together.

`meaning.json` was read from the folder that the tool rendered before its files moved into rooms: manifests byte for byte, the
lines of the order, and how many guards there are of each exit code. A line or a guard may come; none may go unnoticed.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from etcd_renumber.hashes import sha256
from etcd_renumber.inputs.mapping import load
from etcd_renumber.planning.plan import plan
from etcd_renumber.rendering.render import render

from tests.conftest import ROOT

BEFORE = json.loads((Path(__file__).parent / "meaning.json").read_text())
GUARDS = {"3": "closed", "4": "other_world", "5": "half_done"}


@pytest.mark.parametrize("name", BEFORE)
def test_manifests_order_and_guards_are_as_before(name: str, tmp_path: Path) -> None:
    method, _, addresses = name.partition(", ")
    example = ROOT / "examples" / "three-masters"
    text = (example / "mapping.yaml").read_text().replace("method: rolling", f"method: {method}\n{addresses}")
    (tmp_path / "mapping.yaml").write_text(text.replace("facts: facts", f"facts: {example / 'facts'}"))
    change, before = plan(load(tmp_path / "mapping.yaml")), BEFORE[name]
    files = render(change)
    manifests = {n.removeprefix("hosts/"): sha256(text) for n, text in files.items() if n.endswith(".yaml")}
    assert manifests == before["manifests"]
    assert [f"{line.line} {line.host} {line.phase or line.action}" for line in change.order] == before["order"]
    guards = {
        code: len(re.findall(rf"guard {word}\b", files["hosts/master1/runbook.sh"])) for code, word in GUARDS.items()
    }
    assert guards == before["guards"], "a guard went, or came: then its number in meaning.json changes, too"
