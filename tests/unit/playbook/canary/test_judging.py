"""Journeys, manual decisions, frozen baselines, advice, and the policy that they are judged by."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from tests.configured import canary_policy
from tests.unit.playbook.canary.making import (
    CANARY_POD,
    NEW,
    OLD,
    REF,
    STABLE_POD,
    SUBJECT,
    T0,
    judged,
    policy,
    release,
    traffic,
    trigger,
    windows_counter,
)
from tfdash.config.problems import ConfigError
from tfdash.model.judgement import Advice, Outcome
from tfdash.model.observation import Observation
from tfdash.model.release import Pause, Phase, Side
from tfdash.model.subject import Subject
from tfdash.model.traffic import Journey, JourneyRun
from tfdash.playbook.canary import (
    default_canary_policy,
    freeze_baseline,
    judge_release,
    policy_digest,
)

RULES = policy(warm_up=0, latency={"enabled": False})
GOOD = traffic([(40_000, 40)] * 10, [(40_000, 40)] * 10)
BAD = traffic([(1000, 30)] * 5, [(9000, 90)] * 5)


def journey(*oks: bool | None, **fields: Any) -> Observation[Journey]:
    runs = tuple(
        JourneyRun(
            at=T0 + 600 - 30 * (len(oks) - 1 - i),
            ok=ok,
            step=3,
            steps=4,
            message="" if ok else "502 at step 3",
        )
        for i, ok in enumerate(oks)
    )
    base: dict[str, Any] = {"name": "buy", "workload": SUBJECT, "side": "canary", "runs": runs}
    return Observation(value=Journey(**{**base, **fields}))


class TestJourneys:
    def told(self, *seen: Observation[Journey]) -> Any:
        return trigger(judged(GOOD, RULES, journeys=seen), "journeys")

    def test_passing(self) -> None:
        assert self.told(journey(True, True, True)).outcome is Outcome.PASS

    def test_k_of_n(self) -> None:
        told = self.told(journey(True, False, False))
        assert told.outcome is Outcome.BREACH
        assert told.sentence == "buy: 2 of the last 3 runs failed (502 at step 3)"
        assert told.plain == "broken by its last run: buy"
        assert self.told(journey(False, True, False)).outcome is Outcome.BREACH
        one = self.told(journey(True, True, False))
        assert one.outcome is Outcome.LOW_TRAFFIC
        assert self.told(journey(False, False, True, True, True)).outcome is Outcome.PASS

    def test_mixed_is_mostly_stable(self) -> None:
        assert "mostly stable" in self.told(journey(False, False, side="mixed")).flags
        assert "mostly stable" in self.told(journey(True, True, side="mixed")).flags
        assert "mostly stable" not in self.told(journey(True, True)).flags

    def test_a_failed_control_probe_makes_it_unknown(self) -> None:
        probe = journey(False, name="probe", control=True)
        told = self.told(journey(False, False, False), probe)
        assert told.outcome is Outcome.NOT_COMPARABLE
        assert "control probe" in told.sentence
        assert self.told(journey(False, False), journey(True, control=True)).outcome is Outcome.BREACH

    def test_the_stable_side_and_what_is_not_critical_decide_nothing(self) -> None:
        told = self.told(journey(True, True), journey(False, False, name="old", side="stable"))
        assert told.outcome is Outcome.PASS
        assert any("stable side" in f for f in told.flags)
        told = self.told(journey(True, True), journey(False, False, name="help", critical=False))
        assert told.outcome is Outcome.PASS
        assert any("not critical" in f for f in told.flags)
        assert self.told(journey(True, side="stable")).outcome is Outcome.NOT_COMPARABLE

    def test_unknown(self) -> None:
        assert self.told(journey()).outcome is Outcome.NO_DATA
        assert self.told(journey(True, None)).outcome is Outcome.NOT_COMPARABLE
        old = journey(runs=(JourneyRun(at=T0 + 60, ok=True),))
        assert self.told(old).outcome is Outcome.STALE
        before = journey(runs=(JourneyRun(at=T0 - 60, ok=False), JourneyRun(at=T0 - 30, ok=False)))
        assert self.told(before).outcome is Outcome.NO_DATA

    def test_of_another_workload_or_of_none(self) -> None:
        other = journey(False, False, workload=Subject(REF, "Deployment", "shop", "cart"))
        assert all(t.id != "journeys" for t in judged(GOOD, RULES, journeys=[other]).triggers)
        assert self.told(journey(False, False, workload=None)).outcome is Outcome.BREACH


class TestManual:
    def test_a_person_decides(self) -> None:
        told = judged(GOOD, RULES, manual="rolled back by ana: support calls")
        assert (told.outcome, told.advice) == (Outcome.BREACH, Advice.ROLL_BACK)
        assert told.triggers[0].id == "manual"
        assert "support calls" in told.sentence

    def test_whether_one_decided_is_not_known_where_entries_were_lost(self) -> None:
        told = judged(GOOD, RULES, lost="not known: entries were lost")
        assert (told.outcome, told.advice) == (Outcome.HOLD, Advice.HOLD) and "were lost" in told.sentence
        assert judged(BAD, RULES, lost="x").outcome is judged(BAD, RULES).outcome is Outcome.BREACH
        assert judged(GOOD, RULES, manual="ana: no", lost="x").outcome is Outcome.BREACH
        state = release(phase=Phase.COMPLETE, canary=None)
        assert judged(GOOD, RULES, state, lost="x") == judged(GOOD, RULES, state)

    def test_even_where_nothing_is_in_flight(self) -> None:
        state = release(phase=Phase.COMPLETE, canary=None)
        assert judged(GOOD, RULES, state, manual="ana: no").advice is Advice.ROLL_BACK


class TestFrozen:
    def freeze(self) -> str:
        return freeze_baseline(release(), GOOD, {CANARY_POD: T0}, RULES, T0 + 600)

    def after(self, errors: float) -> Any:
        rows = (
            [windows_counter([40_000] * 10, pod=CANARY_POD)],
            [windows_counter([errors] * 10, pod=CANARY_POD)],
        )
        return msgspec.structs.replace(GOOD, requests=tuple(rows[0]), errors=tuple(rows[1]))

    def done(self, finished: float = T0 + 100) -> Any:
        stable = Side(hash=NEW, oldest_start=T0)
        return release(phase=Phase.COMPLETE, canary=None, stable=stable, finished=finished)

    def test_is_canonical(self) -> None:
        text = self.freeze()
        assert json.dumps(json.loads(text), sort_keys=True, separators=(",", ":")) == text
        assert json.loads(text)["requests"] == 400_000
        assert json.loads(text)["hash"] == OLD
        assert self.freeze() == text

    def test_goes_on_comparing(self) -> None:
        told = judged(self.after(40), RULES, self.done(), frozen=self.freeze())
        assert told.outcome is Outcome.PASS
        assert told.triggers[0].baseline_label == "frozen at 08:10 UTC"
        told = judged(self.after(400), RULES, self.done(), frozen=self.freeze())
        assert (told.outcome, told.advice) == (Outcome.BREACH, Advice.ROLL_BACK)

    def test_verified_after_the_time(self) -> None:
        told = judged(self.after(40), RULES, self.done(), frozen=self.freeze())
        assert told.verified_in == T0 + 100 + 1800 - (T0 + 600)
        assert told.advice is Advice.WAIT
        told = judged(self.after(40), RULES, self.done(finished=T0 - 1200), frozen=self.freeze())
        assert (told.verified_in, told.advice) == (0.0, Advice.NOTHING)

    def test_not_against_itself(self) -> None:
        back = release(phase=Phase.COMPLETE, canary=None, stable=Side(hash=OLD))
        told = judged(GOOD, RULES, back, frozen=self.freeze())
        assert told.outcome is Outcome.NOT_COMPARABLE

    @pytest.mark.parametrize("text", ["nonsense", "{}", '{"v":2}', "[]", '{"v":1,"hash":"x"}'])
    def test_damaged_is_said(self, text: str) -> None:
        told = judged(self.after(40), RULES, self.done(), frozen=text)
        assert (told.outcome, told.advice) == (Outcome.NOT_COMPARABLE, Advice.HOLD)
        assert "cannot be read" in told.sentence

    def test_without_one_there_is_nothing_to_say(self) -> None:
        told = judged(self.after(40), RULES, self.done())
        assert (told.advice, told.triggers) == (Advice.NOTHING, ())

    def test_nothing_to_freeze(self) -> None:
        assert freeze_baseline(release(), traffic([(10, 0)], []), {}, RULES, T0) == ""
        assert freeze_baseline(release(canary=None), GOOD, {}, RULES, T0) == ""


class TestBefore:
    def value(self, errors: float) -> Any:
        rows = [40_000] * 5 + [0] * 5, [0] * 5 + [40_000] * 5
        bad = [40] * 5 + [0] * 5, [0] * 5 + [errors] * 5
        pods = STABLE_POD, CANARY_POD
        return msgspec.structs.replace(
            GOOD,
            since=T0 - 15,
            requests=tuple(windows_counter(r, pod=p) for r, p in zip(rows, pods, strict=True)),
            errors=tuple(windows_counter(r, pod=p) for r, p in zip(bad, pods, strict=True)),
        )

    def told(self, errors: float, **rules: Any) -> Any:
        state = release(canary=Side(hash=NEW, oldest_start=T0 + 300))
        started = {CANARY_POD: T0 + 300, STABLE_POD: T0 - 9000}
        return judged(
            self.value(errors),
            policy(warm_up=0, latency={"enabled": False}, **rules),
            state,
            pod_started=started,
        )

    @pytest.mark.parametrize("rules", [{"baseline": "before"}, {}])
    def test_is_the_weaker_baseline(self, rules: dict[str, Any]) -> None:
        told = self.told(40, **rules)
        # from the first whole window that the samples hold
        label = "the service before the release, 08:00 UTC to 08:05 UTC (weaker)"
        assert told.triggers[0].baseline_label == label
        assert told.outcome is Outcome.PASS
        assert self.told(400, **rules).outcome is Outcome.BREACH


class TestAlone:
    """The canary serves everything, and nobody froze a baseline."""

    def told(self, late: float) -> Any:
        rows = [(20_000, 20)] * 6 + [(40_000, late)] * 4
        return judged(traffic(rows, [(20_000, 20)] * 6 + [(0, 0)] * 4), RULES)

    def test_goes_on_against_the_stable_pods_last_windows(self) -> None:
        assert self.told(40).outcome is Outcome.PASS
        assert (
            self.told(40).triggers[0].baseline_label == "stable pods until 08:06 UTC, when they last served"
        )

    def test_a_fault_at_full_traffic_is_found(self) -> None:
        assert self.told(800).advice is Advice.ROLL_BACK


class TestAdvice:
    def test_promote_only_when_all_pass_and_the_hold_is_over(self) -> None:
        told = judged(GOOD, RULES, now=T0 + 600)
        assert (told.outcome, told.advice) == (Outcome.PASS, Advice.PROMOTE)
        assert judged(GOOD, RULES, now=T0 + 299).advice is Advice.WAIT
        paused = release(pause=Pause(reason="CanaryPauseStep", since=T0 + 500))
        assert judged(GOOD, RULES, paused, now=T0 + 600).advice is Advice.WAIT

    @pytest.mark.parametrize(
        ("state", "now", "advice"),
        [
            ({}, T0 + RULES.hold - 1, Advice.WAIT),
            ({}, T0 + RULES.hold, Advice.PROMOTE),
            ({"pause": Pause(reason="r", since=T0 + 250)}, T0 + 249 + RULES.hold, Advice.WAIT),
            ({"pause": Pause(reason="r", since=T0 + 250)}, T0 + 250 + RULES.hold, Advice.PROMOTE),
            (
                {"pause": Pause(reason="r", since=T0 - 250)},
                T0 + RULES.hold - 1,
                Advice.WAIT,
            ),  # the later of both
            ({"pause": Pause(reason="r")}, T0 + RULES.hold, Advice.PROMOTE),
        ],
    )
    def test_the_hold_ends_in_its_time(self, state: dict[str, Any], now: float, advice: Advice) -> None:
        assert judged(GOOD, RULES, release(**state), now=now).advice is advice

    @pytest.mark.parametrize(
        ("began", "age", "advice"),
        [(T0, 179, Advice.WAIT), (T0, 180, Advice.HOLD), (None, 9000, Advice.WAIT)],
    )
    def test_without_data_it_waits_while_the_canary_is_young(
        self, began: float | None, age: float, advice: Advice
    ) -> None:
        """Three windows after its warm-up, which is none here."""
        state = release(canary=Side(hash=NEW, oldest_start=began))
        told = judge_release(state, Observation(), (), {}, RULES, T0 + age)
        assert (told.outcome, told.advice) == (Outcome.NO_DATA, advice)

    @pytest.mark.parametrize(
        ("value", "state", "sentence"),
        [
            (BAD, {}, "roll back: Error rate: "),
            (BAD, {"phase": Phase.UNKNOWN}, "roll back: Error rate: "),
            (GOOD, {"phase": Phase.UNKNOWN, "message": "m"}, "all triggers pass, but the release does not go on: m"),
            (GOOD, {"phase": Phase.UNKNOWN}, "all triggers pass, but the release does not go on: its state is not known"),
            (GOOD, {"phase": Phase.NONE, "message": "m"}, "nothing in flight: m"),
            (GOOD, {"phase": Phase.NONE}, f"nothing in flight: {Phase.NONE.value}"),
            (GOOD, {"phase": Phase.ABORTED}, f"nothing in flight: {Phase.ABORTED.value}"),
            (GOOD, {"phase": Phase.STUCK}, "all triggers pass, but the release does not go on: its state is not known"),
        ],
    )  # fmt: skip  # a row is one case
    def test_what_is_said_first(self, value: Any, state: dict[str, Any], sentence: str) -> None:
        assert judged(value, RULES, release(**state)).sentence.startswith(sentence)

    def test_an_aborted_one_that_was_bad_is_wanted_still(self) -> None:
        aborted = release(phase=Phase.ABORTED)
        known = judged(BAD, RULES, release()).breaches
        told = judged(BAD, RULES, aborted, breaches=known)
        assert told.sentence.startswith("was aborted; roll the wanted version back too: Error rate: ")

    def test_without_any_trigger_nothing_is_promoted(self) -> None:
        none = policy(errors={"enabled": False}, latency={"enabled": False}, journeys={"enabled": False})
        told = judged(GOOD, none)
        assert (told.outcome, told.advice) == (Outcome.NOT_COMPARABLE, Advice.HOLD)
        assert told.sentence == "NOT COMPARABLE: no trigger can be judged"

    @pytest.mark.parametrize("phase", [Phase.STUCK, Phase.UNKNOWN])
    def test_what_does_not_go_on_is_held(self, phase: Phase) -> None:
        assert judged(GOOD, RULES, release(phase=phase)).advice is Advice.HOLD

    def test_the_cause_of_a_stuck_release_leads_where_nothing_can_be_judged(self) -> None:
        stuck = release(phase=Phase.STUCK, message="container main keeps crashing in 1 pod")
        told = judged(GOOD, RULES, stuck, now=T0 + 900)
        assert (told.outcome, told.advice) == (Outcome.STALE, Advice.ROLL_BACK)
        assert told.sentence == (
            "the release is stuck: container main keeps crashing in 1 pod; mend that or roll back"
        )

    def test_a_source_that_fell_silent_is_stale(self) -> None:
        told = judged(GOOD, RULES, now=T0 + 900)
        assert (told.outcome, told.advice) == (Outcome.STALE, Advice.WAIT)
        assert "last evaluated 5 min ago" in told.sentence
        assert judged(BAD, RULES, now=T0 + 900).outcome is Outcome.BREACH

    def test_unknown_is_never_promoted(self) -> None:
        assert judged(GOOD, policy(warm_up=0)).advice is not Advice.PROMOTE  # no histogram

    def test_the_digest_stands_in_it(self) -> None:
        assert (
            judged(GOOD, RULES).canary_policy
            == policy_digest(RULES)
            != policy_digest(default_canary_policy())
        )


class TestPolicy:
    def test_the_playbook(self) -> None:
        rules = default_canary_policy()
        assert float(rules.errors.factor) == 1.1
        assert rules.latency.increase == 0.1
        assert rules.latency.quantile == 0.9
        assert sum(rules.budgets) == pytest.approx(0.05)
        assert rules.horizon == 1920

    @pytest.mark.parametrize(
        ("values", "words"),
        [
            ({"window": "x"}, "window: 'x' is not a duration; write it as \"10s\""),
            ({"window": "2s"}, "window: 2s is out of range; choose one from 5s to 1h"),
            ({"windw": "60s"}, 'windw: unknown key; did you mean "window"?'),
            ({"errors": {"mode": "ten"}}, "errors.mode: must be 'relative', 'points' or 'both'"),
            ({"errors": 3}, "errors: must be a table, not a whole number"),
            (
                {"latency": {"quantile": 90}},
                "latency.quantile: 90 is out of range; choose one from 0.5 to 0.999",
            ),
            ({"latency": {"increase": True}}, "latency.increase: True is not a duration"),
            ({"journeys": {"fails": 4}}, "journeys.fails: 4 of 3 runs cannot be"),
            ({"windows": 2.5}, "windows: must be a whole number, not a decimal number"),
            ({"windows": float("nan")}, "windows: must be a whole number, not a decimal number"),
            ({"confidence": float("nan")}, "confidence: nan is out of range"),
            ({"baseline": "dedicated"}, "baseline_version: missing"),
            ({"baseline_version": 3}, "baseline_version: must be a text in quotes, not a whole number"),
            ({"second_opinion": 1}, "second_opinion: must be true or false, not a whole number"),
        ],
    )
    def test_clear_errors(self, values: dict[str, Any], words: str) -> None:
        with pytest.raises(ConfigError) as told:
            canary_policy(values)
        assert words in str(told.value)

    def test_durations(self) -> None:
        assert canary_policy({"window": "1m30s"}).window == 90
        assert canary_policy({"latency": {"increase": "250ms"}}).latency.increase == 0.25
        assert canary_policy({"window": "30s"}).window == 30
