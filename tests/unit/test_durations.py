"""How long something took, in words: what a person reads without dividing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfdash.durations import parse_duration, tell_duration


@pytest.mark.parametrize(
    ("seconds", "told"),
    [
        (0, "0s"),
        (59.4, "59s"),
        (59.6, "1m"),
        (339, "5m39s"),
        (1053, "17m33s"),
        (3600, "1h"),
        (3661, "1h1m"),
        (86399, "23h59m"),
        (86400, "1d"),
        (273600, "3d4h"),
        (-5, "0s"),
    ],
)
def test_how_long_it_took(seconds: float, told: str) -> None:
    assert tell_duration(seconds) == told


@given(st.floats(0, 86400 * 3000))
def test_it_reads_back_as_less_than_its_smallest_unit_away(seconds: float) -> None:
    smallest = 3600 if seconds >= 86399 else 60 if seconds >= 3599 else 1
    assert abs(parse_duration(tell_duration(seconds)) - seconds) < smallest
