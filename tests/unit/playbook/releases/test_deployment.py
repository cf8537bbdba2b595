"""Deployments and canary pairs: when a release is in flight, which side is which, what can be done."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.playbook.releases.making import (
    NOW,
    SPACE,
    cluster,
    deployment,
    pods,
    progressing,
    replica_set,
    state_of,
    subject,
)
from tfdash.model.release import Carrier, Phase
from tfdash.model.workload import Cause, CauseCode, Release, Serving, WorkloadState
from tfdash.playbook.releases import find_releases, release_of

NEWEST, BEFORE = "b", "a"
MOVING = {"replicas": 6, "updatedReplicas": 2, "conditions": [progressing("ReplicaSetUpdated", -30)]}


def both(new: int, old: int) -> list[dict[str, Any]]:
    sets = [
        replica_set("web", NEWEST, "r/web:2", new, 2, created=-300),
        replica_set("web", BEFORE, "r/web:1", old, 1, created=-9000),
    ]
    return [*sets, *pods(sets[0], new), *pods(sets[1], old)]


def test_complete_long_ago_is_nothing_in_flight_with_its_stable_side() -> None:
    state = state_of("Deployment", deployment(), *both(5, 0))
    assert (state.carrier, state.phase, state.canary, state.in_flight) == (
        Carrier.DEPLOYMENT,
        Phase.NONE,
        None,
        False,
    )
    assert state.stable is not None
    assert (state.stable.hash, len(state.stable.pods), state.finished) == (NEWEST, 5, NOW - 7200)


def test_complete_lately() -> None:
    done = deployment(status={"conditions": [progressing("NewReplicaSetAvailable", -60)]})
    state = state_of("Deployment", done, *both(5, 0))
    assert state.phase is Phase.COMPLETE
    assert state.canary is not None
    assert state.stable is not None
    assert (state.canary.hash, state.stable.hash) == (NEWEST, BEFORE)
    assert state_of("Deployment", done, *both(5, 0), settled=60).phase is Phase.NONE


def test_in_flight() -> None:
    state = state_of("Deployment", deployment(status=MOVING), *both(2, 4))
    assert state.phase is Phase.PROGRESSING
    assert (
        state.message
        == 'Waiting for deployment "web" rollout to finish: 2 out of 5 new replicas have been updated...'
    )
    assert state.canary is not None
    assert state.stable is not None
    assert (state.canary.images, state.stable.images) == (("r/web:2",), ("r/web:1",))
    assert state.weight.actual == pytest.approx(100 * 2 / 6)
    assert state.weight.approximate
    assert (state.started, state.finished) == (NOW - 300, None)


def test_a_change_of_size_is_no_release() -> None:
    growing = deployment(replicas=9, status={"replicas": 9, "updatedReplicas": 9, "availableReplicas": 5})
    assert state_of("Deployment", growing, *both(9, 0)).phase is Phase.NONE


def test_the_last_old_pods_keep_it_in_flight() -> None:
    assert state_of("Deployment", deployment(status={"replicas": 6}), *both(5, 1)).phase is Phase.PROGRESSING


def test_a_deadline_and_a_cause_make_it_stuck() -> None:
    late = deployment(
        status={**MOVING, "conditions": [progressing("ProgressDeadlineExceeded", -30, "False")]}
    )
    assert state_of("Deployment", late, *both(1, 4)).phase is Phase.STUCK
    judged = WorkloadState(
        subject=subject("Deployment"),
        serving=Serving.OK,
        release=Release.STUCK,
        message="",
        cause=Cause(code=CauseCode.IMAGE_PULL, sentence="web:2 cannot be pulled"),
    )
    state = state_of("Deployment", deployment(status=MOVING), *both(1, 4), workloads={judged.subject: judged})
    assert (state.phase, state.message) == (Phase.STUCK, "web:2 cannot be pulled")


def test_paused_half_way_and_paused_before_it_began() -> None:
    held = deployment(
        spec={"paused": True},
        status={**MOVING, "conditions": [progressing("DeploymentPaused", -30, "Unknown")]},
    )
    state = state_of("Deployment", held, *both(2, 4))
    assert state.phase is Phase.PAUSED
    assert state.pause is not None
    assert (state.pause.manual, state.pause.since) == (True, NOW - 30)
    assert {"revertible", "restartable"} & state.capabilities == {"revertible"}  # going back ends the hold
    before = deployment(image="r/web:3", spec={"paused": True})
    state = state_of("Deployment", before, *both(5, 0))
    assert state.phase is Phase.PAUSED
    assert state.canary is not None
    assert state.stable is not None
    assert (state.canary.images, state.canary.pods, len(state.stable.pods)) == (("r/web:3",), (), 5)
    assert "revertible" in state.capabilities
    first = state_of("Deployment", before, *both(5, 0)[:1])  # one ReplicaSet only: it is what it goes back to
    assert "revertible" in first.capabilities
    idle = state_of("Deployment", deployment(spec={"paused": True}), *both(5, 0))
    assert (idle.phase, idle.message) == (Phase.NONE, "nothing in flight; paused, so changes wait")


def test_a_rollback_began_with_its_oldest_pod() -> None:
    back = deployment(
        image="r/web:1", status=MOVING, metadata={"annotations": {"deployment.kubernetes.io/revision": "3"}}
    )
    sets = [
        replica_set("web", BEFORE, "r/web:1", 1, 3, created=-9000),
        replica_set("web", NEWEST, "r/web:2", 4, 2, created=-300),
    ]
    state = state_of("Deployment", back, *sets, *pods(sets[0], 1, -40))
    assert state.canary is not None
    assert (state.canary.hash, state.started) == (BEFORE, NOW - 40)


def test_no_earlier_revision() -> None:
    state = state_of("Deployment", deployment(), both(5, 0)[0])
    assert dict(state.refused)["revertible"].why == "no earlier revision is kept"
    assert state.phase is Phase.NONE


def test_replica_sets_that_may_not_be_read() -> None:
    found = release_of(
        cluster(deployment(status=MOVING), ReplicaSet="may not list"), subject("Deployment"), NOW
    )
    assert found is not None
    assert (found.phase, found.canary, found.problem) == (
        Phase.PROGRESSING,
        None,
        "replica sets cannot be read: may not list",
    )


# -- pairs ------------------------------------------------------------------------------------------------------------

STABLE_DONE = [deployment(), *both(5, 0)]


def canary_half(replicas: int, image: str = "r/web:3", **status: Any) -> list[dict[str, Any]]:
    set_ = replica_set("web-canary", "c", image, replicas, 2, created=-120)
    return [deployment("web-canary", image, replicas, status=status), set_, *pods(set_, replicas)]


@pytest.mark.parametrize(
    "pairs", [[("web", "web-canary")], [("*", "*-canary")], [(f"{SPACE}/*", "*-canary")]]
)
def test_a_pair_waits_for_a_person(pairs: list[tuple[str, str]]) -> None:
    found = find_releases(cluster(*STABLE_DONE, *canary_half(1)), NOW, pairs)
    assert [s.name for s in found] == ["web"]
    state = found[subject("Deployment")]
    assert (state.carrier, state.phase, state.partner) == (
        Carrier.PAIR,
        Phase.PAUSED,
        subject("Deployment", "web-canary"),
    )
    assert state.canary is not None
    assert state.stable is not None
    assert (state.canary.hash, state.stable.hash, state.started) == ("c", NEWEST, NOW - 120)
    assert state.weight.actual == pytest.approx(100 / 6)
    assert "abortable" in state.capabilities
    assert state.pause is not None
    assert state.pause.sentence.startswith("a person ends it")


def test_a_pair_of_another_namespace_or_name_is_none() -> None:
    found = find_releases(
        cluster(*STABLE_DONE, *canary_half(1)), NOW, [("other/web", "web-canary"), ("*-x", "*-y")]
    )
    assert {s.name: r.carrier for s, r in found.items()} == {
        "web": Carrier.DEPLOYMENT,
        "web-canary": Carrier.DEPLOYMENT,
    }


def test_a_pair_whose_canary_is_coming_gone_stuck_or_the_same() -> None:
    pairs = [("*", "*-canary")]
    coming = state_of("Deployment", *STABLE_DONE, *canary_half(2, availableReplicas=1), pairs=pairs)
    assert (coming.phase, coming.message) == (Phase.PROGRESSING, "1 of 2 canary pods available")
    gone = state_of("Deployment", *STABLE_DONE, *canary_half(0), pairs=pairs)
    assert (gone.phase, gone.carrier) == (Phase.NONE, Carrier.DEPLOYMENT)
    late = canary_half(1, conditions=[progressing("ProgressDeadlineExceeded", -30, "False")])
    assert state_of("Deployment", *STABLE_DONE, *late, pairs=pairs).phase is Phase.STUCK
    same = state_of("Deployment", *STABLE_DONE, *canary_half(1, "r/web:2"), pairs=pairs)
    assert same.message.endswith("; both run the same images")


def test_without_its_stable_half_a_canary_is_a_deployment() -> None:
    [state] = find_releases(cluster(*canary_half(1)), NOW, [("*", "*-canary")]).values()
    assert (state.carrier, state.subject.name) == (Carrier.DEPLOYMENT, "web-canary")


def test_one_and_all_say_the_same() -> None:
    picture = cluster(
        *STABLE_DONE, *canary_half(1), deployment("api", status={"updatedReplicas": 1, "replicas": 6})
    )
    pairs = [("*", "*-canary")]
    for at_, state in find_releases(picture, NOW, pairs).items():
        assert release_of(picture, at_, NOW, pairs) == state
    assert release_of(picture, subject("Deployment", "gone"), NOW) is None
