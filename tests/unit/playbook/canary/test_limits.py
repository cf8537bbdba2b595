"""The limit of the errors trigger, its words, and what is frozen, shared out and kept of a baseline."""

from __future__ import annotations

import json
import math
from fractions import Fraction
from typing import Any

import pytest

from tests.unit.playbook.canary.making import policy
from tfdash import figures
from tfdash.playbook.canary import frozen_baseline, limits
from tfdash.playbook.canary.frozen_baseline import FrozenBaseline
from tfdash.playbook.canary.policy import CanaryPolicy

NOT = "not reached"


@pytest.mark.parametrize(
    ("mode", "base", "more", "top", "text"),
    [
        ("relative", "3", {}, "3.3", "BASE × 1.10 = TOP"),
        ("relative", "3", {"relative": 25.0}, "3.75", "BASE × 1.25 = TOP"),
        ("relative", "1", {}, "1.1", "BASE × 1.10 = TOP"),  # the floor, just
        ("relative", "0.9", {}, "1", "BASE + 0.1 points = TOP"),
        ("relative", "0", {}, "0.1", "BASE + 0.1 points = TOP"),
        ("points", "3", {}, "13", "BASE + 10 points = TOP"),
        ("both", "3", {}, "13", "BASE + 10 points = TOP"),
        ("both", "3", {"points": 0.05}, "3.3", "BASE × 1.10 = TOP"),
        ("both", "0", {"points": 0.05}, "0.1", "BASE + 0.1 points = TOP"),
    ],
)
def test_the_limit_and_how_it_comes_about(
    mode: str, base: str, more: dict[str, Any], top: str, text: str
) -> None:
    """In per cent."""
    rules = policy(errors={"mode": mode, **more}).errors
    assert limits.limit(Fraction(base) / 100, rules) == Fraction(top) / 100
    assert limits.limit_text(Fraction(base) / 100, "BASE", "TOP", rules) == text


@pytest.mark.parametrize(
    ("value", "base", "by_ratio", "by_points"),
    [
        ("3.3", "3", "3.3 % is +10 % on 3 %: at or over +10 %: reached", f"+0.3 points: under +10 points: {NOT}"),
        ("3.2", "3", f"3.2 % is +6.67 % on 3 %: under +10 %: {NOT}", f"+0.2 points: under +10 points: {NOT}"),
        ("2.9", "3", f"2.9 % is −3.33 % on 3 %: under +10 %: {NOT}", f"−0.1 points: under +10 points: {NOT}"),
        ("3", "3", f"3 % is +0 % on 3 %: under +10 %: {NOT}", f"+0 points: under +10 points: {NOT}"),
        ("0", "0", f"0 % against 0 %: no rise, under +10 %: {NOT}", f"+0 points: under +10 points: {NOT}"),
        (
            "0.1",
            "0",
            "0.1 % against none at all: any rise is over +10 %: reached",
            f"+0.1 points: under +10 points: {NOT}",
        ),
        ("13", "3", "13 % is +333 % on 3 %: at or over +10 %: reached", "+10 points: at or over +10 points: reached"),
        ("100", "1", "100 % is +9,900 % on 1 %: at or over +10 %: reached", "+99 points: at or over +10 points: reached"),
        ("3.345", "3", "3.35 % is +11.5 % on 3 %: at or over +10 %: reached", f"+0.34 points: under +10 points: {NOT}"),
        # never rounded to the limit that it does not reach
        ("12.96", "3", "13 % is +332 % on 3 %: at or over +10 %: reached", f"+9.96 points: under +10 points: {NOT}"),
        ("12.99999", "3", "13 % is +333 % on 3 %: at or over +10 %: reached", f"+9.99999 points: under +10 points: {NOT}"),
        ("3.29999", "3", f"3.3 % is +9.9997 % on 3 %: under +10 %: {NOT}", f"+0.3 points: under +10 points: {NOT}"),
        ("1.09996", "0.1", "1.1 % is +1,000 % on 0.1 %: at or over +10 %: reached", f"+1 points: under +10 points: {NOT}"),
    ],
)  # fmt: skip  # a row is one case
def test_the_sentence_read_plainly_and_the_other_way(
    value: str, base: str, by_ratio: str, by_points: str
) -> None:
    given = Fraction(value) / 100, Fraction(base) / 100
    told = {
        m: [f(*given, policy(errors={"mode": m}).errors) for f in (limits.plain, limits.other)] for m in MODES
    }
    assert told == {
        "relative": [by_ratio, f"read as percentage points: {by_points}"],
        "points": [by_points, f"read as relative: {by_ratio}"],
        "both": [f"{by_ratio}; {by_points}; both are wanted", f"either alone: {by_ratio}; {by_points}"],
    }


