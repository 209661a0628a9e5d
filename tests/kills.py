"""A line of the runbook that is killed again and again, each time a command later, until it ends by itself."""

from __future__ import annotations

import re
from collections import Counter

from etcd_renumber.rehearsal.replica import Replica, commands
from etcd_renumber.rehearsal.testbed.process import Ran

MOST = 200


def killed_at_every_command(replica: Replica, host: str, *words: str) -> tuple[int, Ran]:
    """How often it was killed, and the run that ended well.

    What a run does each time anew is let through: a run that begins as an earlier one did is killed one command later than that.
    Two beginnings are the same where only numbers differ, of ports for example.
    """
    begun, through = Counter[str](), 1
    for times in range(MOST):
        ran = replica.start_killed(host, *words, after=through).wait(300)
        assert ran.exit in (0, 137), ran.text
        if ran.exit == 0:
            return times, ran
        begins = re.sub(r"/etcd-renumber\.\w+|[0-9]", "", " ".join(commands(ran)[:1]))
        begun[begins] += 1
        through = begun[begins]
    raise AssertionError(f"{host} {' '.join(words)} does not end:\n{ran.text}")
