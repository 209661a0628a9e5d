"""What RUNBOOK.md says of each line, phase and exit code. Words only, and short ones: they stand in table cells."""

from __future__ import annotations

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
        "leadership away, new address recorded, etcd stopped",
        "`leave on HOST: done`",
        "`undo leave`",
    ),
    "move": (
        "new address recorded, etcd starts on it, then the API",
        "`ok: gate`, `move on HOST: done`",
        "`undo move`",
    ),
    "remove": (
        "the old address goes, also from the configuration",
        "`ip addr` shows the new one only",
        "put it back",
    ),
    "release": (
        "reads only: does anybody miss the old address?",
        "`ok: old_is_gone`, `ok: gate`",
        "old address back, then `undo move`",
    ),
    "finish": (
        "gate, our routes away, leftovers, block for the ticket",
        "`finish on HOST: done`; no `DIFFERENT` in `ids:`",
        "`undo move`, the last host first",
    ),
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

# exit, what it means, then what to do in preflight; prepare; leave and move; release and finish
EXIT_CODES: tuple[tuple[str, str, str, str, str, str], ...] = (
    ("0", "done, or it already held", "next line", "next line", "next line", "next line"),
    ("1", "a command failed; it is printed", AGAIN, AGAIN, AGAIN, AGAIN),
    ("2", "wrong usage, or not root", HINT, HINT, HINT, HINT),
    ("3", "a guard is closed; nothing changed", MEND, MEND, MEND, MEND),
    ("4", "not the world that was reviewed", REVIEW, REVIEW, CALL, CALL),
    ("5", "changed, and the gate does not hold", "cannot be", CHOOSE, CHOOSE, MEND),
)


def what_is_down(size: int, addresses: str) -> list[tuple[str, str, str, str]]:
    """(line, writes to etcd, this host meanwhile, the limit after which it is not normal)."""
    has_quorum = size > 2
    rows = [
        ("`preflight`, `release`, `finish`", "go on", "nothing is down", "1 minute"),
        ("`prepare`", "go on", "nothing is down", "1 minute, plus the snapshot"),
    ]
    if addresses == "replace":
        away = "go on, a gap of up to 0.1 s" if has_quorum else "**none, all the while**"
        rows.append(("`leave` until `move` ends", away, "its etcd is down", "2 minutes a phase, plus your work"))
        rows.append(("`move`, its second half", "go on", "kube-apiserver restarts", "2 minutes, all of `move`"))
    else:
        restart = "go on, a gap of up to 0.1 s" if has_quorum else "**none for 4 to 5 s**"
        rows.append(("`move`", restart, "etcd down for 4 s, then kube-apiserver restarts", "2 minutes"))
    return rows
