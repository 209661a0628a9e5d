"""etcd's own tools: where they are copied from when nothing runs, what they are asked for, and how they are told to speak v3."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from etcd_renumber.manifests.etcd import minor_of_image

from tests import run_lines
from tests.conftest import MINORS
from tests.pki import TEMPLATES

PARTS = (
    "runbook/lib/etcd.sh",
    "runbook/lib/unit.sh",
    "runbook/steps/tools.sh",
    "runbook/steps/preflight.sh",
    "runbook/restore/restore.sh",
)
# The machinery around the parts: what guard, run and must mean is tested elsewhere. No runtime of this machine is asked.
AROUND = """set -o errexit -o nounset -o pipefail
export LC_ALL=C PATH=/usr/sbin:/usr/bin:/sbin:/bin
SCRATCH=$FOLDER/scratch TOOLS=$FOLDER/state/tools STATE=$FOLDER/state DIGEST=0123 TOOLS_GIVEN= MODE=apply
IMAGE=registry.k8s.io/etcd:3.6.16-0 UNIT=
begin() { :; }
is_changing() { [[ $MODE == apply ]]; }
holds() { shift && "$@"; }
must() { "$@"; }
guard() { "${@:4}" || { echo "$1: $2 ($3)" && if [[ $1 == other_world ]]; then exit 4; else exit 3; fi; }; }
note() { echo "$*"; }
guard_ss() { :; }
run() { echo "# $*" && "$@"; }
docker() { return 1; }
podman() { return 1; }
ctr() { return 1; }
snapshots_are_handled() { :; }
ss_shows_etcd_soon() { :; }
image_store() { printf '%s/store' "$FOLDER"; }
look_at_etcd() { :; }
"""
# A client with the image HELD: `cp` copies out of the image's folder, or says that there is no such file.
CLIENT = """
  case $1 in
    image) [[ $3 == "$HELD" ]] ;;
    container) return 1 ;;
    create | rm) : ;;
    cp) if [[ $3 == - ]]; then cat "$FOLDER/image/${2##*/}"; else cp "$FOLDER/image/${2##*/}" "$3"; fi ;;
  esac
"""
SHA = "sha256:" + "ab" * 32


def tool(folder: Path, name: str, version: str) -> None:
    """A program that says its version, as etcd's own do."""
    folder.mkdir(parents=True, exist_ok=True)
    words = {"etcd": "etcd Version", "etcdctl": "etcdctl version", "etcdutl": "etcdutl version"}[name]
    (folder / name).write_text(f"#!/bin/sh\necho '{words}: {version}'\n")
    (folder / name).chmod(0o755)


def bash(folder: Path, what: str, code: int = 0) -> str:
    (folder / "scratch").mkdir(exist_ok=True)
    parts = [(TEMPLATES / part).read_text() for part in PARTS]
    script = "\n".join([f"FOLDER={folder}", AROUND, *parts, "look_at_etcd() { :; }", what])
    # The parts define it anew: the machine's own store is never looked into.
    script = script.replace("printf '/var/lib/containers/storage'", f"printf '{folder}/store'")
    done = run_lines.bash(folder, script, "-c", script, seconds=60)
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout


def staged(folder: Path) -> list[str]:
    return sorted(p.name for p in (folder / "state/tools").iterdir()) if (folder / "state/tools").exists() else []


def in_the_store(folder: Path, names: str) -> None:
    """An image of three layers as CRI-O keeps it: the tools are in the middle one, beside another image."""
    store = folder / "store"
    for layer, lower in (("aa", "l/MIDDLE:l/BASE"), ("bb", "l/BASE"), ("cc", "")):
        (store / "overlay" / layer / "diff").mkdir(parents=True)
        if lower:
            (store / "overlay" / layer / "lower").write_text(lower)
    (store / "overlay/l").mkdir()
    (store / "overlay/l/MIDDLE").symlink_to("../bb/diff")
    (store / "overlay/l/BASE").symlink_to("../cc/diff")
    for name in ("etcd", "etcdctl", "etcdutl"):
        tool(store / "overlay/bb/diff/usr/local/bin", name, "3.6.16")
        tool(store / "overlay/cc/diff/usr/local/bin", name, "3.5.1")
    (store / "overlay-images").mkdir()
    (store / "overlay-images/images.json").write_text(
        f'[{{"id":"11","digest":"{SHA}0","names":["registry.k8s.io/pause:3.10"],"layer":"cc","created":"x"}},'
        f'{{"id":"22","digest":"{SHA}","names":[{names}],"names-history":["x"],"layer":"aa","created":"x"}}]'
    )


