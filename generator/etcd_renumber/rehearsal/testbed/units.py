"""kubelet.service without systemd: starts and ends kubelet's stand-in as the packages' unit file would have it."""

from __future__ import annotations

import ctypes
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from signal import SIGCONT, SIGKILL, SIGTERM

from etcd_renumber.rehearsal.testbed import kubelet, worker
from etcd_renumber.rehearsal.testbed.node import command_line
from etcd_renumber.rehearsal.testbed.pods import program_of

FOLDER = Path("/run/units")
LOG = FOLDER / "kubelet.log"
RESTART_SEC = 10.0  # kubelet.service of the Debian and RPM packages: Restart=always, RestartSec=10
STOP_LIMIT = 90.0  # systemd's TimeoutStopSec
PROGRAM = "/usr/bin/kubelet"
FRAGMENT = "/usr/lib/systemd/system/kubelet.service"
DROP_INS = Path("/etc/systemd/system/kubelet.service.d")
FILES = ("/var/lib/kubelet/kubeadm-flags.env", "/etc/default/kubelet", "/etc/sysconfig/kubelet")
NAME = "kubelet.service - kubelet: The Kubernetes Node Agent"


def assignments(text: str) -> dict[str, str]:
    """NAME=value lines, the value's quotes taken off."""
    found = {}
    for line in text.splitlines():
        name, equals, value = line.strip().partition("=")
        if equals and re.fullmatch(r"[A-Z_]+", name):
            found[name] = value.strip().strip("\"'")
    return found


def drop_ins() -> dict[str, str]:
    """What the unit's drop-ins set by Environment=, at the time when systemd reads them."""
    found: dict[str, str] = {}
    for path in sorted(DROP_INS.glob("*.conf")):
        for value in re.findall(r"^Environment=(.*)$", path.read_text(errors="replace"), re.M):
            found |= assignments(value.strip().strip("\"'"))
    return found


def rename(name: str) -> None:
    """The name that /proc shows for this process."""
    ctypes.CDLL(None).prctl(15, name.encode(), 0, 0, 0)  # PR_SET_NAME


def fork(name: str, log: Path, work: Callable[[], None]) -> int:
    """A child with this name in /proc that does `work` and ends; its pid."""
    if pid := os.fork():
        return pid
    status = 1
    try:
        os.setsid()
        rename(name)
        said = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        os.dup2(said, 1)
        os.dup2(said, 2)
        os.closerange(3, 256)
        work()
        status = 0
    except SystemExit as end:
        status = int(end.code or 0)
    except BaseException:
        sys.excepthook(*sys.exc_info())
    finally:
        sys.stderr.flush()
        os._exit(status)


@dataclass
class Unit:
    """The unit. `work` does what `main`, the process that everybody sees, seems to do; one does not outlive the other.

    `restart_at` is 0 unless kubelet ended by itself and comes again.
    """

    main: subprocess.Popen[bytes] | None = None
    work: int = 0
    restart_at: float = 0.0
    restarts: int = 0
    status: int = 0
    environment: dict[str, str] = field(default_factory=drop_ins)

    def start(self, at_once: bool = False) -> None:
        """A kubelet, if none runs. With `at_once` its first pods come without a delay: for the bed's own beginning."""
        if self.main:
            return
        variables = dict(self.environment)
        for path in map(Path, FILES):
            variables |= assignments(path.read_text(errors="replace")) if path.exists() else {}
        argv = (PROGRAM, *command_line(variables))
        self.restart_at = 0.0
        self.log(f"Started {NAME}.")
        nothing, clean = subprocess.DEVNULL, {"PATH": os.environ["PATH"]}
        held = worker.connection() if worker.is_worker() else None  # as long as kubelet runs
        self.main = subprocess.Popen(
            argv, executable=program_of("kubelet"), stdin=nothing, stdout=nothing, stderr=nothing, env=clean,
            start_new_session=True, pass_fds=[held.fileno()] if held else [],
        )  # fmt: skip
        if held:
            held.close()
        self.work = fork("kubelet-work", LOG, partial(kubelet.main, self.main.pid, argv, at_once))

    def stop(self) -> None:
        """Ends it and waits; its pods, which have cgroups of their own, run on."""
        self.restart_at, limit = 0.0, time.monotonic() + STOP_LIMIT
        if not self.main:
            return
        self.log(f"Stopping {NAME}...")
        self.main.send_signal(SIGTERM)
        self.main.send_signal(SIGCONT)  # as systemd does: a stopped process would never see the other one
        while not self.ended():
            if time.monotonic() > limit:
                self.main.kill()
            time.sleep(0.005)
        self.log(f"Stopped {NAME}.")

    def ended(self) -> bool:
        """Whether it has ended now; then nothing of it is left."""
        if not self.main:
            return True
        worked, status = os.waitpid(self.work, os.WNOHANG)
        if not worked and self.main.poll() is None:
            return False
        self.main.kill()
        if worked:
            self.main.wait()
            self.status = os.waitstatus_to_exitcode(status)
        else:
            self.status = self.main.wait()
            os.kill(self.work, SIGKILL)
            os.waitpid(self.work, 0)
        self.main = None
        return True

    def look(self) -> None:
        """A kubelet that ended by itself is noted, and started again when it is time."""
        if self.main and self.ended():
            how = f"exited, status={self.status}" if self.status >= 0 else f"killed, signal={-self.status}"
            self.log(f"kubelet.service: Main process {how}")
            self.restart_at = time.monotonic() + RESTART_SEC
        elif self.restart_at and time.monotonic() >= self.restart_at:
            self.restarts += 1
            self.start()

    def log(self, text: str) -> None:
        """A line of systemd's."""
        with open(LOG, "a", encoding="utf-8") as log:
            log.write(kubelet.line("systemd[1]", text))

    @property
    def pid(self) -> int:
        """MainPID."""
        return self.main.pid if self.main else 0

    @property
    def active(self) -> str:
        """ActiveState."""
        return "active" if self.pid else "activating" if self.restart_at else "inactive"

    def properties(self) -> dict[str, str]:
        """What `systemctl show` knows of it, in that order."""
        sub = {"active": "running", "activating": "auto-restart", "inactive": "dead"}[self.active]
        return {
            "Restart": "always",
            "RestartUSec": f"{RESTART_SEC:.0f}s",
            "MainPID": str(self.pid),
            "NRestarts": str(self.restarts),
            "ExecMainStatus": str(self.status),
            "Id": "kubelet.service",
            "LoadState": "loaded",
            "ActiveState": self.active,
            "SubState": sub,
            "FragmentPath": FRAGMENT,
            "DropInPaths": " ".join(map(str, sorted(DROP_INS.glob("*.conf")))),
            "UnitFileState": "enabled",
            "NeedDaemonReload": "no" if self.environment == drop_ins() else "yes",
        }
