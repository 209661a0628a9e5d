"""The picture of a run, computed: acknowledged writes over time, and under them every host's lane with its phases.

All coordinates are those of an SVG whose viewBox is as wide as the page wants it; the template only writes them down.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from etcd_renumber.records.run import Done, Load, Run

CHART, TOP, CHARACTER = 150.0, 20.0, 6.4  # heights, and about the width of a small letter
READS = ("preflight", "release", "finish")
PREPARES = ("prepare", "quiesce", "stop", "snapshot", "start")


@dataclass(frozen=True)
class Block:
    """One line of the order in its host's lane. `kind` is a CSS class, `label` is empty where there is no room for it."""

    x: float
    y: float
    width: float
    kind: str
    label: str
    title: str


@dataclass(frozen=True)
class Mark:
    """Something at one moment: a tick of the axis, an address that changed, an event."""

    x: float
    y: float
    kind: str
    label: str
    title: str = ""


@dataclass(frozen=True)
class Picture:
    """Everything to draw. `area` is the path of writes a second, `levels` are (y, "120/s"); neither where nobody counted."""

    width: float
    height: float
    left: float
    bottom: float
    lane: float
    area: str
    levels: tuple[tuple[float, str], ...]
    lanes: tuple[tuple[float, str], ...]
    blocks: tuple[Block, ...]
    marks: tuple[Mark, ...]
    ticks: tuple[Mark, ...]
    gap: tuple[float, float]


def hosts_of(run: Run) -> list[str]:
    """The members, then the workers that have a line in it."""
    members = [m.name for m in run.members]
    return list(dict.fromkeys([*members, *(d.host for d in run.lines if d.kind == "phase" and d.host != "-")]))


def picture(run: Run, width: float) -> Picture:
    """The picture `width` pixels wide. Below 600, hosts' names stand over their lanes instead of before them."""
    narrow = width < 600
    hosts = hosts_of(run)
    left = 34.0 if narrow else max(70.0, 8 + CHARACTER * max(map(len, hosts)))
    lane, lead = (20.0, 16.0) if narrow else (22.0, 6.0)
    seconds = max(run.seconds, 1.0)
    scale = (width - left - 6) / seconds
    bottom = TOP + CHART if run.load else 2.0
    tops = {name: bottom + 26 + lead + n * (lane + lead) for n, name in enumerate(hosts)}

    def x(at: float) -> float:
        return round(left + at * scale, 1)

    blocks = [_block(d, x(d.at), tops[d.host], d.seconds * scale) for d in run.lines if d.kind == "phase"]
    marks = [
        Mark(x(d.at + d.seconds), tops.get(d.host, bottom) + lane / 2, d.kind, d.what, _title(d))
        for d in run.lines
        if d.kind != "phase"
    ]
    step = (
        _nice(seconds / (4 if narrow else 10) / 60) * 60 if seconds >= 600 else _nice(seconds / (4 if narrow else 10))
    )
    top = _top(run.load)
    return Picture(
        width=width,
        height=max(tops.values()) + lane + 8,
        left=left,
        bottom=bottom,
        lane=lane,
        area=_area(run.load, run.seconds, x, top) if run.load else "",
        levels=tuple((TOP + CHART * (1 - part), f"{round(top * part, 1):g}/s") for part in (0.5, 1.0) if run.load),
        lanes=tuple((y, name) for name, y in tops.items()),
        blocks=tuple(blocks),
        marks=tuple(marks),
        ticks=tuple(
            Mark(x(n * step), bottom, "tick", _clock(n * step, seconds)) for n in range(int(seconds / step) + 1)
        ),
        gap=(x(run.load.gap_at), max(run.load.gap * scale, 1.5)) if run.load else (0.0, 0.0),
    )


def _block(d: Done, x: float, y: float, width: float) -> Block:
    as_expected = d.exit == d.expected
    kind = "reads" if d.what in READS else "prepares" if d.what in PREPARES else "changes"
    kind = kind if as_expected and not d.expected else "drill" if as_expected else "bad"
    label = d.what if width > CHARACTER * len(d.what) + 6 else ""
    return Block(x, y, round(max(width, 2.0), 1), kind, label, _title(d))


def _title(d: Done) -> str:
    line = f"line {d.line}: " if d.line else ""
    exit_ = f", exit {d.exit}" if d.kind == "phase" else ""
    return f"{line}{d.host} {d.what}, {d.seconds:.1f} s{exit_}" + (f" ({d.note})" if d.note else "")


def _top(load: Load | None) -> float:
    """The rate at the upper edge of the chart, a round figure."""
    return _nice(max((n / load.bin for n in load.rate), default=1) or 1) if load else 1.0


def _clock(at: float, seconds: float) -> str:
    return f"{at:g} s" if seconds < 600 else f"{at / 60:g} min"


def _area(load: Load, seconds: float, x: Callable[[float], float], top: float) -> str:
    """A closed path of steps, one a bin."""
    floor, points = TOP + CHART, []
    for n, count in enumerate(load.rate):
        width = min(load.bin, seconds - n * load.bin)  # the last one is cut off
        if width < load.bin / 4:
            break
        y = round(floor - CHART * min(count / width / top, 1), 1)
        points.append(f"L{x(n * load.bin)} {y}L{x(min((n + 1) * load.bin, max(seconds, 1.0)))} {y}")
    return f"M{x(0)} {floor}{''.join(points)}V{floor}Z" if points else ""


def _nice(value: float) -> float:
    """A round figure that is not below `value`."""
    power = 10.0 ** len(str(int(value))) / 10 if value >= 1 else 0.1
    return next((m * power for m in (1, 1.5, 2, 3, 4, 5, 6, 8, 10) if m * power >= value), power * 10)


def spark(run: Run, load: Load, columns: int = 72) -> list[str]:
    """The same in letters, for a ticket that takes no pictures: writes, then a row a host, then what the letters mean."""
    names = list(dict.fromkeys(d.what for d in run.lines if d.kind == "phase"))
    letters = {name: "abcdefghijklmnopqrstuvwxyz"[n % 26] for n, name in enumerate(names)}
    width = max(map(len, ["writes", *hosts_of(run)]))
    per = max(run.seconds, 1.0) / columns
    sums = [0.0] * columns
    for n, count in enumerate(load.rate):
        sums[min(int(n * load.bin / per), columns - 1)] += count
    most = max(sums) or 1
    rows = [f"{'writes':<{width}}  " + "".join(" ▁▂▃▄▅▆▇█"[-(-8 * int(s) // int(most))] if s else "·" for s in sums)]
    for name in hosts_of(run):
        row = [" "] * columns
        for d in run.lines:
            if d.host == name and d.kind == "phase":
                first, last = int(d.at / per), max(int((d.at + d.seconds) / per), int(d.at / per) + 1)
                row[first:last] = letters[d.what] * len(row[first:last])
        rows.append(f"{name:<{width}}  {''.join(row)}".rstrip())
    return [*rows, "", f"one column is {per:.1f} s; " + ", ".join(f"{letters[n]} {n}" for n in names)]
