"""Deployments, StatefulSets and DaemonSets, together (with Argo's Rollouts, which serve just the same) and each alone: does it serve, where is its release, why not."""

from __future__ import annotations

from typing import Any, TypeAlias

from tfdash.model.delivery import Rollout
from tfdash.model.kube import DaemonSet, Deployment, Object, Provisional, StatefulSet, Unreadable
from tfdash.model.release import Phase, ReleaseState
from tfdash.model.verdict import Level
from tfdash.model.workload import Release, Serving, WorkloadState
from tfdash.text import safe
from tfdash.views import state as states
from tfdash.views.age import since
from tfdash.views.image import short_images
from tfdash.views.kinds.base import (
    Context,
    Field,
    KindView,
    SortValue,
    age_field,
    count_field,
    images_of,
    kind_view,
    name_field,
    names_of,
    printed,
    selector_text,
    text_field,
)

Workload: TypeAlias = Deployment | StatefulSet | DaemonSet


def _released(obj: Object, context: Context) -> ReleaseState | None:
    return context.assessment.releases.get(context.subject(obj))


def serving_state(obj: Object, context: Context) -> states.State:
    """Whether it serves; all are there and one was killed or restarts: ``▲ unsteady``, which is its verdict's level."""
    if isinstance(obj, Unreadable):
        return states.UNREADABLE
    if isinstance(obj, Rollout):
        return states.of_rollout(_released(obj, context))[0]
    told = context.workload(obj)
    state = states.serving(told)
    if told is not None and told.cause is not None and state.level is Level.OK:
        calm = told.release in (Release.STUCK, Release.PAUSED)  # which its other cell says
        return state if calm else states.of_level(Level.WARN).worded("unsteady")
    return state


def release_state(obj: Object, context: Context) -> states.State:
    if isinstance(obj, Unreadable):
        return states.UNREADABLE
    released = _released(obj, context)
    if released is not None and context.assessment.answer(released).must_roll_back:
        return states.of_level(Level.BREACH)
    if isinstance(obj, Rollout):
        return states.of_rollout(released)[1]
    return states.release(context.workload(obj))


def revision(obj: Object, context: Context) -> str:
    told = context.workload(obj)
    if told is not None and told.revision:
        return safe(told.revision)
    if isinstance(obj, Deployment) and obj.revision is not None:
        return str(obj.revision)
    return ""


def _revision_sort(obj: Object, context: Context) -> SortValue:
    text = revision(obj, context)
    return float(text) if text.isdecimal() else 0.0


def image(obj: Any, context: Context) -> str:
    told = context.workload(obj)
    if told is not None and told.image:
        return safe(told.image)
    return short_images(c.image for c in obj.template.containers if not c.init)


def cause(obj: Object, context: Context) -> str:
    """Why it is stuck or degraded; else what kubectl would say while a release moves."""
    told = context.workload(obj)
    if told is None:
        found = _released(obj, context) if isinstance(obj, Rollout) else None
        return safe(found.message) if found is not None and found.phase is not Phase.NONE else ""
    if told.cause is not None:
        return safe(told.cause.sentence)
    if told.said:
        return safe(told.said)
    return safe(told.message) if told.release in (Release.PROGRESSING, Release.STUCK) else ""


def _cause_value(obj: Object, context: Context) -> Any:
    told = context.workload(obj)
    if told is None or told.cause is None:
        return None
    return {"code": told.cause.code.value, "sentence": safe(told.cause.sentence), "pods": told.cause.count}


def changed_at(obj: Object, context: Context) -> float:
    """When its newest revision began; its creation while that is unknown."""
    told = context.workload(obj)
    return (told.changed_at if told is not None else 0.0) or obj.created


def ready_text(workload: Workload) -> str:
    return f"{workload.ready}/{workload.desired}"


def _ready_sort(workload: Workload, context: Context) -> float:
    return workload.ready / workload.desired if workload.desired else 1.0


def _paint_ready(obj: Object, context: Context) -> str:
    state = serving_state(obj, context)
    return state.token if state.level in (Level.WARN, Level.BREACH) else ""


def _serving_of(told: WorkloadState) -> Serving:
    return told.serving


def _release_of(told: WorkloadState) -> Release:
    return told.release


def _state_value(read: Any) -> Any:
    """A state in a report: its word without progress, which is a value of its own."""

    def value(obj: Object, context: Context) -> str | None:
        told: Any = context.workload(obj)
        if told is None and isinstance(obj, Rollout) and (found := _released(obj, context)) is not None:
            return str((found.serving if read is _serving_of else found.phase) or "unknown").lower()
        return None if told is None else str(read(told).value).lower()

    return value


class ReadyField(Field):
    """READY of a workload. A DaemonSet's Table prints its two halves in two columns."""

    __slots__ = ()

    def text(self, obj: Object, context: Context) -> str:
        if isinstance(obj, Provisional) and obj.kind == "DaemonSet" and obj.cells:
            return safe(f"{printed(obj, 'Ready')}/{printed(obj, 'Desired')}")
        return super().text(obj, context)


class StateField(Field):
    """Judged, not printed: it says ``? loading`` until there is an object and a verdict."""

    __slots__ = ()

    def text(self, obj: Object, context: Context) -> str:
        return self.write(obj, context)

    def sort_value(self, obj: Object, context: Context) -> SortValue:
        return self.sort(obj, context) if self.sort is not None else 0.0


