"""Objects of every kind that an action concerns, as a server would give them, and a server in memory that keeps count.

``Server`` is both what the board reads from and the writer: it holds documents, answers as told, and remembers what was
sent to it. It patches nothing: what real servers do is asked of real ones (tests/platform).
"""

from __future__ import annotations

import copy
import json
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeVar

import msgspec

from tests.unit.playbook.certificates import rotated
from tfdash.actions.core.protocols import Answer
from tfdash.actions.kubernetes.paths import attributes_of, path_of
from tfdash.model.action import Request
from tfdash.model.assessment import Assessment
from tfdash.model.calendar import CalendarState
from tfdash.model.judgement import Advice, CanaryJudgement, Outcome
from tfdash.model.kubecluster import Event
from tfdash.model.observation import Observation, Problem, ProblemKind
from tfdash.model.picture import ClusterPicture, Picture, ServerInfo
from tfdash.model.requests import Document, LogLine, LogRequest, Privilege, ReadFailed
from tfdash.model.resources import Catalogue
from tfdash.model.rotation import Rotation
from tfdash.model.subject import ClusterRef, Key, Subject
from tfdash.playbook.resources.hours import HoursSettings, hours_in
from tfdash.quantities import parse, text
from tfdash.sources.kubernetes.codec import Codec

T = TypeVar("T")
REF = ClusterRef("production", "eu-1")
NS = "shop"
NOW = 1_795_536_000.0  # Tue 24 Nov 2026 16:00Z, 11:00 in New York: inside the playbook's window
STARTED = "2026-11-24T15:30:00Z"

HOURS = {"production": hours_in("production", "America/New_York", HoursSettings(days=frozenset()))}
"""Of an environment that is never up."""


def meta(name: str, **more: Any) -> dict[str, Any]:
    return {
        "name": name,
        "namespace": NS,
        "uid": f"uid-{name}",
        "creationTimestamp": "2026-11-20T10:00:00Z",
        **more,
    }


def template(name: str, tag: str) -> dict[str, Any]:
    container = {
        "name": "main",
        "image": f"registry.example/{name}:{tag}",
        "env": [
            {"name": "LEVEL", "value": "info"},
            {"name": "DSN", "valueFrom": {"secretKeyRef": {"name": "dsn", "key": "url"}}},
        ],
        "envFrom": [{"configMapRef": {"name": f"{name}-cfg"}}],
    }
    return {"metadata": {"labels": {"app": name}}, "spec": {"containers": [container]}}


def deployment(name: str, tag: str = "2", **spec: Any) -> dict[str, Any]:
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": meta(name, generation=2, annotations={"deployment.kubernetes.io/revision": "2"}),
        "spec": {
            "replicas": 3,
            "selector": {"matchLabels": {"app": name}},
            "template": template(name, tag),
            **spec,
        },
        "status": {
            "observedGeneration": 2,
            "replicas": 3,
            "updatedReplicas": 3,
            "availableReplicas": 3,
            "readyReplicas": 3,
        },
    }


def replica_set(owner: dict[str, Any], tag: str, revision: int) -> dict[str, Any]:
    name = owner["metadata"]["name"]
    argo = owner["kind"] == "Rollout"
    label = "rollouts-pod-template-hash" if argo else "pod-template-hash"
    note = "rollout.argoproj.io/revision" if argo else "deployment.kubernetes.io/revision"
    wanted = template(name, tag)
    wanted["metadata"]["labels"][label] = f"h{tag}"
    reference = {
        "apiVersion": owner["apiVersion"],
        "kind": owner["kind"],
        "name": name,
        "uid": owner["metadata"]["uid"],
        "controller": True,
    }
    return {
        "apiVersion": "apps/v1",
        "kind": "ReplicaSet",
        "metadata": meta(
            f"{name}-{tag}",
            labels={"app": name, label: f"h{tag}"},
            annotations={note: str(revision)},
            ownerReferences=[reference],
        ),
        "spec": {
            "replicas": 1,
            "selector": {"matchLabels": {"app": name, label: f"h{tag}"}},
            "template": wanted,
        },
        "status": {"replicas": 1, "readyReplicas": 1, "availableReplicas": 1},
    }


