"""`rehearse --control-plane`: the change on a real kubeadm cluster with the user's names, addresses and flags."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from etcd_renumber.change_folder.write import SUMS
from etcd_renumber.errors import Refused
from etcd_renumber.model import Change, Problem
from etcd_renumber.records.run import FILE, Run, to_json
from etcd_renumber.rehearsal import subnets
from etcd_renumber.rehearsal.build_record import Options, record
from etcd_renumber.rehearsal.control_plane import said, seen
from etcd_renumber.rehearsal.control_plane.again import refuse_other_templates, rendered_again, same_but_for_values
from etcd_renumber.rehearsal.control_plane.clock import Clock, expected
from etcd_renumber.rehearsal.control_plane.loads import etcd_writer
from etcd_renumber.rehearsal.control_plane.own_bytes import put_in_place
from etcd_renumber.rehearsal.control_plane.wanted import Wanted, version_of, wanted
from etcd_renumber.rehearsal.drills import Drills, drills
from etcd_renumber.rehearsal.etcd_binaries.choose import Chosen
from etcd_renumber.rehearsal.etcd_binaries.download import TOOLS
from etcd_renumber.rehearsal.kubeadm import places
from etcd_renumber.rehearsal.kubeadm.cluster import Cluster
from etcd_renumber.rehearsal.kubeadm.load import Load
from etcd_renumber.rehearsal.open_change import opened
from etcd_renumber.rehearsal.output_folder import put, results
from etcd_renumber.rehearsal.progress import Tell
from etcd_renumber.rehearsal.rehearse import RATE, carried_out, crashes_in_vain
from etcd_renumber.rehearsal.replica import Replica
from etcd_renumber.rehearsal.replica_hosts import show_reviewed_ca
from etcd_renumber.reports.run_report import reports

CA = "/etc/kubernetes/pki/etcd/ca.crt"


@dataclass(frozen=True)
class Furnished:
    """The replica, and whether it runs the folder's own bytes; `why_not` where it does not."""

    replica: Replica
    own: bool
    why_not: list[str]


def rehearse(folder: Path, options: Options, tell: Tell, keep: Callable[[Replica], None] | None = None) -> Run:
    """As `rehearse` of the replica with stand-ins. Raises Refused, before anything was built, for what cannot be."""
    change = opened(folder)
    asked = drills(list(options.fail), change)
    _fits(change, options)
    places.may()
    with results(folder) as scratch, ExitStack() as up:
        with Clock(tell, expected(version_of(change)[0])) as clock:
            want = wanted(change, options.endpoint, clock.say)
            if want.against:
                refuse_other_templates(change, folder)
            try:
                cluster = up.enter_context(Cluster(want.spec, clock.say))
                made = _furnished(cluster, want, change, folder, scratch)
            except (RuntimeError, TimeoutError, subprocess.SubprocessError) as error:
                raise _does_not_come_up(error, folder) from None
        run = _carried_out(cluster, made, want, (change, folder), options, asked, tell)
        put(scratch, {**reports(run), FILE: to_json(run)})
        if keep:
            keep(made.replica)
    return run


def _fits(change: Change, options: Options) -> None:
    given = {"--etcd": options.etcd, "--snapshot": options.snapshot}
    hint = "remove the option: the replica is a new cluster of the version that the facts name"
    problems = [
        Problem(f"not supported yet: --control-plane with {name}", hint=hint) for name, value in given.items() if value
    ]
    problems += crashes_in_vain(change, options)
    if problems:
        raise Refused(*problems)


def _does_not_come_up(error: Exception, folder: Path) -> Refused:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    hint = "nothing was rehearsed; the replica is removed"
    return Refused(Problem(f"the control plane does not start: {' / '.join(lines[:12])}", str(folder), hint=hint))


def _furnished(cluster: Cluster, want: Wanted, change: Change, folder: Path, scratch: Path) -> Furnished:
    """The folder's own bytes on the hosts where they can run, else the same mapping from the replica's facts."""
    why_not = list(want.against)
    if not why_not:
        cluster.tell("your manifests in place of kubeadm's")
        failed = put_in_place(cluster, change)
        why_not += [failed] if failed else []
        if failed:
            refuse_other_templates(change, folder)
    ours, there = change, folder
    if why_not:
        cluster.facts(scratch / "facts")
        ours, there = rendered_again(change, scratch / "facts", scratch / "again")
        _refuse_other_bodies(change, folder, ours, there)
    beside = [*(w.name for w in want.spec.workers), *(a.name for a in change.cluster.mapping.apiservers or ())]
    replica = Replica(ours, there, cluster, subnets.bits, ways=cluster.ways, workers=beside)
    replica.copy_folders()
    for member in replica.roster:
        machine = cluster[member.name]
        if not why_not:
            show_reviewed_ca(machine, change, machine.read_text(CA))
        if tools := change.cluster.mapping.tools:
            machine.path(tools).mkdir(parents=True, exist_ok=True)
            for tool in (p for p in map(cluster.programs.etcd.joinpath, TOOLS) if p.exists()):
                shutil.copy(tool, machine.path(tools))
    return Furnished(replica, not why_not, why_not)


def _refuse_other_bodies(change: Change, folder: Path, ours: Change, there: Path) -> None:
    mapping = change.cluster.mapping
    runbooks = {m.name: f"hosts/{m.name}" for m in mapping.members}
    beside = [*(w.name for w in mapping.workers), *(a.name for a in mapping.apiservers or ())]
    runbooks |= {name: change.script(name).name for name in beside}
    for host, where in runbooks.items():
        one, other = (top / where / "runbook.sh" for top in (folder, there))
        if not same_but_for_values(one, other, (change.digest, ours.digest)):
            fact = f"the runbook of {host} differs from what this release renders: it cannot be rehearsed with other values"
            raise Refused(Problem(fact, str(one), hint="render the folder again"))


def _carried_out(
    cluster: Cluster,
    made: Furnished,
    want: Wanted,
    asked_for: tuple[Change, Path],
    options: Options,
    asked: Drills,
    tell: Tell,
) -> Run:
    """The order under both loads, then what is there."""
    (change, folder), began = asked_for, datetime.now(UTC)
    with (
        Load(cluster, options.writers) as load,
        etcd_writer(cluster, options.writers, RATE * options.writers) as writer,
    ):
        stage, of_etcd, faults = carried_out(made.replica, writer, options, asked, tell, load)
        leases = seen.wait_for_leases(cluster, load)
    stage.done = seen.with_api(stage.done, stage.zero, load)
    hosts, lost = seen.hosts(cluster, load), load.lost()
    if not stage.faults:
        faults += seen.faults(cluster, load, change.method, hosts, leases, lost)
    unlike = said.unlike(want, made.own, made.why_not, change, made.replica.change)
    plane = seen.control_plane(cluster, load, made.own, (hosts, leases, lost), unlike, stage.zero)
    why = "your minor" if made.own else f"the one of Kubernetes {want.spec.version}"
    chosen = Chosen(cluster.programs.etcd, cluster.programs.etcd_tag.rpartition("-")[0], why)
    run = record(stage, of_etcd, tuple(faults), options, chosen, began)
    return replace(
        run,
        control_plane=plane,
        digest=change.digest,
        folder_sha256=hashlib.sha256((folder / SUMS).read_bytes()).hexdigest(),
        versions={**run.versions, "Kubernetes": f"{want.spec.version}: {want.why}"},
        assumed=said.assumed(want.spec),
    )
