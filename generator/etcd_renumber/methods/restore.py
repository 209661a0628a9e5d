"""restore: one snapshot becomes the data of every member. A new cluster, the API down all the while; only by name."""

from __future__ import annotations

from etcd_renumber.methods.exchange import EXCHANGE, EXCHANGE_OF_ETCD, EXCHANGE_OF_THE_API
from etcd_renumber.methods.method import Action, Method, Phase
from etcd_renumber.methods.once import CLUSTER
from etcd_renumber.methods.parts import parts
from etcd_renumber.methods.restore_words import AFTER_THE_ORDER, down, first_page, price

WHILE_CLOSED = "no host has been reopened: nothing was written to the restored cluster"

PHASES = (
    Phase(
        "preflight",
        "reads only: host, cluster, files, tools, disk, data, quorum, certificates, clocks, network paths",
        steps=(
            "the_reviewed_world",
            "commands_are_at_hand",
            "the_price_is_accepted",
            "the_folder_is_clean",
            "the_host_can_be_exchanged",
            "the_disk_has_space",
            "the_data_is_known",
            "the_certificates_are_known",
            "the_clocks_agree",
            "the_new_address_is_ours",
            "the_new_address_comes",
            "the_ways_are_known",
            "kubernetes_can_be_asked_later",
            "tools_are_at_hand",
            "objects_can_be_read",
            "what_names_old_addresses",
        ),
        does="reads only: host, cluster, quorum, data, disk, network paths",
        seen="`done, 0 commands`; no `FILTERED`; do what is below `YOURS`",
        back="not needed",
        no_undo="it changed nothing",
        stays=True,
    ),
    Phase(
        "prepare",
        "changes nothing that runs: backups, copies of etcd and its tools, certificates reissued with both addresses",
        steps=(
            "the_reviewed_world",
            "ready_to_prepare_here",
            "note_what_answers",
            "keep_manifests",
            "stage_tools",
            "etcd_itself_is_staged",
            "widen_certificates",
        ),
        does="backups; certificates reissued with both addresses",
        seen="`prepare on HOST: done`",
        back="`undo prepare`",
        undo=("the_reviewed_world", "ready_to_undo_prepare", "narrow_certificates", "put_backup_away"),
        undo_when="this member runs with its old manifest, or that one is in place",
        stays=True,
    ),
    Phase(
        "quiesce",
        "kube-apiserver, controller-manager and scheduler stopped, their manifests moved away; etcd stays up",
        steps=("the_reviewed_world", "ready_to_quiesce", "the_api_goes_aside", *EXCHANGE_OF_THE_API),
        does="stops the API's static pods; **the API is down from here on**",
        seen="`quiesce on HOST: done`",
        back="`undo quiesce`",
        undo=("the_reviewed_world", "ready_to_go_back", "what_was_before_quiesce", *EXCHANGE_OF_THE_API),
        undo_when=WHILE_CLOSED,
        stays=True,
    ),
    Phase(
        "stop",
        "a complete snapshot where the cluster answers; then etcd is stopped, and one line describes its data",
        steps=(
            "the_reviewed_world",
            "ready_to_stop",
            "save_what_is_complete",
            "etcd_goes_aside",
            "stop_kubelet",
            "end_etcd",
            "exchange_files",
            "start_kubelet",
            "note_the_data",
            "weigh_the_data",
        ),
        does="a snapshot if there is quorum; stops etcd; names a candidate",
        seen="last line: `candidate HOST ...`; **keep it**",
        back="`undo stop`",
        undo=("the_reviewed_world", "ready_to_go_back", "what_was_before_stop", *EXCHANGE_OF_ETCD),
        undo_when=WHILE_CLOSED,
        stays=True,
    ),
    Phase(
        "snapshot",
        "on the source only: the snapshot file, and a restore of it on trial",
        steps=(
            "the_reviewed_world",
            "ready_to_take_the_snapshot",
            "take_the_source",
            "without_a_sum",
            "prove_the_source",
        ),
        does="takes the snapshot, tries it; **copy FILE to every host**",
        seen="last line: `snapshot FILE sha256=HEX ...`",
        back="`undo snapshot`",
        on_source=True,
        options=" --candidates 'LINE;LINE;LINE'",
        undo=("the_reviewed_world", "ready_to_go_back", "put_the_snapshot_away"),
        undo_when=WHILE_CLOSED,
        stays=True,
    ),
    Phase(
        "restore",
        "the file unpacked beside the old data, the old data kept elsewhere, the restored data in its place",
        steps=(
            "the_reviewed_world",
            "ready_to_restore",
            "keep_the_snapshot",
            "unpack_the_snapshot",
            "set_the_data_aside",
            "put_the_new_data_in",
        ),
        does="keeps the old data elsewhere, puts the restored data in",
        seen="`restore on HOST: done`",
        back="`undo restore`",
        options=" --snapshot FILE --sha256 HEX",
        undo=("the_reviewed_world", "ready_to_go_back", "nobody_wrote_into_it", "put_the_old_data_back"),
        undo_when=WHILE_CLOSED,
        stays=True,
    ),
    Phase(
        "start",
        "kubelet stopped, etcd's manifest and this host's files exchanged; etcd starts on the restored data",
        steps=("the_reviewed_world", "ready_to_start", "restored_etcd_comes", *EXCHANGE),
        does="etcd starts on the restored data",
        seen="`start on HOST: done`",
        back="`undo start`",
        undo=("the_reviewed_world", "ready_to_go_back", "restored_etcd_goes", *EXCHANGE),
        undo_when=WHILE_CLOSED,
        stays=True,
    ),
    Phase(
        "finish",
        "reads only: every member healthy; revision, keys and hash equal; no other client connected; the summary for the ticket",
        steps=(
            "the_reviewed_world",
            "every_member_is_up",
            "the_data_is_the_snapshots",
            "note_the_end",
            "what_must_be_restarted",
            "for_the_ticket",
        ),
        does="compares revision, keys and hash of all; ticket summary",
        seen="`ok: gate`, `finish on HOST: done`; no `DIFFERENT` in `ids:`",
        back="as for `start`",
        no_undo="it changed nothing",
        stays=True,
    ),
    Phase(
        "reopen",
        "the API starts on the new addresses; checks Kubernetes; copies of the snapshot outside of this change's folder removed",
        steps=(
            "the_reviewed_world",
            "ready_to_reopen",
            "old_endpoints_go",
            "no_copy_lies_about",
            "everything_new",
            *EXCHANGE,
            "kubernetes_comes_back",
            "what_informers_need",
            "what_is_left",
        ),
        does="the API starts; **the first one is the point of no return**",
        seen="`ok: the API answers`, `reopen on HOST: done`",
        back="none: clients write again",
        no_undo="clients write to the restored cluster: a rollback would lose that",
        stays=True,
    ),
    CLUSTER,
)

