"""What is done once for the whole cluster: a phase that every method has, on the mapping's first member."""

from __future__ import annotations

from etcd_renumber.methods.method import Phase

# By the mapping's `objects`: what RUNBOOK.md says that it does.
OF_OBJECTS = {
    "list": "lists old addresses in kubeadm's ConfigMaps; replaces none",
    "kubeadm": "**replaces** old addresses in kubeadm's ConfigMaps; restarts kube-proxy where its own is replaced",
}
CLUSTER = Phase(
    "cluster",
    "once per cluster: kubeadm's ConfigMaps and etcd's masterleases name no old address of a member that has moved",
    steps=(
        "the_reviewed_world",
        "ready_to_cluster",
        "old_masterleases_go",
        "kubeadms_objects_are_new",
        "kube_proxy_reads_it",
        "note_who_has_left",
    ),
    does=OF_OBJECTS["list"],
    seen="`cluster on HOST: done`; see to each `YOURS`",
    back="`undo cluster`",
    undo=("the_reviewed_world", "ready_to_undo_cluster", "put_objects_back", "kube_proxy_reads_it", "nobody_is_noted"),
    undo_when="nobody else has changed these ConfigMaps since, and an API answers at each server that a former text names",
    stays=True,
    on_first=True,
)
