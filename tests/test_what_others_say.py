"""What other machines say is data: a number that is none, a firewall's answer, a message of OpenSSL before the answer."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from tests.test_what_a_look_proves import bash, yes


def test_a_number_of_a_host_is_not_evaluated_on_the_jump_host(tmp_path: Path) -> None:
    made = tmp_path / "made"
    first = shlex.quote("    next: line 9: on a: x")
    second = shlex.quote(f"    next: line NAMES[$(touch {made})0]: x\n    next: line 7: on b: y")
    what = f"NAMES=(a b); tables=({first} {second}); note() {{ printf '%s' \"$*\"; }}; next_of_all"
    ran = bash(what, "run_sh/status.sh")
    assert ran.stdout == "next: line 7: on b: y", ran.stderr
    assert not made.exists()


def test_a_number_of_a_member_is_not_evaluated_on_a_host(tmp_path: Path) -> None:
    made = tmp_path / "made"
    evil = f"NAMES[$(>{made})0]"  # a blank in it would end the word before it is evaluated
    fields = (
        f'"MemberID" : 7\n"Leader" : 7\n"RaftIndex" : 5\n"RaftAppliedIndex" : {evil}\n"Errors" : []\n"Endpoint" : "x"'
    )
    what = f"""NAMES=(a) member_ids=(7) in_gate=(yes) said=(x) etcdctl=x
find_etcdctl() {{ :; }}; endpoints_leader_first() {{ :; }}; ctl() {{ printf '%s\\n' {shlex.quote(fields)}; }}
leader=7; read_progress; mark=5; progress_problem"""
    bash(what, "runbook/lib/progress.sh")
    assert not made.exists()


@pytest.mark.parametrize(
    ("word", "number"), [("12", "12"), ("18446744073709551615",) * 2, ("NAMES[$(>MADE)0]", ""), ("-1", "")]
)
def test_a_number_in_an_answer_of_etcdctl_is_one(word: str, number: str, tmp_path: Path) -> None:
    made = tmp_path / "made"
    answer = shlex.quote(f'"Hash" : 3\n"Revision" : {word.replace("MADE", str(made))}\n"RaftTerm" : 4')
    what = f"NAMES=(a); number=$(number_in {answer} Revision); [[ 5 -ge $number ]] || true; printf '%s' \"$number\""
    assert bash(what, "runbook/lib/etcd.sh").stdout == number
    assert not made.exists()


@pytest.mark.parametrize(
    ("neighbour", "way", "seen"),
    [
        ("lladdr 02:00:00:00:00:01 REACHABLE", "", "filtered"),
        ("FAILED", "", "absent"),
        ("FAILED", "via 192.168.100.1 ", "unreachable"),
    ],
)
def test_a_firewalls_icmp_is_no_absent_address(neighbour: str, way: str, seen: str) -> None:
    what = f"""timeout() {{ echo 'bash: connect: No route to host' >&2; return 1; }}
ip() {{ if [[ $1 == neigh ]]; then echo '192.168.110.11 dev eth0 {neighbour}'; else echo '192.168.110.11 {way}dev eth0'; fi; }}
knock 192.168.110.11 2380"""
    assert bash(what, "runbook/steps/surroundings.sh").stdout == seen


def test_an_address_behind_a_router_that_may_be_rejected_is_said_in_preflight(tmp_path: Path) -> None:
    what = """NAMES=(a b) NEWS=(192.168.110.10 192.168.110.11) OWN=0 PEER_PORT=2380 CLIENT_PORT=2379 PHASES=(restore)
is_one_of() { :; }; note() { echo "$*"; }; knock_everywhere() { :; }; flow() { echo unreachable; }; the_ways_are_known"""
    said = bash(what, "runbook/steps/surroundings.sh").stdout.splitlines()
    assert len(said) == 2 and "b 192.168.110.11 port 2380: no address there yet, or a firewall rejects" in said[0]


@pytest.mark.parametrize(
    ("addresses", "state", "closed", "noted"),
    [
        ("replace", "absent", False, False),
        ("replace", "unreachable", False, True),
        ("replace", "filtered", True, False),
        ("both", "absent", True, False),
        ("both", "unreachable", True, False),
    ],
)
def test_a_flow_that_may_be_rejected_is_noted_where_no_address_need_be_there(
    addresses: str, state: str, *, closed: bool, noted: bool
) -> None:
    what = f"""NAMES=(a b) NEWS=(x 192.168.110.11) PEER_PORT=2380 CLIENT_PORT=2379 ADDRESSES={addresses}
