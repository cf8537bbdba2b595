"""The board: one picture after the other, coalesced, judged, and never held by a source or a listener."""

from __future__ import annotations

import asyncio
import gc
import threading
from collections.abc import AsyncIterator, Mapping

import msgspec
import pytest

from tfdash.board.board import Board, Update
from tfdash.clock import FixedClock
from tfdash.model.assessment import Assessment
from tfdash.model.kube import Pod
from tfdash.model.kubecluster import Event
from tfdash.model.observation import Observation, Problem, ProblemKind
from tfdash.model.picture import Change, Objects, Picture, ServerInfo, SourceInfo
from tfdash.model.requests import Document, LogLine, LogRequest, Privilege, ReadFailed
from tfdash.model.resources import Catalogue
from tfdash.model.store_state import StoreState
from tfdash.model.subject import ClusterRef, Key, Subject
from tfdash.model.traffic import Journey
from tfdash.model.update import merged
from tfdash.process import LoginCommand
from tfdash.sources.base import ALL, Scope, Sink, SourceBoard
from tfdash.sources.diagnosis import Diagnosis, by_status

REF = ClusterRef("production", "eu-1")
POD = Subject(REF, "Pod", "a", "x")


class Scripted:
    """A source that does what the test says: ``run`` hands its sink over and waits to be cancelled."""

    def __init__(self, ref: ClusterRef = REF) -> None:
        self.ref = ref
        self.wanted: list[Mapping[str, Scope]] = []
        self.sink: Sink | None = None
        self.running = threading.Event()
        self.failures = 0
        self.runs = 0

    login: LoginCommand | None = None
    retried = 0

    def relist(self, kinds: object) -> None:
        pass

    def retry_now(self) -> None:
        self.retried += 1

    def want(self, wanted: Mapping[str, Scope]) -> None:
        self.wanted.append(wanted)

    async def run(self, sink: Sink) -> None:
        self.runs += 1
        if self.runs <= self.failures:
            raise ValueError("a bug in the source")
        self.sink = sink
        self.running.set()
        await asyncio.Event().wait()

    async def read(self, subject: Subject) -> Document:
        if subject != POD:
            raise ReadFailed(Problem(kind=ProblemKind.FORBIDDEN, cause="may not get pods"))
        return Document(subject, {"kind": "Pod"}, 1.0)

    async def read_catalogue(self, max_age: float) -> Catalogue:
        return Catalogue()

    async def read_children(self, subject: Subject, kind: str) -> tuple[Document, ...]:
        return ()

    async def read_events(self, subject: Subject) -> tuple[Event, ...]:
        return ()

    async def logs(self, request: LogRequest) -> AsyncIterator[list[LogLine]]:
        yield [LogLine("x", "main", None, "one")]
        yield [LogLine("x", "main", None, "two")]

    async def probe(self) -> Observation[ServerInfo]:
        return Observation(value=ServerInfo(version="v1.37.2"), source="eu-1")

    async def privileges(self) -> tuple[Privilege, ...]:
        return ()


class Collector:
    """Keeps updates and lets a test wait for one that satisfies it."""

    def __init__(self) -> None:
        self.updates: list[Update] = []
        self._changed = threading.Condition()

    def __call__(self, update: Update) -> None:
        with self._changed:
            self.updates.append(update)
            self._changed.notify_all()

    def until(self, number: int) -> Update:
        with self._changed:
            assert self._changed.wait_for(
                lambda: self.updates and self.updates[-1].picture.number >= number, 5
            )
            return self.updates[-1]


def pods(*names: str) -> Observation[Objects]:
    return Observation(
        value={Key("a", n): Pod(namespace="a", name=n) for n in names}, complete=True, source="pods"
    )


class CountingJudge:
    """Says how many pods there were; remembers what it was told had changed."""

    def __init__(self) -> None:
        self.changes: list[Change] = []

    def assess(
        self, picture: Picture, change: Change, now: float
    ) -> tuple[Assessment, frozenset[Subject] | None]:
        self.changes.append(change)
        return Assessment(at=now, number=picture.number, verdicts={}, workloads={}), None

    def go_on(self, now: float) -> bool:
        return False

    def due_at(self) -> float | None:
        return None


@pytest.fixture
def source() -> Scripted:
    return Scripted()


def test_a_kind_that_nobody_wants_any_more_is_forgotten(source: Scripted) -> None:
    board = Board([source], None, FixedClock(100.0))
    seen = Collector()
    board.put_objects(REF, "Pod", pods("x"), None)
    board.subscribe(seen)
    board.drop_objects(REF, "Pod")
    assert "Pod" not in board.picture.clusters[REF].kinds, "and ages nothing"
    number = board.picture.number
    board.drop_objects(REF, "Pod")
    assert board.picture.number == number


