"""The flags of etcd by class: what check() says of one, and the table beside what etcd itself says."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from etcd_renumber.checks.etcd_flags import IGNORED, TABLE, classify, out_of_place

from tests.checked_example import ETCD, FLAG, found
from tests.conftest import MINORS


@pytest.mark.parametrize(
    "flag",
    [
        "force-new-cluster=true",
        "config-file=/x",
        "discovery=https://x",
        "auto-tls=true",
        "peer-auto-tls=true",
        "peer-client-cert-file=/x",
    ],
)
def test_a_flag_that_cannot_be_carried_over_is_refused_with_the_reason(flag: str, tmp_path: Path) -> None:
    problems = found(tmp_path, (ETCD, FLAG, f"{FLAG}    - --{flag}\n"))
    assert [p for p in problems if p.severity == "error" and flag.split("=")[0] in p.fact and ": " in p.fact]


def test_a_flag_in_the_environment_counts_as_a_flag(tmp_path: Path) -> None:
    env = "    env:\n    - {name: ETCD_FORCE_NEW_CLUSTER, value: 'true'}\n    image:"
    assert any("force-new-cluster" in p.fact for p in found(tmp_path, (ETCD, "    image:", env)))


KUBEADM_1_33 = (
    "    - --experimental-initial-corrupt-check=true\n    - --experimental-watch-progress-notify-interval=5s\n"
)
KUBEADM_1_34 = "    - --feature-gates=InitialCorruptCheck=true\n    - --watch-progress-notify-interval=5s\n"


@pytest.mark.parametrize(
    ("image", "flags", "said"),
    [
        ("3.5.21-0", KUBEADM_1_33, {}),
        ("3.6.10-0", KUBEADM_1_33, {}),
        ("3.6.10-0", KUBEADM_1_34, {}),
        ("mirrored", KUBEADM_1_34, {}),
        (
            "3.7.1-0@sha256:3b5",
            KUBEADM_1_33,
            {
                "experimental-initial-corrupt-check": "use --feature-gates=InitialCorruptCheck=true;",
                "experimental-watch-progress-notify-interval": "use --watch-progress-notify-interval;",
            },
        ),
        (
            "3.5.21-0",
            KUBEADM_1_34,
            {"feature-gates": "remove it;", "watch-progress-notify-interval": "remove it;"},
        ),
        ("3.6.10-0", "    - --proxy=off\n    - --not-ours=1\n", {"proxy": "remove it;"}),
    ],
)
def test_a_flag_that_etcd_of_the_images_minor_does_not_start_with_is_a_problem(
    image: str, flags: str, said: dict[str, str], tmp_path: Path
) -> None:
    problems = found(tmp_path, (ETCD, FLAG, FLAG + flags), (ETCD, "etcd:3.4.13-0", f"etcd:{image}"))
    errors = {p.key: p for p in problems if p.severity == "error"}
    assert set(errors) == set(said)
    for name, hint in said.items():
        assert errors[name].fact.startswith(f"--{name}: etcd has it ") and errors[name].hint.startswith(hint)


# Flags that `--help` leaves out, in whichever minor.
HIDDEN = {*IGNORED.split(), "config-file", "version", "help", "enable-grpc-gateway", "log-output", "unsafe-no-fsync"}
# Those that came with a later patch than the one that is tried.
LATER = {
    "3.3": set(),
    "3.4": {"listen-client-http-urls", "tls-min-version", "tls-max-version", "next-cluster-version-compatible"},
    "3.5": {"experimental-snapshot-catchup-entries"},
    "3.6": set(),
    "3.7": set(),
}


@pytest.mark.parametrize("minor", MINORS)
def test_the_table_has_the_flags_that_etcd_has(minor: str, etcds: Callable[[str], Path]) -> None:
    ran = subprocess.run([etcds(minor) / "etcd", "--help"], capture_output=True, text=True, check=False)
    said = set(re.findall(r"(?m)^[ \t]+--?([a-z0-9][a-z0-9-]+)", ran.stdout + ran.stderr))
    ours = {name for name in TABLE if not out_of_place(name, minor)}
    said -= {"discovery", "discovery-proxy"} if minor == "3.7" else set()  # its help has them still, and it does not
    assert said - ours == set()
    hidden = {*HIDDEN, "experimental-enable-lease-checkpoint-persist"} if minor == "3.4" else HIDDEN
    assert ours - said - hidden - LATER[minor] == set()
    assert classify("experimental-initial-corrupt-check") and out_of_place("experimental-initial-corrupt-check", "3.7")


def test_the_table_of_flags_has_reasons_for_every_refusal() -> None:
    assert all(f.why for f in TABLE.values() if f.kind in ("refused", "noted"))
    assert len(TABLE) > 150
    kinds = {"listen-peer-urls": "ours", "wal-dir": "honoured", "snapshot-count": "harmless", "auto-tls": "refused"}
    for name, kind in kinds.items():
        flag = classify(name)
        assert flag is not None and flag.kind == kind
    assert classify("no-such-flag") is None
