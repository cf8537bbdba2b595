"""A BREACH stands from its first crossing until a stated rule ends it."""

from __future__ import annotations

import random
from typing import Any, ClassVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

from tests.unit.playbook.canary.making import (
    CANARY_POD,
    NEW,
    OLD,
    STABLE_POD,
    T0,
    histogram,
    judged,
    policy,
    release,
    seen,
    traffic,
    trigger,
)
from tests.unit.playbook.canary.test_judging import journey
from tests.unit.playbook.canary.test_window_cache import World
from tests.unit.test_judging_canaries import SIGNALS, picture
from tfdash.judging.canaries import CanaryRunner
from tfdash.model.judgement import Advice, Breach, Outcome
from tfdash.model.observation import Observation, Problem, ProblemKind
from tfdash.model.release import Phase, Side
from tfdash.model.store_state import StoreState
from tfdash.playbook.canary import WindowCache, freeze_baseline, judge_release, latch, policy_digest
from tfdash.playbook.policies import Policies
from tfdash.playbook.schedule import default_calendar_policy

RULES = policy(warm_up=0, latency={"enabled": False})
BAD = [(1000, 60)] * 5
QUIET = [(1000, 10)] * 40
UID = "uid-1"
STATE = release(uid=UID)


def told(rows: list[tuple[float, float]], state: Any = STATE, **fields: Any) -> Any:
    return judged(traffic(rows, [(9000, 90)] * len(rows)), RULES, state, **fields)


FIRST = told(BAD).breaches[0]


class TestFirstCrossing:
    def test_it_has_its_time_windows_numbers_and_policy(self) -> None:
        (one,) = told(BAD).breaches
        assert (one.trigger, one.uid, one.version) == ("errors", UID, NEW)
        assert T0 < one.at <= T0 + 300 and one.since == T0 and one.until == one.at
        assert one.value == 0.06 and one.limit == pytest.approx(0.011)
        assert one.canary_policy == policy_digest(RULES)

    def test_a_latency_is_said_in_seconds_for_ever(self) -> None:
        slow, fast = [[0.4] * 500] * 5, [[0.04] * 500] * 5
        latency = [histogram(slow, pod=CANARY_POD), histogram(fast, pod=STABLE_POD)]
        world = traffic([(500, 0)] * 5, [(500, 0)] * 5, latency=latency)
        (one,) = judged(world, policy(warm_up=0), STATE).breaches
        assert (one.trigger, one.unit) == ("latency", "s")
        assert " ms ≥ " in latch.short(one) and "%" not in latch.short(one)

    @pytest.mark.long
    def test_a_second_look_at_more_windows_finds_the_same(self) -> None:
        assert {told([*BAD, *QUIET[:k]]).breaches[0].at for k in range(30)} == {FIRST.at}

    def test_it_is_found_in_windows_that_no_more_count(self) -> None:
        """What a terminal says that is started anew an hour later, by the backend's history alone."""
        late = told([*BAD, *QUIET])
        assert trigger(late, "errors").sentence.startswith(
            "BREACH since 08:01 UTC (6 % ≥ 1.1 %); now LOW TRAFFIC: "
        )
        assert (late.outcome, late.advice) == (Outcome.BREACH, Advice.ROLL_BACK)

    def test_it_says_from_when_on_it_could_look(self) -> None:
        """Samples that begin after the release did say nothing of what was crossed before."""
        flag = "is not in the samples"
        whole = trigger(told([*BAD, *QUIET]), "errors")
        assert not any(flag in f for f in whole.flags)
        began = structs.replace(STATE, started=T0 - 36000)
        late = trigger(told(QUIET, began), "errors")
        assert [f for f in late.flags if flag in f] == [f"what was crossed before 08:00 UTC {flag}"]
        # what the store knows of is from before that: nothing is missing
        early = structs.replace(FIRST, at=T0 - 1800)
        known = trigger(told(QUIET, began, breaches=(early,)), "errors")
        assert known.outcome is Outcome.BREACH and not any(flag in f for f in known.flags)

    def test_half_an_answer_shows_none(self) -> None:
        value = traffic(BAD, [(9000, 90)] * 5)
        half = structs.replace(value, queries=(value.queries[0]._replace(warning="a store is away"),))
        found = judged(half, RULES, STATE)
        assert (found.outcome, found.breaches) == (Outcome.QUERY_ERROR, ())
        assert judged(half, RULES, STATE, breaches=(FIRST,)).outcome is Outcome.BREACH


