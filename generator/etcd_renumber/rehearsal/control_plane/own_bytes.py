"""The folder's own manifests in place of those that kubeadm wrote: our programs under the user's names of images."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor

from etcd_renumber.manifests.etcd import container_of
from etcd_renumber.model import Change
from etcd_renumber.rehearsal.control_plane.flags import COMPONENTS, manifest_of
from etcd_renumber.rehearsal.kubeadm.cluster import Cluster
from etcd_renumber.rehearsal.kubeadm.machine import STATIC, Machine
from etcd_renumber.rehearsal.kubeadm.programs import component
from etcd_renumber.rehearsal.testbed.host_spec import url_host
from etcd_renumber.rehearsal.testbed.namespaces import gone
from etcd_renumber.rendering.values import MANIFESTS

LIMIT = 240.0  # seconds until a cluster whose manifests were exchanged is ready


def put_in_place(cluster: Cluster, change: Change) -> str:
    """Exchange them on all hosts at once, and wait. Where that does not become ready, kubeadm's go back in, and why is said."""
    yours = {m.name: {f.file: f.old for f in change.manifests[m.name]} for m in change.cluster.mapping.members}
    kubeadms = {name: _manifests(cluster[name]) for name in yours}
    try:
        _name_images(cluster, change)
        _exchange(cluster, yours)
        wait_ready(cluster)
        return ""
    except (RuntimeError, TimeoutError) as error:
        said = str(error).strip().splitlines()
        cluster.tell("your manifests do not start here: kubeadm's own are used again")
        _exchange(cluster, kubeadms)
        wait_ready(cluster)
        return f"with your manifests the replica did not become ready: {said[0] if said else 'no reason was given'}"


def _manifests(machine: Machine) -> dict[str, str]:
    return {p.name: p.read_text(encoding="utf-8") for p in sorted(machine.path(MANIFESTS).glob("*.yaml"))}


def _name_images(cluster: Cluster, change: Change) -> None:
    """Each image of ours gets the name that the user's manifest has for it."""
    ours = {component(ref): ref for ref in cluster.programs.images}
    for member in change.cluster.mapping.members:
        for name in COMPONENTS:
            theirs = str(container_of(manifest_of(change, member, name)).get("image", ""))
            if theirs != ours[name]:
                words = ["ctr", "--namespace", "k8s.io", "images", "tag", "--force", ours[name], theirs]
                cluster[member.name].must(words)


def _exchange(cluster: Cluster, texts: Mapping[str, Mapping[str, str]]) -> None:
    with ThreadPoolExecutor(len(texts)) as pool:
        list(pool.map(lambda name: _on_host(cluster[name], texts[name]), texts))


def _on_host(machine: Machine, texts: Mapping[str, str]) -> None:
    """kubelet away, its pods ended, the files in, kubelet back."""
    machine.stop_kubelet()
    pids = [pid for name in STATIC for pid in machine.processes(name)]
    for number in (signal.SIGTERM, signal.SIGKILL):
        for pid in pids:
            _signal(pid, number)
        pids = [pid for pid in pids if not gone(pid, 10)]
    for left in machine.path(MANIFESTS).glob("*.yaml"):
        if left.name not in texts:
            left.unlink()
    for file, text in texts.items():
        machine.write_text(f"{MANIFESTS}/{file}", text, 0o600)
    machine.start_kubelet()


def _signal(pid: int, number: int) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return


def wait_ready(cluster: Cluster, seconds: float = LIMIT) -> None:
    """Until every etcd is healthy, every API ready and every Node too. Raises TimeoutError with who was not."""
    deadline = time.monotonic() + seconds
    cluster.wait_healthy(seconds)
    for node in cluster.spec.nodes:
        server = f"--server=https://{url_host(str(node.old))}:6443"
        while (ran := cluster.kubectl(server, "get", "--raw", "/readyz", host=node.name)).exit:
            if time.monotonic() > deadline:
                raise TimeoutError(f"{node.name}: its API is not ready within {seconds:g} s: {ran.text[-300:]}")
            time.sleep(0.5)
    cluster.wait_ready([node.name for node in cluster.spec.nodes], max(10.0, deadline - time.monotonic()))
