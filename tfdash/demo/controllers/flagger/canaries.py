"""The Flagger controller: Canaries over a target Deployment and its ``-primary``, by interval, weight, checks and gates.

One look an interval, in the order of the real one (pkg/controller/scheduler.go). Failed checks are counted over the
whole analysis and never forgiven; A/B testing, mirroring and autoscaler references are not simulated.
"""

from __future__ import annotations

from tfdash.demo.apiserver.object_store import DELETED, Happened, StoreKey
from tfdash.demo.apiserver.objects import (
    Obj,
    condition,
    dig,
    hashed,
    name_of,
    owner_reference,
    with_meta,
    with_spec,
)
from tfdash.demo.controllers.behaviour import duration
from tfdash.demo.controllers.flagger.canary_status import STORAGE, analysis_of, set_status, tell
from tfdash.demo.controllers.flagger.metric_checks import wrong_with
from tfdash.demo.controllers.flagger.webhooks import Webhooks
from tfdash.demo.controllers.kernel import Kernel
from tfdash.demo.controllers.workload import live_owner

DEPLOYMENTS = "deployments.apps"
_RUNNING = ("Progressing", "Waiting", "WaitingPromotion", "Promoting", "Finalising")


def primary_template(target: Obj) -> Obj:
    """The target's pod template under the primary's own label."""
    template = target["spec"]["template"]
    labels = {**(dig(template, "metadata", "labels", default={}))}
    labels["app"] = f"{labels.get('app', name_of(target))}-primary"
    return {**template, "metadata": {**template["metadata"], "labels": labels}}


def spec_hash(target: Obj) -> str:
    return hashed(target["spec"]["template"], 10)


