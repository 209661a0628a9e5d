"""SIGKILL between any two commands of a phase, then its undo: the end is the beginning."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from etcd_renumber.planning.order import SOURCE

from tests.rig import Rig, ca_pem
from tests.scenario import hosts, scenario

DATA = "/var/lib/etcd"
FOLDERS = ("etc/kubernetes", "var/lib/kubelet")


@dataclass(frozen=True)
class Case:
    """`needs_old`: the undo wants the old address on the host. `few`: kill points of the sample in `make test`."""

    method: str
    host: str
    phase: str
    addresses: str = "both"
    needs_old: bool = False
    few: tuple[int, ...] = ()

    @property
    def line(self) -> str:
        """As the order has it: the host of `snapshot` is known only when the change runs."""
        return f"{SOURCE if self.phase == 'snapshot' else self.host} {self.phase}"


CASES = [
    Case("rolling", "master2", "prepare", few=(6,)),
    Case("rolling", "master2", "move"),
    Case("rolling", "master2", "leave", "replace", few=(7,)),
    Case("rolling", "master2", "move", "replace"),
    Case("bridge", "master2", "prepare"),
    Case("bridge", "master2", "readdress", needs_old=True),
    Case("bridge", "master3", "settle"),
    Case("restore", "master2", "prepare"),
    Case("restore", "master2", "quiesce"),
    Case("restore", "master2", "stop"),
    Case("restore", "master1", "snapshot"),
    Case("restore", "master2", "restore", few=(4,)),
    Case("restore", "master2", "start"),
]


def named(case: Case) -> str:
    return f"{case.method}, {case.phase}" + (", replace" if case.addresses == "replace" else "")


@contextmanager
def just_before(case: Case, tmp: Path) -> Iterator[Rig]:
    """Every line before it is done. A host that leaves its old address for the new one still reaches the others: one subnet."""
    bits = 16 if case.addresses == "replace" else 24
    method = {"method": case.method} | ({"addresses": "replace"} if case.addresses == "replace" else {})
    with Rig(scenario(tmp, hosts(3), ca_pem(), "3.5", **method), "3.5", wide=True, bits=bits) as rig:
        if case.method == "bridge":
            rig.everybody_crashes()
        rig.follow_the_order(until=case.line)
        assert case.phase != "snapshot" or rig.source() == case.host
        yield rig


def world(rig: Rig, case: Case) -> dict[str, object]:
    """All files of kubelet and the control plane, and the member list; where etcd is up, with whose arguments it runs here."""
    host = rig[case.host]
    root = host.path("/")
    files = {str(p): p.read_bytes() for folder in FOLDERS for p in (root / folder).rglob("*") if p.is_file()}
    up = case.method == "rolling" or case.phase == "settle"
    members = rig.members("master1") if up else {}
    if members and not host.processes("etcd"):  # it publishes its client URL when it starts
        members[case.host] = (*members[case.host][:2], "")
    started = [Path(f"/proc/{pid}/cmdline").read_text() for pid in host.processes("etcd")] if up else []
    return {
        "files": files,
        "data": host.path(f"{DATA}/member/snap/db").exists(),
        "members": members,
        "etcd": started,
        "kubelet": "ActiveState=active" in host.run(["systemctl", "show", "-p", "ActiveState", "kubelet"]).out,
    }


def goes_back(rig: Rig, case: Case, after: int, before: dict[str, object]) -> bool:
    """One kill and its undo. False where the phase has no more commands than that."""
    ran = rig.killed(case.host, case.phase, after)
    assert ran.exit in (0, 137), ran.text
    if case.needs_old:
        rig.add_old(case.host)
    rig.undo(case.host, case.phase)
    if case.needs_old:
        rig.remove_old(case.host)
    now = world(rig, case)
    assert {key: now[key] for key in now if key != "files"} == {key: before[key] for key in before if key != "files"}
    files, were = now["files"], before["files"]
    assert isinstance(files, dict) and isinstance(were, dict)
    assert {p for p in {*files, *were} if files.get(p) != were.get(p)} == set(), f"killed after {after} commands"
    return ran.exit == 137


@pytest.mark.parametrize("case", [c for c in CASES if c.few], ids=named)
def test_killed_in_its_middle_a_phase_goes_back(case: Case, tmp_path: Path) -> None:
    with just_before(case, tmp_path) as rig:
        before = world(rig, case)
        for after in case.few:
            assert goes_back(rig, case, after, before)


@pytest.mark.chaos
@pytest.mark.parametrize("case", CASES, ids=named)
def test_killed_anywhere_a_phase_goes_back_and_then_to_its_end(case: Case, tmp_path: Path) -> None:
    with just_before(case, tmp_path) as rig:
        before, after = world(rig, case), 0
        while goes_back(rig, case, after, before):
            after += 1
        assert after > 2
        rig.follow_the_order(start=case.line)
        assert {n: m[1:] for n, m in rig.members("master1").items()} == rig.urls("new")
