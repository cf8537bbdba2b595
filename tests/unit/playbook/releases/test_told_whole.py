"""A Rollout's state with all that is said of it; when the judge looks again; analyses that nothing is known of yet."""

from __future__ import annotations

import math
from typing import Any

import msgspec
import pytest

from tests.unit.playbook.releases.making import (
    NEW,
    NOW,
    OLD,
    REF,
    SPACE,
    at,
    cluster,
    deployment,
    meta,
    progressing,
    replica_set,
    rollout,
    state_of,
    subject,
    versions,
)
from tfdash.judging.judge import Judge
from tfdash.model.capability import Capability
from tfdash.model.delivery import Experiment, Rollout, RunStatus
from tfdash.model.picture import Change, Picture
from tfdash.model.release import (
    Analysis,
    Carrier,
    Lack,
    ManagedBy,
    Pause,
    Phase,
    ReleaseState,
    ReleaseStep,
    Side,
    Weight,
)
from tfdash.model.subject import Subject
from tfdash.model.workload import Serving
from tfdash.playbook.policies import Policies
from tfdash.playbook.releases import RULE
from tfdash.playbook.releases.analysis import of_experiment, running
from tfdash.playbook.releases.facts import canonical
from tfdash.playbook.releases.world import World
from tfdash.playbook.seen import ClusterLook

STEPS = (
    ReleaseStep(text="set weight 20 %", kind="setWeight", weight=20.0),
    ReleaseStep(text="pause until promoted", kind="pause"),
    ReleaseStep(text="set weight 40 %", kind="setWeight", weight=40.0),
    ReleaseStep(text="pause 10m", kind="pause", duration=600.0),
    ReleaseStep(text="analysis error-rate", kind="analysis"),
    ReleaseStep(text="set weight 80 %", kind="setWeight", weight=80.0),
)
HELM = ManagedBy(tool="Helm", reconciles=False, sentence="Helm; the next helm upgrade sets its own version")
NOTHING = Lack("nothing is in flight: the wanted version is the stable one")
C = Capability


def a_side(hash_: str, number: int, ready: int) -> Side:
    return Side(
        hash=hash_,
        revision=str(number),
        image=f"web:{number}",
        images=(f"r/web:{number}",),
        pods=tuple(f"web-{hash_}-{i}" for i in range(ready)),
        ready=ready,
        desired=ready,
        oldest_start=NOW - 600 if ready else None,
        newest_start=NOW - 600 + ready - 1 if ready else None,
    )


def of_helm(document: dict[str, Any]) -> dict[str, Any]:
    document["metadata"]["labels"] = {"app.kubernetes.io/managed-by": "Helm"}
    return document


def test_a_canary_at_a_timed_pause() -> None:
    paused = rollout(
        currentStepIndex=3,
        phase="Paused",
        message="CanaryPauseStep",
        controllerPause=True,
        pauseConditions=[{"reason": "CanaryPauseStep", "startTime": at(-60)}],
    )
    assert state_of("Rollout", of_helm(paused), *versions()) == ReleaseState(
        subject=subject("Rollout"),
        carrier=Carrier.ROLLOUT,
        phase=Phase.PAUSED,
        message="CanaryPauseStep",
        workload=subject("Rollout"),
        canary=a_side(NEW, 2, 1),
        stable=a_side(OLD, 1, 4),
        step=3,
        steps=STEPS,
        weight=Weight(wanted=40.0, actual=20.0, approximate=True),
        pause=Pause(
            reason="CanaryPauseStep",
            since=NOW - 60,
            until=NOW + 540,
            sentence="a pause of its steps, step 4 of 6: goes on by itself after 10m",
        ),
        started=NOW - 3600,
        skips=("the rest of step 4 of 6, pause 10m",),
        skips_full=(
            "step 4 of 6, pause 10m",
            "step 5 of 6, analysis error-rate",
            "step 6 of 6, set weight 80 %",
        ),
        managed_by=HELM,
        capabilities=frozenset(
            {
                C.SCALABLE,
                C.RESTARTABLE,
                C.HOLDABLE,
                C.PROMOTABLE,
                C.FULLY_PROMOTABLE,
                C.ABORTABLE,
                C.UNDOABLE,
                C.REVERTIBLE,
            }
        ),
        refused=((C.RETRYABLE, Lack("it is not aborted")),),
        reported="Paused",
        serving=Serving.OK,
        served="5 of 5 available",
        uid="uid-web",
    )


