"""A workload without a pod that serves: coming up, or down. Both look alike but for when its pods were made, and for what."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.playbook.making import (
    NOW,
    condition,
    daemon_set,
    deployment,
    judged,
    picture,
    pod,
    replica_set,
    running,
    stateful_set,
    waiting,
)
from tfdash.judging.judge import Judge, judge_all
from tfdash.model.assessment import Assessment
from tfdash.model.kube import Deployment, Object, Owner, Pod
from tfdash.model.picture import Change
from tfdash.model.verdict import Level, Verdict
from tfdash.model.workload import Serving
from tfdash.playbook.serving.in_flight import HASH

_NONE = {"ready": 0, "available": 0}
_DONE = condition("Progressing", "True", "NewReplicaSetAvailable", "", NOW - 8000)
STARTING, STUCK, DOWN = (
    (Serving.STARTING, Level.MOVING),
    (Serving.STARTING, Level.WARN),
    (Serving.DOWN, Level.BREACH),
)


def scaled(age: float, **fields: Any) -> Object:
    """A Deployment that was released long ago, and of which somebody said ``age`` seconds ago how many there are to be."""
    return deployment(**{**_NONE, "conditions": (_DONE,), "replicas_at": NOW - age, **fields})


def stateful(age: float, **fields: Any) -> Object:
    known = {
        "update_revision": "db-1",
        "current_revision": "db-1",
        "replicas_at": NOW - age,
        "created": NOW - 9000,
    }
    return stateful_set(**{**_NONE, **known, **fields})


def coming(age: float, *statuses: Any, **fields: Any) -> Pod:
    """One that was made ``age`` seconds ago and was never ready."""
    made = {"created": NOW - age, "started": NOW - age, "labels": {HASH: "db-1"}}
    unready = condition("Ready", "False", "ContainersNotReady", "", NOW - age)
    return pod("p", *statuses, **{**made, "conditions": (unready,), **fields})


def late(age: float) -> Pod:
    """Made so long ago, it was ready for a minute."""
    return coming(age, conditions=(condition("Ready", "False", "", "", NOW - age + 60),))


PROBE = running(ready=False)
PULL = waiting("ImagePullBackOff")
CRASHED = running(ready=False, restarts=2, last_reason="Error", last_exit_code=1)  # and runs again
UNPLACED: dict[str, Any] = {"phase": "Pending", "node": "", "started": 0.0, "conditions": ()}
GOING = condition("Progressing", "True", "ReplicaSetUpdated", "", NOW - 20)


@pytest.mark.parametrize(
    ("workload", "pods", "expected"),
    [
        # scaled up from none: by Flagger, an HPA, a person
        (scaled(0), [coming(0)], STARTING),
        (scaled(20), [coming(20)], STARTING),
        (scaled(20, replicas=0, updated=0), [], STARTING),  # no pod was made yet
        (scaled(0, replicas=0, updated=0, generation=2, written_at=NOW), [], STARTING),
        (
            scaled(20, replicas=0, updated=0, generation=2),
            [],
            STUCK,
        ),  # its controller does not look, nobody knows for how long
        (
            scaled(20, replicas_at=0.0),
            [coming(20)],
            STARTING,
        ),  # by its ReplicaSet: kubectl scale keeps no time
        (scaled(59), [coming(59)], STARTING),  # a start that takes a minute is none that failed
        (scaled(599), [coming(599)], STARTING),
        (scaled(600), [coming(600)], DOWN),  # half-open; the API's own deadline
        (scaled(119, progress_deadline=120), [coming(119)], STARTING),
        (scaled(120, progress_deadline=120), [coming(120)], DOWN),
        (scaled(3599, progress_deadline=86400), [coming(3599)], STARTING),
        (scaled(3600, progress_deadline=86400), [coming(3600)], DOWN),
        (scaled(60), [coming(60 - n / 20) for n in range(400)], STARTING),  # many take their time to be made
        (scaled(30, replicas=0, updated=0), [], DOWN),  # nobody makes its pods
        (scaled(60), [coming(59, PROBE)], STUCK),  # its probe may pass yet, and is said
        (scaled(29), [coming(29, PULL)], STUCK),
        (scaled(30), [coming(30, PULL)], DOWN),  # that does not heal by waiting
        (scaled(29), [coming(29, **UNPLACED)], STARTING),
        (scaled(30), [coming(30, **UNPLACED)], DOWN),  # no scheduler looks at it
        (scaled(30), [coming(30, **UNPLACED, scheduling_gates=("quota",))], STUCK),
        (scaled(30), [coming(30, CRASHED)], DOWN),  # nor that, though just now it runs
        # what looks like it and is none
        (scaled(0), [coming(300)], DOWN),  # more of what does not serve
        (scaled(300), [coming(10)], DOWN),  # all pods were deleted, and others made
        (scaled(300, replicas=0, updated=0), [], DOWN),
        (scaled(300), [late(300)], DOWN),  # it served
        (scaled(20), [coming(20), coming(3000)], DOWN),
        (scaled(20, conditions=(GOING,)), [coming(20)], DOWN),  # a release: what was broken before stays so
        (scaled(20, conditions=(GOING,), strategy="Recreate"), [coming(20)], DOWN),
        (scaled(0, replicas_at=0.0), [coming(40)], DOWN),  # they were there before anybody said how many
        # others
        (stateful(59), [coming(59)], STARTING),
        (stateful(600), [coming(600)], DOWN),
        (stateful(20, replicas=0, updated=0), [], STARTING),
        (stateful(300), [coming(10)], DOWN),
        (stateful(20, update_revision="db-2"), [coming(20)], DOWN),
    ],
)
def test_what_was_scaled_up_from_none_comes_up(
    workload: Object, pods: list[Pod], expected: tuple[Serving, Level]
) -> None:
    counted, by_set = getattr(workload, "replicas", 0), getattr(workload, "replicas_at", 0.0) or NOW - 20
    own = replica_set(created=NOW - 8000, replicas=counted, replicas_at=by_set)
    state, verdict = judged(workload, *pods, replica_sets=(own,) if isinstance(workload, Deployment) else ())
    assert (state.serving, verdict.level) == expected
    assert f"0 of {state.desired} available" in verdict.sentence


@pytest.mark.parametrize(
    ("age", "status", "expected"),
    [
        (29.0, None, STARTING),
        (59.0, None, STARTING),
        (59.0, PROBE, STUCK),
        (599.0, None, STARTING),
        (600.0, None, DOWN),
        (29.0, PULL, (Serving.STARTING, Level.WARN)),
        (30.0, PULL, DOWN),
        (29.0, CRASHED, STUCK),
        (30.0, CRASHED, DOWN),
    ],
)
def test_a_first_release_comes_up_within_its_progress_deadline(
    age: float, status: Any, expected: tuple[Serving, Level]
) -> None:
    """As ``kubectl rollout status`` waits for it."""
    new = deployment(**_NONE, created=NOW - age)
    state, verdict = judged(
        new, coming(age, *filter(None, [status])), replica_sets=(replica_set(created=NOW - age, replicas=3),)
    )
    assert (state.serving, verdict.level) == expected


@pytest.mark.parametrize(("node", "expected"), [(20.0, DOWN), (9000.0, DOWN)])
def test_a_daemon_set_on_new_nodes_may_have_served_on_others(
    node: float, expected: tuple[Serving, Level]
) -> None:
    """Whether there was none before, or nodes on which it served went, no object tells: an outage is not hidden."""
    pods = [coming(node, labels={HASH: "1"})]
    state, verdict = judged(daemon_set(**_NONE, created=NOW - 9000), *pods)
    assert (state.serving, verdict.level) == expected


def test_it_says_what_kubectl_waits_for() -> None:
    _, verdict = judged(scaled(20), coming(20), replica_sets=(replica_set(replicas=3),))
    assert verdict.sentence == (
        'checkout: 0 of 3 available, Waiting for deployment "checkout" rollout to finish: '
        "0 of 3 updated replicas are available..."
    )


@pytest.mark.parametrize("edge", [30.0, 600.0])
def test_time_alone_makes_it_down(edge: float) -> None:
    """At the edges themselves, as judged afresh: nothing changed in between."""
    found = coming(0, *([PULL] if edge == 30.0 else []), owner=Owner("ReplicaSet", "checkout-1", "r"))
    shown = picture(scaled(0), replica_set(created=NOW - 8000, replicas=3), found)
    everything = frozenset((ref, kind) for ref, c in shown.clusters.items() for kind in c.kinds)
    change = Change(keys=dict.fromkeys(everything), freshness=everything, signals=None, store=None)
    judge = Judge()
    for at in (NOW, NOW + edge - 0.5, NOW + edge):
        due = judge.due_at()
        if due is None or due <= at:
            told, _ = judge.assess(shown, change, at)
            change = Change(keys={}, freshness=frozenset(), signals=frozenset(), store=frozenset())
        now, afresh = _of(told), _of(judge_all(shown, at))
        assert (now.level, now.sentence) == (afresh.level, afresh.sentence), at
    assert now.level is Level.BREACH


def _of(told: Assessment) -> Verdict:
    [found] = [v for several in told.verdicts.values() for v in several if v.rule == "workload.serves"]
    return found
