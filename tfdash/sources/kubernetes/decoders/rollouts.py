"""Rollouts, AnalysisRuns and Experiments of Argo Rollouts: from the wire to the model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tfdash.model import delivery as m
from tfdash.sources.kubernetes.decoders.common import Decoders, meta, ownership_notes, share
from tfdash.sources.kubernetes.decoders.custom_resource import (
    Custom,
    conditions,
    flag,
    go_duration,
    integer,
    items,
    mapping,
    number,
    scalar,
    selector,
    template,
    text,
    when,
    words,
)
from tfdash.sources.kubernetes.decoders.fixed_replicas import SizedMeta, written
from tfdash.text import counter

_MEASUREMENTS = 20  # kept of each metric, the newest; Argo itself keeps 10 by default
_STEP_KINDS = (
    "setWeight",
    "pause",
    "analysis",
    "experiment",
    "setCanaryScale",
    "setHeaderRoute",
    "setMirrorRoute",
    "plugin",
)


def _templates(analysis: Any, name: str = "templateName") -> tuple[str, ...]:
    return tuple(text(t, name) for t in items(mapping(analysis), "templates"))


def _step(found: Mapping[str, Any]) -> m.RolloutStep:
    kind = next((k for k in _STEP_KINDS if k in found), "")
    body = mapping(found, kind)
    match kind:
        case "setWeight":
            return m.RolloutStep(kind=kind, weight=number(found, kind))
        case "pause":
            return m.RolloutStep(kind=kind, duration=go_duration(body.get("duration")))
        case "analysis":
            return m.RolloutStep(kind=kind, names=_templates(body))
        case "experiment":
            return m.RolloutStep(
                kind=kind, names=_templates(body, "name"), duration=go_duration(body.get("duration"))
            )
        case "setCanaryScale":
            replicas = body.get("replicas")
            return m.RolloutStep(
                kind=kind,
                weight=number(body, "weight"),
                replicas=replicas if isinstance(replicas, int) else None,
                name="traffic weight" if flag(body, "matchTrafficWeight") else "",
            )
        case "setMirrorRoute":
            percentage = body.get("percentage")
            return m.RolloutStep(
                kind=kind,
                name=text(body, "name"),
                percentage=percentage if isinstance(percentage, int) else None,
                matched=bool(items(body, "match")),
            )
        case "setHeaderRoute" | "plugin":
            return m.RolloutStep(kind=kind, name=text(body, "name"), matched=bool(items(body, "match")))
    return m.RolloutStep(kind=share(next(iter(found), "unknown")))


def _run(found: Any) -> m.RunStatus | None:
    run = mapping(found)
    if not run:
        return None
    return m.RunStatus(text(run, "name"), text(run, "status"), words(run, "message"))


class SizedCustom(Custom):
    metadata: SizedMeta


def rollout(found: SizedCustom) -> m.Rollout:
    spec, status = mapping(found.spec), mapping(found.status)
    canary, green = mapping(spec, "strategy", "canary"), mapping(spec, "strategy", "blueGreen")
    strategy = next((s for s in ("canary", "blueGreen") if s in mapping(spec, "strategy")), "")
    seen, colours = mapping(status, "canary"), mapping(status, "blueGreen")
    weights, notes = mapping(seen, "weights"), found.metadata.annotations or {}
    index = status.get("currentStepIndex")
    revision, verified = notes.get("rollout.argoproj.io/revision", ""), weights.get("verified")
    took, refers = mapping(status, "duration"), mapping(spec, "workloadRef")
    wrote = written(found.metadata)
    return m.Rollout(
        **meta(found.metadata),
        observed_generation=scalar(status, "observedGeneration"),
        desired=integer(spec, "replicas", 1),
        replicas=integer(status, "replicas"),
        updated=integer(status, "updatedReplicas"),
        ready=integer(status, "readyReplicas"),
        available=integer(status, "availableReplicas"),
        min_ready=float(integer(spec, "minReadySeconds")),
        strategy=strategy,
        max_surge=scalar(canary, "maxSurge"),
        max_unavailable=scalar(canary or green, "maxUnavailable"),
        steps=tuple(_step(s) for s in items(canary, "steps")),
        step_index=index if isinstance(index, int) else None,
        routed=bool(mapping(canary, "trafficRouting")),
        max_weight=integer(mapping(canary, "trafficRouting"), "maxTrafficWeight", 100) or 100,
        canary_weight=number(mapping(weights, "canary"), "weight"),
        weighed_hash=text(mapping(weights, "canary"), "podTemplateHash"),
        verified=verified if isinstance(verified, bool) else None,
        stable_hash=text(status, "stableRS"),
        current_hash=text(status, "currentPodHash"),
        active_hash=text(colours, "activeSelector"),
        phase=text(status, "phase"),
        message=words(status, "message"),
        paused=flag(spec, "paused"),
        pauses=tuple(
            (text(p, "reason"), when(p, "startTime") or 0.0) for p in items(status, "pauseConditions")
        ),
        controller_pause=flag(status, "controllerPause"),
        promote_full=flag(status, "promoteFull"),
        abort=flag(status, "abort"),
        aborted_at=when(status, "abortedAt"),
        auto_promotion_seconds=number(green, "autoPromotionSeconds") or 0.0,
        background=_templates(canary.get("analysis")),
        pre_promotion=_templates(green.get("prePromotionAnalysis")),
        post_promotion=_templates(green.get("postPromotionAnalysis")),
        step_run=_run(seen.get("currentStepAnalysisRunStatus")),
        background_run=_run(seen.get("currentBackgroundAnalysisRunStatus")),
        pre_run=_run(colours.get("prePromotionAnalysisRunStatus")),
        post_run=_run(colours.get("postPromotionAnalysisRunStatus")),
        experiment=text(seen, "currentExperiment"),
        restart_at=when(spec, "restartAt"),
        restarted_at=when(status, "restartedAt"),
        workload_kind=text(refers, "kind"),
        workload_name=text(refers, "name"),
        workload_generation=notes.get("rollout.argoproj.io/workload-generation", ""),
        workload_observed=scalar(status, "workloadObservedGeneration"),
        started=when(took, "rolloutStartedAt"),
        held_since=when(took, "manualPauseStartedAt"),
        finished=when(took, "finishedAt"),
        progress_deadline=integer(spec, "progressDeadlineSeconds", 600),
        selector=selector(spec),
        template=template(spec),
        conditions=conditions(status),
        revision=counter(revision),
        replicas_by=wrote.replicas_by,
        replicas_at=wrote.replicas_at,
        notes=ownership_notes(found.metadata.annotations),
    )


def _measured(found: Mapping[str, Any]) -> m.MetricMeasurement:
    return m.MetricMeasurement(
        text(found, "phase"),
        text(found, "value"),
        words(found, "message"),
        when(found, "startedAt"),
        when(found, "finishedAt"),
    )


def _provider(metric: Mapping[str, Any]) -> tuple[str, str]:
    """The provider's name, and its query where it has one."""
    for name, body in mapping(metric, "provider").items():
        asked = mapping(body)
        return share(str(name)), text(asked, "query") or words(asked, "url")
    return "", ""


