"""bridge: addresses have changed already and the quorum is gone; the same cluster comes back with all that it has."""

from __future__ import annotations

from generator.methods.exchange import EXCHANGE
from generator.methods.method import Action, Method, Phase, Rows
from generator.methods.parts import parts
from generator.quorum import tolerance

PHASES = (
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
        does="reads only: host, cluster, data, disk, ways, what rules need",
        seen="`done, 0 commands`; no `FILTERED`",
        back="nothing to take back",
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
        does="copies, tools, certificates with both addresses",
        seen="`prepare on HOST: done`",
        back="`undo prepare`",
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
        does="rules that lead old addresses to new ones; etcd starts",
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
        does="quorum; the new address recorded; the API comes in",
        seen="`ok: gate`, `settle on HOST: done`",
        back="`undo settle`, before any `unbridge`",
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
        does="the rules go, and every connection that used them",
        seen="`ok: gate`, `unbridge on HOST: done`",
        back="none: nobody is recorded on an old address",
        no_undo="nobody is recorded on an old address any more; to go on: apply unbridge again",
        stays=True,
    ),
    Phase(
        "release",
        "reads only: the old address is gone, no connection of etcd has it, the gate",
        steps=("the_reviewed_world", "old_address_is_gone"),
        does="reads only: does anybody miss the old address?",
        seen="`ok: gate`, `release on HOST: done`",
        back="nothing to take back",
        no_undo="it changed nothing",
    ),
    Phase(
        "finish",
        "the gate, our routes away, left-over addresses listed, the block for the ticket",
        steps=("the_reviewed_world", "everybody_has_moved", "take_routes_away", "what_is_left", "for_the_ticket"),
        does="gate, our routes away, leftovers, block for the ticket",
        seen="`finish on HOST: done`; no `DIFFERENT` in `ids:`",
        back="nothing to take back",
        back_stays="nothing to take back",
        no_undo="it only took our own routes away; the addresses are the new ones, and the cluster runs on them",
        stays=True,
    ),
)

ACTIONS = (
    Action(
        "add",
        "{new} is on: you put it on where it is not",
        "the host has its new address, also after a reboot",
        "`ip addr` shows it",
        "none: the new address is what is wanted",
    ),
    Action(
        "remove",
        "when `bash runbook.sh verify unbridge` holds, you take {old} away, where it is still on",
        "the old address goes, also from the configuration",
        "`ip addr` shows the new one only",
        "put it back",
    ),
)


def first_page(size: int) -> Rows:
    """Of the box at the top."""
    majority, tolerated = tolerance(size)
    return [
        ("What is down", "**etcd and the API**, since the addresses changed"),
        ("", f"until {majority} of {size} hosts are through `readdress`"),
        ("Point of no return", "the first `unbridge`: until then every line can be taken back, last one first,"),
        ("", "where the old addresses can be put back; what was written meanwhile stays"),
        ("May be lost", f"{tolerated} of {size} hosts, with `--without`: a majority must have its data"),
    ]


def down(size: int) -> Rows:
    """Line, writes to etcd, this host meanwhile, the limit after which it is not normal."""
    return [
        ("`preflight`, `prepare`", "none, as before", "nothing is changed that runs", "1 minute"),
        ("`readdress`", "none until a majority is through", "etcd starts", "2 minutes"),
        ("`settle`", "go on, as soon as there is quorum", "its API starts", "3 minutes"),
        ("`unbridge`", "go on, a gap of up to 0.1 s", "nothing is down", "2 minutes"),
        ("`release`, `finish`", "go on", "nothing is down", "1 minute"),
    ]


def meaning(size: int) -> str:
    """What the tolerance means while the change runs."""
    majority, failures = tolerance(size)
    lost = "the data of none may be lost" if failures == 0 else f"the data of {failures} may be lost"
    return f"Etcd is down until {majority} of {size} hosts are through `readdress`: {lost}."


STEPS = (
    "world", "preflight", "standstill", "on_this_host", "join", "surroundings", "prepare", "tools", "widen_certificates",
    "readdress", "settle", "record", "exchange", "unbridge", "release", "finish", "ticket", "undo_bridge", "undo",
)  # fmt: skip
BRIDGE = Method(
    name="bridge",
    phases=PHASES,
    actions=ACTIONS,
    order=("preflight", "prepare", "add", "readdress", "settle", "unbridge", ("remove", "release"), "finish"),
    parts=parts(STEPS, ("no_options", "rules", "lines_bridge")),
    first_page=first_page,
    down=down,
    meaning=meaning,
    columns=("`preflight`", "`prepare`", "`readdress`, `settle`", "`unbridge`, `release`, `finish`"),
    after_the_order="Load balancers, DNS names and kubeconfigs that call the API at an old address must know the new one. "
    "They are not part of this change.",
    gated=("unbridge",),
    last_change="unbridge",
    begins_down=True,
)
