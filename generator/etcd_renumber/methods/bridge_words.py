"""The words of bridge in RUNBOOK.md: what people do, the first page, what is down meanwhile, what comes after the order."""

from __future__ import annotations

from etcd_renumber.methods.method import Action, Rows
from etcd_renumber.quorum import tolerance

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
        (
            "Need not be there",
            f"the data of {tolerated} of {size} hosts: the others pass with `--without`, then `rejoin --lost`"
            if tolerated
            else "nothing: the data of every host must be there",
        ),
    ]


def down(size: int) -> Rows:
    """Line, writes to etcd, this host meanwhile, the limit after which it is not normal."""
    return [
        ("`preflight`, `prepare`", "none, as before", "nothing that runs is changed", "1 minute"),
        ("`readdress`", "none until a majority is through", "etcd starts", "2 minutes"),
        ("`settle`", "continue as soon as there is quorum", "its API starts", "5 minutes"),
        (
            "`rejoin`",
            "continue",
            "where its data is lost: etcd fetches everything",
            "1 minute; with `--lost` 10, with much data 20",
        ),
        ("`unbridge`", "continue, with a gap of up to 0.3 s", "nothing is down", "2 minutes"),
        ("`cluster`, `release`, `finish`", "continue", "nothing is down", "2 minutes"),
    ]


def meaning(size: int) -> str:
    """What the tolerance means while the change runs."""
    hosts = f"{tolerance(size)[0]} of {size} hosts"
    return f"etcd is down until `readdress` is done on {hosts}; it works while the data of {hosts} is there."


AFTER_THE_ORDER = (
    "Before the first `settle`, point the load balancers, DNS names and other people's kubeconfigs that call the API at "
    "an old address to the new ones: they are not part of this change; `preflight` and `finish` list what they see. Where that "
    "comes later, `settle` says `NOT YET` and ends well, since this host's own API is back; `unbridge` refuses until then.\n\n"
    "`preflight` ends with exit 4 on a host whose data is lost. The others then carry out all lines up to the last `settle` "
    "with `--without NAME` (`bash run.sh apply --without NAME --to M`, M the line of the last `settle`); that host gets its "
    "new address, and comes back in its line `rejoin`, as `bash runbook.sh apply rejoin --lost NAME` (`bash run.sh apply "
    "--from N --lost NAME`, N the line after M): nothing before it is needed there. From then on no line "
    "needs `--without`. Its member id is another one then: `ids:` of `finish` says `DIFFERENT` on the other hosts for that "
    "member, and that is right."
)
