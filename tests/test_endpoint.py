"""A control plane whose hosts all call the first one by its address, since that is its controlPlaneEndpoint."""

from __future__ import annotations

from pathlib import Path

import pytest
from etcd_renumber.checks.cluster import check
from etcd_renumber.inputs.mapping import load
from etcd_renumber.rehearsal.replica import commands

from tests.rig import Rig, ca_pem
from tests.scenario import Host, hosts, scenario

OLD, NEW = "192.168.100.10", "192.168.110.10"
FILES = ("/etc/kubernetes/kubelet.conf", "/etc/kubernetes/admin.conf", "/etc/kubernetes/super-admin.conf")
OWN = "/etc/kubernetes/scheduler.conf"


def calling(tmp: Path, **mapping: object) -> Rig:
    return Rig(
        scenario(tmp, hosts(3), ca_pem(), endpoint="master1", **mapping), "3.5", wide=True, endpoint=f"{OLD}:6443"
    )


def servers(rig: Rig, host: str) -> set[str]:
    """Whom the kubeconfigs call that name the endpoint."""
    texts = [rig[host].read_text(file) for file in FILES]
    return {line.strip() for text in texts for line in text.splitlines() if "server:" in line}


def test_its_old_address_goes_after_everybody_has_moved(tmp_path: Path) -> None:
    order = [f"{n.host} {n.phase or n.action}" for n in scenario(tmp_path, hosts(3), endpoint="master1").change.order]
    assert order[order.index("master1 move") :][:11] == [
        "master1 move", "master1 cluster", "master2 move", "master2 remove", "master2 release", "master3 move",
        "master3 remove", "master3 release", "master1 remove", "master1 release", "master1 cluster",
    ]  # fmt: skip


def test_the_page_says_why_it_goes_last(tmp_path: Path) -> None:
    page = (scenario(tmp_path, hosts(3), endpoint="master1").folder / "RUNBOOK.md").read_text()
    assert f"The controlPlaneEndpoint is the old address of master1, {OLD}" in page
    assert "The controlPlaneEndpoint is" not in (scenario(tmp_path / "x", hosts(3)).folder / "RUNBOOK.md").read_text()


@pytest.mark.chaos
def test_rolling_takes_the_kubeconfigs_of_all_along(tmp_path: Path) -> None:
    with calling(tmp_path) as rig:
        with rig.writer() as writer:
            rig.follow_the_order(until="master2 move")
            assert servers(rig, "master1") == {f"server: https://{NEW}:6443"}
            assert servers(rig, "master2") == {f"server: https://{OLD}:6443"}
            rig.apply("master2", "move")
            assert servers(rig, "master2") == {f"server: https://{NEW}:6443"}
            assert f"https://{rig.member('master2').new}:6443" in rig["master2"].read_text(OWN)
            rig.undo("master2", "move")
            assert servers(rig, "master2") == {f"server: https://{OLD}:6443"}
            assert f"https://{rig.member('master2').old}:6443" in rig["master2"].read_text(OWN)
            rig.follow_the_order(start="master2 move")
        assert (writer.lost(), rig.old_connections()) == ([], [])
        for member in rig.roster:
            assert servers(rig, member.name) == {f"server: https://{NEW}:6443"}
        rig.add_old("master3")
        refused = rig.undo("master3", "move", expect=3)
        assert f"the kubeconfigs of this host called {OLD}, and no API answers there now" in refused.text
        assert commands(refused) == []


@pytest.mark.chaos
def test_bridge_takes_them_along_too(tmp_path: Path) -> None:
    with calling(tmp_path, method="bridge") as rig:
        rig.everybody_moves(crash=True)
        rig.follow_the_order()
        for member in rig.roster:
            assert servers(rig, member.name) == {f"server: https://{NEW}:6443"}


def test_without_the_key_preflight_says_which_one_it_is(tmp_path: Path) -> None:
    made = scenario(tmp_path, hosts(2), ca_pem())
    with Rig(made, "3.5", endpoint=f"{OLD}:6443") as rig:
        said = rig.apply("master2", "preflight", expect=3).text
        assert f"a kubeconfig calls another member at its old address: /etc/kubernetes/kubelet.conf names {OLD}" in said
        assert "set endpoint: MEMBER in the mapping" in said


@pytest.mark.parametrize(
    ("members", "mapping", "fact"),
    [
        (hosts(3), {"endpoint": "master2"}, "endpoint: master2 is not the first member"),
        (hosts(3), {"endpoint": "master9"}, "endpoint: no member is called master9"),
        (hosts(3), {"endpoint": "master1", "addresses": "replace"}, "not supported: endpoint with addresses: replace."),
        (
            [Host("master1", OLD, OLD), *hosts(3)[1:]],
            {"endpoint": "master1"},
            "endpoint: master1 keeps its address",
        ),
        (
            [*hosts(2), Host("master3", "192.168.100.12", "192.168.100.12")],
            {"endpoint": "master1"},
            "Nothing exchanges the kubeconfigs of master3",
        ),
    ],
)
def test_what_cannot_be_is_an_error_of_plan(
    members: list[Host], mapping: dict[str, object], fact: str, tmp_path: Path
) -> None:
    with pytest.raises(AssertionError):
        scenario(tmp_path, members, **mapping)
    found = [p for p in check(load(tmp_path / "mapping.yaml")) if p.severity == "error" and p.key == "endpoint"]
    assert len(found) == 1 and fact in found[0].fact
