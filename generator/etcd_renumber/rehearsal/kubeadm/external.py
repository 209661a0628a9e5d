"""An etcd on hosts of its own, set up as kubeadm's documentation has it: a kubelet without an API, and one static pod of it."""

from __future__ import annotations

from etcd_renumber.rehearsal.kubeadm import configs, files
from etcd_renumber.rehearsal.kubeadm.configs import CONFIG
from etcd_renumber.rehearsal.kubeadm.machine import Machine
from etcd_renumber.rehearsal.kubeadm.spec import Spec
from etcd_renumber.rehearsal.testbed.host import ETCD_PKI

PKI = "/etc/kubernetes/pki"
CA = (f"{ETCD_PKI}/ca.crt", f"{ETCD_PKI}/ca.key")
CLIENT = (f"{ETCD_PKI}/ca.crt", f"{PKI}/apiserver-etcd-client.crt", f"{PKI}/apiserver-etcd-client.key")
CERTIFICATES = ("etcd-server", "etcd-peer", "etcd-healthcheck-client", "apiserver-etcd-client")


def found_etcd(spec: Spec, machines: list[Machine], etcd_tag: str) -> None:
    """Start the members of these hosts, the first of which makes the CA."""
    first, *others = machines
    for node, machine in zip(spec.etcd_hosts, machines, strict=True):
        machine.write_text(CONFIG, configs.member(spec, node, etcd_tag), 0o600)
        for path, text in files.kubelet_alone(spec).items():
            machine.write_text(path, text)
    first.must(["kubeadm", "init", "phase", "certs", "etcd-ca", f"--config={CONFIG}"])
    for machine in others:
        carry(first, machine, CA)
    for machine in machines:
        for name in CERTIFICATES:
            machine.must(["kubeadm", "init", "phase", "certs", name, f"--config={CONFIG}"])
        machine.must(["kubeadm", "init", "phase", "etcd", "local", f"--config={CONFIG}"])
        machine.must(["systemctl", "daemon-reload"])
        machine.start_kubelet()


def carry(source: Machine, to: Machine, paths: tuple[str, ...]) -> None:
    """Copy these files, with their mode."""
    for path in paths:
        to.write_text(path, source.read_text(path), source.path(path).stat().st_mode & 0o777)
