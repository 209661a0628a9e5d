"""What systemctl says and how it ends, as version 252 does: the words that a runbook uses, on kubelet.service alone."""

from __future__ import annotations

from etcd_renumber.rehearsal.testbed.units import Unit, drop_ins

VERBS = ("start", "stop", "restart", "is-active", "is-enabled", "show", "daemon-reload")
NOTHING = {"Restart": "no", "MainPID": "0", "LoadState": "not-found", "ActiveState": "inactive", "SubState": "dead"}

Answer = tuple[int, list[str], list[str]]  # exit code, lines of standard output, lines of standard error


def answer(unit: Unit, words: list[str]) -> Answer:
    """Do what the words ask for."""
    quiet, value, at_once, asked, plain = False, False, False, list[str](), list[str]()
    rest = iter(words)
    for word in rest:
        if word in ("-p", "--property", "-P"):
            asked += next(rest, "").split(",")
            value = value or word == "-P"
        elif word.startswith(("--property=", "-p")):
            asked += word.removeprefix("--property=").removeprefix("-p").split(",")
        elif word.startswith("-"):
            quiet, value = quiet or word in ("-q", "--quiet"), value or word == "--value"
            at_once = at_once or word == "--at-once"  # no word of systemctl: see Unit.start
        else:
            plain.append(word)
    verb, name = (*plain, "", "")[:2]
    if verb not in VERBS:
        return 1, [], [f"Unknown command verb '{verb}'."]
    if verb == "daemon-reload":
        unit.environment = drop_ins()
        return 0, [], []
    known = name.removesuffix(".service") == "kubelet"
    if verb == "show":
        # In systemd's own order, whatever the order in which it was asked.
        found = unit.properties() if known else NOTHING | {"Id": name}
        lines = [f"{n}={v}" for n, v in found.items() if not asked or n in asked]
        return 0, [line.partition("=")[2] for line in lines] if value else lines, []
    if verb in ("is-active", "is-enabled"):
        said = (unit.active if known else "inactive") if verb == "is-active" else "enabled" if known else "not-found"
        return 0 if said in ("active", "enabled") else 3 if known else 4, [] if quiet else [said], []
    if not known:
        unit_name = f"{name.removesuffix('.service')}.service"
        return 5, [], [f"Failed to {verb} {unit_name}: Unit {unit_name} not {'loaded' if verb == 'stop' else 'found'}."]
    if verb != "start":
        unit.stop()
    if verb != "stop":
        unit.start(at_once)
    return 0, [], []