MODES = ("relative", "points", "both")


def test_a_rise_is_never_written_as_the_limit_that_it_is_not() -> None:
    for near in (10 - Fraction(1, 10**k) for k in range(1, 12)):
        assert figures.rise(near, 10, 2) != "+10" != figures.rise(20 - near, 10, 2)
    assert [figures.rise(n, 10, 2) for n in (10, 9.94, 9.96, -10, 12345)] == [
        "+10",
        "+9.9",
        "+9.96",
        "−10",
        "+12,345",
    ]


PAST = FrozenBaseline(
    hash="b84c5", label="stable", at=3.5, start=1.0, end=2.0, requests=10, events=4,
    bounds=(0.1, math.inf), counts=(6, 10), native=True,
)  # fmt: skip


def test_what_is_written_of_a_baseline_is_read_again() -> None:
    assert frozen_baseline.read(frozen_baseline.write(PAST)) == PAST
    assert PAST.value == Fraction(2, 5)
    assert frozen_baseline.write(PAST) == (
        '{"at":3.5,"bounds":[0.1,"+Inf"],"counts":[6,10],"end":2.0,"errors":4,"hash":"b84c5",'
        '"label":"stable","native":true,"requests":10,"start":1.0,"v":1}'
    )
    assert "\\u00b7" in frozen_baseline.write(
        FrozenBaseline(hash="", label="·", at=0, start=0, end=0, requests=0, events=0)
    )


@pytest.mark.parametrize(
    ("changed", "fair"),
    [
        ({}, True),
        ({"errors": 0}, True),
        ({"errors": 10}, True),
        ({"errors": 11}, False),
        ({"errors": -1}, False),
        ({"counts": [6, 6]}, True),
        ({"counts": [6, 5]}, False),
        ({"counts": [10]}, False),
        ({"counts": [-1, 6]}, False),
        ({"counts": [6, 2**53]}, True),
        ({"counts": [6, 2**53 + 1]}, False),
        ({"requests": 2**53}, True),
        ({"requests": 2**53 + 1}, False),
        ({"bounds": [], "counts": []}, True),
        ({"v": 2}, False),
        ({"requests": None}, False),
        ({"requests": "1e999"}, False),
        ({"requests": math.inf}, False),
        ({"bounds": 7}, False),
    ],
)
def test_a_baseline_that_cannot_be_one_is_not_read(changed: dict[str, Any], fair: bool) -> None:
    text = json.dumps({**json.loads(frozen_baseline.write(PAST)), **changed})
    assert (frozen_baseline.read(text) is not None) is fair


def test_the_looks_at_a_frozen_baseline() -> None:
    told = list(frozen_baseline.looks(33))
    assert [at for at, _ in told] == [1, 2, 3, 4, 6, 8, 12, 16, 24, 32]
    assert [part for _, part in told] == pytest.approx([1 / (j * (j + 1)) for j in range(1, 11)])
    assert [at for at, _ in frozen_baseline.looks(32)] == [at for at, _ in told]


@pytest.mark.parametrize(
    ("rules", "shares"),
    [
        (policy(), (0.016, 0.004, 0.005, 0.02, 0.005)),
        (policy(baseline="before"), (0.004, 0.016, 0.005, 0.005, 0.02)),
        (policy(latency={"enabled": False}), (0.032, 0.008, 0.01, 0.04, 0.01)),
    ],
)
def test_the_budget_is_shared_by_the_triggers_that_count_traffic(
    rules: CanaryPolicy, shares: tuple[float, ...]
) -> None:
    """The errors', theirs once everything is served, that of a gross failure; the latency's, and its then."""
    assert rules.budgets == pytest.approx(shares)
