"""What owns releases: Argo CD's Applications, Flux' Kustomizations and HelmReleases. Their rows come with the objects."""

from __future__ import annotations

from tfdash.model.delivery import Application, HelmRelease, Kustomization
from tfdash.model.kube import Condition
from tfdash.views.kinds.base import Context, Field, age_field, kind_view, name_field, none, text_field
from tfdash.views.kinds.controller_words import named, word_field


def _ready(conditions: tuple[Condition, ...]) -> Condition | None:
    return next((c for c in conditions if c.type == "Ready"), None)


def _flux_state(obj: Kustomization | HelmRelease) -> str:
    if obj.suspend:
        return "Suspended"
    ready = _ready(obj.conditions)
    if ready is None or ready.status == "Unknown":
        return "Unknown"
    return "Ready" if ready.status == "True" else "Not ready"


def _paint_flux(obj: Kustomization | HelmRelease, context: Context) -> str:
    if obj.suspend:
        return "paused"
    ready = _ready(obj.conditions)
    if ready is None or ready.status == "Unknown":
        return "unknown"
    return "ok" if ready.status == "True" else "warn"


def _flux_message(obj: Kustomization | HelmRelease) -> str:
    ready = _ready(obj.conditions)
    return "" if ready is None else ready.message


def _policy(app: Application) -> str:
    if not app.automated:
        return "by hand"
    extras = [word for on, word in ((app.self_heal, "self-heal"), (app.prune, "prune")) if on]
    return ", ".join(("automatic", *extras))


APPLICATIONS = kind_view(
    "Application",
    search=lambda o, c: named(o.namespace, o.name, o.sync, o.health, o.source, o.destination),
    fields=(
        name_field(),
        word_field("sync", "SYNC", 10, lambda o: o.sync, "Unknown"),
        word_field("health", "HEALTH", 12, lambda o: o.health, "Unknown"),
        text_field("policy", "SYNCS", 28, _policy, priority=1),
        text_field("revision", "REVISION", 12, lambda o: o.revision[:12], priority=2),
        age_field(priority=3),
        text_field("destination", "DESTINATION", 26, lambda o: o.destination, priority=3, flexible=True),
        text_field("source", "SOURCE", 30, lambda o: o.source, priority=4, flexible=True),
    ),
)

KUSTOMIZATIONS = kind_view(
    "Kustomization",
    search=lambda o, c: named(o.namespace, o.name, _flux_state(o), o.path, o.source),
    fields=(
        name_field(),
        Field("state", "STATUS", 10, lambda o, c: _flux_state(o), paint=_paint_flux, priority=0),
        text_field("revision", "APPLIED", 24, lambda o: none(o.applied), priority=1),
        text_field("source", "SOURCE", 26, lambda o: o.source, priority=2),
        text_field("path", "PATH", 20, lambda o: o.path, priority=3),
        text_field("interval", "EVERY", 7, lambda o: o.interval, priority=4),
        age_field(priority=2),
        text_field("message", "MESSAGE", 26, _flux_message, priority=3, flexible=True),
    ),
)

HELM_RELEASES = kind_view(
    "HelmRelease",
    search=lambda o, c: named(o.namespace, o.name, _flux_state(o), o.chart, o.applied),
    fields=(
        name_field(),
        Field("state", "STATUS", 10, lambda o, c: _flux_state(o), paint=_paint_flux, priority=0),
        text_field("chart", "CHART", 22, lambda o: named(o.chart, o.version), priority=1),
        text_field("revision", "APPLIED", 18, lambda o: none(o.applied), priority=1),
        text_field("drift", "DRIFT", 9, lambda o: o.drift or "ignored", priority=4),
        text_field("interval", "EVERY", 7, lambda o: o.interval, priority=4),
        age_field(priority=2),
        text_field("message", "MESSAGE", 26, _flux_message, priority=3, flexible=True),
    ),
)

VIEWS = (APPLICATIONS, KUSTOMIZATIONS, HELM_RELEASES)
