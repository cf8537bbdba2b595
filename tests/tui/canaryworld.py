"""Releases and what is said of them at the fixed moment of the golden screens, as the judge would publish them."""

from __future__ import annotations

import math
from typing import Any

import msgspec

from tests.kinds import NOTHING_STORED
from tests.tui import world
from tests.tui.recorded import REF
from tfdash.board.board import Board
from tfdash.judging.judge import Judge
from tfdash.model.assessment import EMPTY_ASSESSMENT, Assessment
from tfdash.model.calendar import CalendarState, Slot
from tfdash.model.judgement import (
    Advice,
    CanaryJudgement,
    ChartPoint,
    Measured,
    Outcome,
    Trigger,
    WindowResult,
)
from tfdash.model.observation import Observation, Problem, ProblemKind
from tfdash.model.picture import Change, Picture
from tfdash.model.release import (
    Analysis,
    Carrier,
    ManagedBy,
    Measurement,
    MetricResult,
    Pause,
    Phase,
    ReleaseState,
    ReleaseStep,
    Side,
    Weight,
)
from tfdash.model.store_state import StoreHealth, StoreState, VerifiedGood
from tfdash.model.subject import Subject
from tfdash.model.traffic import Journey, JourneyRun, Signals, published
from tfdash.playbook.releases.section import SECTION as RELEASES
from tfdash.playbook.section import Findings

NOW, NS = world.NOW, world.NS
CHECKOUT = Subject(REF, "Deployment", NS, "checkout")
AUTH = Subject(REF, "Deployment", NS, "auth")
QUERY = 'http_requests_total{namespace="tf-production",pod=~"checkout-.*"}[12m]'


def _side(tag: str, hash_: str, ready: int, desired: int) -> Side:
    image = f"registry.example.com/checkout:{tag}"
    return Side(
        hash=hash_, image=f"checkout:{tag}", images=(image,), ready=ready, desired=desired, revision=hash_
    )


def release(subject: Subject = CHECKOUT, **over: Any) -> ReleaseState:
    given: dict[str, Any] = {
        "subject": subject,
        "carrier": Carrier.ROLLOUT,
        "phase": Phase.PAUSED,
        "message": "waits for promotion",
        "canary": _side("2.14.0", "77aa", 2, 2),
        "stable": _side("2.13.4", "66ff", 8, 8),
        "step": 1,
        "steps": tuple(
            ReleaseStep(text=t, kind="setWeight") for t in ("20 %", "pause", "40 %", "pause", "80 %", "pause")
        ),
        "weight": Weight(wanted=20.0, actual=19.4),
        "started": NOW - 720,
        "pause": Pause(reason="CanaryPauseStep", since=NOW - 240, sentence="waits for a person to promote"),
        "skips": ('analysis "errors"',),
        "managed_by": ManagedBy(
            tool="Argo CD",
            subject=Subject(REF, "Application", "argocd", "shop"),
            reconciles=True,
            sentence="self-heal is on",
        ),
    }
    return ReleaseState(**(given | over))


def _chart(canary: list[float | None], baseline: float, factor: float, plus: float) -> tuple[ChartPoint, ...]:
    points = []
    for i, value in enumerate(canary):
        base = baseline * (1 + 0.03 * math.sin(i))
        points.append(ChartPoint(NOW - 60.0 * (len(canary) - 1 - i), value, base, base * factor + plus))
    return tuple(points)


def _windows(outcomes: str) -> tuple[WindowResult, ...]:
    kinds = {"p": Outcome.PASS, "b": Outcome.BREACH, "l": Outcome.LOW_TRAFFIC}
    many = len(outcomes)
    return tuple(
        WindowResult(
            start=NOW - 120 * (many - i),
            end=NOW - 120 * (many - i - 1),
            outcome=kinds[o],
            canary=Measured(count=620, events=19, value=0.031),
            baseline=Measured(count=2480, events=30, value=0.012),
        )
        for i, o in enumerate(outcomes)
    )


