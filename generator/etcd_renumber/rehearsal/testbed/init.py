"""What stands in for systemd on a host of a bed: answers `systemctl.sh` and looks after kubelet.service and etcd's units.

    python -m etcd_renumber.rehearsal.testbed.init PID        PID: any process of the host, as seen from where this starts

It is started outside the host's root folder, so that this interpreter is found, and moves in once all is imported.
Kubelet's stand-in and the API's are forks of it: no second interpreter is started, and they share its memory.
`systemctl.sh` asks through a pipe: one line with the place of its reply and its words, each followed by a tab.
"""

from __future__ import annotations

import ctypes
import os
import select
import sys
import traceback

from etcd_renumber.rehearsal.testbed import api, etcd_unit
from etcd_renumber.rehearsal.testbed.etcd_unit import EtcdUnit
from etcd_renumber.rehearsal.testbed.systemctl import Answer, answer
from etcd_renumber.rehearsal.testbed.units import FOLDER, Unit, fork, rename

REQUEST = FOLDER / "request"
POLL = 0.05


def move_in(pid: int) -> None:
    """Take the root folder of the host that process `pid` belongs to."""
    libc = ctypes.CDLL(None, use_errno=True)
    with open(f"/proc/{pid}/ns/mnt") as namespace:
        if libc.setns(namespace.fileno(), 0x20000):  # CLONE_NEWNS
            raise OSError(ctypes.get_errno(), "setns")
    os.chdir("/")


def answered(unit: Unit, etcds: dict[str, EtcdUnit], line: bytes) -> None:
    """One line's words done, and said to whoever asked; nobody may be there any more."""
    place, *words = line.decode(errors="replace").strip("\t").split("\t")
    said: Answer
    try:
        said = answer(unit, words, etcds)
    except Exception:
        said = (1, [], traceback.format_exc().splitlines())
    code, out, err = said
    text = "".join([*(f"out {line}\n" for line in out), *(f"err {line}\n" for line in err), f"exit {code}\n"])
    try:
        pipe = os.open(place, os.O_WRONLY | os.O_NONBLOCK)
    except OSError:
        return
    os.write(pipe, text.encode())
    os.close(pipe)


def main(pid: int) -> None:
    """Answer, for ever."""
    rename("units-stand-in")
    move_in(pid)
    FOLDER.mkdir(parents=True, exist_ok=True)
    fork("api-stand-in", FOLDER / "api.log", api.main)
    unit, kept = Unit(), b""
    names = sorted(path.name for path in etcd_unit.FOLDER.glob("*.service") if path.is_file())
    etcds = {name: EtcdUnit(name) for name in names if name != "kubelet.service"}
    os.mkfifo(REQUEST.with_suffix(".new"), 0o600)
    pipe = os.open(REQUEST.with_suffix(".new"), os.O_RDWR | os.O_NONBLOCK)
    REQUEST.with_suffix(".new").replace(REQUEST)
    while True:
        if select.select([pipe], [], [], POLL)[0]:
            *lines, kept = (kept + os.read(pipe, 65536)).split(b"\n")
            for line in lines:
                answered(unit, etcds, line)
        unit.look()
        for one in etcds.values():
            one.look()


if __name__ == "__main__":
    main(int(sys.argv[1]))
