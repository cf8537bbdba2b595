"""From a spoilt answer to the screen's sentence: nothing that a server leaves out or makes up is a PASS, and its words are said."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest

from tests.configured import metrics_source
from tests.tui.canaryworld import assessed
from tests.unit.sources.prometheus.server import REF, Board, Fake, Ticking
from tests.unit.sources.prometheus.spoiled_prometheus import BEGAN, CANARY, SPOILT, STABLE, T0, healthy
from tfdash.model.assessment import EMPTY_ASSESSMENT
from tfdash.model.judgement import CanaryJudgement, Outcome
from tfdash.model.release import Carrier, Phase, ReleaseState, Side
from tfdash.model.subject import Subject
from tfdash.model.verdict import Level
from tfdash.playbook.canary import default_canary_policy, judge_release
from tfdash.views.canary import headline

CHECKOUT = Subject(REF, "Deployment", "shop", "checkout")
RELEASE = ReleaseState(
    subject=CHECKOUT,
    carrier=Carrier.DEPLOYMENT,
    phase=Phase.PAUSED,
    message="paused",
    workload=CHECKOUT,
    canary=Side(hash="7b8c1", revision="8", image="checkout:2.15.0", pods=(CANARY,), oldest_start=BEGAN),
    stable=Side(
        hash="6d4f9", revision="7", image="checkout:2.14.0", pods=(STABLE,), oldest_start=BEGAN - 86400
    ),
    started=BEGAN,
)


def board() -> Board:
    made = Board()
    made.assessment = msgspec.structs.replace(EMPTY_ASSESSMENT, releases={CHECKOUT: RELEASE})
    return made


def source(server: Fake, **metrics: str) -> Any:
    return metrics_source(REF, {"metrics": metrics}, {"url": server.url}, None, Ticking(T0))


def judged(seen: Board, now: float = T0) -> CanaryJudgement:
    started = {STABLE: BEGAN - 86400, CANARY: BEGAN}
    policy = default_canary_policy()
    return judge_release(RELEASE, seen.signals.traffic[CHECKOUT], (), started, policy, now)


@pytest.mark.parametrize("name", SPOILT)
async def test_a_spoilt_answer_is_said(name: str) -> None:
    spoilt = SPOILT[name]
    with Fake() as server:
        healthy(server)
        spoilt.how(server)
        seen = board()
        await source(server).round(seen)
    said = judged(seen)
    answer = assessed((RELEASE, said)).answer(RELEASE)
    shown = headline(RELEASE, said, answer, ZoneInfo("UTC"))
    assert said.outcome is spoilt.outcome, said.sentence
    assert spoilt.words in shown.text
    assert bool(answer.go_on) is (spoilt.outcome is Outcome.PASS)
    nothing_measures = any(t.absent for t in said.triggers)  # as far as one look can tell
    assert spoilt.outcome is Outcome.PASS or nothing_measures or shown.state.level is Level.UNKNOWN


async def test_what_was_scraped_once_and_is_no_more_is_stale_for_as_long_as_it_takes() -> None:
    """Past the horizon no sample is left, and that is not the same as a workload that nothing measures."""
    with Fake() as server:
        healthy(server)
        seen, asking = board(), source(server)
        await asking.round(seen)
        assert judged(seen).outcome is Outcome.PASS
        asking._clock.at = T0 + 86400
        await asking.round(seen)
        said = judged(seen, T0 + 86400)
    assert (said.outcome, [t.absent for t in said.triggers]) == (Outcome.STALE, [False, False])
    assert "nothing was scraped since" in said.sentence
    assert assessed((RELEASE, said)).answer(RELEASE).level is Level.UNKNOWN


async def test_a_slow_one_is_said_and_what_was_read_before_is_kept() -> None:
    with Fake() as server:
        healthy(server)
        seen, asking = board(), source(server)
        await asking.round(seen)
        asking._connect, asking._clock.at = source(server, timeout="1s")._connect, T0 + 15
        asking._free.clear()
        server.delay = 60.0
        await asking.round(seen)
    said = judged(seen, T0 + 15)
    assert said.outcome is Outcome.QUERY_ERROR
    assert "the metrics could not be read: no answer of Prometheus in time" in said.sentence
    kept = seen.signals.traffic[CHECKOUT].value
    assert kept is not None and len(kept.requests) == 4
