"""What RUNBOOK.md says of each line, phase and exit code. Words only; the figures in them come from docs/figures.md."""

from __future__ import annotations

# phase or address action -> (what it does, what one sees when it is right, how to go back)
LINES: dict[str, tuple[str, str, str]] = {
    "preflight": (
        "Reads only. Right host, right cluster, right bytes; tools, disk, clocks, certificates, the ways to the new addresses.",
        "`done, 0 commands carried out`, no `NO:` and no `FILTERED` line",
        "nothing to take back",
    ),
    "prepare": (
        "Changes nothing that runs. Manifests and tools are copied to the state folder, the first host takes the snapshot, "
        "certificates are reissued to hold the old and the new address.",
        "`ok: every certificate holds both addresses` and the gate",
        "`undo prepare`, while this member is still on its old address",
    ),
    "add": (
        "The new address is on the host, beside the old one, in the network configuration too.",
        "`ip addr` shows both",
        "take the new address away, before the host's `move` or after its `undo move`",
    ),
    "replace": (
        "The host changes its address while its etcd is down.",
        "`ip addr` shows the new one",
        "put the old address back, then `undo leave`",
    ),
    "leave": (
        "Leadership handed over, the new address recorded, etcd stopped. From here to the end of `move` one member fewer.",
        "`changed: has_left`",
        "`undo leave`, with the old address on the host",
    ),
    "move": (
        "This member's etcd starts on its new address, recorded first; then kube-apiserver and the other manifests that change.",
        "the gate three times in a row, then `no connection of etcd has` the old address",
        "`undo move`, with the old address on the host",
    ),
    "remove": (
        "The old address leaves the host and its network configuration.",
        "`verify move` held before, `ip addr` shows the new address only after",
        "put the old address back",
    ),
    "release": (
        "Reads only. Nobody misses the old address: it shows here, not on the last host.",
        "`ok: old_is_gone` and the gate",
        "nothing to take back; old address back, then `undo move`",
    ),
    "finish": (
        "The gate, our routes away, a list of places where an old address still stands, the block for the ticket.",
        "`ids: cluster and members equal before and after`",
        "nothing to take back",
    ),
}

EXIT_CODES: tuple[tuple[str, str, str, str, str], ...] = (
    ("0", "done, or it already held", "next line", "next line", "next line"),
    ("1", "a command failed; it is printed", "look, the same line again", "look, the same line again", "look, the same line again"),
    ("2", "wrong usage, or not root", "read the hint", "read the hint", "read the hint"),
    (
        "3",
        "a gate or guard is closed, nothing was changed",
        "mend what it names, the same line again",
        "mend what it names, the same line again; the cluster is as it was",
        "mend what it names, the same line again",
    ),
    (
        "4",
        "not the world that was reviewed",
        "stop; read the facts again, render, review",
        "stop; touch nothing before the difference is understood",
        "stop; touch nothing before the difference is understood",
    ),
    (
        "5",
        "it changed things and its closing gate does not hold",
        "mend, `apply` again, or `undo prepare`",
        "mend, `apply` again, or `undo move` (`undo leave`)",
        "mend, the same line again",
    ),
)


def what_is_down(size: int, addresses: str) -> list[tuple[str, str, str]]:
    """(line, what is down and for how long, the limit after which it is not normal)."""
    if size <= 2:
        writes = "this etcd takes no writes for 3 to 4 s: with one or two members every restart costs quorum"
    else:
        writes = "etcd stays up: a gap of well under 0.1 s in writes when leadership is handed over"
    api = "this host's kube-apiserver restarts: callers of this one wait or go to another"
    rows = [
        ("`preflight`, `release`, `finish`", "nothing", "1 minute"),
        ("`prepare`", "nothing", "1 minute, and as long as the snapshot takes to write"),
    ]
    if addresses == "replace":
        rows.append(("`leave`", f"{writes}; this member is down until its `move` ends", "2 minutes"))
    rows.append(("`move`", f"{writes}; this member is down for 4 s; {api}", "2 minutes; it stops by itself with exit 5 when the gate does not hold for 60 s"))
    return rows
