"""The programs and images of a cluster: built where they are not there yet."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from generator.rehearsal import fetch, gobuild, versions
from generator.rehearsal.kubeadm.archives import archive, component
from generator.rehearsal.kubeadm.configs import REPOSITORY
from generator.rehearsal.kubeadm.spec import Spec

ON_HOSTS = ("kubeadm", "kubectl", "kubelet")


@dataclass(frozen=True)
class Programs:
    """`tools` are for the hosts' PATH, `etcd` is a folder with an etcdctl, `images` a docker archive, `pause` an image."""

    tools: tuple[Path, ...]
    etcd: Path
    etcd_tag: str
    images: Path
    pause: str


def programs_for(spec: Spec, tell: Callable[[str], None]) -> Programs:
    """Raises Refused where something cannot be had."""
    kubernetes = gobuild.built(f"kubernetes-{spec.version}", tell)
    crictl, pause = gobuild.built("cri-tools", tell), gobuild.built("pause", tell)
    try:
        etcd = gobuild.built(f"etcd-{spec.etcd_minor}", tell) if spec.etcd_minor >= "3.6" else None
    except KeyError:
        etcd = None
    etcd = etcd or fetch.etcd(spec.etcd_minor, versions.cache())
    said = subprocess.run([etcd / "etcd", "--version"], capture_output=True, text=True, check=True).stdout
    tag = re.findall(r"etcd Version: (\S+)", said)[0] + "-0"
    listed = _listed(kubernetes / "kubeadm", spec.version)
    images: dict[str, Path] = {}
    for image in listed:
        name = component(image)
        image = f"{REPOSITORY}/etcd:{tag}" if name == "etcd" else image
        own = {"etcd": etcd / "etcd"}.get(name, kubernetes / name)
        images[image] = own if own.exists() else pause / "pause"  # kube-proxy, CoreDNS: pods that only wait
    key = f"{kubernetes.name}-{tag}-{pause.name}"
    whole = gobuild.cache() / f"images-{key}.tar"
    if not whole.exists():
        tell("images")
        archive(images, whole)
    tools = (*(kubernetes / name for name in ON_HOSTS), crictl / "crictl")
    return Programs(tools, etcd, tag, whole, next(i for i in images if component(i) == "pause"))


def _listed(kubeadm: Path, version: str) -> list[str]:
    """The images that this kubeadm wants."""
    words = ["config", "images", "list", f"--kubernetes-version=v{version}", f"--image-repository={REPOSITORY}"]
    return subprocess.run([kubeadm, *words], capture_output=True, text=True, check=True).stdout.split()
