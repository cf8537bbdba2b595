"""What bounds a namespace: its quotas."""

from __future__ import annotations

from tfdash.model.capacity import ResourceQuota
from tfdash.model.kube import Object
from tfdash.quantities import amount
from tfdash.text import safe
from tfdash.views.kinds.base import Context, Field, age_field, kind_view, name_field, text_field
from tfdash.views.resources.gauge import GLYPHS, QUOTA, Gauge, gauge


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
    return f"{found[1]:.0f} % {safe(found[0])}" if found is not None else "-"


_BAR = 12  # cells


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
            GLYPHS - 4 + _BAR,
            lambda q, c: f"{_gauge(q, c).cell(worded=False)[0]:<7}{_gauge(q, c).bar(_BAR)[0]}",
            lambda q, c: -1.0 if (used := _gauge(q, c).value) is None else used,
            lambda q, c: _gauge(q, c).state.token,
            value=lambda q, c: _gauge(q, c).value,
            priority=1,
            measured=True,
        ),
        Field(
            "fullest",
            "FULLEST",
            24,
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
VIEWS = (QUOTAS,)
