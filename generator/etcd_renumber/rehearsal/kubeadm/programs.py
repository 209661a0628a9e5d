"""The programs and images of a cluster: built where they are not there yet."""

from __future__ import annotations

import hashlib
import re
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from etcd_renumber.rehearsal.etcd_binaries import choose, download
from etcd_renumber.rehearsal.gobuild import build
from etcd_renumber.rehearsal.kubeadm.configs import REPOSITORY
from etcd_renumber.rehearsal.kubeadm.spec import Spec

ON_HOSTS = ("kubeadm", "kubectl", "kubelet")


@dataclass(frozen=True)
class Programs:
    """`tools` are for the hosts' PATH, `etcd` is a folder with an etcdctl, `images` are refs with the programs in each (name
    to file), `pause` is one of the refs."""

    tools: tuple[Path, ...]
    etcd: Path
    etcd_tag: str
    images: Mapping[str, Mapping[str, Path]]
    pause: str

    @property
    def key(self) -> str:
        """Twelve digits for all that is in the images. A built folder's name says what is in it."""
        said = [
            f"{ref} {name} {file} {file.stat().st_size}" for ref, p in self.images.items() for name, file in p.items()
        ]
        return hashlib.sha256("\n".join(said).encode()).hexdigest()[:12]


def programs_for(spec: Spec, tell: Callable[[str], None]) -> Programs:
    """Raises Refused where something cannot be had."""
    kubernetes = build.built(f"kubernetes-{spec.version}", tell)
    crictl, pause = build.built("cri-tools", tell), build.built("pause", tell) / "pause"
    etcd = download.etcd(spec.etcd_minor, choose.cache(), tell)
    said = subprocess.run([etcd / "etcd", "--version"], capture_output=True, text=True, check=True).stdout
    tag = re.findall(r"etcd Version: (\S+)", said)[0] + "-0"
    images: dict[str, dict[str, Path]] = {}
    for ref in _listed(kubernetes / "kubeadm", spec.version):
        name = component(ref)
        if name == "etcd":
            every = {tool: etcd / tool for tool in download.TOOLS}
            images[f"{REPOSITORY}/etcd:{tag}"] = {tool: file for tool, file in every.items() if file.exists()}
        else:  # kube-proxy and CoreDNS are not built: pods that only wait
            images[ref] = {name: kubernetes / name if (kubernetes / name).exists() else pause}
    tools = (*(kubernetes / name for name in ON_HOSTS), crictl / "crictl")
    return Programs(tools, etcd, tag, images, next(ref for ref in images if component(ref) == "pause"))


def component(ref: str) -> str:
    """ "etcd" of "registry.example/etcd:3.7.3-0"."""
    return ref.rpartition("/")[2].partition(":")[0]


def libraries(program: Path) -> dict[str, Path]:
    """The shared libraries of a dynamic program by path, its interpreter too; none of a static one."""
    ran = subprocess.run(["ldd", program], capture_output=True, text=True, check=False)
    return {name: Path(name).resolve() for name in re.findall(r"(/\S+) \(0x", ran.stdout) if ran.returncode == 0}


def _listed(kubeadm: Path, version: str) -> list[str]:
    """The images that this kubeadm wants."""
    words = ["config", "images", "list", f"--kubernetes-version=v{version}", f"--image-repository={REPOSITORY}"]
    return subprocess.run([kubeadm, *words], capture_output=True, text=True, check=True).stdout.split()
