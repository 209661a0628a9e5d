"""What is done with a change folder once it is rendered: looked through, rehearsed, signed, reported on, packed."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import Annotated

import typer

from etcd_renumber.change_folder.bundle import bundle as bundle_of
from etcd_renumber.change_folder.review import review as review_of
from etcd_renumber.change_folder.sign import sign as sign_of
from etcd_renumber.change_folder.verify import verify as verify_of
from etcd_renumber.change_folder.write import put
from etcd_renumber.cli import messages
from etcd_renumber.cli.output import complain, say, stay, watch
from etcd_renumber.model import Problem
from etcd_renumber.records.run import last_rehearsal
from etcd_renumber.rehearsal.build_record import Options
from etcd_renumber.rehearsal.control_plane.rehearse import rehearse as rehearse_on_control_plane
from etcd_renumber.rehearsal.rehearse import rehearse as rehearse_of
from etcd_renumber.reports.change_report import change_report, verdict

Folder = Annotated[Path, typer.Argument(metavar="FOLDER", help="A change folder, such as out/prod.")]


def review(folder: Folder) -> None:
    """Check a change folder against itself and against its inputs. Exit 0, or 1 with a list."""
    problems = review_of(folder)
    rehearsed = messages.rehearsed(last_rehearsal(folder), folder)
    complain([*problems, rehearsed])
    if any(p.severity != "note" for p in [*problems, rehearsed]):
        raise typer.Exit(1)
    say(f"{folder}: hashes, scripts, manifests and plan agree")


def rehearse(
    folder: Folder,
    etcd: Annotated[
        str | None,
        typer.Option(help="A folder with etcd and etcdctl, or a version; default: the version that the facts name."),
    ] = None,
    snapshot: Annotated[Path | None, typer.Option(help="Start with the data of this snapshot file.")] = None,
    writers: Annotated[int, typer.Option(min=1, max=64, help="How many clients write at the same time.")] = 4,
    crash: Annotated[bool, typer.Option("--crash", help="bridge, restore: all members are killed under load.")] = False,
    fail: Annotated[
        list[str] | None,
        typer.Option(help="A drill: HOST:PHASE:N kills that runbook after N commands; HOST:down. May be given again."),
    ] = None,
    control_plane: Annotated[
        bool,
        typer.Option(
            "--control-plane",
            help="On a real control plane: kubeadm, kubelet, the API. Needs root; about 5 minutes, 15 the first time.",
        ),
    ] = False,
    endpoint: Annotated[
        str | None,
        typer.Option(
            help="With --control-plane: NAME:PORT of the control plane's endpoint, or none; default: a balancer of the replica."
        ),
    ] = None,
    keep: Annotated[
        bool, typer.Option("--keep", help="Keep the replica running at the end, until Enter or Ctrl-C.")
    ] = False,
) -> None:
    """Run the bytes of the folder on a replica of its cluster: namespaces, a real etcd, writers. Exit 0 when it passed."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    if endpoint and not control_plane:
        raise typer.BadParameter("--endpoint needs --control-plane")
    options = Options(etcd, snapshot, writers, crash, tuple(fail or ()), control_plane, endpoint)
    try:
        run = (rehearse_on_control_plane if control_plane else rehearse_of)(
            folder, options, watch(), stay if keep else None
        )
    except KeyboardInterrupt:
        complain([Problem("interrupted; nothing is left of the replica, and no report was written", severity="note")])
        raise typer.Exit(130) from None
    say(f"{messages.outcome(run)}\n{folder}/rehearsal/REPORT.md for the ticket, REPORT.html and COMMANDS.md beside it")
    if not run.passed:
        raise typer.Exit(1)


def sign(
    folder: Folder,
    key: Annotated[Path, typer.Option(help="An ssh key, or the public key of one in the agent.")],
    signer: Annotated[
        str | None, typer.Option(help="Your name in allowed_signers; default: the key's comment.")
    ] = None,
) -> None:
    """Sign the folder's SHA256SUMS with an ssh key, into signatures/. Reviews it first."""
    say(f"signed: {sign_of(folder, key, signer)}")


def verify(
    folder: Folder,
    allowed_signers: Annotated[
        Path | None,
        typer.Option(help="Who may sign, in ssh-keygen's format; default: /etc/etcd-renumber/allowed_signers."),
    ] = None,
    needed: Annotated[
        int | None,
        typer.Option(min=1, max=99, help="How many people must have signed; default: as for run.sh, else 1."),
    ] = None,
) -> None:
    """Check the folder's sums and signatures by code that does not come from the folder. Exit 0, or 1 with a list."""
    valid, problems = verify_of(folder, allowed_signers, needed)
    complain(problems)
    for one in valid:
        say(f"signed by {one.signer}: {one.key}")
    if problems:
        raise typer.Exit(1)
    say(f"{folder}: every file is the one that was signed")


def report(folder: Folder) -> None:
    """Write evidence/REPORT.md and REPORT.html: the change as it was carried out, compared with its rehearsal.

    Exit 0, or 1 where evidence is missing or contradictory.
    """
    files, problems = change_report(folder)
    for name, text in files.items():
        put(folder / "evidence" / name, text.encode())
    complain(problems)
    say(f"{folder}/evidence/REPORT.md: {verdict(problems)}")
    if any(p.severity != "note" for p in problems):
        raise typer.Exit(1)


def bundle(
    folder: Folder,
    out: Annotated[Path | None, typer.Option("-o", "--out", help="The archive; default: FOLDER.tar.gz.")] = None,
) -> None:
    """Pack the folder with its evidence into one .tar.gz for the ticket. The same files, the same bytes."""
    target = out or folder.with_name(folder.resolve().name + ".tar.gz")
    say(f"{bundle_of(folder, target)}  {target}")
