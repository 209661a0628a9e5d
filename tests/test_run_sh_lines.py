"""Which line of the phase `cluster` run.sh takes for done, by what the host has noted."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.test_cluster_text import bash

PARTS = ("runbook/lib/lists.sh", "run_sh/order.sh")
AROUND = """set -o errexit -o nounset -o pipefail
NAMES=(etcd1 etcd2 etcd3 master1) OLDS=(1 2 3 '') NEWS=(4 5 3 '') ETCD_FILES=(a a a '')
LINES_OF_PLAN=('7 etcd1 move' '8 etcd2 move' '9 master1 cluster' '10 etcd1 finish')
without=(%s)
"""
ASK = "read_order; if cluster_is_done 2 $'\\n'%s; then printf yes; else printf no; fi"


@pytest.mark.parametrize(
    ("noted", "without", "done"),
    [
        (("etcd1", "etcd2"), "", "yes"),
        (("etcd1",), "", "no"),
        (("etcd1",), "etcd2", "yes"),
        (("etcd2",), "etcd2", "no"),
        ((), "etcd1 etcd2", "yes"),
    ],
)
def test_a_member_that_is_left_out_holds_no_line_up(
    tmp_path: Path, noted: tuple[str, ...], without: str, done: str
) -> None:
    left = "".join(f"$'left {name}\\n'" for name in noted)
    assert bash(tmp_path, PARTS, AROUND % without, ASK % left) == done