class TestStands:
    @pytest.mark.parametrize("gone", ["no metrics", "failed", "quiet", "old"])
    def test_loss_quiet_and_time_do_not_end_it(self, gone: str) -> None:
        value = traffic(QUIET[:30], [(9000, 90)] * 30)
        lost = Problem(kind=ProblemKind.UNREACHABLE, cause="connection refused")
        given, now = {
            "no metrics": (None, T0 + 9000),
            "failed": (Observation(problem=lost), T0 + 9000),
            "quiet": (seen(traffic([(0, 0)] * 5, [(0, 0)] * 5)), T0 + 300),
            "old": (seen(value), T0 + 90_000),
        }[gone]
        found = judge_release(STATE, given, (), {}, RULES, now, breaches=(FIRST,))
        assert (found.outcome, found.advice) == (Outcome.BREACH, Advice.ROLL_BACK)
        assert "BREACH since" in found.sentence and found.breaches == (FIRST,)

    def test_the_date_is_said_where_it_is_not_today(self) -> None:
        found = judge_release(STATE, None, (), {}, RULES, T0 + 86400, breaches=(FIRST,))
        assert "BREACH since 15 Jan 08:01 UTC" in found.sentence

    @pytest.mark.parametrize("phase", [Phase.NONE, Phase.COMPLETE, Phase.STUCK, Phase.UNKNOWN, Phase.ABORTED])
    def test_in_every_phase(self, phase: Phase) -> None:
        state = release(uid=UID, phase=phase)
        found = judge_release(state, None, (), {}, RULES, T0 + 400, breaches=(FIRST,))
        assert found.outcome is Outcome.BREACH

    def test_a_journey_that_works_again(self) -> None:
        rules = policy(warm_up=0, latency={"enabled": False}, errors={"enabled": False})
        value = traffic(QUIET[:10], [(9000, 90)] * 10)
        (broken,) = judged(value, rules, STATE, journeys=[journey(True, False, False)]).breaches
        assert broken.at == T0 + 600
        again = judged(value, rules, STATE, journeys=[journey(True, True, True)], breaches=(broken,))
        assert again.outcome is Outcome.BREACH
        assert "now PASS: 1 of 1 critical journeys work" in again.sentence


