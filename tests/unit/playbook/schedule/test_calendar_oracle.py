"""Twenty years of dates against a slow, independent reading of the same sentences: minute by minute, by local time."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.configured import calendar_policy
from tfdash.playbook.schedule import calendar_state, next_slots, slot_at

pytestmark = pytest.mark.long

DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
ZONES = (
    "America/New_York",
    "Europe/Berlin",
    "Australia/Lord_Howe",
    "Asia/Kathmandu",
    "America/Sao_Paulo",
    "UTC",
)
INSTANTS = st.integers(
    int(datetime(2015, 1, 1, tzinfo=UTC).timestamp()) // 60,
    int(datetime(2035, 1, 1, tzinfo=UTC).timestamp()) // 60,
)


@st.composite
def calendars(draw: st.DrawFn) -> tuple[dict[str, object], str]:
    """Daytime windows: no zone's clocks change between 05:00 and 23:59."""
    start = draw(st.integers(5 * 60, 19 * 60))
    length = draw(st.integers(1, 4 * 60))
    first = draw(st.integers(1, 31))
    values: dict[str, object] = {
        "days": draw(st.lists(st.sampled_from(DAYS), unique=True, min_size=1)),
        "start": f"{start // 60:02d}:{start % 60:02d}",
        "length": f"{length}m",
        "blackout_from_day": first,
        "blackout_to_day": draw(st.integers(1, 31)),
        "holidays": [
            f"{y}-{m:02d}-{d:02d}"
            for y, m, d in draw(
                st.lists(
                    st.tuples(st.integers(2015, 2034), st.integers(1, 12), st.integers(1, 28)), max_size=5
                )
            )
        ],
    }
    return values, draw(st.sampled_from(ZONES))


def oracle(values: dict[str, object], zone: str, at: int) -> bool:
    """Is the minute ``at`` (epoch) inside: a sentence of the playbook after the other, on the local wall clock."""
    here = datetime.fromtimestamp(at, UTC).astimezone(ZoneInfo(zone))
    hours, minutes = map(int, str(values["start"]).split(":"))
    length = int(str(values["length"]).removesuffix("m"))
    minute = here.hour * 60 + here.minute - (hours * 60 + minutes)
    if DAYS[here.weekday()] not in values["days"] or not 0 <= minute < length:
        return False
    first, last = int(str(values["blackout_from_day"])), int(str(values["blackout_to_day"]))
    numbers = set(range(first, last + 1)) if first <= last else {*range(first, 32), *range(1, last + 1)}
    return here.day not in numbers and here.date().isoformat() not in values["holidays"]


@given(calendars(), INSTANTS)
@settings(max_examples=300)
def test_open_is_what_the_slow_reading_says(calendar: tuple[dict[str, object], str], minute: int) -> None:
    values, zone = calendar
    policy = calendar_policy(values, zone)
    # a random minute is seldom inside a window: look at one inside the day's too
    hours, minutes = map(int, str(values["start"]).split(":"))
    here = datetime.fromtimestamp(minute * 60, UTC).astimezone(ZoneInfo(zone))
    inside = here.replace(hour=hours, minute=minutes, fold=0).timestamp()
    for at in (
        minute * 60,
        int(inside),
        int(inside) - 60,
        int(inside) + 60 * int(str(values["length"])[:-1]),
    ):
        assert calendar_state(policy, at).open is oracle(values, zone, at)


@given(calendars(), INSTANTS)
@settings(max_examples=60)
def test_the_next_slot_is_the_first_minute_that_the_slow_reading_opens(
    calendar: tuple[dict[str, object], str], minute: int
) -> None:
    values, zone = calendar
    policy = calendar_policy(values, zone)
    at = minute * 60
    coming = next_slots(policy, at, 1)
    inside = slot_at(policy, at)
    hours, minutes = map(int, str(values["start"]).split(":"))
    # every local day holds at most one start; look a year ahead, at each day's start
    day: date = datetime.fromtimestamp(at, UTC).astimezone(ZoneInfo(zone)).date()
    expected = None
    for _ in range(400):
        start = datetime(day.year, day.month, day.day, hours, minutes, tzinfo=ZoneInfo(zone)).timestamp()
        if start > at and oracle(values, zone, int(start)):
            expected = start
            break
        day += timedelta(days=1)
    if expected is not None:
        assert coming
        assert coming[0].start == expected
        assert inside is None or inside.start <= at < inside.end
    elif coming:
        assert coming[0].start > at + 390 * 86400


@given(INSTANTS)
@settings(max_examples=200)
def test_slots_are_ordered_disjoint_and_open_all_through(minute: int) -> None:
    policy = calendar_policy({})
    slots = next_slots(policy, minute * 60, 6)
    assert len(slots) == 6
    for before, after in pairwise(slots):
        assert before.start < before.end <= after.start
    for slot in slots:
        assert slot_at(policy, slot.start) == slot
        assert slot_at(policy, slot.end - 1) == slot
        assert slot_at(policy, slot.end) is None
        assert slot_at(policy, slot.start - 1) is None
