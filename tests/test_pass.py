"""How a phase stands at the gate before its first change: one look that misses something refuses nothing."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.pki import TEMPLATES

PARTS = ("runbook/lib/run.sh", "runbook/lib/gate.sh", "runbook/lib/pass.sh")
VALUES = """set -o errexit -o nounset -o pipefail
PHASE=move HOST=master1 asked=0
UNDOABLE=(prepare move)
journal() { :; }
now_ms() { printf 0; }
sleep() { :; }
"""
# Each look: nothing, what it misses, or `other: WHAT` for a cluster that was not reviewed.
LOOK = """gate_now() {
  local looks=(LOOKS)
  gate_why=${looks[asked]} gate_world=
  [[ $gate_why != other:* ]] || gate_world=$gate_why
  asked=$((asked + 1))
}
step_guards=0
gate_before all new
printf 'held=%s asked=%s\\n' "$unheld" "$asked"
"""


def looked(folder: Path, mode: str, *looks: str) -> tuple[int, str]:
    """The exit code, and everything that was printed."""
    text = "\n".join([VALUES, f"MODE={mode}", *((TEMPLATES / part).read_text() for part in PARTS)])
    text += LOOK.replace("LOOKS", " ".join(f"'{look}'" for look in looks))
    (folder / "looks.sh").write_text(text)
    ran = subprocess.run(["bash", str(folder / "looks.sh")], capture_output=True, text=True, timeout=30)
    return ran.returncode, ran.stdout + ran.stderr


@pytest.mark.parametrize("mode", ["apply", "verify", "plan", "undo"])
@pytest.mark.parametrize("looks", [("",), ("master2 is late", ""), ("other: a learner", "master2 is late", "")])
def test_the_gate_holds_as_soon_as_one_of_three_looks_does(mode: str, looks: tuple[str, ...], tmp_path: Path) -> None:
    status, text = looked(tmp_path, mode, *looks)
    assert (status, text.splitlines()[-1]) == (0, f"held=0 asked={len(looks)}")


def test_three_looks_that_miss_something_refuse_with_what_the_last_one_missed(tmp_path: Path) -> None:
    status, text = looked(tmp_path, "apply", "master2 is late", "other: a learner", "master3 is late")
    assert status == 3 and "runbook.sh: master3 is late" in text


def test_three_looks_at_another_cluster_are_exit_4(tmp_path: Path) -> None:
    status, text = looked(tmp_path, "apply", *["other: a learner"] * 3)
    assert status == 4 and "not the cluster that was reviewed" in text


@pytest.mark.parametrize(("signal", "wanted"), [("HUP", 129), ("INT", 130), ("TERM", 143)])
def test_after_a_signal_the_exit_code_names_it_and_the_host_is_looked_at(
    signal: str, wanted: int, tmp_path: Path
) -> None:
    main = (TEMPLATES / "runbook/lib/main.sh").read_text()
    text = [VALUES, "MODE=apply changed=0 began=0; status_after_stop() { echo it stands here; }"]
    text += [(TEMPLATES / part).read_text() for part in PARTS] + [
        main,
        "open_scratch",
        f"kill -{signal} $$",
        "command sleep 9",
    ]
    (tmp_path / "signal.sh").write_text("\n".join(text))
    # Whoever runs the tests with nohup has HUP ignored, and a shell cannot trap what was ignored when it began.
    command = ["env", f"--default-signal={signal}", "bash", str(tmp_path / "signal.sh")]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=30)
    assert (ran.returncode, ran.stdout) == (wanted, "it stands here\n"), ran.stderr


def test_what_only_looks_counts_it_and_goes_on(tmp_path: Path) -> None:
    status, text = looked(tmp_path, "verify", *["master2 is late"] * 3)
    assert status == 0 and "NO: gate:" in text and text.endswith("held=1 asked=3\n")
