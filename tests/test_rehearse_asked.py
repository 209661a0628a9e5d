"""What a rehearsal is asked for, and what it refuses before anything is built; no bed."""

from __future__ import annotations

import tempfile
from ipaddress import ip_address
from pathlib import Path

import pytest
from etcd_renumber.change_folder.write import SUMS
from etcd_renumber.errors import Refused
from etcd_renumber.model import Line
from etcd_renumber.rehearsal.build_record import Options
from etcd_renumber.rehearsal.drills import Down, Kill, drills
from etcd_renumber.rehearsal.etcd_binaries.choose import choose, image_minor
from etcd_renumber.rehearsal.open_change import opened
from etcd_renumber.rehearsal.output_folder import SCRATCH, put, results
from etcd_renumber.rehearsal.rehearse import rehearse as rehearse_of
from etcd_renumber.rehearsal.requirements import verdict
from etcd_renumber.rehearsal.subnets import bits, subnets
from etcd_renumber.rehearsal.testbed.bootstrap import last_words

from tests.scenario import Scenario, hosts, manifests, rendered, scenario

METHODS = ("rolling", "bridge", "restore")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Scenario]:
    return {m: scenario(tmp_path_factory.mktemp(m), hosts(3), version="3.4", method=m) for m in METHODS}


def facts(refused: pytest.ExceptionInfo[Refused]) -> str:
    return "\n".join(p.fact for p in refused.value.problems)


# --- drills ---


def test_a_drill_is_for_a_line_of_the_order(made: dict[str, Scenario]) -> None:
    asked = drills(["master2:move:3", "master3:down"], made["rolling"].change)
    assert asked.kills == (Kill("master2", "move", 3),)
    assert asked.downs == (Down("master3", 10),), "the first move is master1's, line 10"
    move = next(n for n in made["rolling"].change.order if (n.host, n.phase) == ("master2", "move"))
    assert asked.kill(move) == asked.kills[0]
    assert asked.kill(Line(1, "master2", "phase", "preflight")) is None


def test_a_drill_on_the_source_needs_no_name_of_the_source(made: dict[str, Scenario]) -> None:
    assert drills(["master2:snapshot:1"], made["restore"].change).kills == (Kill("master2", "snapshot", 1),)


WRONG = {
    "master9:move:1": "no member 'master9'; the members are master1, master2, master3",
    "master1": "master1 has no phase ''; it has preflight, prepare, move, cluster, release, finish",
    "master1:settle:1": "master1 has no phase 'settle'; it has preflight, prepare, move, cluster, release, finish",
    "master1:move": "'' is not a number of commands",
    "master1:move:-1": "'-1' is not a number of commands",
}


def test_every_drill_that_cannot_be_is_named_at_once(made: dict[str, Scenario]) -> None:
    with pytest.raises(Refused) as refused:
        drills(list(WRONG), made["rolling"].change)
    assert [p.fact for p in refused.value.problems] == [f"--fail {text}: {why}" for text, why in WRONG.items()]


# --- the folder ---


def test_only_a_folder_whose_bytes_are_in_its_lists_is_rehearsed(tmp_path: Path) -> None:
    folder = scenario(tmp_path, hosts(1)).folder
    assert [n.phase for n in opened(folder).order if n.kind == "phase"][:2] == ["preflight", "prepare"]
    with (folder / "hosts" / "master1" / "runbook.sh").open("a") as runbook:
        runbook.write("# one more line\n")
    with pytest.raises(Refused, match="its sha256 differs from the one"):
        opened(folder)
    with pytest.raises(Refused, match="not a change folder"):
        opened(tmp_path)


IMPOSSIBLE: dict[str, tuple[str, Options, str]] = {
    "rolling with a crash": ("rolling", Options(crash=True), "--crash is for bridge and restore"),
    "restore with a crash and nobody who accepts a loss": ("restore", Options(crash=True), "stops at its preflight"),
    "a snapshot that is not there": ("rolling", Options(snapshot=Path("none.db")), "this snapshot file does not exist"),
    "a bridge on another minor than the image's": ("bridge", Options(etcd="3.5"), "the image's tag: 3.4, not 3.5"),
    "a version that nobody has": ("rolling", Options(etcd="3.8.1"), "not an available version"),
    "a folder without etcd": ("rolling", Options(etcd=str(Path(__file__).parent)), "this folder has no etcd that runs"),
    "a drill for nobody": ("rolling", Options(fail=("x:down",)), "no member 'x'"),
}


@pytest.mark.parametrize("case", IMPOSSIBLE)
def test_refused_before_anything_is_built_is(made: dict[str, Scenario], case: str) -> None:
    method, options, fact = IMPOSSIBLE[case]
    with pytest.raises(Refused) as refused:
        rehearse_of(made[method].folder, options, lambda progress: None)
    assert fact in facts(refused)
    assert not (made[method].folder / "rehearsal").exists()


# --- etcd ---


@pytest.mark.parametrize(
    ("images", "minor"),
    [
        (["k8s.gcr.io/etcd:3.4.13-0"], "3.4"),
        (["quay.io/coreos/etcd:v3.5.9", "registry/etcd:3.5.9-0"], "3.5"),
        (["registry/etcd:3.4.13-0", "registry/etcd:3.5.9-0"], ""),
        (["registry.k8s.io/etcd:3.6.10-0", f"registry:5000/etcd:v3.6.4@sha256:{'3a' * 32}"], "3.6"),
        (["registry.k8s.io/etcd:3.7.1-0"], "3.7"),
        (["registry:5000/etcd"], ""),
        ([], ""),
    ],
)
def test_an_image_says_its_minor(images: list[str], minor: str) -> None:
    assert image_minor(images) == minor


