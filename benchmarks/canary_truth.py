"""How right the rollback triggers are: releases simulated with known truth, judged after every window as tfdash would.

    python -m benchmarks.canary_truth [--releases 2000] [--windows 30] [--seed 1] [--only errors|latency|whole|cost]

Prints false BREACHes per release where nothing changed (the budget is 5 % for all triggers together), then power, time
to detect and false PASSes by shift and rate. Errors and latencies are drawn by window, so that thousands of releases are
affordable; ``whole`` draws every scrape of every pod and goes through ``judge_release``. numpy draws the numbers.
"""

from __future__ import annotations

import argparse
import math
import statistics
import time
from typing import NamedTuple

import numpy as np

from benchmarks.canary_releases import (
    BOUNDS,
    FINE,
    T0,
    Load,
    error_release,
    latency_release,
    steady,
    tell,
    whole_release,
)
from tfdash.model.observation import Observation
from tfdash.model.release import Carrier, Phase, ReleaseState, Side
from tfdash.model.subject import ClusterRef, Subject
from tfdash.model.traffic import Buckets, CounterSeries, HistogramSeries, Point, Traffic
from tfdash.playbook.canary import (
    CanaryPolicy,
    WindowCache,
    default_canary_policy,
    judge_release,
)


def cost(rng: np.random.Generator, services: int, policy: CanaryPolicy) -> None:
    """CPU of judging so many releases every 15 s: two pods a side, four request counters and a histogram each, 30 min of them."""
    step, rounds, before = 15.0, 8, 130
    cluster, times = ClusterRef("benchmark", ""), [T0 + k * 15.0 for k in range(140)]
    began = T0

    class Service(NamedTuple):
        state: ReleaseState
        started: dict[str, float]
        counters: list[tuple[str, str, list[Point]]]
        histograms: list[tuple[str, list[Buckets]]]
        cache: WindowCache

    def service(number: int) -> Service:
        name = f"service-{number}"
        subject = Subject(cluster, "Deployment", "shop", name)
        started = {f"{name}-{h}-{i}": began if h == "new" else T0 - 1e6 for h in ("new", "old") for i in "ab"}
        counters, histograms = [], []
        for pod in started:
            for code, mean in (("200", 150.0), ("404", 3.0), ("500", 1.0), ("503", 0.1)):
                values = np.cumsum(rng.poisson(mean, len(times)))
                counters.append((pod, code, [Point(t, float(v)) for t, v in zip(times, values, strict=True)]))
            rows = np.cumsum(np.cumsum(rng.poisson(13, (len(times), len(BOUNDS))), axis=0), axis=1)
            histograms.append(
                (
                    pod,
                    [Buckets(t, BOUNDS, tuple(map(float, r)), 0.0) for t, r in zip(times, rows, strict=True)],
                )
            )
        state = ReleaseState(
            subject=subject,
            carrier=Carrier.DEPLOYMENT,
            phase=Phase.PROGRESSING,
            message="",
            workload=subject,
            canary=Side(hash="new", oldest_start=T0),
            stable=Side(hash="old"),
            started=T0,
        )
        return Service(state, started, counters, histograms, WindowCache())

    everyone = [service(i) for i in range(services)]
    spent = []
    for turn in range(rounds + 4):
        first, last = turn, before + turn - 4 if turn >= 4 else before
        at = times[last - 1] + 1
        work = []
        for one in everyone:
            series = [
                CounterSeries(pod=p, labels=(("code", c),), points=tuple(v[first:last]))
                for p, c, v in one.counters
            ]
            value = Traffic(
                evaluated_at=at,
                since=times[first] - 1,
                scrape_interval=step,
                requests=tuple(series),
                errors=tuple(s for s in series if s.labels[0][1].startswith("5")),
                latency=tuple(HistogramSeries(pod=p, points=tuple(v[first:last])) for p, v in one.histograms),
            )
            work.append((one, Observation(value=value)))
        start = time.process_time()
        for one, seen in work:
            judge_release(one.state, seen, (), one.started, policy, at, cache=one.cache)
        spent.append(time.process_time() - start)
    told = spent[4:]  # the first rounds fill what a running program has kept
    print(
        f"\n## Cost\n\n{services} releases every 15 s: {sum(told) / (rounds * step):.2%} of a core; "
        f"a round {statistics.mean(told):.2f} s, the dearest (a window ended) {max(told):.2f} s; the very first {spent[0]:.2f} s"
    )


def row(*cells: object) -> None:
    print("| " + " | ".join(str(c) for c in cells) + " |", flush=True)


def _percent(ratio: float, n: int) -> str:
    half = 1.96 * math.sqrt(max(ratio * (1 - ratio), 1 / n) / n)
    return f"{ratio * 100:.2f} % (±{half * 100:.2f})"


def _table(head: tuple[str, ...]) -> None:
    row(*head)
    row(*("---" for _ in head))


