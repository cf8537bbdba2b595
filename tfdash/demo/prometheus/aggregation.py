"""Aggregations: ``sum``, ``topk`` and their like, ``by`` and ``without``."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from tfdash.demo.prometheus.quantiles import quantile
from tfdash.demo.prometheus.ranges import greatest, least, mean, total, variance
from tfdash.demo.prometheus.rows import Row, Scalar, Vector
from tfdash.demo.prometheus.series import NAME, LabelKey, Labels, QueryError, key_of

_PLAIN: dict[str, Callable[[Sequence[float]], float]] = {
    "sum": total,
    "avg": mean,
    "min": least,
    "max": greatest,
    "count": lambda values: float(len(values)),
    "group": lambda values: 1.0,
    "stddev": lambda values: math.sqrt(variance(values)),
    "stdvar": variance,
}
AGGREGATIONS = frozenset({*_PLAIN, "topk", "bottomk", "quantile", "count_values"})


def _grouping(labels: Labels, names: Sequence[str], without: bool) -> Labels:
    if without:
        return {k: v for k, v in labels.items() if k not in names and k != NAME}
    return {k: labels[k] for k in names if k in labels}


def aggregate(
    op: str, rows: Vector, parameter: Scalar | str | None, names: Sequence[str], without: bool
) -> Vector:
    """``rows`` folded into groups. Raises ``QueryError`` for a wrong parameter."""
    groups: dict[LabelKey, tuple[Labels, list[Row]]] = {}
    for row in rows:
        labels = _grouping(row.labels, names, without)
        groups.setdefault(key_of(labels), (labels, []))[1].append(row)
    if op in ("topk", "bottomk"):
        assert isinstance(parameter, Scalar)
        return [r for _, group in groups.values() for r in _extremes(op, group, parameter)]
    if op == "count_values":
        assert isinstance(parameter, str)
        return [r for labels, group in groups.values() for r in _counted(labels, group, parameter)]
    found = []
    for labels, group in groups.values():
        columns = zip(*(row.values for row in group), strict=True)
        values: list[float | None] = []
        for index, column in enumerate(columns):
            present = [v for v in column if v is not None]
            if not present:
                values.append(None)
            elif op == "quantile":
                assert isinstance(parameter, Scalar)
                values.append(quantile(parameter.values[index], present))
            else:
                values.append(_PLAIN[op](present))
        found.append(Row(labels, values))
    return found


def _extremes(op: str, group: list[Row], count: Scalar) -> Vector:
    """The rows with the greatest (least) values of each step, best first; a NaN is worst."""
    sign = -1.0 if op == "topk" else 1.0
    kept: list[list[float | None]] = [[None] * len(row.values) for row in group]
    order: list[int] = []
    for step, wanted in enumerate(count.values):
        if math.isnan(wanted) or abs(wanted) > 2**63:
            raise QueryError("execution", f"Parameter value is {'NaN' if math.isnan(wanted) else wanted}")
        present = [(i, v) for i, row in enumerate(group) if (v := row.values[step]) is not None]
        present.sort(key=lambda item: (math.isnan(item[1]), sign * item[1]))
        for i, value in present[: max(0, int(wanted))]:
            kept[i][step] = value
            if i not in order:
                order.append(i)
    return [Row(group[i].labels, kept[i]) for i in order]


def _counted(labels: Labels, group: list[Row], name: str) -> Vector:
    """How many rows have which value; the value becomes the label ``name``."""
    from tfdash.demo.prometheus.numbers import number

    steps = len(group[0].values)
    found: dict[str, list[float | None]] = {}
    for row in group:
        for step, value in enumerate(row.values):
            if value is not None:
                counts = found.setdefault(number(value), [None] * steps)
                counts[step] = (counts[step] or 0.0) + 1
    return [Row({**labels, name: text}, counts) for text, counts in found.items()]
