"""Parts of a description: containers, probes, volumes, conditions, each from an object's decoded JSON."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, TypeAlias

from tfdash.text import safe
from tfdash.views.age import human_duration
from tfdash.views.layout import columns, pairs

Json: TypeAlias = Mapping[str, Any]
NameValue: TypeAlias = tuple[str, str | list[str]]
_VOLUME_DETAILS = {
    "configMap": ("ConfigMap", "name"),
    "secret": ("Secret", "secretName"),
    "persistentVolumeClaim": ("PersistentVolumeClaim", "claimName"),
    "hostPath": ("HostPath", "path"),
}


def mapping(value: Any) -> Json:
    return value if isinstance(value, Mapping) else {}


def mappings(value: Any) -> list[Json]:
    return [v for v in value if isinstance(v, Mapping)] if isinstance(value, list) else []


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def text(value: Any) -> str:
    """Any scalar as one safe line."""
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None else safe(str(value))


def epoch(value: Any) -> float | None:
    """Epoch seconds of an API time; None for anything else."""
    if not isinstance(value, str):
        return None
    try:
        return datetime.fromisoformat(value.replace("Z", "+00:00")).timestamp()
    except ValueError:
        return None


def ago(value: Any, now: float) -> str:
    """``2026-11-23T14:05:00Z (10m ago)``."""
    at = epoch(value)
    return text(value) if at is None else f"{text(value)} ({human_duration(now - at)} ago)"


def key_values(value: Any, separator: str = "=", limit: int = 1000) -> list[str]:
    """``a=1`` lines by key; a long value is cut, with its size."""
    lines = []
    for key, one in sorted(mapping(value).items()):
        shown = one if isinstance(one, str) else text(one)
        if len(shown) > limit:
            shown = f"{shown[:limit]}… ({len(shown):,} characters; the YAML has all)"
        lines.append(f"{safe(key)}{separator}{safe(shown)}")
    return lines


def conditions(status: Json, now: float) -> list[str]:
    """A table of status.conditions."""
    rows = [
        [
            text(c.get("type")),
            text(c.get("status")),
            _since(c, now),
            text(c.get("reason")),
            text(c.get("message")),
        ]
        for c in mappings(status.get("conditions"))
    ]
    return (
        columns([["TYPE", "STATUS", "SINCE", "REASON", "MESSAGE"], *rows], (False, False, True))
        if rows
        else []
    )


def _since(condition: Json, now: float) -> str:
    at = epoch(condition.get("lastTransitionTime"))
    return "" if at is None else human_duration(now - at)


def state(value: Any, now: float) -> str:
    """A container's state: ``waiting: CrashLoopBackOff (back-off 5m)``, ``terminated: Error, exit 1, 3m ago``."""
    one = mapping(value)
    if "running" in one:
        at = epoch(mapping(one["running"]).get("startedAt"))
        return "running" if at is None else f"running for {human_duration(now - at)}"
    if "waiting" in one:
        waiting = mapping(one["waiting"])
        return _detailed("waiting", waiting)
    if "terminated" in one:
        ended = mapping(one["terminated"])
        parts = [_detailed("terminated", ended)]
        parts.append(
            f"signal {ended['signal']}" if ended.get("signal") else f"exit {text(ended.get('exitCode', 0))}"
        )
        at = epoch(ended.get("finishedAt"))
        if at is not None:
            parts.append(f"{human_duration(now - at)} ago")
        return ", ".join(parts)
    return "not reported"


def _detailed(word: str, one: Json) -> str:
    reason, message = text(one.get("reason")), text(one.get("message"))
    return word + (f": {reason}" if reason else "") + (f" ({message})" if message else "")


def probe(value: Any) -> str:
    """A probe as kubectl describes it: what it asks, then its timing."""
    one = mapping(value)
    if "httpGet" in one:
        get = mapping(one["httpGet"])
        scheme = str(get.get("scheme", "HTTP")).lower()
        what = f"http-get {scheme}://{get.get('host', '')}:{get.get('port', '')}{get.get('path', '/')}"
    elif "tcpSocket" in one:
        socket = mapping(one["tcpSocket"])
        what = f"tcp-socket {socket.get('host', '')}:{socket.get('port', '')}"
    elif "grpc" in one:
        what = (
            f"grpc :{mapping(one['grpc']).get('port', '')} {mapping(one['grpc']).get('service', '')}".rstrip()
        )
    elif "exec" in one:
        what = f"exec {mapping(one['exec']).get('command', [])}"
    else:
        what = "unknown"
    return safe(
        f"{what} delay={one.get('initialDelaySeconds', 0)}s timeout={one.get('timeoutSeconds', 1)}s"
        f" period={one.get('periodSeconds', 10)}s #success={one.get('successThreshold', 1)}"
        f" #failure={one.get('failureThreshold', 3)}"
    )


