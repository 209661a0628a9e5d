"""The files of a fresh host: certificates and kubeconfigs, the data folder, the stand-ins for commands, what else its spec has."""

from __future__ import annotations

import os
from pathlib import Path

from etcd_renumber.manifests.unit import ONLY_ENV, UNITS
from etcd_renumber.rehearsal.testbed import kubeadm_files, pki
from etcd_renumber.rehearsal.testbed.host import SYSTEMCTL, Host
from etcd_renumber.rehearsal.testbed.systemctl import NO_KUBELET

PROGRAMS = "/usr/local/bin"  # where a host of a bed has etcd
UNIT = f"[Service]\nType=notify\nEnvironmentFile={ONLY_ENV}\nExecStart={PROGRAMS}/etcd\nRestart=always\n"
JOURNALCTL = "/usr/local/sbin/journalctl"
KUBECTL = "/usr/local/sbin/kubectl"


def furnish(host: Host, kind: pki.Kind, of: str) -> None:
    """Write them all. Its manifests are not among them: see Host.install."""
    unit = host.spec.unit
    for link, target in host.spec.links.items():
        _link(host, link, target)
    # A folder of the machine itself, as /usr/bin, is there already and stays as it is.
    if unit and unit.program and not host.path(os.path.dirname(unit.program)).exists():
        _link(host, os.path.dirname(unit.program), PROGRAMS)
    if unit:
        for file, path in unit.paths.items():
            host.write_text(path, host.spec.unit_files[file])
        if not unit.program:  # the facts have its environment file alone
            host.write_text(f"{UNITS}/{unit.name}", UNIT)
    if unit and not host.spec.manifests:
        host.write_text(str(NO_KUBELET), "")
    pairs = {} if host.spec.calls else pki.files(host.spec, kind, of)
    given = pairs | kubeadm_files.files(host.spec, kind, of) | dict(host.spec.files)
    for path, text in given.items():
        secret = "PRIVATE KEY-----" in text or "client-key" in text
        host.write_text(path, text, 0o600 if secret else 0o644)
    for path in (SYSTEMCTL, JOURNALCTL, KUBECTL):
        script = Path(__file__).with_name(f"{Path(path).name}.sh")
        host.write_text(path, script.read_text(encoding="utf-8"), 0o755)
    flags = host.spec.etcd
    for folder in ("/etc/kubernetes/manifests", *([flags.data_dir] if flags else [])):
        host.path(folder).mkdir(parents=True, exist_ok=True)
        host.path(folder).chmod(0o700)


def _link(host: Host, link: str, target: str) -> None:
    """Relative, so that it leads to the same place as seen from outside."""
    host.path(target).mkdir(parents=True, exist_ok=True)
    host.path(link).parent.mkdir(parents=True, exist_ok=True)
    host.path(link).symlink_to(os.path.relpath(target, os.path.dirname(link)))
