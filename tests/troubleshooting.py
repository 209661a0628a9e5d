"""docs/troubleshooting.md, made from the bash: every refusal of a runbook with its exit code, what to do, and where it comes.

`python -m tests.troubleshooting > docs/troubleshooting.md` makes the page again; a test holds it against the sources.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from etcd_renumber.methods.apiservers import APISERVERS
from etcd_renumber.methods.bridge import BRIDGE
from etcd_renumber.methods.external import external
from etcd_renumber.methods.narrow import narrowed
from etcd_renumber.methods.restore import RESTORE
from etcd_renumber.methods.rolling import REPLACE
from etcd_renumber.methods.workers import WORKERS
from etcd_renumber.rendering.commands import reach

from tests.bash_tree import BASH, Call, calls

HEAD = (
    "# Troubleshooting: every refusal of a runbook\n\n"
    "Made from the sources (`.venv/bin/python -m tests.troubleshooting > docs/troubleshooting.md`). "
    "`OLD` and `NEW` are this host's addresses, other names in "
    "capitals are values of the host or the member, and … is what the runbook has found.\n"
    "What an exit code means for the line of the order: [runbook.md](runbook.md#exit-codes). "
    "`bash runbook.sh status` shows every member and the next line after any of these.\n"
    "The last column has every phase whose bash can come to the message; not each of them does.\n"
)
EXITS = {"failed": 1, "usage": 2, "closed": 3, "other_world": 4, "half_done": 5, "go_back": 5}
MEANING = {
    1: "a command failed, or `verify` found something",
    2: "wrong usage",
    3: "a precondition failed: nothing that runs was changed",
    4: "the host, the cluster or the files are not as reviewed",
    5: "changed, and the last check failed",
}
# What a function is given by whoever calls it.
HINTS = {"…; this phase was undone": "fix the cause that it names, then: bash runbook.sh apply PHASE"}
LIMITS = {
    "GATE_LIMIT": "60",
    "KUBERNETES_LIMIT": "60",
    "API_RELOADS": "90",
    "LAST_LINE": "finish (in restore: reopen)",
    "BASH_REMATCH": "MEMBER",
}
CERTS = {"CERT_FILES": "CERTIFICATE", "CERT_KEYS": "KEY", "CERT_CAS": "CA", "CERT_CA_KEYS": "CA-KEY", "FILES": "FILE"}
VALUES: tuple[tuple[str, dict[str, str]], ...] = (
    (r"\$\{(NAMES|OLDS|NEWS)\[[^]]+\]\}", {"NAMES": "MEMBER", "OLDS": "ITS-OLD", "NEWS": "ITS-NEW"}),
    (r"\$\{([A-Z_]+)\[[^]]+\]\}", CERTS | LIMITS),
    (r"\$\{#NAMES\[@\]\}", {}),
    (r"\$\{([A-Z_]+)[^}]*\}", {}),
    (r"\$([A-Z_]+)", LIMITS),
)


def page() -> str:
    """The whole text."""
    found: dict[tuple[int, str, str], list[str]] = {}
    for code, fact, hint, phases in refusals():
        where = found.setdefault((code, fact, hint), [])
        where += [phase for phase in phases if phase not in where]
    text = HEAD
    for code, meaning in MEANING.items():
        text += f"\n## Exit {code}: {meaning}\n\n| what it says | what to do | in |\n|---|---|---|\n"
        rows = sorted((fact, hint, ", ".join(where)) for (at, fact, hint), where in found.items() if at == code)
        text += "".join(f"| {' | '.join(row)} |\n" for row in rows)
    return text


def refusals() -> Iterator[tuple[int, str, str, list[str]]]:
    """(exit code, fact, hint, phases) of every guard and every stop."""
    places = _phases_of_functions()
    for file in BASH:
        for call in calls(file):
            said = _said(call)
            if said and call.function in places:
                code, fact, hint = said
                phases = [phase for phase in places[call.function] if code != 5 or phase != "preflight"]
                yield code, _plain(fact), HINTS.get(_plain(fact), _plain(hint)), phases


def _said(call: Call) -> tuple[int, str, str] | None:
    words = call.words
    if call.name == "guard" and words[1] in EXITS:
        return EXITS[words[1]], words[2], words[3]
    if call.name in EXITS and len(words) > 1 and words[1] not in ('"$@"', '"$1"') and words[1][0] in "\"'":
        return EXITS[call.name], words[1], words[2] if len(words) > 2 else ""
    return None


def _phases_of_functions() -> dict[str, list[str]]:
    """Function to the phases, of whatever method or script, that can come to it; `every run` where it belongs to none."""
    found: dict[str, list[str]] = {}
    for method in (*map(narrowed, (REPLACE, BRIDGE, RESTORE, external(REPLACE, True))), WORKERS, APISERVERS):
        reached = reach(method)
        who = {"workers": "a worker", "apiservers": "an apiserver"}.get(method.name, "")
        if who:
            reached = {f"{verb} of {who}" if verb else "": names for verb, names in reached.items()}
        found |= {name: ["every run"] for name in reached.pop("") if name not in found}
        for verb, names in reached.items():
            for name in names:
                verbs = found.setdefault(name, [])
                if verb not in verbs and verbs != ["every run"]:
                    verbs.append(verb)
    return found


def _plain(text: str) -> str:
    """A word of bash as a person reads it."""
    text = text[1:-1].replace("'\"'\"'", "'").replace("\\'", "'") if text[:1] in "\"'" else text
    text = re.sub(r'\$\(how_recorded "\$\w+"\)', "MEMBER is recorded on its … address", text)
    text = text.replace(
        "$(wanted_sans)", "the SANs OLD and NEW (in narrow: those that it has, without the old addresses)"
    )
    text = re.sub(
        r"\$\(why_no_(?:space|room)[^)]*\)", "FOLDER has … KiB free of …: … must fit, and 15 % must stay free", text
    )
    text = text.replace('$(ca_key "$1")', "CA-KEY")
    text = text.replace("$(or_roll_back)", ", or roll back: bash runbook.sh undo PHASE")
    while (shorter := re.sub(r"\$\([^()]*\)", "…", text)) != text:
        text = shorter
    text = re.sub(r"\$\{[a-z_]+:-([^}]*)\}", r"\1", text).replace("$?", "…")
    for pattern, names in VALUES:
        text = re.sub(pattern, lambda m, names=names: names.get(m[1], m[1]) if m.groups() else "…", text)  # type: ignore[misc]
    text = re.sub(r"\$\{?[#a-z0-9_?]+(\[[^]]*\])?[^}\s]*\}|\$[a-z0-9_]+", "…", text)
    return " ".join(text.split()).replace("|", "\\|").replace("<", "&lt;")


if __name__ == "__main__":
    print(page(), end="")
