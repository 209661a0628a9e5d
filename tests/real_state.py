"""What a control plane must be able to do after its change: questions to a real cluster, each with its limit."""

from __future__ import annotations

import re
import time
from collections.abc import Callable

from etcd_renumber.rehearsal.kubeadm.cluster import ADMIN, Cluster

from tests.real import Real

LEASES = ("kube-controller-manager", "kube-scheduler")
MANIFESTS = "/etc/kubernetes/manifests"
MASTERLEASES = "/registry/masterleases/"
CONFIGMAPS = (("kube-system", "kubeadm-config"), ("kube-public", "cluster-info"), ("kube-system", "kube-proxy"),
              ("kube-system", "kubelet-config"))  # fmt: skip
# A static pod as kube-vip's is: the image says its command, the manifest an argument and this host's address.
VIRTUAL_IP = """apiVersion: v1
kind: Pod
metadata: {{name: kube-vip, namespace: kube-system}}
spec:
  hostNetwork: true
  containers:
  - name: kube-vip
    image: {image}
    imagePullPolicy: IfNotPresent
    args: [manager]
    env:
    - {{name: bgp_routerid, value: {address}}}
"""
# What names a host's own address: kubeconfigs, manifests, kubelet's files. The folders of certificates are left out.
FILES = ("/etc/kubernetes/*.conf", "/etc/kubernetes/manifests", "/var/lib/kubelet/*.yaml", "/var/lib/kubelet/*.env",
         "/etc/default", "/etc/systemd/system", "/etc/sysconfig")  # fmt: skip


def wait_for(what: str, seconds: float, holds: Callable[[], bool], said: Callable[[], str] = str) -> None:
    """Until it holds; else fails and says what it heard last."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, f"not within {seconds:g} s: {what}\n{said()}"
        time.sleep(0.5)


def field(cluster: Cluster, path: str, *words: str) -> str:
    """kubectl's answer by jsonpath. Fails when there is none."""
    ran = cluster.kubectl("get", *words, "-o", f"jsonpath={path}")
    assert ran.exit == 0, ran.text
    return ran.out.strip()


def renewals(cluster: Cluster) -> dict[str, str]:
    """Lease to the time of its last renewal: of controller-manager, scheduler and every Node."""
    path = '{range .items[*]}{.metadata.name} {.spec.renewTime}{"\\n"}{end}'
    names = {*LEASES, *(n.name for n in cluster.spec.nodes)}
    rows = [field(cluster, path, "leases", "-n", where) for where in ("kube-system", "kube-node-lease")]
    pairs = (row.split() for row in "\n".join(rows).splitlines() if row.strip())
    return {name: at for name, at in pairs if name in names}


def leases_are_renewed(cluster: Cluster, seconds: float = 40, but: str = "") -> None:
    """`but` is the Node whose own API is away on purpose: its kubelet calls no other one."""
    before = renewals(cluster)
    assert len(before) == len(LEASES) + len(cluster.spec.nodes)
    wait_for(
        "every Lease renewed",
        seconds,
        lambda: all(at != before[n] for n, at in renewals(cluster).items() if n != but),
        lambda: str(sorted(n for n, at in renewals(cluster).items() if at == before[n])),
    )


def node_addresses(cluster: Cluster) -> dict[str, set[str]]:
    """Node to its InternalIP and the podIPs of the static pods on it."""
    internal = '{range .items[*]}{.metadata.name} {.status.addresses[?(@.type=="InternalIP")].address}{"\\n"}{end}'
    pod = '{range .items[*]}{.spec.nodeName} {.status.podIP}{"\\n"}{end}'
    rows = [*field(cluster, internal, "nodes").splitlines()]
    rows += field(cluster, pod, "pods", "-n", "kube-system", "-l", "tier=control-plane").splitlines()
    found: dict[str, set[str]] = {}
    for row in rows:
        name, *addresses = row.split()
        found.setdefault(name, set()).update(addresses or [""])
    return found


def ready_since(cluster: Cluster) -> dict[str, str]:
    """Node to the time at which it became Ready; "" while it is not."""
    path = '{range .items[*]}{.metadata.name} {.status.conditions[?(@.type=="Ready")].status} '
    path += '{.status.conditions[?(@.type=="Ready")].lastTransitionTime}{"\\n"}{end}'
    rows = (row.split() for row in field(cluster, path, "nodes").splitlines())
    return {name: at if status == "True" else "" for name, status, at in rows}


def nodes_have(cluster: Cluster, which: str, *names: str) -> None:
    """Every Node, or these, and its static pods have their `old` or `new` address and no other."""
    wanted = {n.name: {str(getattr(n, which))} for n in cluster.spec.nodes if not names or n.name in names}
    found = {name: a for name, a in node_addresses(cluster).items() if name in wanted}
    assert found == wanted


def files_with(cluster: Cluster, which: str, *names: str) -> list[str]:
    """HOST FILE, of every kubeconfig, manifest and file of kubelet, on all hosts or these, that names an `old` (or `new`) one
    of theirs: of the members'. Drafts, which nobody reads, do not count."""
    spec = cluster.spec
    members, hosts = (
        [n for n in some if not names or n.name in names] for some in (spec.members, (*spec.nodes, *spec.etcd_hosts))
    )
    words = " ".join(f"-e {getattr(n, which)}" for n in members)
    found = []
    for node in hosts:
        ran = cluster[node.name].run(
            ["bash", "-c", f"grep -rlFw --exclude='.*.etcd-renumber' {words} {' '.join(FILES)} 2>/dev/null"]
        )
        found += [f"{node.name} {file}" for file in ran.out.splitlines()]
    return found


