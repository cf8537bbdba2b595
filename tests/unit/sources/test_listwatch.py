"""List and watch at their edges: where a watch is resumed, how long is waited after which failure, what a relist costs."""

from __future__ import annotations

import gc
import itertools
import json
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import pytest

from tests.unit.sources.scripted import (
    Answer,
    Asked,
    event,
    failing,
    listed,
    named,
    running,
    scripted,
    status,
    until,
)
from tfdash.model.kinds import LISTED
from tfdash.model.kube import Unreadable
from tfdash.model.observation import Observation, ProblemKind
from tfdash.model.picture import Objects
from tfdash.model.subject import Key
from tfdash.model.usage import PodMetrics
from tfdash.pieces import at_once
from tfdash.sources.kubernetes.codec import Codec
from tfdash.sources.kubernetes.listwatch import Backoff, ListWatch
from tfdash.sources.kubernetes.settings import KubernetesSettings
from tfdash.sources.kubernetes.transport import Reader

LONGEST = 64.0


class Clock:
    def now(self) -> float:
        return 1000.0


class Seen:
    """The newest observation, and all of them."""

    def __init__(self) -> None:
        self.all: list[Observation[Objects]] = []

    def __call__(self, seen: Observation[Objects], changed: frozenset[Key] | None) -> None:
        self.all.append(seen)

    def has(self, number: int) -> bool:
        return len(self.all) > number

    @property
    def names(self) -> set[str]:
        return {key.name for key in (self.all[-1].value if self.all else None) or ()}


def watch_of(reader: Reader, seen: Seen, **tuning: float) -> ListWatch:
    quick = {"backoff_first": 0.05, "backoff_longest": 0.1, "publish_every": 0.01, **tuning}
    return ListWatch(reader, LISTED["Namespace"], None, seen, Clock(), KubernetesSettings(**quick))


class Stepped:
    """Monotonic seconds that stand still, but while the watches of these numbers, from 1, last. Asked twice for each watch."""

    def __init__(self, *long: int) -> None:
        self.long, self.asked, self.at = long, 0, 0.0

    def __call__(self) -> float:
        self.asked += 1
        watch, begins = divmod(self.asked + 1, 2)
        if begins and watch in self.long:
            self.at += 600.0
        return self.at


def stepped(reader: Reader, seen: Seen, now: Stepped) -> ListWatch:
    """One whose waits have their full length, 1 s at first and 64 s at most, and end when the test says so."""
    tuning = KubernetesSettings(backoff_first=1.0, backoff_longest=LONGEST)
    return ListWatch(reader, LISTED["Namespace"], None, seen, Clock(), tuning, chance=lambda: 1.0, now=now)


def script(*watches: Answer, items: Answer | None = None) -> Callable[[Asked], Answer]:
    """The list as often as it is asked; each watch once, the last one for ever."""
    waiting = list(watches)

    def say(asked: Asked) -> Answer:
        if "watch" not in asked.query:
            return items or listed(named("one", "7"))
        return waiting.pop(0) if len(waiting) > 1 else waiting[0]

    return say


IDLE = Answer(hold=True)


@pytest.mark.parametrize(
    ("told", "resumed"),
    [
        ([], "10"),
        ([event("BOOKMARK", {"metadata": {"resourceVersion": "50"}})], "50"),
        ([event("BOOKMARK", {"metadata": {}})], "10"),
        ([event("ADDED", named("two", "21"))], "21"),
        ([event("MODIFIED", named("one", "22"))], "22"),
        ([event("DELETED", named("one", "23"))], "23"),
        (
            [event("ADDED", named("two", "21")), event("BOOKMARK", {"metadata": {"resourceVersion": "50"}})],
            "50",
        ),
    ],
    ids=["nothing", "bookmark", "empty bookmark", "added", "modified", "deleted", "bookmark behind an event"],
)
async def test_a_watch_is_resumed_behind_the_last_thing_that_it_told(told: list[bytes], resumed: str) -> None:
    async with (
        scripted(script(Answer(told), IDLE)) as (reader, asked),
        running(watch_of(reader, Seen()).run()),
    ):
        await until(lambda: len(asked) == 3)
    assert [("watch" in a.query, a.query.get("resourceVersion")) for a in asked] == [
        (False, None),
        (True, "10"),
        (True, resumed),
    ]


