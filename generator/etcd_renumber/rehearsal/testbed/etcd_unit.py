"""A unit of systemd that runs etcd, without systemd: read from its file, started, watched and restarted as that file says.

Its process is a real etcd. It tells that it is ready through a socket (Type=notify), which etcd does once it has a leader;
until then the unit is activating, and after 90 s it is killed and started again, as by systemd.
"""

from __future__ import annotations

import os
import socket
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path
from signal import SIGCONT, SIGKILL, SIGTERM

from etcd_renumber.etcd_on_host import Unit
from etcd_renumber.manifests.unit import unit_of
from etcd_renumber.manifests.unit_text import last, service_of
from etcd_renumber.rehearsal.testbed.kubelet import line
from etcd_renumber.rehearsal.testbed.pods import program_of

FOLDER = Path("/etc/systemd/system")
RUN = Path("/run/units")
START_LIMIT = STOP_LIMIT = 90.0  # systemd's TimeoutStartSec and TimeoutStopSec
RESTART_SEC = 0.1  # systemd's own, where the unit says nothing
RESTARTS = {"always": ("exit", "signal", "clean"), "on-failure": ("exit", "signal"), "on-abnormal": ("signal",)}


@dataclass
class EtcdUnit:
    """The unit of this name. `text` is the file as systemd read it last; the environment file is read at every start."""

    name: str
    text: str = ""
    main: subprocess.Popen[bytes] | None = None
    ready: bool = False
    failed: bool = False
    began: float = 0.0
    restart_at: float = 0.0
    restarts: int = 0
    status: int = 0
    socket: socket.socket | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        self.reload()

    @property
    def file(self) -> Path:
        """The unit file."""
        return FOLDER / self.name

    def reload(self) -> None:
        """As after daemon-reload: the file of now is what counts."""
        self.text = self.file.read_text(encoding="utf-8") if self.file.exists() else ""

    def setting(self, name: str, default: str = "") -> str:
        """The last value of a setting of the section [Service]."""
        found = last(service_of(self.text), name)
        return found[-1].value if found else default

    @property
    def env_path(self) -> Path | None:
        """The environment file that it reads."""
        given = self.setting("EnvironmentFile").removeprefix("-")
        return Path(given.replace("%p", self.name.removesuffix(".service"))) if given else None

    def _may_be_missing(self) -> str:
        return "yes" if self.setting("EnvironmentFile").startswith("-") else "no"

    def command(self) -> Unit | None:
        """What is to be started now. None where a file that is needed is missing, or cannot be read."""
        path = self.env_path
        if path and not path.exists() and self._may_be_missing() == "no":
            self.log(f"{self.name}: Failed to load environment files: No such file or directory")
            return None
        files = {self.name: self.text} | ({"etcd.env": path.read_text("utf-8")} if path and path.exists() else {})
        unit, problems = unit_of(files, str(FOLDER))
        for problem in problems:
            self.log(f"{self.name}: {problem.fact}")
        return unit

    def start(self, wait: bool = True) -> None:
        """An etcd, if none runs; with `wait` until it is ready or cannot be."""
        if not self.main:
            self._start()
        while wait and self.main and not self.ready:
            self.look()
            time.sleep(0.02)

    def _start(self) -> None:
        self.restart_at, self.ready, self.began = 0.0, False, time.monotonic()
        unit = self.command()
        self.failed = unit is None
        if unit is None:
            return
        path = RUN / f"{self.name}.notify"
        path.unlink(missing_ok=True)
        if self.socket:
            self.socket.close()
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        self.socket.bind(str(path))
        env = {"PATH": os.environ["PATH"], **unit.variables, "NOTIFY_SOCKET": str(path)}
        self.log(f"Starting {self.name} - etcd...")
        with open(RUN / f"{self.name}.log", "ab") as log:
            self.main = subprocess.Popen(
                [unit.program, *unit.arguments], executable=program_of("etcd"), env=env, cwd="/",
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip

    def stop(self) -> None:
        """SIGTERM, SIGKILL after a while; it is not started again."""
        self.restart_at, self.failed, limit = 0.0, False, time.monotonic() + STOP_LIMIT
        if not self.main:
            return
        self.main.send_signal(SIGTERM)
        self.main.send_signal(SIGCONT)
        while self.main.poll() is None:
            if time.monotonic() > limit:
                self.main.send_signal(SIGKILL)
            time.sleep(0.005)
        self.main, self.ready = None, False
        self.log(f"Stopped {self.name} - etcd.")

    def look(self) -> None:
        """What it has told, whether it has ended, and whether it is time to start it again."""
        if self.socket and not self.ready and b"READY=1" in self._told():
            self.ready = True
            self.log(f"Started {self.name} - etcd.")
        if self.main and not self.ready and time.monotonic() > self.began + START_LIMIT:
            self.log(f"{self.name}: start operation timed out. Terminating.")
            self.main.kill()
            self.main.wait()
        if self.main and self.main.poll() is not None:
            self.status = self.main.returncode
            how = "clean" if self.status == 0 else "exit" if self.status > 0 else "signal"
            self.log(f"{self.name}: Main process exited, {how}, status={abs(self.status)}")
            self.main, self.ready = None, False
            again = how in RESTARTS.get(self.setting("Restart", "no"), ())
            self.failed = not again and how != "clean"
            self.restart_at = time.monotonic() + self._restart_seconds() if again else 0.0
        elif not self.main and self.restart_at and time.monotonic() >= self.restart_at:
            self.restarts += 1
            self._start()

    def _told(self) -> bytes:
        assert self.socket
        try:
            return self.socket.recv(4096)
        except OSError:
            return b""

    def _restart_seconds(self) -> float:
        return float(self.setting("RestartSec", str(RESTART_SEC)).removesuffix("s"))

    def log(self, text: str) -> None:
        """A line of systemd's."""
        with open(RUN / f"{self.name}.log", "a", encoding="utf-8") as log:
            log.write(line("systemd[1]", text))

    @property
    def active(self) -> str:
        """ActiveState."""
        if self.main:
            return "active" if self.ready else "activating"
        return "activating" if self.restart_at else "failed" if self.failed else "inactive"

    def properties(self) -> dict[str, str]:
        """What `systemctl show` knows of it, in that order."""
        there = self.file.exists()
        return {
            "Restart": self.setting("Restart", "no"),
            "MainPID": str(self.main.pid if self.main else 0),
            "NRestarts": str(self.restarts),
            "ExecMainStatus": str(abs(self.status)),
            "EnvironmentFiles": f"{self.env_path} (ignore_errors={self._may_be_missing()})" if self.env_path else "",
            "Id": self.name,
            "LoadState": "loaded" if self.text else "not-found",
            "ActiveState": self.active,
            "FragmentPath": str(self.file) if self.text else "",
            "UnitFileState": "enabled",
            "NeedDaemonReload": "yes" if self.text != (self.file.read_text("utf-8") if there else "") else "no",
        }
