"""The Kubernetes objects as they come over the wire, as far as they are read (msgspec skips the rest).

Field names follow the API's. Every field has a default: an object that lacks one is still shown.
"""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import UNSET, Raw, UnsetType, field


class Wire(msgspec.Struct, rename="camel", gc=False):
    pass


class OwnerReference(Wire):
    kind: str = ""
    name: str = ""
    uid: str = ""
    controller: bool | None = None


class Meta(Wire):
    name: str = ""
    namespace: str = ""
    uid: str = ""
    resource_version: str = ""
    generation: int = 0
    creation_timestamp: str | None = None
    deletion_timestamp: str | None = None
    labels: dict[str, str] | None = None
    annotations: dict[str, str] | None = None
    owner_references: list[OwnerReference] | None = None


class PodMeta(Wire):
    """Without annotations: pods carry large ones and none is read."""

    name: str = ""
    namespace: str = ""
    uid: str = ""
    resource_version: str = ""
    generation: int = 0
    creation_timestamp: str | None = None
    deletion_timestamp: str | None = None
    labels: dict[str, str] | None = None
    owner_references: list[OwnerReference] | None = None


class Condition(Wire):
    type: str = ""
    status: str = "Unknown"
    reason: str | None = None
    message: str | None = None
    last_transition_time: str | None = None
    last_update_time: str | None = None


class ResourceRequirements(Wire):
    requests: dict[str, str | int | float] | None = None
    limits: dict[str, str | int | float] | None = None


class Container(Wire):
    name: str = ""
    image: str = ""
    resources: ResourceRequirements | None = None
    restart_policy: str | None = None
    readiness_probe: Raw | UnsetType = UNSET
    liveness_probe: Raw | UnsetType = UNSET


class ClaimSource(Wire):
    claim_name: str = ""


class Volume(Wire):
    persistent_volume_claim: ClaimSource | None = None


class Named(Wire):
    name: str = ""


class ReadinessGate(Wire):
    condition_type: str = ""


class PodSpec(Wire):
    containers: list[Container] | None = None
    init_containers: list[Container] | None = None
    node_name: str = ""
    restart_policy: str = "Always"
    service_account_name: str = ""
    priority: int | None = None
    volumes: list[Volume] | None = None
    readiness_gates: list[ReadinessGate] | None = None
    scheduling_gates: list[Named] | None = None


class Waiting(Wire):
    reason: str = ""
    message: str = ""


class Running(Wire):
    started_at: str | None = None


class Terminated(Wire):
    exit_code: int = 0
    signal: int | None = None
    reason: str = ""
    message: str = ""
    finished_at: str | None = None


class ContainerState(Wire):
    waiting: Waiting | None = None
    running: Running | None = None
    terminated: Terminated | None = None


class ContainerStatus(Wire):
    name: str = ""
    ready: bool = False
    started: bool | None = None
    restart_count: int = 0
    state: ContainerState | None = None
    last_state: ContainerState | None = None
    image_id: str = field(name="imageID", default="")


class PodStatus(Wire):
    phase: str = ""
    reason: str = ""
    message: str = ""
    pod_ip: str = field(name="podIP", default="")
    qos_class: str = ""
    nominated_node_name: str = ""
    start_time: str | None = None
    conditions: list[Condition] | None = None
    container_statuses: list[ContainerStatus] | None = None
    init_container_statuses: list[ContainerStatus] | None = None


class Pod(Wire):
    metadata: PodMeta
    spec: PodSpec = field(default_factory=PodSpec)
    status: PodStatus = field(default_factory=PodStatus)


class Expression(Wire):
    key: str = ""
    operator: str = ""
    values: list[str] | None = None


class LabelSelector(Wire):
    match_labels: dict[str, str] | None = None
    match_expressions: list[Expression] | None = None


class TemplateMeta(Wire):
    labels: dict[str, str] | None = None


class Template(Wire):
    metadata: TemplateMeta | None = None
    spec: PodSpec | None = None


