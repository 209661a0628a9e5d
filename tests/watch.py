"""Looks all the time that no etcd manifest lies beside an empty data folder: it would found a new, empty cluster."""

from __future__ import annotations

import threading
from pathlib import Path

from etcd_renumber.rehearsal.testbed.host import Host
from etcd_renumber.rehearsal.testbed.host_spec import Flags

MANIFEST = "/etc/kubernetes/manifests/etcd.yaml"


class Watch:
    """`seen` are the hosts on which it was so; those in `excused` a test has put there itself."""

    def __init__(self, hosts: list[Host]) -> None:
        self.hosts, self.seen, self.excused = hosts, list[str](), set[str]()
        self.looks = 0
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self._look, daemon=True)
        self.thread.start()

    def stop(self) -> None:
        self.ended.set()
        self.thread.join()

    def _look(self) -> None:
        while not self.ended.wait(0.02):
            for host in self.hosts:
                if host.name not in self.excused and host.spec.etcd and self._is_dangerous(host, host.spec.etcd):
                    self.seen.append(host.name)
            self.looks += 1

    def _is_dangerous(self, host: Host, flags: Flags) -> bool:
        """The manifest is looked at last: it must not have come while the data was looked for."""
        data = flags.data_dir
        wal = host.path(flags.get("wal-dir", f"{data}/member/wal"))
        is_there = host.path(f"{data}/member/snap/db").exists() and has_wal(wal)
        return not is_there and host.path(MANIFEST).exists()


def has_wal(folder: Path) -> bool:
    try:
        return any(folder.glob("*.wal"))
    except OSError:
        return False
