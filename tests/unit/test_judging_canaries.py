"""Many releases: judged piece by piece, the urgent first, and in the end as if in one go."""

from __future__ import annotations

import msgspec
import pytest

from tests.unit.playbook.canary.making import REF, T0, release, seen, traffic
from tfdash.judging import canaries as module
from tfdash.judging.canaries import CanaryRunner
from tfdash.model.judgement import Outcome
from tfdash.model.observation import Observation
from tfdash.model.picture import Change, ClusterPicture, Picture
from tfdash.model.release import Phase, ReleaseState
from tfdash.model.subject import Subject
from tfdash.model.traffic import NO_SIGNALS, Journey, Signals
from tfdash.playbook.policies import Policies

GOOD = traffic([(200, 2)] * 12, [(2000, 20)] * 12)
NOW = GOOD.evaluated_at + 1
SIGNALS = Change(keys={}, freshness=frozenset(), signals=None)
NOTHING = Change(keys={}, freshness=frozenset())


def states(count: int, **fields: object) -> dict[Subject, ReleaseState]:
    found = {}
    for i in range(count):
        subject = Subject(REF, "Deployment", "shop", f"service-{i}")
        found[subject] = release(subject=subject, workload=subject, **fields)
    return found


def picture(subjects: dict[Subject, ReleaseState], minutes: int = 12) -> Picture:
    value = traffic([(200, 2)] * minutes, [(2000, 20)] * minutes)
    signals: Signals = msgspec.structs.replace(NO_SIGNALS, traffic=dict.fromkeys(subjects, seen(value)))
    cluster = ClusterPicture(ref=REF, info=Observation(), kinds={})
    return Picture(at=NOW, number=1, clusters={REF: cluster}, signals=signals)


def rounds(judge: CanaryRunner, shown: Picture, change: Change, now: float) -> set[Subject]:
    told = judge.assess(shown, change, set(), now)
    while judge.due_at() == 0.0:
        judge.go_on(shown, now)
        told |= judge.assess(shown, NOTHING, set(), now)
    return told


def test_piece_by_piece_says_what_one_go_says() -> None:
    whole, pieces = CanaryRunner(Policies()), CanaryRunner(Policies(), hold=0.0)
    for number, minutes in enumerate((12, 12, 13, 14)):
        for judge in (whole, pieces):
            judge.states = states(7)
        shown, now = picture(whole.states, minutes), T0 + 60 * minutes + 1
        assert rounds(whole, shown, SIGNALS, now) == rounds(pieces, shown, SIGNALS, now), number
        assert whole.judgements == pieces.judgements and len(pieces.judgements) == 7
        assert whole.frozen == pieces.frozen and len(pieces.frozen) == 7


def test_one_call_judges_no_longer_than_it_may_and_what_is_left_is_due_at_once() -> None:
    judge = CanaryRunner(Policies(), hold=0.0)
    judge.states = states(5)
    shown = picture(judge.states)
    assert len(judge.assess(shown, SIGNALS, set(), NOW)) == 1
    assert judge.waiting and judge.due_at() == 0.0
    assert judge.go_on(shown, NOW) and len(judge.judgements) == 2
    assert len(judge.assess(shown, NOTHING, set(), NOW)) == 2, "what go_on judged is said, and one more"
    assert judge.go_on(shown, NOW)
    assert not judge.go_on(shown, NOW) and not judge.go_on(shown, NOW)
    assert judge.due_at() == 0.0, "what was judged since is to be said"
    assert len(judge.assess(shown, NOTHING, set(), NOW)) == 2
    assert judge.due_at() != 0.0


def test_those_in_flight_come_first_then_who_waits_longest() -> None:
    judge = CanaryRunner(Policies(), hold=0.0)
    flying = states(2)
    done = {
        s: msgspec.structs.replace(r, phase=Phase.COMPLETE, finished=NOW - 60) for s, r in states(4).items()
    }
    judge.states = {**done, **flying}
    shown = picture(judge.states)
    judge.assess(shown, SIGNALS, set(), NOW)
    judge.go_on(shown, NOW)
    assert set(judge.judgements) == set(flying)
    judge.assess(shown, SIGNALS, set(), NOW + 1)  # nobody starves: the others have never been judged
    assert len(judge.judgements) == 3