def test_before_the_start_a_prefetched_list_reaches_the_picture_at_once(source: Scripted) -> None:
    board = Board([source], None, FixedClock(100.0))
    seen = Collector()
    board.subscribe(seen)
    board.put_objects(REF, "Pod", pods("x"), None)
    assert set(board.picture.clusters[REF].objects("Pod")) == {Key("a", "x")}
    assert seen.updates[-1].change.keys == {(REF, "Pod"): None}


def test_what_was_prefetched_is_judged_once_the_board_runs(source: Scripted) -> None:
    judge = CountingJudge()
    board = Board([source], judge, FixedClock(100.0))
    board.put_objects(REF, "Pod", pods("x"), None)
    assert judge.changes == []
    seen = Collector()
    board.subscribe(seen)
    board.start()
    try:
        seen.until(1)
        assert judge.changes[0].keys == {(REF, "Pod"): None}
    finally:
        board.stop()


def test_changes_between_two_updates_are_merged_and_a_picture_is_never_mutated(source: Scripted) -> None:
    board = Board([source], None, FixedClock(100.0), interval=0.05)
    seen = Collector()
    board.subscribe(seen)
    board.start()
    try:
        assert source.running.wait(5)
        board.put_objects(REF, "Pod", pods("x"), frozenset({Key("a", "x")}))
        first = board.picture
        board.put_objects(REF, "Pod", pods("x", "y"), frozenset({Key("a", "y")}))
        board.put_objects(REF, "Pod", pods("x", "y"), frozenset())  # freshness alone
        seen.until(board.picture.number)
        assert set(first.clusters[REF].objects("Pod")) == {Key("a", "x")}
        told = [
            keys for update in seen.updates for at, keys in update.change.keys.items() if at == (REF, "Pod")
        ]
        assert frozenset().union(*told) == {Key("a", "x"), Key("a", "y")}
    finally:
        board.stop()


def test_a_relist_says_compare_for_yourself_even_when_single_changes_follow(source: Scripted) -> None:
    board = Board([source], None, FixedClock(100.0), interval=30.0)
    board.start()
    seen = Collector()
    try:
        assert source.running.wait(5)
        board.subscribe(seen)
        with board._lock:  # hold the update back so that the three puts meet in one
            board.put_objects(REF, "Pod", pods("x"), frozenset({Key("a", "x")}))
            board.put_objects(REF, "Pod", pods("y"), None)
            board.put_objects(REF, "Pod", pods("y", "z"), frozenset({Key("a", "z")}))
            assert board._fold.take().keys == {(REF, "Pod"): None}
    finally:
        board.stop()


def test_wants_of_all_screens_are_joined_and_a_released_one_is_gone(source: Scripted) -> None:
    other = Scripted(ClusterRef("production", "us-1"))
    board = Board([source, other], None, FixedClock(0.0))
    board.want("overview", {"Pod": Scope(("a",)), "Node": ALL})
    board.want("pods", {"Pod": Scope(("b",))}, cluster=REF)
    assert source.wanted[-1] == {"Pod": Scope(("a", "b")), "Node": ALL}
    assert other.wanted[-1] == {"Pod": Scope(("a",)), "Node": ALL}
    board.want("overview", {})
    assert source.wanted[-1] == {"Pod": Scope(("b",))}
    assert other.wanted[-1] == {}


def test_unsettled_names_what_has_neither_come_nor_failed(source: Scripted) -> None:
    board = Board([source], None, FixedClock(0.0))
    board.want("t", {"Pod": ALL, "Node": ALL})
    assert set(board.unsettled()) == {(REF, ""), (REF, "Pod"), (REF, "Node")}
    board.put_info(REF, Observation(value=ServerInfo()))
    board.put_objects(REF, "Pod", pods(), None)
    board.put_objects(
        REF,
        "Node",
        Observation(problem=Problem(kind=ProblemKind.FORBIDDEN, cause="may not list nodes")),
        None,
    )
    assert board.unsettled() == ()


def test_a_listener_that_fails_does_not_silence_the_others(source: Scripted) -> None:
    board = Board([source], None, FixedClock(0.0))

    def broken(update: Update) -> None:
        raise RuntimeError("boom")

    seen = Collector()
    board.subscribe(broken)
    board.subscribe(seen)
    board.put_objects(REF, "Pod", pods("x"), None)
    assert len(seen.updates) == 1