async def test_410_in_a_watch_lists_anew_at_once_and_what_was_shown_stays() -> None:
    gone = Answer([event("ERROR", status(410, "Expired"))])
    seen = Seen()
    async with scripted(script(gone, IDLE)) as (reader, asked), running(watch_of(reader, seen).run()):
        await until(lambda: len(asked) == 4)
    assert ["watch" in a.query for a in asked] == [False, True, False, True]
    assert [o.problem for o in seen.all] == [None] * len(seen.all)
    assert seen.names == {"one"}


ENDS = [
    Answer(),
    Answer([event("BOOKMARK", {"metadata": {"resourceVersion": "10"}})]),
    Answer([event("ERROR", status(410, "Expired"))]),
    failing(410),
    Answer([b"no json\n"]),
    failing(500),
]
_ENDED = ["empty", "nothing new", "410 in the watch", "410 as the answer", "unreadable", "500"]


async def _waits(seen: Seen, watch: ListWatch, count: int) -> list[float]:
    """The next so many waits that are announced, each cut short."""
    waits: list[float] = []
    for number in itertools.count(len(seen.all)):
        await until(partial(seen.has, number))
        problem = seen.all[number].problem
        if problem is not None:
            assert problem.retry_at is not None
            waits.append(problem.retry_at - Clock().now())
            watch.retry_now()
        if len(waits) == count:
            break
    return waits


@pytest.mark.parametrize("ended", ENDS, ids=_ENDED)
async def test_a_watch_that_ends_at_once_again_and_again_is_waited_for_ever_longer(ended: Answer) -> None:
    """However it ends, and though the list before it is answered each time: what is read stays, and the cause is said."""
    seen, now = Seen(), Stepped()
    async with scripted(script(ended)) as (reader, asked):
        watch = stepped(reader, seen, now)
        async with running(watch.run()):
            waits = await _waits(seen, watch, 8)
    assert waits[-1] == LONGEST
    assert waits == sorted(waits) and waits[-6:-1] != [LONGEST] * 5, (
        "it grows to the longest, and not at once"
    )
    assert len(asked) < 30
    assert seen.names == {"one"}


async def test_only_a_watch_that_lasts_ends_the_back_off() -> None:
    """Neither a list that is answered does nor a watch that is opened. The first end after a long one is no failure."""
    seen = Seen()
    async with scripted(script(Answer())) as (reader, _):
        watch = stepped(reader, seen, Stepped(6))
        async with running(watch.run()):
            waits = await _waits(seen, watch, 6)
    assert waits == [2.0, 4.0, 8.0, 16.0, 2.0, 4.0]


async def test_a_watch_that_is_cut_after_each_news_is_no_failure() -> None:
    seen = Seen()
    versions = iter(range(11, 1000))

    def say(asked: Asked) -> Answer:
        if "watch" not in asked.query:
            return listed(named("one", "7"))
        return Answer([event("MODIFIED", named("one", str(next(versions))))])

    async with scripted(say) as (reader, asked), running(watch_of(reader, seen).run()):
        await until(lambda: len(asked) > 12)
    assert [o.problem for o in seen.all] == [None] * len(seen.all)
    assert sum("watch" not in a.query for a in asked) == 1


@pytest.mark.parametrize(
    ("code", "kind", "shortest", "longest"),
    [
        (403, ProblemKind.FORBIDDEN, LONGEST, LONGEST),
        (404, ProblemKind.BAD_ANSWER, LONGEST, LONGEST),  # of a kind that is judged
        (500, ProblemKind.SERVER_ERROR, 0.05, 2.0),
        (429, ProblemKind.THROTTLED, 0.05, 2.0),
    ],
)
async def test_how_long_is_waited_after_a_refusal(
    code: int, kind: ProblemKind, shortest: float, longest: float
) -> None:
    """Rights and CRDs do not change by the second: after 403 and 404 the longest wait from the first time."""
    seen = Seen()
    async with (
        scripted(lambda asked: failing(code)) as (reader, _),
        running(watch_of(reader, seen, backoff_first=2.0, backoff_longest=LONGEST).run()),
    ):
        await until(lambda: seen.all)
    problem = seen.all[0].problem
    assert problem is not None
    assert problem.kind is kind
    assert problem.retry_at is not None
    assert (
        Clock().now() + shortest <= problem.retry_at <= Clock().now() + longest
    )  # sums: a difference is rounded


