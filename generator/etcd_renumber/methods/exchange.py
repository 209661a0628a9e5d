"""The exchange: everything of a host at once, while kubelet is stopped. What a phase wants stands in the step before it.

A phase that ends less, or asks the gate in the middle of it, writes its steps out.
"""

from __future__ import annotations

EXCHANGE = (
    "write_new_files",
    "stop_kubelet",
    "end_the_api",
    "end_etcd",
    "exchange_files",
    "start_kubelet",
)
EXCHANGE_OF_THE_API = tuple(step for step in EXCHANGE if step != "end_etcd")
EXCHANGE_OF_ETCD = tuple(step for step in EXCHANGE if step != "end_the_api")
