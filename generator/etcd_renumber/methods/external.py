"""An etcd on hosts of its own: the method rolling where kube-apiserver runs on other hosts, which follow before and after."""

from __future__ import annotations

from dataclasses import replace

from etcd_renumber.methods.method import Method, Rows

# What the apiservers do before which step of the members.
BEFORE = (("move", "widen"), ("finish", "switch"), ("finish", "cluster"))
AWAY = (
    "`widen`, `switch`",
    "continue",
    "its kube-apiserver down for 15 s; pods keep running, the others answer",
    "3 minutes",
)
CLUSTER_ROW = ("`cluster`", "continue", "nothing is down", "2 minutes")
DOWN = "one member of etcd at a time; one kube-apiserver at a time, twice each"
NO_API = (
    "The hosts of etcd have no kube-apiserver. Monitoring, backup jobs and whoever else calls etcd by an old address have to "
    "be pointed to the new ones by their owners: they are not part of this change. "
    "`bash runbook.sh plan preflight` lists, below YOURS, what each host sees of them."
)
CALLED = "`ok: kube-apiserver of … calls etcd on …`"  # what `move` says last
FOLLOWED = "the_apiservers_have_followed"
OF_CLUSTER = ("objects_can_be_read",)  # steps that look ahead to a phase that members here do not have


def external(method: Method, beside: bool) -> Method:
    """The same where no member has a kube-apiserver: without the phase `cluster`, which asks an API. `beside`: apiservers on
    other hosts are part of the change, and have that phase; each `move` and its undo then wait until they have called this
    member again."""

    def down(size: int) -> Rows:
        rows = [tuple(_without_api(cell) for cell in row) for row in method.down(size)]
        return [*rows, AWAY, CLUSTER_ROW] if beside else rows

    def first_page(size: int) -> Rows:
        rows = method.first_page(size)
        tail = DOWN if beside else "one member of etcd at a time"
        return [(what, how if what != "What is down" or size < 3 else tail) for what, how, *_ in rows]

    phases = tuple(
        replace(p, steps=tuple(s for s in p.steps if s not in OF_CLUSTER)) for p in method.phases if p.name != "cluster"
    )
    if beside:
        phases = tuple(
            replace(
                p,
                steps=(*p.steps, FOLLOWED) if p.name == "move" else p.steps,
                seen=p.seen.replace("`ok: the API answers`", CALLED),
                undo=(*p.undo, FOLLOWED),
            )
            if p.name in ("move", "leave")
            else p
            for p in phases
        )
    return replace(
        method,
        phases=phases,
        order=tuple(_without_cluster(step) for step in method.order if step != "cluster"),
        first_page=first_page,
        down=down,
        columns=tuple(c.replace(", `cluster`", "") for c in method.columns),  # type: ignore[arg-type]
        after_the_order=NO_API,
        apiservers_before=BEFORE if beside else (),
    )


def _without_cluster(step: str | tuple[str, ...]) -> str | tuple[str, ...]:
    return step if isinstance(step, str) else tuple(name for name in step if name != "cluster")


def _without_api(cell: str) -> str:
    cell = cell.replace("`cluster`, ", "").replace("its etcd down for 3 s, its API for 15 s", "its etcd down for 3 s")
    return cell.replace("etcd and API down, Node NotReady", "its etcd down").replace(
        "its API starts", "its etcd starts"
    )
