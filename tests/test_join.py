"""join/etcd.yaml: the new manifest with the whole cluster in it, and with the word that founds none."""

from __future__ import annotations

from pathlib import Path

import pytest
from etcd_renumber.manifests.etcd import container_of, flags_of

from tests.scenario import hosts, manifests, rendered

ALL = ",".join(f"master{n + 1}=https://192.168.110.{10 + n}:2380" for n in range(3))


@pytest.mark.parametrize("flags", [(), ("--initial-cluster-state=existing",), ("--initial-cluster-state=new",)])
def test_it_names_every_member_on_its_new_address_and_founds_nothing(tmp_path: Path, flags: tuple[str, ...]) -> None:
    members = hosts(3)
    made = rendered(tmp_path, members, {h.name: manifests(h, members, flags) for h in members}, method="bridge")
    for name in ("master1", "master3"):
        folder = made.host_folder(name)
        text, new = ((folder / f).read_text() for f in ("join/etcd.yaml", "manifests/etcd.yaml"))
        found = flags_of(container_of(text))
        assert (found.pop("initial-cluster"), found.pop("initial-cluster-state")) == (ALL, "existing")
        assert text.count("--initial-cluster-state") == 1
        before = flags_of(container_of(new))
        assert found == {k: v for k, v in before.items() if k not in ("initial-cluster", "initial-cluster-state")}
        assert "join/etcd.yaml" in (folder / "SHA256SUMS").read_text()


@pytest.mark.parametrize(
    ("before", "after", "made"),
    [
        ("    - --initial-cluster=EVERY\n", "", True),
        ("    - --initial-cluster=EVERY\n", '    - "--initial-cluster=EVERY"\n', True),
        ("    - --name=master1\n", "    - --name\n    - master1\n", False),
    ],
    ids=["no list so far", "a quoted list", "flags not in lines of their own"],
)
def test_a_manifest_written_otherwise(tmp_path: Path, before: str, after: str, made: bool) -> None:
    members = hosts(1)
    facts = {h.name: manifests(h, members) for h in members}
    before, after = (t.replace("EVERY", "master1=https://192.168.100.10:2380") for t in (before, after))
    assert before in facts["master1"]["etcd.yaml"]
    facts["master1"]["etcd.yaml"] = facts["master1"]["etcd.yaml"].replace(before, after)
    folder = rendered(tmp_path, members, facts, method="bridge").host_folder("master1")
    assert (folder / "join" / "etcd.yaml").exists() == made
