"""rolling: the cluster has quorum and stays up, hosts change their addresses one after another."""

from __future__ import annotations

from dataclasses import replace

from etcd_renumber.methods.exchange import EXCHANGE
from etcd_renumber.methods.method import Action, Method, Phase
from etcd_renumber.methods.once import CLUSTER
from etcd_renumber.methods.parts import parts
from etcd_renumber.methods.rolling_words import BACK, BELOW, UNDO_WHEN, down, down_with_replace, first_page, meaning

PHASES = (
    Phase(
        "preflight",
        "reads only: host, cluster, files, tools, disk, clocks, members, certificates, network paths",
        steps=(
            "the_reviewed_world",
            "commands_are_at_hand",
            "tools_are_at_hand",
            "the_folder_is_clean",
            "the_host_can_be_exchanged",
            "the_disk_has_space",
            "the_method_fits",
            "the_cluster_is_sound",
            "kubernetes_can_be_asked",
            "objects_can_be_read",
            "the_certificates_are_known",
            "the_clocks_agree",
            "the_new_address_is_ours",
            "the_ways_are_known",
            "what_names_old_addresses",
        ),
        does="reads only: host, cluster, disk, clocks, network paths",
        seen="`done, 0 commands`; no `FILTERED`; do what is below `YOURS`",
        back="not needed",
        no_undo="it changed nothing",
        stays=True,
    ),
    Phase(
        "prepare",
        "changes nothing that runs: backups, copies of etcd's tools, a snapshot, certificates reissued with both addresses",
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
        does="backups; certificates reissued with both addresses",
        seen="`ok: gate`, `prepare on HOST: done`",
        back="`undo prepare`",
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
        "leadership handed over, the new peer URL recorded; kubelet, etcd and the API stopped, their manifests moved away",
        steps=(
            "the_reviewed_world",
            "ready_to_leave",
            "hand_over_leadership",
            "record_before_leaving",
            "nothing_runs_here",
            "stop_kubelet",
            "end_the_api",
            "others_are_safe_to_leave",
            "end_etcd",
            "exchange_files",
            "start_kubelet",
        ),
        does="records the new peer URL; stops kubelet, API and etcd here",
        seen="`leave on HOST: done`",
        back="`undo leave`",
        undo=(
            "the_reviewed_world",
            "ready_to_undo_leave",
            "everything_old",
            *EXCHANGE,
            "record_old_address",
            "whole_after_undo_move",
            "kubernetes_was_whole",
        ),
        undo_when="the old address is on the host",
    ),
    Phase(
        "move",
        "source routes, leadership handed over, `member update`; kubelet stopped, files exchanged, kubelet started; checks",
        steps=(
            "the_reviewed_world",
            "ready_to_move",
            "source_routes",
            "hand_over_leadership",
            "record_new_address",
            "everything_new",
            "write_new_files",
            "stop_kubelet",
            "note_the_last_renewal",
            "end_the_api",
            "the_others_are_safe",
            "end_etcd",
            "exchange_files",
            "start_kubelet",
            "record_new_address_late",
            "the_cluster_is_whole",
            "no_connection_is_old",
            "kubernetes_is_whole",
        ),
        does="records the new URL; stops kubelet, API, etcd; replaces files",
        seen="`ok: gate`, `ok: the API answers`, `move on HOST: done`",
        back="`undo move`",
        undo=(
            "the_reviewed_world",
            "ready_to_undo_move",
            "hand_over_leadership",
            "routes_away",
            "what_was_before",
            *EXCHANGE,
            "record_old_address",
            "whole_after_undo_move",
            "kubernetes_was_whole",
        ),
        undo_when="the old address is on the host and its certificates hold it",
    ),
    Phase(
        "release",
        "checks that nothing uses the old address, closes connections that leave from it; restarts kubelet where pods report it",
        steps=("the_reviewed_world", "old_address_is_gone", "close_calls_from_old", "kubernetes_is_whole"),
        does="closes calls from the old address; checks etcd and Kubernetes",
        seen="`ok: gate`, `ok: the API answers`",
        back="add the old address, then `undo move`",
        no_undo="it changed nothing that names an address; add the old address to the host again, then: bash runbook.sh undo move",
    ),
    CLUSTER,
    Phase(
        "finish",
        "last check of the members; the routes of this change removed, leftover addresses listed, the summary for the ticket",
        steps=("the_reviewed_world", "everybody_has_moved", "take_routes_away", "what_is_left", "for_the_ticket"),
        does="removes added routes, lists leftovers, prints the ticket summary",
        seen="`finish on HOST: done`; no `DIFFERENT` in `ids:`",
        back="add the old addresses, then `undo move`, the last host first",
        back_stays="not needed",
        no_undo="it only removed the routes of this change; to roll back, undo the moves, the last one first",
        stays=True,
    ),
)

ACTIONS = (
    Action(
        "add",
        "add {new}; keep {old}",
        "the host has both addresses, also after a reboot",
        "`ip addr` shows both",
        "remove it, before `move` or after `undo move`",
    ),
    Action(
        "remove",
        "when `bash runbook.sh verify move` ends with exit 0: remove {old}",
        "the old address is gone, also from the configuration",
        "`ip addr` shows the new one only",
        "add it again",
    ),
    Action(
        "replace",
        "change the address from {old} to {new}",
        "the host changes its address while its etcd is down",
        "`ip addr` shows the new one only",
        "change it back, then `undo leave`",
    ),
)

STEPS = (
    "world", "preflight", "rolling/sound", "surroundings", "rolling/ready_to_prepare", "prepare", "tools", "rolling/snapshot",
    "widen_certificates", "rolling/leave", "rolling/ready_to_move", "rolling/others_apis", "rolling/move", "record", "exchange",
    "exchange_unit",
    "rolling/kubernetes_before", "kubernetes_gate", "release", "cluster", "cluster_undo", "finish", "ticket", "narrow",
    "rolling/undo", "undo",
)  # fmt: skip
BOTH = Method(
    name="rolling",
    phases=tuple(p for p in PHASES if p.name != "leave"),
    actions=ACTIONS,
    order=("preflight", "prepare", "add", ("move", "cluster", "remove", "release"), "cluster", "finish"),
    parts=parts(STEPS, ("api", "kubernetes", "calls", "no_options", "rolling/lines")),
    first_page=first_page,
    down=down,
    meaning=meaning,
    columns=("`preflight`", "`prepare`", "`move`, `cluster`", "`release`, `finish`"),
    after_the_order="Before an old address is removed: " + BELOW.format("it"),
    gated=("leave", "move"),
    workers_after="move",
    last_change="move",
    keys={"addresses": "both", "snapshots": "one"},
    keeps_quorum=True,
)
REPLACE = replace(
    BOTH,
    phases=tuple(
        replace(p, back=BACK.get(p.name, p.back), undo_when=UNDO_WHEN.get(p.name, p.undo_when)) for p in PHASES
    ),
    order=("preflight", "prepare", ("leave", "replace", "move", "cluster", "release"), "cluster", "finish"),
    down=down_with_replace,
    columns=("`preflight`", "`prepare`", "`leave`, `move`, `cluster`", "`release`, `finish`"),
    after_the_order="Before a host changes its address: " + BELOW.format("the old one"),
)
