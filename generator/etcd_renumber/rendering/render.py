"""Change to the files of its folder, as text. The templates assemble; nothing is decided here."""

from __future__ import annotations

from etcd_renumber.hashes import sha256
from etcd_renumber.manifests.join import joining
from etcd_renumber.model import Change
from etcd_renumber.rendering.apiservers import apiserver_files
from etcd_renumber.rendering.diffs import diff
from etcd_renumber.rendering.run_sh import run_script
from etcd_renumber.rendering.runbook_md import page
from etcd_renumber.rendering.script import script
from etcd_renumber.rendering.values import assignments, values
from etcd_renumber.rendering.workers import workers_runbook


def render(change: Change) -> dict[str, str]:
    """Every file of out/<cluster>/, path below it to text. Same change, same bytes."""
    files = {"change.json": change.json}
    blocks = {}
    for member in change.cluster.mapping.members:
        top = f"hosts/{member.name}/"
        groups = [(heading, assignments(group)) for heading, group in values(change, member)]
        blocks[member.name] = "\n".join(text for _, text in groups)
        host = {"runbook.sh": script("runbook.sh.j2", change, change.method, groups, member.name)}
        changed = [m for m in change.manifests[member.name] if m.changes]
        host |= {f"manifests/{m.file}": m.new for m in changed}
        if change.method.begins_down and (found := joining(change, member)):
            host |= {f"join/{name}": text for name, text in found.texts.items()}
        host["manifests.diff"] = "".join(diff(m.file, m.old, m.new) for m in changed)
        host["SHA256SUMS"] = sums(host)
        files |= {top + name: text for name, text in host.items()}
    files["hosts/diff.txt"] = side_by_side(blocks)
    if change.cluster.mapping.workers:
        files["workers/runbook.sh"] = workers_runbook(change)
        files["workers/SHA256SUMS"] = sums({"runbook.sh": files["workers/runbook.sh"]})
    if change.apiservers:
        beside = apiserver_files(change)
        beside["SHA256SUMS"] = sums(beside)
        files |= {f"apiservers/{name}": text for name, text in beside.items()}
    files["run.sh"] = run_script(change, files)
    files["RUNBOOK.md"] = page(change, files)
    files["SHA256SUMS"] = sums(files)
    return files


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
