"""The jinja2 environment that all templates share: they assemble text, they decide nothing."""

from __future__ import annotations

from functools import cache
from typing import Any

import jinja2

from etcd_renumber.assets import folder, template
from etcd_renumber.hashes import sha256


@cache
def environment(html: bool = False) -> jinja2.Environment:
    """Bash and Markdown are not escaped: values are quoted before they come in. In `html` everything is."""
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(folder("templates")),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=html,
    )


@cache
def inlined(names: tuple[str, ...]) -> list[dict[str, Any]]:
    """These files of templates/ as they are, each with the first 12 hex digits of its sha256."""
    return [{"name": n, "sha": sha256(template(n))[:12], "text": template(n).rstrip("\n")} for n in names]
