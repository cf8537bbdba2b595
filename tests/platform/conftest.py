"""One real cluster for the session. A build or a start that fails is a failed test with its reason, never a skip."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from tests.platform.harness.cluster import Cluster
from tests.platform.harness.prometheus import Prometheus


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    with Cluster() as running:
        yield running


@pytest.fixture(scope="module")
def prometheus() -> Iterator[Callable[..., Prometheus]]:
    """Starts real Prometheus servers, ``prometheus(config, openmetrics=...)``; they end with the module's tests."""
    with ExitStack() as running:
        yield lambda *args, **kwargs: running.enter_context(Prometheus(*args, **kwargs))
