"""A custom resource as plain JSON, and readers of it that tolerate what they do not expect.

CRDs differ from version to version, and some keep unknown fields: so a field of an unexpected shape counts as absent
instead of costing the object.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from tfdash.model import kube
from tfdash.sources.kubernetes.decoders import common
from tfdash.sources.kubernetes.decoders import wire as w

_TEMPLATE = msgspec.json.Decoder(w.Template | None)
_GO_LONGEST = 2**63 / 1e9
_UNITS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "ns": 1e-9}
_PART = re.compile(r"(\d+(?:\.\d*)?|\.\d+)(h|ms|m|s|us|µs|ns)")


class Custom(w.Wire):
    """Any custom resource."""

    metadata: w.Meta
    spec: dict[str, Any] | None = None
    status: dict[str, Any] | None = None


def mapping(found: Any, *path: str) -> Mapping[str, Any]:
    """``found`` itself, or the map at the end of ``path`` in it; empty where there is none."""
    for name in path:
        found = found.get(name) if isinstance(found, Mapping) else None
    return found if isinstance(found, Mapping) else {}


def items(found: Mapping[str, Any], name: str) -> Sequence[Mapping[str, Any]]:
    """The maps of a list; whatever else stands in it is left out."""
    value = found.get(name)
    return [i for i in value if isinstance(i, Mapping)] if isinstance(value, list) else ()


def integer(found: Mapping[str, Any], name: str, default: int = 0) -> int:
    """A whole number that is not negative; raises ValueError for what is no such: it is not calculated with as if it were
    not there."""
    value = number(found, name)
    if value is None:
        return default
    if value < 0 or value >= 2**63 or value != int(value):
        raise ValueError(f"{name}: {value:g} is no count")
    return int(value)


def number(found: Mapping[str, Any], name: str) -> float | None:
    """Raises ValueError for what is there and is none."""
    value = found.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"{name}: {str(value)[:40]!r} is no number")
    return float(value)


def text(found: Mapping[str, Any], name: str) -> str:
    value = found.get(name)
    return common.share(value) if isinstance(value, str) else ""


def words(found: Mapping[str, Any], name: str) -> str:
    """As ``text``, of what may hold a password: words of a program, an address."""
    return common.words(text(found, name))


def scalar(found: Mapping[str, Any], name: str) -> str:
    """Text or an integer, as text."""
    value = found.get(name)
    return common.text(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""


def when(found: Mapping[str, Any], name: str) -> float | None:
    """A time, as epoch seconds."""
    value = found.get(name)
    return common.optional_seconds(value) if isinstance(value, str) else None


def flag(found: Mapping[str, Any], name: str) -> bool:
    return found.get(name) is True


def conditions(status: Mapping[str, Any]) -> tuple[kube.Condition, ...]:
    found = []
    for one in items(status, "conditions"):
        try:
            found.append(msgspec.convert(one, w.Condition))
        except msgspec.ValidationError:
            continue
    return common.conditions(found)


def template(spec: Mapping[str, Any]) -> kube.Template:
    """By its text: what the types keep as text, such as the probes, no plain object converts to."""
    try:
        return common.template(_TEMPLATE.decode(msgspec.json.encode(spec.get("template"))))
    except msgspec.ValidationError:
        return kube.Template()


def selector(spec: Mapping[str, Any]) -> kube.Selector:
    try:
        return common.selector(msgspec.convert(spec.get("selector"), w.LabelSelector | None))
    except msgspec.ValidationError:
        return kube.Selector()


def go_duration(value: Any) -> float | None:
    """Seconds of Go's duration text ("1h30m"), of a number of seconds, or of a number as text; None where unreadable, longer
    than Go can hold among it."""
    seconds = _seconds(value)
    return seconds if seconds is None or abs(seconds) < _GO_LONGEST else None


def _seconds(value: Any) -> float | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return float(value)
    if not isinstance(value, str) or not value:
        return None
    if value.isdecimal():
        return float(value)
    parts = _PART.findall(value)
    if "".join(amount + unit for amount, unit in parts) != value:
        return None
    return sum(float(amount) * _UNITS[unit] for amount, unit in parts)
