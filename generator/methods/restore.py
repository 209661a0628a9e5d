"""restore: one snapshot becomes the data of every member. A new cluster, the API down all the while; only by name."""

from __future__ import annotations

from generator.model import Phase

WHILE_CLOSED = "nobody has reopened: nothing was written to the restored cluster"

RESTORE: tuple[Phase, ...] = (
    Phase(
        "preflight",
        "reads only: host, cluster, bytes, tools, disk, data, quorum and its price, certificates, clocks, ways",
        steps=(
            "the_reviewed_world",
            "tools_are_at_hand",
            "the_folder_is_clean",
            "the_disk_has_space",
            "the_price_is_accepted",
            "the_data_is_known",
            "the_certificates_are_known",
            "the_clocks_agree",
            "the_new_address_is_ours",
            "the_new_address_comes",
            "the_ways_are_known",
        ),
        no_undo="it changed nothing",
        stays=True,
    ),
    Phase(
        "prepare",
        "changes nothing that runs: copies of manifests and tools (etcd itself, too), certificates widened to old and new",
        steps=(
            "the_reviewed_world",
            "ready_to_prepare_here",
            "note_what_answers",
            "keep_manifests",
            "stage_tools",
            "etcd_itself_is_staged",
            "widen_certificates",
        ),
        undo=("the_reviewed_world", "ready_to_undo_prepare", "narrow_certificates", "put_backup_away"),
        undo_when="this member runs with its old manifest, or that one is in place",
        stays=True,
    ),
    Phase(
        "quiesce",
        "kube-apiserver, controller-manager and scheduler go aside; etcd stays up",
        steps=("the_reviewed_world", "ready_to_quiesce", "set_the_api_aside"),
        undo=("the_reviewed_world", "ready_to_go_back", "put_the_old_api_back"),
        undo_when=WHILE_CLOSED,
        stays=True,
    ),
    Phase(
        "stop",
        "where the cluster answers, a complete snapshot; then etcd ends, and what its data is worth is said in one line",
        steps=(
            "the_reviewed_world",
            "ready_to_stop",
            "save_what_is_complete",
            "end_etcd",
            "note_the_data",
            "weigh_the_data",
        ),
        undo=("the_reviewed_world", "ready_to_go_back", "start_what_was"),
        undo_when=WHILE_CLOSED,
        stays=True,
    ),
    Phase(
        "snapshot",
        "on the source only: the one file, and the proof that it can be restored",
        steps=(
            "the_reviewed_world",
            "ready_to_take_the_snapshot",
            "take_the_source",
            "without_a_sum",
            "prove_the_source",
        ),
        undo=("the_reviewed_world", "ready_to_go_back", "put_the_snapshot_away"),
        undo_when=WHILE_CLOSED,
        stays=True,
    ),
    Phase(
        "restore",
        "the file unpacked beside the old data, the old data set aside, the new one in its place",
        steps=(
            "the_reviewed_world",
            "ready_to_restore",
            "keep_the_snapshot",
            "unpack_the_snapshot",
            "set_the_data_aside",
            "put_the_new_data_in",
        ),
        undo=("the_reviewed_world", "ready_to_go_back", "nobody_wrote_into_it", "put_the_old_data_back"),
        undo_when=WHILE_CLOSED,
        stays=True,
    ),
    Phase(
        "start",
        "etcd's new manifest through kubelet, on the restored data",
        steps=("the_reviewed_world", "ready_to_start", "start_restored_etcd"),
        undo=("the_reviewed_world", "ready_to_go_back", "end_restored_etcd"),
        undo_when=WHILE_CLOSED,
        stays=True,
    ),
    Phase(
        "finish",
        "reads only: the gate; revision, keys and hash equal on every member; nobody else connected; the block for the ticket",
        steps=(
            "the_reviewed_world",
            "every_member_is_up",
            "the_data_is_the_snapshots",
            "note_the_end",
            "what_must_be_restarted",
            "for_the_ticket",
        ),
        no_undo="it changed nothing",
        stays=True,
    ),
    Phase(
        "reopen",
        "the API comes back, on the new addresses; copies of the snapshot outside of our own folder go",
        steps=(
            "the_reviewed_world",
            "ready_to_reopen",
            "no_copy_lies_about",
            "the_other_manifests",
            "what_informers_need",
            "what_is_left",
        ),
        no_undo="others write to the restored cluster: going back would lose that",
        stays=True,
    ),
)
