"""What the text of a field is. A field that is not named here holds a name: it is replaced whole."""

from __future__ import annotations

from enum import Enum, auto
from typing import Final, NamedTuple


class TextRole(Enum):
    """``OWN`` stays: numbers written as text, identifiers without meaning, words that only the program writes. ``WORD`` stays where it is a word
    of Kubernetes. ``TEXT`` is rewritten by what the table knows; ``FOREIGN`` too, and of it no token stays that has the form of a
    name: it may tell of what we may not list. ``DOCUMENT`` is JSON with
    words of others, ``OURS`` JSON that only this program writes, ``EMPTY`` what others wrote as a whole, which is left out. ``TARGET``: kind, namespace and name of what may be gone; ``COMPONENT``: a program."""

    OWN = auto()
    WORD = auto()
    TEXT = auto()
    FOREIGN = auto()
    LABELS = auto()
    KEY = auto()
    DOCUMENT = auto()
    OURS = auto()
    EMPTY = auto()
    IMAGE = auto()
    URL = auto()
    PERSON = auto()
    AMOUNTS = auto()
    TARGET = auto()
    COMPONENT = auto()


class Named(NamedTuple):
    """Its alias begins with ``noun``."""

    noun: str


FieldRole = TextRole | Named
NAME: Final = Named("name")

