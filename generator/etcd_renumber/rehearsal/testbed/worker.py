"""What kubelet's stand-in does on a worker beside its pods: it keeps a connection to the API, and renews the Lease of its Node."""

from __future__ import annotations

import encodings.idna  # noqa: F401 -- for host names, before this process takes a root folder without Python
import re
import socket
import ssl
import time
from base64 import b64decode
from contextlib import suppress

from etcd_renumber.rehearsal.testbed.api_objects import LEASES, NODE_LEASE
from etcd_renumber.rehearsal.testbed.kubeadm_files import CURRENT
from etcd_renumber.rehearsal.testbed.node import KUBELET_CONF, api_of_kubelet

CONTROLLER_CONF = KUBELET_CONF.with_name("controller-manager.conf")
PATIENCE = 1.0  # seconds


def is_worker() -> bool:
    """A host with a kubelet and without the kubeconfigs of a control plane: etcd itself may be a unit, or moved aside."""
    return KUBELET_CONF.exists() and not CONTROLLER_CONF.exists()


def connection() -> socket.socket | None:
    """To the API that kubelet.conf names; None where nobody answers there."""
    place = api_of_kubelet()
    with suppress(OSError):
        return socket.create_connection(place, PATIENCE) if place else None
    return None


class Renewal:
    """Of the Lease, with kubelet's own certificate, as often as a real kubelet would."""

    def __init__(self, name: str) -> None:
        self.path = f"{LEASES}/kube-node-lease/leases/{name}"
        self.place, self.context, self.next = api_of_kubelet(), _context(), 0.0

    def look(self) -> None:
        """Once it is due. The API may be away; it is asked again a little later."""
        if time.monotonic() < self.next or not self.place:
            return
        self.next = time.monotonic() + NODE_LEASE
        request = f"PUT {self.path} HTTP/1.0\r\nHost: kubernetes\r\nContent-Length: 0\r\n\r\n"
        with (
            suppress(OSError),
            socket.create_connection(self.place, PATIENCE) as raw,
            self.context.wrap_socket(raw, server_hostname=self.place[0]) as guest,
        ):
            guest.sendall(request.encode())
            guest.recv(65536)


def _context() -> ssl.SSLContext:
    """The cluster's CA and kubelet's certificate, by kubelet.conf."""
    found = re.search(r"certificate-authority-data: (\S+)", KUBELET_CONF.read_text())
    made = ssl.create_default_context(cadata=b64decode(found[1]).decode() if found else None)
    made.load_cert_chain(CURRENT)
    return made
