"""Change to the files of its folder, as text. The templates assemble; nothing is decided here."""

from __future__ import annotations

import difflib
from functools import cache
from typing import Any

from generator.assets import template
from generator.hashes import sha256
from generator.manifests.join import join_manifest
from generator.model import Change, Manifest, Member
from generator.rendering.environment import environment
from generator.rendering.run_sh import run_script
from generator.rendering.runbook_md import page
from generator.rendering.values import assignments, values

# What is inlined into every runbook of a method, in the order a reviewer meets it: the verbs, the steps, then the machinery.
VERBS = ("lib/main.sh",)
STEPS = {
    "rolling": (
        "steps/world.sh",
        "steps/preflight.sh",
        "steps/sound.sh",
        "steps/surroundings.sh",
        "steps/ready_to_prepare.sh",
        "steps/prepare.sh",
        "steps/tools.sh",
        "steps/snapshot.sh",
        "steps/widen_certificates.sh",
        "steps/leave.sh",
        "steps/ready_to_move.sh",
        "steps/move.sh",
        "steps/record.sh",
        "steps/exchange.sh",
        "steps/kubernetes_gate.sh",
        "steps/release.sh",
        "steps/finish.sh",
        "steps/ticket.sh",
        "steps/undo_rolling.sh",
        "steps/undo.sh",
    ),
    "bridge": (
        "steps/world.sh",
        "steps/preflight.sh",
        "steps/standstill.sh",
        "steps/on_this_host.sh",
        "steps/join.sh",
        "steps/surroundings.sh",
        "steps/prepare.sh",
        "steps/tools.sh",
        "steps/widen_certificates.sh",
        "steps/readdress.sh",
        "steps/settle.sh",
        "steps/record.sh",
        "steps/exchange.sh",
        "steps/unbridge.sh",
        "steps/release.sh",
        "steps/finish.sh",
        "steps/ticket.sh",
        "steps/undo_bridge.sh",
        "steps/undo.sh",
    ),
    "restore": (
        "steps/world.sh",
        "steps/preflight.sh",
        "steps/price.sh",
        "steps/on_this_host.sh",
        "steps/surroundings.sh",
        "steps/prepare.sh",
        "steps/tools.sh",
        "steps/widen_certificates.sh",
        "steps/quiesce.sh",
        "steps/stop.sh",
        "steps/candidate.sh",
        "steps/source.sh",
        "steps/restore.sh",
        "steps/start.sh",
        "steps/exchange.sh",
        "steps/compare.sh",
        "steps/reopen.sh",
        "steps/ticket.sh",
        "steps/undo_restore.sh",
        "steps/undo.sh",
    ),
}
COMMON = (
    "lib/run.sh",
    "lib/lists.sh",
    "lib/journal.sh",
    "lib/etcd.sh",
    "lib/files.sh",
    "lib/host_files.sh",
    "lib/kubelet.sh",
    "lib/pods.sh",
    "lib/wanted.sh",
    "lib/routes.sh",
    "lib/connections.sh",
    "lib/peers.sh",
    "lib/wire.sh",
    "lib/gate.sh",
    "lib/progress.sh",
    "lib/pass.sh",
    "lib/der.sh",
    "lib/certs.sh",
    "lib/reissue.sh",
    "lib/leftovers.sh",
    "lib/status.sh",
    "lib/next.sh",
)
MACHINERY = {
    "rolling": (*COMMON, "lib/api.sh", "lib/kubernetes.sh", "lib/no_options.sh", "lib/lines_rolling.sh"),
    "bridge": (*COMMON, "lib/no_options.sh", "lib/rules.sh", "lib/lines_bridge.sh"),
    "restore": (*COMMON, "lib/options_restore.sh", "lib/data.sh", "lib/scratch.sh", "lib/lines_restore.sh"),
}


def render(change: Change) -> dict[str, str]:
    """Every file of out/<cluster>/, path below it to text. Same change, same bytes."""
    files = {"change.json": change.json}
    blocks = {}
    for member in change.cluster.mapping.members:
        top = f"hosts/{member.name}/"
        groups = [(heading, assignments(group)) for heading, group in values(change, member)]
        blocks[member.name] = "\n".join(text for _, text in groups)
        host = {"runbook.sh": runbook(change, member, groups)}
        changed = [m for m in change.manifests[member.name] if m.changes]
        host |= {f"manifests/{m.file}": m.new for m in changed}
        if change.cluster.mapping.method == "bridge" and not member.stays:
            joining = join_manifest(change, member)
            host |= {"join/etcd.yaml": joining} if joining else {}
        host["manifests.diff"] = "".join(_diff(m) for m in changed)
        host["SHA256SUMS"] = sums(host)
        files |= {top + name: text for name, text in host.items()}
    files["hosts/diff.txt"] = side_by_side(blocks)
    files["run.sh"] = run_script(change, files)
    files["RUNBOOK.md"] = page(change, files)
    files["SHA256SUMS"] = sums(files)
    return files


def runbook(change: Change, member: Member, groups: list[tuple[str, str]]) -> str:
    """The bash script of one host: header, values, the story, the verbs, the steps, the machinery."""
    mapping = change.cluster.mapping
    return (
        environment()
        .get_template("runbook.sh.j2")
        .render(
            host=member.name,
            cluster=mapping.cluster,
            change=mapping.change,
            method=mapping.method,
            digest=change.digest,
            values=groups,
            phases=change.phases,
            parts=parts(mapping.method),
        )
    )


@cache
def parts(method: str) -> list[dict[str, Any]]:
    """The inlined files of a method with the first 12 hex digits of their sha256."""
    names = (*VERBS, *STEPS[method], *MACHINERY[method])
    return [{"name": n, "sha": sha256(template(n))[:12], "text": template(n).rstrip("\n")} for n in names]


def sums(files: dict[str, str]) -> str:
    """What `sha256sum` prints for these files, sorted by name."""
    return "".join(f"{sha256(files[n])}  {n}\n" for n in sorted(files))


def side_by_side(blocks: dict[str, str]) -> str:
    """Values of all hosts: those that are equal once, then the others, one line a host."""
    lines = {host: dict(_named(text)) for host, text in blocks.items()}
    hosts = list(lines)
    names = list(lines[hosts[0]])
    same = [n for n in names if len({lines[h][n] for h in hosts}) == 1]
    out = ["# equal on every host", *(f"{n}={lines[hosts[0]][n]}" for n in same), "", "# different"]
    for name in (n for n in names if n not in same):
        out += [f"{name}", *(f"  {h:<16} {lines[h][name]}" for h in hosts)]
    return "\n".join(out) + "\n"


def _named(block: str) -> list[tuple[str, str]]:
    pairs = (line.split("=", 1) for line in block.splitlines())
    return [(name.rsplit(" ", 1)[-1], value) for name, value in pairs]


def _diff(m: Manifest) -> str:
    old, new = m.old.splitlines(keepends=True), m.new.splitlines(keepends=True)
    return "".join(
        line if line.endswith("\n") else line + "\n\\ No newline at end of file\n"
        for line in difflib.unified_diff(old, new, f"old/{m.file}", f"new/{m.file}")
    )
