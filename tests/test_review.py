"""A change folder is checked against itself: what anybody changed in it is named."""

import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from etcd_renumber.assets import folder
from etcd_renumber.change_folder.founders import joins
from etcd_renumber.change_folder.lint import lint
from etcd_renumber.change_folder.review import review
from etcd_renumber.change_folder.write import SUMS, write
from etcd_renumber.errors import Refused
from etcd_renumber.inputs.mapping import load
from etcd_renumber.planning.plan import plan
from etcd_renumber.rendering.render import render


@pytest.fixture(scope="module")
def rendered() -> dict[str, str]:
    change = plan(load(folder("examples") / "three-masters" / "mapping.yaml"))
    return render(change)


@pytest.fixture
def out(rendered: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A rendered folder. ShellCheck looks once at the clean body and at every other one that a case makes."""
    monkeypatch.setattr("etcd_renumber.change_folder.review.lint", lambda files: lint(files, SEEN))
    write(tmp_path / "three-masters", rendered, "any")
    return tmp_path / "three-masters"


SEEN: set[str] = set()


def errors(out: Path) -> list[str]:
    return [f"{p.fact} | {p.place.removeprefix(str(out) + '/')}" for p in review(out) if p.severity != "note"]


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def sign(top: Path) -> None:
    """Make the list of this folder agree again, as somebody who edits and hides it would."""
    names = [line.split("  ", 1)[1] for line in (top / SUMS).read_text().splitlines()]
    kept = [n for n in names if (top / n).is_file()]
    text = "".join(f"{hashlib.sha256((top / n).read_bytes()).hexdigest()}  {n}\n" for n in kept)
    (top / SUMS).write_text(text)


def sign_all(out: Path) -> None:
    for host in (out / "hosts").iterdir():
        if (host / SUMS).is_file():
            sign(host)
    sign(out)


def test_a_fresh_folder_has_notes_on_the_first_master_and_on_the_library_alone(out: Path) -> None:
    notes = [("note", str(out / "hosts/master1" / name)) for name in ("manifests/etcd.yaml", "runbook.sh")]
    assert [(p.severity, p.place) for p in review(out)] == notes
    (out / "evidence").mkdir()
    (out / "evidence/master1.jsonl").write_text("{}")
    assert errors(out) == []


def test_a_change_that_is_not_in_the_list_is_named(out: Path) -> None:
    edit(out / "RUNBOOK.md", "CHG-1042", "CHG-1043")
    assert errors(out)[0] == "its sha256 differs from the one in SHA256SUMS | RUNBOOK.md"


def test_missing_and_extra_files_and_links_are_named(out: Path) -> None:
    (out / "RUNBOOK.md").unlink()
    (out / "hosts/master1/more.sh").write_text("#!/usr/bin/env bash\necho $1\n")
    (out / "hosts/master2/link").symlink_to("/etc/passwd")
    found = errors(out)
    assert "this is a link | hosts/master2/link" in found
    assert "it is in SHA256SUMS but does not exist | RUNBOOK.md" in found
    assert "it is not in SHA256SUMS | hosts/master1/more.sh" in found
    assert any("SC2086" in f and f.endswith("hosts/master1/more.sh:2:6") for f in found)


HIDDEN: list[tuple[str, Callable[[Path], None], str]] = [
    (
        "a line in one runbook",
        lambda out: edit(out / "hosts/master2/runbook.sh", "set -o errexit", "set +o errexit"),
        "outside of its values it differs from hosts/master1/runbook.sh | hosts/master2/runbook.sh:",
    ),
    (
        "a line at the end of one runbook",
        lambda out: edit(out / "hosts/master3/runbook.sh", '\nmain "$@"\n', '\nmain "$@"\n:\n'),
        "outside of its values it differs from hosts/master1/runbook.sh | hosts/master3/runbook.sh:",
    ),
    (
        "a value that is a command",
        lambda out: edit(out / "hosts/master2/runbook.sh", "readonly HOST=master2", "readonly HOST=$(id)"),
        "this is not a value: readonly HOST=$(id) | hosts/master2/runbook.sh:",
    ),
    (
        "another digest in a runbook",
        lambda out: edit(out / "hosts/master2/runbook.sh", "readonly DIGEST=", "readonly DIGEST=0"),
        "its digest is 0",
    ),
    (
        "another flag in a manifest",
        lambda out: edit(out / "hosts/master2/manifests/etcd.yaml", "snapshot-count=10000", "snapshot-count=1"),
        "this line changed by more or less than its addresses | hosts/master2/manifests/etcd.yaml:",
    ),
    (
        "an old address in a manifest",
        lambda out: edit(out / "hosts/master2/manifests/etcd.yaml", "192.168.110.10", "192.168.100.10"),
        "it still contains the old address 192.168.100.10 | hosts/master2/manifests/etcd.yaml:",
    ),
    (
        "a comment in a manifest",
        lambda out: edit(out / "hosts/master2/manifests/etcd.yaml", "status: {}", "status: {} # x"),
        "its sha256 differs from new_sha256 in change.json | hosts/master2/manifests/etcd.yaml",
    ),
    (
        "a manifest that is no YAML",
        lambda out: edit(out / "hosts/master1/manifests/etcd.yaml", "status: {}", "status: {"),
        "this is not YAML",
    ),
    (
        "a manifest taken out",
        lambda out: (out / "hosts/master1/manifests/etcd.yaml").unlink(),
        "the old address",
    ),
    (
        "a host taken out",
        lambda out: shutil.rmtree(out / "hosts/master3"),
        "this file is missing | hosts/master3/runbook.sh",
    ),
    (
        "change.json itself",
        lambda out: edit(out / "change.json", "CHG-1042", "CHG-1043"),
        "its digest is",
    ),
    (
        "change.json broken",
        lambda out: edit(out / "change.json", '"format": 1', '"format": 2'),
        "1 was expected | change.json",
    ),
    (
        "change.json of another release",
        lambda out: edit(out / "change.json", '"templates_sha256": "', '"templates_sha256": "0'),
        "it was rendered by another release of this tool | change.json",
    ),
]


@pytest.mark.parametrize(("name", "change", "fact"), HIDDEN, ids=[c[0] for c in HIDDEN])
def test_an_edit_is_named_also_when_every_list_was_made_to_agree(
    out: Path, name: str, change: Callable[[Path], None], fact: str
) -> None:
    change(out)
    sign_all(out)
    assert any(fact in f for f in errors(out)), errors(out)


def test_a_manifest_and_change_json_edited_together_are_caught_by_the_proof(out: Path) -> None:
    path = out / "hosts/master2/manifests/etcd.yaml"
    before = hashlib.sha256(path.read_bytes()).hexdigest()
    edit(path, "snapshot-count=10000", "snapshot-count=1")
    edit(out / "change.json", before, hashlib.sha256(path.read_bytes()).hexdigest())
    sign_all(out)
    assert any("by more or less than its addresses" in f for f in errors(out))


def test_a_host_that_no_member_has_is_named(out: Path) -> None:
    (out / "hosts/master9").mkdir()
    (out / "hosts/master9/x").write_text("x")
    assert "no member has this name | hosts/master9" in errors(out)


@pytest.mark.parametrize("text", ["", "[]", "nope", "{}", "[" * 100_000, json.dumps({"format": 1, "members": []})])
def test_any_change_json_is_a_problem_and_no_traceback(out: Path, text: str) -> None:
    (out / "change.json").write_text(text)
    assert any(f.endswith("| change.json") for f in errors(out))


def test_a_folder_that_is_none_of_ours_is_refused(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "none"):
        with pytest.raises(Refused):
            review(path)


@pytest.mark.parametrize(
    ("joined", "text"),
    [
        (True, "spec: {containers: [{command: [etcd, --initial-cluster-state=existing]}]}"),
        (True, "spec: {containers: [{command: [etcd, -initial-cluster-state, existing]}]}"),
        (True, "spec: {containers: [{command: [etcd], env: [{name: ETCD_INITIAL_CLUSTER_STATE, value: existing}]}]}"),
        (False, "spec: {containers: [{command: [etcd, --initial-cluster-state=new]}]} # =existing"),
        (False, "spec: {containers: [{command: [etcd]}]} # --initial-cluster-state=existing"),
    ],
)  # fmt: skip
def test_a_manifest_that_joins_an_existing_cluster_is_known(joined: bool, text: str) -> None:
    assert joins(text) is joined
