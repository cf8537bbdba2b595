"""A cluster's reader says of itself what every source says: whether it is well, what is still to come, what to mend."""

from __future__ import annotations

import asyncio

from tests.waiting import soon
from tfdash.board.board import Board
from tfdash.clock import SystemClock
from tfdash.model.observation import ProblemKind
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
