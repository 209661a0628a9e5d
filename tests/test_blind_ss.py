"""An ss that fails, or does not say whose a socket is: what it does not show is not "no connection"."""

from __future__ import annotations

import pytest

from tests.test_what_a_look_proves import LISTENS, bash, yes

SEES = f"[[ $1 != -Htlnp && $1 != -Htanp ]] || echo '{LISTENS}'"
FAILS = "return 1"
NAMES_NOBODY = "echo 'LISTEN 0 4096 192.168.110.10:2380 0.0.0.0:*'"
FRAME = """etcd_pid=7 NAMES=(master1) OLDS=(192.168.100.10) NEWS=(192.168.110.10) STAYS=(no) OWN=0 CLIENT_PORT=2379
OLD_STAYS=no LAST_CHANGE=move END_RECORD=new going_back=no
look_at_etcd() { :; }; journal() { :; }; on_exit() { :; }; gate_before() { :; }; plain_address() { printf -v "$1" '%s' "${2%:*}"; }
ss() { SS; }
"""
PARTS = tuple(f"runbook/{part}.sh" for part in ("lib/run", "lib/connections", "lib/calls", "restore/stop"))
ADDRESSES = {"OLD": "192.168.100.10", "NEW": "192.168.110.10"}


@pytest.mark.parametrize(("ss", "proves"), [(SEES, True), (FAILS, False), (NAMES_NOBODY, False)])
@pytest.mark.parametrize(
    ("predicate", "part"),
    [
        ("no_connection_is_to_old", "bridge/unbridge"),
        ("no_call_goes_to_old", "lib/lists"),
        ("no_call_leaves_from_old", "lib/lists"),
        ("no_listener_on_old", "lib/lists"),
        ("no_lasting_client", "restore/compare"),
    ],
)
def test_what_it_does_not_show_is_not_none(predicate: str, part: str, ss: str, *, proves: bool) -> None:
    what = f"{FRAME.replace('SS', ss)}sleep() {{ :; }}; {predicate}"
    assert yes(what, *PARTS, f"runbook/{part}.sh", **ADDRESSES) is proves


@pytest.mark.parametrize(("ss", "is_as_wanted"), [(SEES, True), (FAILS, False), (NAMES_NOBODY, False)])
def test_a_kubelet_that_it_does_not_show_has_not_read_its_file(ss: str, *, is_as_wanted: bool) -> None:
    what = f"""{FRAME.replace("SS", ss)}kubelet_pid() {{ printf 7; }}; kubelet_runs() {{ true; }}; file_is_as_wanted() {{ true; }}
bracketed() {{ printf '%s' "$1"; }}; unwanted() {{ printf '%s' "$OLD"; }}; KUBERNETES=/none STOPPED_NOTE=/none/note
kubelet_has_called() {{ true; }}
kubelet_is_as_wanted"""
    parts = ("runbook/lib/run.sh", "runbook/workers/calls.sh", "runbook/workers/move.sh")
    assert yes(what, *parts, **ADDRESSES) is is_as_wanted


@pytest.mark.parametrize("ss", [FAILS, NAMES_NOBODY])
@pytest.mark.parametrize(
    ("step", "part"),
    [
        ("tools_are_at_hand", "steps/preflight"),
        ("old_address_is_gone", "steps/release"),
        ("everybody_has_moved", "steps/finish"),
        ("ready_to_unbridge", "bridge/unbridge"),
        ("ready_to_narrow", "steps/narrow"),
        ("ready_to_undo_prepare", "rolling/undo"),
        ("the_data_is_the_snapshots", "restore/compare"),
    ],
)
def test_a_phase_that_counts_connections_refuses_first_and_says_why(step: str, part: str, ss: str) -> None:
    what = f"""{FRAME.replace("SS", ss)}recorded=(new) RESTORED=/none
guard() {{ local stop=$1 what=$2 hint=$3; shift 3; [[ $1 != ss_shows_etcd_soon ]] || "$@" || "$stop" "$what" "$hint"; }}
wait_until() {{ return 1; }}; is_left_out() {{ return 1; }}; how_recorded() {{ :; }}; first_look_at_leases() {{ :; }}
guard_not_narrowed() {{ :; }}; guard_cluster_was_undone() {{ :; }}; ask_everybody() {{ :; }}; api_is_back() {{ return 1; }}
number_in() {{ printf 5; }}; own_fields() {{ :; }}; expected_revision() {{ printf 5; }}; field() {{ printf 5; }}; LAST_LINE=x
lasting_clients() {{ :; }}; clients_of_etcd() {{ :; }}
find_etcdctl() {{ stop 9 'went on'; }}; no_file_has_old() {{ :; }}; files_with_old() {{ :; }}
guard_certificates() {{ stop 9 'went on'; }}
{step}; stop 9 'went on'"""
    ran = bash(what, *PARTS, f"runbook/{part}.sh", **ADDRESSES)
    assert (ran.returncode, "ss shows no socket of the etcd that runs here" in ran.stderr) == (3, True), ran.stderr


@pytest.mark.parametrize("ss", [FAILS, NAMES_NOBODY])
@pytest.mark.parametrize(
    ("step", "part"), [("no_connection_is_old", "rolling/move"), ("close_what_crossed_it", "bridge/unbridge")]
)
def test_in_the_middle_of_a_phase_nothing_is_said_that_was_not_seen(step: str, part: str, ss: str) -> None:
    what = f"{FRAME.replace('SS', ss)}wait_until() {{ return 1; }}; add_resets() {{ :; }}; {step}"
    ran = bash(what, *PARTS, f"runbook/{part}.sh", **ADDRESSES)
    assert (ran.returncode, "ss does not show the sockets of etcd" in ran.stderr) == (5, True), ran.stderr
