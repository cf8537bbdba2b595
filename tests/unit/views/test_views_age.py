"""Ages as kubectl writes them, at every boundary; freshness as the screens say it."""

from __future__ import annotations

import pytest

from tfdash.model.observation import Observation, Problem, ProblemKind
from tfdash.views.age import freshness, human_duration, of_observation, parse_duration, short_age, since

M, H, D, Y = 60, 3600, 86400, 365 * 86400


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-1e9, "<invalid>"),
        (-2, "<invalid>"),
        (-1.9, "0s"),
        (-1, "0s"),
        (0, "0s"),
        (0.99, "0s"),
        (1, "1s"),
        (119.9, "119s"),
        (2 * M, "2m"),
        (2 * M + 1, "2m1s"),
        (9 * M + 59, "9m59s"),
        (10 * M, "10m"),
        (10 * M + 59, "10m"),
        (179 * M + 59, "179m"),
        (3 * H, "3h"),
        (3 * H + M, "3h1m"),
        (7 * H + 59 * M, "7h59m"),
        (8 * H, "8h"),
        (47 * H + 59 * M, "47h"),
        (48 * H, "2d"),
        (49 * H, "2d1h"),
        (8 * D - 1, "7d23h"),
        (8 * D, "8d"),
        (2 * Y - 1, "729d"),
        (2 * Y, "2y"),
        (2 * Y + D, "2y1d"),
        (8 * Y - 1, "7y364d"),
        (8 * Y, "8y"),
        (30 * Y, "30y"),
    ],
)
def test_durations_are_written_as_the_printers_write_them(seconds: float, text: str) -> None:
    assert human_duration(seconds) == text


@pytest.mark.parametrize("seconds", [0, 59, 119, 150, 599, 3600, 10 * H, 50 * H, 3 * Y])
def test_a_printed_duration_reads_back_to_what_it_says(seconds: int) -> None:
    read = parse_duration(human_duration(seconds))
    assert read is not None
    assert human_duration(read) == human_duration(seconds)


@pytest.mark.parametrize("text", ["", "<unknown>", "<invalid>", "5", "m5", "5m ago", "-3s", "x"])
def test_what_is_no_duration_reads_as_none(text: str) -> None:
    assert parse_duration(text) is None


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-5, "0s"),
        (59.9, "59s"),
        (60, "1m"),
        (3599, "59m"),
        (3600, "1h"),
        (D - 1, "23h"),
        (D, "1d"),
        (400 * D, "400d"),
    ],
)
def test_short_ages_have_one_unit(seconds: float, text: str) -> None:
    assert short_age(seconds) == text


def test_a_time_never_set_has_no_age() -> None:
    assert since(0.0, 100.0) == since(None, 100.0) == "<unknown>"
    assert since(40.0, 100.0) == "60s"


@pytest.mark.parametrize(
    ("age", "text", "state"),
    [
        (0, "", ""),
        (60, "", ""),
        (61, "1m", "late"),
        (120, "2m", "late"),
        (121, "? 2m old", "old"),
        (-3, "", ""),
    ],
)
def test_freshness_says_nothing_until_the_interval_has_passed(age: float, text: str, state: str) -> None:
    assert freshness(1000.0 - age, 60.0, 1000.0)[:2] == (text, state)


def test_a_dead_source_shows_age_and_cause_and_nothing_it_says_can_act_on_the_terminal() -> None:
    problem = Problem(kind=ProblemKind.UNREACHABLE, cause="connection refused\x1b[2J")
    assert freshness(760.0, 60.0, 1000.0, problem)[:2] == ("? 4m old: connection refused␛[2J", "dead")
    assert freshness(None, 60.0, 1000.0, problem).text == "? never read: connection refused␛[2J"


def test_nothing_read_yet_is_loading_not_empty() -> None:
    assert of_observation(Observation(), 1000.0)[:2] == ("loading", "loading")
