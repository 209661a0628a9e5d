"""Clusters and networks of other shapes, through the whole order under load: same ids, nothing lost, no old address left."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path

import pytest
from etcd_renumber.rehearsal.replica import commands
from etcd_renumber.rehearsal.testbed.host_spec import HostSpec, Leg

from tests.rig import Rig, ca_pem
from tests.scenario import Host, hosts, scenario

SAME_SUBNET = "192.168.100.1{}"
ROUTER = HostSpec("router", addresses=("192.168.100.1/24",), also=(Leg("new", ("192.168.110.1/24",)),), forwards=True)


@dataclass(frozen=True)
class Shape:
    """One cluster and its network; `before` is what the network people did beforehand."""

    version: str
    members: list[Host]
    mapping: Mapping[str, object] = field(default_factory=dict)
    bits: int = 24
    before: Callable[[Rig], None] = lambda rig: None
    routed: bool = False
    wide: bool = True


def promote(rig: Rig) -> None:
    for member in rig.made.members:
        for device in ("all", "eth0"):
            rig[member.name].sysctl(f"net.ipv4.conf.{device}.promote_secondaries", "1")


def way_to_the_new_network(rig: Rig) -> None:
    rig["master3"].must(["ip", "route", "add", "192.168.110.0/24", "dev", "eth0"])


STAYS = [*hosts(2), Host("master3", "192.168.100.12", "192.168.100.12")]
SHAPES = {
    "one member": Shape("3.4", hosts(1)),
    "two members": Shape("3.3", hosts(2), wide=False),
    "three, one of them stays": Shape("3.5", STAYS, before=way_to_the_new_network),
    "three, one of them keeps its old address beside": Shape("3.6", hosts(3), {"old_stays": ["master2"]}),
    "three, never both addresses": Shape("3.5", hosts(3, new=SAME_SUBNET), {"addresses": "replace"}),
}
MORE = {
    "three in one subnet, old and new": Shape("3.5", hosts(3, new=SAME_SUBNET), before=promote),
    "three across a router": Shape("3.4", hosts(3), routed=True),
    "one member, never both addresses": Shape("3.3", hosts(1), {"addresses": "replace"}),
    "five members": Shape("3.5", hosts(5)),
    "five members on 3.3": Shape("3.3", hosts(5)),
    "two members, never both addresses": Shape("3.4", hosts(2, new=SAME_SUBNET), {"addresses": "replace"}),
    "three in one subnet on 3.4": Shape("3.4", hosts(3, new=SAME_SUBNET), before=promote),
    "three on IPv6": Shape("3.4", hosts(3, "fd00:a::{}", "fd00:b::{}"), bits=64, wide=False),
    "three on IPv6 and 3.3": Shape("3.3", hosts(3, "fd00:a::{}", "fd00:b::{}"), bits=64),
}


def carried_out(tmp: Path, shape: Shape) -> None:
    made = scenario(tmp, shape.members, ca_pem(), **shape.mapping)
    with Rig(made, shape.version, bits=shape.bits, wide=shape.wide, **network(shape)) as rig:  # type: ignore[arg-type]
        shape.before(rig)
        first = made.members[0].name
        before, cluster = rig.members(first), rig.cluster_id(first)
        with rig.writer() as writer:
            rig.follow_the_order()
        after = rig.members(first)
        assert {n: m[1:] for n, m in after.items()} == rig.urls("new")
        assert {n: m[0] for n, m in after.items()} == {n: m[0] for n, m in before.items()}
        assert rig.cluster_id(first) == cluster
        assert rig.old_connections() == []
        kept = [m.name for m in made.members if not m.stays and rig.has(m.name, ip_address(m.old))]
        assert kept == list(shape.mapping.get("old_stays", []))  # type: ignore[call-overload]
        assert writer.acked and writer.lost() == []
        print(f"etcd {shape.version}: largest gap {writer.largest_gap():.3f} s, {len(writer.failed)} failed requests")
        assert commands(rig.apply(first, "move" if not made.members[0].stays else "finish")) == []
        if len(made.members) == 1:
            rig.everything_again_changes_nothing()


def network(shape: Shape) -> dict[str, object]:
    """Across a router every host has a second interface for its new address, and its default routes lead to the router."""
    if not shape.routed:
        return {}
    legs = {m.name: [Leg("wire", (f"{m.old}/24",), "192.168.100.1"), Leg("new")] for m in shape.members}
    return {"legs": legs, "extra": [ROUTER], "device": "eth1", "gateway": "192.168.110.1"}


@pytest.mark.parametrize("name", SHAPES)
def test_carried_out_with(name: str, tmp_path: Path) -> None:
    carried_out(tmp_path, SHAPES[name])


@pytest.mark.chaos
@pytest.mark.parametrize("name", MORE)
def test_carried_out_too_with(name: str, tmp_path: Path) -> None:
    carried_out(tmp_path, MORE[name])


def test_a_new_address_that_would_go_with_the_old_one_is_refused(tmp_path: Path) -> None:
    with Rig(scenario(tmp_path, hosts(1, new=SAME_SUBNET), ca_pem()), "3.5") as rig:
        for device in ("all", "eth0"):
            rig["master1"].sysctl(f"net.ipv4.conf.{device}.promote_secondaries", "0")
        rig.prepare_all()
        ran = rig.apply("master1", "move", expect=3)
        assert (
            "would be removed with it" in ran.text and "sysctl -w net.ipv4.conf.all.promote_secondaries=1" in ran.text
        )
        assert commands(ran) == []
        promote(rig)
        rig.apply("master1", "move")
