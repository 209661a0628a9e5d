"""What the first page, `plan` and the words below the order say of bridge and restore, where nothing is to be misread."""

from __future__ import annotations

import pytest
from etcd_renumber.methods import METHODS

GONE = "a host that is gone is left out with `--without`"
REJOIN = "the others pass with `--without`, then `rejoin --lost`"
TABLE = [
    ("restore", 1, "nothing, except the data where there is a snapshot file"),
    ("restore", 3, f"the data of 2 of 3 hosts; {GONE}"),
    ("restore", 5, f"the data of 4 of 5 hosts; {GONE}"),
    ("bridge", 1, "nothing: the data of every host must be there"),
    ("bridge", 2, "nothing: the data of every host must be there"),
    ("bridge", 3, f"the data of 1 of 3 hosts: {REJOIN}"),
    ("bridge", 5, f"the data of 2 of 5 hosts: {REJOIN}"),
]


@pytest.mark.parametrize(("name", "size", "words"), TABLE)
def test_whose_data_need_not_be_there(name: str, size: int, words: str) -> None:
    rows = METHODS[name].first_page(size)
    assert ("Need not be there", words) in rows
    assert not any("May" in title or "must be up" in text for title, text in rows)


@pytest.mark.parametrize(("size", "majority"), [(1, 1), (2, 2), (3, 2), (5, 3)])
def test_plan_says_how_much_data_a_bridge_needs(size: int, majority: int) -> None:
    assert METHODS["bridge"].meaning(size).endswith(f"it works while the data of {majority} of {size} hosts is there.")


@pytest.mark.parametrize("name", ["bridge", "restore"])
def test_the_kubeconfigs_that_are_not_part_of_it_are_other_peoples(name: str) -> None:
    """Those of the workers' kubelets are part of it, where the mapping names workers."""
    words = " ".join(METHODS[name].after_the_order.split())
    assert "point the load balancers, DNS names and other people's kubeconfigs that call the API" in words
