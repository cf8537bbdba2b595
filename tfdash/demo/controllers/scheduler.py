"""The scheduler: filters by taints, selectors and room, binds to the least loaded node, says per reason why not."""

from __future__ import annotations

from collections import Counter
from typing import NamedTuple

from tfdash.demo.apiserver.object_store import DELETED, Happened, StoreKey
from tfdash.demo.apiserver.objects import Obj, deleting, dig, labels_of, matches, name_of, uid_of, with_spec
from tfdash.demo.apiserver.quantity import parse
from tfdash.demo.apiserver.quotas import container_sum
from tfdash.demo.controllers import pods
from tfdash.demo.controllers.kernel import Kernel
from tfdash.demo.controllers.node_state import tolerates

_SOURCE = "default-scheduler"
_RETRY = 300.0  # an unschedulable pod is tried again after so long even if nothing changed
_BACKOFF = 2.0
_NOT_HELPFUL = (
    "node(s) had untolerated taint(s)",
    "node(s) didn't match Pod's node affinity/selector",
    "node(s) were unschedulable",
)


class Room(NamedTuple):
    """What pods on a node ask for: cores, bytes, and how many they are."""

    cpu: float = 0.0
    memory: float = 0.0
    pods: int = 0


def asked(pod: Obj) -> Room:
    spec = pod["spec"]
    return Room(
        float(container_sum(spec, "requests", "cpu")), float(container_sum(spec, "requests", "memory")), 1
    )


class Scheduler:
    def __init__(self, kernel: Kernel) -> None:
        self._k = kernel
        self._placed: dict[str, tuple[str, Room]] = {}  # by uid: where, and how much
        self._used: dict[str, Room] = {}
        self._waiting: set[StoreKey] = set()
        kernel.store.listen("pods", self._pod)
        kernel.store.listen("nodes", self._node)
        kernel.store.listen("persistentvolumeclaims", lambda storage, event: self._retry())

    def _pod(self, storage: str, event: Happened) -> None:
        pod = event.now.obj
        node = pod["spec"].get("nodeName", "")
        over = event.type == DELETED or dig(pod, "status", "phase") in ("Succeeded", "Failed")
        if over:
            self._waiting.discard(event.now.key)
            if self._release(uid_of(pod)):
                self._retry()
        elif node:
            self._take(uid_of(pod), node, pod)
        elif event.before is None and not deleting(pod) and not pod["spec"].get("schedulingGates"):
            self._k.look(self.schedule, event.now.key, 0.02)

    def _take(self, uid: str, node: str, pod: Obj) -> None:
        if uid in self._placed:
            return
        need = asked(pod)
        self._placed[uid] = (node, need)
        have = self._used.get(node, Room())
        self._used[node] = Room(have.cpu + need.cpu, have.memory + need.memory, have.pods + 1)

    def _release(self, uid: str) -> bool:
        placed = self._placed.pop(uid, None)
        if placed is None:
            return False
        node, need = placed
        have = self._used[node]
        self._used[node] = Room(have.cpu - need.cpu, have.memory - need.memory, have.pods - 1)
        return True

    def _node(self, storage: str, event: Happened) -> None:
        before = event.before.obj if event.before is not None else None
        if (
            before is None
            or before.get("spec") != event.now.obj.get("spec")
            or labels_of(before) != labels_of(event.now.obj)
        ):
            self._retry()

    def _retry(self) -> None:
        for key in sorted(self._waiting):
            self._k.look(self.schedule, key, _BACKOFF)

    def used(self, node: str) -> Room:
        return self._used.get(node, Room())

    # -- one pod ------------------------------------------------------------------------------------------------

    def schedule(self, key: StoreKey) -> None:
        pod = self._k.store.find("pods", *key)
        if pod is None or pod["spec"].get("nodeName") or deleting(pod) or pod["spec"].get("schedulingGates"):
            self._waiting.discard(key)
            return
        if pod["spec"].get("schedulerName", _SOURCE) != _SOURCE:
            return
        unbound = self._unbound_claim(pod)
        nodes = list(self._k.store.all("nodes"))
        if unbound:
            self._refuse(key, pod, f"0/{len(nodes)} nodes are available: {unbound}")
            return
        need = asked(pod)
        reasons: Counter[str] = Counter()
        fitting: list[tuple[float, str]] = []
        for node in nodes:
            why = self._why_not(pod, node, need)
            if why:
                reasons.update(why)
            else:
                fitting.append((self._load(node, need), name_of(node)))
        if not fitting:
            self._refuse(key, pod, _message(len(nodes), reasons))
            return
        self._bind(key, pod, min(fitting)[1])

    def _why_not(self, pod: Obj, node: Obj, need: Room) -> list[str]:
        if node["spec"].get("unschedulable") and not _takes_unschedulable(pod):
            return ["node(s) were unschedulable"]
        if not tolerates(pod, node):
            return ["node(s) had untolerated taint(s)"]
        if not _selected(pod, node):
            return ["node(s) didn't match Pod's node affinity/selector"]
        room, have = node["status"].get("allocatable", {}), self.used(name_of(node))
        found = []
        if have.pods + 1 > int(parse(room.get("pods", "0"))):
            found.append("Too many pods")
        if need.cpu and have.cpu + need.cpu > float(parse(room.get("cpu", "0"))) + 1e-9:
            found.append("Insufficient cpu")
        if need.memory and have.memory + need.memory > float(parse(room.get("memory", "0"))):
            found.append("Insufficient memory")
        return found

    def _load(self, node: Obj, need: Room) -> float:
        room, have = node["status"]["allocatable"], self.used(name_of(node))
        cpu = (have.cpu + need.cpu) / float(parse(room["cpu"]))
        return max(cpu, (have.memory + need.memory) / float(parse(room["memory"]))) + 0.0005 * have.pods

    def _unbound_claim(self, pod: Obj) -> str:
        for volume in pod["spec"].get("volumes") or ():
            name = dig(volume, "persistentVolumeClaim", "claimName")
            if not name:
                continue
            claim = self._k.store.find("persistentvolumeclaims", pod["metadata"]["namespace"], name)
            if claim is None:
                return f'persistentvolumeclaim "{name}" not found'
            if dig(claim, "status", "phase") != "Bound":
                return "pod has unbound immediate PersistentVolumeClaims. not found"
        return ""

    def _refuse(self, key: StoreKey, pod: Obj, message: str) -> None:
        now = self._k.now()
        unschedulable = pods.condition("PodScheduled", False, now, "Unschedulable", message)
        pod = self._k.update("pods", pods.with_conditions(pod, unschedulable))
        self._k.tell("pods", pod, "Warning", "FailedScheduling", message, _SOURCE, series="Scheduling")
        self._waiting.add(key)
        self._k.look(self.schedule, key, _RETRY)

    def _bind(self, key: StoreKey, pod: Obj, node: str) -> None:
        self._waiting.discard(key)
        pod = with_spec(pod, nodeName=node)
        pod = self._k.update(
            "pods", pods.with_conditions(pod, pods.condition("PodScheduled", True, self._k.now()))
        )
        message = f"Successfully assigned {key[0]}/{key[1]} to {node}"
        self._k.tell("pods", pod, "Normal", "Scheduled", message, _SOURCE, series="Binding")