WAYS: dict[str, tuple[str, Callable[[Path], None] | None]] = {
    "docker": (f"HELD=$IMAGE; docker() {{ {CLIENT} }}", None),
    "podman": (f"HELD=$IMAGE; podman() {{ {CLIENT} }}", None),
    "podman, a digest without its tag": (
        f"IMAGE+=@{SHA} HELD=registry.k8s.io/etcd@{SHA}; podman() {{ {CLIENT} }}",
        None,
    ),
    "CRI-O's storage": ("", lambda folder: in_the_store(folder, '"registry.k8s.io/etcd:3.6.16-0"')),
    "CRI-O's storage, a tag and a digest": (
        f"IMAGE+=@{SHA}",
        lambda folder: in_the_store(folder, f'"registry.k8s.io/etcd@{SHA}"'),
    ),
}


@pytest.mark.parametrize("way", WAYS)
def test_the_image_of_a_container_that_is_gone_gives_all_three_tools(way: str, tmp_path: Path) -> None:
    stubs, before = WAYS[way]
    for name in ("etcd", "etcdctl", "etcdutl"):
        tool(tmp_path / "image", name, "3.6.16")
    if before:
        before(tmp_path)
    assert way.startswith(bash(tmp_path, f"{stubs}\nruntime_with_image"))
    bash(tmp_path, f"{stubs}\nstage_tools")
    assert staged(tmp_path) == ["SHA256SUMS", "etcd", "etcdctl", "etcdutl"]
    assert "3.6.16" in (tmp_path / "state/tools/etcdutl").read_text()


def test_ctr_is_asked_for_the_name_that_the_runtime_has_written_down(tmp_path: Path) -> None:
    stub = f'IMAGE+=@{SHA}; ctr() {{ [[ $6 != "name==registry.k8s.io/etcd@{SHA}" ]] || echo it; }}'
    assert bash(tmp_path, f"{stub}\nimage_at") == f"ctr registry.k8s.io/etcd@{SHA}\n"


def test_an_image_of_old_has_no_etcdutl_and_none_is_missed(tmp_path: Path) -> None:
    for name in ("etcd", "etcdctl"):
        tool(tmp_path / "image", name, "3.4.13")
    bash(tmp_path, f"IMAGE=k8s.gcr.io/etcd:3.4.13-0 HELD=$IMAGE; docker() {{ {CLIENT} }}\nstage_tools")
    assert staged(tmp_path) == ["SHA256SUMS", "etcd", "etcdctl"]


def test_tools_that_cannot_restore_are_refused_before_anything_is_copied(tmp_path: Path) -> None:
    for name in ("etcd", "etcdctl"):
        tool(tmp_path / "given", name, "3.6.16")
    said = bash(tmp_path, "TOOLS_GIVEN=$FOLDER/given\nstage_tools", 3)
    assert (
        said.startswith("closed: snapshots of etcd 3.6 need etcdutl of that version, which is not")
        and "put etcdutl 3.6" in said
    )
    assert staged(tmp_path) == []
    bash(tmp_path, "snapshots_are_handled() { false; }\nTOOLS_GIVEN=$FOLDER/given\nstage_tools")


def test_an_image_without_etcdutl_is_no_source_of_tools_that_restore(tmp_path: Path) -> None:
    for name in ("etcd", "etcdctl"):
        tool(tmp_path / "image", name, "3.6.16")
    said = bash(tmp_path, f"HELD=$IMAGE; docker() {{ {CLIENT} }}\nstage_tools", 3)
    assert "half_done: snapshots of etcd 3.6 need etcdutl" in said and "SHA256SUMS" not in staged(tmp_path)


