"""A spec that its controller has not observed: each is so for a moment, and for longer where nobody looks."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.playbook.making import NOW, daemon_set, deployment, judged, picture, stateful_set, told
from tfdash.judging.judge import Judge
from tfdash.model.kube import HorizontalPodAutoscaler
from tfdash.model.picture import Change
from tfdash.model.verdict import Level
from tfdash.model.workload import CauseCode, Release, Serving
from tfdash.playbook.policy import default_policy
from tfdash.playbook.serving.causes import waiting as times
from tfdash.playbook.serving.links import Links
from tfdash.playbook.serving.rollout_status import rollout


def _autoscaler(age: float) -> HorizontalPodAutoscaler:
    return HorizontalPodAutoscaler(namespace="a", name="checkout", uid="h", last_scaled=NOW - age)


@pytest.mark.parametrize("make", [deployment, stateful_set, daemon_set])
@pytest.mark.parametrize(
    ("written", "scaled", "said"),
    [
        (0.0, None, False),
        (29.0, None, False),
        (30.0, None, True),  # half-open, as ready_grace is everywhere
        (-5.0, None, False),  # of a clock that is ahead
        (300.0, 29.0, False),  # by an HPA: a server keeps no time of that write
        (300.0, 30.0, True),
        (29.0, 300.0, False),
        (None, None, True),  # nobody knows since when
        (None, 5.0, False),
    ],
)
def test_a_spec_has_a_while_to_be_observed(
    make: Any, written: float | None, scaled: float | None, said: bool
) -> None:
    at = 0.0 if written is None else NOW - written
    links = Links(pods=(), autoscaler=None if scaled is None else _autoscaler(scaled))
    workload = make(generation=2, created=NOW - 9000, written_at=at)
    found = told(
        times.stalled(workload, links, rollout(workload), Release.PROGRESSING, default_policy(), NOW)
    )
    assert [code for code, *_ in found] == [CauseCode.GENERATION] * said
    state, verdict = judged(workload, autoscaler=links.autoscaler)
    assert (state.serving, state.release) == (Serving.OK, Release.PROGRESSING)
    assert verdict.level is (Level.WARN if said else Level.MOVING)


def test_time_alone_says_that_no_controller_looks() -> None:
    unseen = deployment(generation=2, written_at=NOW, progress_deadline=None)
    shown, judge = picture(unseen), Judge()
    everything = frozenset((ref, kind) for ref, c in shown.clusters.items() for kind in c.kinds)
    change = Change(keys=dict.fromkeys(everything), freshness=everything, signals=None, store=None)
    levels = {}
    for at in (NOW, NOW + 29.5, NOW + 30):
        due = judge.due_at()
        if due is None or due <= at:
            found, _ = judge.assess(shown, change, at)
            change = Change(keys={}, freshness=frozenset(), signals=frozenset(), store=frozenset())
        [levels[at - NOW]] = [
            v.level for several in found.verdicts.values() for v in several if v.rule == "workload.serves"
        ]
    assert levels == {0: Level.MOVING, 29.5: Level.MOVING, 30: Level.WARN}
