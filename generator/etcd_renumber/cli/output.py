"""What reaches the terminal: lines that can be copied, problems, and the one line that is written over while time passes."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import zip_longest

import typer
from rich.console import Console
from rich.text import Text

from etcd_renumber.cli import messages
from etcd_renumber.model import Problem
from etcd_renumber.rehearsal.progress import Progress
from etcd_renumber.rehearsal.replica import Replica

COLOURS = {"error": "bold red", "warning": "yellow", "note": "cyan"}


def say(text: str) -> None:
    """To stdout, as it is: lines can be copied, nothing is wrapped or coloured."""
    typer.echo(text)


def complain(problems: Sequence[Problem]) -> None:
    """Each problem to stderr, a hint they share once. Colour on a terminal only; never wrapped."""
    console = Console(stderr=True, soft_wrap=True, highlight=False, markup=False, emoji=False)
    for p, after in zip_longest(problems, problems[1:]):
        is_said_below = after is not None and (after.hint, after.severity) == (p.hint, p.severity)
        text = Text(messages.problem(replace(p, hint="") if is_said_below else p))
        text.stylize(COLOURS[p.severity], 0, len(p.severity))
        console.print(text)


def watch() -> Callable[[Progress], None]:
    """One line that is written over while a phase runs, and stays once it has ended; nothing where nobody watches."""
    last = ""

    def tell(progress: Progress) -> None:
        nonlocal last
        text = messages.progress(progress)
        if text != last:
            typer.echo(f"\r\x1b[2K{text}", nl=progress.exit is not None)
        last = text

    return tell if sys.stdout.isatty() else lambda progress: None


def stay(replica: Replica) -> None:
    """The replica runs until the user ends it; its reports are written already."""
    say(f"{messages.doors(replica)}\nthe replica runs until Enter or Ctrl-C")
    try:
        if sys.stdin.isatty():
            sys.stdin.readline()
        else:
            signal.pause()
    except KeyboardInterrupt:
        return
