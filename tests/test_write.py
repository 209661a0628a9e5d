"""A change folder on disk: rendered files are replaced, what a person made is never lost."""

import contextlib
import hashlib
import os
from pathlib import Path

import pytest
from etcd_renumber.change_folder import write as room
from etcd_renumber.change_folder.write import SUMS, write
from etcd_renumber.errors import Refused


def sha(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def files(**content: str) -> dict[str, str]:
    """Files with their list, as render makes them; `__` stands for a slash, `_sh` for `.sh`."""
    named = {name.replace("__", "/").replace("_sh", ".sh"): text for name, text in content.items()}
    return named | {SUMS: "".join(f"{sha(named[n])}  {n}\n" for n in sorted(named))}


ONE = files(hosts__m1__runbook_sh="one\n", hosts__m1__manifests__a="a\n", RUNBOOK="page\n")
TWO = files(hosts__m1__runbook_sh="two\n", hosts__m2__runbook_sh="new\n", RUNBOOK="page\n")


def facts(folder: Path, content: dict[str, str], digest: str = "d") -> list[str]:
    before = tree(folder)
    with pytest.raises(Refused) as refused:
        write(folder, content, digest)
    assert tree(folder) == before, "a refusal changed something"
    return [f"{p.fact} | {p.place}" for p in refused.value.problems]


def tree(folder: Path) -> dict[str, bytes | None]:
    paths = sorted(folder.rglob("*")) if folder.is_dir() else []
    return {str(p.relative_to(folder)): p.read_bytes() if p.is_file() else None for p in paths}


def test_a_first_rendering_writes_everything_with_its_modes(tmp_path: Path) -> None:
    out = tmp_path / "out" / "prod"
    assert write(out, ONE, "d").added == tuple(sorted(ONE))
    assert {n: (out / n).read_bytes().decode() for n in ONE} == ONE
    assert {n: (out / n).stat().st_mode & 0o777 for n in ONE} == {n: 0o755 if n.endswith(".sh") else 0o644 for n in ONE}
    assert not [n for n in tree(out) if "/." in f"/{n}"]


def test_the_same_again_changes_nothing_but_mends_a_mode(tmp_path: Path) -> None:
    write(tmp_path / "p", ONE, "d")
    (tmp_path / "p/hosts/m1/runbook.sh").chmod(0o600)
    before = (tmp_path / "p/RUNBOOK").stat()
    written = write(tmp_path / "p", ONE, "d")
    assert (written.added, written.changed, written.removed) == ((), (), ())
    assert written.same == tuple(sorted(ONE))
    assert (tmp_path / "p/RUNBOOK").stat().st_mtime_ns == before.st_mtime_ns
    assert (tmp_path / "p/hosts/m1/runbook.sh").stat().st_mode & 0o777 == 0o755


def test_another_plan_replaces_and_removes_only_what_was_rendered(tmp_path: Path) -> None:
    out = tmp_path / "p"
    write(out, ONE, "d")
    (out / "notes.txt").write_text("mine")
    (out / "hosts/m1/own.sh").write_text("mine")
    written = write(out, TWO, "e")
    assert written.added == ("hosts/m2/runbook.sh",)
    assert written.changed == (SUMS, "hosts/m1/runbook.sh")
    assert written.removed == ("hosts/m1/manifests/a",)
    assert written.same == ("RUNBOOK",)
    assert not (out / "hosts/m1/manifests").exists()
    assert (out / "notes.txt").read_text() == (out / "hosts/m1/own.sh").read_text() == "mine"


def test_every_edited_file_is_named_also_one_that_would_be_removed(tmp_path: Path) -> None:
    out = tmp_path / "p"
    write(out, ONE, "d")
    (out / "hosts/m1/runbook.sh").write_text("edited")
    (out / "hosts/m1/manifests/a").write_text("edited")
    found = facts(out, TWO)
    assert [f.split(" | ")[0] for f in found] == [
        "hosts/m1/manifests/a was edited after it was rendered",
        "hosts/m1/runbook.sh was edited after it was rendered",
    ]


def test_a_file_that_was_taken_away_comes_back(tmp_path: Path) -> None:
    out = tmp_path / "p"
    write(out, ONE, "d")
    (out / "RUNBOOK").unlink()
    assert write(out, ONE, "d").added == ("RUNBOOK",)


def test_a_file_of_a_person_where_a_new_one_belongs_is_kept(tmp_path: Path) -> None:
    out = tmp_path / "p"
    write(out, ONE, "d")
    (out / "hosts/m2").mkdir()
    (out / "hosts/m2/runbook.sh").write_text("mine")
    assert "exists already and was not rendered" in facts(out, TWO)[0]


def test_folders_that_are_not_ours_are_refused(tmp_path: Path) -> None:
    (tmp_path / "p").mkdir()
    assert write(tmp_path / "p", ONE, "d").added
    (tmp_path / "q").mkdir()
    (tmp_path / "q/x").write_text("x")
    assert "it was not rendered by this tool" in facts(tmp_path / "q", ONE)[0]
    (tmp_path / "file").write_text("x")
    assert "this is not a folder" in facts(tmp_path / "file", ONE)[0]
    (tmp_path / "link").symlink_to(tmp_path / "p")
    assert "is a link" in facts(tmp_path / "link", ONE)[0]


def test_links_are_not_followed_out(tmp_path: Path) -> None:
    out, away = tmp_path / "p", tmp_path / "away"
    write(out, ONE, "d")
    (out / "hosts/m1").rename(away)
    (out / "hosts/m1").symlink_to(away)
    (out / "RUNBOOK").rename(tmp_path / "page")
    (out / "RUNBOOK").symlink_to(tmp_path / "page")
    found = facts(out, TWO)
    assert len(found) == 3 and all("a link is in the place" in f for f in found)
    assert (away / "runbook.sh").read_text() == "one\n"


def test_a_folder_where_a_file_belongs_is_refused(tmp_path: Path) -> None:
    out = tmp_path / "p"
    write(out, ONE, "d")
    (out / "hosts/m2/runbook.sh").mkdir(parents=True)
    assert "a folder is in the place" in facts(out, TWO)[0]


@pytest.mark.parametrize("name", ["../x", "/x", "a/../x", "a\nb", "a\\b", "./x", "a//b", "", "."])
def test_names_that_lead_out_are_refused_in_files_and_in_the_list(tmp_path: Path, name: str) -> None:
    assert "cannot be the name" in facts(tmp_path / "p", ONE | {name: "x"})[0]
    write(tmp_path / "q", ONE, "d")
    (tmp_path / "x").write_text("x")
    with open(tmp_path / "q" / SUMS, "a") as file:
        file.write(f"{sha('x')}  {name}\n")
    assert "not a sha256sum line" in facts(tmp_path / "q", ONE)[0]


def test_a_change_that_was_begun_takes_no_other_plan(tmp_path: Path) -> None:
    out = tmp_path / "p"
    first, second = (files(**{"change.json": text}) for text in "12")
    write(out, first, sha("1")[:12])
    (out / "evidence").mkdir()
    write(out, second, sha("2")[:12])
    (out / "evidence/m1.jsonl").write_text("{}")
    assert write(out, second, sha("2")[:12]).same
    assert "the change was already started" in facts(out, first, sha("1")[:12])[0]
    (out / "change.json").unlink()
    assert "belongs to plan unknown" in facts(out, second, sha("2")[:12])[0]


def test_a_run_that_is_killed_anywhere_is_taken_up_by_any_later_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        pass

    real, calls = os.replace, 0
    for start in (None, ONE):
        for kill_at in range(6):
            for then in (ONE, TWO):
                out = tmp_path / f"{start is ONE}-{kill_at}-{then is ONE}"
                if start:
                    write(out, start, "d")
                calls = 0

                def dying(a: Path, b: Path, at: int = kill_at) -> None:
                    nonlocal calls
                    calls += 1
                    if calls > at:
                        raise Killed
                    real(a, b)

                with monkeypatch.context() as m:
                    m.setattr(room.os, "replace", dying)
                    with contextlib.suppress(Killed):
                        write(out, TWO, "e")
                write(out, then, "e")
                left = {n for n in tree(out) if (out / n).is_file()}
                assert left == set(then), kill_at


def test_a_folder_that_cannot_be_written_is_a_problem(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device", "x")

    monkeypatch.setattr(room.os, "replace", full)
    with pytest.raises(Refused) as refused:
        write(tmp_path / "p", ONE, "d")
    assert "No space left on device" in refused.value.problems[0].fact
