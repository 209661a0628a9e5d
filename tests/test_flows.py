"""A port that is filtered, as move tells it from one where nobody listens yet."""

from __future__ import annotations

from pathlib import Path

from etcd_renumber.rehearsal.replica import commands

from tests.rig import Rig, ca_pem
from tests.scenario import hosts, scenario


def test_a_filtered_new_address_of_another_member_closes_the_move(tmp_path: Path) -> None:
    """master2 answers the new address of master1 on its old one; what is sent to its own new one vanishes."""
    with Rig(scenario(tmp_path, hosts(2), ca_pem()), "3.4") as rig:
        rig.prepare_all()
        # A dead gateway that answers neighbour questions and forwards nothing: packets to .11 go to a host that drops them.
        mac = rig["master2"].must(["cat", "/sys/class/net/eth0/address"]).strip()
        rig.bed["master2"].remove_address("192.168.110.11/24")
        rig["master2"].must(["ip", "address", "add", "192.168.110.77/24", "dev", "eth0"])
        rig["master1"].must(
            ["ip", "neigh", "replace", "192.168.110.11", "lladdr", mac, "dev", "eth0", "nud", "permanent"]
        )
        ran = rig.apply("master1", "move", expect=3)
        assert "the way from this host to master2 at 192.168.110.11 is filtered on port 2380" in ran.text, ran.text
        assert commands(ran) == []
