"""A command that fails, a link with a peer, a full disk, an archive with links: what the runbook makes of what it is shown."""

from __future__ import annotations

import os
import shlex
import subprocess
import tarfile
import time
from pathlib import Path

import pytest

from tests.pki import TEMPLATES

FRAME = """set -o errexit -o nounset -o pipefail
export LC_ALL=C
without=() accept_outage=no MODE=apply PHASE=move HOST=master1 CLUSTER=c CHANGE=x DIGEST=0 IP=(ip)
"""


def bash(what: str, *parts: str, **values: str) -> subprocess.CompletedProcess[str]:
    """These files of templates/ after those values, then `what`."""
    lines = [FRAME, *(f"{name}={shlex.quote(value)}" for name, value in values.items())]
    lines += [(TEMPLATES / part).read_text() for part in parts]
    return subprocess.run(
        ["bash", "-c", "\n".join([*lines, what])], capture_output=True, text=True, timeout=60, check=False
    )


def yes(predicate: str, *parts: str, **values: str) -> bool:
    ran = bash(f"if {predicate}; then echo yes; else echo no; fi", *parts, **values)
    assert ran.returncode == 0, ran.stderr
    return ran.stdout.splitlines()[-1] == "yes"


# --- addresses of this host ---

ADDRESSES = """1: lo    inet 127.0.0.1/8 scope host lo
2: eth0    inet 192.168.100.10 peer 192.168.100.1/32 scope global eth0
2: eth0    inet6 fd00:a::10/64 scope global
3: eth1    inet 192.168.110.10/24 brd 192.168.110.255 scope global eth1
9: kube-ipvs0    inet 192.168.120.10/32 scope global kube-ipvs0"""


@pytest.mark.parametrize(
    ("address", "is_here"),
    [
        ("192.168.100.10", True),
        ("192.168.100.1", False),
        ("192.168.110.10", True),
        ("192.168.110.1", False),
        ("192.168.110.255", False),
        ("192.168.120.10", False),
        ("fd00:a::10", True),
        ("fd00:a::1", False),
    ],
)
def test_an_address_is_here_where_it_is_the_own_one(address: str, is_here: bool) -> None:
    shown = f"ip() {{ printf '%s\\n' {shlex.quote(ADDRESSES)}; }}; address_is_here {address}"
    assert yes(shown, "runbook/lib/routes.sh", OLD="192.168.100.10", NEW="192.168.110.10", FAMILY="4") == is_here
    there = bash(f"ip() {{ printf '%s\\n' {shlex.quote(ADDRESSES)}; }}; there_state {address}",
                 "run_sh/there_runs.sh", "run_sh/there.sh", STATE="/none")  # fmt: skip
    assert (there.stdout == f"here {address}\n") is is_here, there.stderr


# --- connections ---

LISTENS = 'LISTEN 0 4096 192.168.110.10:2380 0.0.0.0:* users:(("etcd",pid=7,fd=8))'


@pytest.mark.parametrize(
    ("ss", "proves"),
    [
        (f"[[ $1 == -Htlnp ]] && echo '{LISTENS}' || true", True),
        ("return 1", False),
        ("echo 'LISTEN 0 4096 192.168.110.10:2380 0.0.0.0:*'", False),
    ],
)
def test_an_ss_that_shows_nothing_of_etcd_proves_nothing(ss: str, proves: bool) -> None:
    what = f"ss() {{ {ss}; }}; etcd_pid=7; no_connection_with 192.168.100.10"
    assert yes(what, "runbook/lib/connections.sh") == proves


@pytest.mark.parametrize("becomes", ["has a socket", "has ended"])
def test_an_etcd_without_a_socket_was_just_started_or_ends_at_once(becomes: str, tmp_path: Path) -> None:
    listens = f"[[ ! -e {tmp_path}/third ]] || echo '{LISTENS}'"
    pid = "etcd_pid=7" if becomes == "has a socket" else f"[[ -e {tmp_path}/third ]] && etcd_pid= || etcd_pid=7"
    sleep = f"mv {tmp_path}/second {tmp_path}/third 2>/dev/null || touch {tmp_path}/second"
    what = f"ss() {{ {listens}; }}; look_at_etcd() {{ {pid}; }}; sleep() {{ {sleep}; }}; ss_shows_etcd_soon"
    assert yes(what, "runbook/lib/run.sh", "runbook/lib/connections.sh")
    assert (tmp_path / "third").exists()


# --- the journal ---


def test_a_journal_that_cannot_be_written_is_said_once_and_stops_nothing(tmp_path: Path) -> None:
    (tmp_path / "journal.jsonl").symlink_to("/dev/full")
    text = (TEMPLATES / "runbook/lib/journal.sh").read_text()
    state = text.replace("/var/lib/etcd-renumber/$CLUSTER/$CHANGE-$DIGEST", str(tmp_path))
    assert state != text
    more = "holds_lock=yes; journal begin a '' 0 0; journal end a held 0 1; echo on"
    ran = subprocess.run(["bash", "-c", f"{FRAME}{state}\n{more}"], capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stdout) == (0, "on\n"), ran.stderr
    assert ran.stderr.count("WARNING: the journal in") == 1 and "The run goes on without it" in ran.stderr


