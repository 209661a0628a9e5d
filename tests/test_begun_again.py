"""A change that is taken back and begun again, or rendered again in its middle; where kubelet's pods are; who takes routes away."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.pki import TEMPLATES
from tests.test_what_a_look_proves import bash


def test_what_was_saved_is_put_away_with_the_backup_and_never_overwritten(tmp_path: Path) -> None:
    for _ in range(2):
        (tmp_path / "backup").mkdir()
        (tmp_path / "snapshot").mkdir(exist_ok=True)
        for name in ("before.txt", "snapshot/before.db", "snapshot/before.txt"):
            (tmp_path / name).write_text(name)
        what = "journal() { :; }; put_backup_away; put_backup_away"
        ran = bash(
            what, "runbook/lib/run.sh", "runbook/steps/undo.sh", STATE=str(tmp_path), BACKUP=f"{tmp_path}/backup"
        )
        assert ran.returncode == 0 and "ok: there is no backup" in ran.stdout, ran.stderr
    for number in (1, 2):
        assert (tmp_path / f"backup.undone-{number}").is_dir()
        found = {path.name: path.read_text() for path in (tmp_path / f"before.undone-{number}").iterdir()}
        assert found == {
            "before.txt": "before.txt",
            "snapshot-before.db": "snapshot/before.db",
            "snapshot-before.txt": "snapshot/before.txt",
        }


@pytest.mark.parametrize(("then", "ended"), [("", True), ("undo prepare", False), ("undo move", True)])
def test_preflight_is_open_again_after_prepare_was_undone(tmp_path: Path, then: str, *, ended: bool) -> None:
    line = '{{"at":"x","event":"end","verb":"{}","phase":"{}","step":"","result":"held","exit":0,"ms":1}}\n'
    words = ["apply preflight", "apply prepare", *filter(None, [then])]
    (tmp_path / "journal.jsonl").write_text("".join(line.format(*word.split()) for word in words))
    part = (TEMPLATES / "runbook/lib/journal.sh").read_text().replace("readonly STATE=", ": ")
    ask = f"{part}\nif phase_ended preflight; then echo yes; else echo no; fi"
    said = bash(ask, CLUSTER="c", CHANGE="x", DIGEST="d", STATE=str(tmp_path))
    assert (said.stdout == "yes\n") is ended and said.returncode == 0, said.stderr
    seen = bash("there_state", "run_sh/there.sh", "run_sh/there_runs.sh", STATE=str(tmp_path))
    assert ("done preflight x" in seen.stdout.splitlines()) is ended and seen.returncode == 0, seen.stderr


@pytest.mark.parametrize("there", ["backup", "live", "aside"])
def test_owner_and_mode_are_known_without_a_backup(tmp_path: Path, there: str) -> None:
    folders = {"backup": tmp_path / "backup/manifests", "live": tmp_path / "live", "aside": tmp_path / "aside"}
    folders[there].mkdir(parents=True)
    (folders[there] / "etcd.yaml").touch()
    what = f"FILES=(etcd.yaml); live_file() {{ printf '%s' {folders['live']}/etcd.yaml; }}; owner_and_mode_like 0"
    ran = bash(what, "runbook/steps/exchange.sh", BACKUP=f"{tmp_path}/backup", ASIDE=f"{tmp_path}/aside")
    assert ran.stdout == f"{folders[there]}/etcd.yaml"


def test_a_draft_is_written_without_a_backup(tmp_path: Path) -> None:
    (tmp_path / "live").mkdir()
    (tmp_path / "live/etcd.yaml").touch(0o644)
    (tmp_path / "new").write_text("new")
    what = f"""journal() {{ :; }}; FILES=(etcd.yaml); live_file() {{ printf '%s' {tmp_path}/live/etcd.yaml; }}