async def test_reads_cross_from_any_loop_and_carry_their_problem(source: Scripted) -> None:
    board = Board([source], None, FixedClock(0.0))
    board.start()
    try:
        assert (await board.read(POD)).document == {"kind": "Pod"}
        with pytest.raises(ReadFailed, match="may not get pods"):
            await board.read(Subject(REF, "Pod", "a", "other"))
        lines: list[str] = []
        ended, _cancel = board.stream_logs(
            LogRequest(pod=POD, container="main"), lambda batch: lines.extend(line.text for line in batch)
        )
        await ended
        assert lines == ["one", "two"]
    finally:
        board.stop()


def test_a_log_in_that_is_needed_is_known_and_what_waits_is_tried_again(source: Scripted) -> None:
    board = Board([source], None, FixedClock(0.0))
    assert board.login_command() is None
    source.login = LoginCommand(["cloud", "login"])
    assert board.login_command() == (REF, source.login)
    board.start()
    try:
        assert source.running.wait(5)
        board.retry_now()
        tried = threading.Event()
        board._call(tried.set)  # after it on the same loop
        assert tried.wait(5)
        assert source.retried == 1
    finally:
        board.stop()


def test_stop_returns_although_a_source_does_not_listen_to_its_cancellation() -> None:
    class Deaf(Scripted):
        async def run(self, sink: Sink) -> None:
            self.running.set()
            while True:
                try:
                    await asyncio.Event().wait()
                except asyncio.CancelledError:
                    continue

    deaf = Deaf()
    board = Board([deaf], None, FixedClock(0.0))
    board.start()
    assert deaf.running.wait(5)
    board.stop(timeout=0.01)  # returns; the thread is a daemon and dies with the process


def test_what_a_task_began_beside_itself_ends_with_the_board(caplog: pytest.LogCaptureFixture) -> None:
    begun, ended = threading.Event(), threading.Event()

    async def beside() -> None:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    async def task(board: Board) -> None:
        board.kept = asyncio.ensure_future(beside())  # type: ignore[attr-defined]
        await asyncio.Event().wait()

    board = Board([], None, FixedClock(0.0))
    board.add_task("task", task)
    board.start()
    assert begun.wait(5)
    board.stop(timeout=10.0)
    assert ended.is_set()
    del board
    gc.collect()
    assert "destroyed" not in caplog.text


class Unhurried(CountingJudge):
    """Leaves something, three times."""

    def __init__(self) -> None:
        super().__init__()
        self.pieces = 0
        self.done = threading.Event()

    def go_on(self, now: float) -> bool:
        self.pieces += 1
        if self.pieces == 3:
            self.done.set()
        return self.pieces < 3

    def due_at(self) -> float | None:
        return 0.0 if self.pieces in (1, 2) else None


def test_what_judging_left_goes_on_between_updates(source: Scripted) -> None:
    judge = Unhurried()
    board = Board([source], judge, FixedClock(100.0), interval=30.0)
    board.start()
    try:
        assert judge.done.wait(5)
        assert len(judge.changes) == 1
    finally:
        board.stop()


def test_signals_are_named_one_by_one_and_the_same_again_is_no_news() -> None:
    board, seen = Board([], None, FixedClock(100.0)), Collector()
    board.subscribe(seen)
    one: Observation[Journey] = Observation(value=Journey(name="one"))
    two: Observation[Journey] = Observation(value=Journey(name="two"))
    board.put_signals({("journeys", "1"): one, ("journeys", "2"): two})
    for _ in range(100):
        board.put_signals({("journeys", "1"): one, ("journeys", "3"): None})
    other: Observation[Journey] = Observation(value=Journey(name="one"))
    board.put_signals({("journeys", "1"): other, ("journeys", "2"): None})
    assert [u.change.signals for u in seen.updates] == [{("journeys", "1"), ("journeys", "2")}] * 2
    assert board.picture.signals.journeys == {"1": other} and board.picture.number == 2


def test_of_the_store_the_fields_that_differ_are_named() -> None:
    board, seen = Board([], None, FixedClock(100.0)), Collector()
    board.subscribe(seen)
    board.put_store_state(StoreState(manual={POD: "no"}))
    board.put_store_state(StoreState(manual={POD: "no"}, baselines={POD: "{}"}))
    assert [u.change.store for u in seen.updates] == [{"manual"}, {"baselines"}]


