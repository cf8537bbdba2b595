"""A zone as we write it, read by a library that knows it by nothing else."""

from __future__ import annotations

import io
import warnings
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from dateutil.tz import tzical

from tfdash.ics.zones import vtimezone

FIRST, LAST = date(2026, 11, 24), date(2031, 12, 31)
RULED = (
    "America/New_York",
    "Europe/Berlin",
    "Europe/London",
    "Europe/Dublin",
    "Australia/Lord_Howe",
    "Pacific/Auckland",
)
STILL = ("Asia/Tokyo", "America/Sao_Paulo", "Asia/Kolkata", "UTC")
OTHERS = ("America/Santiago", "Africa/Cairo", "Africa/Casablanca", "Asia/Gaza", "Antarctica/Troll")


def written(name: str, first: date = FIRST, last: date = LAST) -> str:
    return str(vtimezone(ZoneInfo(name), first, last).to_ical(), "utf-8")


def wrong(name: str, first: date, last: date) -> list[datetime]:
    """Hours at which a reader that goes by the file alone has another offset; those that the clocks leave out or go through twice are left aside."""
    zone = ZoneInfo(name)
    read = tzical(io.StringIO(written(name, first, last).replace("\r\n", "\n"))).get()
    found = []
    at = datetime.combine(first, datetime.min.time())
    while at.date() <= last:
        near = {(at + timedelta(hours=h)).replace(tzinfo=zone).utcoffset() for h in (-3, 0, 3)}
        if len(near) == 1 and at.replace(tzinfo=read).utcoffset() not in near:
            found.append(at)
        at += timedelta(hours=1 if len(near) > 1 else 5)
    return found


@pytest.mark.parametrize("name", RULED + STILL + OTHERS)
def test_a_reader_has_the_same_offsets(name: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert wrong(name, FIRST, LAST) == []


@pytest.mark.parametrize(
    ("name", "first", "last"),
    [
        ("America/Mexico_City", date(2020, 1, 1), date(2026, 1, 1)),  # gave up its summer time in 2022
        ("America/New_York", date(2005, 6, 1), date(2010, 1, 1)),  # changed its rule in 2007
        ("Asia/Tehran", date(2019, 5, 1), date(2025, 1, 1)),
        ("Europe/Istanbul", date(2014, 5, 1), date(2019, 1, 1)),
    ],
)
def test_and_where_a_zone_changed_its_mind(name: str, first: date, last: date) -> None:
    assert wrong(name, first, last) == []


@pytest.mark.parametrize("name", RULED + STILL)
def test_outlook_can_read_it(name: str) -> None:
    """It takes no RDATE there, and a rule by a weekday of a month alone."""
    lines = written(name).splitlines()
    assert not [line for line in lines if line.startswith("RDATE")]
    rules = [line for line in lines if line.startswith("RRULE")]
    assert len(rules) == (2 if name in RULED else 0)
    assert all("BYMONTH=" in rule and "BYDAY=" in rule and "UNTIL" not in rule for rule in rules)
    assert lines.count("BEGIN:STANDARD") + lines.count("BEGIN:DAYLIGHT") == (len(rules) or 1)


def test_it_is_the_same_from_one_day_to_the_next() -> None:
    """As long as no change lies between."""
    assert written("Asia/Tokyo") == written(
        "Asia/Tokyo", FIRST + timedelta(days=100), LAST + timedelta(days=100)
    )
