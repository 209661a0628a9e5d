"""The article's cluster, renumbered under load through the runbooks, in the order of RUNBOOK.md, on every etcd."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.rig import Rig, ca_pem
from tests.scenario import hosts, scenario


@pytest.mark.parametrize(
    "version", ["3.5", *(pytest.param(v, marks=pytest.mark.chaos) for v in ("3.3", "3.4", "3.6", "3.7"))]
)
def test_three_masters_get_new_addresses_and_no_write_is_lost(tmp_path: Path, version: str) -> None:
    made = scenario(tmp_path, hosts(3), ca_pem())
    with Rig(made, version) as rig:
        before, cluster = rig.members("master1"), rig.cluster_id("master1")
        rig.bed["master1"].etcdctl("put", "/registry/networkpolicies/default/api", "to 192.168.100.11/32")
        assert "YOURS, before an old address goes" in (seen := rig.apply("master2", "preflight").text)
        assert "etcd: /registry/networkpolicies/default/api: 192.168.100.11\n" in seen
        with rig.writer() as writer:
            rig.follow_the_order()
        for name in before:
            after = rig.members(name)
            assert {n: m[1:] for n, m in after.items()} == rig.urls("new")
            assert {n: m[0] for n, m in after.items()} == {n: m[0] for n, m in before.items()}
        assert rig.cluster_id("master3") == cluster
        assert len(writer.acked) > 200
        assert writer.lost() == []
        assert rig.old_connections() == []
        print(f"{version}: largest gap {writer.largest_gap():.3f} s, {len(writer.failed)} failed requests")
        assert "etcd: /registry/networkpolicies/default/api: 192.168.100.11\n" in (
            seen := rig.apply("master2", "finish").text
        )
        assert "YOURS, AND OVERDUE" in seen and "to 192.168.100.11/32" not in seen
        if version == "3.6":  # in every run of the tests on one host: test_shapes.py
            leader = rig.leader()
            rig.everything_again_changes_nothing()
            assert rig.leader() == leader
