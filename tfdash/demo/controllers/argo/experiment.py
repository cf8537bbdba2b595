"""The controller of Experiments, in short: ReplicaSets of its templates for a while, analyses beside them, then its phase.

Not simulated: Services and weights of templates, dry runs, and a scale-down delay.
"""

from __future__ import annotations

from tfdash.demo.apiserver.object_store import DELETED, Happened, StoreKey
from tfdash.demo.apiserver.objects import (
    Obj,
    controller_of,
    dig,
    hashed,
    name_of,
    namespace_of,
    owner_reference,
    seconds,
    stamp,
    with_meta,
    with_spec,
)
from tfdash.demo.controllers.argo.rollout_analysis import ENDED, EXPERIMENTS, RUNS, Unresolved, merged
from tfdash.demo.controllers.argo.rollout_status import HASH
from tfdash.demo.controllers.behaviour import duration
from tfdash.demo.controllers.kernel import Kernel
from tfdash.demo.controllers.replicaset import STORAGE as SETS
from tfdash.demo.controllers.workload import live_owner

_VERSION = "argoproj.io/v1alpha1"
_WORSE = ("Successful", "Pending", "Running", "Inconclusive", "Error", "Failed")


class Experiments:
    def __init__(self, kernel: Kernel) -> None:
        self._k = kernel
        kernel.store.listen(EXPERIMENTS, self._own)
        for storage in (SETS, RUNS):
            kernel.store.listen(storage, self._below)

    def _own(self, storage: str, event: Happened) -> None:
        if event.type != DELETED:
            self._k.look(self.reconcile, event.now.key)

    def _below(self, storage: str, event: Happened) -> None:
        owner = controller_of(event.now.obj)
        if owner is not None and owner["kind"] == "Experiment":
            self._k.look(self.reconcile, (event.now.key[0], owner["name"]))

    def reconcile(self, key: StoreKey) -> None:
        found = live_owner(self._k.store, EXPERIMENTS, key)
        if found is None:
            return
        status = dict(found.get("status") or {})
        if status.get("phase") in ENDED:
            self._shrink(found)
            return
        now = self._k.now()
        templates = [self._template(found, template) for template in found["spec"].get("templates") or ()]
        whole = all(t["availableReplicas"] >= t["wanted"] for t in templates)
        if whole and "availableAt" not in status:
            status["availableAt"] = stamp(now)
        left = self._left(found, status, now)
        runs = self._analyses(found) if "availableAt" in status else []
        told = [
            {
                "name": name,
                "analysisRun": name_of(run),
                "phase": dig(run, "status", "phase", default="Pending"),
                "message": dig(run, "status", "message", default=""),
            }
            for name, run in runs
        ]
        worst = max((t["phase"] for t in told), key=_WORSE.index, default="Successful")
        over = found["spec"].get("terminate") or (left is not None and left <= 0)
        shown = "Successful" if over else "Running" if whole else "Progressing"
        status["templateStatuses"] = [
            {**{k: v for k, v in t.items() if k != "wanted"}, "status": shown} for t in templates
        ]
        status["analysisRuns"] = [{k: v for k, v in t.items() if v != ""} for t in told]
        required = [a["name"] for a in found["spec"].get("analyses") or () if a.get("requiredForCompletion")]
        passed = required and all(t["phase"] == "Successful" for t in told if t["name"] in required)
        status["phase"] = "Running" if "availableAt" in status else "Pending"
        if worst in ("Failed", "Error", "Inconclusive"):
            status["phase"] = worst
            status["message"] = next(t["message"] for t in told if t["phase"] == worst)
        elif (over and not required) or passed or found["spec"].get("terminate"):
            status["phase"] = "Successful"
        if not status["analysisRuns"]:
            del status["analysisRuns"]
        self._k.update(EXPERIMENTS, {**found, "status": status})
        if status["phase"] in ENDED:
            self._k.look(self.reconcile, key)
            words = f"Experiment transitioned from Running -> {status['phase']}"
            kind = "Normal" if status["phase"] == "Successful" else "Warning"
            self._k.tell(
                EXPERIMENTS, found, kind, f"Experiment{status['phase']}", words, "rollouts-controller"
            )
        elif left is not None and left > 0:
            self._k.look(self.reconcile, key, left + 0.05)

    @staticmethod
    def _left(found: Obj, status: Obj, now: float) -> float | None:
        """Seconds until its duration is over; None while it has not begun or has none."""
        since, lasts = seconds(status.get("availableAt")), found["spec"].get("duration")
        if since is None or not lasts:
            return None
        return since + duration(str(lasts)) - now

    def _template(self, found: Obj, template: Obj) -> Obj:
        """The template's ReplicaSet, made at need, and how far it is."""
        name = f"{name_of(found)}-{template['name']}"
        wanted = int(template.get("replicas", 1))
        made = self._k.store.find(SETS, namespace_of(found), name)
        if made is None:
            digest = hashed(template["template"])
            inner = template["template"]
            labels = {**dig(inner, "metadata", "labels", default={}), HASH: digest}
            chosen = {**dig(template, "selector", "matchLabels", default={}), HASH: digest}
            meta = {
                "name": name,
                "namespace": namespace_of(found),
                "labels": labels,
                "generation": 1,
                "annotations": {
                    "experiment.argoproj.io/name": name_of(found),
                    "experiment.argoproj.io/template-name": template["name"],
                },
                "ownerReferences": [owner_reference(_VERSION, "Experiment", found)],
            }
            spec = {
                "replicas": wanted,
                "selector": {"matchLabels": chosen},
                "template": {**inner, "metadata": {**(inner.get("metadata") or {}), "labels": labels}},
            }
            made = self._k.store.create(SETS, {"metadata": meta, "spec": spec})
        counts = {
            f: int(dig(made, "status", f, default=0))
            for f in ("replicas", "readyReplicas", "availableReplicas")
        }
        digest = made["metadata"]["labels"][HASH]
        return {
            "name": template["name"],
            **counts,
            "updatedReplicas": counts["replicas"],
            "podTemplateHash": digest,
            "wanted": wanted,
        }

    def _analyses(self, found: Obj) -> list[tuple[str, Obj]]:
        result = []
        for analysis in found["spec"].get("analyses") or ():
            name = f"{name_of(found)}-{analysis['name']}"
            run = self._k.store.find(RUNS, namespace_of(found), name)
            if run is None:
                try:
                    spec = merged(self._k.store, namespace_of(found), [analysis], analysis.get("args") or [])
                except Unresolved:
                    continue
                meta = {
                    "name": name,
                    "namespace": namespace_of(found),
                    "generation": 1,
                    "ownerReferences": [owner_reference(_VERSION, "Experiment", found)],
                }
                run = self._k.store.create(RUNS, {"metadata": meta, "spec": spec})
            result.append((analysis["name"], run))
        return result

    def _shrink(self, found: Obj) -> None:
        """What it made goes to no pods, and its analyses end."""
        for replica_set in self._k.store.owned(SETS, found):
            if dig(replica_set, "spec", "replicas", default=0):
                generation = replica_set["metadata"].get("generation", 0) + 1
                self._k.update(SETS, with_meta(with_spec(replica_set, replicas=0), generation=generation))
        for run in self._k.store.owned(RUNS, found):
            if dig(run, "status", "phase") not in ENDED and not run["spec"].get("terminate"):
                self._k.update(RUNS, with_spec(run, terminate=True))
