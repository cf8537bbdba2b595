"""What is said of a release in flight, as lines and as JSON."""

from __future__ import annotations

import json
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.tui import canaryworld as cw
from tfdash import figures
from tfdash.model.judgement import Advice, Breach, CanaryJudgement, Outcome, Trigger
from tfdash.model.release import Carrier, Phase, ReleaseState, Weight
from tfdash.model.verdict import Level
from tfdash.moments import clock
from tfdash.playbook.releases.answers import answer
from tfdash.views import canary, canaryfacts, canarywhy
from tfdash.views.layout import cells
from tfdash.views.state import State

ZONE = ZoneInfo("America/New_York")


def text(line: canary.Line) -> str:
    return "".join(c if isinstance(c, str) else c[0] for c in line)


def verdict(release: ReleaseState, judgement: CanaryJudgement | None) -> State:
    return canary.verdict(answer(release, judgement))


def headline(release: ReleaseState, judgement: CanaryJudgement | None) -> canary.Headline:
    return canary.headline(release, judgement, answer(release, judgement), ZONE)


@pytest.mark.parametrize("outcome", Outcome)
def test_only_a_breach_is_upper_case_and_nothing_unknown_is_green(outcome: Outcome) -> None:
    state = canary.outcome_state(outcome)
    assert state.word.isupper() is (outcome is Outcome.BREACH)
    assert (state.level is Level.OK) is (outcome is Outcome.PASS)
    assert outcome in (Outcome.PASS, Outcome.BREACH) or state.level is Level.UNKNOWN


@pytest.mark.parametrize(
    ("phase", "fresh", "old"),
    [("Successful", "✔", "?"), ("Failed", "✖", "✖"), ("Error", "▲", "▲"), ("Inconclusive", "?", "?")],
)
def test_an_analysis_that_was_not_read_lately_is_not_green(phase: str, fresh: str, old: str) -> None:
    """The API server is gone: what went well then is not well now, and what failed has failed."""
    metrics = tuple(msgspec.structs.replace(one, phase=phase) for one in cw.RUN.metrics)
    run = msgspec.structs.replace(cw.RUN, phase=phase, metrics=metrics)
    for as_of, glyph in ((None, fresh), (cw.NOW - 600, old)):
        release = msgspec.structs.replace(cw.release(), analyses=(run,), as_of=as_of)
        shown = [text(line) for line in canaryfacts.analysis_lines(release)]
        assert [set(line) & set("✔✖▲?") for line in shown] == [{glyph}] * 2, shown


def test_a_release_that_nothing_judges_is_never_green() -> None:
    assert verdict(cw.release(), None).text == "? not judged"
    assert verdict(cw.release(phase=Phase.STUCK), cw.PASS).level is Level.WARN


def test_the_headline_of_a_breach_has_the_numbers_and_what_to_do() -> None:
    head = headline(cw.release(), cw.BREACH)
    assert (head.state.text, head.text, head.advice) == (
        "✖ BREACH",
        "checkout 2.14.0: error rate 3.1 %, limit 1.32 %",
        "roll back",
    )


def test_what_came_back_is_not_said_to_be_held_against_what_was_left() -> None:
    def line(came_back: bool = False) -> str:
        said = msgspec.structs.replace(cw.PASS, came_back=came_back)
        return "".join(c if isinstance(c, str) else c[0] for c in canary.against(cw.release(), said))

    label = cw.PASS.triggers[0].baseline_label
    assert line().startswith(f"checkout 2.14.0 against 2.13.4 ({label})")
    back = line(True)
    assert back.startswith(f"checkout 2.14.0 back in place of 2.13.4 (against itself, {label})")


def test_the_worst_stands_first_and_what_rests_is_not_listed() -> None:
    quiet = (cw.release(cw.CHECKOUT._replace(name="zz"), phase=Phase.NONE), None)
    found = canary.shown(cw.assessed((cw.release(cw.AUTH), cw.PASS), (cw.release(), cw.BREACH), quiet))
    assert [r.subject.name for r in found] == ["checkout", "auth"]
    assert canary.shown(cw.assessed((cw.release(), cw.BREACH)), ("elsewhere",)) == []