# --- the lock ---

QUESTION = """note() { echo "$*"; }; closed() { echo "closed: $1"; exit 3; }; journal() { :; }
NAMES=(m) PEER_CA=c PEER_CERT=c PEER_KEY=c PEER_PORT=2380 asked_at=(192.0.2.1) SCRATCH=$STATE; bracketed() { echo "$1"; }
if [[ $1 == asks ]]; then open_state && { ask_into m 192.0.2.1 & } && wait; else open_state; fi; echo "$1 is through"
"""


def test_a_killed_run_is_waited_for_where_its_last_question_has_the_lock(tmp_path: Path) -> None:
    """And only there: a run that goes on is another run."""
    slow = tmp_path / "bin/timeout"
    slow.parent.mkdir()
    slow.write_text(f"#!/bin/sh\ntouch {tmp_path}/asked\nexec sleep 8\n")
    slow.chmod(0o755)
    parts = [(TEMPLATES / part).read_text() for part in ("runbook/lib/peers.sh", "runbook/lib/journal.sh")]
    text = "\n".join([FRAME, *parts, QUESTION]).replace(
        "/var/lib/etcd-renumber/$CLUSTER/$CHANGE-$DIGEST", str(tmp_path)
    )
    (tmp_path / "script.sh").write_text(text)
    env = {**os.environ, "PATH": f"{slow.parent}:{os.environ['PATH']}"}

    def another() -> tuple[int, str]:
        words = ["bash", tmp_path / "script.sh", "another"]
        ran = subprocess.run(words, env=env, capture_output=True, text=True, timeout=60, check=False)
        return ran.returncode, ran.stdout

    with subprocess.Popen(["bash", tmp_path / "script.sh", "asks"], env=env, stdout=subprocess.DEVNULL) as first:
        until = time.monotonic() + 20
        while not (tmp_path / "asked").exists() and time.monotonic() < until:
            time.sleep(0.05)
        code, said = another()
        assert code == 3 and f"pid {first.pid}, since" in said and "waiting" not in said
        first.kill()
    code, said = another()
    assert code == 0 and said.startswith(f"the run with pid {first.pid} was killed; waiting, at most 12 s"), said
    assert said.endswith("another is through\n")


# --- what is shown ---


def test_what_a_terminal_obeys_is_not_printed() -> None:
    for part, end in (("runbook/lib/run.sh", "stop 3"), ("run_sh/say.sh", "stop 3")):
        ran = bash(f"note $'a\\e[2Jb\\nc'; {end} $'name \\e[31m' $'hint \\a'", part)
        assert ran.returncode == 3 and "    a?[2Jb\nc" in ran.stdout
        assert "name ?[31m" in ran.stderr and "hint ?" in ran.stderr


HOST_SAYS = """    next: line 3: on a: x
  a                \x1b[2J      yes
    manifests here: \x1b]0;x\x07
done preflight \x1b[31m2026
name \x1b[31mb"""
RUN_SH = """NAMES=(a) OLDS=(192.168.100.10) NEWS=(192.168.110.10) SSH_OF=('') ETCD_FILES=(etcd.yaml) ETCD_OLD=(x) ETCD_NEW=(x)
WIDTH=4 METHOD=rolling dest=(h) LINES_OF_PLAN=('1 a preflight')
on() {
  case $3 in name) sed -n '/^name/p' ;; *) cat ;; esac <<<"$HOST_SAYS"
  printf 'ssh: \\e[2J\\n' >"$SCRATCH/said.$1"
}
"""


@pytest.mark.parametrize(
    ("what", "says"),
    [
        ("is_known() { :; }; tables=(); reach() { :; }; show_status", "?[2J"),
        ("done_there=(); reach() { :; }; read_order; show_order", "done ?[31m2026"),
        ("is_known() { :; }; dest=(''); read_order; show_order", "its etcd is ?[31mb"),
        ("on 0 1 2 >/dev/null; last_words 0", "ssh: ?[2J"),
        ("say 0 $'a\\e[2J'", "a?[2J"),
    ],
)
def test_what_hosts_say_is_shown_without_what_a_terminal_obeys(what: str, says: str, tmp_path: Path) -> None:
    parts = ("lib/lists", "say", "order", "main", "status", "reach", "transport")
    files = [f"run_sh/{part}.sh" if part != "lib/lists" else "runbook/lib/lists.sh" for part in parts]
    ran = bash(f"{RUN_SH}{what}", *files, SCRATCH=str(tmp_path), HOST_SAYS=HOST_SAYS)
    assert says in ran.stdout and "\x1b" not in ran.stdout and "\x07" not in ran.stdout, ran.stderr