def test_etcdutl_of_the_same_minor_may_come_from_the_folder_of_the_mapping(tmp_path: Path) -> None:
    for name in ("etcd", "etcdctl"):
        tool(tmp_path / "image", name, "3.6.16")
    tool(tmp_path / "given", "etcdutl", "3.6.4")
    bash(tmp_path, f"TOOLS_GIVEN=$FOLDER/given HELD=$IMAGE; docker() {{ {CLIENT} }}\nstage_tools")
    assert "3.6.4" in (tmp_path / "state/tools/etcdutl").read_text()


@pytest.mark.parametrize(
    ("minor", "words"),
    [("3.5", ""), ("3.6", "etcdutl"), ("3.7", "etcdutl"), ("", "")],
)
def test_restore_wants_etcdutl_where_etcdctl_cannot(minor: str, words: str, tmp_path: Path) -> None:
    what = f"IMAGE=registry.k8s.io/etcd:{f'{minor}.1-0' if minor else 'mirrored'}; etcdutl_is_staged || echo etcdutl"
    assert bash(tmp_path, what).strip() == words


IMAGES = {
    "registry.k8s.io/etcd:3.6.10-0": "3.6",
    f"registry.k8s.io/etcd:3.6.10-0@{SHA}": "3.6",
    f"10.0.0.1:5000/etcd:v3.7.1@{SHA}": "3.7",
    f"registry.k8s.io/etcd@{SHA}": "",
    f"registry:5000/etcd@{SHA}": "",
    "registry:5000/etcd": "",
    "quay.io/coreos/etcd:v3.5.9": "3.5",
    "registry.k8s.io/etcd:latest": "",
}


@pytest.mark.parametrize("image", IMAGES)
def test_a_tag_says_the_minor_with_a_digest_behind_it_too(image: str, tmp_path: Path) -> None:
    assert minor_of_image(image) == IMAGES[image]
    assert bash(tmp_path, f"IMAGE={image}; server_minor") == IMAGES[image]


def broken(folder: Path) -> None:
    """A program that this host cannot run, as the loader of programs says it."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("etcd", "etcdctl"):
        (folder / name).write_text('#!/bin/sh\necho "GLIBC_2.38\' not found" >&2\necho more >&2\nexit 1\n')
        (folder / name).chmod(0o755)


@pytest.mark.parametrize("image", ["registry.k8s.io/etcd:3.6.16-0", f"registry.k8s.io/etcd@{SHA}"])
@pytest.mark.parametrize("step", ["stage_tools", "tools_are_at_hand"])
def test_an_etcdctl_that_this_host_cannot_run_is_refused_with_its_own_words(
    step: str, image: str, tmp_path: Path
) -> None:
    broken(tmp_path / "given")
    said = bash(tmp_path, f"IMAGE={image} TOOLS_GIVEN=$FOLDER/given\n{step}", 3)
    assert f"closed: {tmp_path}/given/etcdctl does not run on this host: GLIBC_2.38' not found (copy etcd" in said
    assert staged(tmp_path) == []


def test_where_the_etcdctl_of_the_container_does_not_run_here_that_of_the_mapping_is_taken(tmp_path: Path) -> None:
    broken(tmp_path / "container")
    for name in ("etcd", "etcdctl", "etcdutl"):
        tool(tmp_path / "given", name, "3.6.16")
    what = """look_at_etcd() { etcd_pid=7; }
