"""The wheel alone, without the checkout, renders the same bytes."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
WHERE = "import etcd_renumber; print(etcd_renumber.__file__)"


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The built wheel, unpacked into a folder of its own; what it depends on comes from this environment."""
    top = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(top / "dist"), str(ROOT)]
    subprocess.run(build, check=True, capture_output=True)
    (wheel,) = (top / "dist").glob("*.whl")
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--target", str(top / "site")]
    subprocess.run([*pip, str(wheel)], check=True, capture_output=True)
    return top


def test_the_wheel_holds_templates_example_and_both_commands(installed: Path) -> None:
    (wheel,) = (installed / "dist").glob("*.whl")
    with zipfile.ZipFile(wheel) as file:
        names = file.namelist()
        (entry,) = (n for n in names if n.endswith("entry_points.txt"))
        points = file.read(entry).decode()
    assert {"etcd_renumber/templates/runbook/runbook.sh.j2", "etcd_renumber/rendering/releases.json"} <= set(names)
    assert "etcd_renumber/examples/three-masters/mapping.yaml" in names
    assert (
        "etcd-renumber = etcd_renumber.cli.main:main" in points
        and "kubectl-etcd_renumber = etcd_renumber.cli.main:main" in points
    )
    assert {n.partition("/")[0].partition("-")[0] for n in names} == {"etcd_renumber"}, "nothing else in site-packages"
    assert "etcd_renumber/py.typed" in names


def python(cwd: Path, env: dict[str, str], *words: str) -> str:
    ran = subprocess.run([sys.executable, *words], cwd=cwd, env=env, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


def test_the_wheel_renders_the_same_bytes_as_the_checkout(installed: Path, tmp_path: Path) -> None:
    folders = []
    for name, where in (("wheel", installed / "site"), ("checkout", ROOT / "generator")):
        env = os.environ | {"PYTHONPATH": str(where)}
        for words in (["init", "e", "--example"], ["render", "e/mapping.yaml", "-o", "out"]):
            cwd = tmp_path / name
            cwd.mkdir(exist_ok=True)
            assert python(cwd, env, "-c", WHERE).startswith(str(where)), "the code of the other one ran"
            python(cwd, env, "-m", "etcd_renumber", *words)
        files = [p for p in cwd.rglob("*") if p.is_file()]
        folders.append({str(p.relative_to(cwd)): p.read_bytes() for p in files})
    assert folders[0] == folders[1]