def rollout(name: str, **status: Any) -> dict[str, Any]:
    steps = [
        {"setWeight": 20},
        {"pause": {}},
        {"analysis": {"templates": [{"templateName": "errors"}]}},
        {"setWeight": 60},
    ]
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Rollout",
        "metadata": meta(name, generation=2),
        "spec": {
            "replicas": 3,
            "selector": {"matchLabels": {"app": name}},
            "template": template(name, "2"),
            "strategy": {"canary": {"steps": steps}},
        },
        "status": {
            "observedGeneration": "2",
            "replicas": 3,
            "availableReplicas": 3,
            "currentPodHash": "h2",
            "stableRS": "h1",
            "currentStepIndex": 1,
            "phase": "Paused",
            "pauseConditions": [{"reason": "CanaryPauseStep", "startTime": STARTED}],
            "controllerPause": True,
            **status,
        },
    }


def analysis_run(owner: dict[str, Any]) -> dict[str, Any]:
    reference = {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Rollout",
        "name": owner["metadata"]["name"],
        "uid": owner["metadata"]["uid"],
        "controller": True,
    }
    labels = {"rollouts-pod-template-hash": "h2", "rollout-type": "Step"}
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "AnalysisRun",
        "metadata": meta(f"{owner['metadata']['name']}-run", labels=labels, ownerReferences=[reference]),
        "spec": {"metrics": []},
        "status": {"phase": "Running"},
    }


def canary(name: str, phase: str, **spec: Any) -> dict[str, Any]:
    hooks = [
        {"name": "gate", "type": "confirm-promotion", "url": "http://tester.shop/gate/check"},
        {"name": "back", "type": "rollback", "url": "http://tester.shop:8080/rollback/check"},
    ]
    return {
        "apiVersion": "flagger.app/v1beta1",
        "kind": "Canary",
        "metadata": meta(name),
        "spec": {
            "targetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": f"{name}-app"},
            "service": {"port": 80},
            "analysis": {
                "interval": "1m",
                "threshold": 5,
                "maxWeight": 50,
                "stepWeight": 10,
                "webhooks": hooks,
            },
            **spec,
        },
        "status": {
            "phase": phase,
            "canaryWeight": 20,
            "lastAppliedSpec": "abc",
            "lastTransitionTime": STARTED,
        },
    }


def pod(name: str, owner: dict[str, Any]) -> dict[str, Any]:
    reference = {
        "apiVersion": owner["apiVersion"],
        "kind": owner["kind"],
        "name": owner["metadata"]["name"],
        "uid": owner["metadata"]["uid"],
        "controller": True,
    }
    labels = dict(owner["spec"]["template"]["metadata"]["labels"])
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": meta(name, labels=labels, ownerReferences=[reference]),
        "spec": {
            "nodeName": "n1",
            "containers": [{"name": "main", "image": "i", "ports": [{"containerPort": 80}]}],
        },
        "status": {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]},
    }


def node(name: str, cordoned: bool = False) -> dict[str, Any]:
    found = meta(name)
    del found["namespace"]
    spec = {"unschedulable": True} if cordoned else {}
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": found,
        "spec": spec,
        "status": {"conditions": [{"type": "Ready", "status": "True"}]},
    }


def autoscaler(
    name: str, target: str, low: int, high: int, owner: dict[str, Any] | None = None
) -> dict[str, Any]:
    more = {"ownerReferences": [{"uid": "u", "controller": True, **owner}]} if owner else {}
    return {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": meta(name, **more),
        "spec": {
            "minReplicas": low,
            "maxReplicas": high,
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": target},
        },
        "status": {"currentReplicas": 3, "desiredReplicas": 3},
    }


