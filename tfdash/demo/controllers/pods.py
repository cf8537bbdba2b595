"""Pods as objects: made from a template, and what their status says at each point of their life."""

from __future__ import annotations

import random
import zlib
from typing import Any

from tfdash.demo.apiserver.defaults import filled
from tfdash.demo.apiserver.objects import (
    Obj,
    dig,
    hashed,
    make_uid,
    name_of,
    stamp,
    suffix,
    with_spec,
    with_status,
)
from tfdash.demo.apiserver.writing import qos
from tfdash.demo.luck import Luck

_TOKEN_MOUNT = "/var/run/secrets/kubernetes.io/serviceaccount"


def _with_token(spec: Obj, rng: random.Random) -> Obj:
    """The service account's token as admission mounts it."""
    name = f"kube-api-access-{suffix(rng)}"
    sources = [
        {"serviceAccountToken": {"expirationSeconds": 3607, "path": "token"}},
        {"configMap": {"name": "kube-root-ca.crt", "items": [{"key": "ca.crt", "path": "ca.crt"}]}},
        {
            "downwardAPI": {
                "items": [
                    {"path": "namespace", "fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.namespace"}}
                ]
            }
        },
    ]
    volume = {"name": name, "projected": {"sources": sources, "defaultMode": 420}}
    mount = {"name": name, "readOnly": True, "mountPath": _TOKEN_MOUNT}
    spec = {**spec, "volumes": [*(spec.get("volumes") or ()), volume]}
    for field in ("containers", "initContainers"):
        if spec.get(field):
            spec[field] = [
                {**c, "volumeMounts": [*(c.get("volumeMounts") or ()), mount]} for c in spec[field]
            ]
    return spec


def from_template(
    template: Obj,
    namespace: str,
    owner: Obj,
    luck: Luck,
    *,
    name: str = "",
    labels: Obj | None = None,
    **spec: Any,
) -> Obj:
    """A new pod (unstored, Pending) of a workload's template; without ``name`` one is made from the owner's."""
    meta = dict(template.get("metadata") or {})
    meta["labels"] = {**(meta.get("labels") or {}), **(labels or {})}
    rng = luck.of("name", "pods", namespace, meta["labels"].get("app", ""))
    if not name:
        meta["generateName"] = f"{owner['name'][:56]}-"
        name = meta["generateName"] + suffix(rng)
    meta |= {"name": name, "namespace": namespace, "uid": make_uid(rng)}
    meta |= {"generation": 1, "ownerReferences": [owner]}
    full = filled("pods", {"metadata": meta, "spec": {**template.get("spec", {}), **spec}})
    given = _with_token(full["spec"], rng)
    return {"metadata": meta, "spec": given, "status": {"phase": "Pending", "qosClass": qos(given)}}


def condition(kind: str, true: bool, at: float, reason: str = "", message: str = "") -> Obj:
    found: Obj = {
        "type": kind,
        "observedGeneration": 1,
        "status": "True" if true else "False",
        "lastProbeTime": None,
        "lastTransitionTime": stamp(at),
    }
    if reason:
        found["reason"] = reason
    if message:
        found["message"] = message
    return found


def with_conditions(pod: Obj, *new: Obj) -> Obj:
    """``pod`` with conditions set; one that keeps its status keeps its transition time."""
    have = {c["type"]: c for c in dig(pod, "status", "conditions", default=())}
    for found in new:
        old = have.get(found["type"])
        if old is not None and old["status"] == found["status"]:
            found = {**found, "lastTransitionTime": old["lastTransitionTime"]}
        have[found["type"]] = found
    return with_status(pod, conditions=list(have.values()))


def image_id(image: str) -> str:
    return f"{image.split(':')[0]}@sha256:{hashed(image, 64)}"


def container_id(pod: Obj, container: str, run: int) -> str:
    seed = f"{pod['metadata']['uid']}/{container}/{run}".encode()
    return f"containerd://{zlib.crc32(seed):08x}{zlib.adler32(seed):08x}" + hashed(seed.decode(), 48)


def waiting(container: Obj, reason: str, message: str = "", **more: Any) -> Obj:
    """A container's status while it waits."""
    state: Obj = {"reason": reason}
    if message:
        state["message"] = message
    return {
        "name": container["name"],
        "state": {"waiting": state},
        "lastState": {},
        "ready": False,
        "restartCount": 0,
        "image": container["image"],
        "imageID": "",
        "started": False,
        **more,
    }