draft_of() {{ printf '%s' {tmp_path}/live/.draft; }}; wanted_manifest() {{ printf '%s' {tmp_path}/new; }}; draft_manifest 0"""
    parts = ("runbook/lib/run.sh", "runbook/steps/exchange.sh")
    ran = bash(what, *parts, BACKUP=f"{tmp_path}/backup", ASIDE=f"{tmp_path}/aside")
    assert ran.returncode == 0, ran.stderr
    draft = tmp_path / "live/.draft"
    assert (
        draft.read_text() == "new"
        and draft.stat().st_mode & 0o777 == (tmp_path / "live/etcd.yaml").stat().st_mode & 0o777
    )


@pytest.mark.parametrize(
    ("words", "config", "here"),
    [
        ([], "staticPodPath: PODS\n", True),
        ([], 'staticPodPath: "PODS/"\n', True),
        ([], "staticPodPath: /opt/pods\n", False),
        ([], "kind: KubeletConfiguration\n", True),
        (["--pod-manifest-path=PODS"], "staticPodPath: /opt/pods\n", True),
        (["--pod-manifest-path", "/opt/pods"], "staticPodPath: PODS\n", False),
        (["--config", "OTHER"], "staticPodPath: PODS\n", False),
    ],
)
def test_kubelet_is_asked_for_its_static_pods(tmp_path: Path, words: list[str], config: str, *, here: bool) -> None:
    pods, other = tmp_path / "pods", tmp_path / "other.yaml"
    pods.mkdir()
    other.write_text("staticPodPath: /opt/pods\n")
    (tmp_path / "config.yaml").write_text(config.replace("PODS", str(pods)))
    argv = [word.replace("PODS", str(pods)).replace("OTHER", str(other)) for word in words]
    with subprocess.Popen(["bash", "-c", "read -r _", "kubelet", *argv], stdin=subprocess.PIPE) as kubelet:
        what = f"""kubelet_pid() {{ printf '%s' {kubelet.pid}; }}
if static_pods_are_here; then echo yes; else echo no; fi"""
        values = {"MANIFESTS": str(pods), "KUBELET_CONFIG": f"{tmp_path}/config.yaml", "STATE": str(tmp_path)}
        ran = bash(what, "runbook/lib/kubelet.sh", **values)
        kubelet.communicate(b"\n")
    assert ran.stdout.strip() == ("yes" if here else "no"), ran.stderr


@pytest.mark.parametrize(
    ("step", "part"),
    [
        ("the_folder_is_clean", "steps"),
        ("the_apiserver_can_be_exchanged", "apiservers"),
    ],
)
def test_another_folder_of_static_pods_ends_every_preflight_with_4(tmp_path: Path, step: str, part: str) -> None:
    what = f"""has_static_pod() {{ true; }}; static_pods_are_here() {{ false; }}; static_pod_path() {{ echo /opt/pods; }}
guard() {{ "${{@: -1}}" || {{ echo "$1: $2"; exit 9; }}; }}; {step}"""
    values = {"MANIFESTS": "/etc/kubernetes/manifests", "STATE": str(tmp_path)}
    ran = bash(what, "runbook/lib/kubelet.sh", f"runbook/{part}/preflight.sh", **values)
    words = "other_world: kubelet runs the static pods of /opt/pods, and the reviewed manifests are in /etc/kubernetes/manifests"
    assert (ran.returncode, ran.stdout.strip()) == (9, words), ran.stderr


KEEPS = "[Network]\nManageForeignRoutes=no\n"


@pytest.mark.parametrize(
    ("runs", "file", "text", "said"),
    [
        ("systemd-networkd", "", "", "networkd"),
        ("systemd-networkd", "etc/systemd/networkd.conf", KEEPS, ""),
        ("systemd-networkd", "etc/systemd/networkd.conf", "[Network]\n#ManageForeignRoutes=no\n", "networkd"),
        ("systemd-networkd", "etc/systemd/networkd.conf", KEEPS.replace("no", "yes"), "networkd"),
        ("systemd-networkd", "run/systemd/networkd.conf.d/10-keep.conf", KEEPS.replace("no", "False"), ""),
        ("systemd-networkd", "usr/lib/systemd/networkd.conf.d/10-keep.conf", KEEPS, ""),
        ("NetworkManager", "", "", "nmcli"),
        ("-", "", "", ""),
    ],
)
def test_who_takes_routes_away_is_named(tmp_path: Path, runs: str, file: str, text: str, said: str) -> None:
    """The folders of systemd are those of a root of its own: this machine's say nothing."""
    if file:
        (tmp_path / file).parent.mkdir(parents=True)
        (tmp_path / file).write_text(text)
    part = (TEMPLATES / "runbook/steps/surroundings.sh").read_text()
    part = part.replace("{/etc,/run,/usr/lib}", f"{tmp_path}/{{etc,run,usr/lib}}")
    what = f"""systemctl() {{ [[ $4 != '{runs}' ]] || echo ActiveState=active; }}; note() {{ echo "$*"; }}
note_who_takes_routes_away"""
    ran = bash(f"{part}\n{what}")
    assert ran.returncode == 0 and said in ran.stdout and bool(ran.stdout) == bool(said), ran.stderr
