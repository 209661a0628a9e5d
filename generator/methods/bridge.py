"""bridge: addresses have changed already and the quorum is gone; the same cluster comes back with all that it has."""

from __future__ import annotations

from generator.methods.exchange import EXCHANGE
from generator.model import Phase

BRIDGE: tuple[Phase, ...] = (
    Phase(
        "preflight",
        "reads only: host, cluster, bytes, tools, data, disk, certificates, clocks, ways, what the bridge needs",
        steps=(
            "the_reviewed_world",
            "commands_are_at_hand",
            "the_quorum_is_lost",
            "the_data_is_whole",
            "the_folder_is_clean",
            "the_host_can_be_exchanged",
            "the_disk_has_space",
            "the_certificates_are_known",
            "the_clocks_agree",
            "the_new_address_is_ours",
            "the_new_address_comes",
            "the_ways_are_known",
            "the_bridge_can_be_built",
            "tools_are_at_hand",
        ),
        no_undo="it changed nothing",
        stays=True,
    ),
    Phase(
        "prepare",
        "changes nothing that runs: copies of manifests and tools, certificates widened to old and new",
        steps=(
            "the_reviewed_world",
            "ready_to_prepare_here",
            "keep_manifests",
            "stage_tools",
            "widen_certificates",
        ),
        undo=("the_reviewed_world", "ready_to_undo_prepare", "narrow_certificates", "put_backup_away"),
        undo_when="this member is recorded on its old address, and its old manifest is in place",
        stays=True,
    ),
    Phase(
        "readdress",
        "routes and rules from the others' old addresses to their new ones, then kubelet stopped, etcd exchanged, the API aside",
        steps=(
            "the_reviewed_world",
            "ready_to_readdress",
            "bridge_old_addresses",
            "etcd_new_and_no_api",
            *EXCHANGE,
        ),
        undo=(
            "the_reviewed_world",
            "ready_to_undo_readdress",
            "everything_old",
            *EXCHANGE,
            "take_everything_of_ours_away",
        ),
        undo_when="the old address is on the host, and the cluster records it",
        stays=True,
    ),
    Phase(
        "settle",
        "the quorum is back: `member update`, the API comes in while kubelet is stopped, the gate",
        steps=(
            "the_reviewed_world",
            "ready_to_settle",
            "note_before",
            "record_new_addresses",
            "everything_new",
            *EXCHANGE,
            "the_cluster_is_whole_again",
        ),
        undo=(
            "the_reviewed_world",
            "ready_to_undo_settle",
            "the_api_goes_aside_again",
            *EXCHANGE,
            "record_old_address",
            "whole_after_undo_settle",
        ),
        undo_when="the rules of this change stand on every host: before the first `unbridge`",
        stays=True,
    ),
    Phase(
        "unbridge",
        "every member is recorded on its new address: rules and routes go, and the connections that used them",
        steps=(
            "the_reviewed_world",
            "ready_to_unbridge",
            "take_the_rules_away",
            "close_what_crossed_it",
            "take_the_routes_away",
            "the_cluster_stands_alone",
        ),
        no_undo="nobody is recorded on an old address any more; to go on: apply unbridge again",
        stays=True,
    ),
    Phase(
        "release",
        "reads only: the old address is gone, no connection of etcd has it, the gate",
        steps=("the_reviewed_world", "old_address_is_gone"),
        no_undo="it changed nothing",
    ),
    Phase(
        "finish",
        "the gate, our routes away, left-over addresses listed, the block for the ticket",
        steps=("the_reviewed_world", "everybody_has_moved", "take_routes_away", "what_is_left", "for_the_ticket"),
        no_undo="it only took our own routes away; the addresses are the new ones, and the cluster runs on them",
        stays=True,
    ),
)
