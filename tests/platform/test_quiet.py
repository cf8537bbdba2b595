"""The real API server that has nothing to tell of a kind: no bookmark comes, and it is well (the simulator: ``tests/protocol``)."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.platform.harness.cluster import Cluster
from tests.protocol.conftest import Target, client
from tests.protocol.quiet import is_proven_without_a_word

pytestmark = pytest.mark.platform


@pytest.mark.timeout(600)
def test_a_quiet_kind_is_well_and_a_mute_server_is_found(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    @contextmanager
    def muted() -> Iterator[None]:
        pid = cluster._processes["apiserver"].pid
        os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(pid, signal.SIGCONT)

    kubeconfig = cluster.kubeconfig("viewer")
    with client(kubeconfig, "viewer") as viewer:
        target = Target("real", viewer, viewer, kubeconfig, "viewer")
        is_proven_without_a_word(target, muted, monkeypatch)
