"""Argo CD's Applications: what lies in git is compared with what runs, and put in place by hand or by itself.

``spec.syncPolicy.automated`` deploys each new commit; with ``selfHeal`` it also undoes what was changed past git, a
roll-back too. Only pod templates are compared: sizes are the autoscaler's.
"""

from __future__ import annotations

from typing import Any

from tfdash.demo.apiserver.defaults import template as with_defaults
from tfdash.demo.apiserver.object_store import DELETED, Happened, StoreKey
from tfdash.demo.apiserver.objects import Obj, condition, dig, stamp, with_annotations, with_meta, with_spec
from tfdash.demo.apiserver.patch.ownership import after_update
from tfdash.demo.apiserver.resources import by_storage
from tfdash.demo.controllers.argo.git_repository import Commit, Tracked
from tfdash.demo.controllers.kernel import Kernel
from tfdash.demo.controllers.workload import live_owner

STORAGE = "applications.argoproj.io"
MANAGER = "argocd-controller"
TRACKING = "argocd.argoproj.io/tracking-id"
CAUSE = "kubernetes.io/change-cause"
_SOURCE = "argocd-application-controller"
_HEAL = 5.0  # seconds between a deviation and its undoing, as Argo CD's self-heal time-out
_SEEN = 2.0  # seconds until a commit is noticed, as by a webhook
_WORKLOADS = ("deployments.apps", "rollouts.argoproj.io")


