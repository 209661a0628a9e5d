"""The hosts with a kube-apiserver and no member: what they call etcd by is widened before the members move, and
narrowed after; at the end the first of them sees to what kubeadm wrote down of it."""

from __future__ import annotations

from dataclasses import replace

from etcd_renumber.methods.method import Phase, Script
from etcd_renumber.methods.once import CLUSTER

EXCHANGE = (
    "write_the_api_manifest",
    "stop_the_apis_kubelet",
    "end_the_apiserver",
    "exchange_the_api_manifest",
    "start_the_apis_kubelet",
    "the_apiserver_answers",
)
PHASES = (
    Phase(
        "preflight",
        "reads only: host, kubelet, kube-apiserver and its manifest, etcd as seen from here, what else holds an old address",
        steps=(
            "the_right_apiserver",
            "commands_of_an_apiserver",
            "the_apiserver_can_be_exchanged",
            "etcd_is_reached_from_here",
            "objects_can_be_read",
            "what_an_apiserver_has_elsewhere",
        ),
        does="reads only: host, kubelet, kube-apiserver, the paths to etcd",
        seen="`done, 0 commands`; no `FILTERED`",
        back="not needed",
        no_undo="it changed nothing",
    ),
    Phase(
        "widen",
        "kube-apiserver gets the new addresses of etcd beside the old ones; kubelet stopped, manifest exchanged, kubelet started",
        steps=("the_right_apiserver", "ready_to_widen", "keep_the_api_manifest", *EXCHANGE),
        does="adds the new addresses to --etcd-servers; restarts this kube-apiserver",
        seen="`ok: kube-apiserver answers`, `widen on HOST: done`",
        back="`undo widen`",
        undo=("the_right_apiserver", "ready_to_undo_widen", *EXCHANGE),
        undo_when="every member answers on its old address; first `undo cluster`, `undo switch`, and `undo move` on every member",
    ),
    Phase(
        "switch",
        "kube-apiserver keeps the new addresses of etcd alone; kubelet stopped, its manifest exchanged, kubelet started",
        steps=("the_right_apiserver", "ready_to_switch", *EXCHANGE, "what_an_apiserver_has_elsewhere"),
        does="removes the old addresses from --etcd-servers; restarts this kube-apiserver",
        seen="`ok: kube-apiserver answers`, `switch on HOST: done`",
        back="`undo switch`",
        undo=("the_right_apiserver", "ready_to_undo_switch", *EXCHANGE),
        undo_when="always: it adds the old addresses again",
    ),
    replace(
        CLUSTER,
        title="once per cluster: kubeadm's ConfigMaps name no old address of etcd",
        steps=(
            "the_right_apiserver",
            "ready_to_cluster_here",
            "kubeadms_objects_are_new",
            "kube_proxy_reads_it",
            "note_who_has_left",
        ),
        undo=(
            "the_right_apiserver",
            "ready_to_undo_cluster_here",
            "put_objects_back",
            "kube_proxy_reads_it",
            "nobody_is_noted",
        ),
        stays=False,
    ),
)
PARTS = (
    "lib/main", "apiservers/preflight", "apiservers/ready", "apiservers/exchange", "apiservers/cluster", "steps/cluster_objects",
    "steps/cluster_undo", "apiservers/etcd", "apiservers/elsewhere", "apiservers/status", "lib/no_options", "lib/run", "lib/lists",
    "lib/journal", "lib/host_files", "lib/kubelet", "apiservers/this_apiserver", "lib/objects", "lib/object_text", "lib/api",
)  # fmt: skip
APISERVERS = Script("apiservers", PHASES, tuple(f"runbook/{part}.sh" for part in PARTS))
