"""What a member answers to GET /members, as the bash reads it: the list, the headers, and whether it has read its log."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.pki import TEMPLATES

DATE = "Wed, 25 Nov 2026 23:11:00 GMT"
HEAD = (
    f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nX-Etcd-Cluster-Id: 6bd655b0e74c0eaf\r\nDate: {DATE}\r\n\r\n"
)
VALUES = """set -o errexit -o nounset -o pipefail
export LC_ALL=C
HOST=master1 OWN=0 PEER_PORT=2380 NEW_URLS=(https://192.168.110.10:2380)
"""

Member = dict[str, object]


def member(ident: int, name: str, *urls: str, learner: bool = False) -> Member:
    """As etcd's JSON has it: what is empty is left out."""
    found: Member = {"id": ident, "peerURLs": list(urls)}
    if learner:
        found["isLearner"] = True
    if name:
        found |= {"name": name, "clientURLs": [u.replace("2380", "2379") for u in urls]}
    return found


def answer(*members: Member) -> str:
    return HEAD + json.dumps(members, separators=(",", ":")) + "\n"


def bash(folder: Path, text: str, what: str) -> str:
    """What `what` prints once the answer lies in SCRATCH, as peers.sh and record.sh would find it."""
    (folder / "first.answer").write_text(text, newline="")
    parts = [(TEMPLATES / part).read_text() for part in ("runbook/lib/peers.sh", "runbook/steps/record.sh")]
    script = "\n".join([VALUES, f"SCRATCH={folder}", *parts, what])
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout


def read(folder: Path, text: str) -> list[str]:
    return bash(folder, text, 'answered first && list_in_answer && printf "%s\\n" "$answer_list"').splitlines()


def test_a_list_is_read_with_learners_and_members_that_never_started(tmp_path: Path) -> None:
    members = [
        member(7, "master1", "https://192.168.110.10:2380"),
        member(18446744073709551615, "", "https://[fd00::a]:2380"),
        member(9, "master3", "https://192.0.2.1:2380", "https://192.0.2.2:2380", learner=True),
    ]
    assert read(tmp_path, answer(*members)) == [
        "7 master1 https://192.168.110.10:2380 no",
        "18446744073709551615 - https://[fd00::a]:2380 no",
        "9 master3 https://192.0.2.1:2380,https://192.0.2.2:2380 learner",
    ]


names = st.from_regex(r"[a-z0-9]([-a-z0-9.]{0,20}[a-z0-9])?", fullmatch=True)
hosts = st.ip_addresses().map(lambda address: f"[{address}]" if address.version == 6 else str(address))
urls = st.lists(hosts.map(lambda host: f"https://{host}:2380"), min_size=1, max_size=3)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 2**64 - 1), names, urls, st.booleans()), min_size=1, max_size=7))
def test_whatever_etcd_lists_is_read(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[int, str, list[str], bool]]
) -> None:
    members = [member(ident, name, *found, learner=learner) for ident, name, found, learner in rows]
    expected = [f"{i} {n} {','.join(u)} {'learner' if learner else 'no'}" for i, n, u, learner in rows]
    assert read(tmp_path_factory.mktemp("answer"), answer(*members)) == expected


def test_headers_are_read_and_a_missing_one_is_empty(tmp_path: Path) -> None:
    what = """answered first
for header in X-Etcd-Cluster-Id Date Server; do header_in_answer "$header" && printf '<%s>' "$answer_header"; done"""
    assert bash(tmp_path, answer(member(7, "master1", "x")), what) == f"<6bd655b0e74c0eaf><{DATE}><>"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "HTTP/1.1 412 Precondition Failed\r\n\r\n",
        HEAD + '[{"id":7,"peerURLs":["https://192.',
        "HTTP/1.1 200 OK\r\n\r\n[{}]",
    ],
)
def test_half_an_answer_is_none(tmp_path: Path, text: str) -> None:
    assert bash(tmp_path, text, "answered first || echo none") == "none\n"


SILENT = {
    "139781:error:1409442E:SSL routines:ssl3_read_bytes:tlsv1 alert protocol version:s3_pkt.c:1493:SSL alert number 70": (
        "it requires a newer TLS version than this host has: OpenSSL 1.0.2k-fips  26 Jan 2017; TLS 1.3 needs OpenSSL 1.1.1"
    ),
    "verify error:num=20:unable to get local issuer certificate": (
        "its certificate was not issued by this etcd CA, or is not valid now"
    ),
    "": (
        "it rejects this host: the certificate of this host lacks the source address as a SAN, or the CA is another one"
    ),
}


@pytest.mark.parametrize("error", SILENT)
def test_a_member_that_is_silent_is_so_for_the_reason_that_openssl_has(error: str, tmp_path: Path) -> None:
    (tmp_path / "first.error").write_text(error)
    (tmp_path / "first.status").write_text("1")
    what = "openssl() { echo 'OpenSSL 1.0.2k-fips  26 Jan 2017'; }; why_silent first 192.168.100.11"
    assert bash(tmp_path, "", what) == SILENT[error]


NOW, BEFORE = "https://192.168.110.10:2380", "https://192.168.100.10:2380"


@pytest.mark.parametrize(
    ("pid", "recorded", "url", "asked", "read_so_far"),
    [
        ("4711", "new", BEFORE, True, False),
        ("4711", "new", NOW, True, True),
        ("4711", "old", BEFORE, False, True),
        ("", "new", BEFORE, False, True),
    ],
)
def test_a_member_is_asked_alone_until_it_shows_its_own_record(
    tmp_path: Path, pid: str, recorded: str, url: str, asked: bool, read_so_far: bool
) -> None:
    what = f"""etcd_pid={pid} recorded=({recorded})
our_address() {{ echo 192.168.110.10; }}
ask_into() {{ echo "asked $2"; }}
own_record_is_read && echo read"""
    said = bash(tmp_path, answer(member(3, "master2", "x"), member(7, "master1", url)), f"{what} || true").splitlines()
    assert said == ["asked 192.168.110.10"] * asked + ["read"] * read_so_far
