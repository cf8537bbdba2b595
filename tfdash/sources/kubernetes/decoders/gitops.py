"""Applications of Argo CD, Kustomizations and HelmReleases of Flux: from the wire to the model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import field

from tfdash.model import delivery as m
from tfdash.sources.kubernetes.decoders.common import Decoders, meta
from tfdash.sources.kubernetes.decoders.custom_resource import (
    Custom,
    conditions,
    flag,
    items,
    mapping,
    text,
    words,
)


class Operating(Custom):
    """An Argo CD Application: its operation stands beside spec and status."""

    operation: dict[str, Any] | None = field(default=None)


def application(found: Operating) -> m.Application:
    spec, status = mapping(found.spec), mapping(found.status)
    policy = mapping(spec, "syncPolicy").get("automated")
    automated = mapping(policy)
    source = mapping(spec, "source") or next(iter(items(spec, "sources")), {})
    there = mapping(spec, "destination")
    return m.Application(
        **meta(found.metadata),
        destination="/".join(
            p for p in (text(there, "name") or words(there, "server"), text(there, "namespace")) if p
        ),
        source=" ".join(
            p for p in (words(source, "repoURL"), text(source, "path") or text(source, "chart")) if p
        ),
        automated=isinstance(policy, Mapping) and automated.get("enabled") is not False,
        self_heal=flag(automated, "selfHeal") and automated.get("enabled") is not False,
        prune=flag(automated, "prune"),
        sync=text(mapping(status, "sync"), "status"),
        health=text(mapping(status, "health"), "status"),
        revision=text(mapping(status, "sync"), "revision"),
        operation=text(mapping(status, "operationState"), "phase"),
        conditions=conditions(status),
    )


def kustomization(found: Custom) -> m.Kustomization:
    spec, status = mapping(found.spec), mapping(found.status)
    source = mapping(spec, "sourceRef")
    return m.Kustomization(
        **meta(found.metadata),
        suspend=flag(spec, "suspend"),
        interval=text(spec, "interval"),
        path=text(spec, "path"),
        source="/".join(p for p in (text(source, "kind"), text(source, "name")) if p),
        prune=flag(spec, "prune"),
        applied=text(status, "lastAppliedRevision"),
        conditions=conditions(status),
    )


def helm_release(found: Custom) -> m.HelmRelease:
    spec, status = mapping(found.spec), mapping(found.status)
    chart = mapping(spec, "chart", "spec")
    history = next(iter(items(status, "history")), {})
    return m.HelmRelease(
        **meta(found.metadata),
        suspend=flag(spec, "suspend"),
        interval=text(spec, "interval"),
        chart=text(chart, "chart") or text(mapping(spec, "chartRef"), "name"),
        version=text(chart, "version"),
        drift=text(mapping(spec, "driftDetection"), "mode"),
        release=text(spec, "releaseName"),
        applied=text(status, "lastAppliedRevision") or text(history, "chartVersion"),
        conditions=conditions(status),
    )


DECODERS: Decoders = {
    "Application": (Operating, application),
    "Kustomization": (Custom, kustomization),
    "HelmRelease": (Custom, helm_release),
}
