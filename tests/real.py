"""One real cluster for a whole test file: `from tests.real import cluster` makes it a fixture there."""

from collections.abc import Iterator

import pytest

from generator.rehearsal.kubeadm.cluster import Cluster
from generator.rehearsal.kubeadm.spec import Spec


@pytest.fixture(scope="module")
def cluster(request: pytest.FixtureRequest) -> Iterator[Cluster]:
    """Three masters of 1.37.2 behind a load balancer; `SPEC` in the test file asks for another one."""
    with Cluster(getattr(request.module, "SPEC", Spec())) as made:
        yield made
