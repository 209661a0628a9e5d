"""One bash script that a host gets: header, values, the story, the verbs, the steps, the machinery."""

from __future__ import annotations

from collections.abc import Sequence

from etcd_renumber import __version__
from etcd_renumber.hashes import sha256
from etcd_renumber.methods.method import Method, Script
from etcd_renumber.model import Change
from etcd_renumber.rendering.environment import environment
from etcd_renumber.rendering.library import library
from etcd_renumber.rendering.story import told


def script(
    template: str, change: Change, method: Method | Script, values: Sequence[tuple[str, str]], host: str = ""
) -> str:
    """Of one kind of host; `values` are (heading, assignments). `host` is empty where several hosts have the same script."""
    mapping, text = change.cluster.mapping, library(method)
    return (
        environment()
        .get_template(f"runbook/{template}")
        .render(
            host=host,
            cluster=mapping.cluster,
            change=mapping.change,
            method=mapping.method,
            digest=change.digest,
            values=values,
            story=[told(phase) for phase in method.phases],
            version=__version__,
            library=text,
            library_sha256=sha256(text),
        )
    )
