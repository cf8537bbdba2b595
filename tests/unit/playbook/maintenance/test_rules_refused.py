"""Recurrence rules of promises: what is refused says what to write, and what is taken is never looked into for ever."""

from __future__ import annotations

import re
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tfdash.playbook.maintenance.cadence import On, parse_cadence


@pytest.mark.parametrize(
    ("rule", "says"),
    [
        (
            "FREQ=WEEKLY;INTERVAL=0",
            "INTERVAL is a whole number from 1 to 1000",
        ),  # no day of it would ever end
        ("FREQ=DAILY;interval=-1", "INTERVAL is a whole number"),
        ("FREQ=WEEKLY;INTERVAL=99999999999999999999", "INTERVAL is a whole number"),
        ("RRULE:INTERVAL=0;FREQ=WEEKLY", "INTERVAL is a whole number"),
        ("FREQ=WEEKLY;COUNT=3", "UNTIL=20271231"),
        ("FREQ=DAILY;BYHOUR=0,1,2;BYMINUTE=1,2;BYSECOND=1,2", 'at = "09:00"'),
        ("INTERVAL=2;BYDAY=MO", "write FREQ=DAILY"),
        ("FREQ=WEEKLY;BYDAY", "write one as"),
        ("FREQ=", "write one as"),
        ("FREQ=WEEKLY;BYDAY=FUNDAY", "FUNDAY"),
    ],
)
def test_a_rule_that_nobody_could_mean_is_refused_with_what_to_write(rule: str, says: str) -> None:
    with pytest.raises(ValueError, match=re.escape(says)) as told:
        parse_cadence(f"on {rule}")
    assert "__init__" not in str(told.value)


@given(
    st.lists(
        st.sampled_from(
            ["FREQ=DAILY", "FREQ=WEEKLY", "FREQ=YEARLY", "INTERVAL=0", "INTERVAL=3", "INTERVAL=x", "BYDAY=MO,-1FR", "BYMONTHDAY=-31",
             "BYMONTH=13", "BYSETPOS=0", "BYWEEKNO=53", "BYYEARDAY=366", "BYEASTER=1", "WKST=SU", "UNTIL=20270101", "COUNT=1", "=", "RRULE:"]
        ),
        max_size=5,
    ).map(";".join)
)  # fmt: skip
@settings(max_examples=150, deadline=None)
def test_what_is_taken_for_a_rule_names_days_ahead_and_ends_its_looking(rule: str) -> None:
    try:
        found = parse_cadence(f"on {rule}")
    except ValueError:
        return
    assert isinstance(found, On)
    first = found.day_after(date(2025, 12, 31))
    assert first is None or found.days(first, first) == [first]
