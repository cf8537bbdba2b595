"""One real cluster for the session. A build or a start that fails is a failed test with its reason, never a skip."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.platform.harness.cluster import Cluster


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    with Cluster() as running:
        yield running
