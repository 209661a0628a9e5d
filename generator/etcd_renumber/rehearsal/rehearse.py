"""A rehearsal: the bytes of a change folder run against a replica of its cluster, and what came of it written down."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

from etcd_renumber.checks.etcd_flags import out_of_place
from etcd_renumber.errors import Refused
from etcd_renumber.manifests.etcd import is_etcd, names_in, on_the_command_line
from etcd_renumber.model import Change, Problem
from etcd_renumber.planning.plan import moved_before
from etcd_renumber.records.run import FILE, Run, to_json
from etcd_renumber.rehearsal import subnets
from etcd_renumber.rehearsal.build_record import Options, Seen, record
from etcd_renumber.rehearsal.drills import Drills, drills
from etcd_renumber.rehearsal.etcd_binaries import choose
from etcd_renumber.rehearsal.etcd_binaries.choose import Chosen
from etcd_renumber.rehearsal.open_change import opened
from etcd_renumber.rehearsal.output_folder import put, results
from etcd_renumber.rehearsal.progress import Progress, Tell
from etcd_renumber.rehearsal.replica import Replica
from etcd_renumber.rehearsal.replica_hosts import hosts, show_reviewed_ca
from etcd_renumber.rehearsal.requirements import probe
from etcd_renumber.rehearsal.runner import Pausing, Stage
from etcd_renumber.rehearsal.testbed.load_client import Writer
from etcd_renumber.rehearsal.testbed.testbed import Bed
from etcd_renumber.rehearsal.verdict import cluster, faults_at_the_end, faults_of_the_load, seats
from etcd_renumber.reports.run_report import reports

RATE = 10.0  # writes a second, by each writer


def rehearse(folder: Path, options: Options, tell: Tell, keep: Callable[[Replica], None] | None = None) -> Run:
    """Carry out the change folder's whole order; its reports lie in its rehearsal/ afterwards.

    `tell` hears about every line, many times a second. `keep` is called with the replica before it goes. Raises Refused,
    before anything was built, for what cannot be rehearsed.
    """
    change = opened(folder)
    asked = drills(list(options.fail), change)
    chosen = choose.choose(options.etcd, _images(change), lambda line: tell(Progress(0, 0, "", line, 0, 0, 0)))
    _fits(change, options, chosen)
    probe(nat=change.method.begins_down)
    with results(folder) as scratch, ExitStack() as up:
        try:
            bed = up.enter_context(Bed(hosts(change), chosen.folder, snapshot=options.snapshot))
            replica = _furnished(change, folder, bed)
        except (RuntimeError, TimeoutError, subprocess.SubprocessError) as error:
            hint = "nothing was rehearsed; the replica is removed"
            said = " / ".join(line.strip() for line in str(error).splitlines() if line.strip())
            raise Refused(Problem(f"the replica does not start: {said}", str(folder), hint=hint)) from None
        began = datetime.now(UTC)
        with bed.writer(options.writers, RATE * options.writers) as writer:
            stage, seen, faults = carried_out(replica, writer, options, asked, tell)
        run = record(stage, seen, tuple(faults), options, chosen, began)
        put(scratch, {**reports(run), FILE: to_json(run)})
        if keep:
            keep(replica)
    return run


def _furnished(change: Change, folder: Path, bed: Bed) -> Replica:
    """The bed as the change folder wants it, healthy."""
    there = [a.name for a in change.cluster.mapping.apiservers or ()]
    replica = Replica(
        change, folder, bed, subnets.bits, ways=lambda host: subnets.put_ways(host, change), workers=there
    )
    replica.copy_folders()
    for member in replica.roster:
        show_reviewed_ca(bed[member.name], change)
        subnets.may_keep_secondaries(bed[member.name])
        subnets.soon_know_who_is_absent(bed[member.name])
        subnets.put_ways(bed[member.name], change)
    for name in there:
        subnets.put_ways(bed[name], change)
    bed.wait_healthy(120)
    return replica


def carried_out(
    replica: Replica, writer: Writer, options: Options, asked: Drills, tell: Tell, api: Pausing | None = None
) -> tuple[Stage, Seen, list[str]]:
    """The story: a healthy cluster under load, the order, then what is there. Also every fault, those of the stage first."""
    before, (id_before, term_before) = seats(replica), cluster(replica)
    stage = Stage(replica, writer, asked, tell, api)
    try:
        writer.wait_for(options.writers * 5)
        if options.crash or replica.change.method.begins_down:
            stage.everybody_stops(options.crash)
        stage.carry_out()
        if not stage.faults:
            writer.wait_for(options.writers * 5)
    except (RuntimeError, TimeoutError) as error:
        stage.faults.append(f"after {stage.last}: {error}")
    writer.stop()
    finished = not stage.faults
    faults, lost = faults_of_the_load(writer)
    after, (id_after, term_after) = seats(replica), cluster(replica)
    if finished:
        faults += faults_at_the_end(replica, before, after, (id_before, id_after))
    seen = Seen(before, after, (id_before, id_after), (term_before, term_after), tuple(lost))
    return stage, seen, [*stage.faults, *faults]


def _images(change: Change) -> list[str]:
    return [f.etcd.image for f in change.cluster.facts.values() if f.etcd]


def _fits(change: Change, options: Options, chosen: Chosen) -> None:
    """What cannot end well is refused before anything is built."""
    mapping, problems = change.cluster.mapping, []
    image, stopped = choose.image_minor(_images(change)), options.crash or change.method.begins_down
    if stopped and image and image != chosen.minor:
        fact = f"etcd is down in {mapping.method}, so the runbook uses the version in the image's tag: {image}, not {chosen.minor}"
        problems.append(Problem(fact, hint=f"rehearse with --etcd FOLDER, a folder with etcd and etcdctl {image}"))
    problems += _strange(change, chosen)
    problems += crashes_in_vain(change, options) + cannot_be_founded(change)
    if options.snapshot and not options.snapshot.is_file():
        problems.append(Problem("this snapshot file does not exist", str(options.snapshot)))
    if problems:
        raise Refused(*problems)


def cannot_be_founded(change: Change) -> list[Problem]:
    """A replica begins on the old addresses, with the manifests of the facts: these must have them."""
    there = moved_before(change)
    if not there:
        return []
    names = ", ".join(there)
    fact = f"the manifests of {names} are on the new addresses already: no replica can be founded on the old ones with them"
    hint = (
        "rehearse a copy of mapping and facts, with the old addresses written back into the manifests there (etcd.yaml of each "
        "of these members first): it shows the method at work from its first line, under another digest"
    )
    return [Problem(fact, hint=hint)]


def crashes_in_vain(change: Change, options: Options) -> list[Problem]:
    """Why --crash does not fit the method."""
    mapping, problems = change.cluster.mapping, []
    if options.crash and change.method.keeps_quorum:
        problems.append(
            Problem(f"--crash is for bridge and restore: {mapping.method} needs the quorum that it removes")
        )
    if options.crash and not change.method.same_cluster and not mapping.accept_loss:
        hint = "set accept_loss: true in the mapping, or rehearse without --crash; `bridge` loses nothing"
        problems.append(Problem("without quorum `restore` stops at its preflight", hint=hint))
    return problems


def _strange(change: Change, chosen: Chosen) -> list[Problem]:
    """Flags of the manifests that the chosen etcd does not start with, each once."""
    hint = f"rehearse with an etcd that has this flag; {choose.ASK}"
    found: dict[str, Problem] = {}
    for name, facts in change.cluster.facts.items():
        texts = [text for text in facts.manifests.values() if is_etcd(text)]
        in_words = {flag for text in texts for flag in on_the_command_line(text)}
        in_words |= names_in(facts.etcd.unit.arguments) if facts.etcd and facts.etcd.unit else set()
        for flag in sorted(in_words):
            if why := out_of_place(flag, chosen.minor):
                fact = f"--{flag} of {name}: {why}, and the rehearsal has {chosen.version}: {chosen.why}"
                found.setdefault(flag, Problem(fact, hint=hint))
    return list(found.values())
