"""An etcd on hosts of its own, on the bed: apiservers on other hosts widen before the members move and switch after, and back."""

from __future__ import annotations

from pathlib import Path

import pytest
from etcd_renumber.manifests.apiserver import servers_of
from etcd_renumber.rehearsal.replica import commands

from tests.external import external
from tests.rig import Rig, ca_pem

MANIFEST = "/etc/kubernetes/manifests/kube-apiserver.yaml"
DRAFTS = ["find", "/etc/kubernetes", "-name", ".*.etcd-renumber"]
OLDS = [f"https://192.168.100.{n}:2379" for n in (10, 11, 12)]
NEWS = [f"https://192.168.110.{n}:2379" for n in (10, 11, 12)]


def called(rig: Rig, host: str) -> list[str]:
    """--etcd-servers of the kube-apiserver that runs there."""
    (pid,) = rig[host].processes("kube-apiserver")
    words = Path(f"/proc/{pid}/cmdline").read_text().split("\0")
    return next(w for w in words if w.startswith("--etcd-servers=")).partition("=")[2].split(",")


def test_the_whole_order_loses_no_write_and_ends_on_the_new_addresses(tmp_path: Path) -> None:
    with Rig(external(tmp_path, ca_pem()), "3.5", wide=True) as rig:
        before = rig["master1"].read_text(MANIFEST)
        with rig.writer() as writer:
            rig.follow_the_order(until="etcd1 move")
            assert called(rig, "master1") == called(rig, "master2") == OLDS + NEWS
            assert "old and new addresses of etcd" in rig.status("master1")
            rig.follow_the_order(start="etcd1 move", until="etcd1 remove")
            assert "nothing is left" not in rig.status("etcd1")
            rig.follow_the_order(start="etcd1 remove")
        assert writer.lost() == []
        assert called(rig, "master1") == called(rig, "master2") == NEWS
        assert rig["master1"].read_text(MANIFEST) == before.replace(",".join(OLDS), ",".join(NEWS))
        assert rig["master1"].read_text(f"{rig.made.state}/backup/manifests/kube-apiserver.yaml") == before
        assert {urls[1] for _, *urls in rig.members("etcd1").values()} == {*NEWS}
        for host, phase in (("etcd1", "move"), ("etcd3", "release"), ("master1", "widen"), ("master2", "switch")):
            assert commands(rig.apply(host, phase)) == []
            rig.verify(host, phase)
        for host in ("master1", "master2"):
            assert rig[host].must(DRAFTS) == ""
            rig.undo(host, "widen", expect=3)


def test_without_widen_a_move_ends_with_5_and_can_be_taken_back(tmp_path: Path) -> None:
    with Rig(external(tmp_path, ca_pem(), masters=1), "3.5", wide=True) as rig:
        rig.follow_the_order(until="master1 widen")
        limit = rig["etcd1"].path("/root/change/runbook.sh")
        limit.write_text(limit.read_text().replace("CALLED_LIMIT=180", "CALLED_LIMIT=6"))
        ran = rig.apply("etcd1", "move", expect=5)
        assert "kube-apiserver of these hosts does not call etcd on 192.168.110.10 after 6 s: master1" in ran.text
        rig.undo("etcd1", "move")
        assert "ok: kube-apiserver of master1 calls etcd on 192.168.100.10" in rig.undo("etcd1", "move").text
        rig.apply("master1", "widen")
        rig.apply("etcd1", "move")
        rig.verify("etcd1", "move")


FEW = (
    2,
    5,
    7,
)  # before kubelet is stopped, between the end of the process and the file, between the file and kubelet's start
EACH = pytest.param(tuple(range(20)), marks=pytest.mark.chaos, id="each")


@pytest.mark.parametrize("points", [pytest.param(FEW, id="few"), EACH])
def test_killed_before_a_command_and_run_again_it_comes_to_the_same_end(
    tmp_path: Path, points: tuple[int, ...]
) -> None:
    with Rig(external(tmp_path, ca_pem(), count=1), "3.5", wide=True) as rig:
        rig.follow_the_order(until="master1 widen")
        before = rig["master1"].read_text(MANIFEST)
        for after in points:
            ran = rig.start_killed("master1", "apply", "widen", after=after).wait(300)
            if ran.exit == 0:
                break
            assert ran.exit == 137, ran.text
            if any("systemctl stop" in c for c in commands(ran)[:-1]):
                assert "in between: kubelet is stopped" in rig.status("master1")
            if after % 2 == 0:
                rig.apply("master1", "widen")
                assert called(rig, "master1") == [OLDS[0], NEWS[0]]
            rig.undo("master1", "widen")
            assert rig["master1"].read_text(MANIFEST) == before and called(rig, "master1") == OLDS[:1]
            assert rig["master1"].must(DRAFTS) == ""
        assert commands(rig.undo("master1", "widen")) == []
        rig.apply("master1", "widen")
        assert commands(rig.apply("master1", "widen")) == []
        rig.verify("master1", "widen")


def test_switch_goes_back_and_forth_and_refuses_while_another_does_not_answer(tmp_path: Path) -> None:
    with Rig(external(tmp_path, ca_pem(), count=1), "3.5", wide=True) as rig:
        rig.follow_the_order(until="master1 switch")
        ran = rig.start_killed("master2", "apply", "switch", before="systemctl start").wait(300)
        assert ran.exit == 137
        ran = rig.apply("master1", "switch", expect=3)
        assert "kube-apiserver of these hosts does not answer: master2 on 192.168.100.31" in ran.text
        assert servers_of(rig["master1"].read_text(MANIFEST)) == [OLDS[0], NEWS[0]]
        rig.undo("master2", "switch")
        assert called(rig, "master2") == [OLDS[0], NEWS[0]]
        rig.apply("master1", "switch")
        assert called(rig, "master1") == NEWS[:1]
        assert commands(rig.apply("master1", "widen")) == []
        rig.verify("master1", "widen")
        rig.undo("master1", "switch")
        assert commands(rig.undo("master1", "switch")) == []
        rig.follow_the_order(start="master1 switch")


def test_what_is_not_as_it_was_reviewed_is_refused(tmp_path: Path) -> None:
    with Rig(external(tmp_path, ca_pem(), count=1), "3.5", wide=True) as rig:
        rig.apply("master1", "preflight")
        ran = rig.apply("master1", "switch", expect=3)
        assert "widen was not carried out on this host" in ran.text
        host = rig["master1"]
        host.write_text(MANIFEST, host.read_text(MANIFEST) + "# by hand\n", 0o600)
        assert "is not as it was reviewed" in rig.apply("master1", "widen", expect=4).text
        assert "a manifest that was not reviewed" in rig.status("master1")
