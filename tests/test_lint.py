"""Scripts are checked before they are written: every value is one word, every body is clean bash."""

import os
import re
import shlex
import subprocess
from pathlib import Path

import pytest
from etcd_renumber.change_folder import lint as room
from etcd_renumber.change_folder.lint import lint
from etcd_renumber.methods import METHODS
from etcd_renumber.rendering.render import render
from hypothesis import given
from hypothesis import strategies as st

from tests.conftest import ROOT
from tests.external import external
from tests.scenario import hosts, scenario

SCRIPT = """#!/usr/bin/env bash
# runbook.sh -- {title}
set -o errexit -o nounset -o pipefail

# --- values: the only lines that differ between hosts ---

# names
{values}
# --- end values ---

main() {{
  printf '%s\\n' "$HOST" "${{NAMES[@]}}"
}}
main "$@"
"""


def script(host: str = "m1", names: str = "(m1 m2)", title: str = "a host", more: str = "") -> str:
    return SCRIPT.format(title=title, values=f"readonly HOST={host}\nreadonly -a NAMES={names}{more}")


def facts(text: str, path: str = "runbook.sh") -> list[str]:
    return [f"{p.place} {p.fact}" for p in lint({path: text})]


def test_a_clean_script_has_no_problem_and_other_files_are_not_looked_at() -> None:
    assert lint({"a/runbook.sh": script(), "x.json": "((", "RUNBOOK.md": "`"}) == []


VALUES = [
    ("a word without quotes that bash would split", script("a b"), "not a value"),
    ("a command substitution", script("$(id)"), "not a value"),
    ("a command substitution in double quotes", script('"$(id)"'), "not a value"),
    ("a quote that is not closed", script("'a"), "not a value"),
    ("a second command", script("a; id"), "not a value"),
    ("a brace expansion", script("{a,b}"), "not a value"),
    ("a tilde", script("~root"), "not a value"),
    ("a glob in a list", script(names="(*)"), "not a value"),
    ("an index in a list", script(names="([1]=a)"), "not a value"),
    ("a value of two lines", script("'a\nb'"), "not a value"),
    ("a carriage return in quotes", script("'a\r'"), "not a value"),
    ("a command instead of a value", script(more="\nid"), "not a value"),
    ("a name in small letters", script(more="\nreadonly host=x"), "not a value"),
    ("a directive among the values", script(more="\n# shellcheck disable=SC2086"), "not a value"),
    ("a value given twice", script(more="\nreadonly HOST=b"), "HOST has two values"),
    ("no end of the values", script().replace("# --- end values ---", ""), "has no end"),
    ("a trailing blank", script("a "), "not a value"),
]


@pytest.mark.parametrize(("name", "text", "fact"), VALUES, ids=[c[0] for c in VALUES])
def test_a_values_block_is_refused(name: str, text: str, fact: str) -> None:
    assert any(fact in line for line in facts(text)), facts(text)


@given(st.lists(st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=20), min_size=1, max_size=3))
def test_whatever_shlex_quotes_is_one_word_here(values: list[str]) -> None:
    text = script(shlex.quote(values[0]), f"({' '.join(shlex.quote(v) for v in values)})")
    assert room.blanked(text, "x")[1] == []


def test_bash_reads_hostile_values_as_they_are() -> None:
    values = ["$(id)", "`id`", "it's", '"', "\\", "!x", "*", "a=b", "-n", "", "é\u2028"]
    text = script("x", f"({' '.join(shlex.quote(v) for v in values)})")
    assert lint({"r.sh": text}) == []
    out = subprocess.run(["bash", "-s"], input=text, capture_output=True, text=True, check=True).stdout
    assert out.split("\n")[1:-1] == values


def test_a_syntax_error_is_named_with_its_line() -> None:
    assert facts("#!/usr/bin/env bash\nif true; then\n")[0].startswith("runbook.sh:3 bash: syntax error")


def test_what_shellcheck_dislikes_is_named_with_line_and_column() -> None:
    found = facts("#!/usr/bin/env bash\necho $1\n")
    assert found == ["runbook.sh:2:6 SC2086: Double quote to prevent globbing and word splitting."]


