"""What `make test` needs of a machine: made-up machines whose tools are empty scripts, and an apt-get that brings more."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from etcd_renumber.rehearsal.kubeadm import places
from etcd_renumber.rehearsal.testbed import namespaces

from tests.conftest import ROOT, none_left_out

SCRIPT = ROOT / "tests" / "prerequisites.sh"
TABLES = {name: dict(re.findall(r"(\S+) (\S+)\n", text)) for name, text in
          re.findall(r'(?s)\n(TOOLS|ROOTS_TOOLS|SERVICES)="\n(.*?)"', SCRIPT.read_text())}  # fmt: skip
TOOLS = TABLES["TOOLS"] | TABLES["ROOTS_TOOLS"]
POLICY = "/usr/sbin/policy-rc.d"
# In a mount namespace of its own: nothing of this machine's is found, and its policy is not touched.
MOUNT = shutil.which("mount") or "/usr/bin/mount"
HIDDEN = (
    "for folder in /usr/sbin /usr/local/sbin /usr/lib/cni; do "
    f"[[ ! -d $folder ]] || {MOUNT} -t tmpfs tmpfs $folder || exit 99; done; "
    "[[ $(echo /usr/sbin/*) == '/usr/sbin/*' ]] || exit 99; "
)
OTHERS_POLICY = f"echo theirs >{POLICY}; "
KILLED = f"printf '#!/bin/sh\\n# etcd-renumber, while it installs packages\\nexit 101\\n' >{POLICY}; "
PYTHON = """#!/bin/sh
case $2 in
*version*) echo {0}.0; case {0} in 3.9) exit 1 ;; esac ;;
*ensurepip*) [ -e "{1}/venv" ] ;;
esac
"""
# Says whether services may start while it installs; each package is a folder with its tools.
APT = """#!/bin/sh
case " $* " in *" install "*) policy=$(sh {policy} 2>/dev/null; echo $?) ;; esac
echo "apt-get $* ${{policy-}}" >>{log}
case " $* " in
*" update "*) exit {update} ;;
*" install "*) [ {install} = 0 ] || exit {install}; for name; do
  [ ! -d "{top}/packages/$name" ] || cp -p "{top}/packages/$name"/* "{top}/bin"
done ;;
esac
"""


@dataclass
class Machine:
    """`python` is its version ("" is none), `missing` are tools that it has not; apt-get, where there is one, has them."""

    top: Path
    missing: tuple[str, ...] = ()
    python: str = "3.11"
    apt: bool = True
    update: int = 0
    install: int = 0
    before: str = ""
    env: Mapping[str, str] = field(default_factory=dict)

    def tool(self, name: str, text: str = "#!/bin/sh\n", folder: str = "bin") -> None:
        path = self.top / folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        path.write_text(text)
        path.chmod(0o755)

    def __post_init__(self) -> None:
        python = PYTHON.format(self.python or "3.11", self.top / "bin")
        for name, package in {**TOOLS, "venv": "python3-venv"}.items():
            self.tool(name, folder=f"packages/{package}" if name in self.missing else "bin")
        self.tool("python3", python, "bin" if self.python else "packages/python3")
        self.tool("systemctl", f'#!/bin/sh\necho "systemctl $*" >>{self.top}/log\n')
        if self.apt:
            numbers = {"update": self.update, "install": self.install}
            self.tool("apt-get", APT.format(policy=POLICY, log=self.top / "log", top=self.top, **numbers))
        # Not among the scripts: who writes one of those must never write through a link.
        (self.top / "real").mkdir(exist_ok=True)
        for name in ("bash", "sh", "cp", "rm", "chmod", "cat"):
            if not (self.top / "real" / name).exists():
                (self.top / "real" / name).symlink_to(shutil.which(name) or f"/bin/{name}")
        (self.top / "certificates").write_text("some")

    def run(self, *words: str, root: bool = True) -> subprocess.CompletedProcess[str]:
        """As root, who sees at the end what became of the policy; or as an ordinary user."""
        unshare = shutil.which("unshare") or "unshare"
        rights = [] if os.geteuid() == 0 else ["--user", "--map-root-user"]
        then = f'"$@"; exit=$?; cat {POLICY} 2>/dev/null; exit $exit' if root else 'exec "$@"'
        user = [] if root else [unshare, "--user", "--map-user=1000", "--map-group=1000"]
        how = [*rights, "--mount", "bash", "-c", f"{HIDDEN}{self.before}{then}", "bash", *user]
        env = {"PATH": f"{self.top}/bin:{self.top}/real", "SSL_CERT_FILE": f"{self.top}/certificates", **self.env}
        command = [unshare, *how, *(words or ("bash", str(SCRIPT), "test"))]
        return subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False)

    @property
    def log(self) -> list[str]:
        """What apt-get and systemctl were told."""
        return (self.top / "log").read_text().splitlines() if (self.top / "log").exists() else []


INSTALL = "apt-get --quiet --yes --no-install-recommends install"


def test_where_nothing_is_missing_nothing_is_said_and_nothing_done(tmp_path: Path) -> None:
    machine = Machine(tmp_path)
    for root in (True, False):
        ran = machine.run(root=root)
        assert (ran.returncode, ran.stdout, ran.stderr, machine.log) == (0, "", "", [])


def test_as_root_all_that_is_missing_is_installed_at_once_and_no_service_starts(tmp_path: Path) -> None:
    machine = Machine(tmp_path, ("socat", "haproxy", "ip", "ss", "venv"))
    ran = machine.run()
    assert ran.returncode == 0, ran.stderr
    assert machine.log == [
        "apt-get --quiet update ",
        f"{INSTALL} python3-venv iproute2 haproxy socat 101",
        "systemctl disable haproxy",
    ]
    assert ran.stdout == "not on this machine, apt-get installs: python3-venv iproute2 haproxy socat\n"
    assert machine.run().returncode == 0 and len(machine.log) == 3


@pytest.mark.parametrize(("before", "after"), [(OTHERS_POLICY, "theirs\n"), (KILLED, "")], ids=["another's", "left"])
def test_a_policy_of_somebody_else_stays_and_one_that_a_killed_run_left_goes(
    tmp_path: Path, before: str, after: str
) -> None:
    ran = Machine(tmp_path, ("socat",), before=before).run()
    assert (ran.returncode, ran.stdout.partition("socat\n")[2]) == (0, after)


def test_an_archive_that_does_not_answer_is_no_reason_to_stop(tmp_path: Path) -> None:
    machine = Machine(tmp_path, ("socat",), update=100)
    assert machine.run().returncode == 0
    assert machine.log[1:] == [f"{INSTALL} socat 101"]


CANNOT = {
    "an ordinary user": (False, {}),
    "no apt-get": (True, {"apt": False}),
    "apt-get fails": (True, {"install": 100}),
}


@pytest.mark.parametrize("case", CANNOT)
def test_else_one_message_names_all_that_is_missing(tmp_path: Path, case: str) -> None:
    root, how = CANNOT[case]
    machine = Machine(tmp_path, ("chromium", "ip", "ss"), **how)  # type: ignore[arg-type]
    ran = machine.run(root=root)
    assert ran.returncode == 2
    assert ran.stderr.removeprefix("apt-get could not install them\n").splitlines() == [
        "not on this machine: ip (iproute2), ss (iproute2), chromium (chromium)",
        "hint: on Debian, as root: apt-get install --no-install-recommends iproute2 chromium (make as root does it itself)",
    ]
    assert bool(machine.log) == (case == "apt-get fails")
    assert "101" not in ran.stdout


def test_tools_of_roots_tests_are_asked_of_root_and_in_ci(tmp_path: Path) -> None:
    missing = tuple(TABLES["ROOTS_TOOLS"])
    assert Machine(tmp_path, missing).run(root=False).returncode == 0
    ran = Machine(tmp_path, missing, env={"CI": "true"}).run(root=False)
    assert ran.returncode == 2
    assert re.findall(r"(\S+) \((\S+)\)", ran.stderr.splitlines()[0]) == [*TABLES["ROOTS_TOOLS"].items()]


def test_a_python_that_is_too_old_is_said_with_all_the_rest_and_nothing_is_installed(tmp_path: Path) -> None:
    machine = Machine(tmp_path, ("socat",), python="3.9")
    ran = machine.run()
    assert (ran.returncode, machine.log) == (2, [])
    wanted = "not on this machine: python3 3.11 or newer (this one is 3.9.0; another: make PYTHON=...), socat (socat)\n"
    assert ran.stderr.startswith(wanted)


def test_a_machine_without_python_gets_one(tmp_path: Path) -> None:
    machine = Machine(tmp_path, ("venv",), python="")
    assert machine.run(root=False).returncode == 2
    assert machine.run().returncode == 0
    assert machine.log[1:] == [f"{INSTALL} python3 python3-venv 101"]


def test_make_demo_needs_an_environment_and_no_more(tmp_path: Path) -> None:
    words = ("bash", str(SCRIPT), "environment", "python3")
    assert Machine(tmp_path, tuple(TOOLS)).run(*words).returncode == 0
    machine = Machine(tmp_path, ("venv", *TOOLS))
    (tmp_path / "bin" / "venv").unlink()
    assert machine.run(*words).returncode == 0
    assert machine.log[1:] == [f"{INSTALL} python3-venv 101"]


def test_make_test_ends_with_2_before_it_makes_anything(tmp_path: Path) -> None:
    make = shutil.which("make")
    assert make
    machine = Machine(tmp_path, ("chromium",))
    ran = machine.run(make, "test", f"VENV={tmp_path}/environment", root=False)
    assert (ran.returncode, ran.stdout) == (2, "")
    assert ran.stderr.startswith("not on this machine: chromium (chromium)\n")
    assert not (tmp_path / "environment").exists()


def test_every_tool_of_a_bed_and_of_a_real_control_plane_is_asked_for() -> None:
    assert {*namespaces.NEEDED} - {*TOOLS} == {"pivot_root"}  # of util-linux, as unshare
    assert {*places.TOOLS.items()} - {*TOOLS.items()} == set()


@pytest.mark.parametrize(("ci", "outcome"), [("true", "failed"), ("", "skipped")])
def test_in_ci_a_test_that_is_left_out_fails(monkeypatch: pytest.MonkeyPatch, ci: str, outcome: str) -> None:
    monkeypatch.setenv("CI", ci)
    why = ("test_a.py", 1, "Skipped: no sshd")
    report = none_left_out(pytest.TestReport("a", ("test_a.py", 1, "a"), {}, "skipped", why, "setup"))
    assert (report.outcome, "no sshd" in str(report.longrepr)) == (outcome, True)