note() {{ echo "noted: $*"; }}; flow() {{ printf {state}; }}
note_unreachable 1; flows_closed 1"""
    said = bash(what, "runbook/lib/lists.sh", "runbook/rolling/ready_to_move.sh").stdout
    assert (f"{state} on port 2380" in said, "noted: b 192.168.110.11 port 2380" in said) == (closed, noted)


ROUTES = "default via 192.168.110.1 dev eth0\n192.168.110.0/24 dev eth0 src 192.168.110.9"
ROUTER, HOST = "02:00:00:00:00:01", "02:00:00:00:00:02"


@pytest.mark.parametrize(
    ("new", "macs", "knocked", "is_free"),
    [
        ("192.168.110.11", {}, "absent", True),
        ("192.168.110.11", {"192.168.110.11": HOST, "192.168.110.1": ROUTER}, "filtered", False),
        ("192.168.110.11", {"192.168.110.11": ROUTER, "192.168.110.1": ROUTER}, "filtered", True),
        ("192.168.110.11", {"192.168.110.11": ROUTER, "192.168.110.1": ROUTER}, "open", False),
        ("192.168.110.11", {"192.168.110.11": ROUTER}, "filtered", False),
        ("192.168.110.1", {"192.168.110.1": ROUTER}, "filtered", False),
    ],
    ids=[
        "nobody",
        "a host",
        "a router for it",
        "and a host behind it",
        "a router that was not asked",
        "the router itself",
    ],
)
def test_a_router_that_answers_for_every_address_does_not_use_the_new_one(
    new: str, macs: dict[str, str], knocked: str, *, is_free: bool
) -> None:
    known = "".join(f"{address}) echo '{address} dev eth0 lladdr {mac} REACHABLE' ;; " for address, mac in macs.items())
    what = f"""NEW={new} PEER_PORT=2380 IP=(ip)
ip() {{ if [[ $1 == route ]]; then echo {shlex.quote(ROUTES)}; else case $3 in {known} *) ;; esac; fi; }}
address_is_here() {{ return 1; }}; note() {{ :; }}
eval "was_$(declare -f knock)"; knock() {{ echo {knocked}; }}
new_is_free && echo free"""
    assert (bash(what, "runbook/steps/surroundings.sh").stdout == "free\n") is is_free


def test_what_openssl_says_before_the_answer_is_not_the_answer(tmp_path: Path) -> None:
    answer = 'Connecting to 192.168.100.10\nHTTP/1.1 200 OK\r\nX-Etcd-Cluster-Id: 1\r\n\r\n[{"id":1}]'
    (tmp_path / "m.answer").write_text(answer)
    assert yes("answered m", "runbook/lib/peers.sh", SCRATCH=str(tmp_path))


SAYS_200 = """timeout() { printf 'Connecting to 192.168.100.10\\nHTTP/1.0 200 OK\\r\\nDate: x\\r\\n\\r\\n{"a":"b"}'; }
bracketed() { printf '%s' "$1"; }
"""


def test_what_openssl_says_before_the_answer_of_the_api_is_not_the_answer(tmp_path: Path) -> None:
    what = f"""{SAYS_200} api_pems=(a b c); api_ask 192.168.100.10 6443 /readyz
printf '%s|%s|%s' "$api_status" "$api_body" "$api_silence" """
    assert bash(what, "runbook/lib/api.sh", SCRATCH=str(tmp_path)).stdout == '200|{"a":"b"}|'


def test_what_openssl_says_before_the_answer_of_a_pod_is_not_the_answer() -> None:
    what = f"""{SAYS_200} kubernetes_misses() {{ printf '%s' "$*"; }}
FILES=(kube-scheduler.yaml) PROCS=(kube-scheduler) HEALTH=("127.0.0.1 10259 /healthz"); miss_health 0"""
    ran = bash(what, "runbook/lib/kubernetes.sh", STATE="/none")
    assert (ran.returncode, ran.stdout) == (0, ""), ran.stderr


def test_the_cluster_id_is_the_first_that_was_said() -> None:
    assert bash('first_that_is_said "" "" abc def', "runbook/steps/prepare.sh").stdout == "abc"
    assert bash("first_that_is_said ''", "runbook/steps/prepare.sh").stdout == ""


@pytest.mark.parametrize(("own", "said", "cluster"), [(0, "'' abc", "abc"), (1, "abc def", "def"), (0, "", "")])
def test_the_note_has_the_cluster_id_of_this_host_or_of_the_first_that_said_one(
    own: int, said: str, cluster: str
) -> None:
    what = f"NAMES=(a b) OWN={own} said_cluster=({said}) status_of=() base='10 a https://x:2380 no'; summary_now"
    ran = bash(what, "runbook/steps/prepare.sh")
    assert ran.stdout == f"cluster {cluster}\nmember a a https://x:2380\n", ran.stderr


@pytest.mark.parametrize(("status", "words"), [("return 1", "so whether it leads is not known"), ("echo x", "")])
def test_a_member_that_does_not_answer_is_not_known_to_follow(status: str, words: str) -> None:
    what = f"""NAMES=(a b) etcd_args=old; look_at_etcd() {{ :; }}; find_etcdctl() {{ :; }}; own_endpoint() {{ :; }}
