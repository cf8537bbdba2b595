"""Serving health, release state and cause of one workload. Two questions that other terminals mix into one."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from tfdash.model.subject import Subject


class Serving(StrEnum):
    """Does it serve, whatever its release does?"""

    OK = "ok"  # as many available pods as wanted, or within what its strategy allows away during a release
    DEGRADED = "degraded"  # some available, fewer than that
    DOWN = "DOWN"  # none available, some wanted
    STARTING = "starting"  # none available of what never served, within the grace of its first pods
    IDLE = "idle"  # none wanted
    UNKNOWN = "unknown"


class Release(StrEnum):
    """Where is its newest release? In flight until it was once shown complete; what is lost or scaled later is serving."""

    COMPLETE = "complete"
    PROGRESSING = "progressing"
    STUCK = "STUCK"  # deadline exceeded, or a cause that will not pass by waiting
    PAUSED = "paused"  # a second version waits until somebody resumes
    HELD = "held"  # paused with nothing in flight: the next change will wait
    PARTITIONED = "partitioned"  # StatefulSet: the partition holds the rest back, as wanted
    ON_DELETE = "on delete"  # strategy OnDelete: pods are updated when a person deletes them
    UNKNOWN = "unknown"


IN_FLIGHT = frozenset({Release.PROGRESSING, Release.STUCK, Release.PAUSED})
"""Where there is a version that was not shown complete yet."""


class CauseCode(StrEnum):
    """Why it is stuck or degraded, most specific first."""

    IMAGE_PULL = "image pull"
    BY_HAND = "pod to delete by hand"  # a StatefulSet waits for a broken pod of another version, for ever
    OOM_KILLED = "OOM killed"
    CRASH_LOOP = "crash loop"
    CONFIG = "container configuration"  # CreateContainerConfigError: a missing ConfigMap, Secret or key
    INIT_CONTAINER = "init container"
    PROBE = "probe failing"
    READINESS_GATE = "readiness gate"
    SANDBOX = "pod sandbox"  # the runtime or the network plug-in makes none
    KUBELET = "kubelet silent"
    GATED = "scheduling gate"
    DELETING = "being deleted"  # and waiting for a finalizer
    VOLUME = "volume"  # PVC pending, FailedMount, FailedAttachVolume
    UNSCHEDULABLE = "unschedulable"
    QUOTA = "quota"
    ADMISSION = "admission webhook"
    CREATE = "cannot create pods"  # any other FailedCreate
    NODE_LOST = "node lost"
    EVICTED = "evicted"
    TERMINATING = "terminating"  # old pods that do not go
    DEADLINE = "deadline passed"
    PAUSED = "paused"
    GENERATION = "not observed yet"  # the controller has not seen the newest spec
    # of Jobs and CronJobs
    FAILED = "failed"
    NOT_READY = "pods not ready"
    RETRIES = "retries"
    PILING_UP = "piling up"
    MISSED = "missed"
    LAST_RUN = "last run"
    SCHEDULE = "schedule"  # one that cannot be read


class Cause(msgspec.Struct, frozen=True, kw_only=True):
    """One sentence and the objects behind it. ``count`` pods are affected; ``others`` holds lesser causes' sentences.
    ``origin``: the node, where it lies in that and many workloads share it."""

    code: CauseCode
    sentence: str
    objects: tuple[Subject, ...] = ()
    count: int = 0
    others: tuple[str, ...] = ()
    origin: Subject | None = None


class ScaledBy(msgspec.Struct, frozen=True, kw_only=True):
    """The HPA in charge: ``minimum <= desired <= maximum``, its leading metric in words, whether it wants more than its maximum."""

    subject: Subject
    minimum: int
    desired: int
    maximum: int
    metric: str = ""
    active: bool = True  # ScalingActive is not False
    limited: bool = False
    problem: str = ""


class DisruptionRoom(msgspec.Struct, frozen=True, kw_only=True):
    """How many pods may be away, by the tightest PodDisruptionBudget that selects it."""

    subject: Subject
    allowed: int
    healthy: int
    desired_healthy: int
    expected: int


class WorkloadState(msgspec.Struct, frozen=True, kw_only=True):
    """What is said of one workload. ``message`` is kubectl's rollout-status sentence, which is about counts; ``said`` is
    ours of the release, where kubectl has none."""

    subject: Subject
    serving: Serving
    release: Release
    message: str
    said: str = ""
    cause: Cause | None = None
    revision: str = ""  # "31"; for a StatefulSet or DaemonSet its controller revision's hash or number
    images: tuple[str, ...] = ()  # as in the spec, without init containers
    image: str = ""  # short: name:tag or name@digest start, "+2" for further containers
    desired: int = 0
    ready: int = 0
    updated: int = 0
    available: int = 0
    restarts: int = 0
    changed_at: float = 0.0  # when its newest revision began (epoch seconds); its age column counts from here
    created: float = 0.0
    progress: float | None = None  # 0..1 of a release under way
    deadline_at: float | None = None  # when its progress deadline passes, while progressing
    scaled_by: ScaledBy | None = None
    disruption: DisruptionRoom | None = None
    as_of: float | None = None  # when what it rests on was last proven current, once that is stale
