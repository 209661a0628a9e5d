"""Looks all the time that no etcd manifest lies beside an empty data folder: it would found a new, empty cluster."""

from __future__ import annotations

import os
import threading

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
        """The manifest is looked at last: it must not have come while the data was looked for. Names, not paths: fifty looks a
        second cost a tenth of a small machine otherwise."""
        root, data = f"/proc/{host.place.pid}/root", flags.data_dir
        wal = flags.get("wal-dir", f"{data}/member/wal")
        is_there = os.path.exists(f"{root}{data}/member/snap/db") and has_wal(f"{root}{wal}")
        return not is_there and os.path.exists(f"{root}{MANIFEST}")


def has_wal(folder: str) -> bool:
    try:
        return any(name.endswith(".wal") for name in os.listdir(folder))
    except OSError:
        return False
