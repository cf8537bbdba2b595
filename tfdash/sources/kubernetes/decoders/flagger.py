"""Canaries of Flagger: from the wire to the model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tfdash.model import delivery as m
from tfdash.sources.kubernetes.decoders.common import Decoders, meta, ownership_notes
from tfdash.sources.kubernetes.decoders.custom_resource import (
    Custom,
    conditions,
    flag,
    go_duration,
    integer,
    items,
    mapping,
    number,
    text,
    when,
    words,
)

_MOST = 1000  # iterations; each is a step of the release


def _lasts(hook: Mapping[str, Any]) -> float:
    """Flagger's default is 10 s a try."""
    timeout = go_duration(hook.get("timeout")) or 10.0
    return timeout * (1 + max(0, integer(hook, "retries")))


def _iterations(analysis: Mapping[str, Any]) -> int:
    value = integer(analysis, "iterations")
    if value > _MOST:
        raise ValueError(f"iterations: {value:,} are more than {_MOST:,}")
    return value


def canary(found: Custom) -> m.Canary:
    spec, status = mapping(found.spec), mapping(found.status)
    analysis = mapping(spec, "analysis") or mapping(spec, "canaryAnalysis")  # the older name
    metrics = []
    for metric in items(analysis, "metrics"):
        bounds = mapping(metric, "thresholdRange")
        low, high = number(bounds, "min"), number(bounds, "max")
        metrics.append(
            m.CanaryMetric(
                text(metric, "name"), low, high, number(metric, "threshold"), text(metric, "interval")
            )
        )
    interval = go_duration(analysis.get("interval"))
    steps = analysis.get("stepWeights")
    return m.Canary(
        **meta(found.metadata),
        target_kind=text(mapping(spec, "targetRef"), "kind"),
        target_name=text(mapping(spec, "targetRef"), "name"),
        provider=text(spec, "provider"),
        phase=text(status, "phase"),
        weight=number(status, "canaryWeight") or 0.0,
        failed_checks=integer(status, "failedChecks"),
        iterations=integer(status, "iterations"),
        interval=60.0 if interval is None else interval,
        threshold=integer(analysis, "threshold"),
        max_weight=number(analysis, "maxWeight") or 0.0,
        step_weight=number(analysis, "stepWeight") or 0.0,
        step_weights=tuple(float(s) for s in steps if isinstance(s, int | float))
        if isinstance(steps, list)
        else (),
        total_iterations=_iterations(analysis),
        mirror=flag(analysis, "mirror"),
        matched=bool(items(analysis, "match")),
        sticky=bool(mapping(analysis, "sessionAffinity")),
        metrics=tuple(metrics),
        webhooks=tuple(
            m.Webhook(text(h, "name"), text(h, "type"), words(h, "url"), _lasts(h))
            for h in items(analysis, "webhooks")
        ),
        suspend=flag(spec, "suspend"),
        skip_analysis=flag(spec, "skipAnalysis"),
        progress_deadline=integer(spec, "progressDeadlineSeconds", 600),
        last_promoted=text(status, "lastPromotedSpec"),
        last_transition=when(status, "lastTransitionTime"),
        conditions=conditions(status),
        notes=ownership_notes(found.metadata.annotations),
    )


DECODERS: Decoders = {
    "Canary": (Custom, canary),
}