def test_what_is_complete_and_on_its_way_to_be_verified_is_listed() -> None:
    said = cw.judged(Outcome.PASS, Advice.WAIT, "verified in 10 min", cw.ERRORS_PASS)
    found = canary.shown(cw.assessed((cw.release(phase=Phase.COMPLETE), said)))
    assert len(found) == 1 and verdict(found[0], said).text == "✔ pass"


@given(st.none() | st.floats(0, 100), st.none() | st.floats(0, 100), st.integers(4, 40))
def test_a_weight_bar_has_its_width_and_is_full_only_at_all(
    wanted: float | None, actual: float | None, width: int
) -> None:
    bar = canary.weight_bar(cw.release(weight=Weight(wanted=wanted, actual=actual)), width)
    got = actual if actual is not None else wanted
    if got is None:
        assert bar == []
        return
    assert cells(text(bar)) == width
    assert (text(bar[:1]) == "█" * width) is (got == 100)
    assert (text(bar[:1]) == "") is (got == 0)


def test_lines_lose_whole_pieces_and_never_end_in_a_lonely_glyph() -> None:
    line = ["one ", ("two ", "ok"), ("✔ ", "ok"), "three"]
    assert text(canary.fitting(line, 10)) == "one two "
    assert text(canary.fitting(line, 2)) == "one "
    label = [("metrics ", "dim"), ("? Prometheus failed", "unknown"), ("  ask", "dim")]
    assert text(canary.fitting(label, 16)) == "metrics ? Prome…"


@pytest.mark.parametrize(
    ("value", "unit", "shown"),
    [
        (0.031, "ratio", "3.1 %"),
        (0.0132, "ratio", "1.32 %"),
        (0.5, "ratio", "50 %"),
        (0.318, "s", "318 ms"),
        (1.5, "s", "1.5 s"),
        (0.000123, "ratio", "0.0123 %"),
        (None, "s", ""),
        (float("nan"), "ratio", ""),
    ],
)
def test_amounts(value: float | None, unit: str, shown: str) -> None:
    assert canary.amount(value, unit) == shown


def test_why_names_both_readings_the_interval_the_sample_and_the_query() -> None:
    told = "\n".join(canarywhy.why_lines(cw.release(), cw.BREACH, answer(cw.release(), cw.BREACH), ZONE))
    for part in (
        "158 % above",
        "read as points",
        "interval 2.5 % to 3.8 %",
        "3,102 requests",
        cw.QUERY,
        "never the sole ground",
    ):
        assert part in told


def test_the_json_is_json_and_says_what_the_screen_says() -> None:
    release = cw.release(analyses=(cw.RUN,))
    found = json.loads(json.dumps(canarywhy.as_json(release, cw.BREACH, answer(release, cw.BREACH))))
    assert found["verdict"] == "BREACH" and found["judgement"]["advice"] == "roll back"
    assert found["judgement"]["triggers"][0]["limit"] == 0.0132 and found["weight"]["approximate"] is True
    assert canarywhy.as_json(release, None, answer(release, None))["judgement"] is None


def test_unequal_numbers_look_unequal_and_are_written_as_in_the_sentences() -> None:
    assert (
        canary.amounts((0.013196, 0.0132), "ratio")
        == figures.percents((0.013196, 0.0132))
        == ["1.3196 %", "1.32 %"]
    )
    assert canary.amounts((0.4119, 0.412, None), "s") == ["411.9 ms", "412 ms", ""]


