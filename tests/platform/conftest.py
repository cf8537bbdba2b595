"""One real cluster for the session. A build or a start that fails is a failed test with its reason, never a skip."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from tests.platform.harness.argo import ArgoRollouts, apply_definitions, flagger_definitions
from tests.platform.harness.cluster import Cluster
from tests.platform.harness.prometheus import Prometheus


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    with Cluster() as running:
        yield running


@pytest.fixture(scope="session")
def argo(cluster: Cluster) -> Iterator[ArgoRollouts]:
    """The real Argo Rollouts controller on the session's cluster, and Flagger's definitions without its controller."""
    with ArgoRollouts(cluster) as running:
        apply_definitions(cluster, flagger_definitions())
        yield running


@pytest.fixture(scope="module")
def prometheus() -> Iterator[Callable[..., Prometheus]]:
    """Starts real Prometheus servers, ``prometheus(config, openmetrics=...)``; they end with the module's tests."""
    with ExitStack() as running:
        yield lambda *args, **kwargs: running.enter_context(Prometheus(*args, **kwargs))
