"""A readable description of any object: what was said of it first, then what it is, then what happened to it.

Made from the whole document (decoded JSON). managedFields are left out and secret values hidden (``views.mask``);
every text is safe. Kinds without a form of their own show spec and status as YAML.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from tfdash.model.kubecluster import Event
from tfdash.model.verdict import Level, Verdict
from tfdash.model.workload import WorkloadState
from tfdash.text import safe
from tfdash.views import describe_parts as parts
from tfdash.views import state as states
from tfdash.views.describe_parts import Json, NameValue, listed, mapping, mappings, text
from tfdash.views.events import event_text
from tfdash.views.layout import columns, pairs
from tfdash.views.mask import LAST_APPLIED, masked
from tfdash.views.yaml import yaml_lines

_WORKLOADS = frozenset({"Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Job"})


class DescribeSection(NamedTuple):
    title: str
    lines: tuple[str, ...]


def describe(
    document: Mapping[str, Any],
    events: Iterable[Event] = (),
    now: float = 0.0,
    state: WorkloadState | None = None,
    verdicts: Iterable[Verdict] = (),
) -> tuple[DescribeSection, ...]:
    """The sections of a description; empty ones are left out, events always stand last."""
    shown = masked(document)
    kind = str(shown.get("kind", ""))
    spec, status = mapping(shown.get("spec")), mapping(shown.get("status"))
    sections = [("", _identity(shown, now)), ("Verdict", _said(state, verdicts))]
    if kind == "Pod":
        sections += _pod(spec, status, now)
    elif kind == "Node":
        sections += _node(spec, status, now)
    elif kind in ("Secret", "ConfigMap"):
        sections += _data(shown)
    elif kind in _WORKLOADS:
        sections += _workload(kind, spec, status, now)
    else:
        sections += _generic(shown, now)
    sections.append(("Events", event_text(events, now)))
    return tuple(DescribeSection(title, tuple(lines)) for title, lines in sections if lines)


def description_lines(sections: Iterable[DescribeSection]) -> list[str]:
    """The sections as plain lines, a blank one between them, their text indented under the title."""
    lines: list[str] = []
    for section in sections:
        if lines:
            lines.append("")
        indent = "  " if section.title else ""
        lines.extend([section.title] if section.title else [])
        lines.extend(f"{indent}{line}" for line in section.lines)
    return lines


_NOT_OF_SECRETS = "not shown: they may hold what the Secret does"


def _identity(document: Json, now: float) -> list[str]:
    metadata = mapping(document.get("metadata"))
    annotations = {k: v for k, v in mapping(metadata.get("annotations")).items() if k != LAST_APPLIED}
    secret = document.get("kind") == "Secret"
    owner = next((o for o in mappings(metadata.get("ownerReferences")) if o.get("controller")), None)
    given: list[NameValue] = [
        ("Name", text(metadata.get("name"))),
        ("Namespace", text(metadata.get("namespace"))),
        ("Kind", text(f"{document.get('kind', '')} ({document.get('apiVersion', '')})")),
        ("Created", parts.ago(metadata.get("creationTimestamp"), now)),
        ("Being deleted", parts.ago(metadata.get("deletionTimestamp"), now)),
        ("Finalizers", [text(f) for f in listed(metadata.get("finalizers"))]),
        ("Controlled by", text(f"{owner.get('kind')}/{owner.get('name')}") if owner else ""),
        ("Labels", parts.key_values(metadata.get("labels")) or "<none>"),
        ("Annotations", _NOT_OF_SECRETS if secret else parts.key_values(annotations, ": ") or "<none>"),
    ]
    return pairs([(label, value) for label, value in given if value])


def _said(state: WorkloadState | None, verdicts: Iterable[Verdict]) -> list[str]:
    given: list[NameValue] = []
    if state is not None:
        given.append(
            ("Serving", f"{states.serving(state).text}, {state.available} of {state.desired} available")
        )
        message = f", {safe(state.message)}" if state.message else ""
        given.append(("Release", f"{states.release(state).text}{message}"))
        if state.cause is not None:
            behind = [f"see {safe(str(subject))}" for subject in state.cause.objects[:5]]
            more = len(state.cause.objects) - len(behind)
            others = [f"also: {safe(other)}" for other in state.cause.others]
            given.append(
                (
                    "Cause",
                    [
                        safe(state.cause.sentence),
                        *behind,
                        *([f"and {more} more"] if more > 0 else []),
                        *others,
                    ],
                )
            )
        if state.scaled_by is not None:
            hpa = state.scaled_by
            held = " (at its limit)" if hpa.limited else ""
            metric = f" by {safe(hpa.metric)}" if hpa.metric else ""
            problem = f"; {safe(hpa.problem)}" if hpa.problem else ""
            given.append(
                (
                    "Scaled by",
                    f"{safe(hpa.subject.name)}: {hpa.minimum} ≤ {hpa.desired} ≤ {hpa.maximum}{metric}{held}{problem}",
                )
            )
        if state.disruption is not None:
            room = state.disruption
            given.append(
                (
                    "May be away",
                    f"{room.allowed} ({safe(room.subject.name)}: {room.healthy} of {room.desired_healthy} healthy)",
                )
            )
    worth = sorted((v for v in verdicts if v.level > Level.OK), key=lambda v: -v.level)
    given.extend((states.of_level(v.level).text, safe(v.sentence)) for v in worth)
    return pairs(given)


def _pod(spec: Json, status: Json, now: float) -> list[tuple[str, list[str]]]:
    given: list[NameValue] = [
        ("Status", text(status.get("phase"))),
        ("Reason", text(status.get("reason"))),
        ("Message", text(status.get("message"))),
        ("Node", text(spec.get("nodeName"))),
        ("Started", parts.ago(status.get("startTime"), now)),
        ("IP", text(status.get("podIP"))),
        ("QoS class", text(status.get("qosClass"))),
        ("Priority", text(spec.get("priority"))),
        ("Service account", text(spec.get("serviceAccountName"))),
        ("Node selector", parts.key_values(spec.get("nodeSelector"))),
        ("Tolerations", [parts.toleration(t) for t in mappings(spec.get("tolerations"))]),
        ("Scheduling gates", [text(g.get("name")) for g in mappings(spec.get("schedulingGates"))]),
    ]
    init = mappings(status.get("initContainerStatuses"))
    return [
        ("Pod", pairs([(label, value) for label, value in given if value])),
        ("Init containers", parts.containers(spec, init, now, "initContainers")),
        ("Containers", parts.containers(spec, mappings(status.get("containerStatuses")), now)),
        (
            "Ephemeral containers",
            parts.containers(
                spec, mappings(status.get("ephemeralContainerStatuses")), now, "ephemeralContainers"
            ),
        ),
        ("Conditions", parts.conditions(status, now)),
        ("Volumes", parts.volumes(spec)),
    ]


def _workload(kind: str, spec: Json, status: Json, now: float) -> list[tuple[str, list[str]]]:
    template = mapping(mapping(spec.get("template")).get("spec"))
    labels = mapping(mapping(spec.get("template")).get("metadata"))
    selector = mapping(spec.get("selector"))
    expressions = [
        text(
            f"{e.get('key', '')} {e.get('operator', '')} {', '.join(map(str, listed(e.get('values'))))}".rstrip()
        )
        for e in mappings(selector.get("matchExpressions"))
    ]
    strategy = mapping(spec.get("strategy") or spec.get("updateStrategy"))
    rolling = mapping(strategy.get("rollingUpdate"))
    counts = [
        f"{status[field]} {word}"
        for field, word in (
            ("replicas", "there"),
            ("updatedReplicas", "updated"),
            ("readyReplicas", "ready"),
            ("availableReplicas", "available"),
            ("unavailableReplicas", "unavailable"),
            ("terminatingReplicas", "terminating"),
            ("desiredNumberScheduled", "desired"),
            ("updatedNumberScheduled", "updated"),
            ("numberReady", "ready"),
            ("numberAvailable", "available"),
            ("numberMisscheduled", "misscheduled"),
            ("active", "active"),
            ("succeeded", "succeeded"),
            ("failed", "failed"),
        )
        if isinstance(status.get(field), int)
    ]
    wanted = spec.get("replicas", spec.get("completions"))
    given: list[NameValue] = [
        ("Selector", parts.key_values(selector.get("matchLabels")) + expressions),
        (
            "Replicas" if kind != "Job" else "Runs",
            safe(", ".join([f"{wanted} wanted"] * (wanted is not None) + counts)),
        ),
        ("Strategy", text(strategy.get("type"))),
        ("Rolling update", ", ".join(parts.key_values(rolling, " "))),
        ("Paused", "true" if spec.get("paused") else ""),
        ("Suspended", "true" if spec.get("suspend") else ""),
        ("Min ready seconds", text(spec.get("minReadySeconds"))),
        (
            "Progress deadline",
            f"{text(spec['progressDeadlineSeconds'])}s" if "progressDeadlineSeconds" in spec else "",
        ),
        ("Backoff limit", text(spec.get("backoffLimit"))),
        ("Started", parts.ago(status.get("startTime"), now)),
        ("Completed", parts.ago(status.get("completionTime"), now)),
        ("Template labels", parts.key_values(labels.get("labels"))),
        ("Template annotations", parts.key_values(labels.get("annotations"), ": ")),
        ("Service account", text(template.get("serviceAccountName"))),
    ]
    claims = [
        [
            text(mapping(c.get("metadata")).get("name")),
            text(mapping(mapping(mapping(c.get("spec")).get("resources")).get("requests")).get("storage")),
            text(mapping(c.get("spec")).get("storageClassName")),
        ]
        for c in mappings(spec.get("volumeClaimTemplates"))
    ]
    return [
        (kind, pairs([(label, value) for label, value in given if value])),
        ("Init containers", parts.containers(template, (), now, "initContainers")),
        ("Containers", parts.containers(template, (), now)),
        ("Conditions", parts.conditions(status, now)),
        ("Volumes", parts.volumes(template)),
        ("Volume claims", columns(claims)),
    ]


def _node(spec: Json, status: Json, now: float) -> list[tuple[str, list[str]]]:
    info = mapping(status.get("nodeInfo"))
    given: list[NameValue] = [
        ("Schedulable", "false (cordoned)" if spec.get("unschedulable") else "true"),
        ("Taints", [parts.taint(t) for t in mappings(spec.get("taints"))]),
        (
            "Addresses",
            [text(f"{a.get('address')} ({a.get('type')})") for a in mappings(status.get("addresses"))],
        ),
        ("Provider", text(spec.get("providerID"))),
        ("Kubelet", text(info.get("kubeletVersion"))),
        (
            "System",
            text(
                ", ".join(str(info[k]) for k in ("osImage", "kernelVersion", "architecture") if info.get(k))
            ),
        ),
        ("Runtime", text(info.get("containerRuntimeVersion"))),
    ]
    capacity, allocatable = mapping(status.get("capacity")), mapping(status.get("allocatable"))
    rows = [
        [safe(r), text(capacity.get(r)), text(allocatable.get(r))] for r in sorted({*capacity, *allocatable})
    ]
    table = columns([["RESOURCE", "CAPACITY", "ALLOCATABLE"], *rows], (False, True, True)) if rows else []
    return [
        ("Node", pairs([(label, value) for label, value in given if value])),
        ("Conditions", parts.conditions(status, now)),
        ("Resources", table),
    ]


def _data(document: Json) -> list[tuple[str, list[str]]]:
    data = {**mapping(document.get("data")), **mapping(document.get("stringData"))}
    given: list[NameValue] = [("Type", text(document.get("type")))] if document.get("type") else []
    binary = [
        f"{safe(k)}   {len(str(v)):,} base64 characters"
        for k, v in mapping(document.get("binaryData")).items()
    ]
    lines: list[str] = []
    for key, value in sorted(data.items()):
        body = str(value).splitlines() or [""]
        lines.extend(
            [f"{safe(key)}: {safe(body[0])}"]
            if len(body) == 1
            else [f"{safe(key)}:", *(f"  {safe(b)}" for b in body)]
        )
    return [("", pairs(given)), ("Data", lines or ["<none>"]), ("Binary data", binary)]


def _generic(document: Json, now: float) -> list[tuple[str, list[str]]]:
    """Spec and status, and whatever else the kind keeps at its top, as YAML; conditions as a table."""
    rest = {
        k: v for k, v in document.items() if k not in ("apiVersion", "kind", "metadata", "spec", "status")
    }
    status = dict(mapping(document.get("status")))
    table = parts.conditions(status, now)
    if table:
        status.pop("conditions")
    return [
        ("Spec", yaml_lines(mapping(document.get("spec"))) if document.get("spec") else []),
        ("Fields", yaml_lines(rest) if rest else []),
        ("Conditions", table),
        ("Status", yaml_lines(status) if status else []),
    ]
