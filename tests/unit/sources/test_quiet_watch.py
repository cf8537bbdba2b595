"""A kind of which a server has nothing to tell for minutes is well, and one whose server is gone is found in time."""

from __future__ import annotations

from typing import get_type_hints

import pytest

from tests.unit.sources.scripted import Answer, event, named, running, scripted, until
from tests.unit.sources.test_listwatch import IDLE, Clock, Seen, script, watch_of
from tfdash.model.kinds import LISTED
from tfdash.model.observation import ProblemKind
from tfdash.playbook.policy import WorkloadPolicy
from tfdash.setting import Between
from tfdash.sources.kubernetes.credentials import Credentials
from tfdash.sources.kubernetes.kubeconfig import Access
from tfdash.sources.kubernetes.listwatch import ListWatch
from tfdash.sources.kubernetes.settings import KubernetesSettings
from tfdash.sources.kubernetes.transport import Reader


def quiet(reader: Reader, seen: Seen, asks_after: float, silence: float) -> ListWatch:
    """One that asks sooner than it would, and so leaves a busy machine all the time to answer."""
    watch = watch_of(reader, seen, watch_silence=silence)
    watch.asks_after = asks_after
    return watch


async def test_a_watch_that_is_silent_is_opened_anew_from_where_it_was_and_nothing_is_said() -> None:
    """A quiet kind of a server that is well: each time it is proven anew, and that is told."""
    seen = Seen()
    mark = Answer([event("BOOKMARK", {"metadata": {"resourceVersion": "50"}})], hold=True)
    async with (
        scripted(script(mark, IDLE)) as (reader, asked),
        running(quiet(reader, seen, 0.02, 30.0).run()),
    ):
        await until(lambda: len(asked) > 6)
        told = len(seen.all)
        await until(lambda: len(seen.all) > told + 3)
    assert [o.problem for o in seen.all] == [None] * len(seen.all)
    watches = [a.query["resourceVersion"] for a in asked if "watch" in a.query]
    assert watches == ["10"] + ["50"] * (len(watches) - 1) and len(watches) == len(asked) - 1


async def test_what_came_while_a_watch_was_dead_is_told_as_soon_as_it_is_opened_anew() -> None:
    seen = Seen()
    news = Answer([event("ADDED", named("two", "21"))], hold=True)
    async with (
        scripted(script(IDLE, news)) as (reader, _),
        running(quiet(reader, seen, 0.02, 30.0).run()),
    ):
        await until(lambda: seen.names == {"one", "two"})
    assert [o.problem for o in seen.all] == [None] * len(seen.all)


async def test_who_does_not_answer_what_is_asked_after_a_silence_is_dead() -> None:
    """And at `watch_silence` from its last byte, though an answer is waited for longer (`read_timeout`) at other times."""
    seen = Seen()
    async with (
        scripted(script(IDLE, Answer(mute=True))) as (reader, asked),
        running(quiet(reader, seen, 0.05, 0.5).run()),
    ):
        await until(lambda: seen.all and seen.all[-1].problem)
    found = seen.all[-1].problem
    assert found is not None and (found.kind, found.cause) == (ProblemKind.TIMEOUT, "no answer in time")
    assert seen.names == {"one"} and len(asked) >= 3


@pytest.mark.parametrize("chance", [0.0, 1.0])
@pytest.mark.parametrize("silence", [90.0, 3600.0])
def test_a_quiet_kind_is_proven_past_a_bookmark_a_minute_and_within_the_least_stale_after(
    chance: float, silence: float
) -> None:
    """Bookmarks come each minute and up to 2.5 s later (apiserver/pkg/storage/cacher/cacher.go)."""
    tuning = KubernetesSettings(watch_silence=silence)
    watch = ListWatch(
        Reader(Credentials(Access("http://127.0.0.1:1"))),
        LISTED["Namespace"],
        None,
        Seen(),
        Clock(),
        tuning,
        chance=lambda: chance,
    )
    assert 62.5 < watch.asks_after < least_stale_after() - 10.0


def least_stale_after() -> float:
    hints = get_type_hints(WorkloadPolicy, include_extras=True)["stale_after"].__metadata__
    return next(bound.low for bound in hints if isinstance(bound, Between))
