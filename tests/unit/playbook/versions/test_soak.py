"""How long an environment has soaked, against an oracle that looks at every second for itself."""

from __future__ import annotations

from collections.abc import Collection

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tfdash.model.subject import ClusterRef
from tfdash.model.versions import Soak, Unwatched
from tfdash.playbook.versions.soak import WatchedSpan, oldest_now, soak
from tfdash.playbook.versions.version import Version

OLD, MID, NEW = Version(1, 36, 4), Version(1, 37, 1), Version(1, 37, 2)
ONE, TWO = ClusterRef("staging", "eu-1"), ClusterRef("staging", "eu-2")
END = 24  # the oracle's seconds


def span(since: float, until: float, oldest: Version = NEW, cluster: ClusterRef = ONE) -> WatchedSpan:
    return WatchedSpan(cluster, since, until, oldest, NEW)


def said(
    *spans: WatchedSpan, clusters: Collection[ClusterRef] = (ONE,), version: Version = NEW
) -> Soak | None:
    return soak(spans, clusters, version, 100.0)


def test_it_begins_when_the_last_older_one_was_gone() -> None:
    found = said(span(0, 10, OLD), span(10, 30))
    assert found == Soak(version="1.37.2", since=10, until=30, watched=20)


def test_new_nodes_of_that_version_change_nothing_and_what_was_first_seen_may_be_older() -> None:
    found = said(span(5, 10), span(10, 20), span(15, 30))
    assert found == Soak(version="1.37.2", since=5, until=30, watched=25, first=True)


def test_an_older_one_that_comes_back_begins_it_anew_if_only_for_a_moment() -> None:
    found = said(span(0, 10, OLD), span(10, 20), span(20, 20, MID), span(20, 33))
    assert found is not None and (found.since, found.watched) == (20, 13)


def test_time_that_nobody_watched_is_told_and_not_counted() -> None:
    found = said(span(0, 10, OLD), span(10, 20), span(25, 30), span(40, 41))
    assert found is not None
    assert found.watched == 16
    assert found.gaps == (Unwatched(20, 25), Unwatched(30, 40))


def test_whoever_saw_the_old_one_longest_is_believed() -> None:
    found = said(span(0, 20, OLD), span(12, 30))
    assert found is not None and (found.since, found.watched) == (20, 10)


def test_after_a_gap_it_begins_when_it_is_seen_and_not_when_the_old_one_was_seen_last() -> None:
    found = said(span(0, 10, OLD), span(50, 60))
    assert found is not None and (found.since, found.watched, found.gaps) == (50, 10, ())


def test_a_time_at_which_all_was_newer_is_none_of_it_and_no_gap() -> None:
    found = said(span(0, 10, MID), span(10, 20), span(20, 25, MID), version=MID)
    assert found is not None and (found.since, found.watched, found.gaps) == (0, 15, ())


def test_an_environment_is_as_its_last_cluster() -> None:
    spans = (
        span(0, 10, OLD),
        span(10, 30),
        span(0, 15, OLD, TWO),
        span(15, 20, NEW, TWO),
        span(22, 30, NEW, TWO),
    )
    found = said(*spans, clusters=(ONE, TWO))
    assert found == Soak(version="1.37.2", since=15, until=30, watched=13, gaps=(Unwatched(20, 22),))
    assert said(span(10, 30), clusters=(ONE, TWO)) is None, "of one of them nothing is known"
    assert said(span(10, 30), span(10, 30, OLD, TWO), clusters=(ONE, TWO)) is None


def test_clusters_that_nobody_watched_at_one_time_have_soaked_for_no_time() -> None:
    found = said(span(0, 5), span(10, 12, NEW, TWO), clusters=(ONE, TWO))
    assert found == Soak(version="1.37.2", since=10, until=10, watched=0, first=True)


def test_nothing_is_said_of_no_cluster_or_of_what_is_yet_to_come() -> None:
    assert said(clusters=()) is None
    assert said() is None
    assert said(span(101, 102)) is None
    found = said(span(0, 200))
    assert found is not None and found.watched == 100


