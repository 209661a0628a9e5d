"""The phase `cluster` of a rendered runbook, beside a real kube-apiserver: what it asks of this host's etcd is answered for it."""

from __future__ import annotations

import os
import signal
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

from tests import run_lines
from tests.api_server import Api
from tests.scenario import Scenario

# The members, their records and etcd's own tools are tested elsewhere; this host is none of a cluster.
ETCDCTL = """#!/usr/bin/env bash
# The etcd of the test has no certificates.
words=()
for word in "$@"; do case $word in --cacert=* | --cert=* | --key=*) ;; *) words+=("$word") ;; esac done
exec PROGRAM "${words[@]}"
"""
AROUND = """
the_reviewed_world() { :; }
gate_before() { read -ra recorded <<<"$RECORDED"; }
find_etcdctl() { etcdctl=$ETCDCTL; }
speak_v3() { :; }
own_endpoint() { printf '%s' "$ETCD_URL"; }
status_after_stop() { :; }
api_ask() { api_status=${SERVER_ANSWERS-200}; }
find_etcdctl
"""


@dataclass
class Member:
    """One host of a change on paper: its runbook, with its folders below `folder` and only the phase `cluster` to carry out.

    `recorded` is old or new, member by member.
    """

    made: Scenario
    folder: Path
    api: Api
    name: str = "master1"
    recorded: str = "new new new"
    before: list[str] = field(default_factory=list)  # bash that comes after everything is defined

    @property
    def state(self) -> Path:
        return self.folder / self.made.state.lstrip("/")

    @property
    def kubernetes(self) -> Path:
        return self.folder / "etc/kubernetes"

    def saved(self, name: str) -> Path:
        """The copy of an object, "NAMESPACE.NAME.KEY"."""
        return self.state / "backup/objects" / f"{name}.json"

    def script(self) -> Path:
        self.kubernetes.mkdir(parents=True, exist_ok=True)
        programs = self.folder / "bin"
        programs.mkdir(exist_ok=True)
        link = programs / "kubectl"
        link.unlink(missing_ok=True)
        link.symlink_to(self.api.programs / "kubectl")
        etcdctl = self.folder / "etcdctl"
        etcdctl.write_text(ETCDCTL.replace("PROGRAM", str(self.api.etcd / "etcdctl")))
        etcdctl.chmod(0o755)
        text = (self.made.host_folder(self.name) / "runbook.sh").read_text()
        text = text.replace("/var/lib/etcd-renumber", str(self.folder / "var/lib/etcd-renumber"))
        text = text.replace("/etc/kubernetes", str(self.kubernetes)).replace("$EUID == 0", "0 == 0")
        text = text.replace("PATH=/usr/local/sbin:", f"PATH={programs}:").replace(":/usr/local/bin:", ":")
        assert text.endswith('main "$@"\n')
        values = {"RECORDED": self.recorded, "ETCDCTL": etcdctl, "ETCD_URL": self.api.etcd_url}
        lines = [f"{key}='{value}'" for key, value in values.items()]
        text = text.removesuffix('main "$@"\n') + "\n".join(
            [*lines, "export ETCDCTL_API=3", AROUND, *self.before, 'main "$@"\n']
        )
        path = self.folder / "runbook.sh"
        path.write_text(text)
        return path

    def with_kubeconfig(self, name: str = "admin.conf") -> Member:
        self.kubernetes.mkdir(parents=True, exist_ok=True)
        (self.kubernetes / name).write_text(self.api.kubeconfig.read_text())
        return self

    def runbook(self, *words: str, expect: int = 0) -> str:
        """What it says on both streams."""
        path = self.script()
        done = run_lines.bash(self.folder, path.read_text(), str(path), *words, seconds=120)
        text = done.stdout + done.stderr
        assert done.returncode == expect, f"{' '.join(words)}: exit {done.returncode}, not {expect}\n{text}"
        assert "unbound variable" not in text and "command not found" not in text, text
        return text

    def killed_after(self, commands: int, verb: str = "apply") -> int:
        """The exit code of a run that SIGKILL ends after that many of its commands: -9, or 0 where it has not so many."""
        kill = "\n".join(
            [
                "count=0",
                "eval \"$(declare -f say_command | sed '1s/say_command/say_it/')\"",
                f'say_command() {{ [[ $count -lt {commands} ]] || kill -KILL $$; count=$((count + 1)); say_it "$@"; }}',
            ]
        )
        self.before.append(kill)
        try:
            ran = subprocess.run(
                ["bash", self.script(), verb, "cluster"], env={**os.environ}, capture_output=True, check=False
            )
        finally:
            self.before.remove(kill)
        assert ran.returncode in (0, -signal.SIGKILL), ran.stdout.decode() + ran.stderr.decode()
        return ran.returncode
