"""The command line: this room alone prints or exits.

Exit codes: 0 fine; 1 review, verify or report found something, or a rehearsal did not pass; 2 wrong usage, or input that cannot
be used; 130 a rehearsal was interrupted.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Annotated

import typer

from etcd_renumber import __version__
from etcd_renumber.change_folder.lint import lint
from etcd_renumber.change_folder.write import write
from etcd_renumber.checks.cluster import check
from etcd_renumber.cli import folder_commands, messages
from etcd_renumber.cli.output import complain, say
from etcd_renumber.errors import Refused
from etcd_renumber.inputs.mapping import load
from etcd_renumber.inputs.mapping_text import mapping_text
from etcd_renumber.inputs.scaffold import begin, example, fetching
from etcd_renumber.inputs.tables.choice import choice
from etcd_renumber.inputs.tables.read import read_table
from etcd_renumber.inputs.tables.reading import NAME, Table
from etcd_renumber.model import Change, Cluster, Problem
from etcd_renumber.planning.plan import plan as plan_of
from etcd_renumber.rendering.render import render as render_of

app = typer.Typer(
    help="Give every member of a Kubernetes control plane's etcd a new address, without losing a write.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

MappingFile = Annotated[Path, typer.Argument(metavar="MAPPING", help="The mapping.yaml of the change.")]
Method = Annotated[str | None, typer.Option(help="Use this method instead of the mapping's.")]


def main() -> None:
    """Run the command line; a user's mistake becomes its problems on stderr and exit 2, here and nowhere else."""
    try:
        app()
    except Refused as refused:
        complain(refused.problems)
        sys.exit(2)


@app.callback(invoke_without_command=True)
def options(version: Annotated[bool, typer.Option("--version", help="Print the version and exit.")] = False) -> None:
    """What stands before a command."""
    if version:
        say(f"etcd-renumber {__version__}")
        raise typer.Exit


@app.command()
def init(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The folder for mapping.yaml and facts/.")],
    cluster: Annotated[str | None, typer.Option(help="The cluster's name; default: the folder's.")] = None,
    source: Annotated[
        str | None,
        typer.Option(
            "--from",
            help="A CSV or table, `etcdctl member list`, `kubectl get nodes -o wide`, an Ansible inventory, /etc/hosts; "
            "- for standard input.",
        ),
    ] = None,
    columns: Annotated[
        str | None,
        typer.Option(
            help="What the columns are, in their order, `-` for one that is not read: name,old,new,-. "
            "Or by titles or variables: name=host,old=ip,new=access_ip."
        ),
    ] = None,
    group: Annotated[
        str | None, typer.Option(help="The group of an Ansible inventory whose hosts are the members.")
    ] = None,
    is_example: Annotated[
        bool, typer.Option("--example", help="Write an example of three masters, facts included.")
    ] = False,
) -> None:
    """Start a change: write a mapping.yaml to fill in. Overwrites nothing."""
    if is_example:
        if source or cluster or columns or group:
            raise typer.BadParameter("--example takes none of --from, --cluster, --columns and --group")
        begin(folder, example())
        say(f"{folder}/mapping.yaml and {folder}/facts: an example, complete")
        say(f"next: etcd-renumber plan {folder}/mapping.yaml")
        return
    if (columns is not None or group is not None) and not source:
        raise typer.BadParameter("--columns and --group are about the table of --from: name one")
    table = read_table(_text(source), source, choice(columns, group)) if source else Table()
    if table.problems:
        raise Refused(*table.problems)
    if table.rows:
        say(f"understood, from {source}:\n{messages.understood(table)}")
    begin(folder, {"mapping.yaml": mapping_text(_cluster(cluster, folder), "CHG-1", table.rows).encode()})
    say(f"{folder}/mapping.yaml: check it, and fill in what is missing")
    lines = fetching(folder, table.rows)
    if lines:
        say("\nnext, fetch the facts of every host (manifests and a public certificate, no key):\n" + "\n".join(lines))
    else:
        say(
            f"\nnext, put the facts of every host into {folder}/facts/MEMBER/:\n  manifests/, every file of its "
            "/etc/kubernetes/manifests\n  pki/etcd/ca.crt, its /etc/kubernetes/pki/etcd/ca.crt: no key"
        )
    say(
        "\nwhere systemd runs etcd: its unit file and its environment file too, beside manifests/; docs/input.md says which"
    )
    say(f"\nthen: etcd-renumber plan {folder}/mapping.yaml")


@app.command()
def plan(mapping: MappingFile, method: Method = None) -> None:
    """Show the order of the change, and every problem found. Writes nothing."""
    cluster = _checked(mapping, method)
    change = plan_of(cluster)
    size = len(cluster.mapping.members)
    say(f"{cluster.mapping.cluster}, {cluster.mapping.change}, method {cluster.mapping.method}: plan {change.digest}\n")
    say(f"{messages.order(change)}\n\n{messages.tolerance_table(size)}\n{messages.meaning(change)}\n")
    if units := messages.units(change):
        say(f"{units}\n")
    say(f"digest {change.digest}\n{messages.hashes(render_of(change))}")


@app.command()
def render(
    mapping: MappingFile,
    out: Annotated[
        Path,
        typer.Option("-o", "--out", help="The folder in which the change folder is made, named after the cluster."),
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
    say(f"{folder}: {messages.written(done)}; plan {change.digest}")
    say(f"next: etcd-renumber review {folder}, then read {folder}/RUNBOOK.md")


for command in (
    folder_commands.review,
    folder_commands.rehearse,
    folder_commands.sign,
    folder_commands.verify,
    folder_commands.report,
    folder_commands.bundle,
):
    app.command()(command)


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
        raise Refused(Problem("this is not UTF-8 text", source, hint="save it as CSV in UTF-8")) from None


def _cluster(given: str | None, folder: Path) -> str:
    if given is None:
        name = re.sub(r"[^A-Za-z0-9._-]+", "-", folder.resolve().name).strip("-._")[:63]
        return name or "cluster"
    if not NAME.fullmatch(given):
        raise typer.BadParameter(f"--cluster {given!r}: use letters, digits, dot, dash and underscore, at most 63")
    return given
