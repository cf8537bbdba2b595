"""Documents as the API has them, decoded as the board decodes them, into the picture of one cluster."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from tfdash.model.observation import Observation, Problem, ProblemKind
from tfdash.model.picture import ClusterPicture, Objects
from tfdash.model.release import ReleaseState
from tfdash.model.subject import ClusterRef, Key, Subject
from tfdash.playbook.releases import READ_KINDS, release_of
from tfdash.sources.kubernetes.codec import Codec

REF = ClusterRef("production", "eu-1")
NOW = datetime(2026, 11, 24, 15, 0, tzinfo=UTC).timestamp()
SPACE = "shop"
NEW, OLD = "65fb5ffc84", "877894d5b"


def at(seconds: float) -> str:
    """The API's text for so many seconds after NOW."""
    return datetime.fromtimestamp(NOW + seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def meta(name: str, **more: Any) -> dict[str, Any]:
    found = {
        "name": name,
        "namespace": SPACE,
        "uid": f"uid-{name}",
        "resourceVersion": "1",
        "generation": 2,
        "creationTimestamp": at(-86400),
    }
    return {**found, **more}


def owned(kind: str, name: str) -> dict[str, Any]:
    return {"ownerReferences": [{"kind": kind, "name": name, "uid": f"uid-{name}", "controller": True}]}


def template(image: str, **labels: str) -> dict[str, Any]:
    return {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "main", "image": image}]}}


def deployment(name: str = "web", image: str = "r/web:2", replicas: int = 5, **more: Any) -> dict[str, Any]:
    """Complete: all its replicas are of its revision 2 and available."""
    status = {
        "observedGeneration": 2,
        "replicas": replicas,
        "updatedReplicas": replicas,
        "readyReplicas": replicas,
        "availableReplicas": replicas,
        "conditions": [progressing("NewReplicaSetAvailable", -7200)],
    }
    spec = {"replicas": replicas, "selector": {"matchLabels": {"app": name}}, "template": template(image)}
    revision = {"deployment.kubernetes.io/revision": "2"}
    return {
        "kind": "Deployment",
        "metadata": meta(name, **{"annotations": revision, **more.pop("metadata", {})}),
        "spec": {**spec, **more.pop("spec", {})},
        "status": {**status, **more.pop("status", {})},
    }


def progressing(reason: str, since: float = -60.0, status: str = "True", message: str = "") -> dict[str, Any]:
    return {
        "type": "Progressing",
        "status": status,
        "reason": reason,
        "message": message,
        "lastTransitionTime": at(since),
        "lastUpdateTime": at(since),
    }


def replica_set(
    owner: str,
    hash_: str,
    image: str,
    ready: int,
    revision: int,
    *,
    kind: str = "Deployment",
    desired: int | None = None,
    created: float = -3600.0,
) -> dict[str, Any]:
    label = "pod-template-hash" if kind == "Deployment" else "rollouts-pod-template-hash"
    group = "deployment.kubernetes.io" if kind == "Deployment" else "rollout.argoproj.io"
    metadata = meta(
        f"{owner}-{hash_}",
        labels={label: hash_},
        creationTimestamp=at(created),
        annotations={f"{group}/revision": str(revision)},
        **owned(kind, owner),
    )
    wanted = ready if desired is None else desired
    return {
        "kind": "ReplicaSet",
        "metadata": metadata,
        "spec": {"replicas": wanted, "template": template(image)},
        "status": {"replicas": wanted, "readyReplicas": ready, "availableReplicas": ready},
    }


def pods(set_: dict[str, Any], count: int, started: float = -600.0) -> list[dict[str, Any]]:
    name = set_["metadata"]["name"]
    return [
        {
            "kind": "Pod",
            "metadata": meta(
                f"{name}-{i}",
                labels=set_["metadata"]["labels"],
                creationTimestamp=at(started),
                **owned("ReplicaSet", name),
            ),
            "spec": set_["spec"]["template"]["spec"],
            "status": {"phase": "Running", "startTime": at(started + i)},
        }
        for i in range(count)
    ]


STEPS: list[dict[str, Any]] = [
    {"setWeight": 20},
    {"pause": {}},
    {"setWeight": 40},
    {"pause": {"duration": "10m"}},
    {"analysis": {"templates": [{"templateName": "error-rate"}]}},
    {"setWeight": 80},
]


def rollout(
    steps: list[dict[str, Any]] | None = None,
    *,
    strategy: dict[str, Any] | None = None,
    name: str = "web",
    **status: Any,
) -> dict[str, Any]:
    """A canary of five, observed, between two versions, one of its pods new; ``status`` changes that."""
    spec = {
        "replicas": 5,
        "selector": {"matchLabels": {"app": name}},
        "template": template("r/web:2"),
        "strategy": strategy or {"canary": {"steps": STEPS if steps is None else steps}},
    }
    base = {
        "observedGeneration": "2",
        "replicas": 5,
        "updatedReplicas": 1,
        "readyReplicas": 5,
        "availableReplicas": 5,
        "currentPodHash": NEW,
        "stableRS": OLD,
        "currentStepIndex": 0,
        "phase": "Progressing",
        "message": "more replicas need to be updated",
    }
    return {
        "kind": "Rollout",
        "metadata": meta(name, annotations={"rollout.argoproj.io/revision": "2"}),
        "spec": spec,
        "status": {**base, **status},
    }


def versions(new: int = 1, old: int = 4, name: str = "web") -> list[dict[str, Any]]:
    """The ReplicaSets and pods of both versions of a Rollout."""
    sets = [
        replica_set(name, NEW, "r/web:2", new, 2, kind="Rollout"),
        replica_set(name, OLD, "r/web:1", old, 1, kind="Rollout"),
    ]
    return [*sets, *pods(sets[0], new), *pods(sets[1], old)]


def cluster(*documents: dict[str, Any], **problems: str) -> ClusterPicture:
    """``problems``: kinds that cannot be read, with the cause."""
    kinds: dict[str, dict[Key, Any]] = {k: {} for k in (*READ_KINDS, "Event", "HorizontalPodAutoscaler")}
    for document in documents:
        body = {"metadata": {}, **document}
        found = Codec(document["kind"]).item(json.dumps(body).encode())
        assert found is not None, document
        kinds.setdefault(document["kind"], {})[Key(found.namespace, found.name)] = found
    seen: dict[str, Observation[Objects]] = {
        k: Observation(value=v, complete=True, observed_at=NOW, source=k) for k, v in kinds.items()
    }
    for kind, cause in problems.items():
        seen[kind] = Observation(problem=Problem(kind=ProblemKind.FORBIDDEN, cause=cause))
    return ClusterPicture(ref=REF, info=Observation(), kinds=seen)


def subject(kind: str, name: str = "web") -> Subject:
    return Subject(REF, kind, SPACE, name)


def state_of(kind: str, *documents: dict[str, Any], name: str = "web", **more: Any) -> ReleaseState:
    found = release_of(cluster(*documents), subject(kind, name), NOW, **more)
    assert found is not None
    return found
