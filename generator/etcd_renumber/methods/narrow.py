"""`certificates: narrow`: any method with one phase more at its end, by which the certificates lose the old addresses."""

from __future__ import annotations

from dataclasses import replace

from etcd_renumber.methods.method import Method, Phase, Rows

NARROW = Phase(
    "narrow",
    "the certificates reissued without the old addresses, once nothing uses one any more; it has no undo",
    steps=(
        "the_reviewed_world",
        "ready_to_narrow",
        "take_old_addresses_out",
        "the_wire_shows_no_old",
        "kubernetes_is_whole",
    ),
    does="reissues the certificates without the old addresses; **no undo**",
    seen="`ok: gate`, `ok: the API answers`, `narrow on HOST: done`",
    back="none: this host keeps its new address",
    no_undo="the certificates no longer hold an old address, so this host keeps its new one; the certificates of before are "
    "in backup/pki.before-narrow, in the folder of this change on the host",
    stays=True,
)
DOWN = ("`narrow`", "continue", "nothing is down", "3 minutes")
AFTER_THE_ORDER = (
    "\n\nBefore the first `narrow`: whoever else calls etcd or the API by an old address (load balancers, monitoring, backup "
    "jobs, people) must have stopped doing so. `narrow` refuses what it sees on its own host; it cannot see the others. "
    "Without it the old addresses stay in the certificates for ever: `kubeadm certs renew all` keeps the SANs that are there."
)
LAST_WAY_BACK = "and until `narrow`: a host on which it was done keeps its new address"


def narrowed(method: Method) -> Method:
    """The same method with the phase `narrow` on every host, after everything else."""

    def first_page(size: int) -> Rows:
        return _with_its_end(method.first_page(size))

    def down(size: int) -> Rows:
        return [*method.down(size), DOWN]

    reads, prepares, moves, closes = method.columns
    return replace(
        method,
        phases=(*method.phases, NARROW),
        order=(*method.order, NARROW.name),
        first_page=first_page,
        down=down,
        columns=(reads, prepares, moves, f"{closes}, `{NARROW.name}`"),
        after_the_order=method.after_the_order + AFTER_THE_ORDER,
        gated=(*method.gated, NARROW.name),
    )


def _with_its_end(rows: Rows) -> Rows:
    """Where a method has no point of no return, this phase is one: said in the last row about it."""
    begin = next(n for n, row in enumerate(rows) if row[0] == "Point of no return")
    if not rows[begin][1].startswith("none"):
        return rows
    end = next((n for n in range(begin + 1, len(rows)) if rows[n][0]), len(rows))
    return [*rows[:end], ("", LAST_WAY_BACK), *rows[end:]]
