"""The jinja2 environment that all templates share: they assemble text, they decide nothing."""

from __future__ import annotations

from functools import cache

import jinja2

from generator.resources import folder


@cache
def environment() -> jinja2.Environment:
    """Bash and Markdown, not HTML: nothing is escaped here; values are quoted before they come in."""
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(folder("templates")),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,
    )