def false_alarms_errors(rng: np.random.Generator, n: int, windows: int, policy: CanaryPolicy) -> None:
    print("\n## Errors, nothing changed: BREACH per release\n")
    _table(("traffic", "base", "canary's share", "false BREACH", "PASS at the end"))
    cases: list[tuple[str, str, str, Load]] = [
        (f"{rps:g} rps", f"{ratio:.1%}", f"{share:.0%}", steady(rps, share, ratio))
        for rps in (2, 20, 200)
        for ratio in (0.001, 0.01, 0.05)
        for share in (0.1, 0.5)
    ]
    cases += [
        (
            "200 rps",
            "1 %, ×10 for both in windows 10-15",
            "10 %",
            Load(200, lambda _: 0.1, lambda k: 0.1 if 10 <= k < 15 else 0.01),
        ),
        (
            "200 rps",
            "5 % falling to 0.5 %",
            "5 → 50 %",
            Load(200, lambda k: 0.05 if k < 10 else 0.5, lambda k: 0.05 if k < 10 else 0.005),
        ),
        (
            "200 rps",
            "0.5 % rising to 5 %",
            "5 → 50 %",
            Load(200, lambda k: 0.05 if k < 10 else 0.5, lambda k: 0.005 if k < 10 else 0.05),
        ),
        (
            "200 rps",
            "1 %, each side's own bursts (sd 30 %; out of the model)",
            "10 %",
            steady(200, 0.1, 0.01, 0.3),
        ),
        (
            "20 rps",
            "1 %, each side's own bursts (sd 100 %; out of the model)",
            "10 %",
            steady(20, 0.1, 0.01, 1.0),
        ),
    ]
    for traffic, base, share, load in cases:
        told = tell([error_release(rng, load, 1.0, windows, 1, policy) for _ in range(n)])
        row(traffic, base, share, _percent(told.breach, n), f"{told.ends:.0%}")


def power_errors(rng: np.random.Generator, n: int, windows: int, policy: CanaryPolicy) -> None:
    print(f"\n## Errors, changed: power within {windows} windows of {policy.window:g} s; time to detect\n")
    head = (
        "rps, share",
        "base",
        "canary",
        "from window",
        "BREACH",
        "median",
        "90 %",
        "ever PASS",
        "PASS at the end",
    )
    _table(head)
    for rps, share in ((2, 0.5), (20, 0.1), (200, 0.1), (200, 0.5)):
        for ratio in (0.001, 0.01):
            for factor, since in ((1.1, 1), (1.25, 1), (1.5, 1), (2, 1), (3, 1), (10, 1), (30, 1), (3, 15)):
                load = steady(rps, share, ratio)
                told = tell([error_release(rng, load, factor, windows, since, policy) for _ in range(n)])
                late = [t - since + 1 if t is not None else "-" for t in (told.median, told.p90)]
                row(
                    f"{rps} rps, {share:.0%}",
                    f"{ratio:.1%}",
                    f"×{factor:g}",
                    since,
                    f"{told.breach:.1%}",
                    *late,
                    f"{told.passed:.1%}",
                    f"{told.ends:.1%}",
                )


def of_latency(rng: np.random.Generator, n: int, windows: int, policy: CanaryPolicy) -> None:
    print(f"\n## Latency (P90 259 ms, limit +100 ms): within {windows} windows of {policy.window:g} s\n")
    _table(("rps, share", "bounds", "shift", "BREACH", "median", "90 %", "ever PASS", "PASS at the end"))
    for rps, share in ((2, 0.5), (20, 0.1), (100, 0.1)):
        for name, bounds in (("default", BOUNDS), ("50 ms", FINE)):
            for shift in (0.0, 0.02, 0.05, 0.1, 0.15, 0.3, 1.0):
                releases = max(n // (5 if shift else 1), 20)
                told = tell(
                    [
                        latency_release(rng, rps, share, shift, windows, bounds, policy)
                        for _ in range(releases)
                    ]
                )
                breach = _percent(told.breach, releases) if not shift else f"{told.breach:.1%}"
                row(
                    f"{rps} rps, {share:.0%}",
                    name,
                    f"+{shift * 1000:g} ms",
                    breach,
                    told.median or "-",
                    told.p90 or "-",
                    f"{told.passed:.1%}",
                    f"{told.ends:.1%}",
                )


def of_whole(rng: np.random.Generator, n: int, windows: int, policy: CanaryPolicy) -> None:
    print("\n## Whole: every scrape through judge_release, all triggers together\n")
    _table(("rps, share", "base", "canary", "BREACH", "median window", "90 %"))
    for rps, share, ratio, factor in (
        (5, 0.1, 0.002, 1.0),
        (20, 0.1, 0.01, 1.0),
        (20, 0.5, 0.01, 1.0),
        (20, 0.1, 0.01, 3.0),
        (20, 0.5, 0.01, 30.0),
    ):
        told = tell([whole_release(rng, rps, share, ratio, factor, windows, policy) for _ in range(n)])
        row(
            f"{rps} rps, {share:.0%}",
            f"{ratio:.1%}",
            f"×{factor:g}",
            _percent(told.breach, n),
            told.median or "-",
            told.p90 or "-",
        )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--releases", type=int, default=2000)
    parser.add_argument("--windows", type=int, default=30)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", choices=("errors", "latency", "whole", "cost"))
    args = parser.parse_args()
    policy, rng, began = default_canary_policy(), np.random.default_rng(args.seed), time.monotonic()
    if args.only in (None, "errors"):
        false_alarms_errors(rng, args.releases, args.windows, policy)
        power_errors(rng, max(args.releases // 5, 20), args.windows, policy)
    if args.only in (None, "latency"):
        of_latency(rng, args.releases, args.windows, policy)
    if args.only in (None, "cost"):
        cost(rng, 200, policy)
    if args.only in (None, "whole"):
        of_whole(rng, max(args.releases // 10, 20), min(args.windows, 15), policy)
    print(
        f"\n{args.releases} releases a row (power fewer), seed {args.seed}, {time.monotonic() - began:.0f} s"
    )


if __name__ == "__main__":
    main()