@pytest.mark.parametrize(
    ("kind", "problem"),
    [
        ("Deployment", ProblemKind.BAD_ANSWER),  # none of it is not the same as none: nothing is well then
        ("Pod", ProblemKind.BAD_ANSWER),
        ("Rollout", ProblemKind.NOT_SERVED),
        ("Service", ProblemKind.NOT_SERVED),  # nothing is judged by it
        ("PodMetrics", ProblemKind.NOT_SERVED),  # another server answers for it, where there is one
    ],
)
async def test_only_what_may_be_lacking_is_not_served(kind: str, problem: ProblemKind) -> None:
    seen = Seen()
    async with scripted(lambda asked: failing(404)) as (reader, _):
        watch = ListWatch(reader, LISTED[kind], None, seen, Clock(), KubernetesSettings())
        async with running(watch.run()):
            await until(lambda: seen.all)
    found = seen.all[0].problem
    assert found is not None and found.kind is problem


@pytest.mark.parametrize(
    ("code", "kind", "told"),
    [
        (404, ProblemKind.NOT_SERVED, "no metrics.k8s.io: metrics-server is not installed"),
        (503, ProblemKind.SERVER_ERROR, "nothing serves APIService v1beta1.metrics.k8s.io"),
        (403, ProblemKind.FORBIDDEN, "ask for the right"),
        (500, ProblemKind.SERVER_ERROR, "the server failed (500)"),
    ],
)
async def test_why_nothing_is_measured_has_a_name(code: int, kind: ProblemKind, told: str) -> None:
    seen = Seen()
    async with scripted(lambda asked: failing(code)) as (reader, _):
        watch = ListWatch(reader, LISTED["PodMetrics"], None, seen, Clock(), KubernetesSettings())
        async with running(watch.run()):
            await until(lambda: seen.all)
    found = seen.all[0].problem
    assert found is not None and found.kind is kind and told in str(found)
    assert seen.all[0].absent is (code == 404)


def measured(name: str, cpu: str, second: int) -> dict[str, Any]:
    return {
        "metadata": {"name": name, "namespace": "a", "creationTimestamp": f"2026-11-29T16:00:{second + 20}Z"},
        "timestamp": f"2026-11-29T16:00:{second:02}Z",
        "window": "15.1s",
        "containers": [{"name": "main", "usage": {"cpu": cpu, "memory": "65536Ki"}}],
    }


def test_what_was_measured_once_stays_one_object_whenever_it_is_listed_again() -> None:
    """Item by item, as a list of everything is read that knows no pages; what is odd is a row that says so."""

    def page(second: int, *odd: dict[str, Any]) -> bytes:
        items = [measured("same", "5n", 7), measured("other", "0.5", second), *odd]
        return json.dumps({"kind": "PodMetricsList", "metadata": {}, "items": items}).encode()

    codec = Codec("PodMetrics")
    _, first = at_once(codec.pieces(page(8)))
    before = {Key(o.namespace, o.name): o for o in first}
    _, again = at_once(codec.pieces(page(23, {**measured("odd", "5n", 1), "timestamp": "yesterday"}), before))
    assert again[0] is first[0] and again[1] != first[1]
    assert isinstance(again[2], Unreadable) and "yesterday" in again[2].field
    same = first[0]
    assert isinstance(same, PodMetrics)
    assert same.usage == (("cpu", 5), ("memory", 65536 * 1024 * 10**9)) and same.window == 15.1


def test_who_asks_to_wait_for_a_year_is_asked_again_before() -> None:
    assert Backoff(1.0, LONGEST, chance=lambda: 1.0).next(7.0) == 8.0
    assert Backoff(1.0, LONGEST, chance=lambda: 1.0).next(31536000.0) == 301.0


@pytest.mark.parametrize(("kind", "namespace"), [("Pod", None), ("Pod", "shop"), ("Node", None)])
async def test_namespaces_are_named_as_a_remedy_only_where_that_would_ask_for_less(
    kind: str, namespace: str | None
) -> None:
    seen, tuning = Seen(), KubernetesSettings(backoff_first=0.05, backoff_longest=0.1, publish_every=0.01)
    async with (
        scripted(lambda asked: failing(403)) as (reader, _),
        running(ListWatch(reader, LISTED[kind], namespace, seen, Clock(), tuning).run()),
    ):
        await until(lambda: seen.all)
    told = str(seen.all[0].problem)
    assert "; ask for the right" in told
    assert ("namespaces under [environments.NAME]" in told) is (kind == "Pod" and namespace is None)


