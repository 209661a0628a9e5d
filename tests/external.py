"""An etcd on hosts of its own: change folders for members with nothing but etcd, and apiservers on other hosts."""

from __future__ import annotations

from pathlib import Path

from tests.scenario import Host, Scenario, bracketed, hosts, manifests, rendered

ADDRESS = "192.168.100.{}"


def members(count: int = 3) -> list[Host]:
    """etcd1 on 192.168.100.10 and so on."""
    return [Host(h.name.replace("master", "etcd"), h.old, h.new) for h in hosts(count)]


def only_etcd(every: list[Host], version: str = "") -> dict[str, dict[str, str]]:
    """By member: its etcd.yaml, and no other static pod."""
    return {h.name: {"etcd.yaml": manifests(h, every, version=version)["etcd.yaml"]} for h in every}


def apiserver(name: str, address: str, every: list[Host]) -> str:
    """kube-apiserver.yaml as `kubeadm init` with etcd.external writes it."""
    text = manifests(Host(name, address, address), every)["kube-apiserver.yaml"]
    servers = ",".join(f"https://{bracketed(h.old)}:2379" for h in every)
    return text.replace("--etcd-servers=https://127.0.0.1:2379", f"--etcd-servers={servers}")


def apis(count: int = 2) -> list[tuple[str, str]]:
    """master1 on 192.168.100.30 and so on."""
    return [(f"master{n + 1}", ADDRESS.format(30 + n)) for n in range(count)]


def external(tmp: Path, ca_pem: str = "", count: int = 3, masters: int = 2, **mapping: object) -> Scenario:
    """Facts and mapping written, checked and rendered below `tmp`."""
    every = members(count)
    for name, address in apis(masters):
        folder = tmp / "facts" / name / "manifests"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "kube-apiserver.yaml").write_text(apiserver(name, address, every), encoding="utf-8")
    lines = [{"name": name, "address": address} for name, address in apis(masters)]
    return rendered(tmp, every, only_etcd(every), ca_pem, **({"apiservers": lines} | mapping))