def objects_with_old(cluster: Cluster) -> list[str]:
    """The ConfigMaps of kubeadm, and the masterleases, that name an old address."""
    ends = "|".join(re.escape(str(n.old)) for n in cluster.spec.members)
    old = re.compile(rf"(?<![0-9.])(?:{ends})(?![0-9]|\.[0-9])")
    texts = {name: field(cluster, "{.data}", "-n", where, "configmap", name) for where, name in CONFIGMAPS}
    asked = cluster[cluster.spec.members[0].name].etcdctl("get", MASTERLEASES, "--prefix", "--keys-only")
    assert asked.exit == 0, asked.text
    return [name for name, text in texts.items() if old.search(text)] + [
        key for key in asked.out.split() if old.search(key)
    ]


def a_virtual_ip_pod_runs(cluster: Cluster, name: str) -> None:
    """On this host, beside the static pods of kubeadm."""
    node = next(n for n in cluster.spec.nodes if n.name == name)
    image = next(ref for ref in cluster.programs.images if "/kube-proxy:" in ref)
    text = VIRTUAL_IP.format(image=image, address=node.old)
    cluster[name].write_text(f"{MANIFESTS}/kube-vip.yaml", text, 0o600)
    virtual_ip_pod_has(cluster, name, str(node.old))


def virtual_ip_pod_has(cluster: Cluster, name: str, address: str) -> None:
    """One process, with this address in its environment."""

    def said() -> list[str]:
        ran = cluster[name].run(["bash", "-c", "cat $(grep -l bgp_routerid= /proc/[0-9]*/environ) </dev/null"])
        return [word for word in ran.out.split("\0") if word.startswith("bgp_routerid=")]

    wait_for(f"kube-vip with {address}", 60, lambda: said() == [f"bgp_routerid={address}"], lambda: str(said()))


def no_draft_is_left(real: Real) -> None:
    for member in real.roster:
        ran = real[member.name].run(["bash", "-c", "find / -xdev -name '.*.etcd-renumber*' 2>/dev/null"])
        assert ran.out == ""


def a_deployment_gets_its_pods(cluster: Cluster, name: str = "web", replicas: int = 3) -> None:
    image = f"--image={cluster.programs.pause}"
    made = cluster.kubectl("create", "deployment", name, image, f"--replicas={replicas}")
    assert made.exit == 0, made.text
    pods_are_ready(cluster, replicas, name)


def pods_are_ready(cluster: Cluster, count: int, name: str = "web") -> None:
    """So many pods of the Deployment, within 90 s."""
    path = "{.status.readyReplicas}"
    wait_for(f"{count} pods of {name}", 90, lambda: field(cluster, path, "deployment", name) == str(count))


def a_node_can_be_drained(cluster: Cluster, name: str, deployment: str = "web") -> None:
    """Its pods go elsewhere, and it takes pods again afterwards."""
    words = ("--ignore-daemonsets", "--delete-emptydir-data", "--timeout=90s")
    ran = cluster.kubectl("drain", name, *words, timeout=120)
    assert ran.exit == 0, ran.text
    pods_are_ready(cluster, int(field(cluster, "{.spec.replicas}", "deployment", deployment)), deployment)
    where = field(cluster, "{.items[*].spec.nodeName}", "pods", "-l", f"app={deployment}")
    assert name not in where.split()
    assert cluster.kubectl("uncordon", name).exit == 0


def kubeadm_works(cluster: Cluster, name: str) -> None:
    """Certificates asked for and renewed, an upgrade planned. CoreDNS is not in these clusters: kubeadm is told."""
    for words in (
        ["certs", "check-expiration"],
        ["certs", "renew", "all"],
        ["upgrade", "plan", "--ignore-preflight-errors=all", f"v{cluster.spec.version}"],
    ):
        ran = cluster[name].run(["kubeadm", *words], {"KUBECONFIG": ADMIN}, timeout=180)
        assert ran.exit == 0, f"kubeadm {' '.join(words)}: exit {ran.exit}\n{ran.text}"


def the_change_is_whole(cluster: Cluster, real: Real) -> None:
    """On new addresses only, and whoever must renew a Lease does."""
    assert real.old_connections() == []
    leases_are_renewed(cluster)
    nodes_have(cluster, "new")
    assert files_with(cluster, "old") == []
    assert objects_with_old(cluster) == []
    no_draft_is_left(real)


def its_owner_works(cluster: Cluster, drained: str = "") -> None:
    """What the owner of a cluster does: a Deployment, a drain, certificates, an upgrade planned, a further host joined."""
    a_deployment_gets_its_pods(cluster)
    if drained:
        a_node_can_be_drained(cluster, drained)
    kubeadm_works(cluster, drained or cluster.spec.nodes[0].name)
    for further in cluster.spec.joining:
        cluster.join(further)
        cluster.wait_ready([n.name for n in (*cluster.spec.nodes, further)])
        if not cluster.spec.etcd_hosts:
            assert further.name in cluster[cluster.spec.nodes[0].name].etcdctl("member", "list").out


def old_addresses_are_off(cluster: Cluster, real: Real, seconds: float = 120) -> None:
    """For that long, with Leases renewed at its end as at its beginning."""
    assert not [m.name for m in real.roster if real.has(m.name, m.old)]
    time.sleep(seconds)
    leases_are_renewed(cluster)
