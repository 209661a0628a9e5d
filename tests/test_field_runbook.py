"""What the bash says of hosts and records that people have: carriage returns, a record on loopback, an unstarted member."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from etcd_renumber.assets import folder

PARTS = folder("templates") / "runbook"
VALUES = """\
set -o errexit -o nounset -o pipefail
NAMES=(master1 master2) OWN=0 FILES=(etcd.yaml)
OLD_URLS=(https://192.0.2.1:2380 https://192.0.2.2:2380) NEW_URLS=(https://192.0.2.11:2380 https://192.0.2.12:2380)
etcd_is_a_unit() { false; }
is_left_out() { false; }
is_one_of() { local word=$1 && shift && [[ " $* " == *" $word "* ]]; }
index_of() { if [[ $1 == master1 ]]; then printf 0; else printf 1; fi; }
"""
pytestmark = pytest.mark.quick


def bash(part: str, words: str) -> str:
    """What these words print, to the byte, with one part of the runbook: a carriage return is not read as the end of a line."""
    script = f"{VALUES}{(PARTS / part).read_text()}\n{words}"
    ran = subprocess.run(["bash", "-c", script], capture_output=True, check=False)
    assert ran.returncode == 0, ran.stderr
    return ran.stdout.decode()


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize(
    "word", ["--name=master1", '"--name=master1"', "'--name=master1'", "--name=master1  # a comment"]
)
def test_a_name_is_read_whatever_ends_its_line(word: str, end: str, tmp_path: Path) -> None:
    (tmp_path / "etcd.yaml").write_bytes(f"    - etcd{end}    - {word}{end}    - --x{end}".encode())
    assert bash("steps/world.sh", f"MANIFESTS={tmp_path}\nname_in_pod") == "master1\n"


def test_a_file_in_the_manifests_folder_that_was_not_reviewed_is_said_with_both_ways_out() -> None:
    stubs = """\
guard() { [[ $1 != closed ]] || printf '%s\\n' "$2" "$3"; }
guard_services() { :; }
static_pod_path() { printf x; }
stray_files() { printf vip.yml; }
HOST=master1 MANIFESTS=/none
the_folder_is_clean"""
    text = bash("steps/preflight.sh", stubs)
    assert "which were not reviewed: vip.yml" in text and "a backup: move it to another folder" in text
    assert "A pod in use" in text and "leave it, fetch the facts again, render and review again" in text


LISTS = {
    "16 - https://192.0.2.9:2380 no": ["member 10 at", "was added and never started", "etcdctl member remove 10"],
    "171 master1 https://127.0.0.1:2380 no": [
        "master1 is recorded on https://127.0.0.1:2380",
        "etcdctl member update ab --peer-urls=https://192.0.2.1:2380",
    ],
    "171 master1 https://192.0.2.9:2380 no": ["which is neither https://192.0.2.1:2380 nor https://192.0.2.11:2380"],
}


@pytest.mark.parametrize("line", LISTS)
def test_a_list_that_is_not_as_planned_names_the_way_out(line: str) -> None:
    text = bash("lib/gate.sh", f"list_problem '{line}'")
    assert [words for words in LISTS[line] if words not in text] == []
    assert ("member update" in text) == ("127.0.0.1" in line)


@pytest.mark.parametrize(
    ("image", "minor"),
    [
        ("registry.example:5000/etcd", ""),
        ("registry.example:5000/etcd:3.5.15-0", "3.5"),
        ("etcd:3.5.15-0@sha256:1d11", "3.5"),
        ("etcd@sha256:1d11", ""),
    ],
)
def test_the_minor_of_an_image_is_that_of_its_tag(image: str, minor: str) -> None:
    assert bash("lib/etcd.sh", f"IMAGE={image}\nimage_minor") == minor
