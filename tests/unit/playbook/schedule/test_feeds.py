"""What calendars of others close, and public holidays."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tests.configured import calendar_policy, maintenance_policy
from tfdash.config.load import parse
from tfdash.config.problems import ConfigError
from tfdash.ics import promises, releases
from tfdash.ics.writing import written
from tfdash.model.calendar import Closure, FeedDays
from tfdash.model.dates import UNREAD, Dates
from tfdash.model.maintenance import item_subject
from tfdash.model.observation import Observation, Problem, ProblemKind
from tfdash.playbook.maintenance.facts import Facts
from tfdash.playbook.maintenance.standing import stand
from tfdash.playbook.schedule import calendar_state, continuation
from tfdash.playbook.schedule.days import days_of
from tfdash.playbook.schedule.feeds import in_force
from tfdash.playbook.schedule.public import public_holidays
from tfdash.views.calendar.cells import month_cell
from tfdash.views.calendar.day import day_lines
from tfdash.views.calendar.words import SHADE

ZONE = ZoneInfo("America/New_York")
FED = {"feeds": [{"name": "corp", "file": "corp.ics", "what": "freeze"}]}


def at(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=ZONE).timestamp()


OPEN = at("2026-11-24 10:30")
DAY = Closure(at("2026-11-24 11:00"), at("2026-11-25 00:00"), "audit")
AWAY = Problem(kind=ProblemKind.UNREACHABLE, cause="its server is not reached")


def seen(*closures: Closure, **more: Any) -> dict[str, Observation[FeedDays]]:
    days = FeedDays(what="freeze", closures=closures, left_out=more.pop("left_out", 0))
    return {"corp": Observation(value=days, observed_at=at("2026-11-20 09:00"), **more)}


def test_a_feed_that_was_read_closes_its_times() -> None:
    policy = in_force(calendar_policy(FED), seen(DAY))
    state = calendar_state(policy, OPEN)
    assert state.open and state.closes_at == DAY.start
    closed = calendar_state(policy, at("2026-11-24 11:00"))
    assert not closed.open
    assert closed.why.startswith("closed: audit (freeze feed corp), until Wed 25 Nov 00:00 EST")
    assert calendar_state(policy, OPEN).finish_until == DAY.start
    assert continuation(policy, OPEN, DAY.start).allowed is False


@pytest.mark.parametrize(
    ("feeds", "cause"),
    [({}, "no answer yet"), ({"corp": Observation[FeedDays](problem=AWAY)}, "its server is not reached")],
    ids=["not yet", "away"],
)
def test_one_that_was_never_read_closes_everything_and_says_why(feeds: Any, cause: str) -> None:
    policy = in_force(calendar_policy(FED), feeds)
    state = calendar_state(policy, OPEN)
    assert (state.open, state.opens_at, state.finish_until) == (False, None, None)
    assert state.text == "release CLOSED · feed not read"
    assert state.why == (
        f"closed: freeze feed corp was never read ({cause}), so nobody knows which days it closes; it opens once it is read"
    )
    assert not continuation(policy, OPEN, OPEN + 60.0).allowed


def test_one_that_cannot_be_read_any_more_counts_as_it_was_and_is_told() -> None:
    policy = in_force(calendar_policy(FED), seen(DAY, problem=AWAY))
    assert not calendar_state(policy, DAY.start).open
    state = calendar_state(policy, OPEN)
    assert state.open
    assert state.why.endswith(
        "; freeze feed corp counts as it was read on 2026-11-20, since it cannot be read: its server is not reached"
    )


def test_events_that_could_not_be_read_are_told() -> None:
    state = calendar_state(in_force(calendar_policy(FED), seen(left_out=2)), OPEN)
    assert state.open and "2 events of freeze feed corp could not be read" in state.why


def test_no_day_is_shown_as_open_until_it_was_read() -> None:
    policy = calendar_policy({**FED, "start": "22:00", "length": "6h"})
    first, last = date(2026, 11, 23), date(2026, 11, 27)
    assert any(day.open for day in days_of(in_force(policy, seen()), first, last))
    days = list(days_of(in_force(policy, {}), first, last))
    assert not any(day.open for day in days)
    assert all(any("was never read" in c.slot.reason for c in day.closings) for day in days)
    # and what nobody knows is not called closed until some day
    assert all(c.sort == UNREAD for day in days for c in day.closings)
    shown = Dates(
        zone=policy.tz, today=first, days=tuple(days), states={}, rules={}, rule_words="", look_back=24
    )
    told = "".join(str(line) for line in day_lines(shown, days[0], None))
    assert "nobody knows whether it closes this day" in told and "until" not in told
    for height in (1, 3):
        cell = str(month_cell(shown, days[0], first, 12, height))
        assert "?" in cell and SHADE not in cell


def test_without_feeds_nothing_is_another() -> None:
    policy = calendar_policy({})
    assert in_force(policy, seen(DAY)) is policy


def test_feeds_may_overlap_and_come_in_any_order() -> None:
    days = [msgspec.structs.replace(DAY, start=DAY.start + n * 600.0) for n in (3, 0, 2)]
    policy = in_force(calendar_policy(FED), seen(*days, days[0]))
    assert [c.start for c in policy.told] == sorted(d.start for d in days)
    assert calendar_state(policy, OPEN).closes_at == DAY.start


# -- public holidays ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("of", "day", "name"),
    [
        ("US", "2026-11-26", "Thanksgiving Day"),
        ("US", "2026-07-03", "Independence Day (observed)"),
        ("US-NY", "2026-11-03", "Election Day"),
        ("DE-BY", "2026-06-04", "Corpus Christi"),
    ],
)
def test_public_holidays_close_their_day(of: str, day: str, name: str) -> None:
    days = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]
    policy = calendar_policy({"holidays_of": of, "days": days, "blackout_from_day": 0, "blackout_to_day": 0})
    state = calendar_state(policy, at(f"{day} 10:30"))
    assert not state.open and state.why.startswith(f"closed: {name}, until ")
    plain = calendar_policy({"days": days, "blackout_from_day": 0, "blackout_to_day": 0})
    assert calendar_state(plain, at(f"{day} 10:30")).open


def test_a_part_of_a_country_has_its_own() -> None:
    whole, part = (dict(public_holidays(of, 2026)) for of in ("US", "US-NY"))
    assert whole.items() < part.items()


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ('holidays_of = "ZZ"', "is no country whose holidays are known"),
        ('holidays_of = "us"', 'did you mean "US"?'),
        ('holidays_of = "US-NYC"', "is no part of US"),
        ('holidays_of = "US-ny"', 'did you mean "NY"?'),
        ('holidays_of = "US-"', "is no part of US"),
        ("holidays_of = 1", "is no country"),
        ('feeds = [{ name = "a" }]', "write one of file and url"),
        ('feeds = [{ name = "a", file = "b", url = "https://c" }]', "write one of file and url"),
        ('feeds = [{ name = " ", file = "b" }]', "needs a name"),
        ('feeds = [{ name = "a", file = "b" }, { name = "a", file = "c" }]', "one name"),
        ('feeds = [{ name = "a", url = "http://c/x.ics" }]', "write https://"),
        ('feeds = [{ name = "a", url = "webcal://c/x.ics" }]', "does not begin with https://"),
        ('feeds = [{ name = "a", url = "https://u:planted@c/x.ics" }]', "by reference"),
        ('feeds = [{ name = "a", file = "b", what = "party" }]', "holiday"),
    ],
)
def test_what_cannot_be_is_refused_with_the_nearest(value: str, words: str) -> None:
    with pytest.raises(ConfigError) as refused:
        parse(f"[calendar]\n{value}\n", "c.toml")
    assert words in str(refused.value)
    assert "planted" not in str(refused.value)


INSTANTS = st.floats(-1e15, 1e15) | st.sampled_from(
    [OPEN, 0.0, 253_402_300_799.0, 253_402_300_740.0, -62_135_596_800.0, 86_400_000_000_000.0]
)


@given(begin=INSTANTS, end=INSTANTS, zone=st.sampled_from(["America/New_York", "Asia/Tokyo", "Pacific/Apia"]))
def test_what_ends_at_no_time_that_there_is_closes_and_stops_nobody(
    begin: float, end: float, zone: str
) -> None:
    """ "For ever" is written as the year 9999, or as a million days."""
    assume(begin < end)
    closure = Closure(begin, end, "for ever")
    policy = in_force(replace(calendar_policy(FED), zone=zone), seen(closure))
    state = calendar_state(policy, OPEN)
    assert not (state.open and begin <= OPEN < end)
    continuation(policy, OPEN, OPEN + 60)
    span = promises.horizon(date(2026, 11, 24), 1)
    written(releases.entries(policy, span), "all", policy.tz, span.last, OPEN)
    list(days_of(policy, date(2026, 11, 1), date(2026, 12, 31)))
    for when in ("each month", "on FREQ=DAILY", "within 7d"):
        for blackout in ("stays", "before", "after", "allowed"):
            item = maintenance_policy(
                {"items": {"own": {"title": "Own", "when": when, "blackout": blackout}}}
            ).items["own"]
            facts = Facts(started=OPEN - 40 * 86_400.0)
            stand(item_subject("own"), item, policy.tz, policy, facts, OPEN, 24)


@pytest.mark.parametrize(
    "text",
    [
        '[[calendar.freezes]]\nstart = "2026-12-19"\nend = "9999-12-31"',
        "[[calendar.freezes]]\nstart = 0001-01-01\nend = 2026-12-31",
        '[calendar]\nholidays = ["9999-12-31"]',
        '[maintenance]\nstart = "0001-01-01"',
        '[[versions.plan]]\nversion = "1.38"\ndate = "9999-12-31"',
    ],
)
def test_a_day_that_nothing_can_be_added_to_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match="lies outside of the years 1970 to 2999"):
        parse(text, "c.toml")
