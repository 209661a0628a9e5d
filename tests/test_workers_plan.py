"""Workers in the mapping: what is refused, where their lines stand, what the folder and its pages say of them."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest
from etcd_renumber.assets import folder
from etcd_renumber.change_folder.review import review
from etcd_renumber.checks.cluster import check
from etcd_renumber.cli.messages import order
from etcd_renumber.errors import Refused
from etcd_renumber.inputs.mapping import load
from etcd_renumber.methods.apiservers import APISERVERS
from etcd_renumber.methods.method import Script
from etcd_renumber.methods.workers import WORKERS
from etcd_renumber.planning.plan import from_json

from tests.bash_tree import calls, functions
from tests.pki import TEMPLATES
from tests.scenario import Scenario, hosts, scenario

TWO = [{"name": "worker1"}, {"name": "worker2", "calls": "master2", "ssh": ["admin@worker2.mgmt", "10.0.0.7"]}]
PREFLIGHTS = ["3 master3 preflight", "4 worker1 preflight", "5 worker2 preflight", "6 master1 prepare"]
ORDERS: dict[str, tuple[dict[str, object], list[str]]] = {
    "rolling": (
        {},
        ["12 master1 move", "13 worker1 move", "14 master1 cluster", "15 master1 remove", "17 master2 move", "18 worker2 move",
         "19 master2 remove"],
    ),
    "rolling, addresses: replace": (
        {"addresses": "replace"},
        ["11 master1 move", "12 worker1 move", "13 master1 cluster", "17 master2 move", "18 worker2 move"],
    ),
    "bridge": (
        {"method": "bridge"},
        ["17 master3 settle", "20 master3 rejoin", "21 worker1 move", "22 worker2 move", "23 master1 unbridge"],
    ),
    "restore": ({"method": "restore"}, ["30 master3 reopen", "31 worker1 move", "32 worker2 move", "33 master1 cluster"]),
}  # fmt: skip


def with_two(tmp: Path, **mapping: object) -> Scenario:
    return scenario(tmp, hosts(3), workers=TWO, **mapping)


@pytest.mark.parametrize("case", ORDERS)
def test_a_worker_follows_its_member_before_the_old_address_goes(case: str, tmp_path: Path) -> None:
    mapping, wanted = ORDERS[case]
    made = with_two(tmp_path, **mapping)
    lines = [f"{n.line} {n.host} {n.phase or n.action}" for n in made.change.order]
    assert [line for line in PREFLIGHTS + wanted if line not in lines] == []
    assert sum("worker" in line for line in lines) == 4


def test_the_change_comes_out_of_its_own_json_again(tmp_path: Path) -> None:
    made = with_two(tmp_path)
    assert from_json(made.change.json) == made.change or from_json(made.change.json).digest == made.change.digest
    assert json.loads(made.change.json)["mapping"]["workers"][0] == {"name": "worker1", "calls": "master1", "ssh": []}
    assert [p for p in review(made.folder) if p.severity != "note"] == []
    assert "  18  worker2  bash runbook.sh apply move" in order(made.change)


def test_the_pages_and_run_sh_know_them(tmp_path: Path) -> None:
    made = with_two(tmp_path)
    page, run_sh = ((made.folder / name).read_text() for name in ("RUNBOOK.md", "run.sh"))
    for words in ("| worker2 | master2 |", "`undo move` on a worker", "`move` of a worker", "| workers/SHA256SUMS |",
                  "the kubelets of other workers", "`systemctl stop kubelet` | move, undo move |"):  # fmt: skip
        assert words in page
    assert "readonly -a NAMES=(master1 master2 master3 worker1 worker2)" in run_sh
    assert "SSH_OF=('' '' '' worker1 'admin@worker2.mgmt 10.0.0.7')" in run_sh
    member = (made.host_folder("master1") / "runbook.sh").read_text()
    assert "'13 worker1 -' '14 master1 cluster'" in member, "status names it as: if not done"


def test_an_undo_of_theirs_is_offered_in_every_method(tmp_path: Path) -> None:
    assert "readonly -a UNDOABLE=(prepare readdress settle cluster move)" in _undoable(tmp_path / "a", workers=TWO)
    assert "move" not in _undoable(tmp_path / "b")


def _undoable(tmp: Path, **mapping: object) -> str:
    text = (scenario(tmp, hosts(3), method="bridge", **mapping).folder / "run.sh").read_text()
    return next(line for line in text.splitlines() if line.startswith("readonly -a UNDOABLE="))


def test_run_sh_says_of_a_worker_what_its_own_status_says() -> None:
    text = (
        "\nprod, change x\n    worker: kubelet.conf calls a port 6443: nothing to do\n    kubelet here: runs, pid 7\n"
    )
    part = (TEMPLATES / "run_sh/status.sh").read_text()
    ran = subprocess.run(["bash", "-c", f'{part}\nwords_of_worker "$1"', "-", text], capture_output=True, text=True)
    assert ran.stdout == "kubelet.conf calls a port 6443: nothing to do; kubelet runs, pid 7"


def test_without_workers_there_is_no_word_of_them(tmp_path: Path) -> None:
    made = scenario(tmp_path, hosts(3))
    assert not (made.folder / "workers").exists() and "workers" not in json.loads(made.change.json)["mapping"]
    assert "workers/" not in (made.folder / "RUNBOOK.md").read_text()


def test_review_names_a_workers_folder_that_lacks_or_is_too_much(tmp_path: Path) -> None:
    made, plain = with_two(tmp_path / "a"), scenario(tmp_path / "b", hosts(3))
    shutil.copytree(made.folder / "workers", plain.folder / "workers")
    (made.folder / "workers" / "runbook.sh").unlink()
    assert "this file is missing" in [p.fact for p in review(made.folder)]
    assert "the mapping has no workers" in [p.fact for p in review(plain.folder)]


CASES: dict[str, tuple[str, str]] = {
    "{name: master2}": ("the worker master2 is a member, too", "workers.0.name"),
    "{name: w}, {name: w}": ("the worker w is listed twice", "workers.1.name"),
    "{name: Worker1}": ("Worker1 is not the name of a Node: they have no capitals", "workers.0.name"),
    "{name: w, calls: master9}": ("w calls master9, and no member has that name", "workers.0.calls"),
    "{name: w, calls: master3}": ("w calls master3, which keeps its address", "workers.0.calls"),
}


@pytest.mark.parametrize("text", CASES)
def test_what_does_not_fit_is_refused_with_its_place(text: str, tmp_path: Path) -> None:
    fact, key = CASES[text]
    shutil.copytree(folder("examples") / "three-masters", tmp_path / "e")
    mapping = tmp_path / "e" / "mapping.yaml"
    stays = mapping.read_text().replace("new: 192.168.110.12", "stays: true")
    mapping.write_text(f"{stays}\nworkers: [{text}]\n")
    found = [p for p in check(load(mapping)) if p.severity == "error"]
    assert [(p.fact, p.key) for p in found] == [(fact, key)]
    assert found[0].place.startswith(str(mapping)) and found[0].hint


def test_a_key_that_nobody_knows_and_a_wrong_name_are_said_at_once(tmp_path: Path) -> None:
    mapping = tmp_path / "mapping.yaml"
    mapping.write_text(
        "cluster: c\nchange: d\nmembers: [{name: a, old: 10.0.0.1, new: 10.0.0.2}]\nworkers: [{name: 'a b'}, {call: a}]\n"
    )
    with pytest.raises(Refused) as refused:
        load(mapping)
    facts = " / ".join(p.fact for p in refused.value.problems)
    assert "'a b' does not match" in facts and "unknown key call" in facts and "'name' is a required property" in facts


@pytest.mark.parametrize("script", [WORKERS, APISERVERS], ids=lambda script: script.name)
def test_every_function_that_the_runbook_of_such_hosts_comes_to_is_in_it(script: Script) -> None:
    """It has a few parts of the members' alone, and bash says only on the host what is missing."""
    parts = tuple(TEMPLATES / part for part in script.parts)
    words: dict[str, set[str]] = {}
    for call in (call for part in parts for call in calls(part)):
        words.setdefault(call.function, set()).update(call.words)
    found, new = set[str](), {"main"} | {step for phase in script.phases for step in (*phase.steps, *phase.undo)}
    while new:
        found |= new
        new = {word for name in new for word in words.get(name, ())} - found
    assert found & functions() - functions(parts) == set()