def test_the_limit_at_the_crossing_and_the_limit_now_have_their_names() -> None:
    """A BREACH that is quiet now is not said with the numbers of now alone, which are under the limit."""
    first = Breach(trigger="errors", uid="u", version="77aa", at=cw.NOW, value=0.031, limit=0.0132)
    quiet = msgspec.structs.replace(cw.ERRORS_BREACH, value=0.009, limit=0.011, breached=first)
    said = canary.moved(quiet, ZONE)
    assert said == f"error rate 3.1 %, limit 1.32 % at {clock(cw.NOW, ZONE)}; now 0.9 %, limit 1.1 %"
    assert canary.chart_title(quiet) == "error rate · limit then 1.32 % · limit now 1.1 % of all windows"
    told = "\n".join(
        canarywhy.why_lines(cw.release(), said_of(quiet), answer(cw.release(), said_of(quiet)), ZONE)
    )
    assert "limit then:" in told and "limit now:" in told
    still = msgspec.structs.replace(
        cw.ERRORS_BREACH, breached=msgspec.structs.replace(first, limit=cw.ERRORS_BREACH.limit)
    )
    assert canary.moved(still, ZONE) == "error rate 3.1 %, limit 1.32 %" and canary.limits_of(still) == [
        ("limit", "1.32 %")
    ]


def said_of(trigger: Trigger) -> CanaryJudgement:
    return cw.judged(Outcome.BREACH, Advice.ROLL_BACK, "roll back", trigger)


def test_a_failing_journey_stands_first() -> None:
    from tests.tui.recorded import REF
    from tfdash.model.observation import Observation
    from tfdash.model.picture import ClusterPicture, Picture

    picture = Picture(
        at=cw.NOW,
        number=1,
        clusters={REF: ClusterPicture(ref=REF, info=Observation(), kinds={})},
        signals=cw.signals(pay=False),
    )
    assert text(canaryfacts.journey_line(picture, cw.release(), cw.NOW)).startswith(
        "journeys  ✖ pay: 502 at step 3"
    )
    other = msgspec.structs.replace(cw.release(), subject=cw.AUTH, workload=None)
    assert canaryfacts.journey_line(picture, other, cw.NOW) == ()


@pytest.mark.parametrize("pay", [True, False])
def test_an_old_run_takes_the_tick_and_leaves_the_cross(pay: bool) -> None:
    from tests.tui.recorded import REF
    from tfdash.model.observation import Observation, Problem, ProblemKind
    from tfdash.model.picture import ClusterPicture, Picture

    signals = cw.signals(pay=pay)
    clusters = {REF: ClusterPicture(ref=REF, info=Observation(), kinds={})}
    at = Picture(at=cw.NOW, number=1, clusters=clusters, signals=signals)
    fresh = text(canaryfacts.journey_line(at, cw.release(), cw.NOW))
    old = text(canaryfacts.journey_line(at, cw.release(), cw.NOW + 3600))
    assert fresh.count("✔") == (3 if pay else 2) and "ago" not in fresh
    assert "✔" not in old and old.count("? ") == fresh.count("✔") and old.count("✖") == fresh.count("✖")
    assert "last worked 1h ago" in old
    gone = Problem(kind=ProblemKind.UNREACHABLE, cause="refused")
    lost = {k: msgspec.structs.replace(o, problem=gone) for k, o in signals.journeys.items()}
    unread = msgspec.structs.replace(at, signals=msgspec.structs.replace(signals, journeys=lost))
    assert "✔" not in text(canaryfacts.journey_line(unread, cw.release(), cw.NOW))


@pytest.mark.parametrize(
    ("actual", "level", "word"),
    [(0.0, Level.WARN, "aborted"), (12.0, Level.BREACH, "BREACH"), (None, Level.BREACH, "BREACH")],
)
def test_what_was_brought_back_is_no_longer_to_be_rolled_back(
    actual: float | None, level: Level, word: str
) -> None:
    """A BREACH stands after the rollback; "must roll back" does not, once the canary gets nothing."""
    release, said = cw.release(), cw.BREACH
    back = msgspec.structs.replace(release, phase=Phase.ABORTED, weight=Weight(wanted=0, actual=actual))
    state = verdict(back, said)
    assert (state.level, state.word) == (level, word)
    assert headline(back, said).advice == "roll back"  # of what is wanted: that is what b does then


def test_flaggers_release_is_named_by_its_canary_not_by_the_primary_that_serves() -> None:
    named = cw.CHECKOUT._replace(kind="Canary", name="web")
    told = cw.release(
        named, carrier=Carrier.CANARY, workload=named._replace(kind="Deployment", name="web-primary")
    )
    assert canary.name_and_version(told) == "web 2.14.0"
