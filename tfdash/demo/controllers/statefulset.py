"""The StatefulSet controller: ordered pods with their claims, updates from the highest ordinal down to the partition."""

from __future__ import annotations

from tfdash.demo.apiserver.errors import ApiError
from tfdash.demo.apiserver.object_store import StoreKey
from tfdash.demo.apiserver.objects import (
    Obj,
    deleting,
    dig,
    labels_of,
    name_of,
    owner_reference,
    with_meta,
    with_status,
)
from tfdash.demo.controllers import pods
from tfdash.demo.controllers.controller_revisions import STORAGE as REVISIONS
from tfdash.demo.controllers.controller_revisions import find_revision, make_revision, newest
from tfdash.demo.controllers.owned_pods import Owning
from tfdash.demo.controllers.workload import (
    available,
    create_pod,
    end_pod,
    next_available,
    ready,
    rounded,
)

STORAGE = "statefulsets.apps"
_SOURCE = "statefulset-controller"
_RETRY = 10.0


def ordinal(pod: Obj) -> int:
    text = name_of(pod).rpartition("-")[2]
    return int(text) if text.isdigit() else -1


class StatefulSets(Owning):
    KIND = "StatefulSet"
    STORED = STORAGE

    def reconcile(self, key: StoreKey) -> None:
        found = self._k.store.find(STORAGE, *key)
        if found is None:
            return
        update = self._revision(found)
        current = dig(found, "status", "currentRevision") or update
        if not deleting(found):  # as the real one: what is deleted and waits for a finalizer only counts
            self._move(found, current, update)
        self._status(key, current, update)

    def _revision(self, found: Obj) -> str:
        """The revision of the present template, made or renumbered to be the newest."""
        known = find_revision(self._k.store, found)
        all_of = newest(self._k.store, found)
        last = int(all_of[-1]["revision"]) if all_of else 0
        if known is None:
            return make_revision(self._k.store, "StatefulSet", found, last + 1)
        if int(known["revision"]) < last:
            self._k.update(REVISIONS, {**known, "revision": last + 1})
        limit = dig(found, "spec", "revisionHistoryLimit", default=10)
        live = {labels_of(p).get("controller-revision-hash") for p in self._k.store.owned("pods", found)}
        spare = [r for r in all_of if name_of(r) not in live and name_of(r) != name_of(known)]
        for old in spare[: max(0, len(spare) - limit)]:
            self._k.store.delete(REVISIONS, old["metadata"]["namespace"], name_of(old))
        return name_of(known)

    def _pods(self, found: Obj) -> dict[int, Obj]:
        return {ordinal(p): p for p in self._k.store.owned("pods", found)}

    def _move(self, found: Obj, current: str, update: str) -> None:
        wanted = dig(found, "spec", "replicas", default=1)
        have = self._pods(found)
        parallel = found["spec"].get("podManagementPolicy") == "Parallel"
        rolling = dig(found, "spec", "updateStrategy", "type", default="RollingUpdate") == "RollingUpdate"
        start = dig(found, "spec", "ordinals", "start", default=0)
        # counted from the first ordinal (stateful_set_utils.go: newVersionedStatefulSetPod)
        partition = start + dig(found, "spec", "updateStrategy", "rollingUpdate", "partition", default=0)
        for index in range(start, start + wanted):
            pod = have.get(index)
            if (
                pod is not None
                and dig(pod, "status", "phase") in ("Failed", "Succeeded")
                and not deleting(pod)
            ):
                self._delete(found, pod)
                return
            if pod is None:
                fresh = update if not rolling or index >= partition else current
                if not self._create(found, index, fresh, update):
                    return
                if not parallel:
                    return
            elif not parallel and (deleting(pod) or not ready(pod)):
                # A pod that does not become ready holds up the ones behind it, but not its own update.
                break
        else:
            extra = sorted((i for i in have if i >= start + wanted), reverse=True)
            for index in extra:
                if not deleting(have[index]):
                    self._delete(found, have[index])
                if not parallel:
                    return
        if rolling:
            self._update(found, have, update, partition, start + wanted)

    def _update(self, found: Obj, have: dict[int, Obj], update: str, partition: int, end: int) -> None:
        most = rounded(
            dig(found, "spec", "updateStrategy", "rollingUpdate", "maxUnavailable"), end, up=True, default=1
        )
        away = sum(deleting(p) or not ready(p) for i, p in have.items() if i < end)
        for index in sorted((i for i in have if partition <= i < end), reverse=True):
            pod = have[index]
            outdated = labels_of(pod).get("controller-revision-hash") != update
            if outdated and not deleting(pod):
                if away >= most and ready(pod):
                    return
                self._delete(found, pod)
                return
            if deleting(pod) or not ready(pod):
                return

    def _create(self, found: Obj, index: int, revision: str, update: str) -> bool:
        namespace, name = found["metadata"]["namespace"], f"{name_of(found)}-{index}"
        template = found["spec"]["template"]
        if revision != update:
            old = self._k.store.find(REVISIONS, namespace, revision)
            kept = dig(old, "data", "spec", "template")
            if kept:
                template = {k: v for k, v in kept.items() if k != "$patch"}
        volumes = []
        for claim in found["spec"].get("volumeClaimTemplates") or ():
            claim_name = f"{name_of(claim)}-{name}"
            volumes.append({"name": name_of(claim), "persistentVolumeClaim": {"claimName": claim_name}})
            if self._k.store.get("persistentvolumeclaims", namespace, claim_name) is None:
                self._claim(found, claim, claim_name, namespace)
        labels = {
            "apps.kubernetes.io/pod-index": str(index),
            "controller-revision-hash": revision,
            "statefulset.kubernetes.io/pod-name": name,
        }
        owner = owner_reference("apps/v1", "StatefulSet", found)
        pod = pods.from_template(
            template,
            namespace,
            owner,
            self._k.cluster.luck,
            name=name,
            labels=labels,
            hostname=name,
            subdomain=found["spec"].get("serviceName", ""),
            volumes=[*volumes, *(template["spec"].get("volumes") or ())],
        )
        try:
            create_pod(self._k, pod)
        except ApiError as error:
            message = f"create Pod {name} in StatefulSet {name_of(found)} failed error: {error}"
            self._k.tell(STORAGE, found, "Warning", "FailedCreate", message, _SOURCE)
            self._k.look(self.reconcile, (namespace, name_of(found)), _RETRY)
            return False
        message = f"Create Pod {name} in StatefulSet {name_of(found)} successful"
        self._k.tell(STORAGE, found, "Normal", "SuccessfulCreate", message, _SOURCE)
        return True

    def _claim(self, found: Obj, claim: Obj, name: str, namespace: str) -> None:
        labels = dig(found, "spec", "selector", "matchLabels", default={})
        meta = {
            "name": name,
            "namespace": namespace,
            "labels": labels,
            "finalizers": ["kubernetes.io/pvc-protection"],
        }
        self._k.store.create(
            "persistentvolumeclaims",
            {"metadata": meta, "spec": claim["spec"], "status": {"phase": "Pending"}},
        )
        message = f"Create Claim {name} Pod {name.partition('-')[2]} in StatefulSet {name_of(found)} success"
        self._k.tell(STORAGE, found, "Normal", "SuccessfulCreate", message, _SOURCE)

    def _delete(self, found: Obj, pod: Obj) -> None:
        end_pod(self._k, pod)
        message = f"Delete Pod {name_of(pod)} in StatefulSet {name_of(found)} successful"
        self._k.tell(STORAGE, found, "Normal", "SuccessfulDelete", message, _SOURCE)

    def _status(self, key: StoreKey, current: str, update: str) -> None:
        found = self._k.store.find(STORAGE, *key)
        if found is None:
            return
        now, least = self._k.now(), float(dig(found, "spec", "minReadySeconds", default=0))
        mine = [
            p for p in self._pods(found).values() if not deleting(p) or dig(p, "status", "phase") == "Running"
        ]
        live = [p for p in mine if not deleting(p)]
        at = [labels_of(p).get("controller-revision-hash") for p in live]
        wanted = dig(found, "spec", "replicas", default=1)
        status = {
            "observedGeneration": found["metadata"].get("generation", 0),
            "replicas": len(mine),
            "readyReplicas": sum(ready(p) for p in live),
            "currentReplicas": sum(r == current for r in at),
            "updatedReplicas": sum(r == update for r in at),
            "currentRevision": current,
            "updateRevision": update,
            "collisionCount": 0,
            "availableReplicas": sum(available(p, least, now) for p in live),
        }
        partition = dig(found, "spec", "updateStrategy", "rollingUpdate", "partition", default=0)
        if not partition and status["updatedReplicas"] == wanted == len(mine) == status["readyReplicas"]:
            status |= {"currentRevision": update, "currentReplicas": status["updatedReplicas"]}
        status = {
            k: v
            for k, v in status.items()
            if v or k in ("replicas", "collisionCount", "availableReplicas", "observedGeneration")
        }
        self._k.update(
            STORAGE,
            with_status(
                with_meta(found),
                **{**dict.fromkeys(("readyReplicas", "currentReplicas", "updatedReplicas")), **status},
            ),
        )
        wait = next_available(live, least, now)
        if wait is not None:
            self._k.look(self.reconcile, key, wait + 0.05)