class TestEnds:
    def test_by_another_version_or_object(self) -> None:
        newer = release(uid=UID, canary=Side(hash="other", oldest_start=T0))
        again = release(uid="uid-2")
        for state in (newer, again):
            found = told(QUIET[:10], state, breaches=(FIRST,))
            assert found.outcome is not Outcome.BREACH and found.breaches == ()

    def test_by_another_version_that_serves_everything(self) -> None:
        back = release(uid=UID, phase=Phase.COMPLETE, canary=None, stable=Side(hash=OLD))
        (ended,) = latch.over((FIRST,), back, T0 + 900)
        assert ended.ended == f"{OLD} serves everything" and not ended.stands
        for phase in (Phase.PROGRESSING, Phase.ABORTED, Phase.UNKNOWN):
            state = release(uid=UID, phase=phase, canary=None, stable=Side(hash=OLD))
            assert latch.over((FIRST,), state, T0) == (FIRST,)
        assert latch.over((FIRST,), release(uid=UID, phase=Phase.COMPLETE), T0) == (FIRST,)

    def test_a_person_who_goes_on_makes_it_hold_never_pass(self) -> None:
        decided = structs.replace(FIRST, overruled="ann: a synthetic load test")
        for rows in (QUIET[:30], BAD):
            found = told(rows, breaches=(decided,))
            assert (found.outcome, found.advice) == (Outcome.HOLD, Advice.HOLD)
            assert "overruled by ann: a synthetic load test" in found.sentence

    def test_what_is_over_is_not_found_again_in_the_samples(self) -> None:
        """The same version, released again after it was mended: its first run is still in the history."""
        done = structs.replace(FIRST, ended=f"{OLD} serves everything", ended_at=T0 + 2400)
        again = told([*BAD, *QUIET], breaches=(done,))
        assert (again.outcome, again.breaches) == (Outcome.LOW_TRAFFIC, ())
        other = structs.replace(done, version="other")
        assert told([*BAD, *QUIET], breaches=(other,)).outcome is Outcome.BREACH

    def test_what_is_crossed_after_it_stands_and_can_be_overruled(self) -> None:
        done = structs.replace(FIRST, ended="not comparable", ended_at=T0 + 600, withdrawn=True)
        (one,) = told([*BAD, *QUIET[:10], *BAD], breaches=(done,)).breaches
        assert one.at > T0 + 600
        (kept,) = latch.merged((done,), (one,))
        assert latch.standing((kept,), STATE) == (one,)
        calm = told([*BAD, *QUIET[:10], *BAD, *QUIET], breaches=(kept,))
        assert calm.outcome is Outcome.BREACH and "BREACH since" in calm.sentence

    def test_another_trigger_is_not_overruled_with_it(self) -> None:
        decided = structs.replace(FIRST, overruled="ann: no")
        found = told(QUIET[:10], breaches=(decided,), journeys=[journey(False, False)])
        assert found.outcome is Outcome.BREACH and "Critical journeys" in found.sentence

    def test_a_prober_that_was_broken_then_withdraws_what_it_said(self) -> None:
        rules = policy(warm_up=0, latency={"enabled": False}, errors={"enabled": False})
        value = traffic(QUIET[:10], [(9000, 90)] * 10)
        (broken,) = judged(value, rules, STATE, journeys=[journey(False, False)]).breaches
        probe = [journey(False, False), journey(False, name="probe", control=True)]
        found = judged(value, rules, STATE, journeys=probe, breaches=(broken,))
        assert found.outcome is Outcome.NOT_COMPARABLE and "is withdrawn" in found.sentence
        assert found.breaches[0].withdrawn and "control probe" in found.breaches[0].ended
        later = structs.replace(broken, at=broken.at - 4000)
        assert judged(value, rules, STATE, journeys=probe, breaches=(later,)).outcome is Outcome.BREACH


class TestMerging:
    def test_the_earliest_counts(self) -> None:
        other = structs.replace(FIRST, at=FIRST.at - 60, overruled="ann: no")
        assert latch.merged((FIRST,), (other,)) == latch.merged((other,), (FIRST,)) == (other,)

    def test_an_end_counts_for_what_was_before_it(self) -> None:
        over = structs.replace(FIRST, ended="over", ended_at=FIRST.at + 100)
        anew = structs.replace(FIRST, at=FIRST.at + 200)
        assert latch.merged((over,), (FIRST,)) == (over,)
        assert latch.merged((anew,), (over,)) == (anew,)


