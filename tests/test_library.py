"""The library of a runbook: marked, summed, the same in every change of one method, and known where it was released."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from etcd_renumber import __version__
from etcd_renumber.change_folder.review import review
from etcd_renumber.hashes import sha256
from etcd_renumber.methods import METHODS
from etcd_renumber.methods.apiservers import APISERVERS
from etcd_renumber.methods.rolling import BOTH, REPLACE
from etcd_renumber.methods.workers import WORKERS
from etcd_renumber.rendering import library as module
from etcd_renumber.rendering.library import MARK, library, library_in, provenance, releases

from tests.library_review import PAGE, page
from tests.scenario import Scenario, hosts, scenario


def runbooks(made: Scenario) -> list[Path]:
    return sorted((made.folder / "hosts").glob("*/runbook.sh"))


@pytest.mark.parametrize("name", METHODS)
def test_the_line_says_the_sum_of_what_is_below_it(name: str, tmp_path: Path) -> None:
    for file in runbooks(scenario(tmp_path, hosts(3), method=name)):
        line = next(line for line in file.read_text().splitlines() if line.startswith(MARK))
        below = subprocess.run(["sed", "1,/^# --- library /d", file], capture_output=True, check=True).stdout
        assert below.decode() == library(METHODS[name]) == library_in(file.read_text())
        assert line == f"# --- library of etcd-renumber {__version__} for {name}, sha256:{sha256(below.decode())} ---"


def test_it_is_the_same_with_other_names_addresses_and_ways_of_addressing(tmp_path: Path) -> None:
    one = scenario(tmp_path / "one", hosts(3))
    other = scenario(tmp_path / "other", hosts(5, "10.0.0.{}", "10.9.0.{}"), addresses="replace", certificates="narrow")
    assert (
        {library_in(f.read_text()) for f in (*runbooks(one), *runbooks(other))} == {library(BOTH)} == {library(REPLACE)}
    )


def test_review_says_whether_it_was_released(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = scenario(tmp_path, hosts(3))
    text = runbooks(made)[0].read_text()
    lines = f"{len(library(BOTH).splitlines()):,} lines"

    def said() -> str:
        return next(p.fact for p in review(made.folder) if "library" in p.fact)

    monkeypatch.setattr(module, "releases", lambda: {})
    assert said() == f"the library ({lines}) is of no release: etcd-renumber {__version__} is not released yet"
    monkeypatch.setattr(module, "releases", lambda: {"9.9.9": {"rolling": sha256(library(BOTH))}})
    assert said() == f"the library ({lines}) is that of etcd-renumber 9.9.9 for rolling, as released"
    monkeypatch.setattr(
        module, "releases", lambda: {__version__: {"rolling": "0" * 64, "bridge": sha256(library(BOTH))}}
    )
    assert (
        said()
        == f"the library ({lines}) is not that of etcd-renumber {__version__} for rolling, nor of any other release"
    )
    assert "no line that marks" in provenance(text.replace(MARK, "# "), "rolling")


def test_the_workers_have_a_library_of_their_own_whatever_the_method(tmp_path: Path) -> None:
    for method in METHODS:
        made = scenario(tmp_path / method, hosts(3), method=method, workers=[{"name": "worker1"}])
        text = (made.folder / "workers/runbook.sh").read_text()
        assert library_in(text) == library(WORKERS)
        assert f" for workers, sha256:{sha256(library(WORKERS))} ---" in text


@pytest.mark.parametrize("name", METHODS)
def test_a_released_library_does_not_change_any_more(name: str) -> None:
    if __version__ in releases():
        assert releases()[__version__][name] == sha256(library(METHODS[name])), (
            "a change of the bash is another version"
        )
    assert all(
        set(METHODS) <= set(sums) <= {*METHODS, WORKERS.name, APISERVERS.name}
        and all(len(s) == 64 for s in sums.values())
        for sums in releases().values()
    )


def test_the_page_of_its_review_is_that_of_the_sources() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "python -m tests.library_review"