class Canaries:
    """``weights`` is what the simulated mesh routes to each canary: it outlives a phase's reset of the status."""

    def __init__(self, kernel: Kernel) -> None:
        self._k = kernel
        self._webhooks = Webhooks(kernel)
        self.weights: dict[StoreKey, int] = {}
        kernel.store.listen(STORAGE, self._own)

    def _own(self, storage: str, event: Happened) -> None:
        if event.type == DELETED:
            self.weights.pop(event.now.key, None)
        elif event.before is None:
            self._k.look(self.reconcile, event.now.key, 1.0)

    def reconcile(self, key: StoreKey) -> None:
        canary = live_owner(self._k.store, STORAGE, key)
        if canary is None:
            return
        try:
            interval = duration(str(analysis_of(canary).get("interval", "60s")))
        except ValueError:
            interval = 60.0
        self._k.look(self.reconcile, key, max(interval, 1.0))
        if canary["spec"].get("suspend"):
            tell(self._k, canary, "skipping canary run as object is suspended")
            return
        target = live_owner(
            self._k.store, DEPLOYMENTS, (key[0], dig(canary, "spec", "targetRef", "name", default=""))
        )
        if target is None:
            name = dig(canary, "spec", "targetRef", "name", default="")
            tell(
                self._k,
                canary,
                f'deployment {name}.{key[0]} get query error: deployments.apps "{name}" not found',
                "Warning",
            )
            return
        self._advance(key, canary, target)

    # -- one interval -------------------------------------------------------------------------------------------

    def _advance(self, key: StoreKey, canary: Obj, target: Obj) -> None:
        primary = self._initialized(key, canary, target)
        if primary is None:
            return
        canary = self._k.store.find(STORAGE, *key) or canary
        status = canary.get("status", {})
        phase, applied = status.get("phase", ""), spec_hash(target)
        changed = status.get("lastAppliedSpec") != applied
        if phase not in _RUNNING:
            if phase == "Failed" and changed is False:
                return
            if not changed or not self._webhooks.confirmed(
                canary, "confirm-rollout", "Waiting", "waiting for approval"
            ):
                return
            self._start(key, canary, target, primary, applied)
            return
        if phase == "Waiting":
            if self._webhooks.confirmed(canary, "confirm-rollout", "Waiting", "waiting for approval"):
                self._start(key, canary, target, primary, applied)
            return
        if changed and phase in ("Progressing", "WaitingPromotion"):
            tell(
                self._k, canary, f"New revision detected! Restarting analysis for {name_of(target)}.{key[0]}"
            )
            self._route(key, canary, 0)
            set_status(
                self._k,
                canary,
                phase="Progressing",
                canaryWeight=0,
                failedChecks=0,
                iterations=0,
                lastAppliedSpec=applied,
            )
            return
        if not self._ready(canary, target):
            return
        if canary["spec"].get("skipAnalysis"):
            self._skip(key, canary, target, primary)
            return
        if phase in ("Progressing", "WaitingPromotion") and self._webhooks.any_passes(canary, "rollback"):
            tell(
                self._k, canary, f"Rolling back {name_of(canary)}.{key[0]} manual webhook invoked", "Warning"
            )
            self._roll_back(key, canary, target)
            return
        self._step(key, canary, target, primary, phase)

    def _step(self, key: StoreKey, canary: Obj, target: Obj, primary: Obj, phase: str) -> None:
        status = canary["status"]
        if phase == "Promoting":
            if self._whole(primary):
                tell(self._k, canary, "Routing all traffic to primary")
                self._route(key, canary, 0)
                set_status(self._k, canary, phase="Finalising", canaryWeight=0, iterations=0)
            return
        if phase == "Finalising":
            self._scale(target, 0)
            set_status(
                self._k,
                canary,
                phase="Succeeded",
                canaryWeight=0,
                lastPromotedSpec=status.get("lastAppliedSpec"),
            )
            tell(self._k, canary, f"Promotion completed! Scaling down {name_of(target)}.{key[0]}")
            return
        threshold = int(analysis_of(canary).get("threshold", 0))
        if status.get("failedChecks", 0) >= threshold:
            self._roll_back(key, canary, target)
            return
        weight = self.weights.get(key, 0)
        if weight == 0 and not status.get("iterations"):
            tell(self._k, canary, f"Starting canary analysis for {name_of(target)}.{key[0]}")
            good = self._webhooks.all_pass(canary, "pre-rollout")
        else:
            good = self._checks(canary, target)
        if not good:
            set_status(self._k, canary, failedChecks=status.get("failedChecks", 0) + 1)
            return
        if int(analysis_of(canary).get("iterations") or 0) > 0:
            self._iterate(key, canary, target, primary)
        else:
            self._shift(key, canary, target, primary, weight)

    def _shift(self, key: StoreKey, canary: Obj, target: Obj, primary: Obj, weight: int) -> None:
        """The next weight, or the promotion behind its gate."""
        plan = analysis_of(canary)
        steps = [int(w) for w in plan.get("stepWeights") or ()]
        most = int(plan.get("maxWeight") or (max(steps) if steps else 100))
        if weight < most:
            if canary["status"].get("phase") == "Progressing" and not self._webhooks.confirmed(
                canary, "confirm-traffic-increase", "", "waiting for traffic increase approval"
            ):
                return
            after = next((w for w in steps if w > weight), weight + int(plan.get("stepWeight") or 0))
            self._route(key, canary, min(100, after))
            set_status(self._k, canary, canaryWeight=self.weights[key])
            tell(self._k, canary, f"Advance {name_of(canary)}.{key[0]} canary weight {self.weights[key]}")
            return
        self._promote(key, canary, target, primary)

    def _iterate(self, key: StoreKey, canary: Obj, target: Obj, primary: Obj) -> None:
        """Blue/green: so many rounds of checks with no traffic of users, then the promotion."""
        total, done = int(analysis_of(canary)["iterations"]), int(canary["status"].get("iterations", 0))
        if done < total:
            set_status(self._k, canary, iterations=done + 1)
            message = f"Advance {name_of(canary)}.{key[0]} canary iteration {done + 1}/{total}"
            tell(self._k, canary, message)
            return
        self._promote(key, canary, target, primary)

    def _promote(self, key: StoreKey, canary: Obj, target: Obj, primary: Obj) -> None:
        if not self._webhooks.confirmed(
            canary, "confirm-promotion", "WaitingPromotion", "waiting for promotion approval"
        ):
            return
        canary = self._k.store.find(STORAGE, *key) or canary
        self._copy(canary, target, primary)
        set_status(self._k, canary, phase="Promoting", canaryWeight=0, iterations=0)

    def _skip(self, key: StoreKey, canary: Obj, target: Obj, primary: Obj) -> None:
        self._route(key, canary, 0)
        self._copy(canary, target, primary)
        self._scale(target, 0)
        promoted = canary["status"].get("lastAppliedSpec")
        set_status(
            self._k, canary, phase="Succeeded", canaryWeight=0, iterations=0, lastPromotedSpec=promoted
        )
        tell(
            self._k,
            canary,
            f"Promotion completed! Canary analysis was skipped for {name_of(target)}.{key[0]}",
        )

    def _roll_back(self, key: StoreKey, canary: Obj, target: Obj) -> None:
        failed, most = canary["status"].get("failedChecks", 0), int(analysis_of(canary).get("threshold", 0))
        if failed >= most:
            message = f"Rolling back {name_of(canary)}.{key[0]} failed checks threshold reached {failed}"
            tell(self._k, canary, message, "Warning")
        self._route(key, canary, 0)
        tell(self._k, canary, f"Canary failed! Scaling down {name_of(canary)}.{key[0]}", "Warning")
        self._scale(target, 0)
        set_status(
            self._k,
            canary,
            phase="Failed",
            canaryWeight=0,
            failedChecks=0,
            iterations=0,
            lastAppliedSpec=spec_hash(target),
        )

    def _route(self, key: StoreKey, canary: Obj, weight: int) -> None:
        self.weights[key] = weight
        target = dig(canary, "spec", "targetRef", "name", default="")
        self._k.cluster.prometheus.history.routed((key[0], target), weight)

    # -- workloads ----------------------------------------------------------------------------------------------

    def _initialized(self, key: StoreKey, canary: Obj, target: Obj) -> Obj | None:
        """The primary; None while it is made, and the look that first finds it whole."""
        name, phase = f"{name_of(target)}-primary", dig(canary, "status", "phase", default="")
        primary = self._k.store.find(DEPLOYMENTS, key[0], name)
        if primary is None:
            template = primary_template(target)
            label = dig(template, "metadata", "labels", "app")
            meta = {
                "name": name,
                "namespace": key[0],
                "labels": {"app": label},
                "generation": 1,
                "ownerReferences": [owner_reference("flagger.app/v1beta1", "Canary", canary)],
            }
            spec = {**target["spec"], "template": template, "selector": {"matchLabels": {"app": label}}}
            self._k.store.create(DEPLOYMENTS, {"metadata": meta, "spec": spec})
            set_status(
                self._k,
                canary,
                phase="Initializing",
                lastAppliedSpec=spec_hash(target),
                canaryWeight=0,
                failedChecks=0,
                iterations=0,
            )
            return None
        if phase not in ("", "Initializing"):
            return primary
        if not self._whole(primary):
            message = f"{name}.{key[0]} not ready: waiting for rollout to finish"
            tell(self._k, canary, message, "Warning")
            return None
        self._scale(target, 0)
        digest = spec_hash(target)
        set_status(
            self._k,
            canary,
            phase="Initialized",
            lastAppliedSpec=digest,
            lastPromotedSpec=digest,
            canaryWeight=0,
            failedChecks=0,
            iterations=0,
        )
        tell(self._k, canary, f"Initialization done! {name_of(canary)}.{key[0]}")
        return None

    def _start(self, key: StoreKey, canary: Obj, target: Obj, primary: Obj, applied: str) -> None:
        tell(self._k, canary, f"New revision detected! Scaling up {name_of(target)}.{key[0]}")
        self._scale(target, dig(primary, "spec", "replicas", default=1))
        self._route(key, canary, 0)
        canary = self._k.store.find(STORAGE, *key) or canary
        set_status(
            self._k,
            canary,
            phase="Progressing",
            canaryWeight=0,
            failedChecks=0,
            iterations=0,
            lastAppliedSpec=applied,
        )

    def _copy(self, canary: Obj, target: Obj, primary: Obj) -> None:
        namespace = canary["metadata"]["namespace"]
        message = f"Copying {name_of(target)}.{namespace} template spec to {name_of(primary)}.{namespace}"
        tell(self._k, canary, message)
        after = with_spec(primary, template=primary_template(target))
        generation = primary["metadata"].get("generation", 0) + 1
        self._k.update(DEPLOYMENTS, with_meta(after, generation=generation))

    def _scale(self, target: Obj, replicas: int) -> None:
        found = self._k.store.find(DEPLOYMENTS, target["metadata"]["namespace"], name_of(target)) or target
        if dig(found, "spec", "replicas") != replicas:
            generation = found["metadata"].get("generation", 0) + 1
            after = with_meta(with_spec(found, replicas=replicas), generation=generation)
            self._k.update_as("flagger", DEPLOYMENTS, found, after)

    @staticmethod
    def _whole(found: Obj) -> bool:
        status, wanted = found.get("status", {}), dig(found, "spec", "replicas", default=1)
        seen = status.get("observedGeneration", 0) >= found["metadata"].get("generation", 0)
        counts = [status.get(f, 0) for f in ("updatedReplicas", "availableReplicas", "replicas")]
        return seen and counts == [wanted] * 3

    def _ready(self, canary: Obj, target: Obj) -> bool:
        """Whether the canary's pods are there; past the Deployment's deadline it is rolled back."""
        if canary["status"].get("phase") in ("Promoting", "Finalising") or self._whole(target):
            return True
        place = canary["metadata"]["namespace"]
        progressing = condition(target, "Progressing")
        if progressing is not None and progressing.get("reason") == "ProgressDeadlineExceeded":
            message = f"Rolling back {name_of(canary)}.{place} progress deadline exceeded"
            tell(self._k, canary, message, "Warning")
            self._roll_back((place, name_of(canary)), canary, target)
            return False
        have, wanted = (
            dig(target, "status", "availableReplicas", default=0),
            dig(target, "spec", "replicas", default=1),
        )
        message = (
            f"canary deployment {name_of(target)}.{place} not ready: waiting for rollout to finish: "
            f"{have} of {wanted} (readyThreshold 100%) updated replicas are available"
        )
        tell(self._k, canary, message, "Warning")
        return False

    # -- checks -------------------------------------------------------------------------------------------------

    def _checks(self, canary: Obj, target: Obj) -> bool:
        if not self._webhooks.all_pass(canary, "rollout"):
            return False
        place = f"{name_of(canary)}.{canary['metadata']['namespace']}"
        for metric in analysis_of(canary).get("metrics") or ():
            wrong = wrong_with(self._k.cluster, metric, name_of(target), place, self._k.now())
            if wrong:
                tell(self._k, canary, wrong, "Warning")
                return False
        return True
