"""bridge: addresses have changed already and the quorum is gone; the same cluster comes back with all that it has."""

from __future__ import annotations

from etcd_renumber.methods.exchange import EXCHANGE
from etcd_renumber.methods.method import Action, Method, Phase, Rows
from etcd_renumber.methods.once import CLUSTER
from etcd_renumber.methods.parts import parts
from etcd_renumber.quorum import tolerance

PHASES = (
    Phase(
        "preflight",
        "reads only: host, cluster, files, tools, data, disk, certificates, clocks, network paths, what the rules need",
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
            "kubernetes_can_be_asked_later",
            "tools_are_at_hand",
            "objects_can_be_read",
            "what_names_old_addresses",
        ),
        does="reads only: host, cluster, data, disk, network, what rules need",
        seen="`done, 0 commands`; no `FILTERED`; do what is below `YOURS`",
        back="not needed",
        no_undo="it changed nothing",
        stays=True,
    ),
    Phase(
        "prepare",
        "changes nothing that runs: backups, copies of etcd's tools, certificates reissued with both addresses",
        steps=(
            "the_reviewed_world",
            "ready_to_prepare_here",
            "keep_manifests",
            "stage_tools",
            "widen_certificates",
        ),
        does="backups; certificates reissued with both addresses",
        seen="`prepare on HOST: done`",
        back="`undo prepare`",
        undo=("the_reviewed_world", "ready_to_undo_prepare", "narrow_certificates", "put_backup_away"),
        undo_when="this member is recorded on its old address, and its old manifest is in place",
        stays=True,
    ),
    Phase(
        "readdress",
        "rules that translate old addresses to new ones; kubelet stopped, etcd exchanged, the API's manifests moved away",
        steps=(
            "the_reviewed_world",
            "ready_to_readdress",
            "bridge_old_addresses",
            "etcd_new_and_no_api",
            *EXCHANGE,
        ),
        does="adds rules from old addresses to new ones; etcd starts",
        seen="`readdress on HOST: done`",
        back="`undo readdress`",
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
        "once there is quorum: `member update`; kubelet stopped, the API's manifests put in, kubelet started; checks",
        steps=(
            "the_reviewed_world",
            "ready_to_settle",
            "note_before",
            "record_new_addresses",
            "everything_new",
            *EXCHANGE,
            "the_cluster_is_whole_again",
            "kubernetes_comes_back_in_part",
        ),
        does="records the new peer URL; the API starts; checks Kubernetes",
        seen="`ok: gate`, `ok: the API answers`, `settle on HOST: done`",
        back="`undo settle`, before any `unbridge`",
        undo=(
            "the_reviewed_world",
            "ready_to_undo_settle",
            "record_old_address",
            "the_others_reach_the_old_address",
            *("the_api_goes_aside_again", *EXCHANGE),
            "whole_after_undo_settle",
        ),
        undo_when="no host has run `unbridge`, and the rules stand on every other host",
        stays=True,
    ),
    Phase(
        "unbridge",
        "once every member is recorded on its new address and Kubernetes works: removes rules and routes, closes what used them",
        steps=(
            "the_reviewed_world",
            "ready_to_unbridge",
            "kubernetes_was_back_before",
            "take_the_rules_away",
            "close_what_crossed_it",
            "take_the_routes_away",
            "the_cluster_stands_alone",
        ),
        does="checks Kubernetes; removes the rules, and what used them",
        seen="`ok: gate`, `ok: the API answers`, `unbridge on HOST: done`",
        back="none: no member has an old address",
        no_undo="no member is recorded on an old address any more; to go on: apply unbridge again",
        stays=True,
    ),
    Phase(
        "release",
        "checks that nothing uses the old address, closes connections that leave from it; restarts kubelet where pods report it",
        steps=("the_reviewed_world", "old_address_is_gone", "close_calls_from_old", "kubernetes_is_whole"),
        does="closes calls from the old address; checks etcd and Kubernetes",
        seen="`ok: gate`, `ok: the API answers`",
        back="not needed",
        no_undo="it changed nothing that names an address",
    ),
    CLUSTER,
    Phase(
        "finish",
        "last check of the members; the routes of this change removed, leftover addresses listed, the summary for the ticket",
        steps=("the_reviewed_world", "everybody_has_moved", "take_routes_away", "what_is_left", "for_the_ticket"),
        does="removes added routes, lists leftovers, prints the ticket summary",
        seen="`finish on HOST: done`; no `DIFFERENT` in `ids:`",
        back="not needed",
        back_stays="not needed",
        no_undo="it only removed the routes of this change; the addresses are the new ones, and the cluster runs on them",
        stays=True,
    ),
)

