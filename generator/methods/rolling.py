"""rolling: the cluster has quorum and stays up, hosts change their addresses one after another."""

from __future__ import annotations

from generator.model import Phase

ROLLING: tuple[Phase, ...] = (
    Phase(
        "preflight",
        "reads only: host, cluster, bytes, tools, disk, clocks, members, certificates, ways between hosts",
        steps=(
            "the_reviewed_world",
            "tools_are_at_hand",
            "the_folder_is_clean",
            "the_disk_has_space",
            "the_method_fits",
            "the_cluster_is_sound",
            "the_certificates_are_known",
            "the_clocks_agree",
            "the_new_address_is_ours",
            "the_ways_are_known",
        ),
        no_undo="it changed nothing",
        stays=True,
    ),
    Phase(
        "prepare",
        "changes nothing that runs: copies of manifests and tools, a snapshot, certificates widened to old and new",
        steps=(
            "the_reviewed_world",
            "ready_to_prepare",
            "note_before",
            "keep_manifests",
            "stage_tools",
            "take_snapshot",
            "widen_certificates",
            "the_wire_shows_both",
        ),
        undo=(
            "the_reviewed_world",
            "ready_to_undo_prepare",
            "narrow_certificates",
            "put_backup_away",
            "whole_after_undo_prepare",
        ),
        undo_when="this member is recorded and runs on its old address, and no connection of etcd has the new one",
    ),
    Phase(
        "leave",
        "leadership handed over, the new address recorded, etcd stopped, its manifest aside",
        steps=(
            "the_reviewed_world",
            "ready_to_leave",
            "hand_over_leadership",
            "record_before_leaving",
            "others_are_safe_to_leave",
            "stop_on_old_address",
        ),
        undo=(
            "the_reviewed_world",
            "ready_to_undo_leave",
            "start_where_it_was",
            "record_old_address",
            "whole_after_undo_move",
        ),
        undo_when="the old address is on the host",
    ),
    Phase(
        "move",
        "source routes, leadership handed over, `member update`, the new manifests through kubelet, gates before and after",
        steps=(
            "the_reviewed_world",
            "ready_to_move",
            "source_routes",
            "hand_over_leadership",
            "record_new_address",
            "the_others_are_safe",
            "start_on_new_address",
            "record_new_address_late",
            "the_cluster_is_whole",
            "the_other_manifests",
            "no_connection_is_old",
        ),
        undo=(
            "the_reviewed_world",
            "ready_to_undo_move",
            "hand_over_before_undo",
            "routes_away",
            "start_on_old_address",
            "record_old_address",
            "whole_after_undo_move",
            "the_other_old_manifests",
        ),
        undo_when="the old address is on the host and its certificates hold it",
    ),
    Phase(
        "release",
        "reads only: the old address is gone, no connection of etcd has it, the gate",
        steps=("the_reviewed_world", "old_address_is_gone"),
        no_undo="it changed nothing; put the old address back on the host, then: bash runbook.sh undo move",
    ),
    Phase(
        "finish",
        "the gate, our routes away, left-over addresses listed, the block for the ticket",
        steps=("the_reviewed_world", "everybody_has_moved", "take_routes_away", "what_is_left", "for_the_ticket"),
        no_undo="it only took our own routes away; to go back, undo the moves, last moved first",
        stays=True,
    ),
)
