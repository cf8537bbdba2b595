"""Which of two sources is in use, and that no series holds points of both."""

from __future__ import annotations

import asyncio
from collections.abc import Generator, Mapping
from typing import Any

import msgspec
import pytest

from tests.unit.playbook.making import REF
from tests.unit.sources.usage.test_making import POOLS, T0, measured, node, of_node, pod
from tests.unit.sources.usage.test_source import NOW, FakeBoard, ran, refused
from tfdash.clock import FixedClock
from tfdash.model.assessment import EMPTY_ASSESSMENT
from tfdash.model.observation import Observation, Problem, ProblemKind
from tfdash.model.traffic import Signals
from tfdash.model.usage import PROMETHEUS, PodMetrics, Usage, usage_key
from tfdash.pieces import in_pieces
from tfdash.sources.usage import source as source_module
from tfdash.sources.usage.making import UsageMade
from tfdash.sources.usage.second import SecondUsage, UsedThen
from tfdash.sources.usage.settings import UsageSettings
from tfdash.sources.usage.source import UsageSource
from tfdash.views.measured_objects import measured_objects

THERE = (node("n1"), of_node("n1"), pod("x"), measured("x"))


class Reader:
    """Sixteen minutes of pod x, a point each minute; ``problem`` instead, once set. ``late``: seconds that its newest is old."""

    def __init__(self) -> None:
        self.problem: Problem | None = None
        self.late = 0.0
        self.asked: list[tuple[float, float]] = []
        self.cost = "1 query"

    async def read(self, pods: Any, nodes: Any, since: float, until: float) -> Any:
        self.asked.append((since, until))
        return self.problem or self._moments(since, until)

    def _moments(self, since: float, until: float) -> Generator[UsedThen, None, None]:
        at = until - self.late
        while at > since + 60:
            at -= 60
        while at <= until - self.late:
            found = msgspec.structs.replace(measured("x", "250m", at), window=300.0)
            yield UsedThen({("a", "x"): found}, {})  # type: ignore[dict-item]  # a plain tuple for a key
            at += 60

    async def names(self) -> Mapping[str, int] | Problem:
        return {"container_cpu_usage_seconds_total": 3, "kube_pod_owner": 0}


class Moved:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.at = NOW

    def now(self) -> float:
        return self.at


def both(at: float | Moved = NOW) -> tuple[UsageSource, SecondUsage, Reader, FakeBoard]:
    reader, board = Reader(), FakeBoard()
    clock = FixedClock(at) if isinstance(at, float) else at
    well = Observation(value="3.16.0", observed_at=NOW, complete=True)
    board.picture = msgspec.structs.replace(board.picture, signals=Signals(prometheus={REF: well}))
    second = SecondUsage(REF, POOLS, reader, clock, lambda: True, 900.0, "prom:9090")
    return UsageSource(REF, UsageSettings(), clock, lambda: True, second), second, reader, board


def of_namespace(board: FakeBoard) -> Usage:
    found = (board.usage.value or {})[usage_key("Namespace", "", "a")]
    assert isinstance(found, Usage)
    return found


async def test_where_metrics_server_is_well_it_is_in_use_and_the_other_is_beside_it() -> None:
    source, second, _, board = both()
    board.show(*THERE)
    await second.round(board)
    await ran(source, board)
    found = of_namespace(board)
    assert found.source == "metrics.k8s.io" and [p.cpu for p in found.points] == [0.5]
    assert {p.cpu for p in found.other_points} == {0.25} and len(found.other_points) == 15
    assert second.urgent, "it has seen more of the last minutes"
    assert board.usage.interval == 45.0, "each poll of the first proves it again"


@pytest.mark.parametrize("kind", [ProblemKind.NOT_SERVED, ProblemKind.FORBIDDEN, ProblemKind.SERVER_ERROR])
async def test_where_it_was_never_there_prometheus_stands_in(kind: ProblemKind) -> None:
    source, second, _, board = both()
    board.show(*THERE, PodMetrics=refused(kind, "so it is"), NodeMetrics=refused(kind, "so it is"))
    await second.round(board)
    await ran(source, board)
    found = of_namespace(board)
    assert found.source == PROMETHEUS and found.window == 300.0 and found.measured == 1
    assert {p.cpu for p in found.points} == {0.25} and not found.other_points
    assert board.usage.problem is None and board.usage.observed_at == NOW
    assert board.usage.interval == 90.0, "the other is asked more seldom"
    value = source.status.value
    assert value is not None and value.about.startswith("prometheus prom:9090 · 1 of 1 pods measured")
    assert "so it is" in value.about, "why it stands in"
    told = await source.doctor(board)
    assert told.reached


async def test_old_measurements_give_way_and_come_back_as_they_were() -> None:
    source, second, _, board = both(T0 + 90)
    board.show(*THERE)
    await second.round(board)
    await ran(source, board)
    assert of_namespace(board).source == PROMETHEUS and second.urgent
    cluster = board.picture.clusters[REF]
    (shown,) = measured_objects(cluster, "PodMetrics").values()
    assert isinstance(shown, PodMetrics) and shown.window == 300.0, "lists show what is in use"
    board.show(node("n1"), of_node("n1"), pod("x"), measured("x", at=T0 + 80))
    await ran(source, board)
    found = of_namespace(board)
    assert found.source == "metrics.k8s.io" and {p.cpu for p in found.points} == {0.5}
    assert board.puts[-3:] == [None] * 3, "everything is another"
    (shown,) = measured_objects(board.picture.clusters[REF], "PodMetrics").values()
    assert isinstance(shown, PodMetrics) and shown.window == 15.0