def analysis_run(found: Custom) -> m.AnalysisRun:
    spec, status = mapping(found.spec), mapping(found.status)
    results = {text(r, "name"): r for r in items(status, "metricResults")}
    dry = {text(d, "metricName") for d in items(spec, "dryRun")}
    metrics = []
    for metric in items(spec, "metrics"):
        name = text(metric, "name")
        result = results.get(name, {})
        provider, query = _provider(metric)
        metrics.append(
            m.AnalysisMetric(
                name=name,
                provider=provider,
                query=query,
                interval=text(metric, "interval"),
                count=scalar(metric, "count"),
                success=text(metric, "successCondition"),
                failure=text(metric, "failureCondition"),
                failure_limit=scalar(metric, "failureLimit"),
                inconclusive_limit=scalar(metric, "inconclusiveLimit"),
                error_limit=scalar(metric, "consecutiveErrorLimit"),
                success_limit=scalar(metric, "consecutiveSuccessLimit"),
                dry_run=flag(result, "dryRun") or name in dry,
                phase=text(result, "phase"),
                message=words(result, "message"),
                successful=integer(result, "successful"),
                failed=integer(result, "failed"),
                inconclusive=integer(result, "inconclusive"),
                error=integer(result, "error"),
                measurements=tuple(_measured(x) for x in items(result, "measurements")[-_MEASUREMENTS:]),
            )
        )
    return m.AnalysisRun(
        **meta(found.metadata),
        phase=text(status, "phase"),
        message=words(status, "message"),
        terminate=flag(spec, "terminate"),
        started=when(status, "startedAt"),
        completed=when(status, "completedAt"),
        metrics=tuple(metrics),
    )


def experiment(found: Custom) -> m.Experiment:
    spec, status = mapping(found.spec), mapping(found.status)
    wanted = {text(t, "name"): integer(t, "replicas", 1) for t in items(spec, "templates")}
    return m.Experiment(
        **meta(found.metadata),
        phase=text(status, "phase"),
        message=words(status, "message"),
        terminate=flag(spec, "terminate"),
        duration=go_duration(spec.get("duration")),
        available_at=when(status, "availableAt"),
        templates=tuple(
            (name := text(t, "name"), text(t, "status"), integer(t, "availableReplicas"), wanted.get(name, 1))
            for t in items(status, "templateStatuses")
        ),
        runs=tuple(
            (text(r, "name"), text(r, "analysisRun"), text(r, "phase"), words(r, "message"))
            for r in items(status, "analysisRuns")
        ),
        conditions=conditions(status),
    )


DECODERS: Decoders = {
    "Rollout": (SizedCustom, rollout),
    "AnalysisRun": (Custom, analysis_run),
    "Experiment": (Custom, experiment),
}
