"""The command line: the only room that prints or exits.

Exit codes: 0 fine; 1 review or report found something; 2 wrong usage, or input that cannot be used.
"""

from __future__ import annotations

import re
import sys
from dataclasses import replace
from itertools import zip_longest
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from generator import __version__, show
from generator.begin import begin, example, fetching
from generator.bundle import bundle as bundle_of
from generator.change_report import change_report, verdict
from generator.check import check
from generator.errors import Refused
from generator.intake import NAME, Table, mapping_text, read_table
from generator.lint import lint
from generator.load import load
from generator.model import Change, Cluster, Problem
from generator.plan import plan as plan_of
from generator.render import render as render_of
from generator.review import review as review_of
from generator.signing import sign as sign_of
from generator.write import put, write

app = typer.Typer(
    help="Give every member of a Kubernetes control plane's etcd a new address, without losing a write.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
COLOURS = {"error": "bold red", "warning": "yellow", "note": "cyan"}

MappingFile = Annotated[Path, typer.Argument(metavar="MAPPING", help="The mapping.yaml of the change.")]
Folder = Annotated[Path, typer.Argument(metavar="FOLDER", help="A change folder, such as out/prod.")]
Method = Annotated[str | None, typer.Option(help="Take this method instead of the mapping's.")]


def main() -> None:
    """Run the command line; a user's mistake becomes its problems on stderr and exit 2, here and nowhere else."""
    try:
        app()
    except Refused as refused:
        complain(refused.problems)
        sys.exit(2)


@app.callback(invoke_without_command=True)
def options(version: Annotated[bool, typer.Option("--version", help="Print the version and leave.")] = False) -> None:
    """What stands before a command."""
    if version:
        say(f"etcd-renumber {__version__}")
        raise typer.Exit


@app.command()
def init(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Where mapping.yaml and facts/ shall be.")],
    cluster: Annotated[str | None, typer.Option(help="The cluster's name; else the folder's.")] = None,
    source: Annotated[
        str | None,
        typer.Option("--from", help="A CSV, a table or a pasted `etcdctl member list`; - for standard input."),
    ] = None,
    is_example: Annotated[
        bool, typer.Option("--example", help="Write an example of three masters, facts included.")
    ] = False,
) -> None:
    """Begin a change: a mapping.yaml to fill in. Overwrites nothing."""
    if is_example:
        if source or cluster:
            raise typer.BadParameter("--example takes neither --from nor --cluster")
        begin(folder, example())
        say(f"{folder}/mapping.yaml and {folder}/facts: an example, complete")
        say(f"next: etcd-renumber plan {folder}/mapping.yaml")
        return
    table = read_table(_text(source), source) if source else Table((), (), ())
    if table.problems:
        raise Refused(*table.problems)
    if table.rows:
        say(f"understood, from {source}:\n{show.understood(table)}")
    begin(folder, {"mapping.yaml": mapping_text(_cluster(cluster, folder), "CHG-1", table.rows).encode()})
    say(f"{folder}/mapping.yaml: look through it, fill in what is open")
    lines = fetching(folder, table.rows)
    if lines:
        say("\nnext, fetch the facts of every host (manifests and a public certificate, no key):\n" + "\n".join(lines))
    else:
        say(
            f"\nnext, put the facts of every host into {folder}/facts/MEMBER/:\n  manifests/*.yaml, every file of its "
            "/etc/kubernetes/manifests\n  pki/etcd/ca.crt, its /etc/kubernetes/pki/etcd/ca.crt: no key, nothing else"
        )
    say(f"\nthen: etcd-renumber plan {folder}/mapping.yaml")


@app.command()
def plan(mapping: MappingFile, method: Method = None) -> None:
    """Show what would be done, in order, and everything that speaks against it. Writes nothing."""
    cluster = _checked(mapping, method)
    change = plan_of(cluster)
    size = len(cluster.mapping.members)
    say(f"{cluster.mapping.cluster}, {cluster.mapping.change}, method {cluster.mapping.method}: plan {change.digest}\n")
    say(f"{show.order(change)}\n\n{show.tolerance_table(size)}\n{show.meaning(size, cluster.mapping.method)}\n")
    say(f"digest {change.digest}\n{show.hashes(render_of(change))}")


@app.command()
def render(
    mapping: MappingFile,
    out: Annotated[
        Path, typer.Option("-o", "--out", help="The change folder is made in here, named by the cluster.")
    ] = Path("out"),
    method: Method = None,
) -> None:
    """Write the change folder: a runbook for every host, the new manifests, the order. Linted before it is written."""
    cluster = _checked(mapping, method)
    change: Change = plan_of(cluster)
    files = render_of(change)
    problems = lint(files)
    if problems:
        raise Refused(*problems)
    folder = out / cluster.mapping.cluster
    done = write(folder, files, change.digest)
    say(f"{folder}: {show.written(done)}; plan {change.digest}")
    say(f"next: etcd-renumber review {folder}, then read {folder}/RUNBOOK.md")


@app.command()
def review(folder: Folder) -> None:
    """Check a change folder against itself and against its inputs. Exit 0, or 1 with a list."""
    problems = review_of(folder)
    complain(problems)
    if any(p.severity != "note" for p in problems):
        raise typer.Exit(1)
    say(f"{folder}: hashes, scripts, manifests and plan agree")


@app.command()
def sign(
    folder: Folder,
    key: Annotated[Path, typer.Option(help="An ssh key, or the public key of one in the agent.")],
    signer: Annotated[str | None, typer.Option(help="As allowed_signers names you; else the key's comment.")] = None,
) -> None:
    """Sign the folder's SHA256SUMS with an ssh key, into signatures/. Reviews it first."""
    say(f"signed: {sign_of(folder, key, signer)}")


@app.command()
def report(folder: Folder) -> None:
    """Write evidence/REPORT.md: the change as it was carried out. Exit 0, or 1 where evidence is missing or contradicts."""
    text, problems = change_report(folder)
    path = put(folder / "evidence" / "REPORT.md", text.encode())
    complain(problems)
    say(f"{path}: {verdict(problems)}")
    if any(p.severity != "note" for p in problems):
        raise typer.Exit(1)


@app.command()
def bundle(
    folder: Folder,
    out: Annotated[Path | None, typer.Option("-o", "--out", help="The archive; else FOLDER.tar.gz.")] = None,
) -> None:
    """Pack the folder with its evidence into one .tar.gz for the ticket. The same files, the same bytes."""
    target = out or folder.with_name(folder.resolve().name + ".tar.gz")
    say(f"{bundle_of(folder, target)}  {target}")


def _checked(mapping: Path, method: str | None) -> Cluster:
    """The cluster, its warnings shown; Refused when there is an error among its problems."""
    cluster = load(mapping, method)
    problems = check(cluster)
    if any(p.severity == "error" for p in problems):
        raise Refused(*problems)
    complain(problems)
    return cluster


def _text(source: str) -> str:
    try:
        return sys.stdin.read() if source == "-" else Path(source).read_text(encoding="utf-8")
    except OSError as error:
        raise Refused(Problem(f"{error.strerror}: {source}", hint="name a file, or - for standard input")) from None
    except UnicodeDecodeError:
        raise Refused(Problem("this is no UTF-8 text", source, hint="save it as CSV in UTF-8")) from None


def _cluster(given: str | None, folder: Path) -> str:
    if given is None:
        name = re.sub(r"[^A-Za-z0-9._-]+", "-", folder.resolve().name).strip("-._")[:63]
        return name or "cluster"
    if not NAME.fullmatch(given):
        raise typer.BadParameter(f"--cluster {given!r}: letters, digits, dot, dash and underscore, at most 63")
    return given


def say(text: str) -> None:
    """To stdout, as it is: lines can be copied, nothing is wrapped or coloured."""
    typer.echo(text)


def complain(problems: tuple[Problem, ...] | list[Problem]) -> None:
    """Each problem to stderr, a hint they share once. Colour on a terminal only; never wrapped."""
    console = Console(stderr=True, soft_wrap=True, highlight=False, markup=False, emoji=False)
    for p, after in zip_longest(problems, problems[1:]):
        is_said_below = after is not None and (after.hint, after.severity) == (p.hint, p.severity)
        text = Text(show.problem(replace(p, hint="") if is_said_below else p))
        text.stylize(COLOURS[p.severity], 0, len(p.severity))
        console.print(text)
