"""What the undo of `rolling` refuses, what a `leave` that undoes itself leaves running, and which phase `status` names."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.test_cluster_text import bash

AROUND = """set -o errexit -o nounset -o pipefail
STATE=/nowhere BACKUP=/nowhere API_PREFIX=/registry HOST=master1 OWN=0 OLD=1 NEW=4 NAMES=(master1 master2) OLDS=(1 2) NEWS=(4 5)
KUBERNETES=/k DATA_DIR=/d WAL_DIR=/w ENDPOINT_OLD= FILES=(etcd.yaml) PROCS=(etcd)
note() { printf '%s\\n' "$*"; }
guard() { local code=$1 fact=$2 && shift 3; "$@" || { printf '%s: %s\\n' "$code" "$fact" && exit 0; }; }
guard_not_narrowed() { [[ ${narrowed-no} == no ]] || { printf 'narrowed\\n' && exit 0; }; }
guard_cluster_was_undone() { printf 'cluster\\n'; }
"""
HOLD = (
    "old_is_here",
    "certs_are_wide",
    "manifests_can_go_back",
    "guard_services",
    "data_is_there",
    "guard_majority",
    "etcd_is_not_new",
)
STUBS = (
    "".join(f"{name}() {{ true; }}\n" for name in HOLD)
    + "certs_lacking() { :; }\ngate_before() { printf 'gate\\n'; }\n"
)


def undo(tmp_path: Path, phase: str, state: str) -> list[str]:
    ask = f"{STUBS}{state}\nready_to_undo_{phase}\nprintf 'goes on\\n'"
    return bash(tmp_path, ("runbook/rolling/undo.sh",), AROUND, ask).splitlines()


@pytest.mark.parametrize(
    ("addresses", "runs_old", "said"),
    [
        ("replace", "true", ["closed: etcd runs with the old arguments: there is no move to undo on this host"]),
        ("replace", "false", ["gate", "goes on"]),
        ("both", "true", ["cluster", "goes on"]),
        ("both", "false", ["cluster", "gate", "goes on"]),
    ],
)
def test_undo_move_stops_no_etcd_that_has_not_left(
    tmp_path: Path, addresses: str, runs_old: str, said: list[str]
) -> None:
    """With `replace` the API at the old address comes back in `undo leave` alone: `undo cluster` cannot come before."""
    assert undo(tmp_path, "move", f"ADDRESSES={addresses}; etcd_runs_old() {{ {runs_old}; }}") == said


@pytest.mark.parametrize(
    ("state", "said"),
    [
        (":", "goes on"),
        ("narrowed=yes", "narrowed"),
        ("certs_are_wide() { false; }", "closed: these certificates lack the SAN 1 or 4: "),
    ],
)
def test_undo_leave_wants_certificates_that_the_others_accept(tmp_path: Path, state: str, said: str) -> None:
    assert undo(tmp_path, "leave", state) == [said]


def test_a_leave_that_undoes_itself_ends_with_kubelet_up(tmp_path: Path) -> None:
    ask = "is_beside_etcd() { false; }\nkubelet_stays=down\neverything_old\nprintf '%s' \"$kubelet_stays\""
    assert bash(tmp_path, ("runbook/lib/lists.sh", "runbook/lib/wanted.sh"), AROUND, ask) == "up"


@pytest.mark.parametrize(("addresses", "phase"), [("both", "move"), ("replace", "leave")])
def test_a_host_that_listens_on_its_old_address_is_in_the_phase_that_status_names(
    tmp_path: Path, addresses: str, phase: str
) -> None:
    state = f"ADDRESSES={addresses} STOPPED_NOTE=/nowhere/x etcd_args=old recorded=(old new) moving=(no yes)"
    ask = f"{state}\nmanifest_is_out() {{ false; }}\nin_between"
    said = bash(tmp_path, ("runbook/rolling/lines.sh",), AROUND, ask)
    assert f"to continue: bash runbook.sh apply {phase}; to roll back: bash runbook.sh undo {phase}" in said