class TestRunner:
    """With the judge's own memory, and the store's."""

    def runner(self) -> CanaryRunner:
        judge = CanaryRunner(Policies(canary=RULES, calendar=default_calendar_policy("UTC")))
        judge.states = {STATE.subject: STATE}
        return judge

    def shown(self, rows: list[tuple[float, float]], **store: Any) -> Any:
        found = picture(self.runner().states)
        value = traffic(rows, [(9000, 90)] * len(rows))
        signals = structs.replace(found.signals, traffic={STATE.subject: seen(value)})
        return structs.replace(found, signals=signals, store_state=StoreState(**store))

    def test_once_crossed_it_stays_whatever_comes(self) -> None:
        judge = self.runner()
        for rows in (BAD, QUIET[:5], [(0, 0)], QUIET[:40]):
            judge.assess(self.shown(rows), SIGNALS, set(), T0 + 60 * len(rows))
            assert judge.judgements[STATE.subject].outcome is Outcome.BREACH, len(rows)
        assert judge.breaches == {STATE.subject: (FIRST,)}

    def test_what_the_store_says_is_said_by_a_terminal_that_was_started_now(self) -> None:
        judge = self.runner()
        judge.assess(self.shown(QUIET[:5], breaches={STATE.subject: (FIRST,)}), SIGNALS, set(), T0 + 300)
        assert judge.judgements[STATE.subject].outcome is Outcome.BREACH

    def test_what_no_more_is_judged_is_while_a_breach_stands(self) -> None:
        judge = self.runner()
        judge.assess(self.shown(BAD), SIGNALS, set(), T0 + 300)
        side = structs.replace(STATE.canary, oldest_start=None)
        judge.states = {STATE.subject: release(uid=UID, phase=Phase.NONE, canary=None, stable=side)}
        judge.assess(self.shown(BAD), SIGNALS, set(judge.states), T0 + 9000)
        assert judge.judgements[STATE.subject].outcome is Outcome.BREACH
        judge.states = {STATE.subject: release(uid=UID, phase=Phase.NONE, canary=None)}
        judge.assess(self.shown(BAD), SIGNALS, set(judge.states), T0 + 9100)
        assert judge.judgements == {} and not judge.breaches[STATE.subject][0].stands

    def test_a_decision_to_go_on_comes_from_the_store(self) -> None:
        judge = self.runner()
        judge.assess(self.shown(BAD), SIGNALS, set(), T0 + 300)
        decided = structs.replace(FIRST, overruled="ann: no")
        judge.assess(self.shown(BAD, breaches={STATE.subject: (decided,)}), SIGNALS, set(), T0 + 301)
        assert judge.judgements[STATE.subject].outcome is Outcome.HOLD


