"""A port of a stand-in that is open while another process runs, and what goes over it: one request a connection."""

from __future__ import annotations

import json
import socket
import ssl
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from etcd_renumber.rehearsal.testbed.api_objects import Pod
from etcd_renumber.rehearsal.testbed.host_spec import Flags

PKI = "/etc/kubernetes/pki"
HEALTH = "/run/units/health"  # self-signed, as controller-manager and scheduler make theirs
REASONS = {200: "OK", 401: "Unauthorized", 403: "Forbidden", 404: "NotFound", 405: "MethodNotAllowed", 504: "Timeout"}

Said = tuple[int, Any]  # status, and an object or a text
Request = tuple[str, str, dict[str, str], dict[str, str]]  # method, target, headers, the certificate's subject


@dataclass
class Door:
    """A port that is open for one process. `answer` gets a request and says what to say."""

    owner: Pod
    answer: Callable[[Request], Said]
    tls: Callable[[], ssl.SSLContext] | None
    listener: socket.socket
    guests: set[socket.socket] = field(default_factory=set)

    def close(self) -> None:
        """As when its process ends: nobody is heard to the end."""
        self.listener.close()
        for guest in list(self.guests):
            _shut(guest)

    def serve(self, guest: socket.socket) -> None:
        """One connection, one request."""
        raw = guest
        self.guests.add(raw)
        try:
            guest.settimeout(600)  # a kubelet may keep its connection and say nothing
            if self.tls:
                guest = self.tls().wrap_socket(raw, server_side=True)
                self.guests.add(guest)
            data = b""
            while b"\r\n\r\n" not in data and (more := guest.recv(65536)):
                data += more
            if b"\r\n\r\n" in data:
                guest.sendall(respond(data.decode("latin-1"), subject(guest), self.answer))
            if isinstance(guest, ssl.SSLSocket):
                guest.unwrap()
        except (OSError, ValueError):
            pass  # whoever asked does not speak TLS, or has gone
        finally:
            self.guests -= {raw, guest}
            _shut(guest)


def _shut(guest: socket.socket) -> None:
    with suppress(OSError):
        guest.shutdown(socket.SHUT_RDWR)
    guest.close()


def subject(guest: socket.socket) -> dict[str, str]:
    """The subject of the client's certificate; empty without one."""
    shown: Any = guest.getpeercert() if isinstance(guest, ssl.SSLSocket) else None
    return {pair[0]: pair[1] for part in (shown or {}).get("subject", ()) for pair in part}


def respond(text: str, who: dict[str, str], answer: Callable[[Request], Said]) -> bytes:
    """The whole answer: compact, but indented for curl as a real one does; long ones come in chunks on HTTP/1.1."""
    first, *lines = text.split("\r\n\r\n")[0].split("\r\n")
    method, target, protocol = (*first.split(" "), "", "")[:3]
    headers = {k.strip().lower(): v.strip() for k, _, v in (one.partition(":") for one in lines)}
    code, said = answer((method, target, headers, who))
    pretty = headers.get("user-agent", "").startswith(("curl", "Wget", "Mozilla/5.0"))
    kind, body = "text/plain; charset=utf-8", str(said)
    if not isinstance(said, str):
        kind = "application/json"
        body = json.dumps(said, indent=2) if pretty else json.dumps(said, separators=(",", ":")) + "\n"
    data, chunked = body.encode(), protocol == "HTTP/1.1" and len(body) > 2048
    head = [f"{'HTTP/1.1' if protocol == 'HTTP/1.1' else 'HTTP/1.0'} {code} {REASONS.get(code, 'Error')}"]
    head += ["Cache-Control: no-cache, private", f"Content-Type: {kind}", "Connection: close"]
    head.append("Transfer-Encoding: chunked" if chunked else f"Content-Length: {len(data)}")
    if chunked:
        data = b"%x\r\n%s\r\n0\r\n\r\n" % (len(data), data)
    return "\r\n".join([*head, "", ""]).encode() + data


def context(flags: Flags) -> ssl.SSLContext:
    """TLS with the certificate as it is now: a real one takes a renewed file without a restart, too."""
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    crt, key = (
        flags.get("tls-cert-file", f"{PKI}/apiserver.crt"),
        flags.get("tls-private-key-file", f"{PKI}/apiserver.key"),
    )
    made.load_cert_chain(crt, key)
    made.load_verify_locations(flags.get("client-ca-file", f"{PKI}/ca.crt"))
    made.verify_mode = ssl.CERT_OPTIONAL
    return made


def self_signed() -> ssl.SSLContext:
    """TLS with a certificate that no CA knows."""
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.load_cert_chain(f"{HEALTH}.crt", f"{HEALTH}.key")
    return made
