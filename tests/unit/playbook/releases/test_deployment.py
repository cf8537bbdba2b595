"""Deployments and canary pairs: when a release is in flight, which side is which, what can be done."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from tests.unit.playbook.releases.making import (
    NOW,
    SPACE,
    cluster,
    deployment,
    meta,
    owned,
    pods,
    progressing,
    replica_set,
    rollout,
    state_of,
    subject,
)
from tfdash.judging.judge import Judge
from tfdash.model.capability import Capability
from tfdash.model.picture import Change, Picture
from tfdash.model.release import Carrier, Lack, Pause, Phase, ReleaseState, Side, Weight
from tfdash.model.workload import Cause, CauseCode, Release, Serving, WorkloadState
from tfdash.playbook.policies import Policies
from tfdash.playbook.releases import RULE, find_releases, release_of

NEWEST, BEFORE = "b", "a"
CANARY = {
    "kind": "Canary",
    "metadata": meta("other"),
    "spec": {"targetRef": {"kind": "Deployment", "name": "web"}},
}
REFERRING = rollout(name="ro")
REFERRING["spec"]["workloadRef"] = {"kind": "Deployment", "name": "web"}
MOVING = {"replicas": 6, "updatedReplicas": 2, "conditions": [progressing("ReplicaSetUpdated", -30)]}


def both(new: int, old: int) -> list[dict[str, Any]]:
    sets = [
        replica_set("web", NEWEST, "r/web:2", new, 2, created=-300),
        replica_set("web", BEFORE, "r/web:1", old, 1, created=-9000),
    ]
    return [*sets, *pods(sets[0], new), *pods(sets[1], old)]


@pytest.mark.parametrize(
    ("since", "settled", "older", "phase"),
    [
        (-7200, 3600, True, Phase.NONE),
        (-60, 3600, True, Phase.COMPLETE),
        (-60, 61, True, Phase.COMPLETE),
        (-60, 60, True, Phase.NONE),
        (-60, 3600, False, Phase.NONE),  # the first version of all
    ],
)
def test_complete_for_a_while_and_then_nothing_in_flight(
    since: float, settled: float, older: bool, phase: Phase
) -> None:
    done = deployment(status={"conditions": [progressing("NewReplicaSetAvailable", since)]})
    mine, before, *of_mine = both(5, 0)
    state = state_of("Deployment", done, mine, *([before] if older else []), *of_mine, settled=settled)
    complete = phase is Phase.COMPLETE
    here = a_side(NEWEST, 2, 2, 5)
    assert (state.phase, state.finished, state.in_flight, state.pause) == (phase, NOW + since, False, None)
    assert state.message == (
        'complete: deployment "web" successfully rolled out' if complete else "nothing in flight"
    )
    assert (state.canary, state.stable) == ((here, a_side(BEFORE, 1, 1, 0)) if complete else (None, here))
    assert state.weight == (Weight(actual=100.0, approximate=True) if complete else Weight())
    assert state.started == (NOW - 300 if complete else None)
    # without a time of its last update: since when it is so
    del done["status"]["conditions"][0]["lastUpdateTime"]
    assert state_of("Deployment", done, mine, *of_mine).finished == NOW + since


@pytest.mark.parametrize(("since", "phase"), [(-3599, Phase.COMPLETE), (-3600, Phase.NONE)])
def test_for_an_hour_where_nothing_else_is_said(since: float, phase: Phase) -> None:
    picture = cluster(
        deployment(status={"conditions": [progressing("NewReplicaSetAvailable", since)]}), *both(5, 0)
    )
    [state] = find_releases(picture, NOW).values()
    assert state.phase is phase and release_of(picture, state.subject, NOW) == state


WAITING = 'Waiting for deployment "web" rollout to finish: 2 out of 5 new replicas have been updated...'
ABLE = frozenset({Capability.SCALABLE, Capability.HOLDABLE, Capability.RESTARTABLE, Capability.REVERTIBLE})


def a_side(hash_: str, revision: int, number: int, ready: int, name: str = "web") -> Side:
    return Side(
        hash=hash_,
        revision=str(revision),
        image=f"web:{number}",
        images=(f"r/web:{number}",),
        pods=tuple(f"{name}-{hash_}-{i}" for i in range(ready)),
        ready=ready,
        desired=ready,
        oldest_start=NOW - 600 if ready else None,
        newest_start=NOW - 600 + ready - 1 if ready else None,
    )


def test_in_flight() -> None:
    helm = {"labels": {"app.kubernetes.io/managed-by": "Helm"}}
    state = state_of("Deployment", deployment(status=MOVING, metadata=helm), *both(2, 4))
    assert state.managed_by is not None and state.managed_by.tool == "Helm"
    assert msgspec.structs.replace(state, managed_by=None) == ReleaseState(
        subject=subject("Deployment"),
        carrier=Carrier.DEPLOYMENT,
        phase=Phase.PROGRESSING,
        message=WAITING,
        workload=subject("Deployment"),
        canary=a_side(NEWEST, 2, 2, 2),
        stable=a_side(BEFORE, 1, 1, 4),
        weight=Weight(actual=100 * 2 / 6, approximate=True),
        started=NOW - 300,
        capabilities=ABLE,
        serving=Serving.OK,
        served="5 of 5 available",
        uid="uid-web",
    )


def earlier(hash_: str, ready: int, revision: int, created: float = -9000, desired: int = 4) -> Any:
    return replica_set("web", hash_, "r/web:1", ready, revision, desired=desired, created=created)


LEAVING = earlier("y", 0, 0, desired=0)
LEAVING["status"]["replicas"] = 1  # its last pod is on its way out


@pytest.mark.parametrize(
    ("older", "stable"),
    [
        # the one that serves most, then the newest; one that has only just been scaled to nothing is still it
        ([earlier("x", 1, 1), earlier("y", 3, 0)], "y"),
        ([earlier("x", 2, 1), earlier("y", 2, 0)], "x"),
        ([earlier("x", 2, 0), earlier("y", 2, 1)], "y"),
        ([earlier("x", 0, 1, desired=0), earlier("y", 0, 0, desired=1)], "y"),
        ([earlier("x", 0, 1, desired=0), earlier("y", 0, 0, desired=0)], "x"),
        ([earlier("x", 0, 1, desired=0), LEAVING], "y"),
        ([], None),
    ],
)
def test_what_a_release_is_held_against(older: list[dict[str, Any]], stable: str | None) -> None:
    newest = replica_set("web", NEWEST, "r/web:2", 1, 2, created=-300)
    state = state_of("Deployment", deployment(status=MOVING), newest, *older)
    assert state.canary is not None and state.canary.hash == NEWEST
    assert (state.stable and state.stable.hash) == stable
    # held before it began: what serves most of all
    held = deployment(image="r/web:3", spec={"paused": True})
    state = state_of("Deployment", held, newest, *older)
    assert state.canary == Side(image="web:3", images=("r/web:3",))
    serves = stable if any(s["status"]["readyReplicas"] > 1 for s in older) else NEWEST
    assert state.stable is not None and state.stable.hash == serves


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
    assert state.pause == Pause(
        reason="paused", since=NOW - 30, sentence="held by a person (spec.paused)", manual=True
    )
    assert {"revertible", "restartable"} & state.capabilities == {"revertible"}  # going back ends the hold
    before = deployment(image="r/web:3", spec={"paused": True})
    state = state_of("Deployment", before, *both(5, 0))
    assert state.phase is Phase.PAUSED
    assert state.pause is not None and state.pause.since is None  # its condition tells of the release before
    assert state.stable is not None
    assert (state.canary, len(state.stable.pods)) == (Side(image="web:3", images=("r/web:3",)), 5)
    assert "revertible" in state.capabilities
    first = state_of("Deployment", before, *both(5, 0)[:1])  # one ReplicaSet only: it is what it goes back to
    assert "revertible" in first.capabilities
    assert dict(first.refused) == {Capability.RESTARTABLE: Lack("it is paused; release it first")}
    idle = state_of("Deployment", deployment(spec={"paused": True}), *both(5, 0))
    assert (idle.phase, idle.message) == (Phase.NONE, "nothing in flight; paused, so changes wait")
    assert (idle.pause, idle.started) == (None, None)
    unseen = state_of("Deployment", deployment(spec={"paused": True}))
    assert unseen.refused[1:] == ((Capability.REVERTIBLE, NO_EARLIER),)


@pytest.mark.parametrize(
    ("created", "others", "started"),
    [
        (-300, [-9000], -300.0),
        (-300, [-300], -300.0),
        (-300, [-9000, -299], -40.0),  # an old one, taken up again: its oldest pod tells
        (-9000, [-300], -40.0),
    ],
)
def test_when_it_began(created: float, others: list[float], started: float) -> None:
    back = deployment(
        image="r/web:1", status=MOVING, metadata={"annotations": {"deployment.kubernetes.io/revision": "3"}}
    )
    first = replica_set("web", BEFORE, "r/web:1", 2, 3, created=created)
    rest = [replica_set("web", f"o{i}", "r/web:2", 1, i, created=c) for i, c in enumerate(others)]
    young, old = pods(first, 2, -40)[:1], pods(first, 2, -20)[1:]
    state = state_of("Deployment", back, first, *rest, *young, *old, *pods(rest[0], 1, -50))
    assert state.canary is not None
    assert (state.canary.hash, state.started) == (BEFORE, NOW + started)


@pytest.mark.parametrize(
    ("more", "name", "whose"),
    [
        ([], "web", "Deployment"),
        ([rollout(name="ro")], "web", "Deployment"),
        ([CANARY], "web", None),
        ([CANARY], "api", "Deployment"),
        ([REFERRING], "web", None),
        ([REFERRING], "api", "Deployment"),
    ],
)
def test_what_another_object_releases_is_no_release_of_its_own(
    more: list[dict[str, Any]], name: str, whose: str | None
) -> None:
    state = release_of(cluster(deployment(name), *more), subject("Deployment", name), NOW)
    assert (state and state.subject.kind) == whose


@pytest.mark.parametrize(("owner", "own"), [("Canary", False), ("Rollout", False), ("Kustomization", True)])
def test_what_a_canary_or_a_rollout_owns_is_released_by_it(owner: str, own: bool) -> None:
    mine = deployment(metadata=owned(owner, "x"))
    assert (release_of(cluster(mine), subject("Deployment"), NOW) is not None) is own


NO_EARLIER = Lack("no earlier revision is kept", history=True)


def test_no_earlier_revision() -> None:
    state = state_of("Deployment", deployment(), both(5, 0)[0])
    assert dict(state.refused) == {Capability.REVERTIBLE: NO_EARLIER}
    assert state.capabilities == ABLE - {Capability.REVERTIBLE}
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
    assert state_of("Deployment", deployment(status=MOVING)).problem == ""


# -- pairs ------------------------------------------------------------------------------------------------------------

STABLE_DONE = [deployment(), *both(5, 0)]


def canary_half(replicas: int, image: str = "r/web:3", /, **status: Any) -> list[dict[str, Any]]:
    set_ = replica_set("web-canary", "c", image, replicas, 2, created=-120)
    return [deployment("web-canary", image, replicas, status=status), set_, *pods(set_, replicas)]


@pytest.mark.parametrize(
    "pairs", [[("web", "web-canary")], [("*", "*-canary")], [(f"{SPACE}/*", "*-canary")]]
)
def test_a_pair_waits_for_a_person(pairs: list[tuple[str, str]]) -> None:
    found = find_releases(cluster(*STABLE_DONE, *canary_half(1)), NOW, pairs)
    assert [s.name for s in found] == ["web"]
    assert found[subject("Deployment")] == ReleaseState(
        subject=subject("Deployment"),
        carrier=Carrier.PAIR,
        phase=Phase.PAUSED,
        message="1 canary pod beside 5 stable ones",
        workload=subject("Deployment"),
        partner=subject("Deployment", "web-canary"),
        canary=a_side("c", 2, 3, 1, "web-canary"),
        stable=a_side(NEWEST, 2, 2, 5),
        weight=Weight(actual=100 / 6, approximate=True),
        pause=Pause(
            reason="pair", sentence="a person ends it: by the new version in the stable one, or by no canary"
        ),
        started=NOW - 120,
        capabilities=ABLE | {Capability.ABORTABLE},
        serving=Serving.OK,
        served="5 of 5 available",
        uid="uid-web",
    )
    first = find_releases(cluster(deployment(), both(5, 0)[0], *canary_half(1)), NOW, pairs)
    assert first[subject("Deployment")].refused == ()  # there is nothing earlier; no canary is the way back


@pytest.mark.parametrize("pair", [("web", "web"), ("*", "web"), ("web", "*")])
def test_nothing_is_a_pair_with_itself(pair: tuple[str, str]) -> None:
    [state] = find_releases(cluster(*STABLE_DONE), NOW, [pair]).values()
    assert (state.carrier, state.partner) == (Carrier.DEPLOYMENT, None)


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
    assert (coming.pause, coming.partner) == (None, subject("Deployment", "web-canary"))
    gone = state_of("Deployment", *STABLE_DONE, *canary_half(0), pairs=pairs)
    assert (gone.phase, gone.carrier) == (Phase.NONE, Carrier.DEPLOYMENT)
    assert gone.partner == subject("Deployment", "web-canary")
    leaving = state_of("Deployment", *STABLE_DONE, *canary_half(0, replicas=1), pairs=pairs)
    assert (leaving.phase, leaving.carrier) == (Phase.PAUSED, Carrier.PAIR)
    wanted = canary_half(1, replicas=0, availableReplicas=0)
    assert state_of("Deployment", *STABLE_DONE, *wanted, pairs=pairs).phase is Phase.PROGRESSING
    late = canary_half(1, conditions=[progressing("ProgressDeadlineExceeded", -30, "False")])
    stuck = state_of("Deployment", *STABLE_DONE, *late, pairs=pairs)
    assert (stuck.phase, stuck.message) == (
        Phase.STUCK,
        'deployment "web-canary" exceeded its progress deadline',
    )
    judged = WorkloadState(
        subject=subject("Deployment", "web-canary"),
        serving=Serving.OK,
        release=Release.STUCK,
        message="",
        cause=Cause(code=CauseCode.IMAGE_PULL, sentence="web:3 cannot be pulled"),
    )
    for known, told in (
        (judged, (Phase.STUCK, "web:3 cannot be pulled")),
        (
            msgspec.structs.replace(judged, release=Release.PROGRESSING),
            (Phase.PAUSED, "1 canary pod beside 5 stable ones"),
        ),
        (
            msgspec.structs.replace(judged, cause=None),
            (Phase.PAUSED, "1 canary pod beside 5 stable ones"),
        ),
    ):
        workloads = {known.subject: known}
        state = state_of("Deployment", *STABLE_DONE, *canary_half(1), pairs=pairs, workloads=workloads)
        assert (state.phase, state.message) == told
    same = state_of("Deployment", *STABLE_DONE, *canary_half(1, "r/web:2"), pairs=pairs)
    assert same.message == "1 canary pod beside 5 stable ones; both run the same images"
    unseen = state_of("Deployment", deployment(), canary_half(1)[0], pairs=pairs)
    assert (unseen.canary, unseen.stable, unseen.started, unseen.message) == (
        None,
        None,
        None,
        "1 canary pod beside 5 stable ones",
    )


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


def test_the_judge_says_it_of_every_carrier_and_looks_again_when_it_is_over() -> None:
    done = deployment(status={"conditions": [progressing("NewReplicaSetAvailable", -60)]})
    carried = {**CANARY, "spec": {"targetRef": {"kind": "Deployment", "name": "api"}}}
    seen = cluster(done, *both(5, 0), deployment("api"), carried)
    judge = Judge(policies=Policies(), rules=(RULE,))
    change = Change(keys={(seen.ref, kind): None for kind in seen.kinds}, freshness=frozenset())
    picture = Picture(at=NOW, number=1, clusters={seen.ref: seen})
    told, _ = judge.assess(picture, change, NOW)
    assert told.releases == find_releases(seen, NOW)
    assert set(told.releases) == {subject("Deployment"), subject("Canary", "other")}
    assert told.releases[subject("Deployment")].phase is Phase.COMPLETE
    nothing = Change(keys={}, freshness=frozenset())
    for later, phase in ((3539, Phase.COMPLETE), (3540, Phase.NONE)):
        told, _ = judge.assess(picture, nothing, NOW + later)
        assert told.releases[subject("Deployment")].phase is phase