def test_a_canary_that_was_promoted_lately() -> None:
    done = rollout(
        phase="Healthy",
        message="",
        duration={"finishedAt": at(-60)},
        stableRS=NEW,
        updatedReplicas=5,
        currentStepIndex=6,
    )
    state = state_of("Rollout", done, *versions(5, 0))
    assert (state.phase, state.message, state.reported) == (Phase.COMPLETE, "healthy", "Healthy")
    assert (state.canary, state.stable) == (a_side(NEW, 2, 5), a_side(OLD, 1, 0))
    assert (state.started, state.finished, state.step) == (NOW - 3600, NOW - 60, 6)
    assert state.weight == Weight(wanted=100.0, actual=100.0, approximate=True)
    assert (state.pause, state.aborted_at, state.skips, state.skips_full, state.analyses) == (
        None,
        None,
        (),
        (),
        (),
    )
    assert state.capabilities == {C.SCALABLE, C.RESTARTABLE, C.HOLDABLE, C.UNDOABLE, C.REVERTIBLE}
    assert dict(state.refused) == dict.fromkeys(
        (C.PROMOTABLE, C.FULLY_PROMOTABLE, C.ABORTABLE, C.RETRYABLE), NOTHING
    )
    alone = state_of("Rollout", done, *versions(5, 0)[:1])
    assert (alone.phase, alone.finished) == (Phase.NONE, NOW - 60)  # there was nothing before it


@pytest.mark.parametrize(
    ("status", "runs"),
    [
        (None, False),
        (RunStatus("", "Running"), False),
        (RunStatus("run", "Running"), True),
        (RunStatus("run", "Pending"), True),
        *[(RunStatus("run", ended), False) for ended in ("Successful", "Failed", "Error", "Inconclusive")],
    ],
)
def test_whether_an_analysis_runs(status: RunStatus | None, runs: bool) -> None:
    assert running(status) is runs


@pytest.mark.parametrize(
    ("trial", "told"),
    [
        (None, {"phase": "unknown"}),
        (Experiment(namespace=SPACE, name="exp"), {"phase": "Pending"}),
        (
            Experiment(
                namespace=SPACE,
                name="exp",
                phase="Running",
                message="m",
                available_at=NOW - 9,
                templates=(("a", "x", 1, 2), ("b", "x", 2, 2)),
            ),
            {"phase": "Running", "message": "m; a 1 of 2, b 2 of 2", "started": NOW - 9},
        ),
    ],
)
def test_an_experiment(trial: Experiment | None, told: dict[str, Any]) -> None:
    world = World(ClusterLook(cluster()), NOW)
    whose = Rollout(namespace=SPACE, name="web", experiment="exp")
    expected = Analysis(subject=Subject(REF, "Experiment", SPACE, "exp"), kind="experiment", **told)
    assert of_experiment(world, whose, trial) == expected


def test_what_is_no_json_has_no_canonical_form() -> None:
    with pytest.raises(ValueError, match="JSON"):
        canonical(math.nan)


SETTLED = Policies().settled


@pytest.mark.parametrize(("later", "phase"), [(SETTLED - 61, Phase.COMPLETE), (SETTLED - 60, Phase.NONE)])
def test_time_alone_ends_what_is_complete(later: float, phase: Phase) -> None:
    """No object changes: the judge looks again by itself when it is due."""
    done = deployment(status={"conditions": [progressing("NewReplicaSetAvailable", -60)]})
    sets = [replica_set("web", h, f"r/web:{n}", 5 * (n - 1), n) for h, n in (("a", 1), ("b", 2))]
    picture = Picture(at=NOW, number=1, clusters={REF: cluster(done, *sets)})
    judge = Judge(policies=Policies(), rules=(RULE,))
    whole = Change(keys={(REF, kind): None for kind in picture.clusters[REF].kinds}, freshness=frozenset())
    said = judge.assess(picture, whole, NOW)[0]
    assert said.releases[subject("Deployment")].phase is Phase.COMPLETE
    unchanged = Change(keys={}, freshness=frozenset())
    after = msgspec.structs.replace(picture, at=NOW + later)
    said = judge.assess(after, unchanged, NOW + later)[0]
    assert said.releases[subject("Deployment")].phase is phase


def test_an_object_in_another_namespace_is_another() -> None:
    """A Canary names its target in its own namespace."""
    other = {
        "kind": "Canary",
        "metadata": {**meta("web"), "namespace": "other"},
        "spec": {"targetRef": {"kind": "Deployment", "name": "web"}},
    }
    assert state_of("Deployment", deployment(), other).carrier is Carrier.DEPLOYMENT
