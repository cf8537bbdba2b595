"""The Pod row: READY, STATUS, RESTARTS and the rest, in the server's own order of decisions (printPod)."""

from __future__ import annotations

from typing import Any

from tfdash.demo.apiserver.objects import Obj, dig, seconds
from tfdash.demo.apiserver.table.durations import human, since

SUCCEEDED = [
    {
        "type": "Completed",
        "status": "True",
        "reason": "Succeeded",
        "message": "The pod has completed successfully.",
    }
]
FAILED = [{"type": "Completed", "status": "True", "reason": "Failed", "message": "The pod failed."}]


class _Restarts:
    def __init__(self) -> None:
        self.count = 0
        self.last: float | None = None

    def add(self, status: Obj) -> None:
        self.count += status.get("restartCount", 0)
        finished = seconds(dig(status, "lastState", "terminated", "finishedAt"))
        if finished is not None and (self.last is None or finished > self.last):
            self.last = finished

    def cell(self, now: float) -> str:
        if self.count and self.last is not None:
            return f"{self.count} ({human(now - self.last)} ago)"
        return str(self.count)


def _ended(terminated: Obj, prefix: str = "") -> str:
    if terminated.get("reason"):
        return f"{prefix}{terminated['reason']}"
    if terminated.get("signal"):
        return f"{prefix}Signal:{terminated['signal']}"
    return f"{prefix}ExitCode:{terminated.get('exitCode', 0)}"


def row(pod: Obj, now: float) -> list[Any]:
    spec, status, meta = pod.get("spec", {}), pod.get("status", {}), pod["metadata"]
    phase = status.get("phase", "")
    reason = status.get("reason") or phase
    conditions = status.get("conditions") or ()
    for found in conditions:
        if found["type"] == "PodScheduled" and found.get("reason") == "SchedulingGated":
            reason = "SchedulingGated"
    inits = spec.get("initContainers") or ()
    sidecars = {c["name"] for c in inits if c.get("restartPolicy") == "Always"}
    total = len(spec.get("containers") or ()) + len(sidecars)
    ready = 0
    restarts, sidecar_restarts = _Restarts(), _Restarts()
    initializing = False
    for index, container in enumerate(status.get("initContainerStatuses") or ()):
        restarts.add(container)
        sidecar = container["name"] in sidecars
        if sidecar:
            sidecar_restarts.add(container)
        state = container.get("state") or {}
        ended, waiting = state.get("terminated"), state.get("waiting")
        if ended is not None and not ended.get("exitCode"):
            continue
        if sidecar and container.get("started"):
            ready += bool(container.get("ready"))
            continue
        if ended is not None:
            reason = _ended(ended, "Init:")
        elif waiting and waiting.get("reason") and waiting["reason"] != "PodInitializing":
            reason = f"Init:{waiting['reason']}"
        else:
            reason = f"Init:{index}/{len(inits)}"
        initializing = True
        break
    initialized = any(c["type"] == "Initialized" and c["status"] == "True" for c in conditions)
    if not initializing or initialized:
        restarts = sidecar_restarts
        running = False
        for container in reversed(status.get("containerStatuses") or ()):
            restarts.add(container)
            state = container.get("state") or {}
            waiting, ended = state.get("waiting"), state.get("terminated")
            if waiting is not None and waiting.get("reason"):
                reason = waiting["reason"]
            elif ended is not None:
                reason = _ended(ended)
            elif container.get("ready") and state.get("running") is not None:
                running = True
                ready += 1
        if reason == "Completed" and running:
            is_ready = any(c["type"] == "Ready" and c["status"] == "True" for c in conditions)
            reason = "Running" if is_ready else "NotReady"
    if "deletionTimestamp" in meta:
        if status.get("reason") == "NodeLost":
            reason = "Unknown"
        elif phase not in ("Succeeded", "Failed"):
            reason = "Terminating"
    ips = status.get("podIPs") or ()
    ip = ips[0].get("ip", "") if ips else ""
    gates = spec.get("readinessGates") or ()
    passed = sum(
        any(c["type"] == gate["conditionType"] and c["status"] == "True" for c in conditions)
        for gate in gates
    )
    return [
        meta["name"],
        f"{ready}/{total}",
        reason,
        restarts.cell(now),
        since(meta.get("creationTimestamp"), now),
        ip or "<none>",
        spec.get("nodeName") or "<none>",
        status.get("nominatedNodeName") or "<none>",
        f"{passed}/{len(gates)}" if gates else "<none>",
    ]


def conditions(pod: Obj) -> list[Obj] | None:
    """The row's own conditions: what makes kubectl hide finished pods in some lists."""
    return {"Succeeded": SUCCEEDED, "Failed": FAILED}.get(dig(pod, "status", "phase", default=""))
