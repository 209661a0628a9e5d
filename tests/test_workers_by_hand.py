"""A worker whose kubelet.conf somebody has edited: the file says nothing of what the kubelet that runs calls."""

from __future__ import annotations

from pathlib import Path

import pytest
from etcd_renumber.rehearsal.replica import commands

from tests.test_what_a_look_proves import bash
from tests.test_workers import NEW, OLD, one_master
from tests.workers import CONF, WithWorkers, at, worker

PARTS = ("runbook/lib/run.sh", "runbook/workers/calls.sh", "runbook/workers/move.sh")
# Half a second passes with each sleep; `called` says where kubelet has a connection by then.
FRAME = """journal() {{ :; }}; on_exit() {{ :; }}; t=0; sleep() {{ t=$((t + 500)); }}; now_ms() {{ printf '%s' "$t"; }}
file_is_as_wanted() {{ true; }}; kubelet_runs() {{ true; }}; ss_shows_kubelet() {{ true; }}
KUBERNETES=/none STOPPED_NOTE=/none/note
wanted() {{ printf new; }}; unwanted() {{ printf old; }}
calls_of_kubelet() {{ [[ $1 != "$(called)" ]] || echo 'a b c'; }}; called() {{ {}; }}; MODE={}
if kubelet_is_as_wanted; then echo "yes after $t ms"; else echo "no after $t ms"; fi
if kubelet_is_as_wanted; then echo "yes after $t ms"; else echo "no after $t ms"; fi"""


@pytest.mark.parametrize("mode", ["apply", "plan", "verify"])
@pytest.mark.parametrize(
    ("called", "said"),
    [
        ("echo new", "yes after 0 ms"),
        ("echo old", "no after 0 ms"),
        ("[[ $t -lt 9000 ]] || echo new", "yes after 9000 ms"),
        ("[[ $t -lt 9000 ]] || echo old", "no after 20000 ms"),
        ("echo none", "no after 20000 ms"),
    ],
    ids=["it calls the new address", "it calls the old one", "it calls again", "it calls the old one again", "never"],
)
def test_kubelet_is_left_alone_only_where_it_calls_what_it_should(called: str, said: str, mode: str) -> None:
    ran = bash(FRAME.format(called, mode), *PARTS, OLD=OLD, NEW=NEW)
    assert [row for row in ran.stdout.splitlines() if " after " in row] == [said, said], ran.stdout + ran.stderr
    assert ran.stdout.count("waiting, at most 20 s") == (0 if said.endswith(" 0 ms") else 1)


def test_a_kubelet_that_has_not_read_the_edited_file_is_restarted(tmp_path: Path) -> None:
    """Before, it was taken for one that calls the new address, and `move` ended with exit 5 however often it was run."""
    with WithWorkers(one_master(tmp_path), "3.5", [worker("worker1", at(OLD))], wide=True) as rig:
        rig.follow_the_order(until="worker1 move")
        rig.restart_kubelet("worker1")
        rig["worker1"].must(["sed", "-i", f"s/{OLD}/{NEW}/", CONF])
        rig.remove_old("master1")
        rig["worker1"].must(["ss", "-K", "dst", OLD])
        assert rig.calls_now("worker1") == set()
        rig.verify("worker1", "move", expect=1)
        ran = rig.apply("worker1", "move")
        assert [c for c in commands(ran) if "systemctl" in c] == ["systemctl stop kubelet", "systemctl start kubelet"]
        assert rig.calls_now("worker1") == {NEW}
        again = rig.apply("worker1", "move")
        assert commands(again) == [] and "waiting, at most 20 s" not in again.text
        rig.verify("worker1", "move")
