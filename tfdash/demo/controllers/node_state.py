"""Taints and tolerations, and the conditions of a healthy node."""

from __future__ import annotations

from tfdash.demo.apiserver.objects import Obj, stamp


def tolerates(pod: Obj, node: Obj, effects: tuple[str, ...] = ("NoSchedule", "NoExecute")) -> bool:
    """Whether the pod tolerates all of the node's taints with these effects."""
    for taint in node["spec"].get("taints") or ():
        if taint["effect"] in effects and not any(
            _takes(t, taint) for t in pod["spec"].get("tolerations") or ()
        ):
            return False
    return True


def _takes(toleration: Obj, taint: Obj) -> bool:
    if toleration.get("effect") not in (None, "", taint["effect"]):
        return False
    if toleration.get("operator") == "Exists":
        return toleration.get("key") in (None, "", taint["key"])
    return bool(
        toleration.get("key") == taint["key"] and toleration.get("value", "") == taint.get("value", "")
    )


def node_conditions(since: float, now: float) -> list[Obj]:
    good = (
        ("MemoryPressure", "KubeletHasSufficientMemory", "kubelet has sufficient memory available"),
        ("DiskPressure", "KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
        ("PIDPressure", "KubeletHasSufficientPID", "kubelet has sufficient PID available"),
        ("Ready", "KubeletReady", "kubelet is posting ready status"),
    )
    return [
        {
            "type": kind,
            "status": "True" if kind == "Ready" else "False",
            "lastHeartbeatTime": stamp(now),
            "lastTransitionTime": stamp(since),
            "reason": reason,
            "message": message,
        }
        for kind, reason, message in good
    ]