async def test_one_poll_that_failed_changes_nothing_and_one_that_stays_failed_does() -> None:
    clock = Moved()
    source, second, _, board = both(clock)
    board.show(*THERE)
    await second.round(board)
    await ran(source, board)
    failed = msgspec.structs.replace(
        board.picture.clusters[REF].kinds["PodMetrics"],
        problem=Problem(kind=ProblemKind.SERVER_ERROR, cause="x"),
    )
    board.show(*THERE, PodMetrics=failed)
    await ran(source, board)
    assert of_namespace(board).source == "metrics.k8s.io" and board.usage.problem is not None
    clock.at = T0 + 61  # it says the same again, which is no news
    await second.round(board)
    task = asyncio.create_task(source.run(Impatient(board)))  # type: ignore[arg-type]  # all of it that is asked for
    await board.until(lambda: of_namespace(board).source == PROMETHEUS, 0)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert board.usage.problem is None


class Impatient:
    """A board whose patience ends at once, where it is not for ever."""

    def __init__(self, board: FakeBoard) -> None:
        self._board = board

    def __getattr__(self, name: str) -> Any:
        return getattr(self._board, name)

    async def until(self, true: Any, patience: float) -> None:
        await self._board.until(lambda: true() or patience < 600, 0)
        await asyncio.sleep(0)


@pytest.mark.parametrize("how", ["failed", "failed later", "old"])
async def test_where_neither_knows_it_is_said_of_the_first(how: str) -> None:
    source, second, reader, board = both()
    if how == "failed later":  # and what it said before is not old yet
        board.show(*THERE)
        await second.round(board)
        assert second.instead() is not None
    if how != "old":
        reader.problem = Problem(kind=ProblemKind.UNREACHABLE, cause="nobody there")
    else:
        reader.late = 181.0
    board.show(*THERE, PodMetrics=refused(ProblemKind.NOT_SERVED, "so it is"))
    await second.round(board)
    await ran(source, board)
    assert board.usage.problem is not None and board.usage.problem.cause == "so it is"
    assert board.usage.value is None


async def test_a_judgement_waits_for_the_minutes_before_and_asks_only_for_what_is_new(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    source, second, reader, board = both()
    unsettled = lambda one: one.unsettled(board.picture, EMPTY_ASSESSMENT)  # noqa: E731  # one expression
    assert not unsettled(second), "nobody asked for it"
    board.show(*THERE)
    await ran(source, board)
    assert unsettled(second) and not unsettled(source)
    await second.round(board)
    assert not unsettled(second) and unsettled(source), "it is there, and not made use of"
    before = board.picture
    while_making = []

    async def looked_at(steps: Generator[None, None, UsageMade]) -> UsageMade:
        while_making.append(unsettled(source))
        return await in_pieces(steps)

    monkeypatch.setattr(source_module, "in_pieces", looked_at)
    await ran(source, board)
    assert while_making == [("eu-1 usage",)] and not unsettled(source)
    await second.round(board)
    assert reader.asked == [(NOW - 900, NOW), (NOW, NOW)]
    assert not unsettled(source), "what it says later is taken along with the next poll"
    late = source.unsettled(before, EMPTY_ASSESSMENT)
    assert late == ("eu-1 usage",), "put, and in no picture of those who look at an older one"


async def test_half_of_the_minutes_is_told_to_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    _, second, reader, board = both()
    board.show(*THERE)
    told = []

    def moments(since: float, until: float) -> Generator[UsedThen, None, None]:
        for then in Reader._moments(reader, since, until):
            told.append((second.tried, second.instead()))
            yield then

    monkeypatch.setattr(reader, "_moments", moments)
    await second.round(board)
    assert told == [(False, None)] * 15 and second.tried and second.instead() is not None


async def test_it_is_asked_after_what_judges_releases_and_not_where_that_got_no_answer() -> None:
    _, second, reader, board = both()
    board.show(*THERE)
    board.picture = msgspec.structs.replace(board.picture, signals=Signals())
    task = asyncio.create_task(second.run(board))
    for _ in range(5):
        await asyncio.sleep(0)
    assert not reader.asked
    gone = Problem(kind=ProblemKind.UNREACHABLE, cause="connection refused")
    board.picture = msgspec.structs.replace(
        board.picture, signals=Signals(prometheus={REF: Observation(problem=gone)})
    )
    await board.until(lambda: second.tried, 0)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert not reader.asked and second.status.problem is gone


async def test_doctor_asks_no_names_of_what_does_not_answer() -> None:
    _, second, reader, board = both()
    reader.problem = Problem(kind=ProblemKind.UNREACHABLE, cause="nobody there")
    board.show(*THERE)
    await second.round(board)
    told = await second.doctor(board)
    assert not told.reached and "series" not in told.document and "nobody there" in "".join(told.lines)


async def test_doctor_says_which_names_there_are() -> None:
    _, second, _, board = both()
    board.show(*THERE)
    await second.round(board)
    told = await second.doctor(board)
    assert told.reached and told.document["series"]["kube_pod_owner"] == 0
    assert told.lines[1:] == (
        "    series: container_cpu_usage_seconds_total (3)",
        "    without series: kube_pod_owner",
    )