def test_what_is_no_release_any_more_does_not_wait() -> None:
    judge = CanaryRunner(Policies(), hold=0.0)
    judge.states = states(5)
    shown = picture(judge.states)
    first = judge.assess(shown, SIGNALS, set(), NOW)
    judge.states = states(1)
    told = judge.assess(shown, NOTHING, set(), NOW)
    assert not judge.waiting and set(judge.judgements) <= set(judge.states)
    assert told >= first - set(judge.states)


def test_the_baseline_is_frozen_when_a_window_was_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    judge, calls = CanaryRunner(Policies()), []
    real = module.freeze_baseline
    monkeypatch.setattr(module, "freeze_baseline", lambda *a, **k: calls.append(a) or real(*a, **k))
    judge.states = states(1)
    for second in range(0, 120, 15):
        shown = picture(judge.states, 12 + second // 60)
        judge.assess(shown, SIGNALS, set(), NOW + second)
    assert len(calls) == 2
    assert len(judge.frozen) == 1


def test_staleness_is_noticed_though_other_things_change_all_the_time() -> None:
    judge = CanaryRunner(Policies())
    judge.states = states(1)
    shown = picture(judge.states)
    judge.assess(shown, SIGNALS, set(), NOW)
    for second in range(1, 400):
        judge.assess(shown, NOTHING, set(), NOW + second)
    (told,) = judge.judgements.values()
    assert told.outcome is Outcome.STALE


def journey(workload: Subject | None, *, control: bool = False) -> Observation[Journey]:
    return Observation(
        value=Journey(name="j", workload=workload, control=control), observed_at=NOW, complete=True
    )


def judged_anew(judge: CanaryRunner, shown: Picture, change: Change, now: float) -> set[str]:
    """The names of those that one more change had judged again."""
    before = {s: j.at for s, j in judge.judgements.items()}
    judge.assess(shown, change, set(), now)
    return {s.name for s, j in judge.judgements.items() if j.at != before.get(s)}


def test_a_source_that_publishes_ten_times_a_second_has_nothing_judged_that_it_is_not_about() -> None:
    judge = CanaryRunner(Policies())
    judge.states = states(3)
    first, second, _ = judge.states
    elsewhere = Subject(REF, "Deployment", "shop", "no release")
    shown = picture(judge.states)
    signals = msgspec.structs.replace(
        shown.signals, journeys={"mine": journey(second), "other": journey(elsewhere), "all": journey(None)}
    )
    shown = msgspec.structs.replace(shown, signals=signals)
    judge.assess(shown, SIGNALS, set(), NOW)

    def after(topic: str, key: object, ticks: int) -> set[str]:
        change = Change(keys={}, freshness=frozenset(), signals=frozenset({(topic, key)}))
        return judged_anew(judge, shown, change, NOW + ticks / 10)

    counted = 0
    for tick in range(1, 145):
        counted += len(after("journeys", "other", tick)) + len(after("alerts", REF, tick))
    assert counted == 0
    assert after("journeys", "mine", 145) == {second.name}
    assert after("traffic", first, 146) == {first.name}
    assert after("traffic", elsewhere, 147) == set()
    assert after("prometheus", REF, 148) == set(), "each has its samples"
    assert after("journeys", "all", 149) == {s.name for s in judge.states}


def test_what_is_published_for_others_does_not_put_off_ones_own_turn() -> None:
    """Staleness is seen by time, however busy other sources are."""
    judge = CanaryRunner(Policies())
    judge.states = states(2)
    shown = picture(judge.states)
    busy, quiet = judge.states
    judge.assess(shown, SIGNALS, set(), NOW)
    change = Change(keys={}, freshness=frozenset(), signals=frozenset({("traffic", busy)}))
    turns = [
        second for second in range(1, 46) if quiet.name in judged_anew(judge, shown, change, NOW + second)
    ]
    assert turns == [15, 30, 45]


def test_of_the_store_only_what_the_triggers_read_has_them_judged() -> None:
    judge = CanaryRunner(Policies())
    judge.states = states(2)
    shown = picture(judge.states)
    judge.assess(shown, SIGNALS, set(), NOW)

    def after(*fields: str) -> set[str]:
        change = Change(keys={}, freshness=frozenset(), store=frozenset(fields))
        return judged_anew(judge, shown, change, NOW + 1)

    assert after("acting", "health", "unsettled", "approvals") == set()
    assert after("manual") == {s.name for s in judge.states}
