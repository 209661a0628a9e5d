"""How a bed's cluster begins: empty and with one list of members, or with the data of a snapshot."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from etcd_renumber.rehearsal.testbed.host import Host
from etcd_renumber.rehearsal.testbed.process import Running

TOKEN = "rehearsal"
# Nobody's clients wait before the cluster is founded: the first leader may come at once, not after a second or two.
SOON = ("--heartbeat-interval=50", "--election-timeout=250")


def found_with(members: Sequence[Host], whole: str, until_healthy: Callable[[], None]) -> None:
    """Start every member with the whole list, wait, and kill them: what they have acknowledged is on their disks.

    One after another: a new member asks each other one whether it is known there, and waits a second for a port that is
    open already and not served yet. Its log is made after that.
    """
    started: list[Running] = []
    try:
        for host in members:
            assert host.spec.etcd
            words = [*host.spec.etcd.argv, f"--initial-cluster={whole}", "--initial-cluster-state=new", *SOON]
            started.append(running := host.start(words))
            host.wait_for(partial(_has_a_log, host, running), 30, "etcd has a log")
        until_healthy()
    except TimeoutError as error:
        raise RuntimeError("; ".join([str(error), *dict.fromkeys(last_words(r.text) for r in started)])) from None
    for host, running in zip(members, started, strict=True):
        host.kill_etcd()
        running.wait()


def last_words(text: str) -> str:
    """What an etcd said last, in one line: without its usage, which it prints to whoever gives it a flag too many."""
    lines = [
        line.strip() for line in text.partition("\nUsage:")[0].partition("\nusage:")[0].splitlines() if line.strip()
    ]
    return " / ".join(lines[-3:])[-1000:]


def _has_a_log(host: Host, running: Running) -> bool:
    """Or it has ended: then whoever waits for the members says so."""
    flags = host.spec.etcd
    assert flags
    log = host.path(flags.get("wal-dir") or f"{flags.data_dir}/member/wal")
    return log.exists() or running.first.poll() is not None


def found_from(snapshot: Path, members: Sequence[Host], whole: str) -> None:
    """Restore the snapshot on every member, under its name and old peer URL. Raises RuntimeError with what the tool said."""
    for host in members:
        flags = host.spec.etcd
        assert flags
        there, scratch = "/root/snapshot.db", f"{flags.data_dir}/.founding"
        shutil.copyfile(snapshot, host.path(there))
        words = ["snapshot", "restore", there, f"--name={flags.get('name')}", f"--initial-cluster={whole}"]
        words += [f"--initial-advertise-peer-urls={flags.peer_url}", f"--initial-cluster-token={TOKEN}"]
        words += [f"--data-dir={scratch}"]
        tool = "etcdutl" if host.path("/usr/local/bin/etcdutl").exists() else "etcdctl"
        ran = host.run([tool, *words], {"ETCDCTL_API": "3"}, timeout=600)
        if ran.exit:
            raise RuntimeError(f"{host.name}: {tool} snapshot restore: exit {ran.exit}\n{ran.text[-2000:]}")
        host.must(["mv", f"{scratch}/member", flags.data_dir])
        host.must(["rm", "-r", scratch, there])
        if wal := flags.get("wal-dir"):
            host.must(["mkdir", "-p", wal])
            host.must(["bash", "-c", 'mv "$1"/member/wal/* "$2" && rmdir "$1/member/wal"', "-", flags.data_dir, wal])
