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
without=() accept_outage=no MODE=apply PHASE=move HOST=master1 FAMILY=4 OWN=0 OLD_STAYS=no
NAMES=(master1 master2 master3) OLD=192.168.100.10 NEW=192.168.110.10
OLDS=(192.168.100.10 192.168.100.11 192.168.100.12) NEWS=(192.168.110.10 192.168.110.11 192.168.110.12)
journal() { :; }
"""
PARTS = ("runbook/lib/run.sh", "runbook/lib/lists.sh", "runbook/lib/routes.sh", "runbook/steps/finish.sh")


def in_a_namespace(what: str, state: Path) -> list[str]:
    """The lines that it printed, in a network namespace of its own with these files of templates/."""
    (state / "scratch").mkdir()
    values = f"STATE={shlex.quote(str(state))} SCRATCH={shlex.quote(str(state / 'scratch'))}"
    script = "\n".join([FRAME, values, *((TEMPLATES / part).read_text() for part in PARTS), LINK, what])
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
