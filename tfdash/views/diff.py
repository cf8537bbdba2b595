"""What changed between two pod templates, as an operator would say it, and as a unified diff of their YAML."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from tfdash.text import safe
from tfdash.views.image import change_of
from tfdash.views.mask import hidden_marked, masked_arguments, masked_value, masked_variable, variable_hidden
from tfdash.views.yaml import yaml_lines

_IGNORED_LABELS = frozenset({"pod-template-hash", "controller-revision-hash", "pod-template-generation"})
_RESTARTED = "kubectl.kubernetes.io/restartedAt"
_PROBES = {
    "readinessProbe": "readiness probe",
    "livenessProbe": "liveness probe",
    "startupProbe": "startup probe",
}
_NAMED_LISTS = {  # list field of a container or pod -> (the singular, what identifies an entry)
    "volumeMounts": ("mount", "mountPath"),
    "ports": ("port", "containerPort"),
    "volumeDevices": ("device", "devicePath"),
    "volumes": ("volume", "name"),
    "tolerations": ("toleration", "key"),
    "imagePullSecrets": ("pull secret", "name"),
    "hostAliases": ("host alias", "ip"),
}


class TemplateChange(NamedTuple):
    """One difference. ``container`` is "" for the pod itself; ``before`` and ``after`` are None where it is absent.

    All texts are safe and masked. ``hidden`` marks a value that changed and is not shown.
    """

    container: str
    what: str
    before: str | None
    after: str | None
    hidden: bool = False

    @property
    def text(self) -> str:
        """``image 2.13.4 → 2.14.0``, ``env FEATURE_TAX added``, ``cpu request 200m → 250m``."""
        if self.before is None:
            return f"{self.what} added"
        if self.after is None:
            return f"{self.what} removed"
        if self.hidden:
            return f"{self.what} changed (hidden)"
        return f"{self.what} {self.before} → {self.after}"


def template_changes(old: Mapping[str, Any], new: Mapping[str, Any]) -> tuple[TemplateChange, ...]:
    """The differences between two pod templates (decoded JSON), containers first, images before all else."""
    return tuple(_changes(old, new))


def summary(changes: Sequence[TemplateChange], containers: int = 1) -> str:
    """One line: ``image 2.13.4 → 2.14.0 · env FEATURE_TAX added``; containers named where there are several."""
    if not changes:
        return "nothing changed"
    told = (f"{c.container}: {c.text}" if c.container and containers > 1 else c.text for c in changes)
    return " · ".join(dict.fromkeys(told))  # an init container's image often changes with the other


def unified(old: Mapping[str, Any], new: Mapping[str, Any], old_name: str, new_name: str) -> list[str]:
    """A unified diff of both as YAML, three lines of context; secret values are marks that differ where they differ."""
    return list(
        difflib.unified_diff(
            yaml_lines(old, hidden_marked),
            yaml_lines(new, hidden_marked),
            safe(old_name),
            safe(new_name),
            lineterm="",
        )
    )


def _changes(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[TemplateChange]:
    old_spec, new_spec = _mapping(old.get("spec")), _mapping(new.get("spec"))
    for field, noun in (("containers", "container"), ("initContainers", "init container")):
        before, after = _by(old_spec.get(field), "name"), _by(new_spec.get(field), "name")
        for name in (*before, *(n for n in after if n not in before)):
            if name not in after:
                yield TemplateChange("", f"{noun} {safe(name)}", _scalar(before[name].get("image", "")), None)
            elif name not in before:
                yield TemplateChange("", f"{noun} {safe(name)}", None, _scalar(after[name].get("image", "")))
            else:
                yield from _container(safe(name), before[name], after[name])
    done = {"containers", "initContainers"}
    yield from _fields("", _without(old_spec, done), _without(new_spec, done), "")
    yield from _metadata(_mapping(old.get("metadata")), _mapping(new.get("metadata")))


def _container(name: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[TemplateChange]:
    if old.get("image") != new.get("image"):
        yield TemplateChange(name, "image", *change_of(str(old.get("image", "")), str(new.get("image", ""))))
    before, after = _by(old.get("env"), "name"), _by(new.get("env"), "name")
    for variable in (*before, *(v for v in after if v not in before)):
        if before.get(variable) != after.get(variable):
            yield _variable(name, variable, before.get(variable), after.get(variable))
    for group, noun in (("requests", "request"), ("limits", "limit")):
        asked = _mapping(_mapping(old.get("resources")).get(group))
        asks = _mapping(_mapping(new.get("resources")).get(group))
        for resource in (*asked, *(r for r in asks if r not in asked)):
            if asked.get(resource) != asks.get(resource):
                yield TemplateChange(
                    name,
                    f"{safe(resource)} {noun}",
                    _scalar(asked.get(resource)),
                    _scalar(asks.get(resource)),
                )
    for field in ("command", "args"):
        if old.get(field) != new.get(field):
            yield _arguments(name, field, old.get(field), new.get(field))
    done = {"name", "image", "env", "command", "args"}
    was, now = (
        {**_without(c, done), "resources": _without(_mapping(c.get("resources")), {"requests", "limits"})}
        for c in (old, new)
    )
    yield from _fields(name, was, now, "")


def _variable(
    container: str, name: str, old: Mapping[str, Any] | None, new: Mapping[str, Any] | None
) -> TemplateChange:
    before, after = (None if v is None else _value_of(name, v) for v in (old, new))
    what = f"env {safe(name)}"
    return TemplateChange(container, what, before, after, hidden=variable_hidden(name) or before == after)


def _value_of(name: str, variable: Mapping[str, Any]) -> str:
    """A variable's value, or where it comes from (``secret checkout/dsn``)."""
    source = _mapping(variable.get("valueFrom"))
    for field, noun in (("configMapKeyRef", "configmap"), ("secretKeyRef", "secret")):
        if field in source:
            reference = _mapping(source[field])
            return safe(f"{noun} {reference.get('name', '')}/{reference.get('key', '')}")
    if source:
        return _scalar(source) or ""
    return safe(masked_variable(name, str(variable.get("value", "")))) or '""'


