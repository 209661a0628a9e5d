"""All addresses have changed and nobody leads: the same cluster comes back, with every write that it has acknowledged."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from etcd_renumber.rehearsal.testbed.host_spec import HostSpec, Leg

from tests.rig import Rig, ca_pem
from tests.scenario import Host, hosts, scenario

ROUTER = HostSpec("router", addresses=("192.168.100.1/24",), also=(Leg("new", ("192.168.110.1/24",)),), forwards=True)


def without(*tools: str) -> Callable[[Rig], None]:
    """Hosts on which these commands cannot be used, for whatever reason."""

    def take(rig: Rig) -> None:
        for member in rig.made.members:
            for tool in tools:
                rig[member.name].write_text(f"/usr/local/sbin/{tool}", "#!/bin/bash\nexit 1\n", 0o755)

    return take


def without_closing(rig: Rig) -> None:
    """Hosts whose kernel was built without the call that closes a connection: ss says nothing and closes nothing."""
    text = '#!/bin/bash\nfor word; do case $word in -K*) exit 0 ;; esac; done\nexec /usr/bin/ss "$@"\n'
    for member in rig.made.members:
        rig[member.name].write_text("/usr/local/sbin/ss", text, 0o755)


def tracked(rig: Rig) -> None:
    """A rule as kube-proxy makes it: connections are tracked, with our rules and without them."""
    for member in rig.made.members:
        if ":" in member.old:
            words = ["ip6tables", "-w", "-A", "INPUT", "-m", "conntrack", "--ctstate", "INVALID", "-j", "DROP"]
        else:
            words = ["iptables", "-w", "-A", "INPUT", "-m", "conntrack", "--ctstate", "INVALID", "-j", "DROP"]
        rig[member.name].must(["/usr/sbin/" + words[0], *words[1:]])


@dataclass(frozen=True)
class Shape:
    """One cluster, its network, and what its hosts lack. `keeps`: the one host whose address has not changed yet."""

    version: str
    members: list[Host] = field(default_factory=lambda: hosts(3))
    before: tuple[Callable[[Rig], None], ...] = (tracked,)
    keeps: str = ""
    bits: int = 24
    rig: Mapping[str, object] = field(default_factory=dict)
    wide: bool = False


def management(members: list[Host]) -> dict[str, object]:
    """The default route is on an interface that etcd has nothing to do with."""
    legs = {
        m.name: [Leg("wire", (f"{m.old}/24",)), Leg("mgmt", (f"10.0.0.{n}/24",), "10.0.0.254")]
        for n, m in enumerate(members, 1)
    }
    return {"legs": legs}


def across(members: list[Host]) -> dict[str, object]:
    """Old and new addresses are on two networks with a router between them."""
    legs = {m.name: [Leg("wire", (f"{m.old}/24",), "192.168.100.1"), Leg("new")] for m in members}
    return {"legs": legs, "extra": [ROUTER], "device": "eth1", "gateway": "192.168.110.1"}


STAYS = Host("master3", "192.168.100.12", "192.168.100.12")
V6 = hosts(3, "fd00:a::{}", "fd00:b::{}")
NO_NFT = without("nft")
SHAPES = {
    "3.3, iptables alone, connections that cannot be closed": Shape("3.3", before=(NO_NFT, tracked, without_closing)),
    "3.7, IPv6": Shape("3.7", V6, bits=64, wide=True),
}
MORE = {
    "3.5, a router, nft alone": Shape("3.5", before=(tracked, without("iptables")), rig=across(hosts(3)), wide=True),
    "3.4, a router": Shape("3.4", before=(tracked, without("iptables")), rig=across(hosts(3)), wide=True),
    "3.6, IPv6": Shape("3.6", V6, bits=64, wide=True),
    "3.7": Shape("3.7", wide=True),
    "one host that has not changed yet": Shape("3.4", keeps="master3", wide=True),
    "a default route elsewhere": Shape("3.5", rig=management(hosts(3)), wide=True),
    "3.3": Shape("3.3"),
    "3.5, certificates without the new addresses": Shape("3.5"),
    "3.5, IPv6, connections that cannot be closed": Shape("3.5", V6, (tracked, without_closing), bits=64),
    "nothing that tracks connections": Shape("3.5", before=()),
    "nothing that tracks connections, and none can be closed": Shape("3.5", before=(without_closing,)),
    "iptables alone": Shape("3.5", before=(NO_NFT, tracked)),
    "five members on 3.3": Shape("3.3", hosts(5)),
    "five members on 3.4": Shape("3.4", hosts(5)),
    "five members on 3.5": Shape("3.5", hosts(5)),
    "two members": Shape("3.5", hosts(2)),
    "IPv6 and iptables": Shape("3.3", V6, (NO_NFT, tracked), bits=64),
    "a member that stays": Shape("3.5", [*hosts(2, new="192.168.100.1{}"), STAYS]),
}


def carried_out(tmp: Path, shape: Shape, *, again: bool = False) -> None:
    made = scenario(tmp, shape.members, ca_pem(), shape.version, method="bridge")
    with Rig(made, shape.version, bits=shape.bits, wide=shape.wide, **shape.rig) as rig:  # type: ignore[arg-type]
        for prepare in shape.before:
            prepare(rig)
        before, cluster = rig.members("master1"), rig.cluster_id("master1")
        with rig.writer() as writer:
            writer.wait_for(60)
            time.sleep(random.random())
            rig.everybody_crashes(shape.keeps)
            rig.follow_the_order(until="master1 unbridge")
            unbridging = time.monotonic()
            rig.follow_the_order(start="master1 unbridge")
        for name in before:
            after = rig.members(name)
            assert {n: m[1:] for n, m in after.items()} == rig.urls("new")
            assert {n: m[0] for n, m in after.items()} == {n: m[0] for n, m in before.items()}
        assert rig.cluster_id(made.members[-1].name) == cluster
        assert len(writer.acked) > 100 and writer.lost() == []
        assert rig.old_connections() == []
        assert "unbridge was carried out on this host" in rig.undo("master1", "settle", expect=3).text
        print(f"etcd {shape.version}: largest gap from unbridge on {writer.largest_gap(unbridging):.3f} s")
        if again:
            rig.everything_again_changes_nothing()


@pytest.mark.parametrize("name", SHAPES)
def test_bridged_with(name: str, tmp_path: Path) -> None:
    carried_out(tmp_path, SHAPES[name])


@pytest.mark.chaos
@pytest.mark.parametrize("name", MORE)
def test_bridged_too_with(name: str, tmp_path: Path) -> None:
    carried_out(tmp_path, MORE[name], again=MORE[name].version == "3.5")