ERRORS_BREACH = Trigger(
    id="errors",
    title="Error rate",
    outcome=Outcome.BREACH,
    sentence="3.1 % (96 of 3,102; 2.5–3.8 %) ≥ 1.2 % × 1.10 = 1.32 % (baseline 149 of 12,408) since 09:09; "
    "ratio 2.0–3.3 excludes no change",
    plain="3.1 % is 158 % above 1.2 %: at or over +10 %: reached",
    other="read as points, 3.1 % is 1.9 points above: under 10 points",
    value=0.031,
    baseline=0.012,
    limit=0.0132,
    low=0.025,
    high=0.038,
    sample=3102,
    baseline_sample=12408,
    query=QUERY,
    evaluated_at=NOW - 12,
    baseline_label="stable pods, same window",
    second_opinion="High",
    windows=_windows("ppbbb"),
    chart=_chart(
        [0.010, 0.011, 0.012, 0.011, 0.013, 0.012, 0.016, 0.021, 0.026, 0.030, 0.031, 0.030, 0.031],
        0.012,
        1.1,
        0.0,
    ),
)
ERRORS_PASS = msgspec.structs.replace(
    ERRORS_BREACH,
    outcome=Outcome.PASS,
    value=0.0117,
    low=0.0093,
    high=0.0148,
    sample=6204,
    second_opinion="Pass",
    sentence="1.17 % (73 of 6,204; 0.93–1.48 %) < 1.2 % × 1.10 = 1.32 % (baseline 298 of 24,816); ratio 0.80–1.08 stays under ×1.1",
    plain="1.17 % is 2.5 % below 1.2 %: under +10 %: not reached",
    windows=_windows("ppppp"),
    chart=_chart(
        [
            0.012,
            0.0125,
            0.0118,
            0.0112,
            0.0119,
            0.0123,
            0.0121,
            0.0116,
            0.0117,
            0.0114,
            0.0118,
            0.0119,
            0.0117,
        ],
        0.012,
        1.1,
        0.0,
    ),
)
LATENCY_PASS = Trigger(
    id="latency",
    title="P90 latency",
    outcome=Outcome.PASS,
    unit="s",
    sentence="318 ms (3,102 requests; 309–327 ms) < 312 ms + 100 ms = 412 ms (baseline 12,408), interpolated in the bucket "
    "250–500 ms; difference −5 ms to +16 ms stays under 100 ms",
    plain="P90 latency rose by 6 ms: under 100 ms: not reached",
    value=0.318,
    baseline=0.312,
    limit=0.412,
    sample=3102,
    baseline_sample=12408,
    query="http_request_duration_seconds_bucket[12m]",
    evaluated_at=NOW - 12,
    bucket=(0.25, 0.5),
    baseline_label="stable pods, same window",
    flags=("limit finer than the bucket",),
    second_opinion="Pass",
    windows=_windows("ppppp"),
    chart=_chart(
        [0.315, 0.318, 0.316, 0.32, 0.325, 0.322, 0.318, 0.316, 0.319, 0.321, 0.318, 0.317, 0.318],
        0.312,
        1.0,
        0.1,
    ),
)
JOURNEYS_BREACH = Trigger(
    id="journeys",
    title="Critical functions",
    outcome=Outcome.BREACH,
    sentence="pay: 2 of the last 3 runs failed at step 3 of 4 (502)",
    unit="runs",
    sample=9,
)
JOURNEYS_PASS = msgspec.structs.replace(
    JOURNEYS_BREACH, outcome=Outcome.PASS, sentence="3 of 3 critical journeys work"
)
LOW = msgspec.structs.replace(
    ERRORS_BREACH,
    outcome=Outcome.LOW_TRAFFIC,
    value=0.02,
    low=0.003,
    high=0.07,
    sample=51,
    needed=1840,
    needed_seconds=1300.0,
    sentence="2 % (1 of 51; 0.3–7 %) ≥ 1.2 % × 1.10 = 1.32 %: the limit is reached, but ratio 0.2–6.1 allows no change too; "
    "about 1,840 more requests, 22 minutes at the present rate",
    windows=_windows("lllll"),
    second_opinion="Nodata",
    chart=_chart([None, 0.0, 0.0, None, 0.0, 0.0, 0.1, 0.0, None, None, 0.0, 0.0, 0.02], 0.012, 1.1, 0.0),
)
LOW_LATENCY = msgspec.structs.replace(
    LATENCY_PASS,
    outcome=Outcome.LOW_TRAFFIC,
    value=None,
    limit=None,
    sample=51,
    sentence="no request reached the canary after warm-up",
    windows=(),
    chart=(),
    flags=(),
    second_opinion="",
    needed=200,
    needed_seconds=235.0,
)


def judged(
    outcome: Outcome, advice: Advice, sentence: str, *triggers: Trigger, subject: Subject = CHECKOUT
) -> CanaryJudgement:
    return CanaryJudgement(
        subject=subject,
        at=NOW,
        outcome=outcome,
        advice=advice,
        sentence=sentence,
        triggers=triggers,
        canary_policy="9f" * 32,
    )


