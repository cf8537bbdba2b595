"""A simulated API server that is killed; the real one is killed in ``tests/platform/test_silence.py``."""

from __future__ import annotations

import pytest

from tests.protocol.silence import goes_silent
from tfdash.demo.options import DemoOptions
from tfdash.demo.process import start_process


@pytest.mark.timeout(600)
def test_at_stale_after_no_green_remains_and_what_is_red_stays() -> None:
    with start_process(DemoOptions(seed=7, scenario="incident")) as running:
        goes_silent(running.kubeconfig, "production", running.stop)