def test_the_etcd_is_the_one_that_was_asked_for_else_the_clusters_own(etcd35: Path) -> None:
    given = choose(str(etcd35), ["registry/etcd:3.4.13-0"])
    assert (given.minor, given.why) == ("3.5", "the folder that was given")
    assert choose("3.5.7", []).why == "asked for: 3.5.7", "the minor is what can be had; the report has both"
    for minor in ("3.6", "3.7"):
        assert choose(None, [f"registry.k8s.io/etcd:{minor}.1-0@sha256:{'3a' * 32}"]).minor == minor
    assert (
        choose(None, ["registry/etcd:3.5.9-0"]).why == "the minor version of the cluster's image, registry/etcd:3.5.9-0"
    )


def test_manifests_of_today_are_not_rehearsed_with_an_etcd_that_does_not_start_with_them(
    tmp_path: Path, etcd35: Path
) -> None:
    today = ("--feature-gates=InitialCorruptCheck=true", "--watch-progress-notify-interval=5s")
    members = hosts(3)
    facts_of = {m.name: manifests(m, members, today, "3.6") for m in members}
    folder = rendered(tmp_path, members, facts_of).folder
    with pytest.raises(Refused) as refused:
        rehearse_of(folder, Options(etcd=str(etcd35)), lambda progress: None)
    assert [p.fact.partition(",")[0] for p in refused.value.problems] == [
        "--feature-gates of master1: etcd has it from 3.6 on",
        "--watch-progress-notify-interval of master1: etcd has it from 3.6 on",
    ]


@pytest.mark.parametrize("said", ["flag provided but not defined: -x\nUsage:\n\n  etcd [flags]\n", "a\nb\n\nc\nd"])
def test_what_an_etcd_said_last_is_one_line_without_its_usage(said: str) -> None:
    assert last_words(said) == ("b / c / d" if said.startswith("a") else "flag provided but not defined: -x")


# --- what is assumed of the network ---


LENGTHS = {
    "192.0.2.1": 24,
    "192.0.2.255": 23,
    "192.0.3.0": 23,
    "192.0.2.0": 22,
    "fd00::1": 64,
    "fd00:0:0:1::": 63,
}


@pytest.mark.parametrize("address", LENGTHS)
def test_an_address_is_never_its_subnets_own(address: str) -> None:
    assert bits(ip_address(address)) == LENGTHS[address]


def test_each_subnet_is_named_once_old_ones_first(made: dict[str, Scenario]) -> None:
    assert subnets(made["rolling"].change) == ["192.168.100.0/24", "192.168.110.0/24"]


# --- what the machine lets us have ---


@pytest.mark.parametrize(
    ("said", "nat", "named"),
    [
        ("", False, "namespaces"),
        ("proc\n", False, "mount of /proc"),
        ("proc\ntmpfs\n", False, "mount of a tmpfs"),
        ("proc\ntmpfs\nveth\n", False, "veth pair and bridge"),
        ("proc\ntmpfs\nveth\nnat\n", True, "nat rule"),
    ],
)
def test_the_first_thing_that_the_machine_refuses_is_named_with_its_switch(said: str, nat: bool, named: str) -> None:
    problem = verdict(said, "unshare: unshare failed: Operation not permitted", nat)
    assert problem is not None and named in problem.fact and "Operation not permitted" in problem.fact and problem.hint


def test_without_nat_a_rolling_change_is_rehearsed_all_the_same() -> None:
    assert verdict("proc\ntmpfs\nveth\nnat\n", "nft: no", nat=False) is None
    assert verdict("proc\ntmpfs\nveth\nnat\nall\n", "", nat=True) is None


# --- the folder of the results ---


def test_what_a_killed_rehearsal_left_goes_with_the_next_one(tmp_path: Path) -> None:
    left = tmp_path / "rehearsal" / SCRATCH / "half"
    left.mkdir(parents=True)
    with results(tmp_path) as scratch:
        assert not left.exists()
        with tempfile.NamedTemporaryFile() as file:
            assert Path(file.name).parent == scratch
        put(scratch, {"run.json": "{}", "REPORT.md": "x"})
    assert sorted(p.name for p in (tmp_path / "rehearsal").iterdir()) == ["REPORT.md", "run.json"]
    assert not Path(tempfile.gettempdir()).is_relative_to(tmp_path / "rehearsal")


def test_one_rehearsal_of_a_folder_at_a_time_and_nothing_stays_of_one_without_a_result(tmp_path: Path) -> None:
    with results(tmp_path), pytest.raises(Refused, match="another rehearsal of this folder runs"), results(tmp_path):
        pass
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(Refused), results(tmp_path / "none"):
        pass


def test_the_lists_do_not_cover_the_rehearsal(tmp_path: Path) -> None:
    made = rendered(tmp_path, hosts(1), {"master1": manifests(hosts(1)[0], hosts(1))})
    (made.folder / "rehearsal").mkdir()
    (made.folder / "rehearsal" / "run.json").write_text("{}")
    assert opened(made.folder).digest == made.change.digest
    assert "rehearsal" not in (made.folder / SUMS).read_text()