class Applications:
    def __init__(self, kernel: Kernel) -> None:
        self._k = kernel
        self._deviates: dict[StoreKey, float] = {}
        kernel.store.listen(STORAGE, self._own)
        for storage in _WORKLOADS:
            kernel.store.listen(storage, self._workload)
        kernel.cluster.repository.changed = lambda key: kernel.look(self.reconcile, key, _SEEN)

    def _own(self, storage: str, event: Happened) -> None:
        if event.type != DELETED:
            self._k.look(self.reconcile, event.now.key)

    def _workload(self, storage: str, event: Happened) -> None:
        found = self._k.cluster.repository.of(storage, *event.now.key)
        if found is not None:
            self._k.look(self.reconcile, found, 0.5)

    def reconcile(self, key: StoreKey) -> None:
        found = live_owner(self._k.store, STORAGE, key)
        commit, tracked = self._k.cluster.repository.head(key), self._k.cluster.repository.workload(key)
        if found is None or commit is None or tracked is None:
            return
        live = self._k.store.find(*tracked)
        synced = live is not None and self._same(live, commit)
        if found.get("operation") is not None:  # somebody asked for it
            found = {k: v for k, v in found.items() if k != "operation"}
            self._sync(key, found, tracked, commit, live, "")
            return
        policy = dig(found, "spec", "syncPolicy", "automated")
        automated = policy is not None and policy.get("enabled") is not False
        deployed = dig(found, "status", "operationState", "syncResult", "revision")
        if synced:
            self._deviates.pop(key, None)
        elif automated and commit.revision != deployed:
            self._sync(key, found, tracked, commit, live, "automated")
            return
        elif automated and policy.get("selfHeal"):
            since = self._deviates.setdefault(key, self._k.now())
            if self._k.now() >= since + _HEAL:
                self._deviates.pop(key, None)
                self._sync(key, found, tracked, commit, live, "self-heal")
                return
            self._k.look(self.reconcile, key, since + _HEAL - self._k.now() + 0.05)
        else:
            self._deviates.pop(key, None)
        self._write(found, tracked, live, commit, synced=synced)

    @staticmethod
    def _same(live: Obj, commit: Commit) -> bool:
        """Every field that git names has its value; what somebody added, as a time of restart, does not count."""
        return _covers(with_defaults(live["spec"].get("template")), commit.template)

    # -- syncing ------------------------------------------------------------------------------------------------

    def _sync(
        self, key: StoreKey, found: Obj, tracked: Tracked, commit: Commit, live: Obj | None, why: str
    ) -> None:
        now = self._k.now()
        if live is None:
            message = f"{tracked.storage} {tracked.name} is not there"
            self._k.tell(STORAGE, found, "Warning", "OperationCompleted", message, _SOURCE)
            return
        if not self._same(live, commit):
            self._apply(tracked, live, commit)
        state = {
            "phase": "Succeeded",
            "message": "successfully synced (all tasks run)",
            "startedAt": stamp(now),
            "finishedAt": stamp(now),
            "syncResult": {"revision": commit.revision, "source": found["spec"].get("source")},
            "operation": {
                "sync": {"revision": commit.revision},
                "initiatedBy": {"automated": True} if why else {},
            },
        }
        history = dig(found, "status", "history", default=[])
        if not history or history[-1]["revision"] != commit.revision:
            number = history[-1]["id"] + 1 if history else 0
            entry = {
                "id": number,
                "revision": commit.revision,
                "deployedAt": stamp(now),
                "source": found["spec"].get("source"),
            }
            history = [*history, entry][-10:]
        found = {**found, "status": {**found.get("status", {}), "operationState": state, "history": history}}
        asked = {
            "automated": "Initiated automated sync to",
            "self-heal": "Initiated automated sync (self-heal) to",
        }
        self._k.tell(
            STORAGE,
            found,
            "Normal",
            "OperationStarted",
            f"{asked.get(why, 'Initiated sync to')} '{commit.revision}'",
            _SOURCE,
        )
        message = "Partial sync operation" if why == "self-heal" else "Sync operation"
        self._k.tell(
            STORAGE,
            found,
            "Normal",
            "OperationCompleted",
            f"{message} to {commit.revision} succeeded",
            _SOURCE,
        )
        self._write(found, tracked, self._k.store.find(*tracked), commit, synced=True)

    def _apply(self, tracked: Tracked, live: Obj, commit: Commit) -> None:
        resource, at = by_storage()[tracked.storage], stamp(self._k.now())
        notes = {
            **dig(live, "spec", "template", "metadata", "annotations", default={}),
            **dig(commit.template, "metadata", "annotations", default={}),
        }
        meta = {**commit.template["metadata"], **({"annotations": notes} if notes else {})}
        after = with_spec(live, template={**commit.template, "metadata": meta})
        after = with_annotations(after, **{CAUSE: commit.cause})
        after = with_meta(after, generation=live["metadata"].get("generation", 0) + 1)
        fields = after_update(live, after, MANAGER, "", resource.api_version, at)
        self._k.update(tracked.storage, with_meta(after, managedFields=fields))

    # -- what it says -------------------------------------------------------------------------------------------

    def _write(self, found: Obj, tracked: Tracked, live: Obj | None, commit: Commit, *, synced: bool) -> None:
        status = dict(found.get("status") or {})
        health = self._health(tracked, live)
        resource = by_storage()[tracked.storage]
        sync = "Synced" if synced else "OutOfSync"
        if (before := dig(status, "sync", "status")) not in (None, sync):
            self._k.tell(
                STORAGE,
                found,
                "Normal",
                "ResourceUpdated",
                f"Updated sync status: {before} -> {sync}",
                _SOURCE,
            )
        if (before := dig(status, "health", "status")) not in (None, health):
            self._k.tell(
                STORAGE,
                found,
                "Normal",
                "ResourceUpdated",
                f"Updated health status: {before} -> {health}",
                _SOURCE,
            )
        compared = {"source": found["spec"].get("source"), "destination": found["spec"].get("destination")}
        entry = {
            "group": resource.group,
            "version": resource.version,
            "kind": resource.kind,
            "namespace": tracked.namespace,
            "name": tracked.name,
            "status": sync,
            "health": {"status": health},
        }
        after = {
            **status,
            "sync": {"status": sync, "revision": commit.revision, "comparedTo": compared},
            "health": {"status": health},
            "resources": [entry],
            "sourceType": "Kustomize",
        }
        if after != status:
            after["reconciledAt"] = stamp(self._k.now())
        self._k.update(STORAGE, {**found, "status": after})

    @staticmethod
    def _health(tracked: Tracked, live: Obj | None) -> str:
        if live is None:
            return "Missing"
        if tracked.storage == "rollouts.argoproj.io":
            phase = str(dig(live, "status", "phase", default="Progressing"))
            return "Suspended" if phase == "Paused" else phase
        progressing = condition(live, "Progressing")
        if progressing is not None and progressing.get("reason") == "ProgressDeadlineExceeded":
            return "Degraded"
        if live["spec"].get("paused"):
            return "Suspended"
        wanted = dig(live, "spec", "replicas", default=1)
        counts = [
            dig(live, "status", f, default=0) for f in ("updatedReplicas", "availableReplicas", "replicas")
        ]
        return "Healthy" if counts == [wanted] * 3 else "Progressing"


def _covers(live: Any, wanted: Any) -> bool:
    if isinstance(wanted, dict):
        return isinstance(live, dict) and all(_covers(live.get(k), v) for k, v in wanted.items())
    if isinstance(wanted, list):
        alike = isinstance(live, list) and len(live) == len(wanted)
        return alike and all(_covers(one, other) for one, other in zip(live, wanted, strict=True))
    return bool(live == wanted)
