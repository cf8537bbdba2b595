"""A baseline that no longer runs: frozen when the release served everything, or counted before it began.

It is one sample that every later look is held against, so looks are not independent; the budget is spent over them
by a union bound that needs no independence: 1 / (j (j + 1)) of it on the j-th look, looks at windows 1, 2, 3, 4, 6,
8, 12, ... (cf. K. K. G. Lan, D. L. DeMets, Biometrika 70 (1983) 659, spending by a function fixed beforehand).
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import msgspec

from tfdash.model.samples import COUNTABLE
from tfdash.playbook.canary.tally import Tally


class FrozenBaseline(msgspec.Struct, frozen=True, kw_only=True):
    """Counts of [start, end) of one version; ``counts`` are cumulative by ``bounds``."""

    hash: str
    label: str
    at: float
    start: float
    end: float
    requests: int
    events: int
    bounds: tuple[float, ...] = ()
    counts: tuple[int, ...] = ()
    native: bool = False

    @property
    def value(self) -> Fraction:
        return Fraction(self.events, self.requests)


def hold(tally: Tally, version: str, label: str, at: float) -> FrozenBaseline:
    """The baseline of these windows, added up."""
    counts = [0] * len(tally.bounds)
    for slow in tally.slows:
        counts = [a + b for a, b in zip(counts, slow.baseline, strict=True)]
    return FrozenBaseline(
        hash=version,
        label=label,
        at=at,
        start=tally.grid.start,
        end=tally.grid.end,
        requests=sum(p.baseline.requests for p in tally.pairs),
        events=sum(p.baseline.events for p in tally.pairs),
        bounds=tally.bounds,
        counts=tuple(counts),
        native=tally.native,
    )


def write(past: FrozenBaseline) -> str:
    """Canonical JSON: sorted keys, no spaces; an infinite bound is the text "+Inf"."""
    document: dict[str, Any] = {
        "v": 1,
        "hash": past.hash,
        "at": past.at,
        "start": past.start,
        "end": past.end,
        "requests": past.requests,
        "errors": past.events,
        "bounds": ["+Inf" if b == math.inf else b for b in past.bounds],
        "counts": list(past.counts),
        "native": past.native,
        "label": past.label,
    }
    return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=True)


def read(text: str) -> FrozenBaseline | None:
    """The frozen baseline, or None where the text cannot be read (another version of the program, or damaged)."""
    try:
        raw = json.loads(text)
        if raw["v"] != 1:
            return None
        past = FrozenBaseline(
            hash=str(raw["hash"]),
            label=str(raw["label"]),
            at=float(raw["at"]),
            start=float(raw["start"]),
            end=float(raw["end"]),
            requests=int(raw["requests"]),
            events=int(raw["errors"]),
            bounds=tuple(float(b) for b in raw["bounds"]),  # "+Inf" too
            counts=tuple(int(c) for c in raw["counts"]),
            native=bool(raw["native"]),
        )
    except (ValueError, TypeError, KeyError, OverflowError):
        return None
    fair = 0 <= past.events <= past.requests and len(past.bounds) == len(past.counts)
    rows = [0, *past.counts, COUNTABLE]
    return past if fair and past.requests <= COUNTABLE and rows == sorted(rows) else None


def looks(number: int) -> Iterator[tuple[int, float]]:
    """The windows after which the test is made, up to ``number``, and the part of the budget that each one spends."""
    j, at, step = 1, 1, 1
    while at <= number:
        yield at, 1.0 / (j * (j + 1))
        j += 1
        if at >= 4 and at & (at - 1) == 0:
            step = at // 2
        at += step
