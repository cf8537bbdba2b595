"""READY, STATUS and RESTARTS of a pod, as the API server prints them.

Follows the rules of Kubernetes 1.37's printer for pods (pkg/printers/internalversion): init containers in order until
the first that is not through, then the main containers from last to first, so that the first one's reason wins.
"""

from __future__ import annotations

from typing import NamedTuple

from tfdash.model.kube import ContainerStatus, Pod
from tfdash.views.age import human_duration

NODE_LOST = "NodeLost"
TERMINAL = frozenset({"Succeeded", "Failed"})


class PodCells(NamedTuple):
    """``restarted_at`` is the last restart's time (epoch seconds), 0.0 if none is known."""

    ready: int
    total: int
    status: str
    restarts: int
    restarted_at: float

    @property
    def ready_text(self) -> str:
        return f"{self.ready}/{self.total}"

    def restarts_text(self, now: float) -> str:
        """``3 (5m ago)``; the time only where there is one."""
        if self.restarts and self.restarted_at:
            return f"{self.restarts} ({human_duration(now - self.restarted_at)} ago)"
        return str(self.restarts)


_last: tuple[Pod, PodCells] | None = None  # replaced as a whole, so that threads do not mix them


def pod_cells(pod: Pod) -> PodCells:
    """What kubectl shows of ``pod``. A row asks for it once a column: the last answer is kept."""
    global _last
    last = _last
    if last is None or last[0] is not pod:
        _last = last = (pod, _pod_cells(pod))
    return last[1]


def _pod_cells(pod: Pod) -> PodCells:
    sidecars = {c.name for c in pod.containers if c.init and c.sidecar}
    inits = sum(1 for c in pod.containers if c.init)
    status = pod.reason or pod.phase
    for condition in pod.conditions:
        if condition.type == "PodScheduled" and condition.reason == "SchedulingGated":
            status = "SchedulingGated"

    ready = restarts = sidecar_restarts = 0
    restarted = sidecar_restarted = 0.0
    initializing = False
    for index, container in enumerate(s for s in pod.statuses if s.init):
        sidecar = container.name in sidecars
        restarts += container.restarts
        restarted = max(restarted, container.last_finished)
        if sidecar:
            sidecar_restarts += container.restarts
            sidecar_restarted = max(sidecar_restarted, container.last_finished)
        if container.state == "terminated" and container.exit_code == 0:
            continue
        if sidecar and container.started:
            ready += container.ready
            continue
        if container.state == "terminated":
            status = "Init:" + _ended(container)
        elif container.state == "waiting" and container.reason not in ("", "PodInitializing"):
            status = "Init:" + container.reason
        else:
            status = f"Init:{index}/{inits}"
        initializing = True
        break

    if not initializing or _initialized(pod):
        restarts, restarted = sidecar_restarts, sidecar_restarted
        running = False
        failure = ""
        for container in reversed([s for s in pod.statuses if not s.init]):
            restarts += container.restarts
            restarted = max(restarted, container.last_finished)
            if container.state == "waiting" and container.reason:
                status = container.reason
            elif container.state == "terminated":
                status = _ended(container)
                if container.exit_code:
                    failure = status
            elif container.ready and container.state == "running":
                running = True
                ready += 1
        if status == "Completed":
            if running and is_ready(pod):
                status = "Running"
            elif failure:
                status = failure
            elif running:
                status = "NotReady"

    if pod.deleting is not None:
        if pod.reason == NODE_LOST:
            status = "Unknown"
        elif pod.phase not in TERMINAL:
            status = "Terminating"
    total = len(pod.containers) - inits + len(sidecars)
    return PodCells(ready, total, status, restarts, restarted)


def _ended(container: ContainerStatus) -> str:
    if container.reason:
        return container.reason
    return f"Signal:{container.signal}" if container.signal else f"ExitCode:{container.exit_code or 0}"


def is_ready(pod: Pod) -> bool:
    return any(c.type == "Ready" and c.status == "True" for c in pod.conditions)


def _initialized(pod: Pod) -> bool:
    """Whether the condition Initialized is True. The slim pod drops conditions that are True, and keeps Ready always:
    with Ready there and Initialized not, it was True; with neither, nothing was reported yet."""
    kinds = {c.type: c.status for c in pod.conditions}
    return kinds.get("Initialized", "True" if "Ready" in kinds else "") == "True"
