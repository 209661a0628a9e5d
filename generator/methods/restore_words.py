"""What RUNBOOK.md and `plan` say of the method restore as a whole."""

from __future__ import annotations

from generator.methods.method import Rows

AFTER_THE_ORDER = """\
**The source**, line `snapshot`, is not known before the candidates are.
Hand the last lines of all `stop`s to any host: it does it, or names the one that must.
A host that can give no line is left out of the choice with `--lost NAME`.
A snapshot of your own instead: `apply snapshot --from FILE`, on the host that has it.

FILE and HEX of the `restore` lines stand in the last line of `snapshot`.
A snapshot holds every Secret: its copies are for root alone.

Load balancers, DNS names and kubeconfigs that call the API at an old address must know the new one before `reopen`.
They are not part of this change."""


def down(size: int) -> Rows:
    """Line, writes to etcd, this host meanwhile, the limit after which it is not normal."""
    return [
        ("`preflight`, `prepare`", "as before", "nothing is changed that runs", "1 minute"),
        ("`quiesce`", "nobody asks for any", "its API is down", "1 minute"),
        ("`stop`", "none from the second host on", "etcd ends", "2 minutes, plus a copy of the data"),
        ("`snapshot`", "none", "nothing runs", "2 minutes, plus two copies"),
        ("`restore`", "none", "nothing runs", "1 minute, plus a copy"),
        ("`start`", "go on, as soon as there is quorum", "etcd starts", "2 minutes"),
        ("`finish`", "nobody asks for any", "nothing is changed", "2 minutes"),
        ("`reopen`", "go on", "the API comes back", "2 minutes"),
    ]


def first_page(size: int) -> Rows:
    """Of the box at the top."""
    return [
        ("What is down", "**the API, from the first `quiesce` to the first `reopen`**; running pods go on"),
        ("What it makes", "a **new cluster** (another cluster id) with the data of one snapshot"),
        ("What may be lost", "nothing, where the cluster has quorum until `stop`;"),
        ("", "else what was acknowledged last: `bridge` loses nothing where a majority has its data"),
        ("Point of no return", "the first `reopen`: until then every line can be taken back, last one first;"),
        ("", "the old data is set aside on each host, never deleted"),
        ("May fail meanwhile", f"the data of {size - 1} of {size} hosts may be gone; all hosts must be there"),
    ]


def price(size: int) -> str:
    """What a restore costs, beside what a bridge does: for `plan`."""
    return (
        "The price of a restore, beside the other ways:\n"
        "  rolling  etcd and the API stay up; nothing is lost                               needs quorum\n"
        f"  bridge   down until {size // 2 + 1} of {size} hosts are through; nothing is lost; the same cluster   "
        "needs the data of a majority\n"
        "  restore  the API down for the whole procedure; a new cluster;                    "
        "needs one host's data, or a file\n"
        "           without quorum the last acknowledged writes may be missing\n"
        "A restore is the last of the three: choose it where the others cannot be."
    )
