"""A thousand clusters of three, read, checked, planned, rendered and linted; and without the linting, beside an earlier commit."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tarfile
import tempfile
import time
from pathlib import Path

from etcd_renumber.assets import folder
from etcd_renumber.change_folder.lint import lint
from etcd_renumber.checks.cluster import check
from etcd_renumber.inputs.mapping import load
from etcd_renumber.planning.plan import plan
from etcd_renumber.rendering.render import render

ROOT = Path(__file__).parent.parent
CLUSTERS = 1000
BEFORE = "910ed458875065c12500f54b431e98115ea050fe"  # each document parsed by Python, and again for each question


def example(tmp: Path, number: int) -> Path:
    """The example's three masters in a network of their own, below `tmp`."""
    source = Path(folder("examples")) / "three-masters"
    there = f"{number // 250}.{number % 250}"
    for path in filter(Path.is_file, source.rglob("*")):
        target = tmp / path.relative_to(source)
        target.parent.mkdir(parents=True, exist_ok=True)
        text = path.read_text(encoding="utf-8").replace("192.168.100.", f"10.{there}.")
        target.write_text(text.replace("192.168.110.", f"11.{there}."), encoding="utf-8")
    return tmp / "mapping.yaml"


def table() -> list[str]:
    """Markdown: seconds and peak memory of this process. Every cluster has addresses, so manifests, of its own."""
    seen: set[str] = set()
    size = 0
    seconds = 0.0
    for number in range(CLUSTERS):
        with tempfile.TemporaryDirectory() as tmp:
            mapping = example(Path(tmp), number)
            began = time.monotonic()
            cluster = load(mapping)
            assert not check(cluster)
            files = render(plan(cluster))
            assert not lint(files, seen)
            seconds += time.monotonic() - began
            size += sum(len(text) for text in files.values())
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return [
        "| clusters | seconds | milliseconds a cluster | peak memory | rendered |",
        "|---|---|---|---|---|",
        f"| {CLUSTERS} | {seconds:.1f} | {seconds / CLUSTERS * 1000:.0f} | {peak:.0f} MiB | {size / 2**20:.0f} MiB |",
        "",
        *beside(),
    ]


def beside() -> list[str]:
    """Markdown: the same clusters, one process each, without lint: this checkout, an earlier commit of it, and what is left of this
    one without any work of its own."""
    with tempfile.TemporaryDirectory() as tmp:
        packed = subprocess.run(["git", "-C", ROOT, "archive", "--output", f"{tmp}/before.tar", BEFORE], check=False)
        if packed.returncode:
            return [f"Not compared: this checkout has no commit {BEFORE[:7]}."]
        with tarfile.open(f"{tmp}/before.tar") as archive:
            archive.extractall(f"{tmp}/before", filter="data")
        folders = [str(example(Path(tmp) / str(n), n).parent) for n in range(CLUSTERS + 1)]
        now = alone(ROOT / "generator", "render_alone.py", "etcd_renumber", *folders)
        before = alone(Path(tmp) / "before", "render_alone.py", "generator", *folders)
        floor = alone(ROOT / "generator", "render_floor.py", *folders)
    return [
        "| without lint | milliseconds a cluster | ratio |",
        "|---|---|---|",
        f"| commit {BEFORE[:7]} | {before / CLUSTERS * 1000:.1f} | 1 |",
        f"| this checkout | {now / CLUSTERS * 1000:.1f} | {now / before:.2f} |",
        f"| libyaml and one sha256 alone | {floor / CLUSTERS * 1000:.1f} | {floor / before:.2f} |",
    ]


def alone(path: Path, script: str, *words: str) -> float:
    """What this script of bench/ prints, by a process of its own that finds its packages at `path`: seconds."""
    env = {**os.environ, "PYTHONPATH": str(path)}
    ran = [sys.executable, str(ROOT / "bench" / script), *words]
    return float(subprocess.run(ran, env=env, capture_output=True, text=True, check=True).stdout)
