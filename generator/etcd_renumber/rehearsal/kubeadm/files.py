"""The files of a host before kubeadm comes: units and kubelet's drop-in as Debian packages bring them, containerd, CNI."""

from __future__ import annotations

import json
from collections.abc import Mapping

from etcd_renumber.rehearsal.kubeadm import configs
from etcd_renumber.rehearsal.kubeadm.places import CNI
from etcd_renumber.rehearsal.kubeadm.spec import Spec
from etcd_renumber.rehearsal.testbed.host_spec import bare, url_host

KUBELET = """[Unit]
Description=kubelet: The Kubernetes Node Agent
Documentation=https://kubernetes.io/docs/
Wants=network-online.target
After=network-online.target

[Service]
ExecStart=/usr/local/bin/kubelet
Restart=always
StartLimitInterval=0
RestartSec=10

[Install]
WantedBy=multi-user.target
"""
DROP_IN = """# Note: This dropin only works with kubeadm and kubelet v1.11+
[Service]
Environment="KUBELET_KUBECONFIG_ARGS=--bootstrap-kubeconfig=/etc/kubernetes/bootstrap-kubelet.conf --kubeconfig=/etc/kubernetes/kubelet.conf"
Environment="KUBELET_CONFIG_ARGS=--config=/var/lib/kubelet/config.yaml"
# This is a file that "kubeadm init" and "kubeadm join" generates at runtime, populating the KUBELET_KUBEADM_ARGS variable dynamically
EnvironmentFile=-/var/lib/kubelet/kubeadm-flags.env
# This is a file that the user can use for overrides of the kubelet args as a last resort. Preferably, the user should use
# the .NodeRegistration.KubeletExtraArgs object in the configuration files instead. KUBELET_EXTRA_ARGS should be sourced from this file.
EnvironmentFile=-/etc/default/kubelet
ExecStart=
ExecStart=/usr/local/bin/kubelet $KUBELET_KUBECONFIG_ARGS $KUBELET_CONFIG_ARGS $KUBELET_KUBEADM_ARGS $KUBELET_EXTRA_ARGS
"""  # noqa: E501 -- these are the lines of the file as it is
ALONE = "/etc/systemd/system/kubelet.service.d"
DROP_IN_ALONE = """[Service]
ExecStart=
ExecStart=/usr/local/bin/kubelet --config={folder}/kubelet.conf{more}
Restart=always
"""
BEFORE_1_27 = " --container-runtime=remote --container-runtime-endpoint=unix:///run/containerd/containerd.sock"
CONTAINERD_UNIT = """[Unit]
Description=containerd container runtime

[Service]
ExecStart=/usr/bin/containerd
KillMode=process
Restart=always
RestartSec=5
"""
CONTAINERD = """version = 2
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "{pause}"
  restrict_oom_score_adj = true
  disable_apparmor = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "{cni}"
    conf_dir = "/etc/cni/net.d"
  [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
    runtime_type = "io.containerd.runc.v2"
"""
HAPROXY = """global
  maxconn 4000
defaults
  mode tcp
  timeout connect 2s
  timeout client 1h
  timeout server 1h
  default-server inter 500ms fall 2 rise 1
frontend api
{binds}
  default_backend apiservers
backend apiservers
  balance roundrobin
  option redispatch
{servers}
"""


def host_files(spec: Spec, name: str, pause: str) -> dict[str, str]:
    """Path to text. `pause` is the image of a pod's sandbox."""
    number = 1 + [n.name for n in spec.machines].index(name)
    units = (
        "/usr/lib/systemd/system" if spec.minor >= (1, 29) else "/etc/systemd/system"
    )  # where the packages have them
    return {
        f"{units}/kubelet.service": KUBELET,
        f"{units}/kubelet.service.d/10-kubeadm.conf": DROP_IN,
        "/etc/systemd/system/containerd.service": CONTAINERD_UNIT,
        "/etc/containerd/config.toml": CONTAINERD.format(pause=pause, cni=CNI),
        "/etc/crictl.yaml": "runtime-endpoint: unix:///run/containerd/containerd.sock\n",
        "/etc/cni/net.d/10-bridge.conflist": json.dumps(_bridge(number), indent=2) + "\n",
        "/etc/default/kubelet": "KUBELET_EXTRA_ARGS=\n",
        "/etc/hosts": hosts(spec.known_as()),
        "/etc/machine-id": f"{number:032x}\n",
        "/etc/resolv.conf": "",
    }


def kubelet_alone(spec: Spec) -> dict[str, str]:
    """Path to text of what makes kubelet a service manager for static pods, in the folder of kubeadm's documentation."""
    more = "" if spec.minor >= (1, 27) else BEFORE_1_27
    return {
        f"{ALONE}/20-etcd-service-manager.conf": DROP_IN_ALONE.format(folder=ALONE, more=more),
        f"{ALONE}/kubelet.conf": configs.kubelet_alone(spec),
    }


def hosts(names: Mapping[str, str]) -> str:
    """/etc/hosts of everybody."""
    return "".join(f"{address} {name}\n" for name, address in {"localhost": "127.0.0.1", **names}.items())


def _bridge(number: int) -> dict[str, object]:
    """A subnet of its own for the pods of host `number`, as a real network has it; pods of two hosts do not meet here."""
    ipam = {"type": "host-local", "ranges": [[{"subnet": f"10.244.{number}.0/24"}]], "routes": [{"dst": "0.0.0.0/0"}]}
    plugin = {"type": "bridge", "bridge": "cni0", "isGateway": True, "ipMasq": False, "ipam": ipam}
    return {"cniVersion": "0.4.0", "name": "bridge", "plugins": [plugin]}


def haproxy(spec: Spec, which: str = "both") -> str:
    """Both addresses of every host are backends, or the `old` ones alone; a bare connect is its check."""
    binds = [f"  bind {url_host(bare(interface))}:{spec.port}" for interface in spec.balancer]
    servers = [
        f"  server {node.name}-{end} {url_host(str(address))}:6443 check"
        for node in spec.everybody
        for end, address in (("old", node.old), ("new", node.new))
        if which in ("both", end)
    ]
    return HAPROXY.format(binds="\n".join(binds), servers="\n".join(servers))
