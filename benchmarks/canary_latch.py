"""Whether a BREACH stays: releases for an hour with a restart in the middle, judged after every window by all triggers.

    python -m benchmarks.canary_latch [--bad 40] [--unchanged 250] [--minutes 60] [--seed 1]

Constantly bad releases: how many say BREACH, and how many of those take it back, then or after the restart, at which nothing
is remembered but what the metrics hold (no store). Unchanged ones, scraped once and twice (two jobs, 7 s apart): how many ever
say BREACH, against the budget of 5 %. Every scrape of every pod is drawn; numpy draws.
"""

from __future__ import annotations

import argparse
import math
import time
from collections import Counter
from typing import NamedTuple

import numpy as np

from benchmarks.canary_releases import rolling
from benchmarks.canary_truth import BOUNDS, T0, row
from tfdash.model.judgement import Breach, Outcome
from tfdash.model.observation import Observation
from tfdash.model.subject import ClusterRef, Subject
from tfdash.model.traffic import CounterSeries, HistogramSeries, Traffic
from tfdash.playbook.canary import CanaryPolicy, WindowCache, default_canary_policy, judge_release
from tfdash.sources.prometheus.gathering import GatheredBuckets, GatheredPoints

STEP, LATE = 15.0, 7.0  # seconds: between two scrapes, and from the first job's to the second's


class Kind(NamedTuple):
    """``rps`` of the service, the canary's ``share``, the baseline's error ``ratio`` and the canary's ``factor`` of it."""

    rps: float
    share: float
    ratio: float
    factor: float
    copies: int = 1


class Seen(NamedTuple):
    """The minutes of the first BREACH (0: none), whether it was taken back, and the outcomes of the last look."""

    breach: int
    taken_back: bool
    last: Outcome


class Pod:
    """One pod of one side as each job scrapes it."""

    def __init__(self, name: str, copies: int) -> None:
        self.name = name
        self.requests, self.errors = 0, 0
        self.counts = np.zeros(len(BOUNDS), int)
        self.jobs = [(GatheredPoints(), GatheredPoints(), GatheredBuckets()) for _ in range(copies)]

    def serve(self, rng: np.random.Generator, mean: float, ratio: float) -> None:
        n = int(rng.poisson(mean))
        self.requests += n
        self.errors += int(rng.binomial(n, min(ratio, 1.0)))
        durations = rng.lognormal(math.log(0.12), 0.6, n)
        self.counts += np.cumsum(np.histogram(durations, (0.0, *BOUNDS))[0])

    def scrape(self, job: int, at: float) -> None:
        requests, errors, buckets = self.jobs[job]
        requests.append(at, float(self.requests - self.errors))
        if self.errors:  # a client library makes the series with its first error
            errors.append(at, float(self.errors))
        buckets.append(at, BOUNDS, tuple(float(c) for c in self.counts), 0.0)


def traffic_of(pods: list[Pod], end: float) -> Traffic:
    counters, failed, histograms = [], [], []
    for pod in pods:
        for number, (requests, errors, buckets) in enumerate(pod.jobs):
            job = (("job", f"job-{number}"),)
            counters.append(
                CounterSeries(pod=pod.name, labels=(("code", "200"), *job), points=requests.view())
            )
            if errors:
                failed.append(
                    CounterSeries(pod=pod.name, labels=(("code", "500"), *job), points=errors.view())
                )
            histograms.append(HistogramSeries(pod=pod.name, labels=job, points=buckets.view()))
    return Traffic(
        evaluated_at=end,
        since=T0 - 60,
        scrape_interval=STEP,
        requests=(*counters, *failed),
        errors=tuple(failed),
        latency=tuple(histograms),
    )


def watch(rng: np.random.Generator, kind: Kind, minutes: int, policy: CanaryPolicy) -> Seen:
    """One release; at half time whoever judges is started anew and knows only what the metrics hold."""
    subject = Subject(ClusterRef("benchmark", ""), "Deployment", "shop", "checkout")
    shares = {"new": kind.share, "old": 1 - kind.share}
    pods = [Pod(f"checkout-{side}-{i}", kind.copies) for side in shares for i in "ab"]
    started = {p.name: T0 if "-new-" in p.name else T0 - 1e6 for p in pods}
    state = rolling(subject)
    cache, known = WindowCache(), tuple[Breach, ...]()
    first, back, last = 0, False, Outcome.NO_DATA
    for minute in range(1, minutes + 1):
        for scrape in range(4):
            at = T0 + (minute - 1) * 60 + scrape * STEP
            for pod in pods:
                new = "-new-" in pod.name
                mean = kind.rps * shares["new" if new else "old"] / 2
                ratio = kind.ratio * (kind.factor if new else 1.0)
                pod.scrape(0, at)
                pod.serve(rng, mean * LATE, ratio)
                for job in range(1, kind.copies):
                    pod.scrape(job, at + LATE)
                pod.serve(rng, mean * (STEP - LATE), ratio)
        if minute == minutes // 2:
            cache, known = WindowCache(), ()
        end = T0 + minute * 60
        seen = Observation(value=traffic_of(pods, end))
        told = judge_release(state, seen, (), started, policy, end, cache=cache, breaches=known)
        known, last = told.breaches, told.outcome
        if last is Outcome.BREACH:
            first = first or minute
        elif first and last is not Outcome.NOT_COMPARABLE:
            back = True
    return Seen(first, back, last)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--bad", type=int, default=40)
    parser.add_argument("--unchanged", type=int, default=250)
    parser.add_argument("--minutes", type=int, default=60)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    policy, rng, began = default_canary_policy(), np.random.default_rng(args.seed), time.monotonic()
    row("releases", "rps, share, base, canary", "copies", "ever BREACH", "taken back", "at the end")
    row(*("---" for _ in range(6)))
    for count, kind in (
        (args.bad, Kind(20, 0.1, 0.01, 3.0)),
        (args.bad, Kind(5, 0.5, 0.01, 3.0)),
        (args.unchanged, Kind(20, 0.1, 0.01, 1.0)),
        (args.unchanged, Kind(20, 0.1, 0.01, 1.0, 2)),
    ):
        told = [watch(rng, kind, args.minutes, policy) for _ in range(count)]
        ends = Counter(str(s.last) for s in told)
        row(
            count,
            f"{kind.rps:g} rps, {kind.share:.0%}, {kind.ratio:.1%}, ×{kind.factor:g}",
            kind.copies,
            sum(bool(s.breach) for s in told),
            sum(s.taken_back for s in told),
            ", ".join(f"{n} {name}" for name, n in ends.most_common()),
        )
    print(f"\n{args.minutes} min each, seed {args.seed}, {time.monotonic() - began:.0f} s")


if __name__ == "__main__":
    main()
