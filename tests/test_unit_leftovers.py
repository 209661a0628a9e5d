"""An etcd that systemd runs: old addresses that are left over in its files."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests import pki
from tests.test_leftover_places import HEADINGS
from tests.test_leftovers import etc, sorted_in


def with_unit(tmp: Path, text: str, new: str = "192.168.110.10") -> tuple[pki.Host, Path]:
    """A host whose etcd is a unit with this environment file."""
    host = pki.Host(tmp, new=new)
    path = etc(host, "etcd.env", text)
    host.values["UNIT"] = "etcd.service"
    host.arrays |= {"UNIT_PATHS": [str(path)], "OLDS": ["192.168.100.10", "192.168.100.11"]}
    host.arrays["NEWS"] = [new, "192.168.110.11"]
    return host, path


@pytest.mark.parametrize(("new", "sort"), [("192.168.110.10", "ours"), ("192.168.100.10", "yours")])
def test_the_files_of_the_unit_are_listed_as_work_of_this_change_where_the_member_moves(
    new: str, sort: str, tmp_path: Path
) -> None:
    host, path = with_unit(tmp_path, "ETCDCTL_ENDPOINTS=https://192.168.100.11:2379\n", new)
    other = etc(host, "systemd/system/etcd.service.d/own.conf", "# 192.168.100.11\n")
    found = {place: heading for place, heading, _ in sorted_in(host, "before", f"'{path}' '{other}'")}
    assert found == {
        "etc/etcd.env:1: 192.168.100.11": HEADINGS[sort],
        "etc/systemd/system/etcd.service.d/own.conf:1: 192.168.100.11": HEADINGS["yours"],
    }


INITIAL = ("ETCD_INITIAL_CLUSTER=m1=https://192.168.100.11:2380", "ExecStart=etcd --initial-cluster=m1=https://192.168.100.11:2380",
           "  --initial-cluster m1=https://192.168.100.11:2380 \\")  # fmt: skip


@pytest.mark.parametrize("line", INITIAL)
def test_narrow_refuses_a_file_of_the_unit_that_names_an_old_address_but_for_the_initial_cluster(
    line: str, tmp_path: Path
) -> None:
    host, path = with_unit(tmp_path, f"{line}\nETCDCTL_ENDPOINTS=https://192.168.100.11:2379\n")
    said = host.answer("find_host_files() { :; }; host_files=(); files_with_old")
    assert said == f"{path}:2: 192.168.100.11; "
