"""What a manifest makes: its process as /proc will show it, its pod in the API, where its health is asked."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any

import yaml

from etcd_renumber.etcd_on_host import Process
from etcd_renumber.manifests.nodes import child, first_document, item, items, strings, text_of
from etcd_renumber.manifests.pod import PROGRAMS, main_of

# /proc shows another text or, after `exec`, another program: of a shell, a script, a web server, `env`.
RENAMED = re.compile(r"(ba|da|a|z|k)?sh|.*\.sh|.*entrypoint|nginx.*|openresty|env")


def process(text: str) -> Process:
    """The container that counts as /proc will show it: command and args together, `$(NAME)` filled in from its `env`.

    `argv` is empty where the manifest cannot say it: no command, another program that starts it, one that writes over its
    arguments, or a variable whose value only the kubelet knows.
    """
    started = main_of(text)
    if started.how != "plain" or RENAMED.fullmatch(started.program):
        return Process(started.program[:15] if started.program in PROGRAMS else "", ())
    container = _container(text)
    argv = [*strings(child(container, "command")), *strings(child(container, "args"))]
    env: dict[str, str | None] = {}
    for entry in items(child(container, "env")):
        value = child(entry, "value")
        known = isinstance(value, yaml.ScalarNode) or child(entry, "valueFrom") is None
        env[text_of(child(entry, "name"))] = _filled(text_of(value), env) if known else None
    filled = [_filled(a, env) for a in argv]
    known_argv = tuple(a for a in filled if a is not None)
    name = PurePosixPath(known_argv[0]).name.encode()[:15].decode(errors="ignore") if filled[0] else ""
    return Process(name, known_argv if len(known_argv) == len(argv) else ())


def pod(text: str) -> str:
    """ "kube-system/pods/etcd": namespace and name as the API's path has them, without the Node's name; empty where none is."""
    metadata = child(first_document(text), "metadata")
    name = text_of(child(metadata, "name"))
    return f"{text_of(child(metadata, 'namespace')) or 'default'}/pods/{name}" if name else ""


def health(text: str) -> str:
    """ "127.0.0.1 10257 /healthz": where its liveness probe asks over TLS; empty where it does not. A port may be a name."""
    container = _container(text)
    ask = child(child(container, "livenessProbe"), "httpGet")
    port = text_of(child(ask, "port"))
    named = {text_of(child(p, "name")): text_of(child(p, "containerPort")) for p in items(child(container, "ports"))}
    if text_of(child(ask, "scheme")) != "HTTPS" or not text_of(child(ask, "host")):
        return ""
    return f"{text_of(child(ask, 'host'))} {named.get(port, port)} {text_of(child(ask, 'path')) or '/'}"


def _container(text: str) -> Any:
    """Its node: the one that `main_of` chooses."""
    containers = child(child(first_document(text), "spec"), "containers")
    return item(containers, main_of(text).number)


def _filled(text: str, env: Mapping[str, str | None]) -> str | None:
    """Kubernetes' own expansion: `$$` is `$`, an unknown `$(NAME)` stays as it is. None: the file does not say it."""
    names = re.findall(r"\$\$|\$\(([-._a-zA-Z][-._a-zA-Z0-9]*)\)", text)
    if any(env.get(n, "") is None for n in names):
        return None

    def one(match: re.Match[str]) -> str:
        return "$" if match[0] == "$$" else str(env.get(match[1], match[0]))

    return re.sub(r"\$\$|\$\(([-._a-zA-Z][-._a-zA-Z0-9]*)\)", one, text)
