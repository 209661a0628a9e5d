"""Kubeconfigs and kubelet's files as kubeadm 1.33 and later leaves them: controller-manager, scheduler and kubelet ask
this host's own API, admin.conf and super-admin.conf the control plane endpoint where there is one."""

from __future__ import annotations

from base64 import b64encode

from etcd_renumber.rehearsal.testbed.host_spec import HostSpec, url_host
from etcd_renumber.rehearsal.testbed.pki import CLIENT, Kind, Pair, authority, leaf

ETC, CURRENT = "/etc/kubernetes", "/var/lib/kubelet/pki/kubelet-client-current.pem"
MANAGER, SCHEDULER = "system:kube-controller-manager", "system:kube-scheduler"
# file: (name of the user in it, subject of its certificate)
USERS = {
    "admin": ("kubernetes-admin", "/O=kubeadm:cluster-admins/CN=kubernetes-admin"),
    "super-admin": ("kubernetes-super-admin", "/O=system:masters/CN=kubernetes-super-admin"),
    "controller-manager": (MANAGER, f"/CN={MANAGER}"),
    "scheduler": (SCHEDULER, f"/CN={SCHEDULER}"),
}
KUBELET_CONFIG = """apiVersion: kubelet.config.k8s.io/v1beta1
authentication:
  anonymous:
    enabled: false
  webhook:
    cacheTTL: 0s
    enabled: true
  x509:
    clientCAFile: /etc/kubernetes/pki/ca.crt
authorization:
  mode: Webhook
cgroupDriver: systemd
clusterDNS:
- 10.96.0.10
clusterDomain: cluster.local
healthzBindAddress: 127.0.0.1
healthzPort: 10248
kind: KubeletConfiguration
rotateCertificates: true
staticPodPath: /etc/kubernetes/manifests
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
ExecStart=/usr/bin/kubelet $KUBELET_KUBECONFIG_ARGS $KUBELET_CONFIG_ARGS $KUBELET_KUBEADM_ARGS $KUBELET_EXTRA_ARGS
"""  # noqa: E501

# As the page "Set up a High Availability etcd Cluster with kubeadm" has it, but for the place of the configuration.
STANDALONE = """[Service]
Environment="KUBELET_CONFIG_ARGS=--config=/var/lib/kubelet/config.yaml"
ExecStart=
ExecStart=/usr/bin/kubelet $KUBELET_CONFIG_ARGS
Restart=always
"""


def files(spec: HostSpec, kind: Kind = "EC", of: str = "bed") -> dict[str, str]:
    """Path to text; nothing for a host without manifests."""
    ca = authority("kubernetes", kind, of)
    if spec.calls:
        return {f"{ETC}/pki/ca.crt": ca.crt} | _kubelet(spec, ca, spec.calls, kind)
    if not spec.manifests:
        return {}
    if spec.standalone:
        drop_in = "/etc/systemd/system/kubelet.service.d/20-etcd-service-manager.conf"
        return {"/var/lib/kubelet/config.yaml": KUBELET_CONFIG, drop_in: STANDALONE}
    port = spec.apiserver.get("secure-port", "6443") if spec.apiserver else "6443"
    own = f"{url_host(spec.address)}:{port}"
    found = _kubelet(spec, ca, spec.kubelet_calls or own, kind)
    for name, (user, subject) in USERS.items():
        pair, server = leaf(ca, subject, CLIENT, (), kind), spec.endpoint if "admin" in name else ""
        data = f"client-certificate-data: {_base64(pair.crt)}", f"client-key-data: {_base64(pair.key)}"
        found[f"{ETC}/{name}.conf"] = kubeconfig(ca, server or own, user, *data)
    health = authority("localhost", kind, of)
    return found | {"/run/units/health.crt": health.crt, "/run/units/health.key": health.key}


def _kubelet(spec: HostSpec, ca: Pair, server: str, kind: Kind) -> dict[str, str]:
    """Its own files, on whatever host."""
    return {
        CURRENT: _both(leaf(ca, f"/O=system:nodes/CN=system:node:{spec.name}", CLIENT, (), kind)),
        f"{ETC}/kubelet.conf": kubeconfig(
            ca, server, f"system:node:{spec.name}", f"client-certificate: {CURRENT}", f"client-key: {CURRENT}"
        ),
        "/var/lib/kubelet/kubeadm-flags.env": f'KUBELET_KUBEADM_ARGS="--node-ip={spec.address}"\n',
        "/var/lib/kubelet/config.yaml": KUBELET_CONFIG,
        "/etc/systemd/system/kubelet.service.d/10-kubeadm.conf": DROP_IN,
    }


def kubeconfig(ca: Pair, server: str, user: str, *credentials: str) -> str:
    """As kubeadm's YAML writer puts it."""
    return f"""apiVersion: v1
clusters:
- cluster:
    certificate-authority-data: {_base64(ca.crt)}
    server: https://{server}
  name: kubernetes
contexts:
- context:
    cluster: kubernetes
    user: {user}
  name: {user}@kubernetes
current-context: {user}@kubernetes
kind: Config
users:
- name: {user}
  user:
""" + "".join(f"    {line}\n" for line in credentials)


def _base64(text: str) -> str:
    return b64encode(text.encode()).decode()


def _both(pair: Pair) -> str:
    return pair.crt + pair.key
