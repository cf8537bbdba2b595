"""For how long each verdict was at each level: tables, and a property against an oracle that looks at every second."""

from __future__ import annotations

from collections import Counter

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.store.journal.journals import ALL, REF, span, subject, view, word
from tfdash.model.verdict import Level
from tfdash.store.journal.times import verdict_times
from tfdash.store.journal.view import Cover, Covers, Ended, JournalView, WatchSpan, both
from tfdash.store.journal.watched import WatchGap, watched

BREACH, WARN, UNKNOWN = Level.BREACH, Level.WARN, Level.UNKNOWN
NOTHING: Covers = {}


def test_overlapping_watchers_count_once_and_a_gap_is_none_of_it() -> None:
    spans = (
        span(0, 50, word(10, "a", BREACH), ended=Ended.SILENT),
        span(40, 60, word(40, "a", BREACH, first=True), watcher="wall-2"),
        span(80, 100, word(80, "a", BREACH, first=True), word(90, "a", None)),
    )
    (times,) = verdict_times(view(spans))
    assert times.seconds == {BREACH: 60} and times.watched == 80 and not times.open
    assert [(s.begin, s.end, s.begun, s.ended) for s in times.spells] == [
        (10, 60, True, False),
        (80, 90, False, True),
    ]
    seen = watched(view(spans))
    assert (seen.seconds, seen.share) == (80, 0.8)
    assert seen.gaps == (WatchGap(60, 80, (("wall-2", Ended.CLOSED),)),)
    assert [(one.name, one.seconds) for one in seen.by] == [("wall-1", 70), ("wall-2", 20)]


def test_whoever_knows_says_more_than_whoever_does_not() -> None:
    spans = (
        span(0, 100, word(0, "a", UNKNOWN, first=True), word(0, "b", UNKNOWN, first=True)),
        span(20, 60, word(30, "a", BREACH), word(40, "a", None), watcher="wall-2"),
    )
    a, b = verdict_times(view(spans))
    assert a.seconds == {UNKNOWN: 60, BREACH: 10}
    assert b.seconds == {UNKNOWN: 60}


def test_silence_of_who_does_not_see_it_is_no_word() -> None:
    elsewhere: Covers = {REF: Cover(frozenset({"workload"}), namespaces=("other",))}
    blind: Covers = {REF: Cover(frozenset({"workload"}), hidden=(("workload", "shop"),))}
    older: Covers = {REF: Cover(frozenset({"quota"}))}
    kindless: Covers = {REF: Cover(frozenset({"workload"}), without=(("workload", "Deployment"),))}
    for covers in (elsewhere, blind, older, kindless):
        spans = (
            span(0, 100, word(0, "a", UNKNOWN, first=True)),
            span(0, 100, watcher="wall-2", covers=((0.0, covers),)),
        )
        (times,) = verdict_times(view(spans))
        assert times.seconds == {UNKNOWN: 100}, covers


def test_what_is_covered_no_more_is_not_known() -> None:
    lost = ((0.0, ALL), (20.0, NOTHING), (50.0, ALL))
    (times,) = verdict_times(view([span(0, 100, word(10, "a", BREACH), covers=lost)]))
    assert times.seconds == {BREACH: 60} and times.watched == 70 and times.open


def test_what_is_waived_counts_by_itself() -> None:
    spans = [span(0, 100, word(10, "a", BREACH, waived=True), word(40, "a", BREACH), word(60, "a", None))]
    (times,) = verdict_times(view(spans))
    assert times.waived == 30 and times.seconds == {BREACH: 20}


def test_a_rule_under_another_name_is_another_and_the_old_one_ends_with_its_watcher() -> None:
    renamed: Covers = {REF: Cover(frozenset({"workload.serving"}))}
    spans = (
        span(0, 50, word(0, "a", BREACH, first=True)),
        span(50, 100, word(50, "a", BREACH, "workload.serving", first=True), covers=((50.0, renamed),)),
    )
    old, new = verdict_times(view(spans))
    assert (old.rule, old.seconds, old.watched, old.open) == ("workload", {BREACH: 50}, 50, False)
    assert (new.rule, new.seconds, new.watched, new.open) == ("workload.serving", {BREACH: 50}, 50, True)


