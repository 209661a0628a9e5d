"""The namespaces of a real cluster: as a bed's, with a cgroup folder a host, which the kernel does not take away itself.

A small bash around the outer set's first process removes the folders when that has ended, however this process ended; what
was left when it too was killed, the next cluster removes.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

from etcd_renumber.errors import Refused
from etcd_renumber.model import Problem
from etcd_renumber.rehearsal.testbed.namespaces import HERE as HOSTS
from etcd_renumber.rehearsal.testbed.namespaces import PATH, WAIT, Place, inner, needed

HERE = Path(__file__).parent
GROUP = "etcd-renumber"
TOOLS = {
    "containerd": "containerd", "ctr": "containerd", "runc": "runc", "haproxy": "haproxy", "conntrack": "conntrack",
    "ebtables": "ebtables", "ethtool": "ethtool", "socat": "socat", "iptables": "iptables", "flock": "util-linux",
}  # fmt: skip
CNI = Path("/usr/lib/cni")


def may() -> None:
    """Raises Refused where this machine or this user cannot have a cluster."""
    if os.geteuid():
        hint = "run it as root: containerd and kubelet mount file systems and make cgroups"
        raise Refused(Problem(f"a real control plane needs root, this is user {os.geteuid()}", hint=hint))
    needed()
    missing = {
        package for tool, package in TOOLS.items() if not any((Path(p) / tool).exists() for p in PATH.split(":"))
    }
    if not (CNI / "bridge").exists():
        missing.add("containernetworking-plugins")
    if missing:
        hint = f"apt-get install {' '.join(sorted(missing))}"
        raise Refused(Problem(f"not on this machine: {', '.join(sorted(missing))}", hint=hint))


def group(pid: int | None = None) -> str:
    """The name of the cgroup folder of the cluster that process `pid` holds; default: this one."""
    return f"{GROUP}-{pid or os.getpid()}"


def groups() -> set[str]:
    """The names of all clusters' cgroup folders. Folders may go while this looks."""
    return {n for _, names, _ in os.walk("/sys/fs/cgroup") for n in names if n.startswith(f"{GROUP}-")}


def sweep() -> None:
    """Remove the cgroup folders of clusters whose process is gone."""
    for folder in groups():
        pid = folder.rpartition("-")[2]
        if pid.isdecimal() and not Path(f"/proc/{pid}").exists():
            subprocess.run(["bash", str(HERE / "group.sh"), "remove", folder], check=False)


def wire() -> Place:
    """The outer set. Its cgroup folders go when it has ended."""
    may()
    sweep()
    words = ["unshare", "--net", "--pid", "--fork", "--kill-child", "bash", "-c", WAIT]
    return Place(
        ["bash", str(HERE / "group.sh"), "around", group(), *words], depth=2, what="namespaces on this machine"
    )


def machine(outer: Place, name: str, programs: Sequence[Path]) -> Place:
    """A host for kubelet inside the outer set. `programs` and the stand-ins are in its /usr/local/bin."""
    mine = [HERE / script for script in ("units.sh", "systemctl.sh", "journalctl.sh", "power.sh")]
    words = ["unshare", "--net", "--mount", "--pid", "--uts", "--ipc", "--cgroup", "--fork", "--kill-child"]
    host = ["bash", str(HOSTS / "host.sh"), name, str(HERE), str(HERE / "machine.sh"), *map(str, [*programs, *mine])]
    in_group = ["bash", str(HERE / "group.sh"), "in", f"{group()}/{name}"]
    return Place([*outer.enter("net", "pid"), *in_group, *words, *host], depth=2, what=f"host {name}")


def plain(outer: Place, name: str) -> Place:
    """A host without kubelet, such as the load balancer."""
    return inner(outer, name, HERE)
