"""Routes: gateways outside the interface's own network, those of an earlier change, and those that stay after the last line."""

from __future__ import annotations

import os
import shlex
import subprocess
from pathlib import Path

import pytest

from tests.pki import TEMPLATES

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="a network namespace needs root")

LINK = """ip link add d0 type veth peer name d1
ip link set d0 up
ip link set d1 up
ip link set lo up
ip addr add 192.168.100.10/32 dev d0
ip addr add 192.168.110.10/32 dev d0
ip route add default via 10.9.9.1 dev d0 onlink src 192.168.100.10
"""
FRAME = """set -o errexit -o nounset -o pipefail
export LC_ALL=C
CLUSTER=c CHANGE=x DIGEST=0 without=() accept_outage=no MODE=apply PHASE=move HOST=master1 FAMILY=4 OWN=0 OLD_STAYS=no
NAMES=(master1 master2 master3) OLD=192.168.100.10 NEW=192.168.110.10
OLDS=(192.168.100.10 192.168.100.11 192.168.100.12) NEWS=(192.168.110.10 192.168.110.11 192.168.110.12)
"""
PARTS = (
    "runbook/lib/run.sh",
    "runbook/lib/lists.sh",
    "runbook/lib/routes.sh",
    "runbook/lib/journal.sh",
    "runbook/steps/finish.sh",
    "runbook/steps/ticket.sh",
    "runbook/rolling/ready_to_move.sh",
)

OTHERS = ["192.168.100.11", "192.168.100.12", "192.168.110.11", "192.168.110.12"]


