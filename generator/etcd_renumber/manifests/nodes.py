"""YAML of a manifest as nodes with their places, read once."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import yaml

# What a safe constructor raises of a value that does not fit its tag: `!!int z`, `!!bool z`, `!!timestamp z`.
UNFIT = (ValueError, TypeError, LookupError, AttributeError, ArithmeticError)
LOADER = getattr(yaml, "CBaseLoader", yaml.BaseLoader)


@lru_cache(maxsize=256)
def documents(text: str) -> list[Any]:
    """The YAML documents of a text as nodes, which know their places; every scalar is text. Raises yaml.YAMLError."""
    return list(yaml.compose_all(text, Loader=LOADER))


@lru_cache(maxsize=256)
def first_document(text: str) -> Any:
    """The one that kubelet reads, or None; what stands behind it is not read. Raises yaml.YAMLError."""
    return next(iter(yaml.compose_all(text, Loader=LOADER)), None)


def child(node: Any, key: str) -> Any:
    """The value of this key of a mapping: the last one, as kubelet takes it; None where there is none."""
    pairs = node.value if isinstance(node, yaml.MappingNode) else []
    return next((value for k, value in reversed(pairs) if text_of(k) == key), None)


def items(node: Any) -> list[Any]:
    """Of a list, else nothing."""
    return list(node.value) if isinstance(node, yaml.SequenceNode) else []


def item(node: Any, index: int) -> Any:
    """That one of a list, or None."""
    return next(iter(items(node)[index:]), None)


def strings(node: Any) -> list[str]:
    """Of a list, as text."""
    return [text_of(n) for n in items(node)]


def text_of(node: Any) -> str:
    """Of a scalar, else nothing."""
    return str(node.value) if isinstance(node, yaml.ScalarNode) else ""


def line_of(node: Any) -> int:
    """Counted from 1."""
    return int(node.start_mark.line) + 1
