"""Feeds as other programs write them, bent as they are. What begins within the days that are asked for, and is not called off, closes something there:
a calendar of freezes must not open because somebody's export is odd."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ical.calendar_stream import IcsCalendarStream

from tfdash.sources.feeds.expanding import expanded

ZONE = ZoneInfo("America/New_York")
BEGIN = datetime(2026, 10, 1, tzinfo=ZONE).timestamp()
END = datetime(2027, 6, 1, tzinfo=ZONE).timestamp()
EASTERN = "TZID=America/New_York"
SERIES = f"UID:s\nDTSTART;{EASTERN}:20261201T090000\nDURATION:PT1H\nRRULE:FREQ=DAILY;COUNT=4"


def calendar(*events: str, before: str = "") -> bytes:
    parts = "".join(f"BEGIN:VEVENT\n{event}\nEND:VEVENT\n" for event in events)
    return f"BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:x\n{before}{parts}END:VCALENDAR\n".replace(
        "\n", "\r\n"
    ).encode()


def told(*events: str, before: str = "") -> tuple[list[str], int]:
    """``MM-DD HH:MM/MM-DD HH:MM`` of each closed time, local, and how many events could not be read whole."""
    found = expanded(calendar(*events, before=before), ZONE, BEGIN, END)
    return [
        "/".join(f"{datetime.fromtimestamp(t, ZONE):%m-%d %H:%M}" for t in one[:2]) for one in found.closures
    ], found.left_out


CHRISTMAS = "12-25 00:00/12-26 00:00"
NINE = [f"12-0{day} 09:00/12-0{day} 10:00" for day in (1, 2, 3, 4)]
THREE_DAYS = [f"12-0{day} 00:00/12-0{day + 1} 00:00" for day in (1, 2, 3)]


@pytest.mark.parametrize(
    ("event", "times", "left_out"),
    [
        # a day that ends on itself: an end that its writer took for the last day
        ("DTSTART;VALUE=DATE:20261225\nDTEND;VALUE=DATE:20261225", [CHRISTMAS], 0),
        ("DTSTART;VALUE=DATE:20261225\nDURATION:P0D", [CHRISTMAS], 0),
        ("DTSTART;VALUE=DATE:20261225\nDURATION:PT8H", [CHRISTMAS], 0),
        ("DTSTART;VALUE=DATE:20261225\nDURATION:PT36H", ["12-25 00:00/12-27 00:00"], 0),
        # a time without an end: how long nobody knows
        (f"DTSTART;{EASTERN}:20261225T000000", [CHRISTMAS], 1),
        (f"DTSTART;{EASTERN}:20261225T170000\nDTEND;{EASTERN}:20261225T170000", [CHRISTMAS], 1),
        (f"DTSTART;{EASTERN}:20261225T170000\nDURATION:PT0S\nRRULE:FREQ=DAILY;COUNT=2", [CHRISTMAS, "12-26 00:00/12-27 00:00"], 1),
        (f"DTSTART;{EASTERN}:20250101T170000", [], 0),  # long over
        # zones by the names of Windows, of other programs, and of nobody
        ("DTSTART;TZID=W. Europe Standard Time:20261225T090000\nDURATION:PT1H", ["12-25 03:00/12-25 04:00"], 0),
        ("DTSTART;TZID=Eastern Standard Time:20261225T090000\nDURATION:PT1H", ["12-25 09:00/12-25 10:00"], 0),
        ("DTSTART;TZID=tzone://Microsoft/Custom:20261225T120000\nDURATION:PT1H", ["12-24 00:00/12-26 00:00"], 1),
        ('DTSTART;TZID="(UTC-05:00) Eastern Time":20261225T120000\nDURATION:PT1H', ["12-24 00:00/12-26 00:00"], 1),
        ("DTSTART:2026-12-25\nDURATION:P1D", [CHRISTMAS], 1),
        ("DTSTART:20261225T240000\nDURATION:PT1H", ["12-25 00:00/12-26 00:00"], 1),
        ("DTSTART:20261225T235960Z\nDURATION:PT1H", [CHRISTMAS], 1),
        # a day has no zone
        ("DTSTART;TZID=Europe/Berlin;VALUE=DATE:20261225\nDTEND;TZID=Europe/Berlin;VALUE=DATE:20261226", [CHRISTMAS], 0),
        ("DTSTART;VALUE=DATE:20261225T000000\nDTEND;VALUE=DATE:20261226T000000", [CHRISTMAS], 0),
        ("DTSTART;VALUE=DATE:20261224\nRDATE;TZID=Europe/Berlin;VALUE=DATE:20261225", ["12-24 00:00/12-25 00:00", CHRISTMAS], 0),
        # the last of a series
        (f"DTSTART;{EASTERN}:20261201T090000\nDURATION:PT1H\nRRULE:FREQ=DAILY;UNTIL=20261204", NINE, 0),
        (f"DTSTART;{EASTERN}:20261201T090000\nDURATION:PT1H\nRRULE:FREQ=DAILY;UNTIL=20261204T090000", NINE, 0),
        (f"DTSTART;{EASTERN}:20261201T090000\nDURATION:PT1H\nRRULE:FREQ=DAILY;UNTIL=20261204T140000Z", NINE, 0),
        ("DTSTART;VALUE=DATE:20261201\nRRULE:FREQ=DAILY;UNTIL=20261203T000000Z", THREE_DAYS, 0),
        ("DTSTART;VALUE=DATE:20261201\nRRULE:FREQ=DAILY;UNTIL=20261203T050000Z", THREE_DAYS, 0),
        ("DTSTART;VALUE=DATE:20261201\nRRULE:FREQ=DAILY;UNTIL=20261204T045959Z", THREE_DAYS, 0),
        # a day as a length is one on the wall
        (f"DTSTART;{EASTERN}:20261101T000000\nDURATION:P1D", ["11-01 00:00/11-02 00:00"], 0),
        (f"DTSTART;{EASTERN}:20261101T000000\nDURATION:PT25H", ["11-01 00:00/11-02 00:00"], 0),
        (f"DTSTART;{EASTERN}:20270314T000000\nDURATION:P1D", ["03-14 00:00/03-15 01:00"], 0),  # or 24 hours: the later
    ],
)  # fmt: skip
def test_it_closes_what_it_means(event: str, times: list[str], left_out: int) -> None:
    assert told(f"UID:x\n{event}") == (times, left_out)


@pytest.mark.parametrize(
    ("other", "times", "left_out"),
    [
        (f"RECURRENCE-ID;{EASTERN}:20261202T090000\nDTSTART;{EASTERN}:20261202T140000\nDURATION:PT1H", [NINE[0], "12-02 14:00/12-02 15:00", *NINE[2:]], 0),
        # from then on
        (
            f"RECURRENCE-ID;RANGE=THISANDFUTURE;{EASTERN}:20261202T090000\nDTSTART;{EASTERN}:20261202T140000\nDURATION:PT3H",
            [NINE[0], *(f"12-0{day} 14:00/12-0{day} 17:00" for day in (2, 3, 4))],
            0,
        ),
        (
            f"RECURRENCE-ID;RANGE=THISANDFUTURE;{EASTERN}:20261203T090000\nDTSTART;{EASTERN}:20261205T090000\nDURATION:PT1H",
            [*NINE[:2], "12-05 09:00/12-05 10:00", "12-06 09:00/12-06 10:00"],
            0,
        ),
        (f"RECURRENCE-ID;RANGE=THISANDFUTURE;{EASTERN}:20261203T090000\nDTSTART;{EASTERN}:20261203T090000\nSTATUS:CANCELLED", NINE[:2], 0),
        # one that cannot be read stands for none: what it was to move stays closed
        (f"RECURRENCE-ID;{EASTERN}:20261202T090000\nSUMMARY:x", NINE, 1),
        ("RECURRENCE-ID;TZID=Mars/Olympus:20261202T090000\nDTSTART:20261202T190000Z\nDURATION:PT1H", [*NINE[:2], "12-02 14:00/12-02 15:00", *NINE[2:]], 1),
        (f"RECURRENCE-ID;{EASTERN}:20261202T090000\nDTSTART;{EASTERN}:20261202T100000", [NINE[0], "12-02 00:00/12-03 00:00", *NINE[2:]], 1),
        (f"RECURRENCE-ID;RANGE=THISANDFUTURE;{EASTERN}:20261202T090000\nDTSTART;VALUE=DATE:20261202", ["12-01 09:00/12-01 10:00", "12-02 00:00/12-03 00:00", *NINE[2:]], 1),
    ],
)  # fmt: skip
@pytest.mark.parametrize("first", [True, False])
def test_an_instance_that_another_stands_for(
    other: str, times: list[str], left_out: int, first: bool
) -> None:
    events = (SERIES, f"UID:s\n{other}")
    assert told(*(events if first else events[::-1])) == (times, left_out)


def test_times_that_float_are_those_of_the_calendar_and_days_are_ours() -> None:
    floats = "UID:a\nDTSTART:20261223T090000\nDURATION:PT1H"
    day = "UID:b\nDTSTART;VALUE=DATE:20261225"
    assert told(floats, day) == (["12-23 09:00/12-23 10:00", CHRISTMAS], 0)
    for name in ("Europe/Berlin", "W. Europe Standard Time"):
        assert told(floats, day, before=f"X-WR-TIMEZONE:{name}\n") == (
            ["12-23 03:00/12-23 04:00", CHRISTMAS],
            0,
        )
    assert told(floats, before="X-WR-TIMEZONE:Mars/Olympus\n") == (["12-23 09:00/12-23 10:00"], 0)


# -- whatever is odd about it ------------------------------------------------------------------------------------------

_STARTS = (
    "DTSTART;VALUE=DATE:{day}",
    "DTSTART:{day}",
    "DTSTART;TZID=Europe/Berlin;VALUE=DATE:{day}",
    "DTSTART:{day}T120000",
    "DTSTART:{day}T120000Z",
    f"DTSTART;{EASTERN}:{{day}}T120000",
    "DTSTART;TZID=Eastern Standard Time:{day}T120000",
    "DTSTART;TZID=Mars/Olympus:{day}T120000",
    "DTSTART;TZID=tzone://Microsoft/Custom:{day}T120000",
    "DTSTART:{day}T1200",
)
_ENDS = (
    "",
    "DTEND;VALUE=DATE:{day}",
    "DTEND:{day}T120000",
    "DTEND:{day}T120000Z",
    "DTEND:{before}T120000Z",
    "DTEND:never",
    "DURATION:PT0S",
    "DURATION:P0D",
    "DURATION:PT1H",
    "DURATION:P1D",
    "DURATION:P999999999D",
    "DURATION:soon",
)
_RULES = (
    "",
    "RRULE:FREQ=DAILY;COUNT=2",
    "RRULE:FREQ=WEEKLY;UNTIL={day}",
    "RRULE:FREQ=DAILY;UNTIL={day}T000000Z",
    "RRULE:FREQ=YEARLY;",
    "RRULE:FREQ=HOURLY",
    "RRULE:FREQ=MONTHLY;SKIP=BACKWARD;RSCALE=GREGORIAN",
    "RRULE:UNTIL=",
    "RDATE:{day}T120000Z",
    "RDATE;VALUE=PERIOD:{day}T120000Z/PT0S",
    "EXDATE:{before}",
)


@given(
    st.dates(date(2026, 10, 3), date(2027, 5, 20)),
    st.sampled_from(_STARTS),
    st.sampled_from(_ENDS),
    st.sampled_from(_RULES),
    st.sampled_from(("", "X-WR-TIMEZONE:Europe/Berlin\n", "METHOD:PUBLISH\n")),
)
def test_what_says_a_day_closes_some_of_it(day: date, start: str, ends: str, rule: str, before: str) -> None:
    words = "\n".join(filter(None, ("UID:x", start, ends, rule)))
    words = words.format(day=f"{day:%Y%m%d}", before=f"{day - timedelta(days=1):%Y%m%d}")
    found = expanded(calendar(words, before=before), ZONE, BEGIN, END)
    low = datetime.combine(day, datetime.min.time(), ZONE).timestamp()
    assert any(one[0] < low + 86_400 and one[1] > low for one in found.closures), (words, found)


# -- beside a reader that shares no code with ours ----------------------------------------------------------------------


@given(
    st.dates(date(2026, 10, 1), date(2027, 3, 1)),
    st.integers(4, 22),
    st.sampled_from(("", "America/New_York", "Europe/Berlin", "Australia/Sydney")),
    st.sampled_from(
        (
            "FREQ=DAILY",
            "FREQ=DAILY;INTERVAL=3",
            "FREQ=WEEKLY;BYDAY=MO,WE,FR",
            "FREQ=WEEKLY;INTERVAL=2;WKST=SU;BYDAY=TU,SU",
            "FREQ=MONTHLY;BYMONTHDAY=-1",
            "FREQ=MONTHLY;BYDAY=1TU",
            "FREQ=YEARLY",
        )
    ),
    st.sampled_from(("", ";COUNT=5", ";UNTIL={day}", ";UNTIL={day}T000000Z")),
)
def test_nothing_is_open_that_another_reader_has(
    day: date, hour: int, zone: str, rule: str, ends: str
) -> None:
    until = f"{day + timedelta(days=50):%Y%m%d}"
    ends = ends.format(day=until)
    if bool(zone) is ("Z" not in ends) and "UNTIL" in ends:
        return  # of another type than the begin: the two may differ, and a table above says how ours is
    start = f"DTSTART;TZID={zone}:{day:%Y%m%d}T{hour:02}0000" if zone else f"DTSTART;VALUE=DATE:{day:%Y%m%d}"
    lasts = "DURATION:PT45M" if zone else "DURATION:P2D"
    data = calendar(f"UID:x\nDTSTAMP:20260101T000000Z\nSUMMARY:s\n{start}\n{lasts}\nRRULE:{rule}{ends}")
    ours = {one[:2] for one in expanded(data, ZONE, BEGIN, END).closures}
    events = (
        IcsCalendarStream.calendar_from_ics(data.decode())
        .timeline_tz(ZONE)
        .overlapping(datetime.fromtimestamp(BEGIN, ZONE), datetime.fromtimestamp(END, ZONE))
    )
    theirs = {(_moment(event.dtstart), _moment(event.end)) for event in events if event.dtstart is not None}
    assert theirs <= ours


def _moment(at: date) -> float:
    return (at if isinstance(at, datetime) else datetime.combine(at, datetime.min.time(), ZONE)).timestamp()
