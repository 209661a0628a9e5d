"""The wheel alone, without the checkout, renders the same bytes."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
RENDER = "from generator.cli.main import main; import generator; print(generator.__file__); main()"


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
    assert {"generator/templates/runbook/runbook.sh.j2", "generator/rendering/releases.json"} <= set(names)
    assert "generator/examples/three-masters/mapping.yaml" in names
    assert (
        "etcd-renumber = generator.cli.main:main" in points
        and "kubectl-etcd_renumber = generator.cli.main:main" in points
    )
    assert not [n for n in names if n.startswith(("tests/", "out/"))]


def test_the_wheel_renders_the_same_bytes_as_the_checkout(installed: Path, tmp_path: Path) -> None:
    folders = []
    for name, where in (("wheel", installed / "site"), ("checkout", ROOT)):
        env = os.environ | {"PYTHONPATH": str(where)}
        for words in (["init", "e", "--example"], ["render", "e/mapping.yaml", "-o", "out"]):
            cwd = tmp_path / name
            cwd.mkdir(exist_ok=True)
            ran = subprocess.run(
                [sys.executable, "-c", RENDER, *words], cwd=cwd, env=env, capture_output=True, text=True, check=False
            )
            assert ran.returncode == 0, ran.stderr
            assert ran.stdout.startswith(str(where)), "the code of the other one ran"
        files = [p for p in cwd.rglob("*") if p.is_file()]
        folders.append({str(p.relative_to(cwd)): p.read_bytes() for p in files})
    assert folders[0] == folders[1]
