"""Before anything: does this machine let us have what a rehearsal is made of? The first thing that it refuses is named."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from etcd_renumber.errors import Refused
from etcd_renumber.model import Problem
from etcd_renumber.rehearsal.testbed.namespaces import PATH, needed

# What failed: what it is, and its switch.
SWITCHES = {
    "": (
        "namespaces",
        "as an ordinary user: sysctl kernel.unprivileged_userns_clone=1 (Debian), "
        "kernel.apparmor_restrict_unprivileged_userns=0 (Ubuntu 23.10 and later), user.max_user_namespaces above 0; "
        "in a container: --privileged, or run it outside",
    ),
    "proc": (
        "mount of /proc in a namespace",
        "the container around it masks /proc: docker run --security-opt systempaths=unconfined, Kubernetes "
        "procMount: Unmasked",
    ),
    "tmpfs": ("mount of a tmpfs in a namespace", "a security module forbids mounts: run it outside of the container"),
    "veth": ("veth pair and bridge", "modprobe veth bridge, as root, once"),
    "nat": (
        "nat rule",
        "install nftables or iptables, and: modprobe nf_nat nf_tables, as root, once; only the method bridge needs it",
    ),
}


def probe(nat: bool) -> None:
    """Tries it all in one go; `nat` says whether a nat rule will be needed. Raises Refused with the switch to turn."""
    needed()
    user = ["--user", "--map-root-user"] if os.geteuid() else []
    words = ["unshare", *user, "--net", "--mount", "--pid", "--uts", "--fork", "--kill-child"]
    script = str(Path(__file__).with_name("requirements.sh"))
    env = {"PATH": PATH, "LC_ALL": "C"}
    ran = subprocess.run([*words, "bash", script], capture_output=True, text=True, env=env, check=False, timeout=60)
    problem = verdict(ran.stdout, ran.stderr, nat)
    if problem:
        raise Refused(problem)


def verdict(said: str, complained: str, nat: bool) -> Problem | None:
    """What the probe's words mean: None when all that is needed works."""
    reached = said.split()[-1] if said.split() else ""
    if reached == "all" or (reached == "nat" and not nat):
        return None
    what, switch = SWITCHES[reached]
    why = " ".join(complained.split())[-300:] or "no reason was given"
    return Problem(f"this machine does not allow: {what} ({why})", hint=switch)