def quota(name: str, **hard: str) -> dict[str, Any]:
    """Of which half is used, by name with _ for a dot."""
    found = {k.replace("_", "."): v for k, v in hard.items()}
    return {
        "apiVersion": "v1",
        "kind": "ResourceQuota",
        "metadata": meta(name),
        "spec": {"hard": found},
        "status": {"hard": found, "used": {k: text(parse(v) // 2) for k, v in found.items()}},
    }


def certificate(name: str, revision: int = 3, **over: Any) -> dict[str, Any]:
    """Ready; ``over`` of its spec, "conditions" of its status."""
    conditions = over.pop("conditions", [{"type": "Ready", "status": "True", "reason": "Ready"}])
    return {
        "apiVersion": "cert-manager.io/v1",
        "kind": "Certificate",
        "metadata": meta(name, generation=2),
        "spec": {
            "dnsNames": [f"{name}.example.com"],
            "secretName": f"{name}-tls",
            "issuerRef": {"name": "letsencrypt", "kind": "Issuer"},
            **over,
        },
        "status": {
            "conditions": conditions,
            "revision": revision,
            "notBefore": "2026-10-01T00:00:00Z",
            "notAfter": "2026-12-30T00:00:00Z",
            "renewalTime": "2026-11-30T00:00:00Z",
        },
    }


def issuer(name: str, **spec: Any) -> dict[str, Any]:
    return {
        "apiVersion": "cert-manager.io/v1",
        "kind": "Issuer",
        "metadata": meta(name),
        "spec": spec or {"acme": {"server": "https://acme.example.com/directory"}},
        "status": {"conditions": [{"type": "Ready", "status": "True"}]},
    }


NIGHT = "night"  # a namespace that is marked as non-production


def namespace(name: str, **labels: str) -> dict[str, Any]:
    found = {**meta(name, labels=labels), "namespace": ""}
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": found, "status": {"phase": "Active"}}


def cron_job(name: str, suspended: bool = False) -> dict[str, Any]:
    return {
        "apiVersion": "batch/v1",
        "kind": "CronJob",
        "metadata": meta(name),
        "spec": {"schedule": "0 3 * * *", "suspend": suspended, "jobTemplate": {"spec": {}}},
    }


def night() -> list[dict[str, Any]]:
    """What is in it: two that run, one that was scaled down, and what it was then."""
    was = deployment("was", replicas=0)
    was["metadata"]["annotations"]["tfdash.io/scaled-down-from"] = "4"
    was["metadata"]["managedFields"] = [{"manager": "tfdash", "operation": "Update"}]
    found = [deployment("runs"), cron_job("each-night"), was]
    for one in found:
        one["metadata"]["namespace"] = NIGHT
    return [namespace(NIGHT, environment="staging"), *found]


def world() -> list[dict[str, Any]]:
    """Every state that some action of the registry needs."""
    web, held, done = deployment("web"), deployment("held", paused=True), deployment("done")
    paused, aborted = (
        rollout("paused"),
        rollout("aborted", abort=True, phase="Degraded", pauseConditions=None),
    )
    analysed = rollout(
        "analysed", phase="Progressing", pauseConditions=None, controllerPause=False, currentStepIndex=2
    )
    first = replica_set(web, "1", 1)
    finished = {"type": "Progressing", "status": "True", "reason": "NewReplicaSetAvailable"}
    done["status"]["conditions"] = [finished]
    whole = replica_set(done, "2", 2)
    whole["spec"]["replicas"] = 3
    whole["status"] = {"replicas": 3, "readyReplicas": 3, "availableReplicas": 3}
    database = {**deployment("db"), "kind": "StatefulSet"}
    database["spec"]["updateStrategy"] = {"type": "RollingUpdate", "rollingUpdate": {"partition": 2}}
    database["status"] |= {"currentRevision": "db-1", "updateRevision": "db-2"}
    found = [
        web,
        held,
        first,
        replica_set(web, "2", 2),
        done,
        whole,
        replica_set(held, "2", 2),
        replica_set(held, "1", 1),
        paused,
        aborted,
        analysed,
        analysis_run(analysed),
        canary("waits", "WaitingPromotion"),
        canary("stands", "Progressing", suspend=True),
        canary("lost", "Failed"),
        deployment("lost-app", replicas=0),
        pod("web-1-a", first),
        pod("db-0", database),
        database,
        node("n1"),
        node("n2", True),
        deployment("sized"),
        autoscaler("sized", "sized", 2, 5),
        quota("most", pods="10"),
        certificate("shop"),
        issuer("letsencrypt"),
        certificate("authority", isCA=True, issuerRef={"name": "self"}),
        issuer("own-ca", ca={"secretName": "authority-tls"}),
        certificate("signed", issuerRef={"name": "own-ca"}),
        *night(),
    ]
    for one in (paused, aborted, analysed):
        found += [replica_set(one, "1", 1), replica_set(one, "2", 2)]
    return found


KINDS = (
    "ScaledObject",
    "Deployment",
    "ReplicaSet",
    "StatefulSet",
    "DaemonSet",
    "CronJob",
    "Pod",
    "Node",
    "Namespace",
    "Rollout",
    "AnalysisRun",
    "Canary",
    "Service",
    "HorizontalPodAutoscaler",
    "PodDisruptionBudget",
    "ResourceQuota",
    "LimitRange",
    "Experiment",
    "Application",
    "Certificate",
    "Issuer",
    "ClusterIssuer",
    "Order",
)


def picture(documents: list[dict[str, Any]]) -> Picture:
    kinds = {}
    for kind in KINDS:
        mine = [d for d in documents if d["kind"] == kind]
        body = json.dumps({"kind": f"{kind}List", "apiVersion": "v1", "metadata": {}, "items": mine}).encode()
        _, objects = Codec(kind).page(body)
        kinds[kind] = Observation(
            value={Key(o.namespace, o.name): o for o in objects}, observed_at=NOW, complete=True
        )
    info = Observation(value=ServerInfo(user="ada@corp", groups=("sre",)), observed_at=NOW, complete=True)
    return Picture(at=NOW, number=1, clusters={REF: ClusterPicture(ref=REF, info=info, kinds=kinds)})


def subject(kind: str, name: str) -> Subject:
    return Subject(REF, kind, "" if kind in ("Node", "Namespace") else NS, name)


OPEN = CalendarState(at=NOW, open=True, text="release OPEN", why="open: inside the window")
CLOSED = CalendarState(
    at=NOW, open=False, text="release CLOSED", why="closed: blackout", opens_at=NOW + 86400
)


def judged(outcome: Outcome) -> dict[Subject, CanaryJudgement]:
    at = [subject("Rollout", n) for n in ("paused", "aborted", "analysed")]
    at += [subject("Canary", n) for n in ("waits", "stands", "lost")]
    at.append(subject("Deployment", "sized"))
    return {
        s: CanaryJudgement(
            subject=s, at=NOW, outcome=outcome, advice=Advice.WAIT, sentence="3.1 % against 1.2 %"
        )
        for s in at
    }


SUCCESS = {"kind": "Status", "apiVersion": "v1", "status": "Success"}


class Server:
    """See the module. ``ref`` and the coroutines are ``tfdash.actions.core.protocols.Writer``."""

    ref = REF

    def __init__(self, documents: list[dict[str, Any]]) -> None:
        self.documents = {self._path(d): d for d in documents}
        self.user, self.groups = "ada@corp", ("sre",)
        self.forbidden = False
        self.answers: list[Answer | Exception] = []  # what the next writes get; then 200
        self.sent: list[Request] = []
        self.dry: list[Request] = []

    def _path(self, document: dict[str, Any]) -> str:
        found = document["metadata"]
        return path_of(Subject(REF, document["kind"], found.get("namespace", ""), found["name"]), document)

    def reviewed(self) -> Server:
        return self

    async def identity(self) -> tuple[str, tuple[str, ...]]:
        return self.user, self.groups

    async def may(self, request: Request) -> Privilege:
        asked = attributes_of(request)
        assert asked is not None
        return Privilege(
            verb=asked.verb, resource=asked.resource, namespace=asked.namespace, allowed=not self.forbidden
        )

    async def dry_run(self, request: Request) -> Answer:
        self.dry.append(request)
        return Answer(status=200, body=SUCCESS)

    async def send(self, request: Request, *, audit_id: str, timeout: float) -> Answer:
        if request.path.endswith("/events"):
            return Answer(status=201, body={})
        self.sent.append(request)
        self._taken_up(request)
        answer = self.answers.pop(0) if self.answers else Answer(status=200, body=SUCCESS)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def _taken_up(self, request: Request) -> None:
        """A Rollout whose template changes is on its way back to its stable version: its controller says so."""
        found = self.documents.get(request.path)
        if found is not None and found["kind"] == "Rollout" and '"/spec/template","value"' in request.body:
            found["status"]["currentPodHash"] = found["status"]["stableRS"]

    async def read(self, path: str) -> Answer:
        found = self.documents.get(path)
        return (
            Answer(status=404, body={}, message="not found")
            if found is None
            else Answer(status=200, body=found)
        )


_AUTHORITY = Subject(REF, "Certificate", NS, "authority")


def _rotation() -> Rotation:
    """Of an authority that every bundle trusts, and that has one leaf to issue anew."""
    own = rotated.root("authority", namespace=NS, secret="authority-tls")
    left = rotated.leaf("signed", "OLD", namespace=NS, by="own-ca")
    signs = rotated.signer("own-ca", "authority-tls", NS)
    return rotated.told(own, left, signs, rotated.trusts("a", rotated.OLD, rotated.NEW), of="authority")


class Standing:
    """A board that stands still over a ``Server``: ``tfdash.actions.core.action_service.BoardLike``."""

    def __init__(self, documents: list[dict[str, Any]]) -> None:
        self.documents = documents
        self.server = Server(documents)
        self.events: dict[Subject, tuple[Event, ...]] = {}
        self.logs: dict[
            tuple[str, str, bool], list[str]
        ] = {}  # by pod, container, whether before its restart
        self.picture = picture(documents)
        self.assessment = Assessment(
            at=NOW,
            number=1,
            verdicts={},
            workloads={},
            calendar=OPEN,
            canaries=judged(Outcome.PASS),
            rotations={_AUTHORITY: _rotation()},
        )

    def say(self, **changes: Any) -> None:
        self.assessment = msgspec.structs.replace(self.assessment, **changes)

    async def read(self, subject: Subject) -> Document:
        found = self.server.documents.get(path_of(subject))
        if found is None:
            raise ReadFailed(Problem(kind=ProblemKind.NOT_SERVED, cause="not found"))
        return Document(subject, copy.deepcopy(found), NOW)

    async def read_catalogue(self, max_age: float) -> Catalogue:
        return Catalogue()

    async def read_children(self, subject: Subject, kind: str) -> tuple[Document, ...]:
        found = []
        for document in self.documents:
            owners = document["metadata"].get("ownerReferences") or ()
            if document["kind"] == kind and any(
                o["name"] == subject.name and o["kind"] == subject.kind for o in owners
            ):
                at = subject._replace(kind=kind, name=document["metadata"]["name"])
                found.append(Document(at, copy.deepcopy(document), NOW))
        return tuple(found)

    async def read_events(self, subject: Subject) -> tuple[Event, ...]:
        return self.events.get(subject, ())

    def stream_logs(
        self, request: LogRequest, deliver: Callable[[list[LogLine]], None]
    ) -> tuple[Awaitable[None], Callable[[], None]]:
        async def told() -> None:
            lines = self.logs.get((request.pod.name, request.container, request.previous))
            if lines is None:
                raise ReadFailed(Problem(kind=ProblemKind.FORBIDDEN, cause="no right to get pods/log"))
            deliver([LogLine(request.pod.name, request.container, NOW, line) for line in lines])

        return told(), lambda: None

    async def on_loop(self, work: Coroutine[Any, Any, T]) -> T:
        return await work
