"""What expressions have as values: rows over all steps of a query, scalars, strings."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from tfdash.demo.prometheus.series import NAME, LabelKey, Labels, QueryError, key_of

Column = Sequence[float | None]  # one value a step; None where there is none


class Row(NamedTuple):
    """One element of an instant vector over all steps."""

    labels: Labels
    values: Column


class Scalar(NamedTuple):
    values: Sequence[float]


Vector = list[Row]
Value = Vector | Scalar | str


def nameless(labels: Labels) -> Labels:
    if NAME not in labels:
        return labels
    return {k: v for k, v in labels.items() if k != NAME}


def unique(rows: Iterable[Row]) -> Vector:
    """Rows without two of the same labels: they are joined where they never meet in a step, else it is an error."""
    found: dict[LabelKey, Row] = {}
    for row in rows:
        key = key_of(row.labels)
        other = found.get(key)
        if other is None:
            found[key] = row
            continue
        if any(a is not None and b is not None for a, b in zip(row.values, other.values, strict=True)):
            raise QueryError("execution", "vector cannot contain metrics with the same labelset")
        joined = [b if a is None else a for a, b in zip(row.values, other.values, strict=True)]
        found[key] = Row(row.labels, joined)
    return list(found.values())


def shown(labels: Labels) -> str:
    """Labels as Prometheus writes them in its messages."""
    inner = ", ".join(f'{k}="{v}"' for k, v in sorted(labels.items()) if k != NAME)
    return labels.get(NAME, "") + "{" + inner + "}"
