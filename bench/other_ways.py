"""What else people do with a kubeadm control plane whose addresses must change, carried out as it is written."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

from etcd_renumber.rehearsal.kubeadm import configs
from etcd_renumber.rehearsal.kubeadm.cluster import CONFIG, Cluster
from etcd_renumber.rehearsal.subnets import bits
from etcd_renumber.rendering.values import MANIFESTS

from tests.real import Real

DATA = "/var/lib/etcd"


def article(real: Real) -> None:
    """One snapshot for all; everything down; restored with the new initial cluster; the new manifests in."""
    cluster, names = real.cluster, [member.name for member in real.roster]
    first = cluster[names[0]]
    kept = Path(first.path("/root/article.db"))
    saved = first.etcdctl("snapshot", "save", str(kept), timeout=60)
    assert saved.exit == 0, saved.text
    for name in names:
        for file in ("etcd.yaml", "kube-apiserver.yaml"):
            cluster[name].must(["mv", f"{MANIFESTS}/{file}", "/root/"])
    for name in names:
        cluster[name].wait_for(lambda n=name: not _running(cluster, n), 120, "etcd and kube-apiserver are gone")  # type: ignore[misc]
    whole = ",".join(f"{m.name}=https://{m.new}:2380" for m in real.roster)
    tools = f"{real.state}/tools"
    tool = f"{tools}/etcdutl" if Path(first.path(f"{tools}/etcdutl")).exists() else f"{tools}/etcdctl"
    for member in real.roster:
        host = cluster[member.name]
        if member.name != names[0]:
            shutil.copyfile(kept, host.path("/root/article.db"))
        words = ["snapshot", "restore", "/root/article.db", f"--name={member.name}", f"--initial-cluster={whole}"]
        words += [f"--initial-advertise-peer-urls=https://{member.new}:2380", "--data-dir=/root/restored"]
        host.must([tool, *words])
        host.must(["mv", f"{DATA}/member", "/root/member.old"])
        host.must(["mv", "/root/restored/member", f"{DATA}/member"])
    for name in names:
        for file in ("etcd.yaml", "kube-apiserver.yaml"):
            text = (real.folder / "hosts" / name / "manifests" / file).read_text()
            cluster[name].write_text(f"{MANIFESTS}/{file}", text, 0o600)


def _running(cluster: Cluster, name: str) -> bool:
    return bool(cluster[name].processes("etcd") or cluster[name].processes("kube-apiserver"))


def remove_and_join(real: Real) -> None:
    """As every other guide says it: reset, delete the Node, change the address, join."""
    cluster = real.cluster
    for node in cluster.spec.nodes:
        host = cluster[node.name]
        other = next(n.name for n in cluster.spec.nodes if n.name != node.name)
        host.must(["kubeadm", "reset", "--force"], timeout=200)
        gone = cluster.kubectl("delete", "node", node.name, host=other)
        assert gone.exit == 0, gone.text
        host.remove_address(f"{node.old}/{bits(node.old)}")
        cluster.ways(host)
        moved = replace(node, old=node.new)
        host.write_text(CONFIG, configs.join(cluster.spec, moved), 0o600)
        host.must(["kubeadm", "join", "--config", CONFIG, "--ignore-preflight-errors=all"], timeout=300)
