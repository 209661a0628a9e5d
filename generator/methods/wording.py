"""What RUNBOOK.md says of each line, phase and exit code. Words only, and short ones: they stand in table cells."""

from __future__ import annotations

from generator.methods import wording_restore

# phase or address action -> (what it does, what one sees when it is right, how to go back)
LINES: dict[str, tuple[str, str, str]] = {
    "preflight": (
        "reads only: host, cluster, disk, clocks, ways to new",
        "`done, 0 commands`; no `FILTERED`",
        "nothing to take back",
    ),
    "prepare": (
        "copies, tools, certificates with both addresses",
        "`ok: gate`, `prepare on HOST: done`",
        "`undo prepare`",
    ),
    "add": (
        "the host has both addresses, also after a reboot",
        "`ip addr` shows both",
        "take it away, while `move` is not done or undone",
    ),
    "replace": (
        "the host changes its address, its etcd being down",
        "`ip addr` shows the new one only",
        "put the old one back, then `undo leave`",
    ),
    "leave": (
        "new address recorded; kubelet, API and etcd of this host stopped",
        "`leave on HOST: done`",
        "`undo leave`",
    ),
    "move": (
        "new address recorded; everything of this host exchanged at once",
        "`ok: gate`, `ok: the API answers`, `move on HOST: done`",
        "`undo move`",
    ),
    "remove": (
        "the old address goes, also from the configuration",
        "`ip addr` shows the new one only",
        "put it back",
    ),
    "release": (
        "etcd and Kubernetes work without the old address",
        "`ok: gate`, `ok: the API answers`",
        "old address back, then `undo move`",
    ),
    "finish": (
        "gate, our routes away, leftovers, block for the ticket",
        "`finish on HOST: done`; no `DIFFERENT` in `ids:`",
        "`undo move`, the last host first",
    ),
}
# What the same line is with another method, and lines that only it has.
LINES_OF_BRIDGE: dict[str, tuple[str, str, str]] = {
    "preflight": (
        "reads only: host, cluster, data, disk, ways, what rules need",
        "`done, 0 commands`; no `FILTERED`",
        "nothing to take back",
    ),
    "prepare": (
        "copies, tools, certificates with both addresses",
        "`prepare on HOST: done`",
        "`undo prepare`",
    ),
    "add": (
        "the host has its new address, also after a reboot",
        "`ip addr` shows it",
        "none: the new address is what is wanted",
    ),
    "readdress": (
        "rules that lead old addresses to new ones; etcd starts",
        "`readdress on HOST: done`",
        "`undo readdress`",
    ),
    "settle": (
        "quorum; the new address recorded; the API comes in",
        "`ok: gate`, `settle on HOST: done`",
        "`undo settle`, before any `unbridge`",
    ),
    "unbridge": (
        "the rules go, and every connection that used them",
        "`ok: gate`, `unbridge on HOST: done`",
        "none: nobody is recorded on an old address",
    ),
    "remove": (
        "the old address goes, also from the configuration",
        "`ip addr` shows the new one only",
        "put it back",
    ),
    "release": (
        "reads only: does anybody miss the old address?",
        "`ok: old_is_gone`, `ok: gate`",
        "nothing to take back",
    ),
    "finish": (
        "gate, our routes away, leftovers, block for the ticket",
        "`finish on HOST: done`; no `DIFFERENT` in `ids:`",
        "nothing to take back",
    ),
}
WORDS_OF_LINES = {"rolling": LINES, "bridge": LINES_OF_BRIDGE, "restore": wording_restore.LINES}
OPTIONS = wording_restore.OPTIONS  # what stands behind a phase of restore in its line

# What a person does, as the line of the order says it.
PERSON: dict[str, dict[str, str]] = {
    "rolling": {
        "add": "you put {new} on, beside {old}",
        "remove": "when `bash runbook.sh verify move` holds, you take {old} away",
        "replace": "you change the address from {old} to {new}",
    },
    "bridge": {
        "add": "{new} is on: you put it on where it is not",
        "remove": "when `bash runbook.sh verify unbridge` holds, you take {old} away, where it is still on",
    },
    "restore": wording_restore.PERSON,
}

# Below the order; rolling's depends on how addresses come, and stands in the template.
AFTER_THE_ORDER: dict[str, str] = {
    "rolling": "",
    "bridge": "Load balancers, DNS names and kubeconfigs that call the API at an old address must know the new one. "
    "They are not part of this change.",
    "restore": wording_restore.AFTER_THE_ORDER,
}

FIRST_SNAPSHOT = "; the snapshot"