def in_a_namespace(what: str, state: Path) -> list[str]:
    """The lines that it printed, in a network namespace of its own with these files of templates/."""
    (state / "scratch").mkdir()
    parts = ((TEMPLATES / part).read_text().replace("readonly STATE=", ": ") for part in PARTS)
    values = f"STATE={shlex.quote(str(state))} SCRATCH={shlex.quote(str(state / 'scratch'))}"
    script = "\n".join([FRAME, values, *parts, LINK, what])
    (state / "script.sh").write_text(script)
    ran = subprocess.run(
        ["unshare", "-n", "bash", state / "script.sh"], capture_output=True, text=True, timeout=60, check=False
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout.splitlines()


def test_a_gateway_outside_the_interfaces_own_network_takes_a_route(tmp_path: Path) -> None:
    said = in_a_namespace(
        "set_routes; ip route get 192.168.110.11; drop_routes; no_route_of_ours && echo none", tmp_path
    )
    assert any("via 10.9.9.1" in line and "src 192.168.110.10" in line for line in said if not line.startswith(" "))
    assert said[-1] == "none"


def test_a_gateway_of_the_other_family_is_read_whole(tmp_path: Path) -> None:
    route = "192.168.110.11 via inet6 fe80::1 dev d0 src 192.168.110.10"
    assert in_a_namespace(f"via_and_dev '{route}'", tmp_path) == ["via inet6 fe80::1 dev d0 onlink"]


def test_routes_that_an_earlier_change_has_kept_are_not_taken_and_not_replaced(tmp_path: Path) -> None:
    earlier = "ip route add 192.168.110.11/32 via 10.9.9.1 dev d0 onlink src 192.168.100.10 proto 147"
    what = f"{earlier}; no_route_of_ours && echo none; foreign_routes; drop_routes; ip route show proto 147 | wc -l"
    said = in_a_namespace(what, tmp_path)
    assert said[0] == "none" and said[1].startswith("192.168.110.11 via 10.9.9.1") and said[-1] == "1"


def test_each_route_that_stays_is_noted_by_its_address_and_said_in_every_run(tmp_path: Path) -> None:
    killed = "set_routes; take_route_away \"$(our_routes | sed -n '/^192.168.110.11 /p')\"; cat $STATE/routes.kept"
    then = "if routes_are_settled; then echo settled; fi; take_routes_away; echo again; take_routes_away"
    said = in_a_namespace(f"{killed}\n{then}", tmp_path)
    assert "settled" not in said, "one route that is kept says nothing of the others"
    assert (tmp_path / "routes.kept").read_text() == "192.168.110.11\n192.168.110.12\n"
    kept = [line for line in said[said.index("again") :] if "KEPT" in line]
    assert [line.split("calls to ")[1].split()[0] for line in kept] == ["192.168.110.11", "192.168.110.12"]


KILLED = """killed_at=none
run() { say_command "$@" && [[ $* != *"$killed_at"* ]] || exit 9; "$@"; }
set_routes >/dev/null
killed_at='replace 192.168.110.11/32'
set +o errexit; (set -o errexit; take_routes_away); echo "ended with $?"; set -o errexit
killed_at=none
"""


def test_a_route_that_was_removed_when_the_run_was_killed_is_put_back_and_noted(tmp_path: Path) -> None:
    then = (
        "ip route get 192.168.110.11; take_routes_away; ip route get 192.168.110.11; routes_are_settled; echo settled"
    )
    said = in_a_namespace(KILLED + then, tmp_path)
    got = [line for line in said if line.startswith("192.168.110.11 ")]
    assert "ended with 9" in said and "src 192.168.100.10" in got[0] and "src 192.168.110.10" in got[-1]
    assert sorted((tmp_path / "routes.kept").read_text().split()) == ["192.168.110.11", "192.168.110.12"]
    assert said[-1] == "settled" and sum("KEPT: " in line for line in said) == 2


def test_routes_that_a_reboot_has_taken_are_put_back_and_not_noted_twice(tmp_path: Path) -> None:
    said = in_a_namespace("set_routes; take_routes_away; drop_routes; echo boot; take_routes_away", tmp_path)
    again = said[said.index("boot") :]
    assert sum("route replace 192.168.110.1" in line for line in again) == 2
    assert sum("KEPT: " in line for line in again) == 2
    assert (tmp_path / "routes.kept").read_text() == "192.168.110.11\n192.168.110.12\n"


def test_the_run_that_keeps_a_route_says_so_and_so_does_the_ticket(tmp_path: Path) -> None:
    asked = "; ".join(
        f"{name}() {{ :; }}" for name in ("ask_everybody", "read_progress", "summary_now", "more_for_the_ticket")
    )
    stubs = f"{asked}; touch $HERE/SHA256SUMS"
    said = in_a_namespace(f"{stubs}\nset_routes; take_routes_away; for_the_ticket", tmp_path)
    for address in ("192.168.110.11", "192.168.110.12"):
        assert f"      ip route add {address}/32 via 10.9.9.1 dev d0 onlink src 192.168.110.10" in said
        assert f"route kept: {address}" in said


@pytest.mark.parametrize(("default", "kept"), [("192.168.100.10", 2), ("192.168.110.10", 0)])
def test_a_member_that_stays_takes_its_routes_away_or_says_which_it_keeps(
    tmp_path: Path, default: str, kept: int
) -> None:
    stays = "OLD=$NEW OLDS=($NEW 192.168.110.11 192.168.110.12)"
    what = f"{stays}; set_routes; ip route replace default via 10.9.9.1 dev d0 onlink src {default}; take_routes_away"
    said = in_a_namespace(f"{what}; echo again; take_routes_away; our_routes | wc -l", tmp_path)
    assert said[-1] == str(kept) and sum("KEPT: " in line for line in said) == 2 * kept
    assert any("no route of this change is on this host" in line for line in said) == (kept == 0)


@pytest.mark.parametrize(("there", "left"), [([], []), (OTHERS[:3], OTHERS[:3]), (OTHERS, OTHERS)])
def test_with_an_old_openssl_the_routes_of_an_earlier_run_stay_and_no_other(
    tmp_path: Path, there: list[str], left: list[str]
) -> None:
    what = f"""in_gate=(yes yes yes) asked_at=("${{OLDS[@]}}")
ask_into() {{ :; }}; answered() {{ [[ $1 == from.1 ]]; }}; why_silent() {{ printf 'nothing'; }}
for address in {" ".join(there)}; do set_route "$address"; done
set +o errexit; (set -o errexit; ask_through_routes); echo "ended with $?"; set -o errexit
our_routes"""
    said = in_a_namespace(what, tmp_path)
    assert [line.split()[0] for line in said[said.index("ended with 3") + 1 :]] == sorted(left)
