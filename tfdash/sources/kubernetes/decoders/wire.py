"""What several kinds have in common as it comes over the wire, as far as it is read (msgspec skips the rest).

Field names follow the API's. Every field has a default: an object that lacks one is still shown.
"""

from __future__ import annotations

from typing import Annotated, TypeAlias

import msgspec
from msgspec import UNSET, Raw, UnsetType

Count: TypeAlias = Annotated[int, msgspec.Meta(ge=0, le=2**31 - 1)]
"""How many: the API's int32, of which none is negative. What lies outside is named as unreadable, not calculated with."""


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
    finalizers: list[str] | None = None


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
    finalizers: list[str] | None = None


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
    startup_probe: Raw | UnsetType = UNSET


class ClaimSource(Wire):
    claim_name: str = ""


class Named(Wire):
    name: str = ""


class SecretSource(Wire):
    secret_name: str = ""


class Projection(Wire):
    secret: Named | None = None


class Projected(Wire):
    sources: list[Projection] | None = None


class Volume(Wire):
    persistent_volume_claim: ClaimSource | None = None
    secret: SecretSource | None = None
    projected: Projected | None = None


class ReadinessGate(Wire):
    condition_type: str = ""


class PodSpec(Wire):
    containers: list[Container] | None = None
    init_containers: list[Container] | None = None
    node_name: str = ""
    restart_policy: str = "Always"
    priority: int | None = None
    volumes: list[Volume] | None = None
    readiness_gates: list[ReadinessGate] | None = None
    scheduling_gates: list[Named] | None = None
    resources: ResourceRequirements | None = None
    overhead: dict[str, str | int | float] | None = None


class Expression(Wire):
    key: str = ""
    operator: str = ""
    values: list[str] | None = None


class Toleration(Wire):
    key: str = ""
    operator: str = ""
    value: str = ""
    effect: str = ""


class NodeTerm(Wire):
    match_expressions: list[Expression] | None = None
    match_fields: list[Expression] | None = None


class NodeTerms(Wire):
    node_selector_terms: list[NodeTerm] | None = None


class NodeAffinity(Wire):
    required_during_scheduling_ignored_during_execution: NodeTerms | None = None


class PodTerm(Wire):
    namespaces: list[str] | None = None
    namespace_selector: Raw | UnsetType = UNSET


class WeighedPodTerm(Wire):
    pod_affinity_term: PodTerm | None = None


class PodAffinity(Wire):
    required_during_scheduling_ignored_during_execution: list[PodTerm] | None = None
    preferred_during_scheduling_ignored_during_execution: list[WeighedPodTerm] | None = None


class Affinity(Wire):
    node_affinity: NodeAffinity | None = None
    pod_affinity: PodAffinity | None = None
    pod_anti_affinity: PodAffinity | None = None


class PodPort(Wire):
    host_port: int | None = None


class TemplateContainer(Container):
    ports: list[PodPort] | None = None


class Spread(Wire):
    when_unsatisfiable: str = "DoNotSchedule"


class TemplateSpec(PodSpec):
    """Of a template alone: that of 10,000 pods is not read again for each."""

    containers: list[TemplateContainer] | None = None  # type: ignore[assignment]  # of containers that say more than a pod's
    host_network: bool = False
    topology_spread_constraints: list[Spread] | None = None
    node_selector: dict[str, str] | None = None
    tolerations: list[Toleration] | None = None
    affinity: Affinity | None = None
    priority_class_name: str = ""
    scheduler_name: str = ""
    active_deadline_seconds: int | None = None


class LabelSelector(Wire):
    match_labels: dict[str, str] | None = None
    match_expressions: list[Expression] | None = None


class TemplateMeta(Wire):
    labels: dict[str, str] | None = None


class Template(Wire):
    metadata: TemplateMeta | None = None
    spec: TemplateSpec | None = None


class TargetRef(Wire):
    kind: str = ""
    name: str = ""