eval "were_$(declare -f places_of_etcdctl)"; places_of_etcdctl() { echo "$FOLDER/container/etcdctl"; were_places_of_etcdctl; }
TOOLS_GIVEN=$FOLDER/given"""
    assert f"etcd 3.6, etcdctl at {tmp_path}/given/etcdctl" in bash(tmp_path, f"{what}\ntools_are_at_hand")
    bash(tmp_path, f"{what}\nstage_tools")
    assert staged(tmp_path) == ["SHA256SUMS", "etcd", "etcdctl", "etcdutl"]


NO_VERSION = [f"registry.k8s.io/etcd@{SHA}", "registry:5000/k8s/etcd", "registry.k8s.io/etcd:latest"]


@pytest.mark.parametrize("image", NO_VERSION)
@pytest.mark.parametrize("step", ["stage_tools", "tools_are_at_hand"])
def test_tools_that_nothing_compares_with_an_etcd_that_is_down_are_refused(
    step: str, image: str, tmp_path: Path
) -> None:
    for name in ("etcd", "etcdctl"):
        tool(tmp_path / "given", name, "3.4.13")
    said = bash(tmp_path, f"IMAGE={image} TOOLS_GIVEN=$FOLDER/given\n{step}", 3)
    assert f"closed: the minor version of this host's etcd is not known: {image} does not say it" in said
    assert "write the version into the tag" in said and staged(tmp_path) == []


@pytest.mark.parametrize("image", NO_VERSION)
def test_the_image_itself_goes_before_other_tools_where_its_tag_says_no_version(image: str, tmp_path: Path) -> None:
    for name in ("etcd", "etcdctl", "etcdutl"):
        tool(tmp_path / "given", name, "3.4.13")
        tool(tmp_path / "image", name, "3.6.16")
    what = f"IMAGE={image} TOOLS_GIVEN=$FOLDER/given HELD=$IMAGE; docker() {{ {CLIENT} }}"
    assert "prepare copies its tools from the image" in bash(tmp_path, f"{what}\ntools_are_at_hand")
    bash(tmp_path, f"{what}\nstage_tools")
    assert "3.6.16" in (tmp_path / "state/tools/etcdctl").read_text()


def test_tools_of_another_minor_than_the_tag_says_are_another_world(tmp_path: Path) -> None:
    for name in ("etcd", "etcdctl"):
        tool(tmp_path / "given", name, "3.4.13")
    for step in ("stage_tools", "tools_are_at_hand"):
        said = bash(tmp_path, f"IMAGE+=@{SHA} TOOLS_GIVEN=$FOLDER/given\n{step}", 4)
        assert "other_world: etcdctl is 3.4, etcd is 3.6" in said and staged(tmp_path) == []


@pytest.mark.parametrize("minor", MINORS)
def test_only_an_etcdctl_below_3_4_is_told_to_speak_v3(
    minor: str, tmp_path: Path, etcds: Callable[[str], Path]
) -> None:
    what = f"""TOOLS_GIVEN={etcds(minor)} CLIENT_CA=ca CLIENT_CERT=crt CLIENT_KEY=key
find_etcdctl && tool_minor && echo
ctl_line https://192.168.100.10:2379 member list && echo "${{ctl_words[*]}}"
"$etcdctl" --endpoints=http://127.0.0.1:1 --command-timeout=100ms get x 2>&1 | grep -c -e unrecognized -e 'API version' || true"""
    said = bash(tmp_path, what).splitlines()
    told = "env ETCDCTL_API=3 " if minor == "3.3" else ""
    assert said[0] == minor and said[1].startswith(f"{told}timeout -k 1 10 {etcds(minor)}/etcdctl --endpoints=")
    assert said[2] == "0", "nobody warns of the variable, and the words are those of v3"


@pytest.mark.parametrize(("version", "named"), [("3.6.3", True), ("3.6.6", False), ("3.6.16", False), ("3.5.1", False)])
def test_an_etcd_that_keeps_the_members_of_a_copy_is_named(version: str, named: bool, tmp_path: Path) -> None:
    tool(tmp_path / "state/tools", "etcd", version)
    what = f"SET_ASIDE=$FOLDER; source {TEMPLATES}/runbook/restore/scratch.sh; if_members_stay"
    assert ("put etcd 3.6.6 or later into" in bash(tmp_path, what)) is named


def test_an_image_that_nobody_has_is_nowhere(tmp_path: Path) -> None:
    assert bash(tmp_path, "runtime_with_image; tools_can_be_had || echo none") == "none\n"


def test_a_unit_without_etcdctl_is_refused_and_one_beside_its_etcd_is_taken(tmp_path: Path) -> None:
    unit = f"UNIT=etcd.service UNIT_PROGRAM={tmp_path}/bin/etcd IMAGE= SNAPSHOT=no"
    what = f'{unit}; find_etcdctl; guard_etcdctl_of_the_unit; echo "$etcdctl"'
    said = bash(tmp_path, what, 3)
    assert "closed: etcdctl was not found: not beside the etcd of etcd.service" in said and "etcd-client" in said
    tool(tmp_path / "bin", "etcdctl", "3.4.23")
    assert bash(tmp_path, what) == f"{tmp_path}/bin/etcdctl\n"
