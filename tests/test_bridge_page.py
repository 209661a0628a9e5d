"""RUNBOOK.md of a bridge: where its lines stand, and what it says of a host whose data is lost."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.scenario import hosts, scenario
from tests.test_page import table


def lines_of(tmp: Path, **mapping: object) -> list[str]:
    return [f"{n.host} {n.phase or n.action}" for n in scenario(tmp, hosts(3), **mapping).change.order]


@pytest.mark.parametrize("method", ["bridge", "rolling"])
def test_no_old_address_is_removed_before_kubeadms_objects_name_the_new_one(method: str, tmp_path: Path) -> None:
    """Where the endpoint is an address of the first host, kube-proxy of every node calls that."""
    order = lines_of(tmp_path, method=method)
    assert order.index("master1 cluster") < order.index("master1 remove")


def test_the_table_of_rollbacks_is_the_order_from_its_end(tmp_path: Path) -> None:
    made = scenario(tmp_path, hosts(3), method="bridge")
    order = list(dict.fromkeys(line.phase for line in made.change.order if line.kind == "phase"))
    rows = table((made.folder / "RUNBOOK.md").read_text(), "run", "possible while")
    assert [row[0].strip("`").removeprefix("undo ") for row in rows] == order[::-1]


def test_a_worker_follows_after_the_line_that_brings_a_lost_member_back(tmp_path: Path) -> None:
    """The API of that member answers only then, and the `move` of the worker asks it."""
    order = lines_of(tmp_path, method="bridge", workers=[{"name": "worker1"}])
    assert order.index("master3 rejoin") < order.index("worker1 move") < order.index("master1 unbridge")


def test_the_lines_for_a_lost_member_end_with_the_last_settle(tmp_path: Path) -> None:
    page = (scenario(tmp_path, hosts(3), method="bridge").folder / "RUNBOOK.md").read_text()
    assert "(`bash run.sh apply --without NAME --to M`, M the line of the last `settle`)" in page
    assert "`ids:` of `finish` says `DIFFERENT` on the other hosts for that member, and that is right" in page


def test_rejoin_is_rerun_and_never_undone_wherever_the_page_says_so(tmp_path: Path) -> None:
    page = (scenario(tmp_path, hosts(3), method="bridge").folder / "RUNBOOK.md").read_text()
    head, *codes = (row for row in page.splitlines() if row.startswith(("| exit |", "| **5** |")))
    column = next(n for n, cell in enumerate(head.split("|")) if "`rejoin`" in cell)
    assert [row.split("|")[column].strip() for row in codes] == ["fix, rerun it"]
    assert "goes back by undo settle, once rejoin is done" in dict(table(page, "run", "possible while"))["`rejoin`"]


def test_the_files_by_which_a_host_joins_are_named_and_only_the_one_that_founds_needs_data(tmp_path: Path) -> None:
    pages = [
        (scenario(tmp_path / m, hosts(3), method=m).folder / "RUNBOOK.md").read_text() for m in ("bridge", "rolling")
    ]
    assert ["`hosts/NAME/join/`: only for `rejoin --lost`" in page for page in pages] == [True, False]
    assert all("never puts this manifest in place without the data" in page for page in pages)
