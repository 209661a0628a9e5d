"""A program that waits for a signal and ignores its arguments, as bytes: it stands in for every pod but etcd.

/proc must show exactly the manifest's arguments and name. Interpreters refuse foreign arguments or show their own, and
a user's machine has no compiler, so this is the smallest static executable there is: one system call in a loop.
"""

from __future__ import annotations

import platform
import struct

from etcd_renumber.errors import Refused
from etcd_renumber.model import Problem

# machine: (ELF machine number, code)
CODE = {
    "x86_64": (62, bytes.fromhex("b822000000 0f05 ebf7".replace(" ", ""))),  # mov eax,34 (pause); syscall; jmp
    # mov x0..x3,#0; mov x8,#73 (ppoll); svc #0; b to the start
    "aarch64": (
        183,
        struct.pack("<7I", 0xD2800000, 0xD2800001, 0xD2800002, 0xD2800003, 0xD2800928, 0xD4000001, 0x17FFFFFA),
    ),
}
BASE, HEADERS = 0x400000, 64 + 56


def program(machine: str = "") -> bytes:
    """An ELF executable for this machine. Raises Refused where nobody has written one."""
    machine = machine or platform.machine()
    if machine not in CODE:
        raise Refused(Problem(f"there is no placeholder program for {machine}", hint="use x86_64 or aarch64"))
    number, code = CODE[machine]
    size = HEADERS + len(code)
    ident = b"\x7fELF\x02\x01\x01" + bytes(9)
    head = ident + struct.pack("<HHIQQQIHHHHHH", 2, number, 1, BASE + HEADERS, 64, 0, 0, 64, 56, 1, 0, 0, 0)
    load = struct.pack("<IIQQQQQQ", 1, 5, 0, BASE, BASE, size, size, 0x1000)
    return head + load + code
