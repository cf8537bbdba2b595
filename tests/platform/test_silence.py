"""The real API server killed: at ``stale_after`` no green remains and what is red stays (the simulator: ``tests/protocol``)."""

from __future__ import annotations

import pytest

from tests.platform import world
from tests.platform.harness.cluster import Cluster
from tests.protocol.silence import goes_silent

pytestmark = pytest.mark.platform


@pytest.mark.timeout(600)
def test_at_stale_after_no_green_remains_and_what_is_red_stays(cluster: Cluster) -> None:
    world.add_nodes(cluster, 5)
    world.add_cases(cluster)
    try:
        goes_silent(cluster.kubeconfig("viewer"), "viewer", cluster.kill_apiserver)
    finally:
        cluster.start_apiserver()  # the cluster is everybody's
