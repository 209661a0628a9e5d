"""What the API's stand-in answers, with a real apiserver's keys, order and traps: `managedFields` names addresses, too."""

from __future__ import annotations

import hashlib
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from etcd_renumber.manifests.pod import document_of
from etcd_renumber.rehearsal.testbed.host_spec import Flags
from etcd_renumber.rehearsal.testbed.pods import ticks_of

CORE, LEASES = "/api/v1", "/apis/coordination.k8s.io/v1/namespaces"
Fields = dict[str, Any]
LEADERS = {"kube-controller-manager": 2.0, "kube-scheduler": 2.0}  # seconds between two renewals, as the real ones'
NODE_LEASE = 2.0  # as with nodeLeaseDurationSeconds: 8; with the default of 40 a real kubelet renews it every 10 s


@dataclass
class Pod:
    """One static pod as kubelet wrote it down; `argv` is what its process really has."""

    pid: int
    ticks: str
    address: str
    manifest: dict[str, Any]
    argv: tuple[str, ...]

    @property
    def lives(self) -> bool:
        """Whether its process still runs."""
        return ticks_of(self.pid) == self.ticks != ""


@dataclass
class Known:
    """What this host's kubelet wrote down, and when each Lease was renewed (seconds since 1970, 0: never)."""

    node: str = ""
    address: str = ""
    kubelet: tuple[int, str] = (0, "")
    pods: dict[str, Pod] = field(default_factory=dict)
    renewed: dict[str, float] = field(default_factory=dict)
    holders: dict[str, tuple[int, str]] = field(default_factory=dict)
    guests: dict[str, float] = field(
        default_factory=dict
    )  # path of a Lease of another host's Node: when it was renewed

    def read(self, state: dict[str, Any]) -> None:
        """Take over a state of kubelet's."""
        node = state["node"]
        self.node, self.address = node["name"], node["address"]
        self.kubelet = (node["kubelet"]["pid"], node["kubelet"]["ticks"])
        self.pods = {
            name: Pod(p["pid"], p["ticks"], p["address"], dict(document_of(p["manifest"])), argv_of(p["pid"]))
            for name, p in state["pods"].items()
        }

    def renew(self) -> None:
        """Each Lease whose holder lives, when it is time; at once for a new holder."""
        owners = [(n, (self.pods[n].pid, self.pods[n].ticks), step) for n, step in LEADERS.items() if n in self.pods]
        for name, owner, step in [*owners, ("", self.kubelet, NODE_LEASE)]:
            due = self.holders.get(name) != owner or time.time() >= self.renewed.get(name, 0) + step
            if due and ticks_of(owner[0]) == owner[1] != "":
                self.renewed[name], self.holders[name] = time.time(), owner


def argv_of(pid: int) -> tuple[str, ...]:
    """The arguments of a process; none when it is gone."""
    try:
        return tuple(Path(f"/proc/{pid}/cmdline").read_text().split("\0")[:-1])
    except OSError:
        return ()


def metadata(name: str, namespace: str, fields: dict[str, Any], **more: Any) -> dict[str, Any]:
    """An object's metadata; `fields` are those that a manager of its status owns."""
    uid = hashlib.sha256(f"{namespace}/{name}".encode()).hexdigest()
    there = {"namespace": namespace} if namespace else {}
    managed = {"manager": "kubelet", "operation": "Update", "apiVersion": "v1", "fieldsType": "FieldsV1"}
    dashed = "-".join((uid[:8], uid[8:12], uid[12:16], uid[16:20], uid[20:32]))
    meta = {"name": name} | there | {"uid": dashed, "resourceVersion": str(1000 + int(time.time()) % 100000)}
    return meta | more | {"managedFields": [managed | {"fieldsV1": fields, "subresource": "status"}]}


def node(known: Known) -> dict[str, Any]:
    """This host's Node."""
    addresses = [{"type": "InternalIP", "address": known.address}] if known.address else []
    addresses.append({"type": "Hostname", "address": known.node})
    fields: Fields = {
        "f:status": {"f:addresses": {'k:{"type":"InternalIP"}': {".": {}, "f:address": {}, "f:type": {}}}}
    }
    ready = {"type": "Ready", "status": "True", "reason": "KubeletReady"}
    status = {"conditions": [ready], "addresses": addresses, "daemonEndpoints": {"kubeletEndpoint": {"Port": 10250}}}
    meta = metadata(known.node, "", fields, labels={"kubernetes.io/hostname": known.node})
    return {"kind": "Node", "apiVersion": "v1", "metadata": meta, "spec": {}, "status": status}


def ips(address: str) -> list[dict[str, str]]:
    """As hostIPs and podIPs have it."""
    return [{"ip": address}] if address else []


