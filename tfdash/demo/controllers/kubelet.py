"""The kubelets: what happens to a pod on its node, from the pull of its images to its end.

A healthy pod that has started costs nothing more: only what crashes, waits or ends has entries in the agenda.
"""

from __future__ import annotations

from tfdash.demo.apiserver.object_store import DELETED, Happened, StoreKey
from tfdash.demo.apiserver.objects import (
    Obj,
    deleting,
    dig,
    name_of,
    namespace_of,
    seconds,
    stamp,
    uid_of,
    with_status,
)
from tfdash.demo.controllers import pods
from tfdash.demo.controllers.behaviour import Behaviour
from tfdash.demo.controllers.containers import Containers
from tfdash.demo.controllers.crash_backoff import BackOff
from tfdash.demo.controllers.kernel import Kernel
from tfdash.demo.controllers.pod_needs import missing_mount

_FIRST_LOOK = 0.4
_RESET_AFTER = 600.0  # a run so long forgives earlier crashes
_RETRY_CONFIG = 12.0


class Kubelet(Containers):
    """All nodes' kubelets. A node in ``dead`` does nothing and ends nothing."""

    def __init__(self, kernel: Kernel) -> None:
        super().__init__(kernel)
        self._backoff: dict[tuple[str, str], BackOff] = {}
        self._ending: set[str] = set()
        self._begun: set[str] = set()
        self._next_ip: dict[str, int] = {}
        self._store.listen("pods", self._changed)

    # -- what it hears ------------------------------------------------------------------------------------------

    def _changed(self, storage: str, event: Happened) -> None:
        pod = event.now.obj
        node = pod["spec"].get("nodeName")
        if not node:
            return
        uid = uid_of(pod)
        if event.type == DELETED:
            self._begun.discard(uid)
            self._ending.discard(uid)
            for key in [k for k in self._backoff if k[0] == uid]:
                del self._backoff[key]
        elif deleting(pod):
            if uid not in self._ending and node not in self.dead:
                self._ending.add(uid)
                self._k.agenda.after(0.1, self._end, event.now.key, uid)
        elif uid not in self._begun and dig(pod, "status", "phase") == "Pending":
            self._begun.add(uid)
            self._k.agenda.after(_FIRST_LOOK, self._start, event.now.key, uid)

    def adopt(self, pod: Obj) -> None:
        """Take over a pod that was laid down running: what it is yet to do."""
        self._begun.add(uid_of(pod))
        node = pod["spec"]["nodeName"]
        for container in pod["spec"]["containers"]:
            self._images.setdefault(node, set()).add(container["image"])
            does = self._k.behaviours.of(pod, container)
            if does.crash_after is not None:
                key = (namespace_of(pod), name_of(pod))
                self._k.agenda.after(does.crash_after, self.exit, key, uid_of(pod), container["name"])

    def ip(self, node: str) -> str:
        """A free address of the node's pod network."""
        numbers = sorted(self._store.shelf("nodes").items)
        position = next((i for i, k in enumerate(numbers) if k[1] == node), 0)
        count = self._next_ip[node] = self._next_ip.get(node, 1) + 1
        return f"10.244.{position + (count // 250) * 50}.{count % 250 + 2}"

    # -- the beginning ------------------------------------------------------------------------------------------

    def _start(self, key: StoreKey, uid: str) -> None:
        pod = self._alive(key, uid)
        if pod is None:
            return
        now, spec = self._k.now(), pod["spec"]
        node = self._store.find("nodes", "", spec["nodeName"])
        host = next(
            (a["address"] for a in dig(node, "status", "addresses", default=()) if a["type"] == "InternalIP"),
            "",
        )
        inits = spec.get("initContainers") or ()
        first = "PodInitializing" if inits else "ContainerCreating"
        conditions = [
            pods.condition("PodReadyToStartContainers", False, now),
            pods.condition(
                "Initialized",
                not inits,
                now,
                *(
                    (
                        "ContainersNotInitialized",
                        f"containers with incomplete status: [{' '.join(c['name'] for c in inits)}]",
                    )
                    if inits
                    else ()
                ),
            ),
        ]
        more: Obj = (
            {"initContainerStatuses": [pods.waiting(c, "PodInitializing") for c in inits]} if inits else {}
        )
        pod = with_status(
            pod,
            hostIP=host,
            hostIPs=[{"ip": host}],
            startTime=stamp(now),
            containerStatuses=[pods.waiting(c, first) for c in spec["containers"]],
            **more,
        )
        pod = self._k.update("pods", pods.judged(pods.with_conditions(pod, *conditions), now))
        self._mount(key, uid)

    def _mount(self, key: StoreKey, uid: str) -> None:
        pod = self._alive(key, uid)
        if pod is None:
            return
        trouble = missing_mount(self._store, pod)
        if trouble:
            self._tell(pod, "Warning", "FailedMount", trouble)
            self._k.agenda.after(_RETRY_CONFIG * 2, self._mount, key, uid)
            return
        self._k.agenda.after(0.5 + self._k.luck_of(pod).random(), self._sandbox, key, uid)

    def _sandbox(self, key: StoreKey, uid: str) -> None:
        pod = self._alive(key, uid)
        if pod is None:
            return
        address = self.ip(pod["spec"]["nodeName"])
        pod = with_status(pod, podIP=address, podIPs=[{"ip": address}])
        ready = pods.condition("PodReadyToStartContainers", True, self._k.now())
        self._k.update("pods", pods.with_conditions(pod, ready))
        self._next_init(key, uid, 0)

    def _next_init(self, key: StoreKey, uid: str, index: int) -> None:
        pod = self._alive(key, uid)
        if pod is None:
            return
        inits = pod["spec"].get("initContainers") or ()
        if index < len(inits):
            self._pull(key, uid, inits[index]["name"], lambda: self._run_init(key, uid, index))
            return
        if inits:
            pod = pods.with_conditions(pod, pods.condition("Initialized", True, self._k.now()))
            statuses = [
                pods.waiting(c, "ContainerCreating") if "waiting" in s["state"] else s
                for c, s in zip(pod["spec"]["containers"], pod["status"]["containerStatuses"], strict=True)
            ]
            self._k.update("pods", with_status(pod, containerStatuses=statuses))
        for container in pod["spec"]["containers"]:
            self._begin(key, uid, container["name"])

    def _begin(self, key: StoreKey, uid: str, container: str) -> None:
        self._pull(key, uid, container, lambda: self._run(key, uid, container))

    def _run_init(self, key: StoreKey, uid: str, index: int) -> None:
        pod = self._alive(key, uid)
        if pod is None:
            return
        container = pod["spec"]["initContainers"][index]
        name = container["name"]
        self._run(key, uid, name)
        if pods.is_sidecar(container):
            self._k.agenda.after(1.0, self._next_init, key, uid, index + 1)
            return
        does = self._k.behaviours.of(pod, container)
        if does.crash_after is None:
            takes = does.run_for if does.run_for is not None else 1.5 + 2.0 * self._k.luck_of(pod).random()
            self._k.agenda.after(takes, self._init_done, key, uid, index)

    def _init_done(self, key: StoreKey, uid: str, index: int) -> None:
        pod = self._alive(key, uid)
        if pod is None:
            return
        name = pod["spec"]["initContainers"][index]["name"]
        self._terminate(key, uid, name, 0, "Completed")
        self._next_init(key, uid, index + 1)

    # -- running ------------------------------------------------------------------------------------------------

    def _run(self, key: StoreKey, uid: str, name: str) -> None:
        pod = self._alive(key, uid)
        if pod is None:
            return
        container, now = self._spec(pod, name), self._k.now()
        self._tell(pod, "Normal", "Created", "Container created", name)
        self._tell(pod, "Normal", "Started", "Container started", name)
        before = self._status(pod, name)
        is_init = any(c["name"] == name for c in pod["spec"].get("initContainers") or ())
        does = self._k.behaviours.of(pod, container)
        probed = "readinessProbe" in container or does.never_ready
        ready = not probed and (not is_init or pods.is_sidecar(container))
        last = before.get("lastState") or {}
        status = pods.running(
            pod, container, now, ready=ready, restarts=before.get("restartCount", 0), last=last
        )
        self._set(pod, status)
        if probed and not does.never_ready:
            takes = (
                does.start_seconds
                if does.start_seconds is not None
                else 4.0 + 8.0 * self._k.luck_of(pod).random()
            )
            self._k.agenda.after(takes, self._ready, key, uid, name, now)
        elif does.never_ready:
            self._k.agenda.after(8.0, self._unready, key, uid, name, now)
        if does.crash_after is not None:
            self._k.agenda.after(does.crash_after, self.exit, key, uid, name)
        elif not is_init and self._is_job(pod):
            takes = does.run_for if does.run_for is not None else 20.0 + 20.0 * self._k.luck_of(pod).random()
            self._k.agenda.after(takes, self._complete, key, uid, name)

    def _is_job(self, pod: Obj) -> bool:
        return bool(pod["spec"].get("restartPolicy") in ("Never", "OnFailure"))

    def _same_run(self, pod: Obj, name: str, begun: float) -> bool:
        return bool(dig(self._status(pod, name), "state", "running", "startedAt") == stamp(begun))

    def _ready(self, key: StoreKey, uid: str, name: str, begun: float) -> None:
        pod = self._alive(key, uid)
        if pod is not None and self._same_run(pod, name, begun):
            self._set(pod, {**self._status(pod, name), "ready": True})

    def _unready(self, key: StoreKey, uid: str, name: str, begun: float) -> None:
        pod = self._alive(key, uid)
        if pod is None or not self._same_run(pod, name, begun):
            return
        does = self._k.behaviours.of(pod, self._spec(pod, name))
        if not does.never_ready:
            self._set(pod, {**self._status(pod, name), "ready": True})
            return
        self._tell(pod, "Warning", "Unhealthy", f"Readiness probe failed: {does.probe}", name)
        self._k.agenda.after(10.0, self._unready, key, uid, name, begun)

    def _complete(self, key: StoreKey, uid: str, name: str) -> None:
        pod = self._alive(key, uid)
        if pod is None:
            return
        self._terminate(key, uid, name, 0, "Completed")
        self._finish(key, uid)

    def _finish(self, key: StoreKey, uid: str) -> None:
        """A pod whose containers are all over and shall not start again has succeeded or failed."""
        pod = self._alive(key, uid)
        if pod is None or pod["spec"].get("restartPolicy") == "Always":
            return
        states = [s["state"].get("terminated") for s in pod["status"]["containerStatuses"]]
        if not all(states):
            return
        failed = any(s["exitCode"] for s in states)
        if failed and pod["spec"]["restartPolicy"] == "OnFailure":
            return
        self._k.update("pods", pods.over(pod, failed, self._k.now()))

    def _terminate(self, key: StoreKey, uid: str, name: str, code: int, reason: str) -> Obj | None:
        pod = self._alive(key, uid)
        if pod is None:
            return None
        status, now = self._status(pod, name), self._k.now()
        started = seconds(dig(status, "state", "running", "startedAt")) or now
        over = pods.ended(status, pod, now, code, reason, started)
        done_init = reason == "Completed" and any(
            c["name"] == name for c in pod["spec"].get("initContainers") or ()
        )
        return self._set(pod, {**status, "state": {"terminated": over}, "ready": done_init, "started": False})

    def exit(self, key: StoreKey, uid: str, name: str) -> None:
        """A container crashes, as its behaviour has it by now; another may have been agreed meanwhile."""
        pod = self._alive(key, uid)
        if pod is None:
            return
        container = self._spec(pod, name)
        does = self._k.behaviours.of(pod, container)
        began = seconds(dig(self._status(pod, name), "state", "running", "startedAt"))
        if does.crash_after is None or began is None:
            return
        self.crash(key, uid, name, does, self._k.now() - began)

    def crash(self, key: StoreKey, uid: str, name: str, does: Behaviour, ran: float) -> None:
        pod = self._terminate(
            key, uid, name, 137 if does.reason == "OOMKilled" else does.exit_code, does.reason
        )
        if pod is None:
            return
        policy = pod["spec"].get("restartPolicy", "Always")
        if policy == "Never" and not pods.is_sidecar(self._spec(pod, name)):
            self._finish(key, uid)
            return
        backoff = self._backoff.setdefault((uid, name), BackOff())
        if ran > _RESET_AFTER:
            backoff.reset()
        delay = backoff.next()
        if delay <= 0:
            self._k.agenda.after(1.0, self._again, key, uid, name)
        else:
            self._k.agenda.after(1.0, self._crash_loop, key, uid, name, delay)
            self._k.agenda.after(1.0 + delay, self._again, key, uid, name)

    def _crash_loop(self, key: StoreKey, uid: str, name: str, delay: float) -> None:
        pod = self._alive(key, uid)
        if pod is None:
            return
        status = self._status(pod, name)
        last = (
            {"terminated": status["state"]["terminated"]}
            if "terminated" in status["state"]
            else status["lastState"]
        )
        whole = f"{namespace_of(pod)}({uid_of(pod)})"
        shown = f"{name_of(pod)}_{whole}"
        minutes, rest = divmod(int(delay), 60)
        wait = f"{minutes}m{rest}s" if minutes else f"{rest}s"
        message = f"back-off {wait} restarting failed container={name} pod={shown}"
        self._tell(
            pod, "Warning", "BackOff", f"Back-off restarting failed container {name} in pod {shown}", name
        )
        waits = {"waiting": {"reason": "CrashLoopBackOff", "message": message}}
        self._set(pod, {**status, "state": waits, "lastState": last})

    def _again(self, key: StoreKey, uid: str, name: str) -> None:
        pod = self._alive(key, uid)
        if pod is None:
            return
        status = self._status(pod, name)
        over = status["state"].get("terminated")
        last = {"terminated": over} if over else status.get("lastState") or {}
        self._set(pod, {**status, "lastState": last, "restartCount": status.get("restartCount", 0) + 1})
        inits = [c["name"] for c in pod["spec"].get("initContainers") or ()]
        if name in inits:
            index = inits.index(name)
            self._pull(key, uid, name, lambda: self._run_init(key, uid, index))
        else:
            self._begin(key, uid, name)

    # -- the end ------------------------------------------------------------------------------------------------

    def _end(self, key: StoreKey, uid: str) -> None:
        pod = self._store.find("pods", *key)
        if pod is None or uid_of(pod) != uid or pod["spec"]["nodeName"] in self.dead:
            return
        due = seconds(pod["metadata"].get("deletionTimestamp")) or self._k.now()
        stubborn = any(self._k.behaviours.of(pod, c).stubborn for c in pod["spec"]["containers"])
        for container in pod["spec"]["containers"]:
            if "running" in self._status(pod, container["name"])["state"]:
                name = container["name"]
                self._tell(pod, "Normal", "Killing", f"Stopping container {name}", name)
        usual = self._k.now() + 1.0 + 2.0 * self._k.luck_of(pod).random()
        at = max(due, self._k.now() + 0.5) if stubborn else min(max(due, self._k.now() + 0.2), usual)
        self._k.agenda.at(at, self._gone, key, uid)

    def _gone(self, key: StoreKey, uid: str) -> None:
        pod = self._store.find("pods", *key)
        if pod is None or uid_of(pod) != uid or pod["spec"]["nodeName"] in self.dead:
            self._ending.discard(uid)
            return
        if pod["metadata"].get("finalizers"):  # its containers are over all the same
            if dig(pod, "status", "phase") not in ("Succeeded", "Failed"):
                self._all_over(pod)
            self._k.agenda.after(5.0, self._gone, key, uid)
            return
        self._store.delete("pods", *key)

    def _all_over(self, pod: Obj) -> None:
        """What was stopped by its deletion, and stays because of a finalizer."""
        now, killed = self._k.now(), False
        for container in pod["spec"]["containers"]:
            status = self._status(pod, container["name"])
            if "running" not in status["state"]:
                continue
            stubborn = self._k.behaviours.of(pod, container).stubborn
            killed |= stubborn
            code, reason = (137, "Error") if stubborn else (0, "Completed")
            began = seconds(dig(status, "state", "running", "startedAt")) or now
            over = pods.ended(status, pod, now, code, reason, began)
            pod = self._set(pod, {**status, "state": {"terminated": over}, "ready": False, "started": False})
        self._k.update("pods", pods.over(pod, killed, now))

    def revive(self, node: str) -> None:
        """A node is back: what was to end there ends now."""
        self.dead.discard(node)
        for pod in list(self._store.all("pods")):
            if pod["spec"].get("nodeName") == node and deleting(pod):
                self._ending.add(uid_of(pod))
                self._end((namespace_of(pod), name_of(pod)), uid_of(pod))
