"""Rules over what the members' manifests say: flags by class, listeners, and what must be equal on all hosts."""

from __future__ import annotations

from collections.abc import Iterator

from etcd_renumber.addresses import addresses_in
from etcd_renumber.checks.etcd_flags import classify, instead_of, out_of_place
from etcd_renumber.checks.etcd_urls import url_rules
from etcd_renumber.checks.unit import place_of, unit_rules
from etcd_renumber.etcd_on_host import Etcd
from etcd_renumber.manifests.etcd import (
    container_of,
    flags_of_variables,
    in_the_environment,
    is_etcd,
    minor_of_image,
    names_in,
    on_the_command_line,
)
from etcd_renumber.manifests.pod import words_of
from etcd_renumber.methods import METHODS
from etcd_renumber.model import Cluster, Facts, Problem

EQUAL = ("peer-client-cert-auth", "client-cert-auth", "peer-cert-allowed-cn")


def etcd_rules(cluster: Cluster) -> Iterator[Problem]:
    """All of them, host after host."""
    first: Etcd | None = None
    for member in cluster.mapping.members:
        facts = cluster.facts[member.name]
        etcd = facts.etcd
        if etcd is None:
            continue  # load() has said why
        place, in_words, in_variables = _where(facts, etcd)
        yield from _flags(cluster, etcd, place)
        yield from _minor(etcd, in_words, place)
        yield from _no_minor(cluster, etcd, place)
        yield from _twice(etcd, in_words & in_variables, place)
        yield from unit_rules(cluster, member, etcd, place)
        yield from url_rules(cluster, member, etcd, place)
        if etcd.name != member.name:
            hint = "use etcd's own name in the mapping, or correct the facts: this may be the folder of another host"
            yield Problem(f"--name={etcd.name} in the facts of {member.name}", place, "name", hint)
        first = first or etcd
        yield from _equal(first, etcd, place)
        if member.stays:
            yield from _stays(cluster, facts)


def _where(facts: Facts, etcd: Etcd) -> tuple[str, set[str], set[str]]:
    """The file that says how etcd is started; the flags of its command line, and those of its environment."""
    if etcd.unit:
        variables = flags_of_variables(etcd.unit.variables)
        return str(place_of(facts, next(iter(etcd.unit.paths)))), names_in(etcd.unit.arguments), set(variables)
    file, text = next((f, t) for f, t in facts.manifests.items() if is_etcd(t))
    return str(place_of(facts, file)), on_the_command_line(text), set(in_the_environment(container_of(text)))


def _flags(cluster: Cluster, etcd: Etcd, place: str) -> Iterator[Problem]:
    """By class; an unknown flag is let through only while nothing in it can be an address or a host of the plan."""
    known = {a for m in cluster.mapping.members for a in (m.old, m.new)}
    names = {m.name for m in cluster.mapping.members}
    for name, value in etcd.flags.items():
        flag = classify(name)
        if flag is None:
            holds = [str(a) for a, _ in addresses_in(value) if a in known] + [n for n in names if n in value]
            if holds:
                fact = f"unknown flag --{name}={value}: it contains {holds[0]}"
                yield Problem(
                    fact, place, name, "remove the flag for the change: what it does with an old address is unknown"
                )
            else:
                fact = f"unknown flag --{name}: no etcd from 3.3 to 3.7 has it, as far as this tool knows"
                yield Problem(fact, place, name, "it is kept as it is", "warning")
        elif flag.kind == "refused" and value != "false":
            yield Problem(f"--{name}={value}: {flag.why}", place, name, "remove the flag first, then plan again")
        elif flag.kind == "noted" and value != "false":
            yield Problem(
                f"--{name}: {flag.why}",
                place,
                name,
                "the gate checks connections in both directions all the same",
                "note",
            )


def _minor(etcd: Etcd, in_words: set[str], place: str) -> Iterator[Problem]:
    """Flags that etcd of the image's minor does not know: it does not start with one, and ignores one of the environment."""
    minor = minor_of_image(etcd.image)
    for name in etcd.flags:
        why = out_of_place(name, minor)
        if why and name in in_words:
            other = instead_of(name, minor)
            hint = f"{f'use {other}' if other else 'remove it'}; or correct the image's tag, {etcd.image}"
            yield Problem(f"--{name}: {why}, and the image is {minor}: it does not start with it", place, name, hint)
        elif why:
            fact = f"ETCD_{name.upper().replace('-', '_')}: {why}, and the image is {minor}"
            yield Problem(fact, place, name, "etcd of this minor version logs a warning and ignores it", "warning")


def _no_minor(cluster: Cluster, etcd: Etcd, place: str) -> Iterator[Problem]:
    """With etcd down the tag alone says which tools are right; a method that keeps the quorum asks the etcd that runs."""
    if etcd.unit or minor_of_image(etcd.image) or METHODS[cluster.mapping.method].keeps_quorum:
        return
    fact = f"the tag of the image {etcd.image} names no version: while etcd is down, only the image itself has the right tools"
    hint = (
        "keep the image on the host, or write the version into its tag (a digest may follow it); else preflight refuses"
    )
    yield Problem(fact, place, "image", hint, "warning")


def _twice(etcd: Etcd, names: set[str], place: str) -> Iterator[Problem]:
    """Flags that are in the environment too: 3.3 takes the flag and warns, later ones end ("conflicting environment variable")."""
    minor = minor_of_image(etcd.image)
    for name in sorted(names):
        variable = f"ETCD_{name.upper().replace('-', '_')}"
        starts = minor in ("", "3.3")
        fact = f"--{name} and {variable} are both set: {'from 3.4 on ' if starts else ''}etcd does not start with it"
        yield Problem(fact, place, name, f"remove {variable}", "warning" if starts else "error")


def _equal(first: Etcd, etcd: Etcd, place: str) -> Iterator[Problem]:
    hint = "make it the same on all hosts of the cluster"
    for what, one, other in (
        ("peer port", first.peer_port, etcd.peer_port),
        ("client port", first.client_port, etcd.client_port),
        *((f"--{f}", first.flags.get(f, ""), etcd.flags.get(f, "")) for f in EQUAL),
    ):
        if one != other:
            yield Problem(f"{_has(etcd, what, other)}, {_has(first, what, one)}", place, what.lstrip("-"), hint)
    what = "--initial-cluster-token"
    mine, theirs = etcd.flags.get("initial-cluster-token", ""), first.flags.get("initial-cluster-token", "")
    if mine != theirs:
        hint = "etcd with data does not read it; make it the same everywhere with the next change of the manifests"
        yield Problem(f"{_has(etcd, what, mine)}, {_has(first, what, theirs)}", place, what.lstrip("-"), hint, "note")


def _has(etcd: Etcd, what: str, value: object) -> str:
    return f"{etcd.name} has no {what}" if value == "" else f"{etcd.name} has {what} {value}"


def _stays(cluster: Cluster, facts: Facts) -> Iterator[Problem]:
    """No phase touches the manifests of a member that stays; old addresses of other members in them are left to the operator."""
    going = cluster.mapping.moves()
    for file, text in facts.manifests.items():
        for word in words_of(container_of(text)):
            held = [str(a) for a, _ in addresses_in(word) if a in going]
            if held and not word.startswith("--initial-cluster="):
                fact = f"{facts.member} keeps its address, but its {file} names the old address {held[0]}: {word.split('=')[0]}"
                yield Problem(
                    fact, str(facts.folder / "manifests" / file), file, "change it by hand after this change", "warning"
                )
