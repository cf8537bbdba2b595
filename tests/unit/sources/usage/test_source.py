"""The source as the board has it: when it makes what, and what it says where nothing is measured."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from tests.unit.playbook.making import REF
from tests.unit.sources.usage.test_making import T0, cluster, measured, node, of_node, pod
from tfdash.clock import FixedClock
from tfdash.model.assessment import EMPTY_ASSESSMENT
from tfdash.model.kube import Object
from tfdash.model.made import MADE
from tfdash.model.observation import Observation, Problem, ProblemKind
from tfdash.model.picture import Objects, Picture, ServerInfo, SourceInfo
from tfdash.model.subject import ClusterRef, Key
from tfdash.model.usage import usage_key
from tfdash.playbook.staleness import unread
from tfdash.sources.usage.settings import UsageSettings
from tfdash.sources.usage.source import UsageSource

NOW = T0 + 20
EMPTY: Objects = {}


class FakeBoard:
    """A picture that a test sets, and what was put."""

    assessment = EMPTY_ASSESSMENT

    def __init__(self) -> None:
        self.picture = Picture(at=NOW, number=1, clusters={REF: cluster()})
        self.puts: list[frozenset[Key] | None] = []
        self.said: list[Observation[SourceInfo]] = []

    def show(self, *objects: Object, **kinds: Observation[Objects]) -> None:
        """The objects, all read whole at ``NOW``, and other observations."""
        none = dict.fromkeys(("PodMetrics", "NodeMetrics", "Pod", "ReplicaSet", "Job", "Node"), EMPTY)
        found = {**none, **{k: o.value or EMPTY for k, o in cluster(*objects).kinds.items()}}
        seen: dict[str, Observation[Objects]] = {
            kind: Observation(value=value, observed_at=NOW, complete=True) for kind, value in found.items()
        }
        kept = {k: o for k, o in self.picture.clusters[REF].kinds.items() if k in MADE}
        self._put({**kept, **seen, **kinds})

    def _put(self, kinds: dict[str, Observation[Objects]]) -> None:
        told = msgspec.structs.replace(self.picture.clusters[REF], kinds=kinds)
        self.picture = msgspec.structs.replace(self.picture, clusters={REF: told})

    @property
    def usage(self) -> Observation[Objects]:
        return self.picture.clusters[REF].kinds["Usage"]

    def unsettled(self) -> tuple[tuple[ClusterRef, str], ...]:
        return ()

    async def until(self, true: Callable[[], bool], patience: float) -> None:
        for _ in range(100_000):
            if true():
                return
            await asyncio.sleep(0)
        raise AssertionError("it never came")

    def put_objects(
        self, ref: ClusterRef, kind: str, observation: Observation[Objects], changed: frozenset[Key] | None
    ) -> None:
        self.puts.append(changed)
        self._put({**self.picture.clusters[ref].kinds, kind: observation})

    def put_signals(self, published: Any) -> None: ...

    def put_store_state(self, state: Any) -> None: ...

    def put_status(self, source: str, status: Observation[SourceInfo]) -> None:
        self.said.append(status)


def a_source(at: float = NOW) -> UsageSource:
    return UsageSource(REF, UsageSettings(), FixedClock(at), lambda: True)


async def ran(source: UsageSource, board: FakeBoard) -> None:
    """Until it has put something, and all of it."""
    before = len(board.said)
    task = asyncio.create_task(source.run(board))
    await board.until(lambda: len(board.said) > before, 0)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


THERE = (node("n1"), of_node("n1"), pod("x"), pod("y"), measured("x"))


async def test_it_is_made_once_all_was_read_and_a_headless_run_waits_for_that() -> None:
    source, board = a_source(), FakeBoard()
    unsettled = lambda: source.unsettled(board.picture, EMPTY_ASSESSMENT)  # noqa: E731  # one expression
    assert not unsettled(), "nobody asked for it"
    board.show(*THERE, Pod=Observation(observed_at=None))
    assert not unsettled(), "what it is made of is waited for by its own name"
    board.show(*THERE)
    assert unsettled() == ("eu-1 usage",)
    await ran(source, board)
    assert not unsettled()
    assert board.usage.observed_at == NOW and board.usage.problem is None and board.usage.complete
    assert usage_key("Namespace", "", "a") in (board.usage.value or {})
    value = source.status.value
    assert value is not None and value.about == "metrics.k8s.io · 1 of 2 pods measured, each over 15s"


def refused(kind: ProblemKind, cause: str) -> Observation[Objects]:
    return Observation(problem=Problem(kind=kind, cause=cause))


@pytest.mark.parametrize(
    ("kind", "absent"),
    [
        (ProblemKind.NOT_SERVED, True),
        (ProblemKind.FORBIDDEN, False),
        (ProblemKind.SERVER_ERROR, False),
    ],
)
async def test_why_nothing_is_known_of_it_is_said_by_its_name(kind: ProblemKind, absent: bool) -> None:
    source, board = a_source(), FakeBoard()
    board.show(*THERE, PodMetrics=refused(kind, "so it is"))
    await ran(source, board)
    why = unread(board.usage)
    assert why is not None and why.absent is absent and "so it is" in why.cause
    told = await source.doctor(board)
    assert told.reached is absent and any("so it is" in line for line in told.lines)


async def test_what_was_made_stays_where_it_fails_later_and_is_as_old_as_it_was() -> None:
    source, board = a_source(), FakeBoard()
    board.show(*THERE)
    await ran(source, board)
    failed = msgspec.structs.replace(
        board.picture.clusters[REF].kinds["PodMetrics"],
        problem=Problem(kind=ProblemKind.SERVER_ERROR, cause="x"),
    )
    board.show(*THERE, PodMetrics=failed)
    await ran(source, board)
    assert (
        board.usage.problem is not None and board.usage.observed_at == NOW and board.puts[-1] == frozenset()
    )


@pytest.mark.parametrize(("age", "stale"), [(20.0, False), (60.0, False), (61.0, True)])
async def test_an_answer_with_old_measurements_proves_nothing(age: float, stale: bool) -> None:
    source, board = a_source(T0 + age), FakeBoard()
    board.show(*THERE)
    await ran(source, board)
    assert (board.usage.problem is not None) is stale
    if stale:
        assert board.usage.problem is not None and board.usage.problem.kind is ProblemKind.STALE
        assert board.usage.observed_at == T0


@pytest.mark.parametrize("ahead", [-600.0, 0.0, 600.0])
@pytest.mark.parametrize(("age", "stale"), [(20.0, False), (61.0, True)])
async def test_how_old_it_is_is_told_by_the_servers_clock(ahead: float, age: float, stale: bool) -> None:
    """Which is so many seconds ahead of ours."""
    source, board = a_source(T0 + age - ahead), FakeBoard()
    board.show(*THERE)
    info = Observation(value=ServerInfo(skew=ahead))
    told = msgspec.structs.replace(board.picture.clusters[REF], info=info)
    board.picture = msgspec.structs.replace(board.picture, clusters={REF: told})
    await ran(source, board)
    assert (board.usage.problem is not None) is stale


async def test_a_fault_of_ours_is_said_and_the_next_poll_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    source, board = a_source(), FakeBoard()
    board.show(*THERE)
    with monkeypatch.context() as patched:
        patched.setattr(source._maker, "make", lambda *_: 1 / 0)
        await ran(source, board)
    assert board.usage.problem is not None and board.usage.problem.kind is ProblemKind.INTERNAL
    board.show(*THERE, measured("y"))
    await ran(source, board)
    assert board.usage.problem is None and board.usage.value


async def test_times_that_are_still_to_come_are_none_that_anything_was_measured_at() -> None:
    source, board = a_source(), FakeBoard()
    board.show(node("n1"), of_node("n1"), pod("x"), measured("x", at=NOW + 3600))
    await ran(source, board)
    problem = board.usage.problem
    assert problem is not None and "times that are still to come" in problem.cause
    assert board.usage.observed_at != 0.0, "a wall said that it was as old as 1970"
