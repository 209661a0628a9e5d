"""The whole order by run.sh from a jump host, through a real sshd on every host."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.rig import ca_pem
from tests.scenario import hosts, scenario
from tests.ssh import ADMIN, jump


@pytest.mark.parametrize("user", ["root", ADMIN])
def test_rolling_by_run_sh_loses_nothing(tmp_path: Path, user: str) -> None:
    made = scenario(tmp_path, hosts(3), ca_pem())
    with jump(made, "3.5", tmp_path / "keys", user) as j:
        with j.rig.writer() as writer:
            running = j.start("apply", "--yes")
            with j.people(running):
                ran = running.wait(600)
        print(ran.text)
        assert ran.exit == 0, ran.text