BREACH = judged(
    Outcome.BREACH,
    Advice.ROLL_BACK,
    f"roll back: Error rate: {ERRORS_BREACH.sentence}",
    ERRORS_BREACH,
    LATENCY_PASS,
    JOURNEYS_BREACH,
)
PASS = judged(
    Outcome.PASS,
    Advice.PROMOTE,
    "all triggers pass and the hold is over: promote",
    ERRORS_PASS,
    LATENCY_PASS,
    JOURNEYS_PASS,
)
LOW_TRAFFIC = judged(
    Outcome.LOW_TRAFFIC,
    Advice.WAIT,
    f"LOW TRAFFIC: Error rate: {LOW.sentence}",
    LOW,
    LOW_LATENCY,
    JOURNEYS_PASS,
)
OLD = judged(
    Outcome.QUERY_ERROR,
    Advice.HOLD,
    "QUERY ERROR: Error rate: Prometheus did not answer: connection refused",
    msgspec.structs.replace(
        ERRORS_PASS,
        outcome=Outcome.QUERY_ERROR,
        sentence="Prometheus did not answer: connection refused; "
        "before that: 1.17 % (73 of 6,204) < 1.2 % × 1.10 = 1.32 %",
        evaluated_at=NOW - 250,
    ),
    msgspec.structs.replace(
        LATENCY_PASS,
        outcome=Outcome.QUERY_ERROR,
        sentence="Prometheus did not answer: connection refused",
        evaluated_at=NOW - 250,
    ),
)
RUN = Analysis(
    subject=Subject(REF, "AnalysisRun", NS, "checkout-77aa-2"),
    kind="background",
    phase="Running",
    started=NOW - 600,
    metrics=(
        MetricResult(
            name="error-rate",
            phase="Running",
            successful=4,
            failed=1,
            condition="success: result[0] < 0.05",
            measurements=(Measurement(phase="Successful", value="[0.031]", at=NOW - 30),),
        ),
    ),
)
CLOSED = CalendarState(
    at=NOW,
    open=False,
    text="release CLOSED · opens Tue 24 Nov 10:00",
    zone="America/New_York",
    opens_at=1_795_532_400.0,
    why="closed: standard releases are on Tuesday and Thursday, 10:00 for 2h; opens Tue 24 Nov 10:00 EST",
    next=tuple(
        Slot(start=0, end=1, text=t)
        for t in (
            "Tue 24 Nov 10:00-12:00 EST (15:00Z)",
            "Tue 8 Dec 10:00-12:00 EST (15:00Z)",
            "Thu 10 Dec 10:00-12:00 EST (15:00Z)",
            "Tue 15 Dec 10:00-12:00 EST (15:00Z)",
            "Thu 17 Dec 10:00-12:00 EST (15:00Z)",
        )
    ),
)
OPEN = msgspec.structs.replace(
    CLOSED,
    open=True,
    text="release OPEN until 12:00",
    why="open: inside the release window Tue 24 Nov 10:00-12:00 EST",
)
GOOD = VerifiedGood(
    subject=CHECKOUT,
    template="{}",
    template_hash="66ff",
    images=("registry.example.com/checkout:2.13.4",),
    revision="87",
    at=NOW - 6 * world.DAY,
    by="ci",
)
FACTS = StoreState(
    maintenance=NOTHING_STORED.maintenance,
    verified={CHECKOUT: GOOD},
    health=StoreHealth(path="audit.db", terminal="ops-7", shared_configured=True, behind=3, proven_to=1204),
)
_OK = Observation(value="3.16.0", source="prometheus", observed_at=NOW - 5)
DOWN = Observation(
    value="3.16.0",
    source="prometheus",
    observed_at=NOW - 250,
    problem=Problem(
        kind=ProblemKind.UNREACHABLE,
        cause="connection refused",
        remedy="check the service monitoring/prometheus",
    ),
)


def _journey(name: str, ok: bool, duration: float, message: str = "", step: int = 0) -> Observation[Journey]:
    run = JourneyRun(at=NOW - 20, ok=ok, duration=duration, message=message, step=step, steps=4)
    return Observation(
        value=Journey(name=name, workload=CHECKOUT, side="canary", runs=(run,)), observed_at=NOW - 20
    )


def signals(prometheus: Observation[str] = _OK, pay: bool = True) -> Signals:
    return Signals(
        prometheus={REF: prometheus},
        journeys={
            "log in": _journey("log in", True, 0.21),
            "search": _journey("search", True, 0.18),
            "pay": _journey("pay", pay, 0.34, "" if pay else "502 at step 3, 2 of 3 runs", 3),
        },
    )


def assessed(
    *pairs: tuple[ReleaseState, CanaryJudgement | None],
    onto: Assessment = EMPTY_ASSESSMENT,
    calendar: CalendarState | None = None,
) -> Assessment:
    """An assessment that says this of releases, with the section that the playbook makes of it."""
    releases = {r.subject: r for r, _ in pairs}
    canaries = {r.subject: said for r, said in pairs if said is not None}
    findings = Findings(onto.verdicts, onto.workloads, releases, canaries, calendar)
    state = RELEASES.state(Picture(at=NOW, number=1, clusters={}), findings)
    return msgspec.structs.replace(
        onto,
        releases=releases,
        canaries=canaries,
        calendar=calendar,
        sections=(state, *(s for s in onto.sections if s.id != state.id)),
    )


class Told(Judge):
    """The judge, and beside what it says what a test has it say of releases."""

    def __init__(
        self, *pairs: tuple[ReleaseState, CanaryJudgement | None], calendar: CalendarState | None = CLOSED
    ) -> None:
        super().__init__()
        self.pairs, self.calendar = pairs, calendar

    def assess(self, picture: Picture, change: Change, now: float) -> tuple[Assessment, Any]:
        assessment, changed = super().assess(picture, change, now)
        return assessed(*self.pairs, onto=assessment, calendar=self.calendar), changed


def prepare(board: Board, given: Signals | None = None, facts: StoreState = FACTS) -> None:
    board.put_signals(published(signals() if given is None else given))
    board.put_store_state(facts)