@pytest.mark.parametrize(
    ("spans", "expected"),
    [
        ((span(0, 10, OLD), span(10, 10)), NEW),
        ((span(0, 10), span(5, 10, OLD)), OLD),  # the one who began to look later
        ((span(5, 10), span(5, 10, OLD)), OLD),  # it may be there
        ((span(0, 9, OLD),), OLD),
        ((), None),
    ],
)
def test_the_oldest_now_is_by_what_was_seen_last(
    spans: tuple[WatchedSpan, ...], expected: Version | None
) -> None:
    assert oldest_now(spans, (ONE,)) == expected


def test_the_oldest_of_an_environment_is_that_of_its_last_cluster() -> None:
    both = (span(0, 10), span(0, 10, OLD, TWO))
    assert oldest_now(both, (ONE, TWO)) == OLD
    assert oldest_now(both, (ONE,)) == NEW
    assert oldest_now(both[:1], (ONE, TWO)) is None


# -- the oracle ----------------------------------------------------------------------------------------------------------


def by_every_second(
    spans: list[WatchedSpan], clusters: tuple[ClusterRef, ...], version: Version
) -> tuple[float, float, tuple[Unwatched, ...]] | None:
    """(since, watched, gaps): it walks over half seconds, at which edges and the time between them lie apart."""

    def at(second: float, cluster: ClusterRef) -> list[Version]:
        """What was seen at that moment, at its edges too."""
        return [s.oldest for s in spans if s.cluster == cluster and s.since <= second <= s.until]

    moments = [n / 2 for n in range(2 * END + 1)]
    since = 0.0
    for cluster in clusters:
        old = [t for t in moments if any(v < version for v in at(t, cluster))]
        begins = [
            t for t in moments if (not old or t >= old[-1]) and any(v >= version for v in at(t, cluster))
        ]
        if not begins:
            return None
        since = max(since, begins[0])
    until = min(max(s.until for s in spans if s.cluster == cluster) for cluster in clusters)
    watched, gaps = 0.0, list[Unwatched]()
    for second in range(END):
        middle = second + 0.5
        if middle < since or middle > until:
            continue
        seen = [at(middle, cluster) for cluster in clusters]
        if not all(seen):
            if gaps and gaps[-1].until == second:
                gaps[-1] = Unwatched(gaps[-1].since, second + 1)
            else:
                gaps.append(Unwatched(second, second + 1))
        elif min(min(versions) for versions in seen) == version:
            watched += 1
    return since, watched, tuple(gaps)


@st.composite
def a_span(draw: st.DrawFn) -> WatchedSpan:
    start, end = sorted((draw(st.integers(0, END)), draw(st.integers(0, END))))
    return span(start, end, draw(st.sampled_from((OLD, MID, NEW))), draw(st.sampled_from((ONE, TWO))))


@given(st.lists(a_span(), max_size=12), st.sampled_from(((ONE,), (ONE, TWO))), st.sampled_from((MID, NEW)))
@example([span(0, 5), span(10, 12, NEW, TWO)], (ONE, TWO), NEW)
def test_it_is_what_every_second_tells(
    spans: list[WatchedSpan], clusters: tuple[ClusterRef, ...], version: Version
) -> None:
    found = soak(spans, clusters, version, END)
    mine = [s for s in spans if s.cluster in clusters]
    expected = by_every_second(mine, clusters, version)
    assert (None if found is None else (found.since, found.watched, found.gaps)) == expected


@given(st.lists(a_span(), max_size=12), st.randoms(use_true_random=False))
def test_the_order_of_the_sightings_is_nothing_to_it(spans: list[WatchedSpan], random: object) -> None:
    mixed = list(spans)
    random.shuffle(mixed)  # type: ignore[attr-defined]  # a random.Random
    assert soak(spans, (ONE, TWO), NEW, END) == soak(mixed, (ONE, TWO), NEW, END)
    assert oldest_now(spans, (ONE, TWO)) == oldest_now(mixed, (ONE, TWO))


@given(st.lists(a_span(), max_size=8), a_span())
def test_watching_more_never_takes_watched_time_away_where_nothing_older_was_seen(
    spans: list[WatchedSpan], more: WatchedSpan
) -> None:
    young = [s._replace(oldest=NEW) for s in spans]
    before = soak(young, (ONE,), NEW, END)
    after = soak([*young, more._replace(oldest=NEW, cluster=ONE)], (ONE,), NEW, END)
    assert before is None or (after is not None and after.watched >= before.watched)
