"""Everything that can change a host goes through `run`, which prints it: whatever else the runbook calls only reads."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from etcd_renumber.methods.apiservers import APISERVERS
from etcd_renumber.methods.bridge import BRIDGE
from etcd_renumber.methods.method import Method, Script
from etcd_renumber.methods.narrow import narrowed
from etcd_renumber.methods.restore import RESTORE
from etcd_renumber.methods.rolling import BOTH, REPLACE
from etcd_renumber.methods.steps import TITLES
from etcd_renumber.methods.workers import WORKERS
from etcd_renumber.rendering.commands import RUNNERS, commands, reach
from etcd_renumber.rendering.commands import functions as commands_of

from tests.bash_tree import BASH, Call, calls, functions, nodes, read, written
from tests.pki import TEMPLATES

# They cannot write a file, whatever stands behind them.
READERS = """
base64 cat cut df dirname du grep head journalctl od pwd readlink sha256sum stat tail tr uname wc
: break cd command continue do_phase exit false printf read return set shift sleep trap true unset wait
"""
# They can; as they are called here they do not.
HARMLESS = {
    "date": r"^(?!.*(-s\b|--set))",
    "exec": r"^exec$",
    "sort": r"^(?!.* (-o|--output))",
    "ss": r"^(?!.*( -[a-zA-Z]*K|--kill))",
    "find": r"^(?!.*-(delete|exec|ok|fprint|fls))",
    "sed": r"^(?!.* (-[a-zA-Z]*i\b|--in-place))",
    "ip": r"^ip -o (address|route get \S+)$",
    "nft": r"^nft (-nn )?list ",
    "ctr": r"^ctr -n \S+ images ls\b",
    "systemctl": r"^systemctl show ",
    "timeout": r"^timeout -k 1 (\"\$@\"|\d+ (openssl s_client|\"\$etcdctl\"|nsenter --net=\S+ \"\$TOOLS/etcdctl\"|bash -c "
    r"|kubectl( --\S+){3} get \"\$@\"))",
    "nice": r"^([A-Z_]+=\S+ )*nice -n 19 (timeout -k 1 10 \"\$etcdctl\" .* get "
    r"|awk '(?!.*(system\(|getline|printf? [^;}]*(>|\| ?\"))))",
    "xargs": r"^xargs -0r grep ",
    "openssl": r"^(?!.*-out )openssl (x509|req -noout|pkey|verify|s_client|version|asn1parse|ca -help)",
    '"${IP[@]}"': r'^"\$\{IP\[@\]\}" (-\w+ )*(addr|route|neigh) (show|get)\b',
    '"$IPTABLES"': r"^\"\$IPTABLES\" -w -t \S+ (-S|\"\$\{@:2\}\")",
    '"$runtime"': r'^"\$runtime" ((image|container) inspect|images|cp "\S+" -$)',
    '"$tool"': r'^"\$tool" snapshot status ',
    '"$(restore_tool)"': r'^"\$\(restore_tool\)" snapshot (status|restore --help)',
    '"$etcdctl"': r'^"\$etcdctl" version',
    '"$1"': r'^(ETCDCTL_API=3 )?"\$1" (version|cp "\S+" -$)',
    '"$path"': r'^"\$path" version',
    '"$program"': r'^"\$program" --version',
    '"$(unit_program)"': r'^"\$\(unit_program\)" --version',
    '"$TOOLS/etcd"': r'^"\$TOOLS/etcd" --(version|help)',
    '"/proc/$etcd_pid/exe"': r'^"/proc/\$etcd_pid/exe" --version',
}
# Function and command: they write, but nothing that anybody else reads, and before a step can begin.
OWN = {
    ("open_state", "install"): "the change's own folder, for the lock and the journal",
    ("open_state", "flock"): "the lock itself",
    ("lock_comes_free", "flock"): "the same lock, of a run that was killed",
    ("open_scratch", "mktemp"): "the private folder for answers",
    ("draft_reissue", "mkdir"): "a folder in SCRATCH",
    ("draft_reissue", "rm"): "a folder in SCRATCH",
    ("on_exit", "rm"): "SCRATCH goes",
    ("ca_issued", "openssl"): "a file in SCRATCH",
    ("can_close_connections", "ss"): "a connection of its own to itself, to see whether this kernel closes one",
}
# A function that carries out what it was given, a function of the runbook by its name; and those that pass on arguments.
GIVEN = {"run", "run_and_look", "guard", "holds", "must", "wait_until", "yes_or_open", "gate_ask"}
ASKED = {
    "ctl": r"^ctl \S.* (endpoint (status|hashkv)|alarm list|get|user list|auth status|\"\$@\" -w fields)",
    "own_fields": r"^own_fields (get|endpoint status|watch)\b",
    "ask_copy": r"^ask_copy (endpoint status|get)\b",
    "puts_seen": r"^puts_seen \S+ .* watch --prefix '' ",
    "in_chain": r"^in_chain \S+ -[CS] ",
}
# Where a redirection may write: a private folder, or the change's own journal and lock.
TARGETS = r'^\d*(>&\S+|>>?"?(/dev/null|\$SCRATCH/.*|\$STATE/journal\.jsonl|\$STATE/lock(\.holder)?)"?|<>"/dev/udp/.*")$'
VARIABLES = {
    "draft_reissue": '"$2/',
    "write_request": '"$draft"',
    "add_sum": '"$draft"',
    "api_ask": '"$error"',
}  # each a name below SCRATCH


def only_looks(call: Call) -> bool:
    if call.name in ASKED:
        return bool(re.search(ASKED[call.name], " ".join(call.text.split())))
    if call.name in RUNNERS or call.name in functions():
        return True
    if call.name in ('"$@"', '"$stop"'):
        return call.function in GIVEN
    if (call.function, call.name) in OWN:
        return True
    if call.name in HARMLESS:
        return bool(re.search(HARMLESS[call.name], " ".join(call.text.split())))
    return call.name in READERS.split()


@pytest.mark.parametrize("file", BASH, ids=lambda file: f"{file.parent.name}/{file.name}")
def test_what_does_not_go_through_run_only_reads(file: Path) -> None:
    assert [f"{c.place} {c.function}: {c.text}" for c in calls(file) if not only_looks(c)] == []


@pytest.mark.parametrize("file", BASH, ids=lambda file: f"{file.parent.name}/{file.name}")
def test_a_redirection_writes_into_a_folder_of_the_change_alone(file: Path) -> None:
    source, tree = read(file)
    wrong = []
    for node, function in nodes(tree):
        for redirection in node.get("Redirs") or []:  # type: ignore[attr-defined]
            text = written(source, redirection)
            if text.lstrip("0123456789")[0] == ">" or "<>" in text:
                own = VARIABLES.get(function)
                if not re.search(TARGETS, text) and not (own and own in text):
                    wrong.append(f"{file.name} {function}: {text}")
    assert wrong == []


def test_it_finds_what_it_is_for(tmp_path: Path) -> None:
    bad = tmp_path / "bad.sh"
    bad.write_text(
        'a() {\n  rm -f "$FILE"\n  run rm "$FILE"\n  x=$(cp a b)\n  nft add table x\n  ctl "$url" member remove 1\n'
        "  sed -i s/a/b/ f\n  ss -Ktn\n}\n"
    )
    found = [c.text for c in calls(bad) if not only_looks(c)]
    assert found == [
        'rm -f "$FILE"',
        "cp a b",
        "nft add table x",
        'ctl "$url" member remove 1',
        "sed -i s/a/b/ f",
        "ss -Ktn",
    ]


METHODS = pytest.mark.parametrize(
    "method",
    [BOTH, REPLACE, BRIDGE, RESTORE, WORKERS, APISERVERS, *map(narrowed, (BOTH, BRIDGE, RESTORE))],
    ids=[
        "rolling",
        "replace",
        "bridge",
        "restore",
        "workers",
        "apiservers",
        "rolling, narrow",
        "bridge, narrow",
        "restore, narrow",
    ],
)


@METHODS
def test_the_page_reads_every_function_of_the_bash(method: Method | Script) -> None:
    """A function that its reading swallows takes its commands with it: a page without them looks complete."""
    assert commands_of(method.parts).keys() == functions(TEMPLATES / part for part in method.parts)


def test_the_page_of_a_bridge_lists_its_rules() -> None:
    listed = "\n".join(command for command, _ in commands(BRIDGE))
    for words in ("nft add table", "nft add rule", "nft delete table", '"$IPTABLES" -w -t nat -A', "-j REJECT"):
        assert words in listed


@METHODS
def test_the_page_lists_every_command_that_a_phase_can_come_to(method: Method | Script) -> None:
    """Its own reading of the parts finds what the syntax tree has: as many, and with the same first word."""
    steps = [step for phase in method.phases for step in (*phase.steps, *phase.undo)]
    reached = set().union(*(names for verb, names in reach(method).items() if verb))
    assert {step for step in steps if TITLES[step]} <= reached
    in_the_tree = {
        " ".join(call.text.split()[1:])
        for file in (TEMPLATES / part for part in method.parts)
        for call in calls(file)
        if call.name in RUNNERS and call.function in reached
    }
    listed = {command for command, _ in commands(method)}
    put_together = {w for w in in_the_tree if "_words[@]" in w}
    missing = {w.replace('${api[@]+"${api[@]}"} ', "").replace("\\ ", "") for w in in_the_tree - put_together} - listed
    assert missing == set()
    assert len(put_together) == 0 or any("etcdctl member update" in c or "snapshot save" in c for c in listed)


@METHODS
def test_preflight_comes_to_no_command_and_certificates_are_made_by_three_phases(method: Method | Script) -> None:
    """A name of a function that stands in a sentence, too, is taken for a call: the page would say what is not so."""
    by = {command: set(verbs.split(", ")) for command, verbs in commands(method)}
    assert [command for command, verbs in by.items() if "preflight" in verbs] == []
    assert all(verbs <= {"prepare", "rejoin", "narrow"} for command, verbs in by.items() if "openssl" in command)


def test_no_container_is_stopped_by_its_runtime() -> None:
    """CRI's own limit for that is none: it would be a SIGKILL. Pods end by SIGTERM, and by kubelet."""
    runtime = {"crictl", "nerdctl", "docker", "podman", "ctr"}
    asked = [
        c for file in BASH for c in calls(file) if "runtime" in c.text or runtime & {w.split("/")[-1] for w in c.words}
    ]
    assert asked and [c for c in asked if re.search(r"\b(stop|stopp|kill|delete|rmp|restart)\b", c.text)] == []
