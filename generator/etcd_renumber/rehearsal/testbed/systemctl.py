"""What systemctl says and how it ends, as version 252 does: the words of a runbook, on kubelet.service and units of etcd."""

from __future__ import annotations

from etcd_renumber.rehearsal.testbed.etcd_unit import EtcdUnit
from etcd_renumber.rehearsal.testbed.units import FOLDER, Unit, drop_ins

VERBS = ("start", "stop", "restart", "is-active", "is-enabled", "show", "daemon-reload", "reset-failed")
NO_KUBELET = FOLDER / "no-kubelet"  # the host is one of etcd alone
NOTHING = {"Restart": "no", "MainPID": "0", "LoadState": "not-found", "ActiveState": "inactive", "SubState": "dead"}

Answer = tuple[int, list[str], list[str]]  # exit code, lines of standard output, lines of standard error


def answer(unit: Unit, words: list[str], etcds: dict[str, EtcdUnit] | None = None) -> Answer:
    """Do what the words ask for. `etcds` are the units of etcd by name."""
    quiet, value, at_once, waits, asked, plain = False, False, False, True, list[str](), list[str]()
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
            waits = waits and word != "--no-block"
        else:
            plain.append(word)
    verb, name = (*plain, "", "")[:2]
    if verb not in VERBS:
        return 1, [], [f"Unknown command verb '{verb}'."]
    if verb == "daemon-reload":
        unit.environment = drop_ins()
        for one in (etcds or {}).values():
            one.reload()
        return 0, [], []
    etcd = (etcds or {}).get(f"{name.removesuffix('.service')}.service")
    known = bool(etcd) or (name.removesuffix(".service") == "kubelet" and not NO_KUBELET.exists())
    shown: Unit | EtcdUnit = etcd or unit
    if verb == "show":
        # In systemd's own order, whatever the order in which it was asked.
        found = shown.properties() if known else NOTHING | {"Id": name}
        lines = [f"{n}={v}" for n, v in found.items() if not asked or n in asked]
        return 0, [line.partition("=")[2] for line in lines] if value else lines, []
    if verb in ("is-active", "is-enabled"):
        said = (shown.active if known else "inactive") if verb == "is-active" else "enabled" if known else "not-found"
        return 0 if said in ("active", "enabled") else 3 if known else 4, [] if quiet else [said], []
    if not known:
        unit_name = f"{name.removesuffix('.service')}.service"
        return 5, [], [f"Failed to {verb} {unit_name}: Unit {unit_name} not {'loaded' if verb == 'stop' else 'found'}."]
    if verb == "reset-failed":
        if etcd:
            etcd.failed = False
        return 0, [], []
    if verb != "start":
        shown.stop()
    if verb != "stop":
        shown.start(at_once if shown is unit else waits)
    return (
        (1, [], [f"Job for {etcd.name} failed."])
        if etcd and verb != "stop" and waits and not etcd.ready
        else (0, [], [])
    )