def test_what_members_say_is_put_into_the_ticket_without_what_a_terminal_obeys(tmp_path: Path) -> None:
    (tmp_path / "before.txt").write_text("member 1 \x1b[2J\n")
    (tmp_path / "SHA256SUMS").touch()
    what = f"""HERE={tmp_path}; ask_everybody() {{ :; }}; read_progress() {{ :; }}; ids_compared() {{ :; }}
longest_phase() {{ :; }}; more_for_the_ticket() {{ :; }}; summary_now() {{ printf 'member 1 \\e[31m\\n'; }}; for_the_ticket"""
    ran = bash(what, "runbook/steps/ticket.sh", STATE=str(tmp_path))
    assert "before: member 1 ?[2J\nafter:  member 1 ?[31m\n" in ran.stdout, ran.stderr


# --- evidence of a host ---


def archive(path: Path, *links: tuple[str, str]) -> Path:
    with tarfile.open(path, "w") as tar:
        (path.parent / "journal.jsonl").write_text("{}\n")
        tar.add(path.parent / "journal.jsonl", "journal.jsonl")
        for name, target in links:
            info = tarfile.TarInfo(name)
            info.type, info.linkname = tarfile.SYMTYPE, target
            tar.addfile(info)
    return path


def test_an_archive_with_a_link_is_not_unpacked(tmp_path: Path) -> None:
    values = {"HERE": str(tmp_path), "DIGEST": "0"}
    good = archive(tmp_path / "good.tar")
    bad = archive(tmp_path / "bad.tar", ("output", f"{os.environ.get('HOME', '/root')}/.ssh"))
    assert yes(f"only_plain_files {good}", "run_sh/evidence.sh", **values)
    assert not yes(f"only_plain_files {bad}", "run_sh/evidence.sh", **values)


@pytest.mark.parametrize(("links", "is_taken"), [(False, True), (True, False)])
def test_what_a_host_sends_is_looked_at_before_it_is_unpacked(tmp_path: Path, *, links: bool, is_taken: bool) -> None:
    (tmp_path / "own").mkdir()
    (tmp_path / "own/id").write_text("mine")
    sent = archive(tmp_path / "sent.tar", *([("output", str(tmp_path / "own"))] if links else []))
    what = f"""NAMES=(a) dest=(h) reasons=(''); on() {{ cat {sent}; }}
if collect_from 0; then echo taken; else echo "${{reasons[0]}}"; fi"""
    ran = bash(what, "run_sh/evidence.sh", HERE=str(tmp_path), DIGEST="0", SCRATCH=str(tmp_path))
    assert ran.stdout.startswith("taken" if is_taken else "its evidence holds a link"), ran.stderr
    kept = [path.name for path in (tmp_path / "evidence").rglob("*") if not path.is_dir() or path.is_symlink()]
    assert kept == (["journal.jsonl"] if is_taken else [])
    assert (tmp_path / "own/id").read_text() == "mine"


# --- numbers of runs on a host ---


def test_the_next_run_has_the_next_number_behind_a_thousand(tmp_path: Path) -> None:
    (tmp_path / "output").mkdir()
    for number in ("001", "999", "1000"):
        (tmp_path / f"output/{number}-apply-move.run").touch()
    ran = bash("there_next apply-move", "run_sh/there_runs.sh", STATE=str(tmp_path))
    assert ran.stdout.strip() == "1001-apply-move", ran.stderr
    for number, line in (("999", "candidate old"), ("1000", "candidate new")):
        (tmp_path / f"output/{number}-apply-stop.exit").write_text("0")
        (tmp_path / f"output/{number}-apply-stop.out").write_text(f"{line}\n")
    ran = bash("there_last stop candidate", "run_sh/there.sh", STATE=str(tmp_path))
    assert ran.stdout.strip() == "candidate new", ran.stderr


# --- a snapshot of a cluster ---


def test_a_snapshot_is_taken_of_a_member_that_has_quorum_within_a_limit(tmp_path: Path) -> None:
    (tmp_path / "member/snap").mkdir(parents=True)
    (tmp_path / "member/snap/db").write_bytes(b"x" * (25 << 20))
    stubs = """NAMES=(master1 master2 master3) OWN=0 said=(yes yes yes)
client_url() { printf 'https://%s' "${NAMES[$1]}"; }
ctl() { [[ $1 == https://master1 ]] || printf '"Revision" : 5\\n'; }
"""
    ran = bash(f"{stubs}snapshot_endpoint; echo; snapshot_seconds", "runbook/lib/etcd.sh", "runbook/rolling/snapshot.sh",
               DATA_DIR=str(tmp_path), STATE=str(tmp_path))  # fmt: skip
    assert ran.stdout.split() == ["https://master2", "62"], ran.stderr
