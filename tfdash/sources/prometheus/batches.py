"""Few queries for many workloads: one selector for as many as fit, from the time that they still lack."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from tfdash.sources.prometheus.selector import Matcher, SeriesSelector, fill
from tfdash.sources.prometheus.targets import QueryTarget
from tfdash.sources.prometheus.template import MetricTemplate

_LONGEST = 3000  # characters of one query: what every proxy lets through in an URL, percent-encoded
_FILLED_AT_ONCE = 8  # workloads of which more than ``_LITTLE`` seconds are asked in one query
_LITTLE = 450.0  # what a round may ask of a workload that serves nothing, whose newest sample is long ago


class Batch(NamedTuple):
    """One query: ``role`` is "requests", "latency" (classic buckets) or "native"; samples of the ``seconds`` up to ``at``."""

    template: MetricTemplate
    role: str
    targets: tuple[QueryTarget, ...]
    text: str
    seconds: float


def roles_of(template: MetricTemplate) -> tuple[str, ...]:
    """One name of a metric each: not every relative of Prometheus takes an expression for it."""
    found = ["requests"] if template.requests is not None else []
    if template.latency is not None:
        found += [] if template.histogram == "native" else ["latency"]
        found += [] if template.histogram == "classic" else ["native"]
    return tuple(found)


def meant_by(role: str) -> str:
    """The role as the judge has it: either kind of histogram is the latency."""
    return "latency" if role == "native" else role


def halves(batch: Batch, match: Sequence[tuple[str, str]]) -> tuple[Batch, ...]:
    """The same for half of its workloads each: what is too much for one query may be enough for two."""
    middle = len(batch.targets) // 2
    parts = (batch.targets[:middle], batch.targets[middle:])
    return tuple(_batch(batch.role, list(part), batch.seconds, match) for part in parts if part)


def written(
    template: MetricTemplate, role: str, targets: Sequence[QueryTarget], match: Iterable[tuple[str, str]]
) -> SeriesSelector:
    """The selector of a role for these workloads; ``match`` are labels that every query gets."""
    selector = template.requests if role == "requests" else template.latency
    assert selector is not None
    places = [target.places() for target in targets]
    matchers = [*(Matcher(k, "=", v) for k, v in match), *(fill(m, places) for m in selector.matchers)]
    name = f"{selector.name}_bucket" if role == "latency" else selector.name
    return SeriesSelector(name, tuple(matchers))


def reach(seconds: float) -> str:
    """A range in whole seconds, rounded up."""
    return f"[{max(1, math.ceil(seconds))}s]"


def batches_of(
    role: str, lacking: Iterable[tuple[QueryTarget, float]], at: float, match: Sequence[tuple[str, str]]
) -> Iterator[Batch]:
    """Queries for targets of one template; each target comes with the time since which it lacks samples."""
    rows = sorted(lacking, key=lambda row: (-row[1], row[0].namespace, row[0].subject.name))
    chunk: list[QueryTarget] = []
    size, since = 0, at
    for target, its in rows:
        long = sum(len(n) + 1 for n in target.names) * 2 + len(target.namespace) + 1
        far = bool(chunk) and since - its > 60.0  # the others do not lack so much
        full = size + long > _LONGEST or (at - its > _LITTLE and len(chunk) >= _FILLED_AT_ONCE)
        if chunk and (far or full):
            yield _batch(role, chunk, at - since, match)
            chunk, size, since = [], 0, its
        chunk.append(target)
        size += long
        since = min(since, its) if len(chunk) > 1 else its
    if chunk:
        yield _batch(role, chunk, at - since, match)


def _batch(role: str, targets: list[QueryTarget], seconds: float, match: Sequence[tuple[str, str]]) -> Batch:
    template = targets[0].template
    text = f"{written(template, role, targets, match)}{reach(seconds)}"
    return Batch(template, role, tuple(targets), text, seconds)
