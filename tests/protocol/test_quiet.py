"""The simulated API server that has nothing to tell; the real one in ``tests/platform/test_quiet.py``."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.protocol.conftest import Target, client
from tests.protocol.quiet import is_proven_without_a_word
from tfdash.demo.options import DemoOptions
from tfdash.demo.process import start_process


@pytest.mark.timeout(600)
def test_a_quiet_kind_is_well_and_a_mute_server_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    with start_process(DemoOptions(seed=7)) as running, client(running.kubeconfig, "production") as admin:

        @contextmanager
        def muted() -> Iterator[None]:
            os.kill(running.pid, signal.SIGSTOP)
            try:
                yield
            finally:
                os.kill(running.pid, signal.SIGCONT)

        target = Target("simulator", admin, admin, running.kubeconfig, "production", running)
        is_proven_without_a_word(target, muted, monkeypatch)