def _arguments(container: str, field: str, old: Any, new: Any) -> TemplateChange:
    before, after = (
        safe(" ".join(str(a) for a in masked_arguments(value))) if isinstance(value, list) else None
        for value in (old, new)
    )
    return TemplateChange(container, field, before, after, hidden=before == after)


def _fields(
    container: str, old: Mapping[str, Any], new: Mapping[str, Any], prefix: str
) -> Iterator[TemplateChange]:
    """Every other difference: named entries of known lists by their name, all else by its path."""
    for field in (*old, *(f for f in new if f not in old)):
        before, after = old.get(field), new.get(field)
        if before == after:
            continue
        label = f"{prefix}{_PROBES.get(field, safe(field))}"
        if field in _NAMED_LISTS and isinstance(before, list | None) and isinstance(after, list | None):
            noun, identity = _NAMED_LISTS[field]
            was, now = _by(before, identity), _by(after, identity)
            for entry in (*was, *(e for e in now if e not in was)):
                if was.get(entry) != now.get(entry):
                    yield from _pair(container, f"{noun} {safe(entry)}", was.get(entry), now.get(entry))
        else:
            yield from _pair(container, label, before, after)


def _pair(container: str, label: str, before: Any, after: Any) -> Iterator[TemplateChange]:
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        yield from _fields(container, before, after, f"{label} ")
    elif before != after and (before or after):  # an empty object that came or went says nothing
        yield TemplateChange(container, label, _scalar(before), _scalar(after))


def _metadata(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[TemplateChange]:
    for field, noun in (("labels", "label"), ("annotations", "annotation")):
        before, after = _mapping(old.get(field)), _mapping(new.get(field))
        for name in (*before, *(n for n in after if n not in before)):
            was, now = before.get(name), after.get(name)
            if was == now or name in _IGNORED_LABELS:
                continue
            if name == _RESTARTED:
                yield TemplateChange("", "restarted at", safe(str(was or "never")), _scalar(now))
                continue
            shown = [
                None if v is None else safe(masked_value(name.rpartition("/")[2], str(v))) for v in (was, now)
            ]
            yield TemplateChange("", f"{noun} {safe(name)}", shown[0], shown[1], shown[0] == shown[1])


def _scalar(value: Any) -> str | None:
    """One safe line for any value; None for an absent one."""
    if value is None:
        return None
    if isinstance(value, str):
        return safe(value) or '""'
    return safe(json.dumps(value, ensure_ascii=False, sort_keys=True))


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _without(value: Mapping[str, Any], names: set[str]) -> dict[str, Any]:
    return {k: v for k, v in value.items() if k not in names}


def _by(value: Any, identity: str) -> dict[str, Mapping[str, Any]]:
    """The entries of a list by what identifies them; a second one of the same name gets a number."""
    entries: dict[str, Mapping[str, Any]] = {}
    for entry in value if isinstance(value, list) else ():
        if isinstance(entry, Mapping):
            name = str(entry.get(identity, ""))
            entries[name if name not in entries else f"{name} #{len(entries) + 1}"] = entry
    return entries
