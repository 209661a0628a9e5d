"""Each place where a host keeps an address, planted below a folder of its own: found, and sorted by whose work it is."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.pki import TEMPLATES, Host, make_ca, make_leaf
from tests.test_leftovers import etc, sorted_in

FILES, TABLE = "runbook/lib/leftover_files.sh", "runbook/lib/leftover_table.sh"
OLD = "192.168.100.10"
HEADINGS = {
    "blocking": "YOURS, before an old address goes (at once, if it has gone):",
    "yours": "yours, when there is time:",
    "ours": "done by a later phase of this change:",
    "follows": "follows by itself:",
}
PLACES = [
    ("etc/kubernetes/manifests/etcd.yaml", "ours", "static pods"),
    ("etc/kubernetes/kubelet.conf", "ours", "kubeconfigs: the server"),
    ("etc/kubernetes/super-admin.conf", "ours", "kubeconfigs: the server"),
    ("var/lib/kubelet/kubeadm-flags.env", "ours", "--node-ip"),
    ("var/lib/kubelet/config.yaml", "ours", "--node-ip"),
    ("etc/default/kubelet", "ours", "--node-ip"),
    ("etc/systemd/system/kubelet.service.d/20-ip.conf", "ours", "--node-ip"),
    ("etc/kubernetes/bootstrap-kubelet.conf", "yours", "how a node joins"),
    ("etc/kubernetes/tmp/kubeadm-backup-etcd/etcd.yaml", "yours", "backups of kubeadm"),
    ("etc/kubernetes/kubeadm-config.yaml", "yours", "kubeadm's own input"),
    ("etc/kubernetes/patches/etcd.yaml", "yours", "kubeadm's own input"),
    ("etc/netplan/50-cloud-init.yaml", "yours", "the next boot"),
    ("etc/network/interfaces", "yours", "the next boot"),
    ("etc/network/interfaces.d/eth0", "yours", "the next boot"),
    ("etc/NetworkManager/system-connections/eth0.nmconnection", "yours", "the next boot"),
    ("etc/sysconfig/network-scripts/ifcfg-eth0", "yours", "the next boot"),
    ("etc/systemd/network/10-eth0.network", "yours", "the next boot"),
    ("etc/cloud/cloud.cfg.d/50-net.cfg", "yours", "the next boot"),
    ("etc/hosts", "blocking", "names"),
    ("etc/resolv.conf", "blocking", "DNS"),
    ("etc/nftables.conf", "blocking", "packet filters"),
    ("etc/sysconfig/iptables", "blocking", "packet filters"),
    ("etc/haproxy/haproxy.cfg", "blocking", "load balancers"),
    ("etc/nginx/conf.d/api.conf", "blocking", "load balancers"),
    ("etc/keepalived/keepalived.conf", "blocking", "load balancers"),
    ("etc/kube-lb/conf/kube-lb.conf", "blocking", "load balancers"),
    ("etc/kubekey/haproxy/haproxy.cfg", "blocking", "load balancers"),
    ("etc/environment", "blocking", "NO_PROXY"),
    ("etc/systemd/system/containerd.service.d/http-proxy.conf", "blocking", "NO_PROXY"),
    ("etc/systemd/system/kube-apiserver.service", "blocking", "--etcd-servers needs the new addresses"),
    ("etc/systemd/system/etcd.service.d/own.conf", "yours", "files about etcd"),
    ("etc/containerd/certs.d/registry/hosts.toml", "blocking", "registries"),
    ("etc/docker/daemon.json", "blocking", "registries"),
    ("etc/cni/net.d/calico-kubeconfig", "yours", "network plugin"),
    ("root/.kube/config", "yours", "kubeconfigs of people"),
    ("home/somebody/.kube/config", "yours", "kubeconfigs of people"),
    ("etc/cron.d/etcd-backup", "yours", "jobs"),
    ("var/spool/cron/root", "yours", "jobs"),
    ("etc/systemd/system/etcd-backup.service", "yours", "jobs"),
    ("etc/systemd/system/nightly.timer", "yours", "jobs"),
    ("usr/local/bin/save-etcd.sh", "yours", "jobs"),
    ("etc/profile.d/etcdctl.sh", "yours", "profiles"),
    ("root/.bashrc", "yours", "profiles"),
    ("etc/etcd.env", "yours", "files about etcd"),
    ("root/kubeadm.yaml", "yours", "kubeadm's own input"),
    ("root/inventory/hosts.ini", "yours", "installers"),
    ("etc/kubeasz/clusters/one/hosts", "yours", "installers"),
    ("etc/chrony.conf", "yours", "services of this host"),
    ("etc/prometheus/prometheus.yml", "yours", "monitoring"),
]


@dataclass
class Rooted(Host):
    """A host whose /etc, /root and the like lie below its folder."""

    def script(self, mode: str, what: str) -> str:
        text = super().script(mode, what)
        files, table = ((TEMPLATES / part).read_text() for part in (FILES, TABLE))
        places, end, rest = files.partition("\n)\n")
        below = re.sub(r"(?<= )/(?=[a-z{])", f"{self.root}/", places) + end + rest
        assert files in text and table in text
        return text.replace(files, below).replace(table, table.replace("'file /", f"'file {self.root}/"))


def everywhere(host: Host, moment: str = "before") -> list[tuple[str, str, str]]:
    return sorted_in(host, moment, '"${LEFTOVER_PLACES[@]}"')


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[str, str]]:
    """What is found with the address in every place at once: file to heading and what to do."""
    host = Rooted(tmp_path_factory.mktemp("everywhere"))
    for name, _, _ in PLACES:
        plant(host, name)
    return {place: (heading, todo) for place, heading, todo in everywhere(host)}


def plant(host: Host, name: str) -> None:
    etc(host, f"../{name}", f"secret one\nsecret {OLD}\n")


@pytest.mark.parametrize(("name", "sort", "todo"), PLACES, ids=[name for name, _, _ in PLACES])
def test_it_is_found_there_and_sorted(name: str, sort: str, todo: str, planted: dict[str, tuple[str, str]]) -> None:
    heading, said = planted[f"{name}:2: {OLD}"]
    assert heading == HEADINGS[sort] and todo in said


def test_nothing_is_found_twice_and_nothing_is_shown_of_a_line(planted: dict[str, tuple[str, str]]) -> None:
    assert len(planted) == len(PLACES)
    assert not any("secret" in place for place in planted)


def test_what_a_phase_should_have_changed_is_said_to_be_left_afterwards(tmp_path: Path) -> None:
    host = Rooted(tmp_path)
    plant(host, "etc/kubernetes/kubelet.conf")
    plant(host, "etc/haproxy/haproxy.cfg")
    headings = [heading for _, heading, _ in everywhere(host, "after")]
    assert [h.partition(":")[0] for h in headings] == ["YOURS, AND OVERDUE", "LEFT BY THIS CHANGE"]


def test_on_a_host_that_keeps_its_address_no_phase_changes_a_file(tmp_path: Path) -> None:
    host = Rooted(tmp_path, old=OLD, new=OLD)
    host.arrays |= {"OLDS": [OLD, "192.168.100.11"], "NEWS": [OLD, "192.168.110.11"]}
    etc(host, "kubernetes/kubelet.conf", "server: https://192.168.100.11:6443\n")
    assert [heading for _, heading, _ in everywhere(host)] == [HEADINGS["yours"]]


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_file_that_a_flag_of_the_api_names_is_found_wherever_it_is(end: str, tmp_path: Path) -> None:
    host = Rooted(tmp_path)
    plant(host, "srv/authz.yaml")
    plant(host, "srv/other.yaml")
    plant(host, "etc/kubernetes/audit-webhook.conf")
    flags = [f"authorization-webhook-config-file={tmp_path}/srv/authz.yaml", "audit-log-path=/var/log/x",
             f"audit-webhook-config-file={tmp_path}/etc/kubernetes/audit-webhook.conf"]  # fmt: skip
    etc(host, "kubernetes/manifests/kube-apiserver.yaml", "".join(f"    - --{flag}{end}" for flag in flags))
    assert [(place.partition(":")[0], heading) for place, heading, _ in everywhere(host)] == [
        ("etc/kubernetes/audit-webhook.conf", HEADINGS["blocking"]),
        ("srv/authz.yaml", HEADINGS["blocking"]),
    ]


def test_a_name_with_control_characters_is_printed_without_them(tmp_path: Path) -> None:
    host = Rooted(tmp_path)
    plant(host, "etc/kubernetes/\x1b[31mred\nexit 0:1: x")
    assert [place for place, _, _ in everywhere(host)] == [f"etc/kubernetes/?[31mred?exit 0:1: x:2: {OLD}"]


def test_keys_and_what_kubectl_remembers_are_not_read(tmp_path: Path) -> None:
    host = Rooted(tmp_path)
    for name in ("etc/ssl/etcd/ssl/node-key.pem", "etc/kubernetes/pki/x.key", "root/.kube/cache/discovery/a.json"):
        plant(host, name)
    make_leaf(tmp_path / "etc/ssl/etcd/ssl/node.pem", make_ca(tmp_path / "ca"))
    found = [(place, heading) for place, heading, _ in everywhere(host)]
    said = f"etc/ssl/etcd/ssl/node.pem: the certificate holds {OLD}, and a renewal keeps it"
    assert found == [(said, HEADINGS["yours"])]


def test_of_what_follows_by_itself_ten_are_shown(tmp_path: Path) -> None:
    add = 'for n in 1 2 3 4 5 6 7 8 9 10 11 12; do add_leftover key "/registry/leases/$n" "lease $n"; done'
    out = Host(tmp_path).answer(f"{add}; print_leftovers before")
    assert "lease 10\n" in out and "lease 11" not in out and "        and 2 more\n" in out


KEYS = {
    "/registry/networkpolicies/default/api": "blocking",
    "/registry/cilium.io/ciliumnetworkpolicies/default/api": "blocking",
    "/registry/cilium.io/ciliumclusterwidenetworkpolicies/api": "blocking",
    "/registry/crd.projectcalico.org/globalnetworkpolicies/default.api": "blocking",
    "/registry/crd.projectcalico.org/globalnetworksets/masters": "blocking",
    "/registry/crd.projectcalico.org/hostendpoints/master1": "blocking",
    "/registry/crd.projectcalico.org/bgppeers/router": "blocking",
    "/registry/crd.projectcalico.org/ipamblocks/10-244-0-0-26": "follows",
    "/registry/policy.networking.k8s.io/adminnetworkpolicies/api": "blocking",
    "/registry/validatingwebhookconfigurations/by-url": "blocking",
    "/registry/mutatingwebhookconfigurations/by-url": "blocking",
    "/registry/apiextensions.k8s.io/customresourcedefinitions/converted.example.org": "blocking",
    "/registry/metallb.io/bgppeers/metallb-system/router": "blocking",
    "/registry/daemonsets/kube-system/calico-node": "blocking",
    "/registry/daemonsets/kube-system/cilium": "blocking",
    "/registry/configmaps/kube-system/cilium-config": "blocking",
    "/registry/configmaps/rook-ceph/rook-ceph-mon-endpoints": "blocking",
    "/registry/persistentvolumes/nfs": "blocking",
    "/registry/configmaps/kube-system/kube-proxy": "blocking",
    "/registry/configmaps/kube-system/coredns": "blocking",
    "/registry/cluster.x-k8s.io/machines/default/master1": "blocking",
    "/registry/configmaps/kube-system/kubeadm-config": "yours",
    "/registry/configmaps/kube-public/cluster-info": "yours",
    "/registry/configmaps/kube-system/kubelet-config-1.23": "yours",
    "/registry/daemonsets/monitoring/node-exporter": "yours",
    "/registry/pods/default/told specification": "yours",
    "/registry/services/endpoints/monitoring/etcd": "yours",
    "/registry/services/specs/default/web": "yours",
    "/registry/secrets/argocd/cluster": "yours",
    "/registry/monitoring.coreos.com/scrapeconfigs/monitoring/etcd": "yours",
    "/vault/core": "yours",
    "/registry/masterleases/192.168.100.10": "follows",
    "/registry/peerserverleases/x": "follows",
    "/registry/minions/master1": "follows",
    "/registry/minions/master1 annotation projectcalico.org/IPv4Address": "follows",
    "/registry/minions/192.168.100.10 its name": "yours",
    "/registry/cilium.io/ciliumnodes/master1": "follows",
    "/registry/pods/kube-system/kube-apiserver-master1 specification": "follows",
    "/registry/pods/kube-system/calico-node-x2x4z podIP": "follows",
    "/registry/services/endpoints/default/kubernetes": "follows",
    "/registry/endpointslices/default/kubernetes": "follows",
    "/calico/resources/v3/projectcalico.org/nodes/master1": "follows",
    "/coreos.com/network/subnets/10.244.0.0-24": "follows",
}


def test_a_key_is_sorted_by_its_name(tmp_path: Path) -> None:
    words = " ".join(f"'{key}'" for key in KEYS)
    out = Host(tmp_path).answer(
        f'for key in {words}; do sort_leftover "key $key"; printf "%s=%s\\n" "$key" "$sort"; done'
    )
    assert dict(line.rsplit("=", 1) for line in out.splitlines()) == KEYS
