"""Refusals of objects that make no sense, in the API server's words: 422 with each cause by its field."""

from __future__ import annotations

import json
import re
from typing import Any

from tfdash.demo.apiserver import signing_requests
from tfdash.demo.apiserver.errors import ApiError, Cause, bad_request, invalid
from tfdash.demo.apiserver.objects import Obj, dig, matches
from tfdash.demo.apiserver.quantity import parse
from tfdash.demo.apiserver.resources import Resource

_SUBDOMAIN = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
_DNS_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")
_SUBDOMAIN_WORDS = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start "
    "and end with an alphanumeric character (e.g. 'example.com', regex used for validation is "
    r"'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
)
_LABEL_WORDS = (
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end "
    "with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is "
    "'[a-z0-9]([-a-z0-9]*[a-z0-9])?')"
)
_LABEL_VALUE = re.compile(r"(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?")
_LABEL_VALUE_WORDS = (
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start "
    "and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation "
    "is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"
)
_PATH_NAMES = ("roles", "clusterroles", "rolebindings", "clusterrolebindings", "certificatesigningrequests")
_REQUIRED, _INVALID, _FORBIDDEN = "FieldValueRequired", "FieldValueInvalid", "FieldValueForbidden"
IMMUTABLE = "field is immutable"
_STATEFUL_FREE = (
    "replicas",
    "ordinals",
    "template",
    "updateStrategy",
    "revisionHistoryLimit",
    "persistentVolumeClaimRetentionPolicy",
    "minReadySeconds",
)
_POD_FREE = (
    "containers",
    "initContainers",
    "activeDeadlineSeconds",
    "tolerations",
    "terminationGracePeriodSeconds",
)


