"""Containers on their nodes: their statuses, and the images they need first."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tfdash.demo.apiserver.object_store import StoreKey
from tfdash.demo.apiserver.objects import Obj, deleting, dig, uid_of, with_status
from tfdash.demo.controllers import pods
from tfdash.demo.controllers.kernel import Kernel
from tfdash.demo.controllers.pod_needs import missing_configuration

_SOURCE = "kubelet"
_RETRY_CONFIG = 12.0
_STATES = ("containerStatuses", "initContainerStatuses")


class Containers:
    """What each kubelet does for a single container. ``dead`` nodes do nothing."""

    def __init__(self, kernel: Kernel) -> None:
        self._k = kernel
        self._store = kernel.store
        self._images: dict[str, set[str]] = {}
        self.dead: set[str] = set()

    def _alive(self, key: StoreKey, uid: str) -> Obj | None:
        """The pod, while it is the same one, not ending, and its node lives."""
        pod = self._store.find("pods", *key)
        if pod is None or uid_of(pod) != uid or deleting(pod) or pod["spec"].get("nodeName") in self.dead:
            return None
        return pod if dig(pod, "status", "phase") not in ("Succeeded", "Failed") else None

    def _tell(self, pod: Obj, kind: str, reason: str, message: str, container: str = "") -> None:
        path = ""
        if container:
            inits = {c["name"] for c in pod["spec"].get("initContainers") or ()}
            path = f"spec.{'initContainers' if container in inits else 'containers'}{{{container}}}"
        self._k.tell("pods", pod, kind, reason, message, _SOURCE, host=pod["spec"]["nodeName"], path=path)

    def _spec(self, pod: Obj, container: str) -> Obj:
        spec: Obj = next(
            c
            for c in [*(pod["spec"].get("initContainers") or ()), *pod["spec"]["containers"]]
            if c["name"] == container
        )
        return spec

    def _status(self, pod: Obj, container: str) -> Obj:
        for field in _STATES:
            for found in dig(pod, "status", field, default=()):
                if found["name"] == container:
                    status: Obj = found
                    return status
        return pods.waiting(self._spec(pod, container), "ContainerCreating")

    def _set(self, pod: Obj, status: Obj) -> Obj:
        """Store one container's status and what follows from it."""
        for field in _STATES:
            have = dig(pod, "status", field, default=[])
            if any(s["name"] == status["name"] for s in have):
                pod = with_status(
                    pod, **{field: [status if s["name"] == status["name"] else s for s in have]}
                )
        started = any(
            {"running", "terminated"} & set(s.get("state") or ()) or s.get("restartCount")
            for s in dig(pod, "status", "containerStatuses", default=())
        )
        if started and dig(pod, "status", "phase") == "Pending":
            pod = with_status(pod, phase="Running")
        return self._k.update("pods", pods.judged(pod, self._k.now()))

    def _wait(self, pod: Obj, name: str, reason: str, message: str) -> None:
        status = self._status(pod, name)
        self._set(
            pod, {**status, "state": {"waiting": {"message": message, "reason": reason}}, "ready": False}
        )

    def _pull(self, key: StoreKey, uid: str, name: str, then: Callable[[], Any], tries: int = 0) -> None:
        pod = self._alive(key, uid)
        if pod is None:
            return
        container = self._spec(pod, name)
        image, node = container["image"], pod["spec"]["nodeName"]
        does = self._k.behaviours.of(pod, container)
        if does.pull != "ok":
            self._tell(pod, "Normal", "Pulling", f'Pulling image "{image}"', name)
            self._k.agenda.after(0.8, self._pull_failed, key, uid, name, then, tries + 1)
            return
        have = self._images.setdefault(node, set())
        if image in have and container.get("imagePullPolicy") != "Always":
            self._tell(
                pod,
                "Normal",
                "Pulled",
                f'Container image "{image}" already present on machine and can be accessed by the pod',
                name,
            )
            self._k.agenda.after(0.1, self._pulled, key, uid, name, then)
            return
        self._tell(pod, "Normal", "Pulling", f'Pulling image "{image}"', name)
        takes = (
            does.pull_seconds if does.pull_seconds is not None else 1.0 + 3.0 * self._k.luck_of(pod).random()
        )
        self._k.agenda.after(takes, self._pull_done, key, uid, name, then, takes)

    def _pull_done(self, key: StoreKey, uid: str, name: str, then: Callable[[], Any], took: float) -> None:
        pod = self._alive(key, uid)
        if pod is None:
            return
        image = self._spec(pod, name)["image"]
        self._images.setdefault(pod["spec"]["nodeName"], set()).add(image)
        size = 20_000_000 + sum(image.encode()) * 37_511
        shown = f"{took:.3f}s"
        self._tell(
            pod,
            "Normal",
            "Pulled",
            f'Successfully pulled image "{image}" in {shown} ({shown} including waiting). Image size: {size} bytes.',
            name,
        )
        self._pulled(key, uid, name, then)

    def _pull_failed(self, key: StoreKey, uid: str, name: str, then: Callable[[], Any], tries: int) -> None:
        pod = self._alive(key, uid)
        if pod is None:
            return
        container = self._spec(pod, name)
        image = container["image"]
        if self._k.behaviours.of(pod, container).pull == "denied":
            why = (
                f'failed to pull and unpack image "{image}": failed to resolve reference "{image}": '
                "pull access denied, repository does not exist or may require authorization: server message: "
                "insufficient_scope: authorization failed"
            )
        else:
            why = f'rpc error: code = NotFound desc = failed to pull and unpack image "{image}": failed to resolve reference "{image}": {image}: not found'
        self._tell(pod, "Warning", "Failed", f'Failed to pull image "{image}": {why}', name)
        self._tell(pod, "Warning", "Failed", "Error: ErrImagePull", name)
        self._wait(pod, name, "ErrImagePull", why)
        self._k.agenda.after(1.5, self._pull_backs_off, key, uid, name, then, tries, why)

    def _pull_backs_off(
        self, key: StoreKey, uid: str, name: str, then: Callable[[], Any], tries: int, why: str
    ) -> None:
        pod = self._alive(key, uid)
        if pod is None:
            return
        image = self._spec(pod, name)["image"]
        self._tell(pod, "Normal", "BackOff", f'Back-off pulling image "{image}"', name)
        self._tell(pod, "Warning", "Failed", "Error: ImagePullBackOff", name)
        self._wait(pod, name, "ImagePullBackOff", f'Back-off pulling image "{image}": ErrImagePull: {why}')
        self._k.agenda.after(
            min(300.0, 10.0 * 2 ** min(tries - 1, 10)), self._pull, key, uid, name, then, tries
        )

    def _pulled(self, key: StoreKey, uid: str, name: str, then: Callable[[], Any]) -> None:
        pod = self._alive(key, uid)
        if pod is None:
            return
        trouble = missing_configuration(self._store, pod, self._spec(pod, name))
        if trouble:
            self._tell(pod, "Warning", "Failed", f"Error: {trouble}", name)
            self._wait(pod, name, "CreateContainerConfigError", trouble)
            self._k.agenda.after(_RETRY_CONFIG, self._pulled, key, uid, name, then)
            return
        then()
