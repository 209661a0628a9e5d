"""The jinja2 environment that all templates share: they assemble text, they decide nothing."""

from __future__ import annotations

from functools import cache

import jinja2

from generator.assets import folder


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
