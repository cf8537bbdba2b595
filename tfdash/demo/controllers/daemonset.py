"""The DaemonSet controller: one pod on each node that takes it, replaced a few at a time."""

from __future__ import annotations

from tfdash.demo.apiserver.errors import ApiError
from tfdash.demo.apiserver.object_store import DELETED, Happened, StoreKey
from tfdash.demo.apiserver.objects import (
    Obj,
    deleting,
    dig,
    labels_of,
    name_of,
    owner_reference,
    with_status,
)
from tfdash.demo.controllers import pods
from tfdash.demo.controllers.controller_revisions import STORAGE as REVISIONS
from tfdash.demo.controllers.controller_revisions import find_revision, make_revision, newest
from tfdash.demo.controllers.kernel import Kernel
from tfdash.demo.controllers.node_state import tolerates
from tfdash.demo.controllers.owned_pods import Owning
from tfdash.demo.controllers.workload import available, create_pod, end_pod, live_owner, ready, rounded

STORAGE = "daemonsets.apps"
_SOURCE = "daemonset-controller"
_OWN_TAINTS = (
    ("node.kubernetes.io/not-ready", "NoExecute"),
    ("node.kubernetes.io/unreachable", "NoExecute"),
    ("node.kubernetes.io/disk-pressure", "NoSchedule"),
    ("node.kubernetes.io/memory-pressure", "NoSchedule"),
    ("node.kubernetes.io/pid-pressure", "NoSchedule"),
    ("node.kubernetes.io/unschedulable", "NoSchedule"),
)


class DaemonSets(Owning):
    KIND = "DaemonSet"
    STORED = STORAGE

    def __init__(self, kernel: Kernel) -> None:
        super().__init__(kernel)
        kernel.store.listen("nodes", self._node)

    def _node(self, storage: str, event: Happened) -> None:
        before = event.before.obj if event.before is not None else None
        if event.type == DELETED or before is None or before["spec"] != event.now.obj["spec"]:
            for key in list(self._k.store.shelf(STORAGE).items):
                self._k.look(self.reconcile, key)

    def _wants(self, found: Obj, node: Obj) -> bool:
        spec = found["spec"]["template"]["spec"]
        if any(labels_of(node).get(k) != v for k, v in (spec.get("nodeSelector") or {}).items()):
            return False
        own = [{"key": k, "operator": "Exists", "effect": e} for k, e in _OWN_TAINTS]
        own.append({"key": "node.kubernetes.io/unreachable", "operator": "Exists", "effect": "NoSchedule"})
        return tolerates({"spec": {"tolerations": [*(spec.get("tolerations") or ()), *own]}}, node)

    def reconcile(self, key: StoreKey) -> None:
        found = live_owner(self._k.store, STORAGE, key)
        if found is None:
            return
        digest = self._revision(found)
        mine: dict[str, Obj] = {p["spec"].get("nodeName", ""): p for p in self._k.store.owned("pods", found)}
        nodes = {name_of(n): n for n in self._k.store.all("nodes")}
        wanted = [name for name, node in nodes.items() if self._wants(found, node)]
        for name in wanted:
            pod = mine.get(name)
            if pod is None:
                self._create(found, name, digest)
            elif dig(pod, "status", "phase") in ("Failed", "Succeeded") and not deleting(pod):
                self._delete(found, pod)
        for name, pod in mine.items():
            if name not in wanted and not deleting(pod):
                self._delete(found, pod)
        if dig(found, "spec", "updateStrategy", "type", default="RollingUpdate") == "RollingUpdate":
            self._replace(found, [mine[n] for n in wanted if n in mine], digest, len(wanted))
        self._status(key, wanted, digest)

    def _revision(self, found: Obj) -> str:
        known, all_of = find_revision(self._k.store, found), newest(self._k.store, found)
        last = int(all_of[-1]["revision"]) if all_of else 0
        if known is None:
            return make_revision(self._k.store, "DaemonSet", found, last + 1)
        if int(known["revision"]) < last:
            self._k.update(REVISIONS, {**known, "revision": last + 1})
        return labels_of(known)["controller.kubernetes.io/hash"]

    def _replace(self, found: Obj, mine: list[Obj], digest: str, wanted: int) -> None:
        most = rounded(
            dig(found, "spec", "updateStrategy", "rollingUpdate", "maxUnavailable"),
            wanted,
            up=True,
            default=1,
        )
        old = [p for p in mine if labels_of(p).get("controller-revision-hash") != digest and not deleting(p)]
        away = (wanted - len(mine)) + sum(not ready(p) or deleting(p) for p in mine if p not in old)
        broken = [p for p in old if not ready(p)]
        for pod in broken:
            self._delete(found, pod)
        room = most - away - len(broken)
        for pod in [p for p in old if ready(p)][: max(0, room)]:
            self._delete(found, pod)

    def _create(self, found: Obj, node: str, digest: str) -> None:
        owner = owner_reference("apps/v1", "DaemonSet", found)
        generation = str(dig(found, "metadata", "generation", default=1))
        labels = {"controller-revision-hash": digest, "pod-template-generation": generation}
        spec = found["spec"]["template"]["spec"]
        own = [{"key": k, "operator": "Exists", "effect": e} for k, e in _OWN_TAINTS]
        pod = pods.from_template(
            found["spec"]["template"],
            found["metadata"]["namespace"],
            owner,
            self._k.cluster.luck,
            labels=labels,
            nodeName=node,
            tolerations=[*(spec.get("tolerations") or ()), *own],
        )
        scheduled = pods.condition("PodScheduled", True, self._k.now())
        try:
            made = create_pod(self._k, pods.with_conditions(pod, scheduled))
        except ApiError as error:
            self._k.tell(STORAGE, found, "Warning", "FailedCreate", f"Error creating: {error}", _SOURCE)
            self._k.look(self.reconcile, (found["metadata"]["namespace"], name_of(found)), 15.0)
            return
        self._k.tell(STORAGE, found, "Normal", "SuccessfulCreate", f"Created pod: {name_of(made)}", _SOURCE)

    def _delete(self, found: Obj, pod: Obj) -> None:
        end_pod(self._k, pod)
        self._k.tell(STORAGE, found, "Normal", "SuccessfulDelete", f"Deleted pod: {name_of(pod)}", _SOURCE)

    def _status(self, key: StoreKey, wanted: list[str], digest: str) -> None:
        found = live_owner(self._k.store, STORAGE, key)
        if found is None:
            return
        now, least = self._k.now(), float(dig(found, "spec", "minReadySeconds", default=0))
        mine = [p for p in self._k.store.owned("pods", found) if not deleting(p)]
        placed = [p for p in mine if p["spec"].get("nodeName") in wanted]
        serving = sum(available(p, least, now) for p in placed)
        status: Obj = {
            "currentNumberScheduled": len(placed),
            "numberMisscheduled": len(mine) - len(placed),
            "desiredNumberScheduled": len(wanted),
            "numberReady": sum(ready(p) for p in placed),
            "observedGeneration": found["metadata"].get("generation", 0),
            "updatedNumberScheduled": sum(
                labels_of(p).get("controller-revision-hash") == digest for p in placed
            )
            or None,
            "numberAvailable": serving or None,
            "numberUnavailable": (len(wanted) - serving) or None,
        }
        self._k.update(STORAGE, with_status(found, **status))
