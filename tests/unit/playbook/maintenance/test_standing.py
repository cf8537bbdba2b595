"""How an item stands, what is said of it at the edges, and until when that is true."""

from __future__ import annotations

import re
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

from tests.unit.playbook.maintenance.making import (
    AT,
    DAY,
    OPEN,
    PLAYBOOK,
    at,
    done,
    item,
    kept_from,
    state,
    told,
    waiver,
)
from tests.unit.playbook.maintenance.test_verdicts_oracle import RULES, Case, facts, hours
from tfdash.gravity import STANDINGS
from tfdash.model.maintenance import ItemStanding, Sighting
from tfdash.playbook.maintenance.cadence import After
from tfdash.playbook.maintenance.facts import Facts
from tfdash.playbook.maintenance.standing import LEVELS, stand

MONTHLY = item("each month")
WEEKLY_AGE = item("within 7d", DAY)
JULY = (kept_from("2026-07-01"),)


def said(promise: object, on_record: Facts, now: str, calendar: object = OPEN) -> tuple[str, str]:
    found = state(promise, on_record, now, calendar)  # type: ignore[arg-type] # an item
    return found.standing.value, found.sentence.removeprefix("Review: ")


def test_a_month_from_its_begin_until_it_is_missed() -> None:
    facts = Facts(starts=JULY)
    due = ("due", "due by the end of Fri 31 Jul 2026 (once each month; never done on record)")
    assert said(MONTHLY, facts, "2026-07-01") == due
    assert said(MONTHLY, facts, "2026-07-31 23:59:59") == due
    late = (
        "overdue",
        "overdue since the end of Fri 31 Jul 2026 (once each month); never done on record",
    )
    assert said(MONTHLY, facts, "2026-08-01") == late
    assert said(MONTHLY, facts, "2026-09-20") == late  # since the oldest that was not done
    done_now = Facts(starts=JULY, completions=(done("2026-09-20"),))
    assert said(MONTHLY, done_now, "2026-09-20") == (
        "done",
        "done Sun 20 Sep 2026, signed by ann; next by the end of Sat 31 Oct 2026",
    )


def test_what_was_signed_too_late_was_missed_and_is_not_overdue() -> None:
    facts = Facts(starts=JULY, completions=(done("2026-07-20", recorded="2026-08-09"),))
    found = state(MONTHLY, facts, "2026-08-10")
    assert (found.standing, found.judged, found.kept) == (ItemStanding.DUE, 1, 0)
    assert "due by the end of Mon 31 Aug 2026" in found.sentence


def test_before_a_blackout_it_is_due_earlier_and_counts_until_the_end() -> None:
    promise, facts = item("each month", blackout="before"), Facts(starts=JULY)
    assert said(promise, facts, "2026-07-20", PLAYBOOK)[1].startswith(
        "due by the end of Mon 27 Jul 2026, before it closes; it counts until the end of Fri 31 Jul 2026 ("
    )
    inside = said(promise, facts, "2026-07-29", PLAYBOOK)
    assert inside[1].startswith(
        "due by the end of Fri 31 Jul 2026, better before Tue 28 Jul 2026 00:00 EDT, when it closed ("
    )


def test_behind_a_blackout_the_old_month_is_due_before_the_new_one() -> None:
    """Two are open at once on the 2nd: what is done then is the old one's."""
    promise = item("each month", blackout="after")
    facts = Facts(starts=JULY)
    assert said(promise, facts, "2026-08-02", PLAYBOOK) == (
        "due",
        "due by the end of Mon 3 Aug 2026, after the blackout (once each month; never done on record)",
    )
    assert said(promise, facts, "2026-08-04", PLAYBOOK)[0] == "overdue"
    once = Facts(starts=JULY, completions=(done("2026-08-02"),))
    assert said(promise, once, "2026-08-02", PLAYBOOK) == (
        "due",
        "due by the end of Thu 3 Sep 2026, after the blackout (once each month; last done Sun 2 Aug 2026, signed by ann)",
    )


def test_what_stays_due_inside_the_blackout_says_so() -> None:
    words = said(item("each month", blackout="stays"), Facts(starts=JULY), "2026-07-20", PLAYBOOK)[1]
    assert "due by the end of Fri 31 Jul 2026, inside the blackout at the month's end" in words


