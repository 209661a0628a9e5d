"""What a member's own manifest says: its flags, the environment's flags, and the paths as the host has them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any

from etcd_renumber.addresses import is_loopback, url_of
from etcd_renumber.etcd_on_host import Etcd
from etcd_renumber.manifests.pod import document_of, list_of, main_of, not_a_pod, words_of
from etcd_renumber.model import Address, Problem

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
IN_FLAGS = "write its settings into the manifest as flags, one a line, and remove this one; then fetch the facts again"
IT_STARTS_ETCD = (
    "make etcd itself the command, each flag a word of its own: the runbook identifies the process by its arguments"
)
HOW_IT_STARTS: Mapping[str, Callable[[str], str]] = {
    "image": lambda by: "etcd is started by its image: the manifest has args and no command",
    "wrapped": lambda by: f"etcd is started by {by}, not by its own command",
    "text": lambda by: f"the command of etcd is one text of {len(by)} characters, not a list of words",
}
WRITE_IT = "write the value into the manifest on the host; then fetch the facts again"
ONE_PORT = "use addresses, with one port for all but loopback; then fetch the facts again"
STARTED_WITHOUT = "etcd has a default for it that no kubeadm host uses; write the flag into the manifest first"


def container_of(text: str) -> Mapping[str, Any]:
    """The container of a static pod that runs a program of the control plane, else the first; empty when this is no pod."""
    return main_of(text).container


def is_etcd(text: str) -> bool:
    """True for a pod one of whose containers runs etcd, plainly, by its image or somewhere inside a shell."""
    return main_of(text).program == "etcd"


def program_flags(text: str) -> dict[str, str]:
    """The flags of the program that a manifest runs, of the command line alone, in whatever way it is started."""
    return flags_in(main_of(text).arguments)


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
    env = {
        str(e.get("name", "")): str(e["value"])
        for e in list_of(container.get("env"))
        if isinstance(e, dict) and "value" in e
    }
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
    tag = re.search(r":v?([0-9]+\.[0-9]{1,3})\.[0-9][^:/]*$", image.partition("@")[0])
    return tag[1] if tag else ""


def etcd_of(text: str, place: str) -> tuple[Etcd | None, list[Problem]]:
    """The member that this manifest runs, or None and what keeps it from being read."""
    wrong = not_a_pod(text, place)
    started = main_of(text)
    container = started.container
    if wrong or started.how != "plain":
        return None, wrong or [Problem(HOW_IT_STARTS[started.how](started.by), place, "command", IT_STARTS_ETCD)]
    flags = flags_of(container)
    if "config-file" in flags and any(f not in flags for f in NEEDED):
        fact = f"--config-file={flags['config-file']}: with it etcd reads no other flag, so the manifest does not say what runs"
        return None, [Problem(fact, place, "config-file", IN_FLAGS)]
    problems = [
        Problem(f"{name} takes its value from {source}", place, key, WRITE_IT) for name, source, key in _open(container)
    ]
    if problems:
        return None, problems
    problems += [Problem(f"there is no --{f}", place, f, STARTED_WITHOUT) for f in NEEDED if f not in flags]
    paths = host_paths(text) if not problems else {}
    return member_of(flags, place, problems, lambda path: _on_host(path, paths), str(container.get("image", "")))


def _open(container: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    """(what, where from, key) of each flag and each `ETCD_*` whose value kubelet puts in when it starts the container."""
    yield from ((w.split("=")[0], "$( )", "command") for w in words_of(container) if "$(" in w)
    for entry in list_of(container.get("env")):
        if isinstance(entry, dict) and str(entry.get("name", "")).startswith("ETCD_"):
            if "$(" in str(entry.get("value", "")):
                yield entry["name"], "$( )", "env"
            elif "valueFrom" in entry:
                yield entry["name"], "valueFrom", "env"


def member_of(
    flags: Mapping[str, str], place: str, problems: list[Problem], on_host: Callable[[str], str], image: str
) -> tuple[Etcd | None, list[Problem]]:
    """The member that has these flags; `problems` are those found so far. `on_host` makes a path of them the host's."""
    listen: dict[str, tuple[tuple[Address, ...], int]] = {}
    for flag in ("listen-peer-urls", "listen-client-urls"):
        if flag in flags:
            try:
                listen[flag] = _listeners(flags[flag])
            except ValueError as error:
                problems.append(Problem(f"--{flag}={flags[flag]} cannot be read: {error}", place, flag, ONE_PORT))
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


def _listeners(urls: str) -> tuple[tuple[Address, ...], int]:
    """(addresses, port) that others reach; a listener on loopback may have another port. Raises ValueError."""
    every = [url_of(u) for u in urls.split(",") if u.strip()]
    for one in every:
        if one.address is None and one.host != "localhost":
            raise ValueError(
                f"{one.host or 'this'!r} is no address, and etcd listens on addresses and on localhost only"
            )
    outside = [u for u in every if not is_loopback(u.host)] or every
    ports = {u.port for u in outside}
    port = next(iter(ports), None)
    if port is None or len(ports) > 1:
        raise ValueError("its listeners beside loopback have more than one port" if port else "it has no port")
    return tuple(u.address for u in outside if u.address), port


def host_paths(text: str) -> dict[str, str]:
    """Path in the container to path on the host, for every mounted hostPath of the container that counts."""
    spec = document_of(text).get("spec")
    volumes = {
        v.get("name"): v["hostPath"].get("path")
        for v in list_of(spec.get("volumes") if isinstance(spec, dict) else None)
        if isinstance(v, dict) and isinstance(v.get("hostPath"), dict)
    }
    mounts = [m for m in list_of(container_of(text).get("volumeMounts")) if isinstance(m, dict)]
    return {
        str(m["mountPath"]): str(volumes[m.get("name")])
        for m in mounts
        if "mountPath" in m and volumes.get(m.get("name"))
    }


def _on_host(path: str, paths: dict[str, str]) -> str:
    """The longest mount that holds the path decides; a path in no mount is the same on the host."""
    for mount in sorted(paths, key=len, reverse=True):
        if PurePosixPath(path).is_relative_to(mount):
            return str(PurePosixPath(paths[mount]) / PurePosixPath(path).relative_to(mount))
    return path
