"""An etcd on hosts of its own: what is refused, the manifests of the apiservers, the order, what folder and pages say."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from etcd_renumber.change_folder.review import review
from etcd_renumber.checks.cluster import check
from etcd_renumber.cli.messages import order
from etcd_renumber.errors import Refused
from etcd_renumber.inputs.mapping import load
from etcd_renumber.manifests.apiserver import manifests, prove, servers_of
from etcd_renumber.methods.apiservers import APISERVERS
from etcd_renumber.planning.plan import from_json

from tests.bash_tree import functions
from tests.external import apis, external, members
from tests.pki import TEMPLATES

OLDS = [f"https://192.168.100.{n}:2379" for n in (10, 11, 12)]
NEWS = [f"https://192.168.110.{n}:2379" for n in (10, 11, 12)]
ORDER = [
    "1 etcd1 preflight", "2 etcd2 preflight", "3 etcd3 preflight", "4 master1 preflight", "5 master2 preflight",
    "6 etcd1 prepare", "7 etcd2 prepare", "8 etcd3 prepare", "9 etcd1 add", "10 etcd2 add", "11 etcd3 add",
    "12 master1 widen", "13 master2 widen",
    "14 etcd1 move", "15 etcd1 remove", "16 etcd1 release", "17 etcd2 move", "18 etcd2 remove", "19 etcd2 release",
    "20 etcd3 move", "21 etcd3 remove", "22 etcd3 release", "23 master1 switch", "24 master2 switch",
    "25 master1 cluster", "26 etcd1 finish", "27 etcd2 finish", "28 etcd3 finish",
]  # fmt: skip
Change = Callable[[dict[str, object]], None]


def test_apiservers_widen_before_the_first_member_moves_and_switch_after_the_last(tmp_path: Path) -> None:
    made = external(tmp_path)
    assert [f"{n.line} {n.host} {n.phase or n.action}" for n in made.change.order] == ORDER
    assert "  12  master1  bash runbook.sh apply widen" in order(made.change)


def test_where_an_address_is_replaced_they_widen_before_the_first_leave(tmp_path: Path) -> None:
    lines = [f"{n.host} {n.phase or n.action}" for n in external(tmp_path, addresses="replace").change.order]
    assert lines.index("master2 widen") == lines.index("etcd1 leave") - 1
    assert lines.index("master1 switch") == lines.index("etcd3 release") + 1


def test_the_manifests_differ_in_the_addresses_of_etcd_alone(tmp_path: Path) -> None:
    made = external(tmp_path)
    old = (tmp_path / "facts/master1/manifests/kube-apiserver.yaml").read_text()
    wide, new = (
        (made.folder / f"apiservers/master1/kube-apiserver.{stage}.yaml").read_text()
        for stage in ("widened", "switched")
    )
    assert (servers_of(old), servers_of(wide), servers_of(new)) == (OLDS, OLDS + NEWS, NEWS)
    assert old.replace(",".join(OLDS), ",".join(NEWS)) == new
    assert old.replace(",".join(OLDS), ",".join(OLDS + NEWS)) == wide
    assert "+    - --etcd-servers=" + ",".join(NEWS) in (made.folder / "apiservers/master1/manifests.diff").read_text()


def test_a_member_that_stays_and_one_that_has_moved_are_named_once(tmp_path: Path) -> None:
    old = external(tmp_path).change.apiservers["master1"].old
    moves = {m.old: m.new for m in load(tmp_path / "mapping.yaml").mapping.members[1:]}
    once = manifests(old, moves)
    assert servers_of(once.switched) == [OLDS[0], *NEWS[1:]] and servers_of(once.widened) == [*OLDS, *NEWS[1:]]
    again = manifests(once.switched, moves)
    assert again.widened == again.switched == again.old


def test_another_change_in_the_manifest_is_proved_against(tmp_path: Path) -> None:
    made = external(tmp_path).change.apiservers["master1"]
    assert prove(made.old, made.switched, "x") == []
    assert prove(made.old, made.switched.replace("6443", "6444"), "x")
    assert prove(made.old.replace("--etcd-servers=", "--etcd-servers= "), made.switched, "x")


def test_the_change_comes_out_of_its_own_json_again(tmp_path: Path) -> None:
    made = external(tmp_path)
    assert from_json(made.change.json).digest == made.change.digest
    assert json.loads(made.change.json)["mapping"]["apiservers"][0] == {
        "name": "master1", "address": "192.168.100.30", "ssh": [],
    }  # fmt: skip
    assert [p for p in review(made.folder) if p.severity != "note"] == []


def test_review_sees_another_address_in_a_manifest_of_theirs(tmp_path: Path) -> None:
    made = external(tmp_path)
    file = made.folder / "apiservers/master2/kube-apiserver.widened.yaml"
    file.write_text(file.read_text().replace(NEWS[1], "https://192.168.110.99:2379"))
    facts = [p.fact for p in review(made.folder)]
    assert "--etcd-servers names other addresses" in facts
    assert "its sha256 differs from widened_sha256 in change.json" in facts


def test_the_pages_and_run_sh_know_them(tmp_path: Path) -> None:
    made = external(tmp_path)
    page, run_sh = ((made.folder / name).read_text() for name in ("RUNBOOK.md", "run.sh"))
    for words in ("| master2 | 192.168.100.31 |", "`undo widen` on an apiserver", "| apiservers/SHA256SUMS |",
                  "No member may `move` before", "On the host of an apiserver, by `apiservers/runbook.sh`",
                  "its kube-apiserver down for 15 s"):  # fmt: skip
        assert words in page
    assert "apply cluster" not in "".join(line for line in page.splitlines() if "etcd" in line.split("|")[2:3])
    assert "its API for" not in page and "the API answers" not in page
    assert "| `ok: gate`, `ok: kube-apiserver of … calls etcd on …`, `move on etcd1: done` |" in page
    assert "checks etcd and Kubernetes | `ok: gate` |" in page
    assert "readonly -a NAMES=(etcd1 etcd2 etcd3 master1 master2)" in run_sh
    assert "PLACES=(hosts/etcd1 hosts/etcd2 hosts/etcd3 apiservers apiservers)" in run_sh
    assert "SSH_OF=('' '' '' 192.168.100.30 192.168.100.31)" in run_sh
    member = (made.host_folder("etcd1") / "runbook.sh").read_text()
    assert "readonly -a CALLED_FROM=(192.168.100.30 192.168.100.31)" in member and "'12 master1 -'" in member


def test_an_apiserver_may_call_from_further_addresses(tmp_path: Path) -> None:
    lines = [{"name": "master1", "address": "192.168.100.30", "calls_from": ["192.168.110.30"]}]
    made = external(tmp_path, masters=1, apiservers=lines)
    assert from_json(made.change.json).digest == made.change.digest
    assert "CALLED_FROM=('192.168.100.30 192.168.110.30')" in (made.host_folder("etcd1") / "runbook.sh").read_text()
    assert "CALLS_FROM=('192.168.100.30 192.168.110.30')" in (made.folder / "apiservers/runbook.sh").read_text()


def test_none_at_all_is_an_answer_too(tmp_path: Path) -> None:
    made = external(tmp_path, masters=0)
    assert made.change.cluster.mapping.apiservers == () and not (made.folder / "apiservers").exists()
    assert "CALLED_FROM=" not in (made.host_folder("etcd1") / "runbook.sh").read_text()
    assert [p for p in review(made.folder) if p.severity != "note"] == []


def test_every_step_of_theirs_is_a_function_of_theirs() -> None:
    there = functions(tuple(TEMPLATES / part for part in APISERVERS.parts))
    assert {step for phase in APISERVERS.phases for step in (*phase.steps, *phase.undo)} <= there


# --- what is refused: a key, what it becomes, words of the fact ---

ONE = {"name": "master1", "address": "192.168.100.30"}
WRONG: dict[str, tuple[dict[str, object], str]] = {
    "another method": ({"method": "bridge"}, "not supported: apiservers with method: bridge"),
    "the name of a member": ({"apiservers": [ONE | {"name": "etcd1"}]}, "the apiserver etcd1 has the name of a member"),
    "twice": ({"apiservers": [ONE, dict(ONE)]}, "the apiserver master1 is listed twice"),
    "the same address": (
        {"apiservers": [ONE, {"name": "master2", "address": "192.168.100.30"}]}, "have the same address 192.168.100.30"
    ),
    "the address of a member": (
        {"apiservers": [ONE | {"address": "192.168.110.11"}]}, "master1 has the address 192.168.110.11, which is etcd2's"
    ),
    "workers": ({"workers": [{"name": "worker1"}]}, "workers has no effect beside apiservers"),
    "kubeadm's objects": ({"apiservers": [], "objects": "kubeadm"}, "objects: kubeadm has no effect: apiservers: []"),
    "nobody": ({"apiservers": None}, "which apiservers use this etcd?"),
}  # fmt: skip


def faults(tmp: Path, **keys: object) -> str:
    """What check, or the reading, says of the mapping with these keys."""
    external(tmp)
    return faults_of(tmp, **keys)


def faults_of(tmp: Path, **keys: object) -> str:
    """The same of what lies there."""
    path = tmp / "mapping.yaml"
    data = yaml.safe_load(path.read_text()) | keys
    path.write_text(yaml.safe_dump({k: v for k, v in data.items() if v is not None}))
    named = [a["name"] for a in data["apiservers"] or ()]
    for name, _ in apis():
        if name not in named and (tmp / "facts" / name).exists():
            (tmp / "facts" / name).rename(tmp / name)
    for name in set(named) & {m.name for m in members()}:
        (tmp / "facts" / name / "manifests/kube-apiserver.yaml").write_text(
            (tmp / "master1/manifests/kube-apiserver.yaml").read_text()
        )
    try:
        found = check(load(path))
    except Refused as refused:
        found = list(refused.problems)
    return "\n".join(f"{p.severity}: {p}" for p in found)


@pytest.mark.parametrize("case", WRONG)
def test_a_mapping_that_cannot_be_meant_is_refused(case: str, tmp_path: Path) -> None:
    keys, words = WRONG[case]
    text = faults(tmp_path, **keys)
    assert any(line.startswith("error: ") and words in line for line in text.splitlines()), text


@pytest.mark.parametrize("method", ["rolling", "bridge", "restore"])
def test_no_page_expects_the_words_of_an_api_that_is_not_there(method: str, tmp_path: Path) -> None:
    made = external(tmp_path, masters=0, method=method, certificates="narrow")
    page = (made.folder / "RUNBOOK.md").read_text()
    assert "the API answers" not in page and "| `ok: gate`, `narrow on etcd1: done` |" in page


ASKED = "warning: no member has a kube-apiserver: which apiservers use this etcd?"


@pytest.mark.parametrize("method", ["bridge", "restore"])
def test_other_methods_ask_too_and_none_at_all_is_an_answer(method: str, tmp_path: Path) -> None:
    text = faults(tmp_path / "a", method=method, apiservers=None)
    assert text.count(ASKED) == 1 and "point --etcd-servers of those hosts to the new addresses" in text
    text = faults(tmp_path / "b", method=method, apiservers=[])
    assert "apiserver" not in text and "error: " not in text


def test_a_manifest_that_kubeadm_did_not_write_is_asked_about(tmp_path: Path) -> None:
    external(tmp_path)
    for path in (tmp_path / "facts").glob("etcd*/manifests/etcd.yaml"):
        path.write_text(path.read_text().replace("kubeadm.kubernetes.io", "example.org"))
    for keys, times in (({"apiservers": None}, 1), ({"apiservers": []}, 0)):
        assert faults_of(tmp_path, **keys).count(ASKED) == times


TEXTS = {
    "another etcd": (f"{OLDS[0]},", "https://192.168.100.99:2379,", "error: kube-apiserver of master1 calls https://192.168.100.99"),
    "no flag": ("--etcd-servers=", "--etcd-server=", "error: kube-apiserver of master1 has no --etcd-servers"),
    "a value of the downward API": (
        "    image:",
        "    - --x=$(IP)\n    env: [{name: IP, valueFrom: {fieldRef: {fieldPath: status.hostIP}}}]\n    image:",
        "error: kube-apiserver of master1 takes an argument from $( )",
    ),
    "a name": (OLDS[0], "https://etcd1.example:2379", "warning: kube-apiserver of master1 calls etcd by a name"),
    "no TLS": (OLDS[0], "http://192.168.100.10:2379", "error: kube-apiserver of master1 calls http://"),
    "overrides": (
        "    - --etcd-servers=",
        "    - --etcd-servers-overrides=/events#https://192.168.100.10:2379\n    - --etcd-servers=",
        "error: --etcd-servers-overrides of master1 names an old address",
    ),
    "in another place": ("    - --etcd-servers=", "    # 192.168.100.11\n    - --etcd-servers=", "note: kube-apiserver.yaml of"),
    "another process": ("    - kube-apiserver\n", "    - sh\n", "error: kube-apiserver.yaml of master1 does not start"),
}  # fmt: skip


@pytest.mark.parametrize("case", TEXTS)
def test_a_manifest_that_calls_somebody_else_is_refused(case: str, tmp_path: Path) -> None:
    before, after, words = TEXTS[case]
    external(tmp_path)
    path = tmp_path / "facts/master1/manifests/kube-apiserver.yaml"
    assert before in path.read_text()
    path.write_text(path.read_text().replace(before, after))
    found = [f"{p.severity}: {p}" for p in check(load(tmp_path / "mapping.yaml"))]
    assert any(line.startswith(words) for line in found), found


def test_facts_that_lack_a_manifest_say_where_it_belongs(tmp_path: Path) -> None:
    external(tmp_path)
    (tmp_path / "facts/master2/manifests/kube-apiserver.yaml").unlink()
    with pytest.raises(Refused, match="there is no kube-apiserver"):
        load(tmp_path / "mapping.yaml")


def test_a_member_with_an_apiserver_of_its_own_and_others_beside_it_are_not_supported(tmp_path: Path) -> None:
    external(tmp_path)
    text = (tmp_path / "facts/master1/manifests/kube-apiserver.yaml").read_text()
    (tmp_path / "facts/etcd2/manifests/kube-apiserver.yaml").write_text(text)
    facts = [p.fact for p in check(load(tmp_path / "mapping.yaml"))]
    assert "apiservers are in the mapping, and etcd2 has a kube-apiserver of its own" in facts
