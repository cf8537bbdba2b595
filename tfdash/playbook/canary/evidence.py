"""How strongly the windows of a release speak against "no change", at whatever moment one looks.

In one window the canary served n requests and the baseline m. Where nothing changed, each of the failed requests of
both fell on the canary with chance p = n / (n + m), whatever the service's own error ratio was just then (a fault that
hits both sides cancels, and so does a traffic share that moves). Against it stands that the canary's ratio is t times
the baseline's, p' = t n / (t n + m). The likelihood ratio of the two has mean 1 or less where the canary is not worse;
for requests without repetition as well, since it is convex and the hypergeometric law is no wider than the binomial
(W. Hoeffding, JASA 58 (1963) 13, theorem 4). Products over windows, mixed over t and over the window at which
the change began, keep that mean, so by Ville's inequality

    P(the mixture ever reaches 1 / alpha in this release) <= alpha

for any number of looks, planned or not. H. Robbins, Ann. Math. Statist. 41 (1970) 1397 (mixtures); R. Johari et al.,
Operations Research 70 (2022) 1806 (always valid inference); J. Shin, A. Ramdas, A. Rinaldo, New England J. Statistics in Data
Science 2 (2024) 229 (e-detectors). The budget is spent over the start of the change: half of it on the release's first window, the
rest as 1 / (k (k + 1)) on window k.

Real errors come in bursts, each side's own, which no binomial law allows for. Where the windows scatter clearly more than it
says, by a factor d in variance, every log-likelihood ratio is divided by d (as quasi-likelihood does: P. McCullagh,
J. Nelder, Generalized Linear Models, ch. 9). A power below 1 of the ratio raises no product that speaks for a change, so
the bound above still holds.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

CHANGES = (1.1, 1.25, 1.5, 2.0, 3.0, 6.0, 15.0, 60.0)  # the ratios t that are mixed, with equal weight
_LOGS = tuple(math.log(t) for t in CHANGES)
_MOST = 1e200


class Split(NamedTuple):
    """One window: its number in the release (from 1), events and requests of the canary, events and requests of the baseline."""

    number: int
    events: int
    requests: int
    base_events: int
    base_requests: int


def weight(number: int) -> float:
    """The part of the budget that is spent on a change that begins with this window; all of them sum to 1."""
    return (0.5 if number == 1 else 0.0) + 0.5 / (number * (number + 1))


def dispersion(windows: Sequence[Split], least: float = 1.0) -> float:
    """By how much the windows scatter more than chance allows, in variance; ``least`` where that is not clear.

    From successive differences of the standardised residuals, so that a change of level, which is what is looked for,
    is not taken for scatter: J. von Neumann, Ann. Math. Statist. 12 (1941) 367. "Clear" is one-sided 5 %.
    """
    parts = [w for w in windows if w.events + w.base_events >= 3 and w.requests and w.base_requests]
    if len(parts) < 4:
        return least
    own = sum(w.events for w in parts) / sum(w.requests for w in parts)
    base = sum(w.base_events for w in parts) / sum(w.base_requests for w in parts)
    if not own or not base:
        return least
    residuals = []
    for _, events, count, base_events, base_count in parts:
        p = own * count / (own * count + base * base_count)
        total = events + base_events
        if p < 1:  # one side has so little of the requests that it cannot scatter
            residuals.append((events - total * p) / math.sqrt(total * p * (1 - p)))
    if len(residuals) < 4:
        return least
    steps = [(b - a) ** 2 / 2 for a, b in pairwise(residuals)]
    told = sum(steps) / len(steps)
    return max(told, least) if told > 1 + 1.645 * math.sqrt(3 / len(steps)) else least


@lru_cache(32768)
def _logs(events: int, count: int, base_events: int, base_count: int, null: float) -> tuple[float, ...]:
    """The log-likelihood ratios of one window, for each of ``CHANGES`` times ``null`` against ``null``."""
    total = events + base_events
    if not total or not count or not base_count:
        return ()
    p = null * count / (null * count + base_count)
    return tuple(
        events * lt - total * math.log1p(p * (t - 1.0)) for t, lt in zip(CHANGES, _LOGS, strict=True)
    )


@lru_cache(32768)
def _ratios(events: int, count: int, base_events: int, base_count: int, null: float) -> tuple[float, ...]:
    """The likelihood ratios themselves; those of a window that has ended never change."""
    return _powers(_logs(events, count, base_events, base_count, null), 1.0)


def _powers(logs: Sequence[float], power: float) -> tuple[float, ...]:
    return tuple([math.exp(min(power * log, 460.0)) for log in logs])


def weigh(windows: Sequence[Split], null: float = 1.0, scatter: float = 1.0) -> list[float]:
    """The mixture after each window, against "the canary's ratio is at most ``null`` times the baseline's"."""
    sums = [0.0] * len(CHANGES)
    told = []
    part, power = 1.0 / len(CHANGES), 1.0 / scatter
    for number, *counts in windows:
        add = weight(number)
        ratios = _ratios(*counts, null) if power == 1.0 else _powers(_logs(*counts, null), power)
        if ratios:
            sums = [(s + add) * r for s, r in zip(sums, ratios, strict=True)]
            if max(sums) > _MOST:
                sums = [min(s, _MOST) for s in sums]
        else:
            sums = [s + add for s in sums]
        told.append(part * sum(sums))
    return told


def began(windows: Sequence[Split]) -> int:
    """The index of the window at which the change most likely began."""
    best, at = -math.inf, 0
    logs = [0.0] * len(CHANGES)
    for index in range(len(windows) - 1, -1, -1):
        number, *counts = windows[index]
        if own := _logs(*counts, 1.0):
            logs = [a + b for a, b in zip(logs, own, strict=True)]
        here = max(logs) + math.log(weight(number))
        if here > best:
            best, at = here, index
    return at


def ratio_low(windows: Sequence[Split], alpha: float, top: float, scatter: float = 1.0) -> float:
    """The lower bound of the canary's ratio over the baseline's that holds for the whole release with chance 1 - alpha.

    It lies above 1 exactly where the evidence against "no change" reaches 1 / alpha; ``top`` is where to stop looking.
    """
    if not windows or weigh(windows, 1.0, scatter)[-1] < 1 / alpha:
        return 1.0
    low, high = 0.0, math.log(max(min(top, 1e6), 1.0 + 1e-9))
    for _ in range(12):
        middle = (low + high) / 2
        if weigh(windows, math.exp(middle), scatter)[-1] >= 1 / alpha:
            low = middle
        else:
            high = middle
    return math.exp(low)
