"""What a runbook has to know of this host's etcd, a static pod or a unit of systemd: values of its block."""

from __future__ import annotations

from pathlib import PurePosixPath

from etcd_renumber.addresses import url_of
from etcd_renumber.etcd_on_host import Etcd
from etcd_renumber.manifests.etcd import host_paths
from etcd_renumber.model import Change, Manifest, Member

Value = str | list[str]
CONTROL_PLANE = ("kube-apiserver", "kube-controller", "kube-scheduler")  # whoever writes to etcd, as /proc names them
# A pod that mounts one of them (kube-vip) reads it at its start only.
KUBECONFIGS = tuple(f"/etc/kubernetes/{n}.conf" for n in ("admin", "super-admin", "kubelet"))


def etcd(change: Change, member: Member, etcd: Etcd) -> dict[str, Value]:
    """Paths and addresses, and what runs it."""
    return {
        **_unit(change, member, etcd),
        "IMAGE": etcd.image,
        "DATA_DIR": etcd.data_dir,
        "WAL_DIR": etcd.wal_dir or str(PurePosixPath(etcd.data_dir) / "member" / "wal"),
        **({"WAL_MOUNTED": _wal_mounted(change, member, etcd)} if change.method.begins_down else {}),
        **({"QUOTA": etcd.flags.get("quota-backend-bytes", "")} if not change.method.same_cluster else {}),
        "CLIENT_CA": etcd.trusted_ca_file,
        "CLIENT_CERT": etcd.cert_file,
        "CLIENT_KEY": etcd.key_file,
        "PEER_CA": etcd.peer_trusted_ca_file,
        "PEER_CERT": etcd.peer_cert_file,
        "PEER_KEY": etcd.peer_key_file,
        "OLD_CLIENT": _own_client(change, etcd, new=False),
        "NEW_CLIENT": _own_client(change, etcd, new=True),
    }


def _wal_mounted(change: Change, member: Member, etcd: Etcd) -> str:
    """ "yes" where the pod mounts the WAL folder itself: etcd renames a new one into its place, which a mount point forbids."""
    mounts = {path.rstrip("/") for path in host_paths(change.manifests[member.name][0].old)} if not etcd.unit else set()
    return "yes" if etcd.flags.get("wal-dir", "").rstrip("/") in mounts else "no"


def _unit(change: Change, member: Member, etcd: Etcd) -> dict[str, Value]:
    """Where systemd runs etcd: its unit, the program, and where the host has the first of FILES. Empty for a static pod."""
    unit = etcd.unit
    values: dict[str, Value] = {"UNIT": unit.name if unit else ""}
    if any(f.etcd and f.etcd.unit for f in change.cluster.facts.values()):
        values["UNIT_PROGRAM"] = unit.program if unit else ""
        values["UNIT_PATHS"] = [m.path for m in known(change.manifests[member.name]) if m.path]
    return values


def known(every: tuple[Manifest, ...]) -> list[Manifest]:
    """Those that the runbook handles, etcd's own first."""
    return [m for m in every if m.changes or m is every[0] or _ends(m)]


def _ends(m: Manifest) -> bool:
    """Whether the pod has to start anew although its manifest stays: it reads a kubeconfig of its host."""
    return m.new_process.name in CONTROL_PLANE or any(path in m.new for path in KUBECONFIGS)


def _own_client(change: Change, etcd: Etcd, *, new: bool) -> str:
    """Where the host itself reaches its etcd: loopback where that is listened on (or everything is), else its address."""
    member = next(m for m in change.cluster.mapping.members if m.name == etcd.name)
    every = [url_of(u) for u in etcd.flags["listen-client-urls"].split(",")]
    asked = [u for u in every if u.scheme == "https" and u.port == etcd.client_port]
    for address in (u.address for u in asked if u.address):
        if address.is_loopback:
            return str(address)
        if address.is_unspecified:
            return "127.0.0.1" if address.version == 4 else "::1"
    if not any(u.address for u in asked):
        return "127.0.0.1"  # localhost, and nothing else
    return str(member.new if new else member.old)


def key_of_ca(path: str) -> str:
    """Beside it, as kubeadm names it; for a ca.pem as cfssl, Kubespray, KubeKey and kubeasz do."""
    ca = PurePosixPath(path)
    return str(ca.with_name(f"{ca.stem}-key.pem") if ca.suffix == ".pem" else ca.with_suffix(".key"))