def test_the_same_body_is_linted_once_whatever_the_values_and_the_title(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: set[str] = set()
    assert lint({"a.sh": script("a", title="of a"), "b.sh": script("b", "(x 'y z')", title="of b")}, seen) == []
    assert len(seen) == 1
    monkeypatch.setattr(room, "_run", None)
    assert lint({"c.sh": script("c")}, seen) == []


def test_a_body_that_lacks_a_value_is_another_body() -> None:
    seen: set[str] = set()
    lint({"a.sh": script()}, seen)
    assert "SC2153" in facts(script().replace("readonly HOST=m1\n", "readonly HOSTS=m1\n"))[0]


def test_an_unclean_body_is_reported_each_time() -> None:
    seen: set[str] = set()
    text = script() + "echo $1\n"
    assert lint({"a.sh": text}, seen) and lint({"a.sh": text}, seen)
    assert not seen


def test_the_surroundings_of_the_caller_do_not_matter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".shellcheckrc").write_text("disable=all\n")
    (tmp_path / "env").write_text("echo hello >&2\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BASH_ENV", str(tmp_path / "env"))
    monkeypatch.setenv("SHELLCHECK_OPTS", "-e SC2086")
    assert len(facts("#!/usr/bin/env bash\necho $1\n")) == 1
    assert lint({"a.sh": script()}) == []


@pytest.mark.parametrize("method", METHODS)
def test_what_a_method_renders_is_clean(tmp_path: Path, method: str) -> None:
    made = scenario(tmp_path, hosts(3), method=method)
    assert lint(render(made.change)) == []


@pytest.mark.parametrize("method", METHODS)
def test_no_file_uses_a_value_of_one_that_is_read_after_it(tmp_path: Path, method: str) -> None:
    made = scenario(tmp_path, hosts(3), method=method)
    words = ["bash", made.host_folder("master1") / "runbook.sh", "phases"]
    ran = subprocess.run(words, capture_output=True, text=True)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout.split()[0] == "preflight"


@pytest.mark.parametrize("folder", ["hosts/master1", "workers", "apiservers"])
def test_what_the_environment_says_to_bash_openssl_and_etcdctl_does_not_count(tmp_path: Path, folder: str) -> None:
    made = external(tmp_path) if folder == "apiservers" else scenario(tmp_path, hosts(3), workers=[{"name": "worker1"}])
    (tmp_path / "elsewhere" / folder).mkdir(parents=True)
    names = {"CDPATH": f"{tmp_path}/elsewhere", "POSIXLY_CORRECT": "1", "OPENSSL_CONF": "/x", "OPENSSL_MODULES": "/x"}
    names |= {"https_proxy": "http://192.0.2.1:1", "ETCDCTL_ENDPOINTS": "x"} if folder.startswith("hosts") else {}
    at_its_end = 'trap \'printf "%s\\n" "$HERE"; env\' EXIT'  # this machine is no worker: their files end before they have a phase
    words = ["bash", "-c", f"{at_its_end}; . {folder}/runbook.sh phases"]
    ran = subprocess.run(words, cwd=made.folder, env=os.environ | names, capture_output=True, text=True, check=False)
    assert str(made.folder / folder) in ran.stdout.splitlines(), ran.stdout + ran.stderr
    assert not [line for line in ran.stdout.splitlines() if line.partition("=")[0] in names]


FUNCTION = re.compile(r"^([a-z][a-z0-9]*_[a-z0-9_]*)\(\)", re.M)
COMMAND = re.compile(  # a word where bash, or a function that calls its arguments, looks for a command
    r"(?:^ *|\$\(|[;&|!{(] +|\b(?:then|do|else|if|elif|while|until|run|must|holds|yes_or_open) +)"
    r"([a-z][a-z0-9]*_[a-z0-9_]*)(?=;|$| (?!=))",
    re.M,
)


@pytest.mark.parametrize("method", METHODS)
def test_what_a_method_calls_is_in_its_runbook(tmp_path: Path, method: str) -> None:
    """ShellCheck takes an unknown word for a command of the host. No command of a host has a _ in its name, so a word with one
    where a command stands is a function; so is the name of any function of any part, wherever it stands."""
    every = {name for p in (ROOT / "templates").rglob("*.sh") for name in FUNCTION.findall(p.read_text())}
    text = render(scenario(tmp_path, hosts(3), method=method).change)["hosts/master1/runbook.sh"]
    code = "\n".join(line.split(" # ")[0] for line in text.splitlines() if line.lstrip()[:1] != "#")
    steps = {step for phase in METHODS[method].phases for step in (*phase.steps, *phase.undo)}
    called = (every & set(re.findall(r"(?<![$\w{./-])[a-z]\w*", code))) | set(COMMAND.findall(code)) | steps
    assert called - set(FUNCTION.findall(text)) == set()