ACTIONS = (
    Action(
        "replace",
        "change the address from {old} to {new}, unless that is done",
        "the host has its new address and no longer its old one",
        "`ip addr` shows the new one only",
        "change it back, before `undo stop`",
    ),
)

STEPS = (
    "world", "preflight", "restore/price", "on_this_host", "surroundings", "prepare", "tools", "widen_certificates",
    "restore/quiesce", "restore/stop", "restore/candidate", "restore/source", "restore/restore", "restore/start", "exchange",
    "kubernetes_gate", "kubernetes_comes_back", "restore/compare", "restore/reopen", "cluster", "ticket", "narrow",
    "restore/undo", "cluster_undo", "undo",
)  # fmt: skip
ORDER = (
    "preflight", "prepare", "quiesce", "stop", "snapshot", "restore", "replace", "start", "finish", "reopen", "cluster",
)  # fmt: skip
RESTORE = Method(
    name="restore",
    phases=PHASES,
    actions=ACTIONS,
    order=ORDER,
    parts=parts(
        STEPS, ("api", "kubernetes", "calls", "restore/options", "restore/data", "restore/scratch", "restore/lines")
    ),
    first_page=first_page,
    down=down,
    meaning=price,
    columns=("`preflight`", "`prepare`", "`quiesce` … `start`", "`finish` … `cluster`"),
    after_the_order=AFTER_THE_ORDER,
    gated=("finish",),
    workers_after="reopen",
    keys={"accept_loss": False, "bump_revision": 1_000_000_000},
    same_cluster=False,
    has_both=False,
)
