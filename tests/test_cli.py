"""The command line as a user meets it: what is printed, where, and with which exit code."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from etcd_renumber.assets import folder

ROOT = Path(__file__).parent.parent
EXAMPLE = folder("examples") / "three-masters"
ARTICLE = "成员名称 旧IP 新IP\nmaster1 192.168.100.10 192.168.110.10\nmaster2 192.168.100.11 192.168.110.11\n"


def cli(*words: str, cwd: Path | None = None, given: str | None = None) -> tuple[int, str, str]:
    ran = subprocess.run(
        [sys.executable, "-c", "from etcd_renumber.cli.main import main; main()", *words],
        cwd=cwd,
        input=given,
        capture_output=True,
        encoding="utf-8",
        check=False,
        env={
            "PATH": "/usr/bin:/bin",
            "PYTHONPATH": str(ROOT / "generator"),
            "COLUMNS": "40",
            "LC_ALL": "C.UTF-8",
        },
    )
    assert "Traceback" not in ran.stderr, ran.stderr
    assert "\x1b" not in ran.stdout + ran.stderr, "a pipe gets no colour"
    return ran.returncode, ran.stdout, ran.stderr


def test_the_version_and_the_help() -> None:
    assert re.fullmatch(r"etcd-renumber \d+\.\d+\.\d+\S*\n", cli("--version")[1])
    code, out, _ = cli("--help")
    assert code == 0
    assert [w for w in ("init", "plan", "render", "review") if w not in out] == []


@pytest.mark.parametrize("words", [["bogus"], ["plan"], ["render", "x", "--nope"], ["init", "x", "--cluster", "a b"]])
def test_wrong_usage_is_exit_2(words: list[str], tmp_path: Path) -> None:
    assert cli(*words, cwd=tmp_path)[0] == 2
    assert list(tmp_path.iterdir()) == []


def test_plan_shows_order_tolerance_hashes_and_writes_nothing(tmp_path: Path) -> None:
    code, out, err = cli("plan", str(EXAMPLE / "mapping.yaml"), cwd=tmp_path)
    assert (code, "error" in err) == (0, False)
    assert "10  master1  bash runbook.sh apply move\n" in out
    assert re.search(r"^ +3 +2 +1  <- this cluster$", out, re.MULTILINE)
    assert re.search(r"^[0-9a-f]{64}  hosts/master2/runbook.sh$", out, re.MULTILINE)
    assert re.search(r"^digest [0-9a-f]{12}$", out, re.MULTILINE)
    assert list(tmp_path.iterdir()) == []


def test_plan_refuses_with_every_problem_and_exit_2(tmp_path: Path) -> None:
    shutil.copytree(EXAMPLE, tmp_path / "e")
    mapping = tmp_path / "e/mapping.yaml"
    mapping.write_text(mapping.read_text().replace("192.168.110.11", "192.168.110.10").replace("CHG-1042", "'C H'"))
    for command in ("plan", "render"):
        code, out, err = cli(command, "mapping.yaml", cwd=tmp_path / "e")
        assert (code, out) == (2, "")
        assert "error: " in err and "mapping.yaml:" in err and "hint: " in err
    assert not (tmp_path / "e/out").exists()


def test_a_mapping_that_is_not_there_is_exit_2(tmp_path: Path) -> None:
    assert cli("plan", str(tmp_path / "no.yaml"))[0] == 2


def test_render_then_review_and_the_hashes_of_plan_are_those_on_disk(tmp_path: Path) -> None:
    _, planned, _ = cli("plan", str(EXAMPLE / "mapping.yaml"))
    code, out, _ = cli("render", str(EXAMPLE / "mapping.yaml"), "-o", "o", cwd=tmp_path)
    assert code == 0 and "20 new" in out
    lines = [line for line in planned.splitlines() if line.endswith(("/runbook.sh", "  run.sh"))]
    assert len(lines) == 4
    subprocess.run(
        ["sha256sum", "-c"], input="\n".join(lines) + "\n", text=True, cwd=tmp_path / "o/three-masters", check=True
    )
    subprocess.run(["sha256sum", "-c", "SHA256SUMS"], cwd=tmp_path / "o/three-masters", check=True)
    assert "20 unchanged" in cli("render", str(EXAMPLE / "mapping.yaml"), "-o", "o", cwd=tmp_path)[1]
    code, out, err = cli("review", "o/three-masters", cwd=tmp_path)
    assert code == 0 and "agree" in out and err.startswith("note: ")
    (tmp_path / "o/three-masters/RUNBOOK.md").write_text("edited")
    code, out, err = cli("review", "o/three-masters", cwd=tmp_path)
    assert code == 1 and "agree" not in out and "o/three-masters/RUNBOOK.md" in err
    code, _, err = cli("render", str(EXAMPLE / "mapping.yaml"), "-o", "o", cwd=tmp_path)
    assert code == 2 and "was edited after it was rendered" in err
    assert (tmp_path / "o/three-masters/RUNBOOK.md").read_text() == "edited"


def test_review_of_what_is_no_change_folder_is_exit_2(tmp_path: Path) -> None:
    assert cli("review", str(tmp_path))[0] == 2


def test_the_committed_output_is_what_the_example_renders(tmp_path: Path) -> None:
    committed = ROOT / "out" / "three-masters"
    assert (committed / "SHA256SUMS").is_file(), "out/three-masters is part of the project"
    cli("render", str(EXAMPLE / "mapping.yaml"), "-o", "o", cwd=tmp_path)
    assert (tmp_path / "o/three-masters/SHA256SUMS").read_text() == (committed / "SHA256SUMS").read_text()
    assert cli("review", str(committed))[0] == 0


def test_init_from_the_articles_table(tmp_path: Path) -> None:
    code, out, _ = cli("init", "my cluster", "--from", "-", cwd=tmp_path, given=ARTICLE)
    assert code == 0
    assert "master1  192.168.100.10 -> 192.168.110.10" in out
    assert "line 1 skipped: 成员名称 旧IP 新IP" in out
    assert "scp 'root@192.168.100.10:/etc/kubernetes/manifests/*' 'my cluster/facts/master1/manifests/'" in out
    text = (tmp_path / "my cluster/mapping.yaml").read_text()
    assert "cluster: my-cluster\n" in text and "new: 192.168.110.11}" in text
    code, _, err = cli("init", "my cluster", cwd=tmp_path)
    assert code == 2 and "this file exists already" in err
    assert (tmp_path / "my cluster/mapping.yaml").read_text() == text


def test_init_leaves_open_what_a_member_list_does_not_say_and_plan_refuses_that(tmp_path: Path) -> None:
    line = "e2ef974167ea1d35, started, master1, https://192.168.100.10:2380, https://192.168.100.10:2379\n"
    assert cli("init", "c", "--cluster", "prod", "--from", "-", cwd=tmp_path, given=line)[0] == 0
    text = (tmp_path / "c/mapping.yaml").read_text()
    assert "new: }  # TODO: new address" in text and "cluster: prod" in text
    code, _, err = cli("plan", "c/mapping.yaml", cwd=tmp_path)
    assert code == 2 and "mapping.yaml:" in err


def test_init_without_a_table_gives_a_mapping_to_fill_in(tmp_path: Path) -> None:
    code, out, _ = cli("init", "c", cwd=tmp_path)
    assert code == 0 and "c/facts/MEMBER/" in out and (tmp_path / "c/mapping.yaml").is_file()


def test_init_names_every_line_it_cannot_read_and_writes_nothing(tmp_path: Path) -> None:
    code, out, err = cli("init", "c", "--from", "-", cwd=tmp_path, given="a 192.168.1.300 1.1.1.1\n1.2.3.4 1.2.3.5\n")
    assert (code, out) == (2, "") and err.count("error: ") == 2 and err.count("hint: ") == 1
    assert cli("init", "c", "--from", "none.csv", cwd=tmp_path)[0] == 2
    (tmp_path / "b").write_bytes(b"\xff\xfe")
    assert cli("init", "c", "--from", "b", cwd=tmp_path)[0] == 2
    assert not (tmp_path / "c").exists()


def test_the_example_is_complete_and_overwrites_nothing(tmp_path: Path) -> None:
    assert cli("init", "e", "--example", cwd=tmp_path)[0] == 0
    assert cli("plan", "e/mapping.yaml", cwd=tmp_path)[0] == 0
    code, _, err = cli("init", "e", "--example", cwd=tmp_path)
    assert code == 2 and err.count("exists already") == len([p for p in EXAMPLE.rglob("*") if p.is_file()])
    assert cli("init", "f", "--example", "--cluster", "x", cwd=tmp_path)[0] == 2


def test_a_rendered_runbook_is_called_in_its_own_folder_as_the_order_says(tmp_path: Path) -> None:
    assert cli("render", str(EXAMPLE / "mapping.yaml"), cwd=tmp_path)[0] == 0
    here = tmp_path / "out" / "three-masters" / "hosts" / "master1"
    ran = subprocess.run(["bash", "runbook.sh", "phases"], cwd=here, capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stderr) == (0, "") and "preflight\nprepare\nmove\n" in ran.stdout


def test_sign_report_and_bundle_are_commands(tmp_path: Path) -> None:
    assert cli("render", str(EXAMPLE / "mapping.yaml"), cwd=tmp_path)[0] == 0
    words = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "ann", "-f", str(tmp_path / "key")]
    subprocess.run(words, check=True)
    assert cli("sign", "out/three-masters", "--key", "key", cwd=tmp_path)[:2] == (
        0,
        "signed: out/three-masters/signatures/ann.sig\n",
    )
    assert cli("review", "out/three-masters", cwd=tmp_path)[0] == 0, "a signature is none of its files"
    code, out, err = cli("report", "out/three-masters", cwd=tmp_path)
    assert (code, out) == (2, "") and "bash run.sh collect copies it here" in err
    code, out, _ = cli("bundle", "out/three-masters", cwd=tmp_path)
    assert code == 0 and re.fullmatch(r"[0-9a-f]{64}  out/three-masters.tar.gz\n", out)
    assert (tmp_path / "out" / "three-masters.tar.gz").is_file()
