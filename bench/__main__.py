"""Prints all tables, and how busy the machine was: figures of a busy one say little."""

from __future__ import annotations

import os

from bench import bridge, crash, rendering, rolling


def main() -> None:
    """`python -m bench`."""
    print(f"Load average before: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores.\n")
    print("\n".join(rendering.table()), end="\n\n", flush=True)
    for table in (rolling.table, bridge.table, crash.table):
        for row in table():
            print(row, flush=True)
        print()


if __name__ == "__main__":
    main()
