"""Change folders for the tests: kubeadm-shaped facts of any cluster, through the tool's own load, check, plan, render, write."""

from __future__ import annotations

from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path

import yaml
from etcd_renumber.change_folder.write import write
from etcd_renumber.checks.cluster import check
from etcd_renumber.inputs.mapping import load
from etcd_renumber.model import Change
from etcd_renumber.planning.plan import plan
from etcd_renumber.rendering.render import render

EXAMPLE = Path(__file__).parent.parent / "examples" / "three-masters" / "facts" / "master1" / "manifests"


@dataclass(frozen=True)
class Host:
    """One line of the mapping: name, old, new address as text; `new` equal to `old` means that it stays."""

    name: str
    old: str
    new: str

    @property
    def stays(self) -> bool:
        return self.old == self.new


def hosts(count: int, old: str = "192.168.100.{}", new: str = "192.168.110.{}", first: int = 10) -> list[Host]:
    """The article's names and addresses, as many as wanted."""
    return [Host(f"master{i + 1}", old.format(first + i), new.format(first + i)) for i in range(count)]


def bracketed(address: str) -> str:
    return f"[{address}]" if ip_address(address).version == 6 else address


def manifests(host: Host, every: list[Host], flags: tuple[str, ...] = (), version: str = "") -> dict[str, str]:
    """What kubeadm would have written for this host: the example's files with other names and addresses.

    `--initial-cluster` names everybody, so that the bed can found the cluster with these very files. `version` is the
    minor in the image's tag, what a runbook goes by while no etcd runs; without it the tag says nothing.
    """
    found = {}
    loopback = "127.0.0.1" if ip_address(host.old).version == 4 else "[::1]"
    cluster = ",".join(f"{h.name}=https://{bracketed(h.old)}:2380" for h in every)
    for path in sorted(EXAMPLE.glob("*.yaml")):
        text = path.read_text(encoding="utf-8")
        text = text.replace("--initial-cluster=master1=https://192.168.100.10:2380", "--initial-cluster=EVERYBODY")
        text = text.replace("--name=master1", f"--name={host.name}")
        text = text.replace("https://192.168.100.10", f"https://{bracketed(host.old)}")
        endpoint = f"{bracketed(host.old)}:6443"
        quoted = f"'{endpoint}'" if endpoint.startswith("[") else endpoint  # as kubeadm's YAML writer does
        text = text.replace("endpoint: 192.168.100.10:6443", f"endpoint: {quoted}")
        text = text.replace("192.168.100.10", host.old)
        text = text.replace("https://127.0.0.1:2379,", f"https://{loopback}:2379,")
        text = text.replace("EVERYBODY", cluster)
        text = text.replace("/etcd:3.4.13-0", f"/etcd:{version}.9-0" if version else "/etcd:mirrored")
        if path.name == "etcd.yaml" and flags:
            anchor = f"    - --name={host.name}\n"
            text = text.replace(anchor, anchor + "".join(f"    - {f}\n" for f in flags))
        found[path.name] = text
    return found


@dataclass
class Scenario:
    """A cluster on paper and its rendered change folder."""

    members: list[Host]
    folder: Path
    change: Change
    facts: dict[str, dict[str, str]] = field(default_factory=dict)

    @property
    def state(self) -> str:
        """STATE: this change's folder on every host."""
        mapping = self.change.cluster.mapping
        return f"/var/lib/etcd-renumber/{mapping.cluster}/{mapping.change}-{self.change.digest}"

    def host_folder(self, name: str) -> Path:
        return self.folder / "hosts" / name


def scenario(tmp: Path, members: list[Host], ca_pem: str = "", version: str = "", **mapping: object) -> Scenario:
    """Facts and mapping written, checked and rendered below `tmp`. `mapping` are further keys of mapping.yaml."""
    facts = {h.name: manifests(h, members, version=version) for h in members}
    return rendered(tmp, members, facts, ca_pem, **mapping)


def rendered(
    tmp: Path, members: list[Host], facts: dict[str, dict[str, str]], ca_pem: str = "", **mapping: object
) -> Scenario:
    """The same for facts that a test has changed."""
    for name, files in facts.items():
        folder = tmp / "facts" / name / "manifests"
        folder.mkdir(parents=True, exist_ok=True)
        for file, text in files.items():
            beside = file.endswith((".env", ".service"))  # of etcd's unit, where systemd runs it
            ((folder.parent if beside else folder) / file).write_text(text, encoding="utf-8")
        if ca_pem:
            (tmp / "facts" / name / "pki" / "etcd").mkdir(parents=True, exist_ok=True)
            (tmp / "facts" / name / "pki" / "etcd" / "ca.crt").write_text(ca_pem, encoding="utf-8")
    ssh: dict[str, object] = mapping.pop("ssh", {})  # type: ignore[assignment]
    lines = [{"name": h.name, "old": h.old, **({"stays": True} if h.stays else {"new": h.new})} for h in members]
    lines = [line | ({"ssh": ssh[str(line["name"])]} if line["name"] in ssh else {}) for line in lines]
    both: object = mapping.pop("old_stays", ())
    lines = [line | ({"old_stays": True} if line["name"] in both else {}) for line in lines]  # type: ignore[operator]
    data = {"cluster": "test", "change": "CHG-1", "facts": "facts", "members": lines, **mapping}
    path = tmp / "mapping.yaml"
    path.write_text(yaml.safe_dump(data, sort_keys=False), encoding="utf-8")
    cluster = load(path)
    errors = [p for p in check(cluster) if p.severity == "error"]
    assert not errors, errors
    change = plan(cluster)
    folder = tmp / "out" / "test"
    write(folder, render(change), change.digest)
    return Scenario(members, folder, change, facts)
