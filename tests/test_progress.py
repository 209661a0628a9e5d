"""The gate's last question: has everybody applied what the leader had when it was asked first?"""

from __future__ import annotations

import subprocess

from tests.pki import TEMPLATES

SCRIPT = """set -o errexit -o nounset -o pipefail
NAMES=(one two) in_gate=(yes yes) said=(x x) leader=1 asked=0 gate_why=
miss() { gate_why=$1; }
client_url() { :; }
ctl() { :; }
find_etcdctl() { :; }
"""
# Each look: the leader's own index and what it has applied, what the other one has applied. The first one finds who leads.
LOOK = """read_progress() {
  local looks=(LOOKS) index applied other
  read -r index applied other <<<"${looks[asked]}"
  asked=$((asked + 1)) mark=$index
  status_of=("1 $index $applied 2 9 3.5.16 []" "1 $index $other 2 9 3.5.16 []")
}
miss_caught_up
printf '%s' "$gate_why"
"""


def missed(*looks: str) -> str:
    words = " ".join(f"'{look}'" for look in looks)
    text = SCRIPT + (TEMPLATES / "runbook/lib/progress.sh").read_text() + LOOK.replace("LOOKS", words)
    ran = subprocess.run(["bash", "-c", text], capture_output=True, text=True, timeout=30)
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


def test_a_leader_that_takes_writes_all_the_time_is_caught_up_with_its_first_mark() -> None:
    assert missed("10 9 9", "12 11 11", "14 13 13", "16 15 15") == ""


def test_a_member_that_stays_below_the_first_mark_is_missed() -> None:
    assert missed("10 10 7", "12 12 8", "14 14 8", "16 16 8") == "two has applied raft index 8; the leader had 12"