# With `addresses: replace` a host never has both: `undo move` ends with etcd down, and `undo leave` goes on from there.
BACK_WITH_REPLACE: dict[str, str] = {
    "move": "`undo move`, old address back, `undo leave`",
    "release": "as for `move`",
    "finish": "as for `move`, the last host first",
}
UNDO_WITH_REPLACE: dict[str, str] = {
    "move": "its certificates hold the old address; ends with etcd down: put that address back, then `undo leave`",
}

AGAIN, MEND, HINT = "look, same line again", "mend, same line again", "read the hint"
REVIEW, CALL, CHOOSE = "stop: facts, render, review", "stop: touch nothing, call", "mend, same line again, or `undo`"

# The phases of a method in four columns: what only reads, what changes nothing that runs, what moves members, what closes.
CODE_COLUMNS: dict[str, tuple[str, str, str, str]] = {
    "rolling": ("`preflight`", "`prepare`", "`move`", "`release`, `finish`"),
    "replace": ("`preflight`", "`prepare`", "`leave`, `move`", "`release`, `finish`"),
    "bridge": ("`preflight`", "`prepare`", "`readdress`, `settle`", "`unbridge`, `release`, `finish`"),
    "restore": wording_restore.CODE_COLUMNS,
}

# exit, what it means, then what to do in the four columns
EXIT_CODES: tuple[tuple[str, str, str, str, str, str], ...] = (
    ("0", "done, or it already held", "next line", "next line", "next line", "next line"),
    ("1", "a command failed; it is printed", AGAIN, AGAIN, AGAIN, AGAIN),
    ("2", "wrong usage, or not root", HINT, HINT, HINT, HINT),
    ("3", "a guard is closed; nothing changed", MEND, MEND, MEND, MEND),
    ("4", "not the world that was reviewed", REVIEW, REVIEW, CALL, CALL),
    ("5", "changed, and the gate does not hold", "cannot be", CHOOSE, CHOOSE, MEND),
)


def first_page(method: str, size: int, tolerated: int) -> list[tuple[str, str]]:
    """(what, how it is) for the box at the top: what is down, the point of no return, what may fail meanwhile."""
    if method == "restore":
        return wording_restore.first_page(size)
    if method == "bridge":
        return [
            ("What is down", "**etcd and the API**, since the addresses changed"),
            ("", f"until {size - tolerated} of {size} hosts are through `readdress`"),
            ("Point of no return", "the first `unbridge`: until then every line can be taken back, last one first,"),
            ("", "where the old addresses can be put back; what was written meanwhile stays"),
            ("May be lost", f"{tolerated} of {size} hosts, with `--without`: a majority must have its data"),
        ]
    if size > 2:
        down = "one member at a time; the API of the other hosts stays up"
    elif size == 2:
        down = "**writes**, and with them the API of both hosts, as the next table says"
    else:
        down = "**writes and the API**, as the next table says: there is no other host"
    more = {0: ": nothing else", 1: ": no other may be down"}.get(tolerated, "")
    return [
        ("What is down", down),
        ("Point of no return", "none: every line can be taken back, last one first,"),
        ("", "while the old addresses can be put back on the hosts"),
        ("May fail meanwhile", f"{tolerated} of {size}, the member that moves counted in{more}"),
    ]


def what_is_down(method: str, size: int, addresses: str) -> list[tuple[str, str, str, str]]:
    """(line, writes to etcd, this host meanwhile, the limit after which it is not normal)."""
    has_quorum = size > 2
    if method == "restore":
        return wording_restore.WHAT_IS_DOWN
    if method == "bridge":
        return [
            ("`preflight`, `prepare`", "none, as before", "nothing is changed that runs", "1 minute"),
            ("`readdress`", "none until a majority is through", "etcd starts", "2 minutes"),
            ("`settle`", "go on, as soon as there is quorum", "its API starts", "3 minutes"),
            ("`unbridge`", "go on, a gap of up to 0.1 s", "nothing is down", "2 minutes"),
            ("`release`, `finish`", "go on", "nothing is down", "1 minute"),
        ]
    rows = [
        ("`preflight`, `finish`", "go on", "nothing is down", "1 minute"),
        ("`prepare`", "go on", "nothing is down", "1 minute, plus the snapshot"),
    ]
    if addresses == "replace":
        away = "go on, a gap of up to 0.1 s" if has_quorum else "**none, all the while**"
        rows.append(
            ("`leave` until `move` ends", away, "etcd and API down, Node NotReady", "2 minutes a phase, plus your work")
        )
        rows.append(("`move`, its second half", "go on", "its API starts", "2 minutes, all of `move`"))
    else:
        restart = "go on, a gap of up to 0.1 s" if has_quorum else "**none for 3 to 5 s**"
        rows.append(("`move`", restart, "its etcd down for 3 s, its API for 10 s", "2 minutes"))
    rows.append(("`release`", "go on", "nothing is down", "2 minutes"))
    return rows