def test_two_updates_as_one_name_what_either_named() -> None:
    board, seen = Board([], None, FixedClock(100.0)), Collector()
    board.subscribe(seen)
    board.put_signals({("journeys", "1"): Observation()})
    board.put_store_state(StoreState(manual={POD: "no"}))
    board.put_status("journeys", Observation(value=SourceInfo(name="journeys")))
    first, second, third = seen.updates
    both = merged(merged(first, second), third)
    assert both.change.signals == {("journeys", "1")} and both.change.store == {"manual"}
    assert both.change.sources == {"journeys"} and both.picture is third.picture
    anything = msgspec.structs.replace(second.change, signals=None, store=None)
    both = merged(first, second._replace(change=anything))
    assert both.change.signals is None and both.change.store is None


class Beside:
    """A source that is no cluster; its first ``failures`` runs end with a bug."""

    id = "beside"
    status: Observation[SourceInfo] = Observation(value=SourceInfo(name="beside"))

    def __init__(self, failures: int = 0) -> None:
        self.failures = failures

    async def run(self, board: SourceBoard) -> None:
        if self.failures:
            self.failures -= 1
            raise ValueError("secret")
        board.put_status(self.id, Observation(value=SourceInfo(name="beside", count=3), observed_at=100.0))
        await asyncio.Event().wait()

    def unsettled(self, picture: Picture, assessment: Assessment) -> tuple[str, ...]:
        return ()

    async def doctor(self, board: SourceBoard) -> Diagnosis:
        await board.until(lambda: board.picture.sources[self.id].observed_at is not None, 5.0)
        return by_status(self.id, board.picture.sources[self.id])


async def test_a_source_shows_before_it_says_anything_and_what_it_says_after_that() -> None:
    board = Board([], None, FixedClock(100.0), sources=[Beside()])
    assert board.picture.sources["beside"].unasked
    board.start()
    try:
        (found,) = await board.doctor()
        assert found.reached and found.lines == ("✔ beside",)
        assert board.picture.sources["beside"].value == SourceInfo(name="beside", count=3)
    finally:
        board.stop()


def test_a_source_whose_program_fails_says_so_and_is_started_again() -> None:
    board, seen = Board([], None, FixedClock(100.0)), Collector()
    board.subscribe(seen)
    board.start()
    try:
        board.add_source(Beside(failures=1))
        with seen._changed:
            assert seen._changed.wait_for(lambda: board.picture.sources["beside"].observed_at == 100.0, 10)
        told = [u.picture.sources["beside"].problem for u in seen.updates if "beside" in u.picture.sources]
        (problem,) = {p for p in told if p is not None}
        assert problem.kind is ProblemKind.INTERNAL and "ValueError" in problem.cause
        assert "secret" not in str(problem), "the message may hold anything; the log has it"
    finally:
        board.stop()


def test_a_task_beside_the_sources_is_started_again_where_it_fails() -> None:
    board = Board([], None, FixedClock(100.0))
    runs, twice = [0], threading.Event()

    async def task(_: Board) -> None:
        runs[0] += 1
        if runs[0] == 1:
            raise ValueError
        twice.set()

    board.start()
    try:
        board.add_task("task", task)
        assert twice.wait(10)
    finally:
        board.stop()


def test_what_comes_bit_by_bit_is_put_together_once_for_a_turn_and_the_first_turn_is_at_once(
    source: Scripted,
) -> None:
    board, seen = Board([source], None, FixedClock(100.0), interval=3600.0), Collector()
    came: list[str] = []
    collected: list[tuple[str, ...]] = []

    def collect() -> None:
        collected.append(tuple(came))
        board.put_objects(REF, "Pod", pods(*came), frozenset(Key("a", name) for name in came))

    board.start()
    try:
        assert source.running.wait(5)
        board._flush_at = 0.0  # it was quiet for long
        board.subscribe(seen)
        with board._lock:  # its turn cannot come before all three are there
            for name in ("x", "y", "z"):
                came.append(name)
                board.gather(collect)
        update = seen.until(1)  # an hour would have to pass if the first had to wait
        assert collected == [("x", "y", "z")]
        assert update.change.keys == {(REF, "Pod"): {Key("a", n) for n in "xyz"}}
    finally:
        board.stop()
    assert len(seen.updates) == 1, "what is put in a turn asks for no other"


def test_one_that_cannot_put_what_it_gathered_hinders_no_other(source: Scripted) -> None:
    board, seen = Board([source], None, FixedClock(100.0)), Collector()
    board.subscribe(seen)

    def broken() -> None:
        raise ValueError

    board.start()
    try:
        with board._lock:
            board.gather(broken)
            board.gather(lambda: board.put_objects(REF, "Pod", pods("x"), None))
        assert seen.until(1).change.keys == {(REF, "Pod"): None}
    finally:
        board.stop()
