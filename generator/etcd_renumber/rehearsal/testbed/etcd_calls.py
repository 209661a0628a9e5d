"""What kube-apiserver's stand-in does where etcd is on other hosts: it keeps a connection to each server of --etcd-servers.

With TLS and its own certificate, as a real one does; a real one waits longer and longer before it asks again where it was refused.
"""

from __future__ import annotations

import select
import socket
import ssl
import threading
import time
from contextlib import suppress
from ipaddress import ip_address
from urllib.parse import urlsplit

from etcd_renumber.rehearsal.testbed.api_objects import Pod
from etcd_renumber.rehearsal.testbed.host_spec import Flags

PATIENCE, AGAIN = 1.0, 0.5  # seconds: for a server to answer, and until the next look


class EtcdCalls:
    """The connections of one kube-apiserver while its process lives."""

    def __init__(self, owner: Pod, flags: Flags) -> None:
        self.owner, self.flags = owner, flags
        parts = [urlsplit(url) for url in flags.get("etcd-servers").split(",")]
        self.places = [(p.hostname or "", p.port or 2379) for p in parts]
        self.open: dict[tuple[str, int], ssl.SSLSocket] = {}
        if self.elsewhere:
            threading.Thread(target=self._keep, daemon=True).start()

    @property
    def elsewhere(self) -> bool:
        """Whether a server is called that is not on this host's own loopback address."""
        return any(not ip_address(host).is_loopback for host, _ in self.places)

    @property
    def answers(self) -> bool:
        """Whether any of them is connected."""
        return bool(self.open)

    def _keep(self) -> None:
        while self.owner.lives:
            for place in self.places:
                if place not in self.open and (made := self._connected(place)):
                    self.open[place] = made
            for place, one in list(self.open.items()):
                if select.select([one], [], [], 0)[0] and not self._has_more(one):
                    self.open.pop(place).close()
            time.sleep(AGAIN)
        for one in self.open.values():
            one.close()
        self.open = {}

    def _connected(self, place: tuple[str, int]) -> ssl.SSLSocket | None:
        with suppress(OSError):
            context = ssl.create_default_context(cafile=self.flags.get("etcd-cafile"))
            context.load_cert_chain(self.flags.get("etcd-certfile"), self.flags.get("etcd-keyfile"))
            raw = socket.create_connection(place, PATIENCE)
            return context.wrap_socket(raw, server_hostname=place[0])
        return None

    def _has_more(self, one: ssl.SSLSocket) -> bool:
        try:
            one.settimeout(0.1)
            return bool(one.recv(4096))
        except TimeoutError:
            return True
        except OSError:
            return False
