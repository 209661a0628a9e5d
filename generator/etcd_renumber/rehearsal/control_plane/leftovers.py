"""Whatever still names an old address once the last line is through."""

from __future__ import annotations

import json
import re
from typing import Any

from etcd_renumber.rehearsal.kubeadm.cluster import Cluster

FILES = "/etc/kubernetes /var/lib/kubelet/config.yaml /var/lib/kubelet/kubeadm-flags.env /etc/default/kubelet"
CERTIFICATES = """shopt -s nullglob
for file in /etc/kubernetes/pki/*.crt /etc/kubernetes/pki/etcd/*.crt; do
  names=$(openssl x509 -in "$file" -noout -text | grep -A 1 'Subject Alternative Name') || continue
  for old in "$@"; do
    [[ $names, != *"$old,"* ]] || printf '%s\\n' "$file"
  done
done | sort -u
"""
KINDS = "configmaps,endpoints,endpointslices,pods,nodes"


def left_on_old(cluster: Cluster) -> list[str]:
    """Whatever names an address that went: files, certificates, objects, connections of the control plane."""
    gone = [str(n.old) for n in cluster.spec.members if n.old != n.new]
    return [*_on_hosts(cluster, gone), *_objects(cluster, gone)] if gone else []


def _on_hosts(cluster: Cluster, gone: list[str]) -> list[str]:
    found = []
    words = [word for old in gone for word in ("-e", old)]
    for node in cluster.spec.control_plane:
        machine = cluster[node.name]
        there = ["bash", "-c", f'grep -rlwF "$@" --exclude-dir=pki {FILES} 2>/dev/null || true', "-", *words]
        found += [f"{node.name}: {file}" for file in machine.run(there).out.splitlines()]
        certificates = machine.run(["bash", "-c", CERTIFICATES, "-", *(f"IP Address:{a}" for a in gone)])
        found += [f"{node.name}: certificate {file}" for file in certificates.out.splitlines()]
        for row in machine.run(["ss", "-Htnp", "state", "established"]).out.splitlines():
            ends, process = row.split()[2:4], re.search(r'\("([^"]+)"', row)
            if process and any(_address(end) in gone for end in ends):
                found.append(f"{node.name}: connection of {process[1]}, {ends[0]} to {ends[1]}")
    return list(dict.fromkeys(found))


def _address(end: str) -> str:
    return end.rpartition(":")[0].strip("[]").removeprefix("::ffff:")


def _objects(cluster: Cluster, gone: list[str]) -> list[str]:
    pattern = re.compile(rf"(?<![\w.])({'|'.join(map(re.escape, gone))})(?![\w.])")
    found = []
    for namespace in ("kube-system", "kube-public", "default"):
        kinds = KINDS if namespace != "default" else KINDS.partition(",")[2]  # the writers' ConfigMaps are in there
        for item in items(cluster, kinds, f"--namespace={namespace}"):
            if pattern.search(json.dumps({k: v for k, v in item.items() if k != "metadata"} | _meta(item))):
                found.append(f"{item['kind']} {_name(item)}")
    return list(dict.fromkeys(found))


def _meta(item: dict[str, Any]) -> dict[str, Any]:
    return {"annotations": item["metadata"].get("annotations", {})}


def _name(item: dict[str, Any]) -> str:
    space = item["metadata"].get("namespace")
    return f"{space}/{item['metadata']['name']}" if space else str(item["metadata"]["name"])


def items(cluster: Cluster, kinds: str, *words: str) -> list[dict[str, Any]]:
    """Objects of the API; none where it does not answer."""
    ran = cluster.kubectl("get", kinds, *words, "-o", "json")
    return list(json.loads(ran.out)["items"]) if ran.exit == 0 else []
