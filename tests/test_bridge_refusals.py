"""What `undo settle` and `unbridge` refuse while a member is not as it is to be, and the way out that they name. On paper."""

from __future__ import annotations

import subprocess

import pytest

from tests.pki import TEMPLATES

VOTERS = "1 master1 NEW0 no\n2 master2 NEW1 no\n3 master3 NEW2 no\n"
PARTS = ("lib/lists", "bridge/lost", "bridge/undo", "bridge/settle", "bridge/unbridge")
# As seen from master1, whose own etcd is not asked: the others' list is OTHERS. The first guard that does not hold is printed.
AROUND = """set -o errexit -o nounset -o pipefail
HOST=master1 OWN=0 NAMES=(master1 master2 master3) NEW_URLS=(NEW0 NEW1 NEW2) recorded=(new new {third})
DATA_DIR=/x DIGEST=d STATE=/nowhere BACKUP=/nowhere UNBRIDGED=/nowhere/unbridged END_RECORD=new
said=([0]='' [1]='{others}' [2]='')
"""
STUBS = """
guard() { "${@:4}" || { printf '%s: %s (%s)\\n' "$1" "$2" "$3" && exit 0; }; }
guard_not_narrowed() { :; }
ask_everybody() { :; }
gate_before() { :; }
guard_ss() { :; }
first_look_at_leases() { :; }
etcd_runs_new() { true; }
pairs_are_there() { true; }
manifests_can_go_back() { true; }
how_recorded() { printf '%s is recorded on its %s address' "${NAMES[$1]}" "${recorded[$1]}"; }
is_at_its_end() { [[ ${recorded[$1]} == new ]]; }
"""


def first_refusal(what: str, others: str = VOTERS, third: str = "new") -> str:
    parts = [(TEMPLATES / f"runbook/{part}.sh").read_text() for part in PARTS]
    script = "\n".join([AROUND.format(others=others.rstrip(), third=third), *parts, STUBS, what])
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


@pytest.mark.parametrize(
    ("others", "who"),
    [
        (VOTERS.replace("3 master3 NEW2 no", "9 master3 NEW2 learner"), "master3"),
        (VOTERS.replace("3 master3 NEW2 no", "9 - NEW2 no"), "master3"),
        (VOTERS.replace("1 master1 NEW0 no", "9 master1 NEW0 learner"), "master1"),
    ],
    ids=["a learner", "one that was never started", "this host"],
)
def test_undo_settle_waits_until_a_new_member_votes(others: str, who: str) -> None:
    """Recorded on its old address it could not catch up any more, and the gate at the end refuses a learner on every host."""
    said = first_refusal("ready_to_undo_settle", others)
    assert said.startswith(f"closed: {who} does not vote yet")
    assert f"first, on {who}: bash runbook.sh apply rejoin --lost {who}" in said


@pytest.mark.parametrize(
    "others", [VOTERS, VOTERS + "9 stranger NEW9 learner\n", ""], ids=["all vote", "a stranger", "nobody answers"]
)
def test_where_every_member_of_the_plan_votes_it_does_not(others: str) -> None:
    assert first_refusal("ready_to_undo_settle", others) == ""


WAY_OUT = (
    "permanently lost, on another host: bash runbook.sh apply settle --without master3, which records its new address"
)


def test_unbridge_names_the_way_out_for_a_lost_member_on_its_old_address() -> None:
    """`unbridge --without` refuses it as well: what records its new address is `settle --without`."""
    said = first_refusal("ready_to_unbridge", third="old")
    assert said.startswith("closed: master3 is recorded on its old address (on master3: bash runbook.sh apply settle;")
    assert WAY_OUT in said
    without = """OLD=a NEW=b CALLED_BY_OLD=/nowhere/called STAYS=(no no no) NEWS=(b b b)
    is_left_out() { [[ $1 == master3 ]]; }
    note() { :; }
    record_address() { printf '%s\n' "$*"; }
    record_new_addresses"""
    assert first_refusal(without, third="old") == "new\nnew 2\n"
