"""A step of a run killed at every point of its action, on the real control plane: sent once, by the API server's own audit log."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.platform.harness.cluster import Cluster
from tests.platform.test_run_actions import killed, seeded  # noqa: F401

pytestmark = [pytest.mark.platform, pytest.mark.timeout(1800)]


def test_killed_at_every_point_it_is_sent_once(
    seeded: Cluster,  # noqa: F811
    tmp_path: Path,
    figure: Callable[[str], None],
) -> None:
    figure(killed(seeded, tmp_path, every=1))
