"""Evaluates PromQL: each node of the tree over all steps of the query at once.

Semantics of Prometheus 3: ranges and the lookback are open at their left end, a stale marker ends a series at once,
range functions drop the metric's name.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

import promql_parser as promql

from tfdash.demo.prometheus import functions
from tfdash.demo.prometheus.aggregation import AGGREGATIONS, aggregate
from tfdash.demo.prometheus.binary import Matching, combine
from tfdash.demo.prometheus.parse import EXPERIMENTAL, bare, matchers_of
from tfdash.demo.prometheus.ranges import KEEPS_NAME, PARAMETER, RANGE, Window, counters
from tfdash.demo.prometheus.rows import Row, Scalar, Value, Vector, nameless, unique
from tfdash.demo.prometheus.series import STALE, Labels, QueryError, Series, Storage

LOOKBACK = 300_000
SUBQUERY_STEP = 60_000  # where a subquery names none: the server's evaluation interval
_MOST = 10_000_000  # values that one query may hold or look at


def milliseconds(delta: timedelta) -> int:
    return round(delta.total_seconds() * 1000)


class Evaluation:
    """One query at ``steps`` (milliseconds, ascending). ``span`` is what ``@ start()`` and ``@ end()`` mean."""

    def __init__(
        self,
        storage: Storage,
        steps: Sequence[int],
        span: tuple[int, int] | None = None,
        spent: list[int] | None = None,
    ) -> None:
        self.storage = storage
        self.steps = steps
        self.span = span or (steps[0], steps[-1])
        self._spent = spent if spent is not None else [0]

    def value(self, node: Any) -> Value:
        """The value of ``node``. Raises ``QueryError``."""
        match node:
            case promql.ParenExpr():
                return self.value(node.expr)
            case promql.NumberLiteral():
                return Scalar([node.val] * len(self.steps))
            case promql.StringLiteral():
                return str(node.val)
            case promql.UnaryExpr():
                return self._negated(self.value(node.expr))
            case promql.VectorSelector():
                return self._instant(node, lambda at, value: value)
            case promql.AggregateExpr():
                return self._aggregate(node)
            case promql.BinaryExpr():
                return self._binary(node)
            case promql.Call():
                return self._call(node)
        raise QueryError("bad_data", f"invalid expression type {type(node).__name__}")

    def vector(self, node: Any) -> Vector:
        found = self.value(node)
        assert isinstance(found, list)
        return found

    def scalar(self, node: Any) -> Scalar:
        found = self.value(node)
        assert isinstance(found, Scalar)
        return found

    def _spend(self, count: int) -> None:
        self._spent[0] += count
        if self._spent[0] > _MOST:
            raise QueryError(
                "execution",
                "query processing would load too many samples into memory in query execution",
            )

    # -- selectors ----------------------------------------------------------------------------------------------

    def _references(self, node: Any) -> list[int]:
        """For each step the time that a selector or subquery looks at: its ``@`` and ``offset`` applied."""
        offset = milliseconds(node.offset) if node.offset is not None else 0
        if node.at is None:
            return [step - offset for step in self.steps]
        if node.at.type == promql.AtModifierType.Start:
            at = self.span[0]
        elif node.at.type == promql.AtModifierType.End:
            at = self.span[1]
        else:
            at = round(node.at.at.timestamp() * 1000)
        return [at - offset] * len(self.steps)

    def _instant(self, node: Any, pick: Callable[[int, float], float]) -> Vector:
        """The newest sample of each series, at most ``LOOKBACK`` old; ``pick`` takes its time or its value."""
        times = self._references(node)
        rows = []
        found_series = self.storage.select(matchers_of(node), min(times) - LOOKBACK, max(times))
        self._spend(len(times) * len(found_series))
        for series in found_series:
            values: list[float | None] = []
            for time in times:
                index = bisect_right(series.times, time) - 1
                found: float | None = None
                if index >= 0 and series.times[index] > time - LOOKBACK:
                    value = series.values[index]
                    if value is not STALE:
                        found = pick(series.times[index], value)
                values.append(found)
            if any(v is not None for v in values):
                rows.append(Row(series.labels, values))
        return rows

    def _windows(self, node: Any) -> tuple[list[Series], list[int], int]:
        """The series of a range selector or subquery, the end of each step's window, and its length."""
        node = bare(node)
        if isinstance(node, promql.MatrixSelector):
            selector = node.vector_selector
            times, length = self._references(selector), milliseconds(node.range)
            found = self.storage.select(matchers_of(selector), min(times) - length, max(times))
            return [_without_stale(s) for s in found], times, length
        times, length = self._references(node), milliseconds(node.range)
        step = milliseconds(node.step) if node.step else SUBQUERY_STEP
        first = (min(times) - length) // step * step + step
        steps = list(range(first, max(times) + 1, step))
        if not steps:
            return [], times, length
        self._spend(len(steps))
        inner = Evaluation(self.storage, steps, self.span, self._spent).vector_of(node.expr)
        series = []
        for row in inner:
            kept = [(t, v) for t, v in zip(steps, row.values, strict=True) if v is not None]
            series.append(Series(row.labels, [t for t, _ in kept], [v for _, v in kept]))
        return series, times, length

    def samples(self, node: Any) -> list[Series]:
        """What a range selector or subquery holds at the only step."""
        series, ends, length = self._windows(node)
        found = []
        for one in series:
            low, high = bisect_right(one.times, ends[0] - length), bisect_right(one.times, ends[0])
            self._spend(high - low)
            if low < high:
                found.append(Series(one.labels, one.times[low:high], one.values[low:high]))
        return found

    def vector_of(self, node: Any) -> Vector:
        """As ``vector``; a scalar becomes one row without labels."""
        found = self.value(node)
        assert not isinstance(found, str)
        return [Row({}, list(found.values))] if isinstance(found, Scalar) else found

    def _over_range(self, name: str, node: Any, parameter: Scalar | None) -> Vector:
        function = RANGE[name]
        rows = []
        series, ends, length = self._windows(node)
        for one in series:
            values: list[float | None] = []
            for step, end in enumerate(ends):
                low, high = bisect_right(one.times, end - length), bisect_right(one.times, end)
                if low == high:
                    values.append(None)
                    continue
                self._spend(high - low)
                given = parameter.values[step] if parameter is not None else math.nan
                values.append(
                    function(
                        Window(
                            one.times[low:high],
                            one.values[low:high],
                            end - length,
                            end,
                            self.steps[step],
                            given,
                        )
                    )
                )
            if any(v is not None for v in values):
                rows.append(Row(one.labels if name in KEEPS_NAME else nameless(one.labels), values))
        return unique(rows)

    def _counters(self, node: Any, rate: bool) -> Vector:
        rows = []
        series, ends, length = self._windows(node)
        self._spend(len(ends) * len(series))
        for one in series:
            values = counters(one.times, one.values, ends, length, rate)
            if any(v is not None for v in values):
                rows.append(Row(nameless(one.labels), values))
        return unique(rows)

    # -- operators ----------------------------------------------------------------------------------------------

    def _negated(self, found: Value) -> Value:
        assert not isinstance(found, str)
        if isinstance(found, Scalar):
            return Scalar([-v for v in found.values])
        return functions.each(found, lambda v: -v)

    def _aggregate(self, node: Any) -> Vector:
        op = str(node.op)
        if op not in AGGREGATIONS:
            raise QueryError(
                "bad_data",
                f'invalid parameter "query": 1:1: parse error: {op}() is experimental '
                "and must be enabled with --enable-feature=promql-experimental-functions",
            )
        names, without = (), False
        if node.modifier is not None:
            names, without = node.modifier.labels, node.modifier.type == promql.AggModifierType.Without
        parameter: Scalar | str | None = None
        if node.param is not None:
            given = self.value(bare(node.param))
            assert not isinstance(given, list)
            parameter = given
        return aggregate(op, self.vector(node.expr), parameter, names, without)

    def _binary(self, node: Any) -> Value:
        matching, boolean = Matching(), False
        modifier = node.modifier
        if modifier is not None:
            boolean = modifier.return_bool
            fills = modifier.fill_values
            if fills is not None and (fills.lhs is not None or fills.rhs is not None):
                raise QueryError(
                    "bad_data", 'invalid parameter "query": parse error: binop fill modifiers are not enabled'
                )
            on, names = False, ()
            if modifier.matching is not None:
                on = modifier.matching.type == promql.LabelModifierType.Include
                names = modifier.matching.labels
            group = ""
            if modifier.card == promql.VectorMatchCardinality.ManyToOne:
                group = "left"
            elif modifier.card == promql.VectorMatchCardinality.OneToMany:
                group = "right"
            matching = Matching(on, names, group, modifier.group_labels or ())
        return combine(str(node.op), self.value(node.lhs), self.value(node.rhs), matching, boolean)

    # -- functions ----------------------------------------------------------------------------------------------

    def _call(self, node: Any) -> Value:
        name, args = node.func.name, list(node.args)
        if name in ("rate", "increase"):
            return self._counters(args[0], name == "rate")
        if name in RANGE:
            place = PARAMETER.get(name)
            parameter = self.scalar(args[place]) if place is not None else None
            return self._over_range(name, args[1 - place] if place is not None else args[0], parameter)
        if name in functions.SIMPLE:
            return functions.each(self.vector(args[0]), functions.SIMPLE[name])
        if name in functions.PARAMETRIC:
            return functions.parametric(name, self.vector(args[0]), [self.scalar(a) for a in args[1:]])
        if name in functions.CALENDAR:
            given = self.vector(args[0]) if args else [Row({}, [s / 1000 for s in self.steps])]
            return functions.each(given, functions.CALENDAR[name])
        special = getattr(self, f"_call_{name}", None)
        if special is not None:
            found: Value = special(args)
            return found
        if name in EXPERIMENTAL:
            message = f'invalid parameter "query": 1:1: parse error: function "{name}" is not enabled'
        else:
            message = f'invalid parameter "query": 1:1: parse error: unknown function with name "{name}"'
        raise QueryError("bad_data", message)

    def _call_time(self, args: list[Any]) -> Value:
        return Scalar([step / 1000 for step in self.steps])

    def _call_pi(self, args: list[Any]) -> Value:
        return Scalar([math.pi] * len(self.steps))

    def _call_vector(self, args: list[Any]) -> Value:
        return [Row({}, list(self.scalar(args[0]).values))]

    def _call_scalar(self, args: list[Any]) -> Value:
        return functions.scalar_of(self.vector(args[0]), len(self.steps))

    def _call_timestamp(self, args: list[Any]) -> Value:
        given = bare(args[0])
        if isinstance(given, promql.VectorSelector):
            rows = self._instant(given, lambda at, value: at / 1000)
            return unique(Row(nameless(r.labels), r.values) for r in rows)
        steps = self.steps
        return unique(
            Row(
                nameless(r.labels),
                [None if v is None else s / 1000 for v, s in zip(r.values, steps, strict=True)],
            )
            for r in self.vector(given)
        )

    def _call_absent(self, args: list[Any]) -> Value:
        return functions.absent(self.vector(args[0]), _told(bare(args[0])), len(self.steps))

    def _call_absent_over_time(self, args: list[Any]) -> Value:
        rows = self._over_range("present_over_time", args[0], None)
        return functions.absent(rows, _told(bare(args[0])), len(self.steps))

    def _call_sort(self, args: list[Any]) -> Value:
        return functions.ordered(self.vector(args[0]), False)

    def _call_sort_desc(self, args: list[Any]) -> Value:
        return functions.ordered(self.vector(args[0]), True)

    def _call_histogram_quantile(self, args: list[Any]) -> Value:
        return functions.histogram_quantile(self.scalar(args[0]), self.vector(args[1]))

    def _call_label_replace(self, args: list[Any]) -> Value:
        texts = [str(self.value(a)) for a in args[1:]]
        return functions.label_replace(self.vector(args[0]), texts[0], texts[1], texts[2], texts[3])

    def _call_label_join(self, args: list[Any]) -> Value:
        texts = [str(self.value(a)) for a in args[1:]]
        return functions.label_join(self.vector(args[0]), texts[0], texts[1], texts[2:])


def _without_stale(series: Series) -> Series:
    if not any(v is STALE for v in series.values):
        return series
    kept = [(t, v) for t, v in zip(series.times, series.values, strict=True) if v is not STALE]
    return Series(series.labels, [t for t, _ in kept], [v for _, v in kept])


def _told(node: Any) -> Labels:
    """The labels that a selector's equalities name, each once: what ``absent()`` answers with."""
    if isinstance(node, promql.MatrixSelector):
        node = node.vector_selector
    if not isinstance(node, promql.VectorSelector):
        return {}
    labels: Labels = {}
    seen: set[str] = set()
    for matcher in matchers_of(node):
        if matcher.name == "__name__":
            continue
        if matcher.op == "=" and matcher.name not in seen:
            labels[matcher.name] = matcher.value
            seen.add(matcher.name)
        else:
            labels.pop(matcher.name, None)
    return {k: v for k, v in labels.items() if v}