async def test_a_refused_watch_is_waited_for_as_a_refused_list_is() -> None:
    seen = Seen()
    async with (
        scripted(script(failing(403))) as (reader, _),
        running(watch_of(reader, seen, backoff_first=2.0, backoff_longest=LONGEST).run()),
    ):
        await until(lambda: seen.all[-1:] and seen.all[-1].problem)
    problem = seen.all[-1].problem
    assert problem is not None and problem.retry_at == Clock().now() + LONGEST
    assert seen.names == {"one"}, "what was read stays"


async def test_a_relist_leaves_nothing_to_the_collector_for_ever() -> None:
    """What is frozen is never collected: a terminal that lists anew for days must not grow by each list's garbage."""
    gone = Answer([event("ERROR", status(410, "Expired"))])
    lists = lambda asked: sum("watch" not in a.query for a in asked)  # noqa: E731  # two uses, one line
    async with scripted(script(gone)) as (reader, asked), running(watch_of(reader, Seen()).run()):
        await until(lambda: lists(asked) > 2)
        frozen, before = gc.get_freeze_count(), lists(asked)
        await until(lambda: lists(asked) > before + 5)
    assert gc.get_freeze_count() <= frozen


@pytest.mark.parametrize(
    ("items", "rest", "told"),
    [
        ([named("one", "7")] * 3, {}, "2 that came twice"),
        ([named("one", "7")], {"remainingItemCount": 500}, "500 more that no page of it has"),
    ],
    ids=["one three times", "more without a page"],
)
async def test_a_list_that_contradicts_itself_is_not_whole(
    items: list[dict[str, Any]], rest: dict[str, Any], told: str
) -> None:
    """Whoever is in the place of what came twice is not known; a section of it was green."""
    seen = Seen()
    page = listed(*items)
    body = json.loads(page.pieces[0])
    body["metadata"] |= rest
    answer = Answer([json.dumps(body).encode()])
    async with (
        scripted(script(IDLE, items=answer)) as (reader, _),
        running(watch_of(reader, seen).run()),
    ):
        await until(lambda: seen.has(0) and seen.all[-1].complete)
    assert seen.all[-1].unreadable
    assert seen.all[-1].problem is not None
    assert told in seen.all[-1].problem.cause


def paged(*items: dict[str, Any], follows: str = "") -> Answer:
    body = json.loads(listed(*items).pieces[0])
    body["metadata"]["continue"] = follows
    return Answer([json.dumps(body).encode()])


def in_turn(*lists: Answer) -> Callable[[Asked], Answer]:
    """Each page once, the last for ever; watches stay silent."""
    waiting = list(lists)
    return lambda asked: IDLE if "watch" in asked.query else waiting.pop(0) if waiting[1:] else waiting[0]


def tokens(asked: Sequence[Asked]) -> list[str | None]:
    return [a.query.get("continue") for a in asked if "watch" not in a.query]


async def test_a_list_whose_token_expired_begins_again_without_what_it_had_found() -> None:
    seen = Seen()
    begun, anew = (
        paged(named("old", "7"), named("old", "7"), follows="a"),
        paged(named("one", "8"), follows="b"),
    )
    say = in_turn(begun, failing(410), anew, paged(named("two", "9")))
    async with scripted(say) as (reader, asked), running(watch_of(reader, seen).run()):
        await until(lambda: bool(seen.all) and seen.all[-1].complete)
    assert tokens(asked) == [None, "a", None, "b"]
    assert seen.names == {"one", "two"}, "what went away meanwhile is in no page of the second"
    assert [o.problem for o in seen.all] == [None] * len(seen.all), "what came twice came in the first"


@pytest.mark.parametrize(
    ("answers", "told"),
    [
        ([failing(410)], [None]),
        ([paged(named("old", "7"), follows="a"), failing(410)] * 2, [None, "a", None, "a"]),
    ],
    ids=["at its first page", "once more after it began again"],
)
async def test_a_list_that_is_refused_as_too_old_is_a_failure_and_is_waited_for(
    answers: list[Answer], told: list[str | None]
) -> None:
    """To begin again at once for ever would be a storm on a server that is in trouble already."""
    seen, now = Seen(), Stepped()
    async with scripted(in_turn(*answers, failing(410))) as (reader, asked):
        watch = stepped(reader, seen, now)
        async with running(watch.run()):
            await until(lambda: any(o.problem is not None for o in seen.all))
    assert tokens(asked) == told