def test_a_date_between_its_days() -> None:
    promise = item("on FREQ=WEEKLY;BYDAY=MO", DAY)
    facts = Facts(starts=JULY, completions=(done("2026-07-06 10:00"),))
    assert said(promise, facts, "2026-07-08") == (
        "done",
        "done Mon 6 Jul 2026, signed by ann; next by the end of Mon 13 Jul 2026",
    )
    assert said(promise, facts, "2026-07-13 09:00")[0] == "due"
    assert said(promise, facts, "2026-07-14 09:00") == (
        "overdue",
        "overdue since the end of Mon 13 Jul 2026 (on FREQ=WEEKLY;BYDAY=MO); last done Mon 6 Jul 2026, signed by ann",
    )


def test_a_date_that_is_years_away_is_the_next_one() -> None:
    promise = item("on FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29")
    assert said(promise, Facts(starts=JULY), "2026-07-08") == (
        "due",
        "due by the end of Tue 29 Feb 2028 (on FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29; never done on record)",
    )


def test_a_rule_that_ended_has_nothing_to_do() -> None:
    promise = item("on FREQ=DAILY;UNTIL=20260703T000000")
    assert said(promise, Facts(starts=(kept_from("2026-07-05"),)), "2026-07-08") == (
        "nothing to do",
        "nothing to do: on FREQ=DAILY;UNTIL=20260703T000000 gives no further date; never done on record",
    )


def test_never_older_than_at_its_edges() -> None:
    facts = Facts(starts=JULY, completions=(done("2026-07-03 10:00"),))
    assert said(WEEKLY_AGE, facts, "2026-07-10 09:59:59") == (
        "done",
        "done Fri 3 Jul 2026, signed by ann; next by Fri 10 Jul 2026 10:00 EDT",
    )
    assert said(WEEKLY_AGE, facts, "2026-07-10 10:00") == (
        "overdue",
        "overdue since Fri 10 Jul 2026 10:00 EDT (never older than 7d); last done Fri 3 Jul 2026, signed by ann",
    )


def test_a_last_time_that_is_too_old_is_behind_from_when_account_began() -> None:
    """What a list of last times brought: it is known to be too old, and not missed before anybody kept account."""
    listed = done("2026-05-01", recorded="2026-07-01", evidence="imported")
    facts = Facts(starts=JULY, completions=(listed,))
    assert said(WEEKLY_AGE, facts, "2026-07-03") == (
        "overdue",
        "overdue since the end of Tue 30 Jun 2026 (never older than 7d); last done Fri 1 May 2026, imported by ann",
    )


def test_nothing_on_record_is_not_watched_and_a_start_to_come_says_when() -> None:
    assert said(MONTHLY, Facts(), "2026-07-08")[0] == "not yet watched"
    ahead = Facts(starts=(kept_from("2026-08-01", "2026-07-01"),))
    assert said(MONTHLY, ahead, "2026-07-08") == (
        "not yet watched",
        "not yet watched: once each month; account is kept from Sat 1 Aug 2026 00:00 EDT",
    )


def test_waived_now_and_overdue_when_the_waiver_ends() -> None:
    facts = Facts(starts=JULY, waivers=(waiver("2026-08-09", "2026-08-20"),))
    assert said(MONTHLY, facts, "2026-08-10") == (
        "waived",
        "waived by ben with cem until the end of Wed 19 Aug 2026: a freeze",
    )
    assert said(MONTHLY, facts, "2026-08-20")[0] == "overdue"


def test_a_month_that_is_waived_is_not_done() -> None:
    facts = Facts(starts=JULY, waivers=(waiver("2026-07-09", "2026-08-02"),))
    assert said(MONTHLY, facts, "2026-07-10") == (
        "waived",
        "waived by ben with cem: a freeze; next by the end of Mon 31 Aug 2026",
    )


@pytest.mark.parametrize("promise", [MONTHLY, WEEKLY_AGE])
def test_a_source_that_nobody_reads_any_more_proves_nothing(promise: object) -> None:
    """Unknown is never green, and not overdue either."""
    last = done("2026-07-03", evidence="live", by="postgres")
    unread = Facts(starts=JULY, completions=(last,), sightings=(Sighting(at("2026-07-05"), last.done_at),))
    assert state(promise, unread, "2026-09-02").standing is ItemStanding.NO_EVIDENCE  # type: ignore[arg-type] # an item
    looked = structs.replace(last, evidence=last.evidence)
    silent = Facts(starts=JULY, completions=(looked,), sightings=(Sighting(at("2026-09-10"), last.done_at),))
    assert state(promise, silent, "2026-09-10 12:00").standing is ItemStanding.OVERDUE  # type: ignore[arg-type] # an item


