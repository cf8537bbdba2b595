"""Where a release is, in kubectl's order and words (kubectl/pkg/polymorphichelpers/rollout_status.go).

Observed generation first, the deadline before any waiting message, then the waiting messages, then done.
"""

from __future__ import annotations

from typing import NamedTuple

from tfdash.model.kube import Condition, DaemonSet, Deployment, Object, StatefulSet
from tfdash.model.workload import Release


class Status(NamedTuple):
    """``message`` is what ``kubectl rollout status`` prints; ``progress`` 0..1 while moving. ``rolled_out``:
    nothing is left to do, also where it is paused."""

    release: Release
    message: str
    progress: float | None = None
    observed: bool = True
    rolled_out: bool = False


def condition(conditions: tuple[Condition, ...], type_: str) -> Condition | None:
    return next((c for c in conditions if c.type == type_), None)


def rollout(workload: Object) -> Status:
    """The release state of a Deployment, StatefulSet or DaemonSet."""
    match workload:
        case Deployment():
            return _deployment(workload)
        case StatefulSet():
            return _stateful_set(workload)
        case DaemonSet():
            return _daemon_set(workload)
    raise TypeError(f"{workload.KIND} has no rollout")


def _share(done: int, wanted: int) -> float:
    return min(1.0, done / wanted) if wanted > 0 else 1.0


def _deployment(d: Deployment) -> Status:
    if d.generation > d.observed_generation:
        return Status(Release.PROGRESSING, "Waiting for deployment spec update to be observed...", 0.0, False)
    waiting = f'Waiting for deployment "{d.name}" rollout to finish: '
    progressing = condition(d.conditions, "Progressing")
    if progressing is not None and progressing.reason == "ProgressDeadlineExceeded":
        return Status(Release.STUCK, f'deployment "{d.name}" exceeded its progress deadline')
    moving = Release.PAUSED if d.paused else Release.PROGRESSING
    done = min(d.updated, d.available)
    if d.updated < d.desired:
        text = f"{waiting}{d.updated} out of {d.desired} new replicas have been updated..."
        return Status(moving, text, _share(done, d.desired))
    if d.replicas > d.updated:
        text = f"{waiting}{d.replicas - d.updated} old replicas are pending termination..."
        return Status(moving, text, _share(done, d.replicas))
    if d.available < d.updated:
        text = f"{waiting}{d.available} of {d.updated} updated replicas are available..."
        return Status(moving, text, _share(done, d.desired))
    return Status(
        Release.PAUSED if d.paused else Release.COMPLETE,
        f'deployment "{d.name}" successfully rolled out',
        rolled_out=True,
    )


def _stateful_set(s: StatefulSet) -> Status:
    if s.strategy != "RollingUpdate":
        text = "rollout status is only available for RollingUpdate strategy type"
        seen = 0 < s.observed_generation >= s.generation
        return Status(Release.ON_DELETE, text, observed=seen)
    if s.observed_generation == 0 or s.generation > s.observed_generation:
        return Status(
            Release.PROGRESSING, "Waiting for statefulset spec update to be observed...", 0.0, False
        )
    wanted = max(0, s.desired - s.partition)
    if s.ready < s.desired:
        text = f"Waiting for {s.desired - s.ready} pods to be ready..."
        return Status(Release.PROGRESSING, text, _share(min(s.ready, s.updated + s.partition), s.desired))
    if s.updated < wanted:
        text = (
            "Waiting for partitioned roll out to finish: "
            f"{s.updated} out of {wanted} new pods have been updated..."
        )
        return Status(Release.PROGRESSING, text, _share(s.updated, wanted))
    held = s.partition > 0 and s.update_revision != s.current_revision and s.updated < s.desired
    text = f"partitioned roll out complete: {s.updated} new pods have been updated..."
    return Status(Release.PARTITIONED if held else Release.COMPLETE, text, rolled_out=not held)


def _daemon_set(d: DaemonSet) -> Status:
    if d.strategy != "RollingUpdate":
        text = "rollout status is only available for RollingUpdate strategy type"
        return Status(Release.ON_DELETE, text, observed=d.observed_generation >= d.generation)
    if d.generation > d.observed_generation:
        return Status(Release.PROGRESSING, "Waiting for daemon set spec update to be observed...", 0.0, False)
    waiting = f'Waiting for daemon set "{d.name}" rollout to finish: '
    if d.updated < d.desired:
        text = f"{waiting}{d.updated} out of {d.desired} new pods have been updated..."
        return Status(Release.PROGRESSING, text, _share(d.updated, d.desired))
    if d.available < d.desired:
        text = f"{waiting}{d.available} of {d.desired} updated pods are available..."
        return Status(Release.PROGRESSING, text, _share(d.available, d.desired))
    return Status(Release.COMPLETE, f'daemon set "{d.name}" successfully rolled out', rolled_out=True)
