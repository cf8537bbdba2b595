"""The answers of Prometheus' HTTP API, decoded as far as they are used (https://prometheus.io/docs/prometheus/latest/querying/api/)."""

from __future__ import annotations

import math

import msgspec

from tfdash.model.samples import COUNTABLE
from tfdash.model.traffic import Buckets


class AnotherShape(Exception):
    """An answer of Prometheus' that is not of the shape that was asked for: its words say what came."""


def no_number(series: bytes, error: ValueError) -> AnotherShape:
    """What ``float`` refused of a sample of ``series`` (its labels as JSON)."""
    came = str(error).partition(": ")[2] or str(error)
    return AnotherShape(f"a sample is {came} and no number, of {series.decode(errors='replace')[:200]}")


def number(row: Row, text: str) -> float:
    """A sample of that row. Raises ``AnotherShape`` for what is no number."""
    try:
        return float(text)
    except ValueError as error:
        raise no_number(bytes(row.metric), error) from None


class NativeHistogram(msgspec.Struct, gc=False):
    """Numbers are texts; a bucket is [boundary rule, left, right, count], only those with observations, in order."""

    count: str
    sum: str
    buckets: tuple[tuple[int, str, str, str], ...] = ()


class Row(msgspec.Struct, gc=False):
    """One series. ``metric`` stays raw: its bytes are the key under which the series is known from the last round."""

    metric: msgspec.Raw
    values: tuple[tuple[float, str], ...] = ()
    histograms: tuple[tuple[float, NativeHistogram], ...] = ()
    value: tuple[float, str] | None = None


class Data(msgspec.Struct):
    resultType: str
    result: list[Row] | None  # some frontends write null for no series (Cortex, Google's)


class QueryResponse(msgspec.Struct):
    status: str
    data: Data
    warnings: tuple[str, ...] | None = None
    isPartial: bool = False  # VictoriaMetrics

    def lacks(self) -> tuple[str, ...]:
        """What the server says is missing of it, in its words. Its ``infos`` are hints on a query and nothing missing."""
        partial = ("isPartial: true (some of the storage did not answer)",) if self.isPartial else ()
        return (*(self.warnings or ()), *partial)


class Failure(msgspec.Struct):
    """The body of an answer that is no success; ``message`` is a Kubernetes API server's."""

    status: str = ""
    errorType: str = ""
    error: str = ""
    message: str = ""


def last_sample(rows: list[Row]) -> float | None:
    """The time of the newest sample of all, epoch seconds."""
    ends = [part[-1][0] for row in rows for part in (row.values, row.histograms) if part]
    return max(ends, default=None)


decode_answer = msgspec.json.Decoder(QueryResponse).decode
decode_labels = msgspec.json.Decoder(dict[str, str]).decode
decode_failure = msgspec.json.Decoder(Failure).decode


def buckets_of(at: float, found: NativeHistogram, scale: float) -> Buckets | None:
    """Cumulative counts by upper bound of a native histogram; None for a stale marker, and for what is no count.

    Between two populated buckets stands the left bound of the second with the same count, so that nothing is
    interpolated across the gap. Bounds are scaled to seconds.
    """
    total, summed = float(found.count), float(found.sum)
    if math.isnan(total) or math.isnan(summed):
        return None
    bounds: list[float] = []
    counts: list[float] = []
    reached, edge = 0.0, -math.inf
    for _, left, right, count in found.buckets:
        low, high = float(left) * scale, float(right) * scale
        if low > edge and math.isfinite(low):
            bounds.append(low)
            counts.append(reached)
        reached += float(count)
        edge = high
        if math.isfinite(high):
            bounds.append(high)
            counts.append(reached)
    bounds.append(math.inf)
    counts.append(max(total, reached))
    if not all(0 <= c <= COUNTABLE for c in counts):
        return None
    return Buckets(at, tuple(bounds), tuple(counts), summed * scale)
