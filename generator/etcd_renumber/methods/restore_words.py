"""What RUNBOOK.md and `plan` say of the method restore as a whole."""

from __future__ import annotations

from etcd_renumber.methods.method import Rows

# Where the copy of the snapshot lies on every host but the source: root's home is always there, and no phase writes to this name.
CARRIED = "/root/etcd-renumber-carried.db"

AFTER_THE_ORDER = f"""\
**The source**, the host of line `snapshot`, is known once every `stop` is done.
Run `snapshot` with the last lines of all `stop`s on any host: it takes the snapshot, or ends with exit 3 and names the host
that has to. For a host that is there and whose data is not, so that it can give no such line, add `--lost NAME`; for a host
that is gone itself, `--without NAME`.
To use a snapshot of your own: `apply snapshot --from FILE`, on the host that has it.

FILE and HEX of the `restore` lines stand in the last line of `snapshot`.
Copy FILE to every other host, there as `{CARRIED}`, as root with mode 0600. Do not copy it to the path that it has
on the source: another host may have its own snapshot under that very name.
Compare there: `sha256sum {CARRIED}` prints HEX. On these hosts the line is
`bash runbook.sh apply restore --snapshot {CARRIED} --sha256 HEX`.
A snapshot contains every Secret: its copies are readable by root only. `restore` keeps a copy in the change's own folder, and
that one stays, for root alone. `reopen` removes nothing: where the file that `--snapshot` named lies outside of that folder,
`reopen` says so behind `YOURS`. Keep that file where backups are kept, or remove it.

`restore` raises etcd's revision, so that whoever watches the cluster lists everything anew. Where etcd cannot do that (before
3.4.27 and 3.5.10), `reopen` says what to restart instead, on every node: kubelet, kube-proxy, the network plugin and every
controller. Have somebody at hand who can.

Before the first `reopen`, point the load balancers, DNS names and other people's kubeconfigs that call the API at an old
address to the new ones. They are not part of this change, and `reopen` ends with exit 5 while one that this host's control
plane calls does not answer: the API of this host is back then; rerun it once they are."""


def down(size: int) -> Rows:
    """Line, writes to etcd, this host meanwhile, the limit after which it is not normal."""
    return [
        ("`preflight`, `prepare`", "as before", "nothing that runs is changed", "1 minute"),
        ("`quiesce`", "no client can ask", "its API is down", "1 minute"),
        ("`stop`", "none from the second host on", "etcd stops", "2 minutes, plus a copy of the data"),
        ("`snapshot`", "none", "nothing runs", "2 minutes, plus two copies"),
        ("`restore`", "none", "nothing runs", "1 minute, plus a copy"),
        ("`start`", "none: no client can ask", "etcd starts", "2 minutes"),
        ("`finish`", "no client can ask", "nothing is changed", "2 minutes"),
        ("`reopen`", "continue", "the API starts", "4 minutes"),
        ("`cluster`", "continue", "nothing is down", "2 minutes"),
    ]


def first_page(size: int) -> Rows:
    """Of the box at the top."""
    gone = f"the data of {size - 1} of {size} hosts; a host that is gone is left out with `--without`"
    return [
        ("What is down", "**the API, from the first `quiesce` to the first `reopen`**; pods run on"),
        ("What it makes", "a **new cluster** (another cluster id) with the data of one snapshot"),
        ("What may be lost", "nothing, where the cluster has quorum until `stop`;"),
        ("", "else what was acknowledged last: `bridge` loses nothing where a majority has its data"),
        ("Point of no return", "the first `reopen`: before it every line can be undone, last one first;"),
        ("", "the old data is kept on each host, never deleted"),
        ("Need not be there", gone if size > 1 else "nothing, except the data where there is a snapshot file"),
    ]


def price(size: int) -> str:
    """What a restore costs, beside what a bridge does: for `plan`."""
    return (
        "The price of a restore, beside the other ways:\n"
        "  rolling  etcd and the API stay up; nothing is lost                               needs quorum\n"
        f"  bridge   down until {size // 2 + 1} of {size} hosts are done; nothing is lost; the same cluster   "
        "needs the data of a majority\n"
        "  restore  the API down for the whole procedure; a new cluster;                    "
        "needs one host's data, or a file\n"
        "           without quorum the last acknowledged writes may be missing\n"
        "A restore is the last resort: choose it where the others are not possible."
    )