ctl() {{ {status}; }}; note() {{ echo "$*"; }}; if need_not_hand_over; then echo yes; fi"""
    said = bash(what, "runbook/rolling/move.sh").stdout
    assert said.endswith("yes\n") and words in said and ("election" in said) is bool(words)


# --- two hosts in the same moment ---


@pytest.mark.parametrize(("mode", "seconds", "may_go"), [("apply", 9, False), ("apply", 11, True), ("undo", 0, True)])
def test_the_first_in_order_goes_when_the_other_was_seen_to_stand(mode: str, seconds: int, *, may_go: bool) -> None:
    what = f"""NAMES=(master1 master2) NEWS=(a b) OLDS=(c d) OWN=0 in_gate=(no yes) recorded=(old new)
said=('' x) said_cluster=('' 1) moving=(no yes) etcd_args=old MODE={mode} clock=1000000; now_ms() {{ printf '%s' "$clock"; }}
miss_reachable; clock=$((clock + {seconds} * 1000)); gate_why=''; miss_reachable; printf '%s' "$gate_why" """
    said = bash(what, "runbook/lib/lists.sh", "runbook/lib/gate.sh").stdout
    assert (said == "") is may_go, said
    assert may_go or "may be about to stop" in said


# --- a majority that --without does not leave ---


@pytest.mark.parametrize(
    ("without", "accepted", "refused"), [("()", "no", False), ("(master3)", "no", True), ("(master3)", "yes", False)]
)
def test_an_etcd_that_the_others_cannot_spare_is_stopped_only_when_that_is_accepted(
    without: str, accepted: str, *, refused: bool
) -> None:
    what = f"""NAMES=(master1 master2 master3) in_gate=(yes yes no) etcd_pid=7 without={without} accept_outage={accepted}
guard_majority; echo on"""
    parts = ("runbook/lib/run.sh", "runbook/lib/lists.sh", "runbook/lib/gate.sh", "runbook/rolling/ready_to_move.sh")
    ran = bash(f"journal() {{ :; }}; on_exit() {{ :; }}; {what}", *parts)
    assert (ran.returncode, "no majority of 3" in ran.stderr) == ((3, True) if refused else (0, False)), ran.stderr
    assert not refused or "--accept-outage" in ran.stderr


@pytest.mark.parametrize(
    ("step", "part"),
    [
        ("ready_to_leave", "rolling/leave"),
        ("ready_to_move", "rolling/ready_to_move"),
        ("ready_to_undo_move", "rolling/undo"),
    ],
)
def test_every_phase_that_stops_etcd_asks_for_the_majority(step: str, part: str) -> None:
    reads = "show_snapshot_age etcd_runs_new etcd_runs_old gate_before guard_not_narrowed guard_cluster_was_undone guard_services"
    reads += " guard_room_for_notes guard_old_endpoint certs_lacking foreign_routes why_no_space how_to_keep_new"
    stubs = "; ".join(f"{name}() {{ {'return 1' if 'runs' in name else ':'}; }}" for name in reads.split())
    what = f"""{stubs}; guard() {{ :; }}; holds() {{ return 1; }}; guard_majority() {{ stop 9 asked; }}
OLD=a NEW=b MANIFESTS=/m DATA_DIR=/d WAL_DIR=/w BACKUP=/b ADDRESSES=both; {step}"""
    parts = (f"runbook/{part}.sh",)
    ran = bash(f'stop() {{ exit "$1"; }}; {what}', *parts)
    assert ran.returncode == 9, ran.stderr


@pytest.mark.parametrize(
    ("host", "words"),
    [
        ("master1", ["--without", "master3", "--accept-outage"]),
        ("api1", ["--without", "master3"]),
        ("worker1", ["--without", "master3"]),
    ],
)
def test_only_a_host_with_an_etcd_is_told_to_accept_an_outage(host: str, words: list[str]) -> None:
    what = f"""NAMES=(master1 master3 api1 worker1) ETCD_FILES=(etcd.yaml etcd.yaml '' '') PLACES=(hosts hosts apiservers workers)
whats=(move); carry() {{ :; }}; apply_patiently() {{ echo "${{@:3}}"; }}; go_on_or_stop() {{ :; }}
read_options --without master3 --accept-outage; phase_line 0 "$(index_of {host})" """
    ran = bash(what, "runbook/lib/lists.sh", "run_sh/order.sh", "run_sh/main.sh", "run_sh/line.sh")
    assert ran.stdout.split() == words, ran.stderr
