"""A real control plane for hand and eye.

python -m etcd_renumber.rehearsal.kubeadm up [--version 1.37.2] [--endpoint lb|dns|first|none] [--no-node-ip] [--fourth]
python -m etcd_renumber.rehearsal.kubeadm enter HOST [COMMAND...]
python -m etcd_renumber.rehearsal.kubeadm facts FOLDER
python -m etcd_renumber.rehearsal.kubeadm down
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from etcd_renumber.errors import Refused
from etcd_renumber.rehearsal.kubeadm import holder, places
from etcd_renumber.rehearsal.kubeadm.machine import EVERYTHING
from etcd_renumber.rehearsal.kubeadm.spec import Spec, usual, worker
from etcd_renumber.rehearsal.testbed.host import ENVIRONMENT


def spec_of(asked: argparse.Namespace) -> Spec:
    """What was asked for, with the usual names and addresses."""
    masters = 1 if asked.endpoint == "none" else 3
    joining = usual(masters + 1, masters + 1) if asked.fourth else ()
    workers = tuple(worker(n + 1) for n in range(asked.workers))
    node_ip = not asked.no_node_ip
    return Spec(asked.version, usual(1, masters), joining, asked.endpoint, node_ip=node_ip, workers=workers)


def words_of(pid: int) -> list[str]:
    """The words before a command on the host whose first process is `pid`."""
    plain = [f"{key}={value}" for key, value in ENVIRONMENT.items() if key != "TERM"]
    plain += [f"TERM={os.environ.get('TERM', 'dumb')}", "KUBECONFIG=/etc/kubernetes/admin.conf"]
    return ["nsenter", "-t", str(pid), *(f"--{kind}" for kind in EVERYTHING), "env", "-i", *plain]


def how_to_enter(hosts: dict[str, int]) -> list[str]:
    """For people: a line for each host."""
    return [f"  {name:10} {' '.join(words_of(pid))} bash" for name, pid in hosts.items()]


def main(argv: list[str]) -> None:
    """One verb. Raises Refused."""
    parser = argparse.ArgumentParser(prog="python -m etcd_renumber.rehearsal.kubeadm")
    parser.add_argument("verb", choices=("up", "hold", "enter", "facts", "down"))
    parser.add_argument("rest", nargs=argparse.REMAINDER)
    verb, rest = (parsed := parser.parse_args(argv)).verb, parsed.rest
    options = argparse.ArgumentParser(prog=f"python -m etcd_renumber.rehearsal.kubeadm {verb}")
    options.add_argument("--name", default="cluster", help="of several at a time")
    if verb in ("up", "hold"):
        options.add_argument("--version", default="1.37.2")
        options.add_argument("--endpoint", choices=("lb", "dns", "first", "none"), default="lb")
        options.add_argument("--no-node-ip", action="store_true", help="kubeadm itself writes none")
        options.add_argument("--workers", type=int, default=0, help="how many join without a control plane")
        options.add_argument("--fourth", action="store_true", help="prepare one more host, that has not joined")
    if verb in ("enter", "facts"):
        options.add_argument("what")
        options.add_argument("words", nargs=argparse.REMAINDER)
    asked = options.parse_args(rest)
    if verb == "up":
        places.may()
        said = holder.up(spec_of(asked), asked.name, rest, lambda line: print(line, flush=True))
        print(f"held by process {said['pid']} until: make cluster-down", "on a host:", sep="\n")
        print(
            *how_to_enter(said["hosts"]),
            f"  or: {sys.executable} -m etcd_renumber.rehearsal.kubeadm enter HOST",
            sep="\n",
        )
    elif verb == "hold":
        holder.hold(spec_of(asked), asked.name, lambda line: print(line, flush=True))
    elif verb == "enter":
        cluster = holder.attached(asked.name)
        host = cluster.balancer if cluster.balancer and asked.what == cluster.balancer.name else cluster[asked.what]
        command = [*words_of(host.place.pid), *(asked.words or ["bash"])]
        os.execvp(command[0], command)
    elif verb == "facts":
        holder.attached(asked.name).facts(Path(asked.what))
    elif verb == "down":
        print("the cluster is gone" if holder.down(asked.name) else "no cluster was up")


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except Refused as refused:
        for problem in refused.problems:
            where = f"{problem.place}: " if problem.place else ""
            print(f"{where}{problem.fact}\nhint: {problem.hint}", file=sys.stderr)
        sys.exit(2)
