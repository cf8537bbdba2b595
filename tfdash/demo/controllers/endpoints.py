"""Endpoints and EndpointSlices of Services, from the pods that their selectors take."""

from __future__ import annotations

from tfdash.demo.apiserver.object_store import DELETED, Happened, StoreKey
from tfdash.demo.apiserver.objects import (
    Obj,
    deleting,
    dig,
    labels_of,
    name_of,
    owner_reference,
    stamp,
    subset,
    suffix,
)
from tfdash.demo.controllers.kernel import Kernel
from tfdash.demo.controllers.workload import ready

SLICES, ENDPOINTS = "endpointslices.discovery.k8s.io", "endpoints"
_DELAY = 0.3


class Network:
    def __init__(self, kernel: Kernel) -> None:
        self._k = kernel
        kernel.store.listen("services", self._service)
        kernel.store.listen("pods", self._pod)

    def _service(self, storage: str, event: Happened) -> None:
        self._k.look(self.reconcile, event.now.key, _DELAY)

    def _pod(self, storage: str, event: Happened) -> None:
        """Only changes that endpoints show."""
        if (
            event.before is not None
            and event.type != DELETED
            and _shown(event.before.obj) == _shown(event.now.obj)
        ):
            return
        labels = labels_of(event.now.obj)
        namespace = event.now.key[0]
        for service in self._k.store.all("services", namespace):
            selector = service["spec"].get("selector")
            if selector and subset(selector, labels):
                self._k.look(self.reconcile, (namespace, name_of(service)), _DELAY)

    def reconcile(self, key: StoreKey) -> None:
        store = self._k.store
        service = store.find("services", *key)
        mine = [
            s for s in store.all(SLICES, key[0]) if labels_of(s).get("kubernetes.io/service-name") == key[1]
        ]
        if service is None or not service["spec"].get("selector"):
            if service is None:
                for found in mine:
                    store.delete(SLICES, key[0], name_of(found))
                if store.get(ENDPOINTS, *key) is not None:
                    store.delete(ENDPOINTS, *key)
            return
        chosen = [
            p
            for p in store.all("pods", key[0])
            if subset(service["spec"]["selector"], labels_of(p))
            and dig(p, "status", "podIP")
            and dig(p, "status", "phase") not in ("Succeeded", "Failed")
        ]
        self._slice(service, chosen, mine)
        self._endpoints(service, chosen)

    def _slice(self, service: Obj, chosen: list[Obj], mine: list[Obj]) -> None:
        ports = [
            {"name": p.get("name", ""), "port": _number(p, chosen), "protocol": p.get("protocol", "TCP")}
            for p in service["spec"].get("ports") or ()
        ]
        body = {"addressType": "IPv4", "endpoints": [self._endpoint(p) for p in chosen], "ports": ports}
        if mine:
            self._k.update(SLICES, {**mine[0], **body})
            return
        name, namespace = name_of(service), service["metadata"]["namespace"]
        meta = {
            "name": f"{name}-{suffix(self._k.luck_of(service))}",
            "generateName": f"{name}-",
            "namespace": namespace,
            "labels": {
                **labels_of(service),
                "endpointslice.kubernetes.io/managed-by": "endpointslice-controller.k8s.io",
                "kubernetes.io/service-name": name,
            },
            "annotations": {"endpoints.kubernetes.io/last-change-trigger-time": stamp(self._k.now())},
            "ownerReferences": [owner_reference("v1", "Service", service)],
            "generation": 1,
        }
        self._k.store.create(SLICES, {"metadata": meta, **body})

    def _endpoint(self, pod: Obj) -> Obj:
        node = self._k.store.find("nodes", "", pod["spec"].get("nodeName", ""))
        serving = ready(pod)
        return {
            "addresses": [pod["status"]["podIP"]],
            "conditions": {
                "ready": serving and not deleting(pod),
                "serving": serving,
                "terminating": deleting(pod),
            },
            "targetRef": _target(pod),
            "nodeName": pod["spec"].get("nodeName", ""),
            "zone": (labels_of(node) if node else {}).get("topology.kubernetes.io/zone", ""),
        }

    def _endpoints(self, service: Obj, chosen: list[Obj]) -> None:
        def address(pod: Obj) -> Obj:
            return {
                "ip": pod["status"]["podIP"],
                "nodeName": pod["spec"].get("nodeName", ""),
                "targetRef": _target(pod),
            }

        serving = [address(p) for p in chosen if ready(p) and not deleting(p)]
        waiting = [address(p) for p in chosen if not ready(p) and not deleting(p)]
        part: Obj = {
            "addresses": serving,
            "notReadyAddresses": waiting,
            "ports": [
                {"name": p.get("name", ""), "port": _number(p, chosen), "protocol": p.get("protocol", "TCP")}
                for p in service["spec"].get("ports") or ()
            ],
        }
        subsets = [{k: v for k, v in part.items() if v}] if serving or waiting else None
        key = (service["metadata"]["namespace"], name_of(service))
        have = self._k.store.find(ENDPOINTS, *key)
        body = {"subsets": subsets} if subsets else {}
        if have is None:
            self._k.store.create(
                ENDPOINTS,
                {"metadata": {"name": key[1], "namespace": key[0], "labels": labels_of(service)}, **body},
            )
        else:
            self._k.update(ENDPOINTS, {"metadata": have["metadata"], **body})


def _shown(pod: Obj) -> tuple[object, ...]:
    return (
        labels_of(pod),
        dig(pod, "status", "podIP"),
        ready(pod),
        deleting(pod),
        dig(pod, "status", "phase") in ("Succeeded", "Failed"),
    )


def _target(pod: Obj) -> Obj:
    meta = pod["metadata"]
    return {"kind": "Pod", "namespace": meta["namespace"], "name": meta["name"], "uid": meta["uid"]}


def _number(port: Obj, chosen: list[Obj]) -> int:
    """The target's number, also where the Service gives a name."""
    wanted = port.get("targetPort", port["port"])
    if isinstance(wanted, int):
        return wanted
    for pod in chosen:
        for container in pod["spec"]["containers"]:
            for have in container.get("ports") or ():
                if have.get("name") == wanted:
                    return int(have["containerPort"])
    return int(port["port"])
