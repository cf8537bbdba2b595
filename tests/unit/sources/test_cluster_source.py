"""A cluster's reader says of itself what every source says: whether it is well, what is still to come, what to mend."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.waiting import soon
from tfdash.board.board import Board
from tfdash.clock import FixedClock, SystemClock
from tfdash.model.observation import Observation, ProblemKind
from tfdash.model.subject import ClusterRef
from tfdash.sources.base import ALL, Observing
from tfdash.sources.kubernetes.kubeconfig import Access
from tfdash.sources.kubernetes.source import KubernetesSource

REF = ClusterRef("production", "eu-1")


async def test_what_is_wanted_of_a_cluster_is_awaited_until_it_failed() -> None:
    source = KubernetesSource(REF, Access("http://127.0.0.1:9"), SystemClock())
    board = Board([source], None, SystemClock())
    seen: Observing = source

    def awaited() -> tuple[str, ...]:
        return seen.unsettled(board.picture, board.assessment)

    board.want("test", {"Pod": ALL})
    assert awaited() == ("eu-1 API server", "eu-1 Pod")
    assert (seen.status.complete, seen.status.problem) == (False, None)
    board.start()
    try:
        await soon(lambda: not awaited(), "both to fail")
        status = seen.status
        assert status.problem is not None and status.problem.kind is ProblemKind.UNREACHABLE
        assert status.value is not None and (seen.id, status.value.cluster) == (status.source, REF)
        diagnoses = await board.doctor()
        assert [d.reached for d in diagnoses] == [False]
    finally:
        await asyncio.to_thread(board.stop, 5.0)


def test_the_first_list_is_as_old_as_the_clock_says_by_which_all_else_is_aged(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The simulated platform's is days away from the machine's: the first frames called what they showed days old."""

    def at_once(credentials: object, ref: ClusterRef, sink: Any, kind: str, scope: object) -> None:
        sink.put_objects(ref, kind, Observation(value={}, observed_at=1.0, provisional=True), None)

    monkeypatch.setattr("tfdash.sources.kubernetes.table_prefetch.prefetch", at_once)
    clock = FixedClock(1_796_000_000.0)
    source = KubernetesSource(REF, Access("http://127.0.0.1:9"), clock)
    board = Board([source], None, clock)
    source.prefetch(board, "Deployment", ALL).join()
    assert board.picture.clusters[REF].kinds["Deployment"].observed_at == clock.now()