def _takes_unschedulable(pod: Obj) -> bool:
    return any(
        t.get("operator") == "Exists" and t.get("key") in (None, "", "node.kubernetes.io/unschedulable")
        for t in pod["spec"].get("tolerations") or ()
    )


def _selected(pod: Obj, node: Obj) -> bool:
    """nodeSelector and required node affinity."""
    labels = labels_of(node)
    if any(labels.get(k) != v for k, v in (pod["spec"].get("nodeSelector") or {}).items()):
        return False
    required = dig(pod, "spec", "affinity", "nodeAffinity", "requiredDuringSchedulingIgnoredDuringExecution")
    if required is None:
        return True
    return any(_term(term, node) for term in required.get("nodeSelectorTerms") or ())


def _term(term: Obj, node: Obj) -> bool:
    fields = {"metadata.name": name_of(node)}
    return matches({"matchExpressions": term.get("matchExpressions") or []}, labels_of(node)) and matches(
        {"matchExpressions": term.get("matchFields") or []}, fields
    )


def _message(nodes: int, reasons: Counter[str]) -> str:
    """The scheduler's sentence: reasons sorted as it sorts them, then why preemption does not help."""
    said = ", ".join(sorted(f"{count} {reason}" for reason, count in reasons.items()))
    unhelpful = sum(count for reason, count in reasons.items() if reason in _NOT_HELPFUL)
    unhelpful = min(unhelpful, nodes)
    parts = []
    if nodes - unhelpful:
        parts.append(f"{nodes - unhelpful} No preemption victims found for incoming pod")
    if unhelpful:
        parts.append(f"{unhelpful} Preemption is not helpful for scheduling")
    preemption = ", ".join(sorted(parts))
    return f"0/{nodes} nodes are available: {said}. preemption: 0/{nodes} nodes are available: {preemption}."
