"""What a member's own manifest says: its flags, the environment's flags, and the paths as the host has them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from ipaddress import ip_address
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import urlsplit

import yaml

from etcd_renumber.model import Address, Etcd, Problem

NEEDED = (
    "name",
    "data-dir",
    "listen-peer-urls",
    "listen-client-urls",
    "advertise-client-urls",
    "initial-advertise-peer-urls",
    "cert-file",
    "key-file",
    "trusted-ca-file",
    "peer-cert-file",
    "peer-key-file",
    "peer-trusted-ca-file",
)
STARTED_WITHOUT = "etcd has a default for it that no kubeadm host uses; write the flag into the manifest first"


@lru_cache(maxsize=256)  # every rule asks for it again, and parsing YAML is nearly all of a rendering's time
def container_of(text: str) -> Mapping[str, Any]:
    """The first container of a static pod; empty when this is no pod. One answer for all who ask: it is only read."""
    try:
        found = yaml.safe_load(text)["spec"]["containers"][0]
        return found if isinstance(found, dict) else {}
    except (yaml.YAMLError, ValueError, KeyError, TypeError, IndexError, RecursionError):
        return {}


def words_of(container: Mapping[str, Any]) -> list[str]:
    """Command and args together, as text."""
    return [str(w) for part in ("command", "args") for w in container.get(part) or []]


def is_etcd(text: str) -> bool:
    """True for a pod whose first container's command is etcd, plainly or somewhere inside a shell."""
    words = words_of(container_of(text))
    return bool(words) and (PurePosixPath(words[0]).name == "etcd" or any("etcd --" in w for w in words))


def flags_of(container: Mapping[str, Any]) -> dict[str, str]:
    """Flag name without dashes to value: `--x=y`, `--x y`, `-x y`, bare `--x` ("true"); `ETCD_X_Y` is x-y; a flag wins."""
    return in_the_environment(container) | flags_in(words_of(container)[1:])


def flags_in(arguments: Sequence[str]) -> dict[str, str]:
    """The same of the arguments alone."""
    found: dict[str, str] = {}
    words = list(arguments)
    while words:
        word = words.pop(0)
        if not word.startswith("-"):
            continue
        name, has_value, value = word.lstrip("-").partition("=")
        if not has_value:
            value = words.pop(0) if words and not words[0].startswith("-") else "true"
        found[name] = value
    return found


def in_the_environment(container: Mapping[str, Any]) -> dict[str, str]:
    """The same of `env: ETCD_*` alone."""
    env = {str(e.get("name", "")): str(e["value"]) for e in container.get("env") or [] if "value" in e}
    return flags_of_variables(env)


def flags_of_variables(variables: Mapping[str, str]) -> dict[str, str]:
    """Flag name without dashes to value, of those that are etcd's."""
    return {
        name.removeprefix("ETCD_").lower().replace("_", "-"): value
        for name, value in variables.items()
        if name.startswith("ETCD_")
    }


def on_the_command_line(text: str) -> set[str]:
    """Names of the flags that a manifest's words have: those that etcd does not start with where it does not know them."""
    return names_in(words_of(container_of(text))[1:])


def names_in(arguments: Sequence[str]) -> set[str]:
    """Names of the flags among these arguments."""
    return {w.lstrip("-").partition("=")[0] for w in arguments if w.startswith("-")}


def minor_of_image(image: str) -> str:
    """ "3.6" of "registry.k8s.io/etcd:3.6.10-0" or ":v3.6.10-0@sha256:…", as the runbook reads it; "" when no tag says it."""
    tag = re.search(r":v?(\d+\.\d+)\.\d[^:/]*$", image.partition("@")[0])
    return tag[1] if tag else ""


def addresses_of(urls: str) -> tuple[Address, ...]:
    """The addresses of a list of URLs; a host name among them raises ValueError."""
    return tuple(ip_address(urlsplit(u.strip()).hostname or "") for u in urls.split(",") if u.strip())


def etcd_of(text: str, place: str) -> tuple[Etcd | None, list[Problem]]:
    """The member that this manifest runs, or None and what keeps it from being read."""
    container = container_of(text)
    words = words_of(container)
    if PurePosixPath(words[0]).name != "etcd":
        hint = "start `etcd` itself, with its flags: the runbook identifies the process by its arguments"
        return None, [Problem(f"etcd is started by {words[0]}", place, "command", hint)]
    problems = [
        Problem(f"{w.split('=')[0]} takes its value from $( )", place, "command", "write the value into the manifest")
        for w in words
        if "$(" in w
    ]
    flags = flags_of(container)
    problems += [Problem(f"there is no --{f}", place, f, STARTED_WITHOUT) for f in NEEDED if f not in flags]
    paths = host_paths(yaml.safe_load(text)) if not problems else {}
    return member_of(flags, place, problems, lambda path: _on_host(path, paths), str(container.get("image", "")))


def member_of(
    flags: Mapping[str, str], place: str, problems: list[Problem], on_host: Callable[[str], str], image: str
) -> tuple[Etcd | None, list[Problem]]:
    """The member that has these flags; `problems` are those found so far. `on_host` makes a path of them the host's."""
    listen: dict[str, tuple[tuple[Address, ...], int]] = {}
    for flag in ("listen-peer-urls", "listen-client-urls"):
        if flag in flags:
            try:
                ports = {urlsplit(u.strip()).port for u in flags[flag].split(",")}
                listen[flag] = (addresses_of(flags[flag]), next(p for p in ports if p))
                if len(ports) > 1:
                    raise ValueError("more than one port")
            except (ValueError, StopIteration) as error:
                hint = "use addresses with one port; listeners with host names are changed in DNS"
                problems.append(Problem(f"--{flag}={flags[flag]} cannot be read: {error}", place, flag, hint))
    if problems:
        return None, problems
    peer, client = listen["listen-peer-urls"], listen["listen-client-urls"]

    def path(flag: str) -> str:
        return on_host(flags[flag])

    return Etcd(
        flags["name"],
        path("data-dir").rstrip("/"),
        path("wal-dir").rstrip("/") if flags.get("wal-dir") else None,
        peer[1],
        client[1],
        peer[0],
        client[0],
        path("cert-file"),
        path("key-file"),
        path("trusted-ca-file"),
        path("peer-cert-file"),
        path("peer-key-file"),
        path("peer-trusted-ca-file"),
        flags,
        image,
    ), []


def host_paths(pod: dict[str, Any]) -> dict[str, str]:
    """Path in the container to path on the host, for every mounted hostPath."""
    volumes = {v.get("name"): (v.get("hostPath") or {}).get("path") for v in pod["spec"].get("volumes") or []}
    mounts = pod["spec"]["containers"][0].get("volumeMounts") or []
    return {m["mountPath"]: str(volumes[m["name"]]) for m in mounts if volumes.get(m.get("name"))}


def _on_host(path: str, paths: dict[str, str]) -> str:
    """The longest mount that holds the path decides; a path in no mount is the same on the host."""
    for mount in sorted(paths, key=len, reverse=True):
        if PurePosixPath(path).is_relative_to(mount):
            return str(PurePosixPath(paths[mount]) / PurePosixPath(path).relative_to(mount))
    return path