def test_a_rotation_after_each_use() -> None:
    promise = item("after break-glass within 24h", DAY)
    assert said(promise, Facts(), "2026-07-10") == (
        "nothing to do",
        "nothing to do: no break-glass on record",
    )
    used = Facts(events=(at("2026-07-10 10:00"),))
    assert said(promise, used, "2026-07-10 12:00") == (
        "due",
        "due by Sat 11 Jul 2026 10:00 EDT: break-glass on Fri 10 Jul 2026 10:00 EDT; never done on record",
    )
    assert said(promise, used, "2026-07-11 10:00")[0] == "overdue"
    assert said(promise, used._replace(completions=(done("2026-07-10 13:00"),)), "2026-07-12")[0] == "done"


def test_times_are_told_in_the_item_s_own_zone_alone() -> None:
    """The calendar's blackout is New York's, the item Santiago's, whose day begins at 01:00 once a year."""
    santiago = ZoneInfo("America/Santiago")
    promise = item("on FREQ=YEARLY;BYMONTH=9;BYMONTHDAY=5", DAY, "before")
    facts = Facts(starts=JULY)
    words = stand(AT, promise, santiago, PLAYBOOK, facts, at("2026-09-05 12:00"), 24).state.sentence
    assert "due by the end of Sat 5 Sep 2026 (" in words
    monthly = stand(
        AT, item("each month", blackout="before"), santiago, PLAYBOOK, facts, at("2026-07-20"), 24
    )
    assert not re.search(r"E[SD]T", monthly.state.sentence)


def test_twenty_four_months_are_shown_and_counted() -> None:
    facts = Facts(at("2020-01-01"))
    found = state(MONTHLY, facts, "2026-11-20")
    assert (len(found.periods), found.judged, found.kept) == (24, 23, 0)
    assert (found.periods[0].label, found.periods[-1].label) == ("2024-12", "2026-11")


AFTER_USE = Case(item("after break-glass within 24h", DAY), OPEN, None)


@given(
    case=st.one_of(RULES, st.just(AFTER_USE)),
    on_record=facts(),
    events=st.lists(hours(0, 120 * 24), max_size=4),
    now=hours(0, 130 * 24),
    parts=st.lists(st.floats(0, 1, exclude_max=True), min_size=2, max_size=6),
)
@settings(max_examples=200)
def test_what_is_told_stays_true_until_it_says(
    case: Case, on_record: Facts, events: list[float], now: float, parts: list[float]
) -> None:
    promise, calendar, _ = case
    if isinstance(promise.when, After):
        on_record = on_record._replace(events=tuple(sorted(events)))
    first = told(promise, on_record, now, calendar)
    assert first.until > now
    end = min(first.until, now + 400 * DAY)
    for part in parts:
        then = min(now + part * (end - now), end - 0.001)
        if then > now:
            assert told(promise, on_record, then, calendar).state == first.state


@given(case=RULES, on_record=facts(), begin=hours(0, 100 * 24))
@settings(max_examples=100)
def test_the_next_time_never_comes_nearer_by_waiting(case: Case, on_record: Facts, begin: float) -> None:
    """``due`` lies ahead where it is not overdue, and moves on only."""
    promise, calendar, _ = case
    known = on_record._replace(
        completions=tuple(c for c in on_record.completions if c.recorded_at <= begin),
        starts=tuple(s for s in on_record.starts if s.recorded_at <= begin),
    )
    dues: list[float] = []
    now = begin
    for _ in range(12):
        found = told(promise, known, now, calendar)
        late = found.state.standing in (ItemStanding.OVERDUE, ItemStanding.NO_EVIDENCE)
        if found.state.due is not None and not late:
            assert found.state.due > now
            dues.append(found.state.due)
        assert (found.state.standing is ItemStanding.OVERDUE) <= (found.state.since is not None)
        now = min(found.until, now + 40 * DAY)
    assert all(a <= b for a, b in pairwise(dues))


def test_each_standing_has_its_place_among_the_others() -> None:
    assert sorted(STANDINGS) == sorted(ItemStanding) and LEVELS.keys() == set(ItemStanding)
