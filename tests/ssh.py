"""A jump host and a real sshd on every host of a bed: what the tests of run.sh handle."""

from __future__ import annotations

import os
import re
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest
from etcd_renumber.rehearsal.testbed.host import Host
from etcd_renumber.rehearsal.testbed.host_spec import HostSpec
from etcd_renumber.rehearsal.testbed.process import Ran, Running

from tests.rig import Rig
from tests.scenario import Scenario

# In CI they run in any case, and fail where they cannot.
AS_ROOT = pytest.mark.skipif(
    os.geteuid() != 0 and not os.environ.get("CI"), reason="sshd changes users, which needs more than one of them"
)
JUMP = HostSpec("jump", addresses=("192.168.100.200/24", "192.168.110.200/24"))
OUT = "/root/out/test"
ADMIN = "admin"  # no root: has sudo
SSHD = """Port 22
HostKey /etc/ssh/host_key
AuthorizedKeysFile /etc/ssh/keys/%u
PidFile none
UsePAM no
UseDNS no
PasswordAuthentication no
KbdInteractiveAuthentication no
"""
PAM = "".join(f"{kind} sufficient pam_permit.so\n" for kind in ("auth", "account", "session"))


def key(folder: Path, name: str) -> tuple[str, str]:
    """A throwaway key pair: private, public."""
    path = folder / name
    if not path.exists():
        words = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", str(path)]
        subprocess.run(words, check=True, stdin=subprocess.DEVNULL)
    return path.read_text(), path.with_name(f"{name}.pub").read_text()


class Jump:
    """A rig with a jump host. `user` is whom ssh logs in as; the jump host knows every host by its old address only."""

    def __init__(self, rig: Rig, keys: Path, user: str = "root") -> None:
        self.rig, self.keys, self.user = rig, keys, user
        self.host: Host = rig.bed["jump"]
        self.servers: dict[str, Running] = {}
        keys.mkdir(exist_ok=True)
        for member in rig.made.members:
            self.serve(member.name)
        self.host.write_text("/root/.ssh/id_ed25519", key(keys, "operator")[0], 0o600)
        self.host.write_text("/root/.ssh/config", f"User {user}\n", 0o600)
        self.know({m.old: m.name for m in rig.made.members})
        self.host.copy_in(rig.made.folder, OUT)

    def serve(self, name: str) -> None:
        """Start the host's sshd, with what it needs of a root folder."""
        host = self.rig[name]
        host.write_text("/etc/ssh/host_key", key(self.keys, name)[0], 0o600)
        host.write_text("/etc/ssh/sshd_config", SSHD)
        people = f"sshd:x:100:65534::/run/sshd:/usr/sbin/nologin\n{ADMIN}:*:1000:1000::/home/{ADMIN}:/bin/bash\n"
        if ADMIN not in host.read_text("/etc/passwd"):
            host.write_text("/etc/passwd", host.read_text("/etc/passwd") + people)
            host.write_text("/etc/group", host.read_text("/etc/group") + f"{ADMIN}:x:1000:\n")
        for user in ("root", ADMIN):
            host.write_text(f"/etc/ssh/keys/{user}", key(self.keys, "operator")[1])
        host.must(["install", "-d", "-m", "0755", "/run/sshd", f"/home/{ADMIN}"])
        host.write_text("/etc/sudoers", f"root ALL=(ALL) ALL\n{ADMIN} ALL=(ALL) NOPASSWD: ALL\n", 0o440)
        host.write_text("/etc/pam.d/sudo", PAM)
        self.servers[name] = host.start(["/usr/sbin/sshd", "-D", "-e", "-f", "/etc/ssh/sshd_config"])
        host.wait_for(lambda: ":22 " in host.must(["ss", "-Htln"]), 10, f"sshd: {self.servers[name].text}")

    def know(self, addresses: Mapping[str, str]) -> None:
        """Write known_hosts: address to the name of the host whose key it has."""
        lines = [f"{address} {key(self.keys, name)[1]}" for address, name in addresses.items()]
        self.host.write_text("/root/.ssh/known_hosts", "".join(lines), 0o600)

    def connections(self, name: str) -> list[int]:
        """The sshd processes of a host that serve a connection."""
        first = self.servers[name].inside
        return [pid for pid in self.rig[name].processes("sshd") if pid != first]

    # --- run.sh ---

    def start(self, *words: str, env: Mapping[str, str] | None = None, stdin: str | None = None) -> Running:
        return self.host.start(["bash", f"{OUT}/run.sh", *words], env=env, stdin=stdin)

    def run(self, *words: str, expect: int = 0, env: Mapping[str, str] | None = None, stdin: str | None = None) -> Ran:
        ran = self.start(*words, env=env, stdin=stdin).wait(600)
        assert ran.exit == expect, f"run.sh {' '.join(words)}: exit {ran.exit}, not {expect}\n{ran.text}"
        return ran

    def until(self, running: Running, text: str, seconds: float = 180) -> None:
        """Until it has said this."""
        deadline = time.monotonic() + seconds
        while text not in running.text:
            assert running.first.poll() is None, f"it ended and never said {text!r}:\n{running.text}"
            assert time.monotonic() < deadline, f"it never said {text!r}:\n{running.text}"
            time.sleep(0.02)


@contextmanager
def people(rig: Rig, running: Running) -> Iterator[None]:
    """Who changes addresses as run.sh asks for it, until the block ends."""
    over = threading.Event()
    thread = threading.Thread(target=_obey, args=(rig, running, over), daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _obey(rig: Rig, running: Running, over: threading.Event) -> None:
    done = 0
    while not over.wait(0.1):
        asked = re.findall(r"^(\S+) +\| NOW: (add|remove|change) ", running.text, re.M)
        for host, verb in asked[done:]:
            if verb in ("remove", "change"):
                rig.remove_old(host)
            if verb in ("add", "change"):
                rig.add_new(host)
            done += 1


@contextmanager
def jump(made: Scenario, version: str, keys: Path, user: str = "root", **rig: object) -> Iterator[Jump]:
    """The cluster up, a sshd on every host, the change folder on the jump host."""
    with Rig(made, version, extra=[JUMP], **rig) as running:  # type: ignore[arg-type]
        yield Jump(running, keys, user)
