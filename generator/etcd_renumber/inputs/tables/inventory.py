"""An Ansible inventory, however it was written: which of its hosts are members, which variable is their address."""

from __future__ import annotations

from dataclasses import dataclass, field

from etcd_renumber.inputs.tables.cells import addresses, holds_address, is_address
from etcd_renumber.inputs.tables.choice import GROUP
from etcd_renumber.inputs.tables.columns import Grid
from etcd_renumber.inputs.tables.reading import Reading
from etcd_renumber.inputs.tables.titled import read_grid
from etcd_renumber.inputs.tables.titles import meaning

HOST = "inventory_hostname"  # Ansible's own word for what a host is called in the inventory
MEMBERS = ("etcd",)
MASTERS = ("kube_control_plane", "kube-control-plane", "kube_master", "kube-master", "control_plane", "control-plane",
           "controlplane", "masters", "master", "kube_masters", "k8s_masters", "server")  # fmt: skip


@dataclass(frozen=True)
class Inventory:
    """Hosts with their line and own variables; groups with their hosts, and with the groups in them."""

    hosts: dict[str, tuple[int, dict[str, str]]] = field(default_factory=dict)
    groups: dict[str, list[str]] = field(default_factory=dict)
    children: dict[str, list[str]] = field(default_factory=dict)

    def add(self, group: str, host: str, line: int, variables: dict[str, str]) -> None:
        """A host in a group; what is said about it elsewhere stays."""
        first, known = self.hosts.get(host, (line, {}))
        self.hosts[host] = (first if known or not variables else line, known | variables)
        members = self.groups.setdefault(group, [])
        if host not in members:
            members.append(host)

    def of(self, group: str, seen: tuple[str, ...] = ()) -> list[str]:
        """The hosts of a group and of all groups in it, each once."""
        if group in seen:
            return []
        below = [host for child in self.children.get(group, []) for host in self.of(child, (*seen, group))]
        return list(dict.fromkeys([*self.groups.get(group, []), *below]))


def take(inventory: Inventory, reading: Reading) -> None:
    """The members, by the variables that hold addresses; where they differ the user is asked."""
    members = _members(inventory, reading)
    if not members:
        return
    ranges = [host for host in members if "[" in host]
    for host in ranges:
        fact = f"{host} is a range of hosts, which is not expanded"
        reading.refuse(fact, inventory.hosts[host][0], "write a line for each host, or give `ansible-inventory --list`")
    if ranges:
        return
    said = {host: inventory.hosts[host][1] for host in members}
    names = list(dict.fromkeys(key for variables in said.values() for key in variables))
    chosen = set(reading.choice.titles.values())
    kept = [key for key in names if key in chosen or _is_told(key, [v[key] for v in said.values() if key in v])]
    rows = tuple((inventory.hosts[host][0], (host, *(said[host].get(key, "") for key in kept))) for host in members)
    if not any(holds_address(cell) for _, cells in rows for cell in cells):
        reading.refuse(
            f"no host of this inventory has an address of its own: {', '.join(members[:5])}",
            rows[0][0],
            "add ansible_host or ip to each host; variables of groups and of group_vars/ are not read",
        )
        return
    read_grid(Grid((HOST, *kept), rows, "variable"), reading)


def _is_told(key: str, values: list[str]) -> bool:
    """A variable that can matter: each value an address, or the name of the member or the node."""
    values = [value for value in values if value]
    if any(addresses(value) and is_address(value) for value in values):
        return all(is_address(value) for value in values)
    return meaning(key, False) == "name" and not any(map(addresses, values))


def _members(inventory: Inventory, reading: Reading) -> list[str]:
    """The hosts of the group that the user names, else of `etcd`, else of the control plane, else of the only group."""
    every, asked = list(inventory.hosts), reading.choice.group
    reading.used.add(GROUP)
    full = [g for g in dict.fromkeys((*inventory.groups, *inventory.children)) if inventory.of(g)]
    if asked is not None:
        found = every if asked == "all" else inventory.of(asked)
        if not found:
            reading.refuse(f"{GROUP} {asked}: no host is in a group of this name", hint=f"there are: {', '.join(full)}")
        return found
    etcd = next((found for g in MEMBERS if (found := inventory.of(g))), [])
    masters = next((found for g in MASTERS if (found := inventory.of(g))), [])
    found = etcd or masters
    if etcd and masters and set(etcd) != set(masters):
        fact = f"the group etcd has {', '.join(etcd)}, the control plane {', '.join(masters)}"
        reading.refuse(
            fact, hint="with stacked etcd they are the same hosts: name the group of the members with --group"
        )
        return []
    if not found and len({tuple(sorted(inventory.of(g))) for g in full if set(inventory.of(g)) != set(every)}) > 1:
        fact = f"none of the groups is etcd or a control plane: {', '.join(full)}"
        reading.refuse(fact, hint="name the group whose hosts are the members of etcd with --group")
        return []
    if not found and every:
        reading.note("every host of the inventory is taken: remove from mapping.yaml what is no member of etcd")
    elif left := [host for host in every if host not in found]:
        reading.note(f"left out: {', '.join(left)}, not in the group of the members; --group names another group")
    return found or every
