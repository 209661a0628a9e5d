"""The load on etcd itself, from the balancer's place in the network, beside the one through the API."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

from etcd_renumber.rehearsal.kubeadm.cluster import Cluster
from etcd_renumber.rehearsal.testbed.host import ETCD_PKI
from etcd_renumber.rehearsal.testbed.host_spec import bare, url_host
from etcd_renumber.rehearsal.testbed.load_client import Writer
from etcd_renumber.rehearsal.testbed.pki import Pair

PORT = 2379


def url(address: str) -> str:
    """Where a member's clients go."""
    return f"https://{url_host(address)}:{PORT}"


@contextmanager
def etcd_writer(cluster: Cluster, writers: int, rate: float) -> Iterator[Writer]:
    """Numbered keys to all members, `rate` a second in all, until the block ends. Begins once it works."""
    assert cluster.balancer
    machines = [cluster[node.name] for node in cluster.spec.members]
    crt, key = (machines[0].read_text(f"{ETCD_PKI}/healthcheck-client.{kind}") for kind in ("crt", "key"))
    urls = [url(str(node.old)) for node in cluster.spec.members]
    writer = Writer(cluster.balancer.place, urls, "/v3", writers, rate, Pair(crt, key))
    writer.ask = lambda words: next((r for m in machines if (r := m.etcdctl(*words)).exit == 0), None)
    for machine in machines:
        machine.met = partial(_met, writer)
        machine.left = partial(_left, writer)
    try:
        writer.wait_for(writers)
        yield writer
    finally:
        writer.stop()


def _met(writer: Writer, network: str, interface: str) -> None:
    writer.tell(f"+{url(bare(interface))}")


def _left(writer: Writer, interface: str) -> None:
    writer.tell(f"-{url(bare(interface))}")