ACTIONS = (
    Action(
        "add",
        "add {new}, unless it is there already",
        "the host has its new address, also after a reboot",
        "`ip addr` shows it",
        "none: the new address is wanted",
    ),
    Action(
        "remove",
        "when `bash runbook.sh verify unbridge` ends with exit 0: remove {old}, if it is still there",
        "the old address is gone, also from the configuration",
        "`ip addr` shows the new one only",
        "add it again",
    ),
)


def first_page(size: int) -> Rows:
    """Of the box at the top."""
    majority, tolerated = tolerance(size)
    return [
        ("What is down", "**etcd and the API**, since the addresses changed"),
        ("", f"etcd until `readdress` is done on {majority} of {size} hosts, the API until the first `settle`"),
        ("Point of no return", "the first `unbridge`: before it every line can be undone,"),
        ("", "the last one first, if the old addresses can be added again"),
        ("May be lost", f"{tolerated} of {size} hosts, with `--without`: a majority must have its data"),
    ]


def down(size: int) -> Rows:
    """Line, writes to etcd, this host meanwhile, the limit after which it is not normal."""
    return [
        ("`preflight`, `prepare`", "none, as before", "nothing that runs is changed", "1 minute"),
        ("`readdress`", "none until a majority is through", "etcd starts", "2 minutes"),
        ("`settle`", "continue as soon as there is quorum", "its API starts", "5 minutes"),
        ("`unbridge`", "continue, with a gap of up to 0.3 s", "nothing is down", "2 minutes"),
        ("`release`, `cluster`, `finish`", "continue", "nothing is down", "1 minute"),
    ]


def meaning(size: int) -> str:
    """What the tolerance means while the change runs."""
    majority, failures = tolerance(size)
    lost = "the data of none may be lost" if failures == 0 else f"the data of {failures} may be lost"
    return f"etcd is down until `readdress` is done on {majority} of {size} hosts: {lost}."


STEPS = (
    "world", "preflight", "bridge/standstill", "on_this_host", "bridge/join", "surroundings", "prepare", "tools",
    "widen_certificates", "bridge/readdress", "bridge/settle", "record", "exchange", "exchange_unit", "kubernetes_gate",
    "kubernetes_comes_back", "bridge/unbridge", "release", "cluster", "finish", "ticket", "narrow", "bridge/undo", "bridge/called",
    "cluster_undo", "undo",
)  # fmt: skip
ORDER = ("preflight", "prepare", "add", "readdress", "settle", "unbridge", ("remove", "release"), "cluster", "finish")
BRIDGE = Method(
    name="bridge",
    phases=PHASES,
    actions=ACTIONS,
    order=ORDER,
    parts=parts(STEPS, ("api", "kubernetes", "calls", "no_options", "bridge/rules", "bridge/lines")),
    first_page=first_page,
    down=down,
    meaning=meaning,
    columns=("`preflight`", "`prepare`", "`readdress`, `settle`", "`unbridge` … `finish`"),
    after_the_order="Before the first `settle`, point the load balancers, DNS names and kubeconfigs that call the API at an "
    "old address to the new ones: they are not part of this change; `preflight` and `finish` list what they see. Where that "
    "comes later, `settle` says `NOT YET` and ends well, since this host's own API is back; `unbridge` refuses until then.",
    gated=("unbridge",),
    workers_after="settle",
    last_change="unbridge",
    begins_down=True,
)
