"""Room below STATE: a phase that stops kubelet or etcd looks for it before, since a full disk would end it in the middle."""

from __future__ import annotations

import re

import pytest
from etcd_renumber.assets import template
from etcd_renumber.methods.bridge import BRIDGE
from etcd_renumber.methods.method import Method, Phase
from etcd_renumber.methods.restore import RESTORE
from etcd_renumber.methods.rolling import REPLACE

from tests.test_what_a_look_proves import bash

STOPPING = [
    (method, phase)
    for method in (REPLACE, BRIDGE, RESTORE)
    for phase in method.phases
    if {"stop_kubelet", "end_etcd"} & set(phase.steps)
]


@pytest.mark.parametrize(("method", "phase"), STOPPING, ids=lambda value: value.name)
def test_every_phase_that_stops_something_looks_for_room_first(method: Method, phase: Phase) -> None:
    text = "".join(template(part) for part in method.parts)
    body = re.search(rf"^{phase.steps[1]}\(\) {{\n(.*?)^}}", text, re.MULTILINE | re.DOTALL)
    assert body and phase.steps[1].startswith("ready_to_")
    # Where data is lost `rejoin` has a preparation of its own, which wants the room of a snapshot there.
    wanted = "ready_to_prepare_here" if phase.name == "rejoin" else "guard_room_for_notes"
    assert f"  {wanted}\n" in body[1]


@pytest.mark.parametrize(("free", "status"), [("16384", 0), ("16383", 3), ("0", 3)])
def test_without_room_for_notes_nothing_is_stopped(free: str, status: int) -> None:
    what = f"""journal() {{ :; }}; status_after_stop() {{ :; }}; df() {{ printf 'Filesystem x\\n/dev/x 9 9 {free} 9 /var\\n'; }}
guard_room_for_notes; echo on"""
    ran = bash(what, "runbook/lib/run.sh", "runbook/lib/room.sh", STATE="/var/lib/a/b/c")
    assert (ran.returncode, ran.stdout) == (status, "" if status else "on\n"), ran.stderr
    assert not status or f"/var/lib has {free} KiB free: 16384 KiB are needed" in ran.stderr
