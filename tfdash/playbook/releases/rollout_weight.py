"""What share of the requests each version of an Argo Rollout gets: by its router, else by its pods."""

from __future__ import annotations

from tfdash.model.delivery import Rollout
from tfdash.model.kube import Pod, ReplicaSet
from tfdash.model.release import Phase, Side, Weight
from tfdash.playbook.releases import sides
from tfdash.playbook.releases.words import percent


def weight_of(
    rollout: Rollout, index: int, canary: Side | None, stable: Side | None, between: bool, phase: Phase
) -> Weight:
    if rollout.strategy == "blueGreen":
        switched = bool(rollout.active_hash) and rollout.active_hash == rollout.current_hash
        share = 100.0 if switched else 0.0
        return Weight(wanted=share, actual=share, approximate=False) if between else Weight()
    if still_served(rollout, between):
        left = _share(rollout)
        actual = None if left is None else 100.0 - left
        return Weight(wanted=100.0, actual=actual, approximate=False, verified=rollout.verified)
    if phase is Phase.COMPLETE:
        told = not rollout.routed or rollout.canary_weight is not None
        return Weight(wanted=100.0, actual=100.0 if told else None, approximate=not rollout.routed)
    if not between:
        return Weight()
    wanted = wanted_weight(rollout, index)
    if rollout.routed and rollout.canary_weight is not None:
        actual = None if of_another(rollout) and not rollout.abort else _share(rollout)
        return Weight(wanted=wanted, actual=actual, approximate=False, verified=rollout.verified)
    if rollout.routed:  # a router that reports nothing: pods say nothing of its shares
        return Weight(wanted=wanted, approximate=False)
    return sides.by_pods(canary, stable, wanted)


def _share(rollout: Rollout) -> float | None:
    """What its status says, in percent; None of what no router can do (argo-rollouts#4424: 200 %, and Istio refused it)."""
    share = (rollout.canary_weight or 0.0) * 100.0 / rollout.max_weight
    return share if 0.0 <= share <= 100.0 else None


def of_another(rollout: Rollout) -> str:
    """The hash of the version that the router was last told of, where that is not the wanted one, and gets requests:
    one that was replaced in flight, and the router not told yet (argo-rollouts#4390); "" else."""
    known = ("", rollout.current_hash)
    return rollout.weighed_hash if rollout.canary_weight and rollout.weighed_hash not in known else ""


def wanted_weight(rollout: Rollout, index: int) -> float:
    """The last setWeight at or before the step; 0 before the first and after an abort, 100 behind the last."""
    if rollout.abort:
        return 0.0
    if index >= len(rollout.steps) or rollout.promote_full:
        return 100.0
    for step in reversed(rollout.steps[: index + 1]):
        if step.kind == "setWeight" and step.weight is not None:
            return step.weight * 100.0 / rollout.max_weight
    return 0.0


def still_served(rollout: Rollout, between: bool) -> bool:
    """Whether the router still sends requests to a version that is neither wanted nor stable: its template was set back
    under dynamicStableScale. Its controller says Healthy meanwhile (argo-rollouts rolloututil.go
    ``IsDynamicallyRollingBackToStable``)."""
    return rollout.routed and not between and bool(of_another(rollout))


def left_side(rollout: Rollout, sets: tuple[ReplicaSet, ...], pods: tuple[Pod, ...] | None) -> Side:
    found = next((s for s in sets if sides.hash_of(s) == rollout.weighed_hash), None)
    return Side(hash=rollout.weighed_hash) if found is None else sides.side(found, pods)


def on_its_way(rollout: Rollout, whose: str) -> str:
    share = percent((rollout.canary_weight or 0.0) * 100.0 / rollout.max_weight)
    if _share(rollout) is None:
        return f"its status gives {whose} {share} of the requests, which no router can do: its share is not known"
    return f"{share} of the requests still go to {whose}; they go back as the stable pods come up"


def on_another(rollout: Rollout) -> str:
    """That the weight in its status is no share of the version in flight; "" where it is."""
    other = of_another(rollout) if rollout.routed else ""
    if not other:
        return ""
    share = percent((rollout.canary_weight or 0.0) * 100.0 / rollout.max_weight)
    return f"its router was last told {share} for another version ({other}): this one's share is not known"


def by_routes(rollout: Rollout, index: int) -> tuple[str, ...]:
    """Who gets the new version whatever its weight is: the routes of the steps that are done and were not taken away. An abort, a
    full promotion and the end of the steps take all of them away (argo-rollouts: ``RemoveManagedRoutes``)."""
    if not rollout.routed or rollout.abort or rollout.promote_full or index >= len(rollout.steps):
        return ()
    told: dict[str, str] = {}
    for step in rollout.steps[:index]:
        if step.kind not in ("setHeaderRoute", "setMirrorRoute"):
            continue
        told.pop(step.name, None)
        if step.matched and step.kind == "setHeaderRoute":
            told[step.name] = f"requests that match its header route {step.name} go to the new version"
        elif step.matched:
            share = "" if step.percentage in (None, 100) else f"{percent(step.percentage or 0)} of "
            told[step.name] = (
                f"copies of {share}the requests that match its mirror route {step.name} go to it"
            )
    return tuple(told.values())