class TestAfterARollBack:
    """The old version again, against its own baseline from before the bad one."""

    FROZEN = freeze_baseline(
        STATE, traffic([(40_000, 40)] * 10, [(40_000, 40)] * 10), {CANARY_POD: T0}, RULES, T0 + 600
    )
    LEFT: ClassVar = {NEW: T0 + 300}

    def back(self, phase: Phase = Phase.COMPLETE, **fields: Any) -> Any:
        sides = {"canary": Side(hash=OLD, oldest_start=T0 - 90000), "stable": Side(hash=NEW, oldest_start=T0)}
        return release(
            uid=UID,
            phase=phase,
            finished=T0 + 300 if phase is Phase.COMPLETE else None,
            **{**sides, **fields},
        )

    def told(self, errors: float, state: Any = None, frozen: str | None = None) -> Any:
        """The bad version fails every tenth request all the time: it would let anything pass."""
        value = traffic([(40_000, 4000)] * 20, [(40_000, 40)] * 5 + [(40_000, errors)] * 15)
        return judged(
            value,
            RULES,
            state or self.back(),
            left=self.LEFT,
            frozen=self.FROZEN if frozen is None else frozen,
        )

    @pytest.mark.parametrize("phase", [Phase.COMPLETE, Phase.PROGRESSING])
    def test_it_is_never_held_against_the_version_that_was_left(self, phase: Phase) -> None:
        good, bad = self.told(40, self.back(phase)), self.told(400, self.back(phase))
        assert good.outcome is Outcome.PASS and bad.outcome is Outcome.BREACH
        assert good.triggers[0].baseline_label == "frozen at 08:10 UTC"

    def test_it_came_back_and_what_is_new_did_not(self) -> None:
        assert self.told(40).came_back
        assert not self.told(40, self.back(Phase.PROGRESSING, canary=Side(hash="newer"))).came_back
        assert not judge_release(
            STATE, seen(traffic([(40_000, 40)], [(40_000, 40)])), (), {}, RULES, T0 + 60
        ).came_back

    def test_also_where_only_one_side_is_known(self) -> None:
        alone = self.back(canary=None, stable=Side(hash=OLD))
        assert self.told(40, alone).outcome is Outcome.PASS
        assert self.told(400, alone).outcome is Outcome.BREACH

    def test_what_journeys_ran_into_before_it_came_back_is_the_other_versions(self) -> None:
        """Also where no metrics tell since when it serves."""
        for finished, outcome in ((T0 + 585, Outcome.LOW_TRAFFIC), (T0 + 570, Outcome.BREACH)):
            found = judge_release(
                structs.replace(self.back(), finished=finished), None, [journey(False, False, False)], {}, RULES, T0 + 600,
                left=self.LEFT, frozen=self.FROZEN,
            )  # fmt: skip
            assert trigger(found, "journeys").outcome is outcome

    def test_for_the_verification_time(self) -> None:
        assert self.told(40).verified_in == T0 + 300 + RULES.verification - (T0 + 1200)

    @pytest.mark.parametrize("frozen", ["", "nonsense"])
    def test_without_such_a_baseline_nothing_is_said(self, frozen: str) -> None:
        found = self.told(40, frozen=frozen)
        assert found.outcome is Outcome.NOT_COMPARABLE
        assert f"it came back in place of {NEW}, of which a BREACH was said" in found.sentence

    def test_the_judge_keeps_the_baseline_and_never_the_bad_versions(self) -> None:
        judge = CanaryRunner(Policies(canary=RULES))
        shown = picture({STATE.subject: STATE})

        def look(state: Any, canary: float, stable: float, minutes: int) -> Any:
            judge.states = {STATE.subject: state}
            value = traffic([(40_000, canary)] * minutes, [(40_000, stable)] * minutes)
            signals = structs.replace(shown.signals, traffic={STATE.subject: seen(value)})
            now = structs.replace(shown, signals=signals)
            judge.assess(now, SIGNALS, {STATE.subject}, T0 + 60 * minutes)
            return judge.judgements[STATE.subject]

        assert look(STATE, 4000, 40, 5).outcome is Outcome.BREACH
        kept = judge.frozen[STATE.subject]
        assert look(self.back(Phase.PROGRESSING), 4000, 40, 10).outcome is not Outcome.BREACH
        assert look(self.back(), 4000, 40, 20).outcome is Outcome.PASS
        assert judge.frozen[STATE.subject] == kept
        assert judge.breaches[STATE.subject][0].ended == f"{OLD} serves everything"


@pytest.mark.long
@settings(max_examples=40)
@given(st.integers(0, 10**9), st.lists(st.integers(1, 9), min_size=3, max_size=12))
def test_incremental_is_afresh_with_what_stands(seed: int, steps: list[int]) -> None:
    """With a memory or without, by the same first crossings; and once crossed is always crossed."""
    world, cache, rules = World(seed), WindowCache(), policy(windows=6, errors={"min_requests": 20})
    chance, known, state = random.Random(seed), tuple[Breach, ...](), STATE
    for scrapes in steps:
        bad = chance.random() < 0.4
        for _ in range(scrapes):
            world.scrape()
            if bad and (CANARY_POD, "500") in world.totals:
                world.totals[CANARY_POD, "500"] += chance.randrange(30)
                world.totals[CANARY_POD, "200"] += 1
        value = world.traffic()
        now = value.evaluated_at + 2
        both = [
            judge_release(state, seen(value), (), world.pods, rules, now, cache=one, breaches=known)
            for one in (cache, None)
        ]
        assert both[0] == both[1]
        assert {b.key for b in known} <= {b.key for b in both[0].breaches}
        assert (both[0].outcome is Outcome.BREACH) == bool(both[0].breaches)
        known = both[0].breaches
    assert STABLE_POD in world.pods