def _shown(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def _bad(field: str, value: Any, why: str) -> Cause:
    return _INVALID, f"Invalid value: {_shown(value)}: {why}", field


def _need(field: str, why: str = "") -> Cause:
    return _REQUIRED, f"Required value: {why}" if why else "Required value", field


def _metadata(resource: Resource, meta: Obj) -> list[Cause]:
    causes: list[Cause] = []
    name = meta.get("name")
    if not name:
        causes.append(_need("metadata.name", "name or generateName is required"))
    elif resource.plural in _PATH_NAMES:
        if name in (".", "..") or "/" in name or "%" in name:
            causes.append(_bad("metadata.name", name, "may not contain '/' or '%'"))
    elif resource.plural in ("namespaces", "services"):
        if not _DNS_LABEL.fullmatch(name) or len(name) > 63:
            causes.append(_bad("metadata.name", name, _LABEL_WORDS))
    elif not _SUBDOMAIN.fullmatch(name):
        causes.append(_bad("metadata.name", name, _SUBDOMAIN_WORDS))
    elif len(name) > 253:
        causes.append(_bad("metadata.name", name, "must be no more than 253 bytes"))
    for key, value in (meta.get("labels") or {}).items():
        if not isinstance(value, str) or len(value) > 63 or not _LABEL_VALUE.fullmatch(value):
            causes.append(_bad("metadata.labels", value, _LABEL_VALUE_WORDS))
        if not key or len(key.rpartition("/")[2]) > 63:
            causes.append(_bad("metadata.labels", key, "name part must be no more than 63 bytes"))
    return causes


def _pod_spec(spec: Obj, path: str) -> list[Cause]:
    causes: list[Cause] = []
    containers = spec.get("containers") or ()
    if not containers:
        causes.append(_need(f"{path}.containers"))
    seen: set[str] = set()
    for field in ("initContainers", "containers"):
        for index, container in enumerate(spec.get(field) or ()):
            here = f"{path}.{field}[{index}]"
            name = container.get("name")
            if not name:
                causes.append(_need(f"{here}.name"))
            elif not _DNS_LABEL.fullmatch(name):
                causes.append(_bad(f"{here}.name", name, _LABEL_WORDS))
            elif name in seen:
                causes.append(("FieldValueDuplicate", f"Duplicate value: {_shown(name)}", f"{here}.name"))
            seen.add(name or "")
            if not container.get("image"):
                causes.append(_need(f"{here}.image"))
            causes += _resources(container.get("resources") or {}, f"{here}.resources")
    return causes


def _resources(resources: Obj, path: str) -> list[Cause]:
    causes: list[Cause] = []
    parsed: dict[tuple[str, str], Any] = {}
    for part in ("limits", "requests"):
        for name, value in (resources.get(part) or {}).items():
            try:
                parsed[part, name] = parse(value)
            except ValueError:
                raise bad_request(
                    "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"
                ) from None
    for (part, name), value in parsed.items():
        limit = parsed.get(("limits", name))
        if part == "requests" and limit is not None and value > limit:
            shown = resources["requests"][name]
            causes.append(
                _bad(
                    f"{path}.requests",
                    shown,
                    f"must be less than or equal to {name} limit of {resources['limits'][name]}",
                )
            )
    return causes


def _template(spec: Obj, *, selected: bool) -> list[Cause]:
    causes: list[Cause] = []
    if selected:
        selector, labels = spec.get("selector"), dig(spec, "template", "metadata", "labels")
        if not selector or not (selector.get("matchLabels") or selector.get("matchExpressions")):
            causes.append(_need("spec.selector"))
        if not matches(selector or {"matchLabels": {"": ""}}, labels or {}):
            causes.append(
                _bad("spec.template.metadata.labels", labels, "`selector` does not match template `labels`")
            )
    return causes + _pod_spec(dig(spec, "template", "spec", default={}), "spec.template.spec")


def _not_negative(spec: Obj, *fields: str) -> list[Cause]:
    return [
        _bad(f"spec.{field}", spec[field], "must be greater than or equal to 0")
        for field in fields
        if isinstance(spec.get(field), int) and spec[field] < 0
    ]


def _signing_request(spec: Obj) -> list[Cause]:
    causes: list[Cause] = []
    if why := signing_requests.why_no_request(spec.get("request") or ""):
        causes.append(_bad("spec.request", spec.get("request") or "", why))
    if not spec.get("usages"):
        causes.append(_need("spec.usages"))
    signer = spec.get("signerName") or ""
    if not signer:
        causes.append(_need("spec.signerName"))
    elif why := signing_requests.why_no_signer(signer):
        causes.append(_bad("spec.signerName", signer, why))
    return causes


def _spec(resource: Resource, obj: Obj) -> list[Cause]:
    spec = obj.get("spec") or {}
    kind = resource.plural
    if kind == "pods":
        return _pod_spec(spec, "spec")
    if kind == "certificatesigningrequests":
        return _signing_request(spec)
    if kind in ("deployments", "replicasets", "statefulsets", "daemonsets"):
        return _not_negative(spec, "replicas", "minReadySeconds") + _template(spec, selected=True)
    if kind == "jobs":
        causes = _not_negative(spec, "parallelism", "completions", "backoffLimit") + _template(
            spec, selected=False
        )
        policy = dig(spec, "template", "spec", "restartPolicy")
        if policy not in ("OnFailure", "Never"):
            why = 'Unsupported value: "Always": supported values: "OnFailure", "Never"'
            causes.append(("FieldValueNotSupported", why, "spec.template.spec.restartPolicy"))
        return causes
    if kind == "cronjobs" and not spec.get("schedule"):
        return [_need("spec.schedule")]
    if kind == "horizontalpodautoscalers":
        least, most = spec.get("minReplicas", 1), spec.get("maxReplicas", 0)
        if not isinstance(most, int) or most < 1:
            return [_bad("spec.maxReplicas", most, "must be greater than 0")]
        if least > most:
            return [_bad("spec.maxReplicas", most, "must be greater than or equal to `minReplicas`")]
    if kind == "poddisruptionbudgets" and "minAvailable" in spec and "maxUnavailable" in spec:
        return [_bad("spec", spec, "minAvailable and maxUnavailable cannot be both set")]
    if kind == "services" and not spec.get("ports") and spec.get("clusterIP") != "None":
        return [_need("spec.ports")] if spec.get("type") != "ExternalName" else []
    return []


def _changes(resource: Resource, before: Obj, after: Obj) -> list[Cause]:
    old, new = before.get("spec") or {}, after.get("spec") or {}
    causes: list[Cause] = []
    immutable: tuple[str, ...] = ()
    kind = resource.plural
    if kind in ("deployments", "replicasets", "daemonsets"):
        immutable = ("selector",)
    elif kind == "jobs":
        immutable = ("completions", "selector", "template", "completionMode")
    for field in immutable:
        if old.get(field) != new.get(field):
            causes.append(_bad(f"spec.{field}", new.get(field), IMMUTABLE))
    if kind == "statefulsets" and any(
        old.get(k) != new.get(k) for k in {*old, *new} if k not in _STATEFUL_FREE
    ):
        free = ", ".join(f"'{f}'" for f in _STATEFUL_FREE[:-1]) + " and 'minReadySeconds'"
        causes.append(
            (
                _FORBIDDEN,
                f"Forbidden: updates to statefulset spec for fields other than {free} are forbidden",
                "spec",
            )
        )
    if kind == "pods" and _pod_changed(old, new):
        why = (
            "pod updates may not change fields other than `spec.containers[*].image`,"
            "`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` "
            "(only additions to existing tolerations),`spec.terminationGracePeriodSeconds` "
            "(allow it to be set to 1 if it was previously negative)"
        )
        causes.append((_FORBIDDEN, f"Forbidden: {why}", "spec"))
    if kind in ("configmaps", "secrets") and before.get("immutable"):
        causes += [
            (_FORBIDDEN, "Forbidden: field is immutable when `immutable` is set", part)
            for part in ("data", "binaryData")
            if before.get(part) != after.get(part)
        ]
    return causes


def _pod_changed(old: Obj, new: Obj) -> bool:
    def fixed(spec: Obj) -> Obj:
        rest = {k: v for k, v in spec.items() if k not in _POD_FREE}
        for field in ("containers", "initContainers"):
            rest[field] = [{k: v for k, v in c.items() if k != "image"} for c in spec.get(field) or ()]
        return rest

    return fixed(old) != fixed(new)


def check(resource: Resource, obj: Obj, before: Obj | None = None) -> None:
    """Raise the 422 for what is wrong with ``obj``, or with changing ``before`` into it."""
    try:
        causes = _metadata(resource, obj["metadata"]) + _spec(resource, obj)
        if before is not None:
            causes += _changes(resource, before, obj)
    except (AttributeError, TypeError, KeyError) as error:
        raise cannot_decode(resource, str(error)) from error
    if causes:
        raise invalid(resource.kind, resource.group, str(obj["metadata"].get("name") or ""), causes)


def cannot_decode(resource: Resource, why: str) -> ApiError:
    return bad_request(
        f'{resource.kind} in version "{resource.version}" cannot be handled as a {resource.kind}: {why}'
    )