LEVELS = st.sampled_from([None, Level.OK, Level.MOVING, UNKNOWN, WARN, BREACH])
TIMES = st.integers(0, 30)


@st.composite
def spans_drawn(draw: st.DrawFn) -> WatchSpan:
    begin, end = sorted(draw(st.lists(TIMES, min_size=2, max_size=2, unique=True)))
    places = st.sampled_from(
        [ALL, NOTHING, {REF: Cover(frozenset({"workload"}))}, {REF: Cover(frozenset({"quota"}), ("shop",))}]
    )
    covers = [(float(begin), draw(places))]
    covers += [
        (float(at), draw(places)) for at in sorted(draw(st.sets(TIMES, max_size=3))) if begin < at < end
    ]
    words = [
        word(
            at,
            draw(st.sampled_from("ab")),
            draw(LEVELS),
            draw(st.sampled_from(["workload", "quota"])),
            at == begin,
        )
        for at in sorted(draw(st.lists(TIMES, max_size=6)))
        if begin <= at < end
    ]
    watcher = draw(st.sampled_from(["wall-1", "wall-2"]))
    return span(begin, end, *words, watcher=watcher, covers=tuple(covers))


def by_the_second(view: JournalView, name: str, rule: str) -> tuple[Counter[Level], int]:
    """Seconds at each level worse than well, and watched: by asking every watcher at every second."""
    found: Counter[Level] = Counter()
    seen = 0
    for second in range(int(view.since), int(view.until)):
        heard: list[Level] = []
        for one in view.spans:
            if not one.begin <= second < one.end:
                continue
            covers = [c for at, c in one.covers if at <= second][-1]
            if REF not in covers or not covers[REF].has("Deployment", "shop", rule):
                continue
            said = [
                w.level for w in one.words if w.at <= second and (w.subject, w.rule) == (subject(name), rule)
            ]
            heard.append(max(said[-1] or Level.OK, Level.OK) if said else Level.OK)
        if not heard:
            continue
        seen += 1
        level = max((h for h in heard if h is not UNKNOWN), default=UNKNOWN)
        if level > Level.OK:
            found[level] += 1
    return found, seen


@given(st.lists(spans_drawn(), max_size=5), TIMES, TIMES)
def test_the_same_as_by_the_second(spans: list[WatchSpan], one: int, other: int) -> None:
    asked = view(spans, min(one, other), max(one, other))
    told = {(times.subject.name, times.rule): times for times in verdict_times(asked)}
    for name in "ab":
        for rule in ("workload", "quota"):
            seconds, seen = by_the_second(asked, name, rule)
            times = told.get((name, rule))
            assert (times.seconds if times else {}) == seconds
            if times:
                assert times.watched == seen
                assert all(s.begin < s.end for s in times.spells)
                assert all(a.end <= b.begin for a, b in zip(times.spells, times.spells[1:], strict=False))
    every = [
        second
        for second in range(int(asked.since), int(asked.until))
        if any(s.begin <= second < s.end for s in spans)
    ]
    assert watched(asked).seconds == len(every)
    assert sum(gap.end - gap.begin for gap in watched(asked).gaps) == asked.until - asked.since - len(every)


@pytest.mark.parametrize("which", ["hidden", "without"])
def test_what_one_of_two_did_not_see_was_not_seen_by_both(which: str) -> None:
    whole = Cover(frozenset({"r", "q"}))
    for part in (("r", "shop"), ("q", "shop")):
        less = msgspec.structs.replace(whole, **{which: (part,)})
        for pair in ((whole, less), (less, whole)):
            assert both({REF: pair[0]}, {REF: pair[1]}) == {REF: less}
    assert both({REF: whole}, {REF: Cover(frozenset({"x"}))}) == {}
