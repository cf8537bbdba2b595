"""Release state in kubectl's order and words, every branch and its edge."""

from __future__ import annotations

import pytest

from tests.unit.playbook.making import condition, daemon_set, deployment, judged, stateful_set
from tfdash.model.kube import Object
from tfdash.model.workload import Release, Serving
from tfdash.playbook.serving.health import may_be_away, resolve_bound, serving
from tfdash.playbook.serving.rollout_status import rollout

EXCEEDED = (condition("Progressing", "False", "ProgressDeadlineExceeded"),)
WAIT = 'Waiting for deployment "checkout" rollout to finish: '


@pytest.mark.parametrize(
    ("workload", "release", "message"),
    [
        (deployment(), Release.COMPLETE, 'deployment "checkout" successfully rolled out'),
        (
            deployment(generation=2),
            Release.PROGRESSING,
            "Waiting for deployment spec update to be observed...",
        ),
        # the generation comes before the deadline, the deadline before any waiting
        (
            deployment(generation=2, conditions=EXCEEDED),
            Release.PROGRESSING,
            "Waiting for deployment spec update to be observed...",
        ),
        (
            deployment(updated=1, conditions=EXCEEDED),
            Release.STUCK,
            'deployment "checkout" exceeded its progress deadline',
        ),
        (deployment(updated=2), Release.PROGRESSING, WAIT + "2 out of 3 new replicas have been updated..."),
        (deployment(replicas=4), Release.PROGRESSING, WAIT + "1 old replicas are pending termination..."),
        (deployment(available=2), Release.PROGRESSING, WAIT + "2 of 3 updated replicas are available..."),
        (
            deployment(updated=0, paused=True),
            Release.PAUSED,
            WAIT + "0 out of 3 new replicas have been updated...",
        ),
        (deployment(paused=True), Release.PAUSED, 'deployment "checkout" successfully rolled out'),
        (
            deployment(desired=0, replicas=0, updated=0, available=0),
            Release.COMPLETE,
            'deployment "checkout" successfully rolled out',
        ),
        (
            stateful_set(strategy="OnDelete"),
            Release.ON_DELETE,
            "rollout status is only available for RollingUpdate strategy type",
        ),
        (
            stateful_set(observed_generation=0),
            Release.PROGRESSING,
            "Waiting for statefulset spec update to be observed...",
        ),
        (stateful_set(ready=1), Release.PROGRESSING, "Waiting for 2 pods to be ready..."),
        (
            stateful_set(updated=0, update_revision="db-2"),
            Release.PROGRESSING,
            "Waiting for partitioned roll out to finish: 0 out of 3 new pods have been updated...",
        ),
        (
            stateful_set(updated=1, partition=2, update_revision="db-2"),
            Release.PARTITIONED,
            "partitioned roll out complete: 1 new pods have been updated...",
        ),
        (
            stateful_set(updated=0, partition=3, update_revision="db-2"),
            Release.PARTITIONED,
            "partitioned roll out complete: 0 new pods have been updated...",
        ),
        (
            stateful_set(partition=2),
            Release.COMPLETE,
            "partitioned roll out complete: 3 new pods have been updated...",
        ),
        (
            daemon_set(strategy="OnDelete"),
            Release.ON_DELETE,
            "rollout status is only available for RollingUpdate strategy type",
        ),
        (
            daemon_set(generation=2),
            Release.PROGRESSING,
            "Waiting for daemon set spec update to be observed...",
        ),
        (
            daemon_set(updated=1),
            Release.PROGRESSING,
            'Waiting for daemon set "logs" rollout to finish: 1 out of 3 new pods have been updated...',
        ),
        (
            daemon_set(available=1),
            Release.PROGRESSING,
            'Waiting for daemon set "logs" rollout to finish: 1 of 3 updated pods are available...',
        ),
        (daemon_set(), Release.COMPLETE, 'daemon set "logs" successfully rolled out'),
    ],
)
def test_release_state(workload: Object, release: Release, message: str) -> None:
    status = rollout(workload)
    assert (status.release, status.message) == (release, message)


@pytest.mark.parametrize(
    ("text", "total", "up", "pods"),
    [
        ("25%", 10, True, 3),
        ("25%", 10, False, 2),
        ("", 3, False, 0),
        ("", 3, True, 1),
        ("2", 10, False, 2),
        ("100%", 7, True, 7),
        *((text, 7, False, 0) for text in ("many", "1e999%", "²%", "9" * 400 + "%", "9" * 5000)),
    ],
)
def test_percentages_round_as_kubernetes_does(text: str, total: int, up: bool, pods: int) -> None:
    assert resolve_bound(text, total, up=up) == pods


def test_where_both_bounds_come_to_nothing_one_pod_may_be_away() -> None:
    assert may_be_away(deployment(max_surge="0", max_unavailable="0")) == 1


@pytest.mark.parametrize(
    ("available", "release", "health"),
    [
        (3, Release.COMPLETE, Serving.OK),
        (2, Release.COMPLETE, Serving.DEGRADED),
        (0, Release.COMPLETE, Serving.DOWN),
        (2, Release.PROGRESSING, Serving.OK),
        (1, Release.PROGRESSING, Serving.DEGRADED),
        (2, Release.STUCK, Serving.DEGRADED),
    ],
)
def test_serving_apart_from_release(available: int, release: Release, health: Serving) -> None:
    assert serving(deployment(max_unavailable="1", available=available), 3, available, release) is health


def test_nothing_wanted_is_idle_and_no_finding() -> None:
    state, verdict = judged(deployment(desired=0, replicas=0, updated=0, ready=0, available=0))
    assert (state.serving, verdict.level.name) == (Serving.IDLE, "IDLE")