class ImageField(Field):
    """Images in their short form, of server-printed rows too."""

    __slots__ = ()

    def text(self, obj: Object, context: Context) -> str:
        if isinstance(obj, Provisional):
            images = printed(obj, "Images")
            return short_images(images.split(",")) if images else ""
        return super().text(obj, context)


SERVING = StateField(
    "serving",
    "SERVING",
    10,
    lambda o, c: serving_state(o, c).text,
    lambda o, c: -float(serving_state(o, c).level),
    lambda o, c: serving_state(o, c).token,
    value=_state_value(_serving_of),
    level=lambda o, c: serving_state(o, c).level,
)
RELEASE = StateField(
    "release",
    "RELEASE",
    14,
    lambda o, c: release_state(o, c).text,
    lambda o, c: -float(release_state(o, c).level),
    lambda o, c: release_state(o, c).token,
    value=_state_value(_release_of),
    level=lambda o, c: release_state(o, c).level,
)
REVISION = Field("revision", "REV", 5, revision, _revision_sort, right=True, priority=3)
IMAGE = ImageField("image", "IMAGE", 20, image, printer="Images", priority=5, flexible=True)
READY = ReadyField(
    "ready",
    "READY",
    7,
    lambda o, c: ready_text(o),
    _ready_sort,
    _paint_ready,
    value=lambda o, c: {"ready": o.ready, "desired": o.desired},
    printer="Ready",
    right=True,
)
CHANGED = Field(
    "age",
    "AGE",
    7,
    lambda o, c: since(changed_at(o, c), c.now),
    lambda o, c: -changed_at(o, c),
    value=lambda o, c: changed_at(o, c) or None,
    printer="Age",
    right=True,
    priority=2,
    clock=True,
)
CAUSE = Field("cause", "CAUSE", 18, cause, paint=_paint_ready, value=_cause_value, flexible=True)
WIDE = (
    text_field(
        "containers",
        "CONTAINERS",
        20,
        lambda o: names_of(o.template.containers),
        printer="Containers",
        priority=8,
    ),
    text_field(
        "images", "IMAGES", 40, lambda o: images_of(o.template.containers), printer="Images", priority=9
    ),
)
SELECTOR = text_field(
    "selector", "SELECTOR", 30, lambda o: selector_text(o.selector), printer="Selector", priority=9
)
UPDATED = count_field("updated", "UP-TO-DATE", lambda o: o.updated, printer="Up-to-date", priority=5)
AVAILABLE = count_field("available", "AVAILABLE", lambda o: o.available, printer="Available", priority=6)


def search(workload: Workload, context: Context) -> str:
    """Names, kind and images, and what was said: a filter for ``stuck`` or ``OOM`` finds it."""
    told = context.workload(workload)
    said = (
        f" {told.serving} {told.release} {told.cause.sentence if told.cause else ''}"
        if told is not None
        else ""
    )
    images = images_of(workload.template.containers)
    return f"{workload.namespace} {workload.name} {workload.KIND} {images}{said}"


NAME = name_field("WORKLOAD", 18)
WORKLOADS = KindView(
    id="workloads",
    kinds=("Deployment", "StatefulSet", "DaemonSet", "Rollout"),
    noun="workloads",
    judged=True,
    search=search,
    fields=(
        NAME,
        SERVING,
        RELEASE,
        REVISION,
        IMAGE,
        READY,
        count_field("updated", "UPD", lambda o: o.updated, printer="Up-to-date", priority=6),
        CHANGED,
        CAUSE,
    ),
)
DEPLOYMENTS = kind_view(
    "Deployment",
    judged=True,
    search=search,
    fields=(
        NAME,
        SERVING,
        RELEASE,
        REVISION,
        READY,
        UPDATED,
        AVAILABLE,
        age_field(),
        IMAGE,
        CAUSE,
        *WIDE,
        SELECTOR,
    ),
)
STATEFUL_SETS = kind_view(
    "StatefulSet",
    judged=True,
    search=search,
    fields=(
        NAME,
        SERVING,
        RELEASE,
        REVISION,
        READY,
        count_field("updated", "UP-TO-DATE", lambda o: o.updated, priority=5),
        age_field(),
        IMAGE,
        CAUSE,
        *WIDE,
    ),
)
DAEMON_SETS = kind_view(
    "DaemonSet",
    judged=True,
    search=search,
    fields=(
        NAME,
        SERVING,
        RELEASE,
        REVISION,
        count_field("desired", "DESIRED", lambda o: o.desired, printer="Desired", priority=4),
        count_field("current", "CURRENT", lambda o: o.current, printer="Current", priority=7),
        count_field("ready", "READY", lambda o: o.ready, printer="Ready", priority=0, paint=_paint_ready),
        UPDATED,
        AVAILABLE,
        age_field(),
        IMAGE,
        CAUSE,
        *WIDE,
        SELECTOR,
    ),
)
REPLICA_SETS = kind_view(
    "ReplicaSet",
    search=search,
    fields=(
        name_field(width=34),
        count_field("revision", "REV", lambda o: o.revision or 0, priority=3),
        count_field("desired", "DESIRED", lambda o: o.desired, printer="Desired"),
        count_field("current", "CURRENT", lambda o: o.replicas, printer="Current", priority=3),
        count_field("ready", "READY", lambda o: o.ready, printer="Ready", priority=0),
        age_field(),
        text_field("owner", "OWNER", 24, lambda o: o.owner.name if o.owner else "", priority=4),
        *WIDE,
        SELECTOR,
    ),
)

VIEWS = (
    WORKLOADS,
    DEPLOYMENTS,
    STATEFUL_SETS,
    DAEMON_SETS,
    REPLICA_SETS,
)
