"""What bounds a namespace, its quotas; and the claims of its volumes, with how full those are."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from math import nan
from typing import Any

from tfdash.figures import percent
from tfdash.model import resource_rules
from tfdash.model.capacity import PersistentVolumeClaim, ResourceQuota
from tfdash.model.kind_spec import PrinterColumn
from tfdash.model.kinds import KINDS
from tfdash.model.kube import Object
from tfdash.model.subject import Key
from tfdash.model.usage import VolumeUsage
from tfdash.model.verdict import Level
from tfdash.quantities import amount
from tfdash.text import safe
from tfdash.views import state as states
from tfdash.views.age import DAY, short_age
from tfdash.views.kinds.base import Context, Field, age_field, kind_view, name_field, text_field
from tfdash.views.kinds.plain import plain_view
from tfdash.views.resources.gauge import QUOTA, Gauge, gauge


def _pairs(quota: ResourceQuota, limits: bool) -> str:
    """As kubectl prints them: ``cpu: 100m/1, pods: 3/10``; what limits containers stands apart."""
    used = dict(quota.used_text)
    return ", ".join(
        f"{name}: {used.get(name, '0')}/{hard}"
        for name, hard in quota.hard_text
        if name.startswith("limits.") is limits
    )


def fullest(quota: ResourceQuota) -> tuple[str, float] | None:
    """(resource, percent) of what is used to the largest share; of a quota of 0, which nothing can use, nothing is said."""
    shares = [(100 * (amount(quota.used, name) or 0) / hard, name) for name, hard in quota.hard if hard > 0]
    return max((name, share) for share, name in [max(shares)]) if shares else None


def _fullest(quota: ResourceQuota, context: Context) -> str:
    found = fullest(quota)
    return f"{percent(found[1], 100)} % {safe(found[0])}" if found is not None else "-"


_BAR = 10  # cells
VOLUME = resource_rules.VOLUME


def _gauge(quota: Object, context: Context) -> Gauge:
    return gauge(context.told(quota, QUOTA))


QUOTAS = kind_view(
    "ResourceQuota",
    judged=True,
    search=lambda q, c: f"{q.namespace} {q.name} {_pairs(q, False)} {_pairs(q, True)}",
    fields=(
        name_field(),
        Field(
            "used",
            "USED %",
            _BAR + 2,
            lambda q, c: f"{_gauge(q, c).state.glyph} {_gauge(q, c).bar(_BAR)[0]}",
            lambda q, c: nan if (used := _gauge(q, c).value) is None else used,
            lambda q, c: _gauge(q, c).state.token,
            value=lambda q, c: _gauge(q, c).value,
            priority=1,
            measured=True,
        ),
        Field(
            "fullest",
            "FULLEST",
            22,
            _fullest,
            lambda q, c: -(fullest(q) or ("", -1.0))[1],
            value=lambda q, c: dict(zip(("resource", "percent"), fullest(q) or (None, None), strict=True)),
            priority=0,
        ),
        text_field(
            "request", "REQUEST", 40, lambda q: _pairs(q, False), printer="Request", priority=1, flexible=True
        ),
        text_field(
            "limit", "LIMIT", 30, lambda q: _pairs(q, True), printer="Limit", priority=2, flexible=True
        ),
        age_field(priority=3),
        text_field("scopes", "ONLY", 16, lambda q: ", ".join(q.scopes), priority=4),
    ),
)


def _current(claim: Any, context: Context) -> VolumeUsage | None:
    found = context.measured.get(Key(claim.namespace, claim.name))
    return found if isinstance(found, VolumeUsage) and context.now < found.current_until else None


def _bytes(size: float) -> str:
    """``1.5Gi``."""
    for unit, power in (("Ti", 40), ("Gi", 30), ("Mi", 20)):
        if size >= 1 << power:
            return f"{size / (1 << power):.1f}{unit}"
    return f"{size / 1024:.0f}Ki"


def _judged(claim: Any, context: Context) -> str:
    found = context.told(claim, VOLUME)
    return "" if found is None or found.level <= Level.OK else states.of_verdict(found).token


def _of_volume(
    id: str,
    title: str,
    width: int,
    value: Callable[[VolumeUsage], float | None],
    write: Callable[[float], str],
    priority: int,
) -> Field:
    """What a kubelet tells of the volume of a claim; "-" where none does, or no more."""

    def number(claim: Any, context: Context) -> float | None:
        found = _current(claim, context)
        return None if found is None else value(found)

    def text(claim: Any, context: Context) -> str:
        found = number(claim, context)
        return "-" if found is None else write(found)

    def order(claim: Any, context: Context) -> float:
        found = number(claim, context)
        return -1.0 if found is None else found

    paint = _judged if id == "fill" else None
    return Field(
        id, title, width, text, order, paint, value=number, right=True, priority=priority, measured=True
    )


_TONES = (("Bound", ""), ("Lost", "warn"), ("", "moving"))
_CLAIMS = plain_view(
    KINDS[PersistentVolumeClaim.KIND]._replace(
        columns=(
            PrinterColumn("NAME", "name", 30, printer="Name", priority=0, flexible=True),
            PrinterColumn("STATUS", "phase", 11, printer="Status", priority=0, tones=_TONES),
            PrinterColumn("VOLUME", "volume", 24, printer="Volume", priority=5, flexible=True),
            PrinterColumn("CAPACITY", "capacity_text", 9, printer="Capacity", priority=1),
            PrinterColumn("MODES", "access_modes", 8, printer="Access Modes", priority=4),
            PrinterColumn("STORAGECLASS", "storage_class", 16, printer="StorageClass", priority=3),
            PrinterColumn("AGE", "created", shows="age", printer="Age", priority=2),
        )
    )
)
CLAIMS = replace(
    _CLAIMS,
    fields=(
        *_CLAIMS.fields[:4],
        _of_volume("used", "USED", 7, lambda v: v.used, _bytes, 1),
        _of_volume("fill", "FILL", 5, lambda v: v.fill, lambda n: f"{int(n)} %", 0),
        _of_volume("left", "LEFT", 6, lambda v: v.days_left, lambda days: short_age(days * DAY), 1),
        *_CLAIMS.fields[4:],
    ),
    judged=True,
    measured_by=VolumeUsage.KIND,
)
VIEWS = (QUOTAS, CLAIMS)