def environment(container: Json) -> list[str]:
    """``NAME=value``, or where the value comes from."""
    lines = []
    for source in mappings(container.get("envFrom")):
        for field, noun in (("configMapRef", "ConfigMap"), ("secretRef", "Secret")):
            if field in source:
                lines.append(f"all of {noun} {text(mapping(source[field]).get('name'))}")
    for variable in mappings(container.get("env")):
        name, origin = text(variable.get("name")), mapping(variable.get("valueFrom"))
        if not origin:
            lines.append(f"{name}={text(variable.get('value'))}")
        for field, noun in (("configMapKeyRef", "ConfigMap"), ("secretKeyRef", "Secret")):
            if field in origin:
                reference = mapping(origin[field])
                lines.append(
                    f"{name}: key {text(reference.get('key'))} of {noun} {text(reference.get('name'))}"
                )
        if "fieldRef" in origin:
            lines.append(f"{name}: {text(mapping(origin['fieldRef']).get('fieldPath'))}")
        if "resourceFieldRef" in origin:
            lines.append(f"{name}: {text(mapping(origin['resourceFieldRef']).get('resource'))}")
    return lines


def container(one: Json, status: Json | None, now: float) -> list[str]:
    """One container of a pod or of a template; what is not set is left out."""
    given: list[NameValue] = [("Image", text(one.get("image")))]
    if status is not None:
        given.append(("State", state(status.get("state"), now)))
        if mapping(status.get("lastState")):
            given.append(("Last state", state(status.get("lastState"), now)))
        given.append(("Ready", text(status.get("ready", False))))
        given.append(("Restarts", text(status.get("restartCount", 0))))
        given.append(("Image ID", text(status.get("imageID"))))
    if one.get("restartPolicy"):
        given.append(("Restart policy", text(one["restartPolicy"])))
    ports = [
        text(f"{p.get('containerPort', '')}/{p.get('protocol', 'TCP')} {p.get('name') or ''}").rstrip()
        for p in mappings(one.get("ports"))
    ]
    given.append(("Ports", ports))
    for field, label in (("command", "Command"), ("args", "Args")):
        if isinstance(one.get(field), list):
            given.append((label, [text(a) for a in one[field]]))
    resources = mapping(one.get("resources"))
    given.append(("Requests", ", ".join(key_values(resources.get("requests"), " "))))
    given.append(("Limits", ", ".join(key_values(resources.get("limits"), " "))))
    for field, label in (
        ("livenessProbe", "Liveness"),
        ("readinessProbe", "Readiness"),
        ("startupProbe", "Startup"),
    ):
        if field in one:
            given.append((label, probe(one[field])))
    given.append(("Environment", environment(one)))
    mounts = [
        text(
            f"{m.get('mountPath', '')} from {m.get('name', '')}{' (read only)' if m.get('readOnly') else ''}"
        )
        for m in mappings(one.get("volumeMounts"))
    ]
    given.append(("Mounts", mounts))
    return [text(one.get("name")), *pairs([(k, v) for k, v in given if v], indent=2)]


def containers(spec: Json, statuses: Iterable[Json], now: float, field: str = "containers") -> list[str]:
    """All containers of one list, each with its status where one is known."""
    by_name = {str(s.get("name")): s for s in statuses}
    lines: list[str] = []
    for one in mappings(spec.get(field)):
        lines.extend(container(one, by_name.get(str(one.get("name"))) if by_name else None, now))
    return lines


def volumes(spec: Json) -> list[str]:
    """``name   what it is``, one line each."""
    rows = []
    for volume in mappings(spec.get("volumes")):
        kind = next((k for k in volume if k != "name"), "")
        label, key = _VOLUME_DETAILS.get(kind, (kind, ""))
        detail = text(mapping(volume.get(kind)).get(key)) if key else ""
        rows.append([text(volume.get("name")), safe(label), detail])
    return columns(rows)


def taint(one: Json) -> str:
    """``key=value:Effect``; without a value ``key:Effect``."""
    key, value = text(one.get("key")), text(one.get("value"))
    return f"{key}={value}:{text(one.get('effect'))}" if value else f"{key}:{text(one.get('effect'))}"


def toleration(one: Json) -> str:
    key, value, effect = text(one.get("key")), text(one.get("value")), text(one.get("effect"))
    shown = f"{key}={value}" if value else key or "everything"
    shown += f":{effect}" if effect else ""
    seconds = one.get("tolerationSeconds")
    return shown if seconds is None else f"{shown} for {text(seconds)}s"
