"""Node heartbeats, and what happens to a node and its pods when they stop."""

from __future__ import annotations

import math

from tfdash.demo.apiserver.deleting import remove
from tfdash.demo.apiserver.object_store import ADDED, Happened, StoreKey
from tfdash.demo.apiserver.objects import (
    Obj,
    deleting,
    dig,
    micro_stamp,
    name_of,
    namespace_of,
    stamp,
    with_spec,
    with_status,
)
from tfdash.demo.controllers import pods
from tfdash.demo.controllers.kernel import Kernel
from tfdash.demo.controllers.kubelet import Kubelet
from tfdash.demo.controllers.node_state import node_conditions

LEASES = "leases.coordination.k8s.io"
_LEASE_EVERY, _STATUS_EVERY = 10.0, 300.0
_GRACE = 50.0  # seconds without a heartbeat until a node is unknown
_SOURCE = "node-controller"
_UNREACHABLE = "node.kubernetes.io/unreachable"
_UNSCHEDULABLE = "node.kubernetes.io/unschedulable"


class Nodes:
    """``lose`` and ``bring_back`` are the scenario's; the rest follows from them as it does in a real cluster."""

    def __init__(self, kernel: Kernel, kubelet: Kubelet) -> None:
        self._k = kernel
        self._kubelet = kubelet
        kernel.store.listen("nodes", self._node)

    def _node(self, storage: str, event: Happened) -> None:
        if event.type == ADDED:
            spread = self._k.luck_of(event.now.obj).random()
            self._k.look(self._beat, event.now.key, _LEASE_EVERY * spread)
            self._k.look(self._report, event.now.key, _STATUS_EVERY * spread)
        elif event.before is not None and event.before.obj["spec"].get("unschedulable") != event.now.obj[
            "spec"
        ].get("unschedulable"):
            self._k.look(self._cordon, event.now.key)

    def _cordon(self, key: StoreKey) -> None:
        """A cordoned node carries the taint that says so."""
        node = self._k.store.find("nodes", *key)
        if node is None:
            return
        taints = [t for t in node["spec"].get("taints") or () if t["key"] != _UNSCHEDULABLE]
        cordoned = bool(node["spec"].get("unschedulable"))
        if cordoned:
            taints.append({"key": _UNSCHEDULABLE, "effect": "NoSchedule", "timeAdded": stamp(self._k.now())})
        self._k.update("nodes", with_spec(node, taints=taints or None))
        reason = "NodeNotSchedulable" if cordoned else "NodeSchedulable"
        self._k.tell(
            "nodes", node, "Normal", reason, f"Node {key[1]} status is now: {reason}", "kubelet", host=key[1]
        )

    def _beat(self, key: StoreKey) -> None:
        node = self._k.store.find("nodes", *key)
        if node is None:
            return
        if key[1] not in self._kubelet.dead:
            self._renew(key[1])
        # Of the past the last renewal is left: those that nobody saw are passed over.
        unseen = self._k.cluster.shown_from - _LEASE_EVERY - self._k.now()
        self._k.look(self._beat, key, _LEASE_EVERY * max(1.0, math.floor(unseen / _LEASE_EVERY)))

    def _renew(self, name: str) -> None:
        lease = self._k.store.find(LEASES, "kube-node-lease", name)
        if lease is not None:
            self._k.update(LEASES, with_spec(lease, renewTime=micro_stamp(self._k.now())))

    def _report(self, key: StoreKey) -> None:
        """The full status, which changes only its heartbeat times."""
        node = self._k.store.find("nodes", *key)
        if node is None:
            return
        if key[1] not in self._kubelet.dead:
            now = stamp(self._k.now())
            conditions = [
                {**c, "lastHeartbeatTime": now} for c in dig(node, "status", "conditions", default=())
            ]
            self._k.update("nodes", with_status(node, conditions=conditions))
        self._k.look(self._report, key, _STATUS_EVERY)

    # -- loss ---------------------------------------------------------------------------------------------------

    def lose(self, name: str) -> None:
        """The node's kubelet stops: no heartbeats, nothing starts or ends there."""
        if name not in self._kubelet.dead and self._k.now() < self._k.cluster.shown_from:
            self._renew(name)  # its last one, which was passed over
        self._kubelet.dead.add(name)
        self._k.agenda.after(_GRACE, self._unknown, name)

    def _unknown(self, name: str) -> None:
        node = self._k.store.find("nodes", "", name)
        if node is None or name not in self._kubelet.dead:
            return
        now = self._k.now()
        conditions = [
            {
                **c,
                "status": "Unknown",
                "reason": "NodeStatusUnknown",
                "message": "Kubelet stopped posting node status.",
                "lastTransitionTime": stamp(now),
            }
            for c in dig(node, "status", "conditions", default=())
        ]
        taints = [
            *(node["spec"].get("taints") or ()),
            {"key": _UNREACHABLE, "effect": "NoSchedule", "timeAdded": stamp(now)},
            {"key": _UNREACHABLE, "effect": "NoExecute", "timeAdded": stamp(now)},
        ]
        node = self._k.update("nodes", with_status(with_spec(node, taints=taints), conditions=conditions))
        self._k.tell(
            "nodes", node, "Normal", "NodeNotReady", f"Node {name} status is now: NodeNotReady", _SOURCE
        )
        for pod in list(self._k.store.all("pods")):
            if pod["spec"].get("nodeName") == name and not deleting(pod):
                self._mark(pod)
                self._plan_eviction(pod)

    def _mark(self, pod: Obj) -> None:
        if any(
            c["type"] == "Ready" and c["status"] == "True"
            for c in dig(pod, "status", "conditions", default=())
        ):
            pod = self._k.update(
                "pods", pods.with_conditions(pod, pods.condition("Ready", False, self._k.now()))
            )
        self._k.tell("pods", pod, "Warning", "NodeNotReady", "Node is not ready", _SOURCE)

    def _plan_eviction(self, pod: Obj) -> None:
        for toleration in pod["spec"].get("tolerations") or ():
            key, effect = toleration.get("key"), toleration.get("effect")
            if key in (_UNREACHABLE, None, "") and effect in ("NoExecute", None, ""):
                wait = toleration.get("tolerationSeconds")
                if wait is not None:
                    self._k.agenda.after(
                        float(wait), self._evict, (namespace_of(pod), name_of(pod)), pod["metadata"]["uid"]
                    )
                return
        self._evict((namespace_of(pod), name_of(pod)), pod["metadata"]["uid"])

    def _evict(self, key: StoreKey, uid: str) -> None:
        pod = self._k.store.find("pods", *key)
        if (
            pod is None
            or pod["metadata"]["uid"] != uid
            or deleting(pod)
            or pod["spec"].get("nodeName") not in self._kubelet.dead
        ):
            return
        self._k.tell(
            "pods",
            pod,
            "Normal",
            "TaintManagerEviction",
            f"Marking for deletion Pod {key[0]}/{key[1]}",
            "taint-eviction-controller",
        )
        target = pods.condition(
            "DisruptionTarget",
            True,
            self._k.now(),
            "DeletionByTaintManager",
            "Taint manager: deleting due to NoExecute taint",
        )
        pod = self._k.update("pods", pods.with_conditions(pod, target))
        remove(self._k.store, "pods", pod)

    def bring_back(self, name: str) -> None:
        node = self._k.store.find("nodes", "", name)
        if node is None or name not in self._kubelet.dead:
            return
        now = self._k.now()
        self._kubelet.revive(name)
        taints = [t for t in node["spec"].get("taints") or () if t["key"] != _UNREACHABLE]
        node = with_status(with_spec(node, taints=taints or None), conditions=node_conditions(now, now))
        node = self._k.update("nodes", node)
        self._k.tell(
            "nodes",
            node,
            "Normal",
            "NodeReady",
            f"Node {name} status is now: NodeReady",
            "kubelet",
            host=name,
        )
        for pod in list(self._k.store.all("pods")):
            if pod["spec"].get("nodeName") == name and not deleting(pod):
                self._k.update("pods", pods.judged(pod, now))