def running(
    pod: Obj, container: Obj, at: float, *, ready: bool, restarts: int = 0, last: Obj | None = None
) -> Obj:
    return {
        "name": container["name"],
        "state": {"running": {"startedAt": stamp(at)}},
        "lastState": last or {},
        "ready": ready,
        "restartCount": restarts,
        "image": container["image"],
        "imageID": image_id(container["image"]),
        "containerID": container_id(pod, container["name"], restarts),
        "started": True,
    }


def ended(status: Obj, pod: Obj, at: float, exit_code: int, reason: str, started: float) -> Obj:
    """What ``terminated`` says of a run that is over."""
    return {
        "exitCode": exit_code,
        "reason": reason,
        "startedAt": stamp(started),
        "finishedAt": stamp(at),
        "containerID": status.get("containerID", ""),
    }


def is_sidecar(container: Obj) -> bool:
    return container.get("restartPolicy") == "Always"


def readiness(pod: Obj) -> tuple[bool, str]:
    """(all containers are ready, else which are not)."""
    statuses = {s["name"]: s for s in dig(pod, "status", "containerStatuses", default=())}
    sidecars = [c["name"] for c in pod["spec"].get("initContainers") or () if is_sidecar(c)]
    inits = {s["name"]: s for s in dig(pod, "status", "initContainerStatuses", default=())}
    unready = [c["name"] for c in pod["spec"]["containers"] if not statuses.get(c["name"], {}).get("ready")]
    unready = [n for n in sidecars if not inits.get(n, {}).get("ready")] + unready
    return not unready, f"containers with unready status: [{' '.join(unready)}]"


def judged(pod: Obj, now: float) -> Obj:
    """``pod`` with Ready and ContainersReady as its containers make them."""
    ready, why = readiness(pod)
    reason = "" if ready else "ContainersNotReady"
    message = "" if ready else why
    gates = [g["conditionType"] for g in pod["spec"].get("readinessGates") or ()]
    true = {c["type"] for c in dig(pod, "status", "conditions", default=()) if c["status"] == "True"}
    open_gates = [g for g in gates if g not in true]
    contained = condition("ContainersReady", ready, now, reason, message)
    if ready and open_gates:
        said = f"corresponding condition of pod readiness gate {_quoted(open_gates[0])} does not exist."
        return with_conditions(pod, condition("Ready", False, now, "ReadinessGatesNotReady", said), contained)
    return with_conditions(pod, condition("Ready", ready, now, reason, message), contained)


def _quoted(text: str) -> str:
    return f'"{text}"'


def over(pod: Obj, failed: bool, now: float) -> Obj:
    """``pod`` in its last phase, and no more ready."""
    why = "" if failed else "PodCompleted"
    ready = [condition(t, False, now, "PodFailed" if failed else why) for t in ("Ready", "ContainersReady")]
    pod = with_conditions(pod, condition("Initialized", True, now, why), *ready)
    return with_status(pod, phase="Failed" if failed else "Succeeded")


def settled(pod: Obj, node: Obj, ip: str, at: float, ready_at: float) -> Obj:
    """A pod that has run on ``node`` since ``at`` and was ready at ``ready_at``: how the world begins."""
    pod = with_spec(pod, nodeName=name_of(node))
    host = next((a["address"] for a in node["status"]["addresses"] if a["type"] == "InternalIP"), "")
    statuses = [running(pod, c, at + 3, ready=True) for c in pod["spec"]["containers"]]
    inits = []
    for container in pod["spec"].get("initContainers") or ():
        if is_sidecar(container):
            inits.append(running(pod, container, at + 1, ready=True))
        else:
            done = waiting(container, "")
            over = ended(
                {"containerID": container_id(pod, container["name"], 0)}, pod, at + 2, 0, "Completed", at + 1
            )
            inits.append(
                {
                    **done,
                    "state": {"terminated": over},
                    "ready": True,
                    "imageID": image_id(container["image"]),
                }
            )
    conditions = [
        condition("PodReadyToStartContainers", True, at + 1),
        condition("Initialized", True, at + 2 if inits else at),
        condition("Ready", True, ready_at),
        condition("ContainersReady", True, ready_at),
        condition("PodScheduled", True, at),
    ]
    more: Obj = {"initContainerStatuses": inits} if inits else {}
    return with_status(
        pod,
        phase="Running",
        conditions=conditions,
        hostIP=host,
        hostIPs=[{"ip": host}],
        podIP=ip,
        podIPs=[{"ip": ip}],
        startTime=stamp(at),
        containerStatuses=statuses,
        **more,
    )
