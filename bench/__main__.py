"""Prints all tables, or those that are named, and how busy the machine was: figures of a busy one say little."""

from __future__ import annotations

import os
import sys

from bench import bridge, control_plane, crash, phases, rehearsal, rendering, rolling

TABLES = {
    "rendering": rendering.table,
    "rolling": rolling.table,
    "bridge": bridge.table,
    "crash": crash.table,
    "phases": phases.table,
    "rehearsal": rehearsal.table,
    "control-plane": control_plane.table,
}


def main(names: list[str]) -> None:
    """`python -m bench [TABLE...]`."""
    for name in names or TABLES:
        print(f"{name}; load average before: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores.\n")
        for row in TABLES[name]():
            print(row, flush=True)
        print()


if __name__ == "__main__":
    main(sys.argv[1:])