def pod(known: Known, name: str) -> dict[str, Any]:
    """The mirror pod of one manifest."""
    it = known.pods[name]
    its = it.manifest["metadata"]
    fields: Fields = {
        "f:status": {"f:hostIP": {}, "f:podIP": {}, "f:podIPs": {f'k:{{"ip":"{it.address}"}}': {"f:ip": {}}}}
    }
    annotations = {"kubernetes.io/config.source": "file"} | (its.get("annotations") or {})
    full, space = f"{name}-{known.node}", str(its.get("namespace", "default"))
    meta = metadata(full, space, fields, labels=its.get("labels") or {}, annotations=annotations)
    ready = {"type": "Ready", "status": "True" if it.lives else "False"}
    status = {"phase": "Running", "conditions": [ready], "hostIP": known.address, "hostIPs": ips(known.address)}
    status |= {"podIP": it.address, "podIPs": ips(it.address)}
    spec = it.manifest["spec"] | {"nodeName": known.node, "hostNetwork": bool(it.manifest["spec"].get("hostNetwork"))}
    return {"kind": "Pod", "apiVersion": "v1", "metadata": meta, "spec": spec, "status": status}


def pods(known: Known) -> dict[str, Any]:
    """This host's static pods."""
    items = [pod(known, name) for name in sorted(known.pods)]
    for item in items:
        del item["kind"], item["apiVersion"]
    return {"kind": "PodList", "apiVersion": "v1", "metadata": {"resourceVersion": "1000"}, "items": items}


def lease(known: Known, name: str) -> dict[str, Any]:
    """A Lease: of a leader by its name, of the Node by an empty one."""
    when = datetime.fromtimestamp(known.renewed[name], UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    fields: Fields = {"f:spec": {"f:holderIdentity": {}, "f:renewTime": {}}}
    meta = metadata(name or known.node, "kube-system" if name else "kube-node-lease", fields)
    holder = f"{known.node}_5d1e6b0a-1c0e-4a53-9a57-8b2d3c0f7e11" if name else known.node
    spec: dict[str, Any] = {"holderIdentity": holder, "leaseDurationSeconds": 15 if name else 40}
    spec |= {"acquireTime": when, "renewTime": when, "leaseTransitions": 1} if name else {"renewTime": when}
    return {"kind": "Lease", "apiVersion": "coordination.k8s.io/v1", "metadata": meta, "spec": spec}


def guest_lease(known: Known, path: str) -> dict[str, Any]:
    """The Lease of another host's Node."""
    when = datetime.fromtimestamp(known.guests[path], UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    name = path.rpartition("/")[2]
    meta = metadata(name, "kube-node-lease", {"f:spec": {"f:holderIdentity": {}, "f:renewTime": {}}})
    spec = {"holderIdentity": name, "leaseDurationSeconds": 40, "renewTime": when}
    return {"kind": "Lease", "apiVersion": "coordination.k8s.io/v1", "metadata": meta, "spec": spec}


def endpoint_slice(flags: Flags) -> dict[str, Any]:
    """The service kubernetes, as this host's apiserver adds itself."""
    own = flags.get("advertise-address")
    meta = metadata("kubernetes", "default", {"f:addressType": {}, "f:endpoints": {}, "f:ports": {}})
    ends = [{"addresses": [own], "conditions": {"ready": True}}]
    ports = [{"name": "https", "port": int(flags.get("secure-port", "6443")), "protocol": "TCP"}]
    family = "IPv6" if ":" in own else "IPv4"
    head = {"kind": "EndpointSlice", "apiVersion": "discovery.k8s.io/v1", "metadata": meta}
    return head | {"addressType": family, "endpoints": ends, "ports": ports}


def endpoints(flags: Flags) -> dict[str, Any]:
    """The same, as it was before slices."""
    meta = metadata("kubernetes", "default", {"f:subsets": {}})
    ports = [{"name": "https", "port": int(flags.get("secure-port", "6443")), "protocol": "TCP"}]
    subset = {"addresses": [{"ip": flags.get("advertise-address")}], "ports": ports}
    return {"kind": "Endpoints", "apiVersion": "v1", "metadata": meta, "subsets": [subset]}


def found(known: Known, flags: Flags, path: str) -> dict[str, Any] | None:
    """The object at a path; None where there is none."""
    if path == f"{CORE}/nodes/{known.node}":
        return node(known)
    if path == f"{CORE}/pods":
        return pods(known)
    if path == "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices/kubernetes":
        return endpoint_slice(flags)
    if path == f"{CORE}/namespaces/default/endpoints/kubernetes":
        return endpoints(flags)
    if path in known.guests:
        return guest_lease(known, path)
    space, _, name = path.removeprefix(f"{LEASES}/").partition("/leases/")
    if path.startswith(f"{LEASES}/") and name:
        key = "" if (space, name) == ("kube-node-lease", known.node) else name if space == "kube-system" else "none"
        return lease(known, key) if key in known.renewed else None
    for short, one in known.pods.items():
        space = one.manifest["metadata"].get("namespace", "default")
        if path == f"{CORE}/namespaces/{space}/pods/{short}-{known.node}":
            return pod(known, short)
    return None
