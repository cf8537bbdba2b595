"""What a back-filled Prometheus cannot be asked: stale markers; and the bounds of a query."""

from __future__ import annotations

import pytest

from tfdash.demo.prometheus.engine import Evaluation
from tfdash.demo.prometheus.parse import parse
from tfdash.demo.prometheus.rows import Scalar, Vector
from tfdash.demo.prometheus.series import NAME, STALE, HeldSeries, QueryError, Series

BEGIN = 1_795_500_000_000


def held() -> HeldSeries:
    values = [10.0, 20.0, 30.0, STALE, STALE, 5.0, 15.0]
    times = [BEGIN + 15_000 * i for i in range(len(values))]
    return HeldSeries([Series({NAME: "hits_total", "pod": "a"}, times, values)])


def vector(query: str, seconds: float) -> Vector:
    found = Evaluation(held(), [BEGIN + round(seconds * 1000)]).value(parse(query))
    assert isinstance(found, list)
    return found


def values(query: str, seconds: float) -> list[float | None]:
    return [row.values[0] for row in vector(query, seconds)]


def test_a_stale_marker_ends_a_series_at_once() -> None:
    assert values("hits_total", 44.999) == [30.0]
    assert values("hits_total", 45) == []
    assert values("hits_total", 74.999) == []
    assert values("hits_total", 75) == [5.0]
    assert values("absent(hits_total)", 50) == [1.0]


def test_ranges_pass_over_stale_markers() -> None:
    assert values("count_over_time(hits_total[5m])", 90) == [5.0]
    assert values("resets(hits_total[5m])", 90) == [1.0]
    assert values("last_over_time(hits_total[30s])", 60) == []
    (found,) = Evaluation(held(), [BEGIN + 90_000]).samples(parse("hits_total[2m]"))
    assert found.values == [10.0, 20.0, 30.0, 5.0, 15.0]


def test_a_lookback_ends_after_five_minutes_to_the_millisecond() -> None:
    last = 90.0
    assert values("hits_total", last + 299.999) == [15.0]
    assert values("hits_total", last + 300) == []


def test_a_query_for_too_much_is_refused_not_answered_slowly() -> None:
    steps = [BEGIN + 15 * i for i in range(10_000)]
    many = HeldSeries(Series({NAME: "many", "i": str(i)}, [BEGIN], [1.0]) for i in range(2500))
    with pytest.raises(QueryError, match="too many samples") as refused:
        Evaluation(many, steps).value(parse("sum(many)"))
    assert refused.value.kind == "execution"


def test_start_and_end_inside_a_subquery_are_the_querys_own() -> None:
    steps = [BEGIN + 60_000, BEGIN + 90_000]
    found = Evaluation(held(), steps).value(parse("max_over_time((hits_total @ end())[30s:15s])"))
    assert isinstance(found, list) and found[0].values == [15.0, 15.0]
    assert Evaluation(held(), steps).value(parse("time()")) == Scalar([s / 1000 for s in steps])
