"""`move` and its undo on a real control plane, killed after each command: the same line goes on, the other goes back."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from etcd_renumber.rehearsal.kubeadm.cluster import Cluster

from tests import real_state as state
from tests.real import ON_BOTH_VERSIONS, Real, cluster, under_load  # noqa: F401 -- the fixture

pytestmark = [pytest.mark.real, ON_BOTH_VERSIONS]
HOST = "master2"
OTHER = {"apply": "undo", "undo": "apply"}
AT_THE_END = {"apply": "new", "undo": "old"}


@pytest.fixture(scope="module")
def real(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Real]:  # noqa: F811
    """Everything before the move of HOST is done, and all is under load until the last kill."""
    with under_load(cluster, tmp_path_factory.mktemp("kills"), f"{HOST} move") as (made, load):
        yield made
    assert load.timeouts == []


def is_where(real: Real, verb: str) -> None:
    """Everything on this host is as after a whole `move`, or as after a whole undo of it."""
    here, there = AT_THE_END[verb], AT_THE_END[OTHER[verb]]
    assert state.files_with(real.cluster, there, HOST) == []
    state.nodes_have(real.cluster, here, HOST)
    state.no_draft_is_left(real)


def killed_then(real: Real, verb: str, after: int, then: str) -> bool:
    """Killed after that many commands, then the same verb goes on or the other goes back. False: it has no more commands."""
    ran = real.killed(HOST, verb, "move", after)
    if ran.exit == 0:
        is_where(real, verb)
        if then != verb:
            real.say(HOST, then, "move")
        return False
    assert "next: " in real.status(HOST)
    real.say(HOST, then, "move")
    is_where(real, then)
    return True


def test_killed_after_any_command_it_goes_on_or_back(real: Real) -> None:
    """`apply move`, back and on, then its undo, which goes on; every fourth time that one goes back, too."""
    last = {"apply": 0, "undo": 0}
    for after in range(100):
        ways = [("apply", "undo"), ("apply", "apply"), ("undo", "apply"), ("undo", "undo")]
        met = {way: killed_then(real, way[0], after, way[1]) for way in ways if way != ways[2] or after % 4 == 0}
        print(f"after {after} commands: {met}", flush=True)
        last = {verb: after if met[verb, verb] else last[verb] for verb in last}
        if not any(met.values()):
            break
    assert last["apply"] > 20 and last["undo"] > 15
