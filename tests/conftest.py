"""What the tests of all rooms share: a real etcd of every minor, and the article's three masters as hosts of a bed."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any, TypeVar

import pytest
from etcd_renumber.errors import Refused
from etcd_renumber.rehearsal.etcd_binaries.download import etcd
from etcd_renumber.rehearsal.testbed.host_spec import HostSpec

from tests import run_lines
from tests.pki import KUBEADM, NAMES, RICH, RICH_NAMES, Host, copied, kubeadm_host
from tests.scenario import Scenario, hosts, scenario

ROOT = Path(__file__).parent.parent
FACTS = ROOT / "examples" / "three-masters" / "facts"
Report = TypeVar("Report", pytest.CollectReport, pytest.TestReport)
MINORS = ("3.3", "3.4", "3.5", "3.6", "3.7")

# A run that a shell has put into the background ignores Ctrl-C, and whatever it starts would, too.
if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


def etcd_folder(minor: str) -> Path:
    """The folder with etcd and etcdctl of this minor. Without them the test fails and says what is missing."""
    try:
        return etcd(minor, ROOT / ".cache" / "etcd")
    except Refused as refused:
        pytest.fail("\n".join(f"{p.fact}\nhint: {p.hint}" for p in refused.problems), pytrace=False)


@pytest.fixture(scope="session")
def etcds() -> Callable[[str], Path]:
    return etcd_folder


@pytest.fixture(scope="session")
def etcd35() -> Path:
    return etcd_folder("3.5")


@pytest.fixture(params=MINORS)
def every_etcd(request: pytest.FixtureRequest) -> Path:
    return etcd_folder(request.param)


def three_masters() -> list[HostSpec]:
    """master1 to master3 with the manifests that kubeadm wrote for them, on 192.168.100.10 to .12."""
    return [
        HostSpec(
            f"master{n + 1}",
            {p.name: p.read_text() for p in sorted((FACTS / f"master{n + 1}" / "manifests").glob("*.yaml"))},
            (f"192.168.100.{10 + n}/24",),
        )
        for n in range(3)
    ]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes longest first, since whatever begins last ends last: real clusters (one may have to be built), then beds."""
    for item in items:
        if not any(ask(item) for ask in (is_on_a_cluster, is_on_a_bed, leads_to_etcd, is_by_name_only)):
            item.add_marker("quick")
    items.sort(key=lambda item: 0 if is_on_a_cluster(item) else 1 if is_on_a_bed(item) else 2)


def is_on_a_cluster(item: pytest.Item) -> bool:
    return "cluster" in getattr(item, "fixturenames", ())


def is_on_a_bed(item: pytest.Item) -> bool:
    return bool({"Rig", "Bed", "rehearse"} & vars(getattr(item, "module", None) or object).keys())


def leads_to_etcd(item: pytest.Item) -> bool:
    return bool({"etcds", "etcd35", "every_etcd"} & set(getattr(item, "fixturenames", ())))


def is_by_name_only(item: pytest.Item) -> bool:
    return any(item.get_closest_marker(name) for name in ("chaos", "real", "sample"))


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    return none_left_out((yield))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    return none_left_out((yield))


def none_left_out(report: Report) -> Report:
    """In CI a test or a file that is left out fails, with the reason for which it was."""
    if os.environ.get("CI") and report.skipped and not hasattr(report, "wasxfail"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        report.outcome, report.longrepr = "failed", f"left out, in CI: {reason}"
    return report


def pytest_sessionfinish(session: pytest.Session) -> None:
    """A worker hands its part of the figures to whoever started it."""
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["run_lines"] = sorted(run_lines.seen)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    run_lines.seen.update(getattr(node, "workeroutput", {}).get("run_lines", ()))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if run_lines.seen:
        terminalreporter.section("commands of the runbooks")
        for line in run_lines.summary(run_lines.seen):
            terminalreporter.line(line)


@pytest.fixture(scope="module")
def planned(tmp_path_factory: pytest.TempPathFactory) -> Scenario:
    """A change of three masters on paper."""
    return scenario(tmp_path_factory.mktemp("three"), hosts(3), version="3.5")


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Folders with a host's certificates, made once a session and copied."""
    kept: dict[str, Path] = {}

    def make(kind: str) -> Path:
        if kind not in kept:
            kept[kind] = tmp_path_factory.mktemp(kind)
            rich = kind == "rich"
            kubeadm_host(
                kept[kind], "EC" if rich else kind, names=RICH_NAMES if rich else NAMES,
                extensions=RICH if rich else KUBEADM,
            )  # fmt: skip
        return kept[kind]

    return make


@pytest.fixture
def host(tmp_path: Path, made: Callable[[str], Path]) -> Host:
    return copied(tmp_path, made("EC"))
