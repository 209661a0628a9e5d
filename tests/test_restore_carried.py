"""The snapshot on its way from the source to the other hosts: where RUNBOOK.md says, and over nobody's own."""

from __future__ import annotations

import hashlib
from pathlib import Path
from types import SimpleNamespace

from etcd_renumber.rehearsal.replica import Replica
from etcd_renumber.rehearsal.testbed.process import Ran

from tests.scenario import Scenario, hosts, scenario

COPY = "/root/etcd-renumber-carried.db"


def restoring(tmp: Path) -> tuple[Scenario, str]:
    """A change folder, and its page in one line."""
    made = scenario(tmp, hosts(3), version="3.5", method="restore")
    return made, " ".join((made.folder / "RUNBOOK.md").read_text().split())


def test_the_page_names_a_path_that_no_host_gives_to_its_own_snapshot(tmp_path: Path) -> None:
    made, page = restoring(tmp_path)
    assert f"Copy FILE to every other host, there as `{COPY}`, as root with mode 0600." in page
    assert f"`sha256sum {COPY}` prints HEX" in page and "same path" not in page
    assert f"`bash runbook.sh apply restore --snapshot {COPY} --sha256 HEX`" in page
    for script in made.folder.rglob("*.sh"):
        assert COPY not in script.read_text()


def test_the_page_says_that_nobody_removes_a_copy(tmp_path: Path) -> None:
    _, page = restoring(tmp_path)
    assert "`reopen` removes nothing" in page and "removes FILE" not in page
    assert "`reopen` says so behind `YOURS`. Keep that file where backups are kept, or remove it." in page
    assert "`reopen on master3: done`; see to `YOURS`" in page


def test_the_rehearsal_carries_it_as_the_page_says(tmp_path: Path) -> None:
    """The second host has a snapshot of its own under the very same name; the third has no such folder."""
    made, _ = restoring(tmp_path)
    file = f"{made.state}/snapshot/stop-1.db"
    bed = {h.name: SimpleNamespace(path=lambda p, root=tmp_path / h.name: root / p.lstrip("/")) for h in made.members}
    for name, host in bed.items():
        host.path("/root").mkdir(parents=True)
        if name != "master3":
            host.path(file).parent.mkdir(parents=True)
            host.path(file).write_text(f"of {name}")
    replica = Replica(made.change, made.folder, bed, lambda address: 24)  # type: ignore[arg-type]
    digest = hashlib.sha256(b"of master1").hexdigest()
    said = f"snapshot {file} sha256={digest} revision=9 keys=1 complete=yes\n"
    replica.heard("master1", "snapshot", Ran((), 0, said, "", said, 1.0))
    assert bed["master2"].path(file).read_text() == "of master2" and not bed["master3"].path(file).exists()
    for name in ("master2", "master3"):
        copy = bed[name].path(COPY)
        assert copy.read_text() == "of master1" and copy.stat().st_mode & 0o777 == 0o600
        assert replica.words_of("restore", name) == ("apply", "restore", "--snapshot", COPY, "--sha256", digest)
    assert replica.words_of("restore", "master1")[3] == file and not bed["master1"].path(COPY).exists()