class RollingUpdate(Wire):
    max_surge: str | int | None = None
    max_unavailable: str | int | None = None
    partition: int | None = None


class Strategy(Wire):
    type: str = ""
    rolling_update: RollingUpdate | None = None


class WorkloadSpec(Wire):
    """Deployment, ReplicaSet, StatefulSet and DaemonSet in one: the fields do not collide."""

    replicas: int | None = None
    paused: bool = False
    progress_deadline_seconds: int | None = None
    selector: LabelSelector | None = None
    template: Template | None = None
    strategy: Strategy | None = None
    update_strategy: Strategy | None = None
    volume_claim_templates: list[Any] | None = None


class WorkloadStatus(Wire):
    observed_generation: int = 0
    replicas: int = 0
    ready_replicas: int = 0
    updated_replicas: int = 0
    available_replicas: int = 0
    unavailable_replicas: int = 0
    current_replicas: int = 0
    terminating_replicas: int | None = None
    current_revision: str = ""
    update_revision: str = ""
    desired_number_scheduled: int = 0
    current_number_scheduled: int = 0
    updated_number_scheduled: int = 0
    number_ready: int = 0
    number_available: int = 0
    number_unavailable: int = 0
    number_misscheduled: int = 0
    conditions: list[Condition] | None = None


class Workload(Wire):
    metadata: Meta
    spec: WorkloadSpec = field(default_factory=WorkloadSpec)
    status: WorkloadStatus = field(default_factory=WorkloadStatus)


class JobSpec(Wire):
    parallelism: int | None = None
    completions: int | None = None
    backoff_limit: int | None = None
    suspend: bool | None = None
    selector: LabelSelector | None = None
    template: Template | None = None


class JobStatus(Wire):
    active: int = 0
    ready: int | None = None
    succeeded: int = 0
    failed: int = 0
    start_time: str | None = None
    completion_time: str | None = None
    conditions: list[Condition] | None = None


class Job(Wire):
    metadata: Meta
    spec: JobSpec = field(default_factory=JobSpec)
    status: JobStatus = field(default_factory=JobStatus)


class JobTemplate(Wire):
    spec: JobSpec | None = None


class CronJobSpec(Wire):
    schedule: str = ""
    time_zone: str | None = None
    suspend: bool | None = None
    concurrency_policy: str = "Allow"
    job_template: JobTemplate | None = None


class CronJobStatus(Wire):
    active: list[Named] | None = None
    last_schedule_time: str | None = None
    last_successful_time: str | None = None


class CronJob(Wire):
    metadata: Meta
    spec: CronJobSpec = field(default_factory=CronJobSpec)
    status: CronJobStatus = field(default_factory=CronJobStatus)


class TargetRef(Wire):
    kind: str = ""
    name: str = ""


class HpaSpec(Wire):
    scale_target_ref: TargetRef = field(default_factory=TargetRef)
    min_replicas: int | None = None
    max_replicas: int = 1
    metrics: list[dict[str, Any]] | None = None


class HpaStatus(Wire):
    current_replicas: int = 0
    desired_replicas: int = 0
    last_scale_time: str | None = None
    current_metrics: list[dict[str, Any] | None] | None = None
    conditions: list[Condition] | None = None


class Hpa(Wire):
    metadata: Meta
    spec: HpaSpec = field(default_factory=HpaSpec)
    status: HpaStatus = field(default_factory=HpaStatus)


class PdbSpec(Wire):
    min_available: str | int | None = None
    max_unavailable: str | int | None = None
    selector: LabelSelector | None = None


class PdbStatus(Wire):
    observed_generation: int = 0
    disruptions_allowed: int = 0
    current_healthy: int = 0
    desired_healthy: int = 0
    expected_pods: int = 0
    conditions: list[Condition] | None = None


class Pdb(Wire):
    metadata: Meta
    spec: PdbSpec = field(default_factory=PdbSpec)
    status: PdbStatus = field(default_factory=PdbStatus)
