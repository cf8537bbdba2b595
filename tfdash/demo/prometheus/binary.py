"""Binary operators between scalars and vectors, with all kinds of matching."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Sequence
from typing import NamedTuple

from tfdash.demo.prometheus.rows import Row, Scalar, Value, Vector, nameless, shown, unique
from tfdash.demo.prometheus.series import NAME, LabelKey, Labels, QueryError, key_of


def _divide(a: float, b: float) -> float:
    if b == 0:
        if a == 0 or math.isnan(a):
            return math.nan
        return math.copysign(math.inf, a) * math.copysign(1.0, b)
    return a / b


def _modulo(a: float, b: float) -> float:
    if b == 0 or math.isinf(a) or math.isnan(a) or math.isnan(b):
        return math.nan
    return math.fmod(a, b)


def _power(a: float, b: float) -> float:
    try:
        found = a**b
    except ZeroDivisionError:
        return math.inf
    except OverflowError:
        return -math.inf if a < 0 and b % 2 == 1 else math.inf
    return math.nan if isinstance(found, complex) else found


ARITHMETIC: dict[str, Callable[[float, float], float]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": _divide,
    "%": _modulo,
    "^": _power,
    "atan2": math.atan2,
}
COMPARISON: dict[str, Callable[[float, float], bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    ">": operator.gt,
    "<": operator.lt,
    ">=": operator.ge,
    "<=": operator.le,
}
SETS = ("and", "or", "unless")


class Matching(NamedTuple):
    """``names`` are of ``on`` or ``ignoring``; ``group`` is "", "left" or "right", with the labels it brings along."""

    on: bool = False
    names: Sequence[str] = ()
    group: str = ""
    include: Sequence[str] = ()

    def signature(self, labels: Labels) -> LabelKey:
        if self.on:
            return tuple(sorted((n, labels[n]) for n in self.names if n in labels))
        return tuple(sorted((k, v) for k, v in labels.items() if k not in self.names and k != NAME))


def _calculated(op: str, a: float, b: float, boolean: bool, kept: float) -> float | None:
    if op in ARITHMETIC:
        return ARITHMETIC[op](a, b)
    true = COMPARISON[op](a, b)
    if boolean:
        return 1.0 if true else 0.0
    return kept if true else None


def combine(op: str, left: Value, right: Value, matching: Matching, boolean: bool) -> Value:
    """The value of ``left op right``. Raises ``QueryError`` where vectors match in more than one way."""
    assert not isinstance(left, str) and not isinstance(right, str)
    if isinstance(left, Scalar) and isinstance(right, Scalar):
        pairs = zip(left.values, right.values, strict=True)
        return Scalar([_calculated(op, a, b, True, a) or 0.0 for a, b in pairs])
    if isinstance(right, Scalar):
        assert not isinstance(left, Scalar)
        return _with_scalar(op, left, right, False, boolean)
    if isinstance(left, Scalar):
        return _with_scalar(op, right, left, True, boolean)
    if op in SETS:
        return _sets(op, left, right, matching)
    return _vectors(op, left, right, matching, boolean)


def _with_scalar(op: str, rows: Vector, scalar: Scalar, swapped: bool, boolean: bool) -> Vector:
    changes_name = op in ARITHMETIC or boolean
    found = []
    for row in rows:
        values: list[float | None] = []
        for value, other in zip(row.values, scalar.values, strict=True):
            if value is None:
                values.append(None)
            elif swapped:
                values.append(_calculated(op, other, value, boolean, value))
            else:
                values.append(_calculated(op, value, other, boolean, value))
        found.append(Row(nameless(row.labels) if changes_name else row.labels, values))
    return unique(found)


def _present(rows: Vector, matching: Matching, steps: int) -> dict[LabelKey, list[bool]]:
    found: dict[LabelKey, list[bool]] = {}
    for row in rows:
        marks = found.setdefault(matching.signature(row.labels), [False] * steps)
        for step, value in enumerate(row.values):
            if value is not None:
                marks[step] = True
    return found


def _sets(op: str, left: Vector, right: Vector, matching: Matching) -> Vector:
    if not left or not right:
        return unique([*left, *right]) if op == "or" else ([] if op == "and" else left)
    steps = len(left[0].values)
    nowhere = [False] * steps
    if op == "or":
        marks = _present(left, matching, steps)
        added = [
            Row(
                r.labels,
                [
                    None if m else v
                    for v, m in zip(r.values, marks.get(matching.signature(r.labels), nowhere), strict=True)
                ],
            )
            for r in right
        ]
        return unique([*left, *added])
    marks = _present(right, matching, steps)
    wanted = op == "and"
    return [
        Row(
            r.labels,
            [
                v if m == wanted else None
                for v, m in zip(r.values, marks.get(matching.signature(r.labels), nowhere), strict=True)
            ],
        )
        for r in left
    ]


def _vectors(op: str, left: Vector, right: Vector, matching: Matching, boolean: bool) -> Vector:
    """One-to-one, or many-to-one with the many on ``left`` (swapped for ``group_right``)."""
    swapped = matching.group == "right"
    many, one = (right, left) if swapped else (left, right)
    if not many or not one:
        return []
    steps = len(many[0].values)
    ones = _ones(one, matching, swapped)
    found: list[Row] = []
    taken: dict[LabelKey, list[bool]] = {}
    for row in many:
        signature = matching.signature(row.labels)
        for other in ones.get(signature, ()):
            labels = _result_labels(row.labels, other.labels, op, matching, boolean)
            # One-to-one: each match group once a step. Many-to-one: each result's labels once a step.
            guard = signature if not matching.group else (*signature, ("", ""), *key_of(labels))
            marks = taken.setdefault(guard, [False] * steps)
            values: list[float | None] = [None] * steps
            for step, (a, b) in enumerate(zip(row.values, other.values, strict=True)):
                if a is None or b is None:
                    continue
                if marks[step]:
                    must = (
                        "grouping labels must ensure unique matches"
                        if matching.group
                        else ("many-to-one matching must be explicit (group_left/group_right)")
                    )
                    raise QueryError("execution", f"multiple matches for labels: {must}")
                marks[step] = True
                if swapped:
                    values[step] = _calculated(op, b, a, boolean, b)
                else:
                    values[step] = _calculated(op, a, b, boolean, a)
            found.append(Row(labels, values))
    return unique(found)


def _ones(rows: Vector, matching: Matching, swapped: bool) -> dict[LabelKey, list[Row]]:
    """The rows of the "one" side by signature; two in one step are an error."""
    found: dict[LabelKey, list[Row]] = {}
    for row in rows:
        signature = matching.signature(row.labels)
        others = found.setdefault(signature, [])
        for other in others:
            if any(a is not None and b is not None for a, b in zip(row.values, other.values, strict=True)):
                first, second = sorted((shown(row.labels), shown(other.labels)))
                side = "left" if swapped else "right"
                raise QueryError(
                    "execution",
                    f"found duplicate series for the match group {shown(dict(signature))} on the {side} hand-side of "
                    f"the operation: [{first}, {second}];many-to-many matching not allowed: matching labels must be "
                    "unique on one side",
                )
        others.append(row)
    return found


def _result_labels(many: Labels, one: Labels, op: str, matching: Matching, boolean: bool) -> Labels:
    labels = dict(many)
    if op in ARITHMETIC or boolean:
        labels.pop(NAME, None)
    if not matching.group:
        if matching.on:
            labels = {k: v for k, v in labels.items() if k in matching.names}
        else:
            labels = {k: v for k, v in labels.items() if k not in matching.names}
    for name in matching.include:
        if one.get(name):
            labels[name] = one[name]
        else:
            labels.pop(name, None)
    return labels