_OWN = (
    "access_modes address_type binding_mode blackout canary_policy capacity_text concurrency day default effect expandable"
    " expiration format id kind involved_kind target_kind workload_kind kubelet_version level max_surge max_unavailable"
    " min_available noun observed_generation only_for operator page pauses preemption_policy protocol"
    " restart_policy role rotation rule schedule side stamped_by stamps time_zone trigger unit"
    " volume_mode where workload_generation workload_observed zone kinds signals tables when tool versions"
    " hard_text used_text failure_limit count inconclusive_limit interval architecture reclaim_policy ports"
)
_WORD = "type status phase reason state severity qos strategy health sync operation mode drift controls group scopes scoped last_reason by of revision finalizers crds cells managed_by scheduler roles uid involved_uid resource_version"
_TEXT = (
    "about baseline_label cause condition detail doubt ended evidence flags involved_field label local losses"
    " metric note odd other others overruled plain problem remedy rest running next said second_opinion"
    " sentence served shared skips skips_full source sources taking text title uncounted unread waived what"
    " why words first gone left apart early stale follow below old_keys beside manual broken reported origin verdicts journeys"
    " silent"
)
_NOUNS = {
    "namespace": "namespace involved_namespace",
    "workload": "workload workload_name target_name",
    "pod": "pod pods",
    "node": "node nominated_node",
    "environment": "environment break_glass",
    "cluster": "cluster",
    "terminal": "terminal noted_by",
    "address": "ip cluster_ip internal_ip external",
    "host": "domain asked inside",
    "claim": "claim claims",
    "secret": "secret secrets",
    "digest": "digest digests fingerprint serial key_id authority_key subject_key hash previous",
    "version": "version stable_hash current_hash active_hash weighed_hash template_hash decided_on baseline_of",
    "template": "template",
    "container": "container",
    "storage-class": "storage_class",
    "volume": "volume",
    "service": "service",
    "pool": "pool",
    "feed": "feeds",
    "group": "groups owner owners",
    "certificate-name": "subject issuer",
}
_PEOPLE = "actor approver reviewed_by requester second user who"
_LABELS = "labels match expressions notes selector"
_AMOUNTS = "requests limits allocatable allocated overhead hard used wanted usage capacity without_limit without_request nodes_used default_limit default_request least most ratio actual provided"
BY_NAME: dict[str, FieldRole] = {
    **dict.fromkeys(_OWN.split(), TextRole.OWN),
    **dict.fromkeys(_WORD.split(), TextRole.WORD),
    **dict.fromkeys(_TEXT.split(), TextRole.TEXT),
    **dict.fromkeys(
        ("message", "last_message", "summary", "error", "warning", "query", "queries"), TextRole.FOREIGN
    ),
    **dict.fromkeys(_PEOPLE.split(), TextRole.PERSON),
    **dict.fromkeys(_LABELS.split(), TextRole.LABELS),
    **dict.fromkeys(_AMOUNTS.split(), TextRole.AMOUNTS),
    **dict.fromkeys(("image", "images", "image_id"), TextRole.IMAGE),
    **dict.fromkeys(("url", "server", "link"), TextRole.URL),
    **dict.fromkeys(("data", "memory"), TextRole.DOCUMENT),
    "baselines": TextRole.OURS,
    "key": TextRole.KEY,
    "config_map_key": TextRole.WORD,
    "plan": TextRole.EMPTY,
    **{name: Named(noun) for noun, names in _NOUNS.items() for name in names.split()},
}
BY_TYPE: dict[str, FieldRole] = {
    "AbsentNamespace.name": Named("namespace"),
    "Altered.fields": TextRole.TEXT,
    "Altered.known": TextRole.TEXT,
    "Altered.lines": TextRole.FOREIGN,
    "Altered.manager": TextRole.COMPONENT,
    "Altered.witness": TextRole.OWN,
    "AnyIssuer.by": TextRole.OWN,
    "ApprovalRequest.id": Named("request"),
    "ApprovalRequest.reason": TextRole.FOREIGN,
    "BreakGlass.by": TextRole.PERSON,
    "BreakGlass.reason": TextRole.FOREIGN,
    "BundleSource.key": NAME,
    "Canary.provider": TextRole.WORD,
    "Closure.reason": TextRole.FOREIGN,
    "ClusterIssuer.by": TextRole.OWN,
    "Completion.by": TextRole.PERSON,
    "Completion.note": TextRole.FOREIGN,
    "Certificate.names": Named("host"),
    "CertificateFacts.names": Named("host"),
    "Container.name": Named("container"),
    "ContainerStatus.name": Named("container"),
    "DeprecatedApi.group": TextRole.WORD,
    "DeprecatedApi.removed": TextRole.OWN,
    "DeprecatedApi.resource": TextRole.WORD,
    "DeprecatedApi.version": TextRole.OWN,
    "Entry.action": TextRole.OWN,
    "Entry.intent": Named("intent"),
    "Entry.kind": TextRole.OWN,
    "Entry.sentence": TextRole.FOREIGN,  # a person's reason is in it
    "Entry.target": TextRole.TARGET,
    "Event.source": TextRole.COMPONENT,
    "FeedDays.what": TextRole.FOREIGN,
    "FieldsBody.fields": TextRole.OWN,
    "Issuer.by": TextRole.OWN,
    "Journey.name": Named("journey"),
    "Journey.source": TextRole.TEXT,
    "LiveReading.by": TextRole.TEXT,
    "Metric.name": TextRole.AMOUNTS,
    "MetricResult.name": Named("check"),
    "Observation.hidden": Named("namespace"),
    "Observation.value": TextRole.TEXT,
    "Pause.reason": TextRole.WORD,
    "NodeClaim.zone": Named("zone"),
    "Order.names": Named("host"),
    "PlaceDay.asked": TextRole.AMOUNTS,
    "PlannedUpdate.version": TextRole.OWN,
    "PrintedRow.shown": NAME,
    "Query.text": TextRole.FOREIGN,
    "RecordingHeader.program": TextRole.OWN,
    "RecordingHeader.schema": TextRole.OWN,
    "ReleaseState.message": TextRole.TEXT,
    "RememberedSize.by": TextRole.PERSON,
    "RuleTerms.evidence": TextRole.OWN,
    "RunEvent.data": TextRole.FOREIGN,
    "RunEvent.kind": TextRole.OWN,
    "RunEvent.run": Named("run"),
    "RunEvent.sentence": TextRole.FOREIGN,
    "RunEvent.stamped": TextRole.PERSON,
    "RunJournal.id": Named("run"),
    "RunningAction.action": TextRole.OWN,
    "RunningAction.by": TextRole.PERSON,
    "RunEvent.by": TextRole.PERSON,
    "ServerInfo.version": TextRole.OWN,
    "ServicePort.name": TextRole.WORD,
    "ServicePort.target": TextRole.WORD,
    "Roster.pods": TextRole.OWN,  # of pods as they may be written
    "SectionState.target": TextRole.OWN,
    "Slot.reason": TextRole.FOREIGN,
    "Soak.version": TextRole.OWN,
    "SourceInfo.name": TextRole.TEXT,
    "StatusBody.source": TextRole.TEXT,
    "StoreState.runs": Named("run"),
    "StorageClass.shown": TextRole.TEXT,
    "Traffic.group": TextRole.OWN,
    "Traffic.template": TextRole.TEXT,
    "Usage.asked": TextRole.AMOUNTS,
    "VerifiedGood.by": TextRole.PERSON,
    "VerifiedGood.template": TextRole.EMPTY,
    "VersionSighting.by": Named("terminal"),
    "WorkloadState.message": TextRole.TEXT,
}
_NOUN_OF_KIND = {
    **dict.fromkeys(
        (
            "Deployment",
            "StatefulSet",
            "DaemonSet",
            "ReplicaSet",
            "Rollout",
            "Canary",
            "Job",
            "CronJob",
            "HorizontalPodAutoscaler",
            "PodDisruptionBudget",
            "VerticalPodAutoscaler",
            "ScaledObject",
        ),
        "workload",
    ),
    "PodMetrics": "pod",
    "NodeMetrics": "node",
}


def role_of(type_name: str, field: str) -> FieldRole:
    return BY_TYPE.get(f"{type_name}.{field}") or BY_NAME.get(field) or NAME


def noun_of(kind: str) -> str:
    """What the aliases of objects of a kind begin with: ``workload``, ``node``, ``service``."""
    return (
        _NOUN_OF_KIND.get(kind) or "".join(c for c in kind.lower() if c.isascii() and c.isalnum()) or "object"
    )
