"""The workers: their kubelets call one member by its address where the cluster has no endpoint. The same in every method."""

from __future__ import annotations

from etcd_renumber.methods.method import Phase, Script

PHASES = (
    Phase(
        "preflight",
        "reads only: worker, kubelet, kubelet.conf, the API as seen from here, other places that hold an old address",
        steps=(
            "the_right_worker",
            "commands_of_a_worker",
            "the_worker_can_follow",
            "the_server_is_known",
            "what_a_worker_has_elsewhere",
        ),
        does="reads only: worker, kubelet, its kubeconfig",
        seen="`done, 0 commands`",
        back="not needed",
        no_undo="it changed nothing",
    ),
    Phase(
        "move",
        "kubelet stopped, its kubeconfig changed to the new address of its member, kubelet started; checks",
        steps=(
            "the_right_worker",
            "ready_to_follow",
            "write_the_new_kubeconfig",
            "stop_the_kubelet",
            "exchange_the_kubeconfig",
            "start_the_kubelet",
            "the_kubelet_calls_new",
            "what_a_worker_has_elsewhere",
        ),
        does="points kubelet at the new address of its member; pods keep running",
        seen="`ok: kubelet`, `move on HOST: done`",
        back="`undo move`",
        undo=(
            "the_right_worker",
            "ready_to_go_back_to_old",
            "write_the_old_kubeconfig",
            "stop_the_kubelet",
            "exchange_the_kubeconfig",
            "start_the_kubelet",
            "the_kubelet_calls_old",
        ),
        undo_when="the old address is on that member, and its kube-apiserver answers there",
    ),
)
PARTS = (
    "lib/main", "workers/preflight", "workers/move", "workers/calls", "workers/elsewhere", "workers/status",
    "lib/no_options", "lib/run", "lib/lists", "lib/journal", "lib/host_files", "lib/kubelet", "workers/this_worker", "lib/api",
)  # fmt: skip
WORKERS = Script("workers", PHASES, tuple(f"runbook/{part}.sh" for part in PARTS))
