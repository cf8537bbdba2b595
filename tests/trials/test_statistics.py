"""Traffic with a known truth on a real Prometheus: what did not change never breaches, what did is found, by its samples."""

from __future__ import annotations

import math
import random
import time
from collections.abc import Callable

import msgspec
import pytest

from tests.configured import metrics_source
from tests.platform.harness.prometheus import Prometheus
from tests.unit.sources.prometheus.server import REF, Board
from tfdash.clock import FixedClock
from tfdash.model.judgement import CanaryJudgement, Outcome
from tfdash.model.release import Carrier, Phase, ReleaseState, Side
from tfdash.model.subject import Subject
from tfdash.playbook.canary import default_canary_policy, judge_release

pytestmark = pytest.mark.platform
EVERY, WINDOWS = 15, 12  # seconds between samples; minutes of canary
RATE = 40.0  # requests a second and side
BOUNDS = (0.1, 0.25, 0.5, 1.0)
# error ratio and P90 factor of the canary; the stable side has 1 % and a median of 120 ms
TRUTHS = {"same": (0.01, 1.0), "errors": (0.04, 1.0), "slow": (0.01, 3.0), "sparse": (0.0105, 1.0)}
EACH = 4  # services of each truth


def poisson(chance: random.Random, mean: float) -> int:
    """By the normal approximation above 50, which is all that is asked of it here."""
    if mean > 50:
        return max(0, round(chance.gauss(mean, math.sqrt(mean))))
    limit, count, product = math.exp(-mean), 0, chance.random()
    while product > limit:
        count, product = count + 1, product * chance.random()
    return count


def side(
    chance: random.Random, name: str, hash_: str, errors: float, factor: float, times: list[int]
) -> list[str]:
    """Samples of one pod, from its first request on, by family."""
    labels = f'namespace="shop",pod="{name}-{hash_}-abcde"'
    good = bad = 0
    counts = [0] * (len(BOUNDS) + 1)
    requests: list[str] = []
    buckets: list[str] = []
    for at in times:
        total = poisson(chance, RATE * EVERY)
        failed = poisson(chance, total * errors)
        good, bad = good + total - failed, bad + failed
        for _ in range(total):
            took = 0.12 * factor * math.exp(chance.gauss(0.0, 0.4))
            counts[next((i for i, b in enumerate(BOUNDS) if took <= b), len(BOUNDS))] += 1
        requests += [
            f'http_requests_total{{{labels},code="200"}} {good} {at}',
            f'http_requests_total{{{labels},code="500"}} {bad} {at}',
        ]
        seen = 0
        for bound, count in zip((*map(str, BOUNDS), "+Inf"), counts, strict=True):
            seen += count
            buckets.append(f'http_request_duration_seconds_bucket{{{labels},le="{bound}"}} {seen} {at}')
        buckets.append(f"http_request_duration_seconds_count{{{labels}}} {seen} {at}")
        buckets.append(f"http_request_duration_seconds_sum{{{labels}}} {seen * 0.13:.3f} {at}")
    return ["\n".join(requests), "\n".join(buckets)]


async def test_known_shifts_are_found_and_no_change_is_left_alone(
    prometheus: Callable[..., Prometheus],
    figure: Callable[[str], None],
) -> None:
    end = int(time.time()) // 60 * 60 - 120
    begin = end - WINDOWS * 60
    times = list(range(begin, end + 1, EVERY))
    chance = random.Random(20261124)
    names = {f"{truth}-{n}": truth for truth in TRUTHS for n in range(EACH)}
    counters: list[str] = []
    histograms: list[str] = []
    for name, truth in names.items():
        for hash_, (errors, factor) in (("stab1", (0.01, 1.0)), ("cana1", TRUTHS[truth])):
            first, second = side(chance, name, hash_, errors, factor, times)
            counters.append(first)
            histograms.append(second)
    text = "\n".join(
        (
            "# TYPE http_requests counter",
            *counters,
            "# TYPE http_request_duration_seconds histogram",
            *histograms,
            "# EOF",
            "",
        )
    )
    server = prometheus("global: {scrape_interval: 15s}\n", openmetrics=text)
    raw = {"metrics": {"services": [{"namespace": "shop", "workload": name} for name in names]}}
    one = metrics_source(REF, raw, {"url": server.url}, None, FixedClock(end + 1.0))
    assert one is not None
    board = Board()
    about = [release(name, begin) for name in names]
    board.assessment = msgspec.structs.replace(board.assessment, releases={r.subject: r for r in about})
    for _ in range(6):  # the first fill comes in steps
        await one.round(board)
    told = {name: judged(board, name, begin, end + 1.0) for name in names}
    outcomes = {name: {t.id: t.outcome for t in j.triggers} for name, j in told.items()}
    for name, truth in names.items():
        found = outcomes[name]
        if truth == "same":
            assert Outcome.BREACH not in found.values(), (name, told[name].sentence)
            assert found["latency"] is Outcome.PASS, (name, told[name].sentence)
        elif truth == "errors":
            assert found["errors"] is Outcome.BREACH, (name, told[name].sentence)
            assert found["latency"] is not Outcome.BREACH
        elif truth == "slow":
            assert found["latency"] is Outcome.BREACH, (name, told[name].sentence)
            assert found["errors"] is not Outcome.BREACH
        else:
            assert Outcome.BREACH not in found.values(), (name, told[name].sentence)
    figure(
        f"{len(names)} services of {len(TRUTHS)} truths over {WINDOWS} minutes: every shift found, no false breach"
    )


def release(name: str, begin: float) -> ReleaseState:
    def of(hash_: str, started: float) -> Side:
        return Side(
            hash=hash_,
            pods=(f"{name}-{hash_}-abcde",),
            ready=1,
            desired=1,
            oldest_start=started,
            newest_start=started,
        )

    return ReleaseState(
        subject=Subject(REF, "Deployment", "shop", name),
        carrier=Carrier.DEPLOYMENT,
        phase=Phase.PROGRESSING,
        message="",
        canary=of("cana1", begin - 5.0),
        stable=of("stab1", begin - 5.0),
        started=begin - 5.0,
    )


def judged(board: Board, name: str, begin: float, now: float) -> CanaryJudgement:
    about = release(name, begin)
    pods = {f"{name}-{h}-abcde": h for h in ("stab1", "cana1")}
    return judge_release(
        about,
        board.signals.traffic.get(about.subject),
        (),
        dict.fromkeys(pods, begin - 5.0),
        default_canary_policy(),
        now,
        pods=pods,
    )
