"""What bounds a namespace: its quotas."""

from __future__ import annotations

from tfdash.model.capacity import ResourceQuota
from tfdash.quantities import amount
from tfdash.text import safe
from tfdash.views.kinds.base import Context, Field, age_field, kind_view, name_field, text_field


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


QUOTAS = kind_view(
    "ResourceQuota",
    search=lambda q, c: f"{q.namespace} {q.name} {_pairs(q, False)} {_pairs(q, True)}",
    fields=(
        name_field(),
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
