"""Slim Kubernetes objects: the fields that the program reads, and no others. Here is what every kind has, pods, workloads,
and what scales and guards them; ``kubecluster`` has the rest.

Times are epoch seconds (UTC); 0.0 or None where the API has none. CPU is in cores, memory in bytes. What many objects share
(labels, containers, strings) is interned by the decoder. No field may form a cycle: no garbage collector sees the structs.
"""

from __future__ import annotations

from typing import ClassVar, NamedTuple

import msgspec

from tfdash.model.placement import ANYWHERE, Placement
from tfdash.quantities import NANO, NOTHING, Amounts, amount

Labels = dict[str, str]  # shared between objects: never mutated
EMPTY_LABELS: Labels = {}


class Owner(msgspec.Struct, frozen=True, gc=False):
    """The controlling ownerReference."""

    kind: str
    name: str
    uid: str


class Condition(msgspec.Struct, frozen=True, gc=False):
    """``status`` is "True", "False" or "Unknown"; ``since`` is lastTransitionTime, ``updated`` lastUpdateTime if any."""

    type: str
    status: str
    reason: str = ""
    message: str = ""
    since: float = 0.0
    updated: float = 0.0


class Object(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """What every kind has. ``namespace`` is "" for cluster-scoped kinds."""

    KIND: ClassVar[str] = ""

    namespace: str
    name: str
    uid: str = ""
    resource_version: str = ""
    generation: int = 0
    created: float = 0.0
    deleting: float | None = None  # deletionTimestamp
    finalizers: tuple[str, ...] = ()
    labels: Labels = EMPTY_LABELS
    owner: Owner | None = None


class Provisional(Object, frozen=True, gc=False, kw_only=True):
    """A row of a server-printed Table, before the object itself is there: the printer's cells, in column order.

    It has no uid, so no action may be offered on it.
    """

    kind: str
    cells: tuple[str, ...]


class Unreadable(Provisional, frozen=True, gc=False, kw_only=True):
    """An object that is there and of which a value is odd: ``field`` says which and how. Nothing else of it is known, and no
    rule judges it."""

    field: str


class TableColumn(NamedTuple):
    """A column of a server-printed Table. ``type`` is OpenAPI's: "integer", "number", "string", "boolean", "date".

    ``priority`` 0 is always shown, others only where there is room. ``ages``: its cells say how long ago something was; they
    are held as that time (epoch seconds), so that they grow older.
    """

    name: str
    type: str = "string"
    priority: int = 0
    ages: bool = False


class PrintedRow(Object, frozen=True, gc=False, kw_only=True):
    """An object as the server's Table prints it, of a kind that has no decoder: nothing of it is judged, and nothing is done to
    it. ``cells`` belong to ``columns``, which all rows of a list share; the name's own column is left out of both. Without
    columns only name and age are known."""

    shown: str = ""  # the printed name, where it says more than the name
    columns: tuple[TableColumn, ...] = ()
    cells: tuple[str | int | float | None, ...] = ()


class Resources(msgspec.Struct, frozen=True, gc=False):
    """Requests and limits of one container, or of a pod as a whole; what is not set is not among them."""

    requests: Amounts = NOTHING
    limits: Amounts = NOTHING

    @property
    def cpu_request(self) -> float | None:
        return _number(self.requests, "cpu")

    @property
    def cpu_limit(self) -> float | None:
        return _number(self.limits, "cpu")

    @property
    def memory_request(self) -> float | None:
        return _number(self.requests, "memory")

    @property
    def memory_limit(self) -> float | None:
        return _number(self.limits, "memory")


def _number(found: Amounts, name: str) -> float | None:
    """For what is only shown."""
    value = amount(found, name)
    return None if value is None else value / NANO


class Container(msgspec.Struct, frozen=True, gc=False):
    """A container of a pod spec or template. ``init`` for init containers; ``sidecar`` when restartPolicy is Always."""

    name: str
    image: str
    resources: Resources = Resources()
    init: bool = False
    sidecar: bool = False
    has_readiness_probe: bool = False
    has_liveness_probe: bool = False
    has_startup_probe: bool = False


class ContainerStatus(msgspec.Struct, frozen=True, gc=False):
    """``state`` is "waiting", "running", "terminated" or "" (not reported yet).

    ``since`` is startedAt (running) or finishedAt (terminated). ``last_*`` tell of the previous run, if there was one.
    ``allocated`` and ``actual`` only while they are not what the spec asks for, or a resize in place waits.
    """

    name: str
    init: bool = False
    ready: bool = False
    started: bool = False
    restarts: int = 0
    state: str = ""
    reason: str = ""
    message: str = ""
    exit_code: int | None = None
    signal: int | None = None
    since: float = 0.0
    last_reason: str = ""
    last_exit_code: int | None = None
    last_signal: int | None = None
    last_message: str = ""
    last_finished: float = 0.0
    image_id: str = ""
    allocated: Amounts | None = None
    actual: Resources | None = None


class Pod(Object, frozen=True, gc=False, kw_only=True):
    """``conditions`` holds those that are not "True", Ready always and those of a resize; a healthy pod carries only Ready.

    ``resources``, ``allocated`` and ``actual`` are those of the pod as a whole, None where it has none; ``overhead`` of its runtime.
    """

    KIND: ClassVar[str] = "Pod"

    node: str = ""
    nominated_node: str = ""
    phase: str = ""
    reason: str = ""  # status.reason, e.g. Evicted, NodeLost
    message: str = ""
    ip: str = ""
    qos: str = ""
    priority: int | None = None
    restart_policy: str = "Always"
    started: float = 0.0  # status.startTime
    containers: tuple[Container, ...] = ()
    statuses: tuple[ContainerStatus, ...] = ()
    conditions: tuple[Condition, ...] = ()
    claims: tuple[str, ...] = ()  # names of PersistentVolumeClaims
    secrets: tuple[str, ...] = ()  # names of Secrets that are mounted as volumes, sorted
    readiness_gates: tuple[str, ...] = ()
    scheduling_gates: tuple[str, ...] = ()
    resources: Resources | None = None
    overhead: Amounts = NOTHING
    allocated: Amounts | None = None
    actual: Resources | None = None


class Selector(msgspec.Struct, frozen=True, gc=False):
    """A label selector: all of ``match`` and all of ``expressions`` (key, operator, values)."""

    match: Labels = EMPTY_LABELS
    expressions: tuple[tuple[str, str, tuple[str, ...]], ...] = ()


class Template(msgspec.Struct, frozen=True, gc=False):
    """What a pod template says, as far as it is shown or judged; the full template is fetched when two are compared.
    ``resources``: of the pod as a whole, None where nothing is said of it."""

    labels: Labels = EMPTY_LABELS
    containers: tuple[Container, ...] = ()
    placement: Placement = ANYWHERE
    resources: Resources | None = None


class Deployment(Object, frozen=True, gc=False, kw_only=True):
    """``notes``: the annotations that tell who owns it (Argo CD, Helm; kubectl's own with an empty value)."""

    KIND: ClassVar[str] = "Deployment"

    observed_generation: int = 0
    desired: int = 1  # spec.replicas
    replicas: int = 0
    updated: int = 0
    ready: int = 0
    available: int = 0
    unavailable: int = 0
    terminating: int | None = None
    paused: bool = False
    progress_deadline: int | None = 600  # seconds; None where it is effectively infinite
    strategy: str = "RollingUpdate"
    max_surge: str = ""
    max_unavailable: str = ""
    min_ready: float = 0.0  # seconds for which a pod is ready before it counts as available
    selector: Selector = Selector()
    template: Template = Template()
    conditions: tuple[Condition, ...] = ()
    revision: int | None = None  # deployment.kubernetes.io/revision
    notes: Labels = EMPTY_LABELS
    replicas_by: str = ""  # who applies a manifest that says how many; "" where that is nobody, or not known
    replicas_at: float = 0.0  # when who said how many wrote last; 0.0 where that is not known
    written_at: float = 0.0  # when one of those who wrote its spec wrote last; 0.0 where that is not known


class ReplicaSet(Object, frozen=True, gc=False, kw_only=True):
    KIND: ClassVar[str] = "ReplicaSet"

    observed_generation: int = 0
    desired: int = 0
    replicas: int = 0
    ready: int = 0
    available: int = 0
    selector: Selector = Selector()
    template: Template = Template()
    conditions: tuple[Condition, ...] = ()
    revision: int | None = None
    replicas_at: float = 0.0


class StatefulSet(Object, frozen=True, gc=False, kw_only=True):
    KIND: ClassVar[str] = "StatefulSet"

    observed_generation: int = 0
    desired: int = 1
    replicas: int = 0
    ready: int = 0
    current: int = 0
    updated: int = 0
    available: int = 0
    current_revision: str = ""
    update_revision: str = ""
    strategy: str = "RollingUpdate"
    partition: int = 0
    max_unavailable: str = ""
    min_ready: float = 0.0  # seconds, as of a Deployment
    parallel: bool = False  # podManagementPolicy Parallel: it waits for no pod
    first_ordinal: int = 0
    selector: Selector = Selector()
    template: Template = Template()
    conditions: tuple[Condition, ...] = ()
    claims: tuple[str, ...] = ()  # names of volumeClaimTemplates
    notes: Labels = EMPTY_LABELS
    replicas_by: str = ""  # as of a Deployment
    replicas_at: float = 0.0
    written_at: float = 0.0


class DaemonSet(Object, frozen=True, gc=False, kw_only=True):
    KIND: ClassVar[str] = "DaemonSet"

    observed_generation: int = 0
    desired: int = 0
    current: int = 0
    ready: int = 0
    updated: int = 0
    available: int = 0
    unavailable: int = 0
    strategy: str = "RollingUpdate"
    max_unavailable: str = ""
    min_ready: float = 0.0  # seconds, as of a Deployment
    selector: Selector = Selector()
    template: Template = Template()
    conditions: tuple[Condition, ...] = ()
    notes: Labels = EMPTY_LABELS
    written_at: float = 0.0  # as of a Deployment


class Job(Object, frozen=True, gc=False, kw_only=True):
    KIND: ClassVar[str] = "Job"

    parallelism: int = 1
    completions: int | None = None
    backoff_limit: int = 6
    suspended: bool = False
    active: int = 0
    ready: int | None = 0  # None: its controller does not count them
    succeeded: int = 0
    failed: int = 0
    started: float | None = None
    completed: float | None = None
    selector: Selector = Selector()
    template: Template = Template()
    conditions: tuple[Condition, ...] = ()
    managed_by: str = ""  # another controller than Kubernetes' own, which may run its pods elsewhere


class CronJob(Object, frozen=True, gc=False, kw_only=True):
    KIND: ClassVar[str] = "CronJob"

    schedule: str = ""
    time_zone: str = ""
    suspended: bool = False
    concurrency: str = "Allow"
    starting_deadline: float | None = None  # seconds after which a missed run is not made up for
    active: tuple[str, ...] = ()  # names of running Jobs
    last_scheduled: float | None = None
    last_successful: float | None = None
    template: Template = Template()


class Metric(msgspec.Struct, frozen=True, gc=False):
    """One metric of an HPA. ``target`` and ``current`` as numbers in ``unit`` ("%", "cores", "bytes", ""); None unknown."""

    type: str
    name: str
    target: float | None = None
    current: float | None = None
    unit: str = "%"
    container: str = ""


class HorizontalPodAutoscaler(Object, frozen=True, gc=False, kw_only=True):
    KIND: ClassVar[str] = "HorizontalPodAutoscaler"

    target_kind: str = ""
    target_name: str = ""
    min_replicas: int = 1
    max_replicas: int = 1
    current: int = 0
    desired: int = 0
    last_scaled: float | None = None
    metrics: tuple[Metric, ...] = ()
    conditions: tuple[Condition, ...] = ()

    @property
    def sees(self) -> bool:
        """Whether what it last said of its wish is current: while it is blind that stays, 0 where it never saw anything."""
        return not any(
            c.status == "False" for c in self.conditions if c.type in ("AbleToScale", "ScalingActive")
        )

    @property
    def wanted(self) -> int:
        """How many it wants; as many as there are while it does not see."""
        return self.desired if self.sees else self.current

    @property
    def wants_more(self) -> bool:
        """Held at its maximum, now. Equal bounds are a size that somebody set."""
        limited = next((c for c in self.conditions if c.type == "ScalingLimited"), None)
        return (
            self.min_replicas < self.max_replicas
            and limited is not None
            and limited.status == "True"
            and limited.reason == "TooManyReplicas"
            and self.sees
        )


class PodDisruptionBudget(Object, frozen=True, gc=False, kw_only=True):
    KIND: ClassVar[str] = "PodDisruptionBudget"

    observed_generation: int = 0
    min_available: str = ""
    max_unavailable: str = ""
    allowed: int = 0  # status.disruptionsAllowed
    healthy: int = 0
    desired_healthy: int = 0
    expected: int = 0
    selector: Selector = Selector()
    conditions: tuple[Condition, ...] = ()
