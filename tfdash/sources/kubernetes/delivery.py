"""Rollouts, AnalysisRuns, Experiments, Canaries, Applications, Kustomizations, HelmReleases: from the wire to the model.

Their CRDs differ from version to version, and some keep unknown fields: so spec and status are read as plain JSON, and a
field of an unexpected shape counts as absent instead of costing the object.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec
from msgspec import field

from tfdash.model import delivery as m
from tfdash.model import kube
from tfdash.sources.kubernetes import wire as w
from tfdash.sources.kubernetes.convert import (
    conditions,
    keeper_notes,
    meta,
    optional_seconds,
    selector,
    share,
    template,
    text,
)

_MEASUREMENTS = 20  # kept of each metric, the newest; Argo itself keeps 10 by default
_STEP_KINDS = (
    "setWeight", "pause", "analysis", "experiment", "setCanaryScale", "setHeaderRoute", "setMirrorRoute", "plugin",
)  # fmt: skip
_UNITS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "ns": 1e-9}
_PART = re.compile(r"(\d+(?:\.\d*)?|\.\d+)(h|ms|m|s|us|µs|ns)")


class Custom(w.Wire):
    """Any custom resource."""

    metadata: w.Meta
    spec: dict[str, Any] | None = None
    status: dict[str, Any] | None = None


class Operating(Custom):
    """An Argo CD Application: its operation stands beside spec and status."""

    operation: dict[str, Any] | None = field(default=None)


def go_duration(value: Any) -> float | None:
    """Seconds of Go's duration text ("1h30m"), of a number of seconds, or of a number as text; None where unreadable."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return float(value)
    if not isinstance(value, str) or not value:
        return None
    if value.isdecimal():
        return float(value)
    parts = _PART.findall(value)
    if "".join(number + unit for number, unit in parts) != value:
        return None
    return sum(float(number) * _UNITS[unit] for number, unit in parts)


def _map(found: Any, *path: str) -> Mapping[str, Any]:
    for name in path:
        found = found.get(name) if isinstance(found, Mapping) else None
    return found if isinstance(found, Mapping) else {}


def _list(found: Mapping[str, Any], name: str) -> Sequence[Mapping[str, Any]]:
    items = found.get(name)
    return [i for i in items if isinstance(i, Mapping)] if isinstance(items, list) else ()


def _int(found: Mapping[str, Any], name: str, default: int = 0) -> int:
    value = found.get(name)
    return value if isinstance(value, int) and not isinstance(value, bool) else default


def _number(found: Mapping[str, Any], name: str) -> float | None:
    value = found.get(name)
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _text(found: Mapping[str, Any], name: str) -> str:
    value = found.get(name)
    return share(value) if isinstance(value, str) else ""


def _scalar(found: Mapping[str, Any], name: str) -> str:
    value = found.get(name)
    return text(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""


def _time(found: Mapping[str, Any], name: str) -> float | None:
    value = found.get(name)
    return optional_seconds(value) if isinstance(value, str) else None


def _flag(found: Mapping[str, Any], name: str) -> bool:
    return found.get(name) is True


def _conditions(status: Mapping[str, Any]) -> tuple[kube.Condition, ...]:
    found = []
    for one in _list(status, "conditions"):
        try:
            found.append(msgspec.convert(one, w.Condition))
        except msgspec.ValidationError:
            continue
    return conditions(found)


def _template(spec: Mapping[str, Any]) -> kube.Template:
    try:
        return template(msgspec.convert(spec.get("template"), w.Template | None))
    except msgspec.ValidationError:
        return kube.Template()


def _selector(spec: Mapping[str, Any]) -> kube.Selector:
    try:
        return selector(msgspec.convert(spec.get("selector"), w.LabelSelector | None))
    except msgspec.ValidationError:
        return kube.Selector()


def _templates(analysis: Any, name: str = "templateName") -> tuple[str, ...]:
    return tuple(_text(t, name) for t in _list(_map(analysis), "templates"))


def _step(found: Mapping[str, Any]) -> m.RolloutStep:
    kind = next((k for k in _STEP_KINDS if k in found), "")
    body = _map(found, kind)
    match kind:
        case "setWeight":
            return m.RolloutStep(kind=kind, weight=_number(found, kind))
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
                kind=kind, weight=_number(body, "weight"), replicas=replicas if isinstance(replicas, int) else None,
                name="traffic weight" if _flag(body, "matchTrafficWeight") else "",
            )  # fmt: skip
        case "setMirrorRoute":
            percentage = body.get("percentage")
            return m.RolloutStep(
                kind=kind, name=_text(body, "name"),
                percentage=percentage if isinstance(percentage, int) else None,
            )  # fmt: skip
        case "setHeaderRoute" | "plugin":
            return m.RolloutStep(kind=kind, name=_text(body, "name"))
    return m.RolloutStep(kind=share(next(iter(found), "unknown")))


def _run(found: Any) -> m.RunStatus | None:
    run = _map(found)
    if not run:
        return None
    return m.RunStatus(_text(run, "name"), _text(run, "status"), _text(run, "message"))


def rollout(found: Custom) -> m.Rollout:
    spec, status = _map(found.spec), _map(found.status)
    canary, green = _map(spec, "strategy", "canary"), _map(spec, "strategy", "blueGreen")
    strategy = next((s for s in ("canary", "blueGreen") if s in _map(spec, "strategy")), "")
    seen, colours = _map(status, "canary"), _map(status, "blueGreen")
    weights, notes = _map(seen, "weights"), found.metadata.annotations or {}
    index, window = status.get("currentStepIndex"), _map(spec, "rollbackWindow").get("revisions")
    revision, verified = notes.get("rollout.argoproj.io/revision", ""), weights.get("verified")
    took, refers = _map(status, "duration"), _map(spec, "workloadRef")
    return m.Rollout(
        **meta(found.metadata),
        observed_generation=_scalar(status, "observedGeneration"),
        desired=_int(spec, "replicas", 1),
        replicas=_int(status, "replicas"),
        updated=_int(status, "updatedReplicas"),
        ready=_int(status, "readyReplicas"),
        available=_int(status, "availableReplicas"),
        strategy=strategy,
        max_unavailable=_scalar(canary or green, "maxUnavailable"),
        steps=tuple(_step(s) for s in _list(canary, "steps")),
        step_index=index if isinstance(index, int) else None,
        routed=bool(_map(canary, "trafficRouting")),
        max_weight=_int(_map(canary, "trafficRouting"), "maxTrafficWeight", 100) or 100,
        canary_weight=_number(_map(weights, "canary"), "weight"),
        stable_weight=_number(_map(weights, "stable"), "weight"),
        verified=verified if isinstance(verified, bool) else None,
        stable_hash=_text(status, "stableRS"),
        current_hash=_text(status, "currentPodHash"),
        active_hash=_text(colours, "activeSelector"),
        preview_hash=_text(colours, "previewSelector"),
        phase=_text(status, "phase"),
        message=_text(status, "message"),
        paused=_flag(spec, "paused"),
        pauses=tuple(
            (_text(p, "reason"), _time(p, "startTime") or 0.0) for p in _list(status, "pauseConditions")
        ),
        controller_pause=_flag(status, "controllerPause"),
        promote_full=_flag(status, "promoteFull"),
        abort=_flag(status, "abort"),
        aborted_at=_time(status, "abortedAt"),
        auto_promotion=green.get("autoPromotionEnabled") is not False,
        auto_promotion_seconds=_number(green, "autoPromotionSeconds") or 0.0,
        background=_templates(canary.get("analysis")),
        pre_promotion=_templates(green.get("prePromotionAnalysis")),
        post_promotion=_templates(green.get("postPromotionAnalysis")),
        step_run=_run(seen.get("currentStepAnalysisRunStatus")),
        background_run=_run(seen.get("currentBackgroundAnalysisRunStatus")),
        pre_run=_run(colours.get("prePromotionAnalysisRunStatus")),
        post_run=_run(colours.get("postPromotionAnalysisRunStatus")),
        experiment=_text(seen, "currentExperiment"),
        restart_at=_time(spec, "restartAt"),
        restarted_at=_time(status, "restartedAt"),
        workload_kind=_text(refers, "kind"),
        workload_name=_text(refers, "name"),
        workload_generation=notes.get("rollout.argoproj.io/workload-generation", ""),
        workload_observed=_scalar(status, "workloadObservedGeneration"),
        started=_time(took, "rolloutStartedAt"),
        held_since=_time(took, "manualPauseStartedAt"),
        finished=_time(took, "finishedAt"),
        rollback_window=window if isinstance(window, int) else None,
        progress_deadline=_int(spec, "progressDeadlineSeconds", 600),
        selector=_selector(spec),
        template=_template(spec),
        conditions=_conditions(status),
        revision=int(revision) if revision.isdecimal() else None,
        notes=keeper_notes(found.metadata.annotations),
    )


def _measured(found: Mapping[str, Any]) -> m.Measured:
    return m.Measured(
        _text(found, "phase"), _text(found, "value"), _text(found, "message"), _time(found, "startedAt"),
        _time(found, "finishedAt"),
    )  # fmt: skip


def _provider(metric: Mapping[str, Any]) -> tuple[str, str]:
    """The provider's name, and its query where it has one."""
    for name, body in _map(metric, "provider").items():
        asked = _map(body)
        return share(str(name)), _text(asked, "query") or _text(asked, "url")
    return "", ""


def analysis_run(found: Custom) -> m.AnalysisRun:
    spec, status = _map(found.spec), _map(found.status)
    results = {_text(r, "name"): r for r in _list(status, "metricResults")}
    dry = {_text(d, "metricName") for d in _list(spec, "dryRun")}
    metrics = []
    for metric in _list(spec, "metrics"):
        name = _text(metric, "name")
        result = results.get(name, {})
        provider, query = _provider(metric)
        metrics.append(
            m.AnalysisMetric(
                name=name, provider=provider, query=query, interval=_text(metric, "interval"),
                count=_scalar(metric, "count"), success=_text(metric, "successCondition"),
                failure=_text(metric, "failureCondition"), failure_limit=_scalar(metric, "failureLimit"),
                inconclusive_limit=_scalar(metric, "inconclusiveLimit"),
                error_limit=_scalar(metric, "consecutiveErrorLimit"),
                success_limit=_scalar(metric, "consecutiveSuccessLimit"),
                dry_run=_flag(result, "dryRun") or name in dry, phase=_text(result, "phase"),
                message=_text(result, "message"), successful=_int(result, "successful"),
                failed=_int(result, "failed"), inconclusive=_int(result, "inconclusive"), error=_int(result, "error"),
                measurements=tuple(_measured(x) for x in _list(result, "measurements")[-_MEASUREMENTS:]),
            )
        )  # fmt: skip
    return m.AnalysisRun(
        **meta(found.metadata),
        phase=_text(status, "phase"),
        message=_text(status, "message"),
        terminate=_flag(spec, "terminate"),
        started=_time(status, "startedAt"),
        completed=_time(status, "completedAt"),
        metrics=tuple(metrics),
    )


def experiment(found: Custom) -> m.Experiment:
    spec, status = _map(found.spec), _map(found.status)
    wanted = {_text(t, "name"): _int(t, "replicas", 1) for t in _list(spec, "templates")}
    return m.Experiment(
        **meta(found.metadata),
        phase=_text(status, "phase"),
        message=_text(status, "message"),
        terminate=_flag(spec, "terminate"),
        duration=go_duration(spec.get("duration")),
        available_at=_time(status, "availableAt"),
        templates=tuple(
            (name := _text(t, "name"), _text(t, "status"), _int(t, "availableReplicas"), wanted.get(name, 1))
            for t in _list(status, "templateStatuses")
        ),
        runs=tuple(
            (_text(r, "name"), _text(r, "analysisRun"), _text(r, "phase"), _text(r, "message"))
            for r in _list(status, "analysisRuns")
        ),
        conditions=_conditions(status),
    )


def canary(found: Custom) -> m.Canary:
    spec, status = _map(found.spec), _map(found.status)
    analysis = _map(spec, "analysis") or _map(spec, "canaryAnalysis")  # the older name
    metrics = []
    for metric in _list(analysis, "metrics"):
        bounds = _map(metric, "thresholdRange")
        low, high = _number(bounds, "min"), _number(bounds, "max")
        metrics.append(
            m.CanaryMetric(
                _text(metric, "name"), low, high, _number(metric, "threshold"), _text(metric, "interval")
            )
        )
    interval = go_duration(analysis.get("interval"))
    steps = analysis.get("stepWeights")
    return m.Canary(
        **meta(found.metadata),
        target_kind=_text(_map(spec, "targetRef"), "kind"),
        target_name=_text(_map(spec, "targetRef"), "name"),
        provider=_text(spec, "provider"),
        phase=_text(status, "phase"),
        weight=_number(status, "canaryWeight") or 0.0,
        failed_checks=_int(status, "failedChecks"),
        iterations=_int(status, "iterations"),
        interval=60.0 if interval is None else interval,
        threshold=_int(analysis, "threshold"),
        max_weight=_number(analysis, "maxWeight") or 0.0,
        step_weight=_number(analysis, "stepWeight") or 0.0,
        step_weights=tuple(float(s) for s in steps if isinstance(s, int | float)) if isinstance(steps, list) else (),
        total_iterations=_int(analysis, "iterations"),
        mirror=_flag(analysis, "mirror"),
        metrics=tuple(metrics),
        webhooks=tuple(
            m.Webhook(_text(h, "name"), _text(h, "type"), _text(h, "url")) for h in _list(analysis, "webhooks")
        ),
        suspend=_flag(spec, "suspend"),
        skip_analysis=_flag(spec, "skipAnalysis"),
        progress_deadline=_int(spec, "progressDeadlineSeconds", 600),
        last_applied=_text(status, "lastAppliedSpec"),
        last_promoted=_text(status, "lastPromotedSpec"),
        last_transition=_time(status, "lastTransitionTime"),
        conditions=_conditions(status),
        notes=keeper_notes(found.metadata.annotations),
    )  # fmt: skip


def application(found: Operating) -> m.Application:
    spec, status = _map(found.spec), _map(found.status)
    policy = _map(spec, "syncPolicy").get("automated")
    automated = _map(policy)
    source = _map(spec, "source") or next(iter(_list(spec, "sources")), {})
    there = _map(spec, "destination")
    return m.Application(
        **meta(found.metadata),
        project=_text(spec, "project"),
        destination="/".join(p for p in (_text(there, "name") or _text(there, "server"), _text(there, "namespace")) if p),
        source=" ".join(p for p in (_text(source, "repoURL"), _text(source, "path") or _text(source, "chart")) if p),
        automated=isinstance(policy, Mapping) and automated.get("enabled") is not False,
        self_heal=_flag(automated, "selfHeal") and automated.get("enabled") is not False,
        prune=_flag(automated, "prune"),
        sync=_text(_map(status, "sync"), "status"),
        health=_text(_map(status, "health"), "status"),
        revision=_text(_map(status, "sync"), "revision"),
        operation=_text(_map(status, "operationState"), "phase"),
        conditions=_conditions(status),
    )  # fmt: skip


def kustomization(found: Custom) -> m.Kustomization:
    spec, status = _map(found.spec), _map(found.status)
    source = _map(spec, "sourceRef")
    return m.Kustomization(
        **meta(found.metadata),
        suspend=_flag(spec, "suspend"),
        interval=_text(spec, "interval"),
        path=_text(spec, "path"),
        source="/".join(p for p in (_text(source, "kind"), _text(source, "name")) if p),
        prune=_flag(spec, "prune"),
        applied=_text(status, "lastAppliedRevision"),
        attempted=_text(status, "lastAttemptedRevision"),
        conditions=_conditions(status),
    )


def helm_release(found: Custom) -> m.HelmRelease:
    spec, status = _map(found.spec), _map(found.status)
    chart = _map(spec, "chart", "spec")
    history = next(iter(_list(status, "history")), {})
    return m.HelmRelease(
        **meta(found.metadata),
        suspend=_flag(spec, "suspend"),
        interval=_text(spec, "interval"),
        chart=_text(chart, "chart") or _text(_map(spec, "chartRef"), "name"),
        version=_text(chart, "version"),
        drift=_text(_map(spec, "driftDetection"), "mode"),
        release=_text(spec, "releaseName"),
        applied=_text(status, "lastAppliedRevision") or _text(history, "chartVersion"),
        attempted=_text(status, "lastAttemptedRevision"),
        conditions=_conditions(status),
    )


SOURCES: dict[str, tuple[type[Any], Callable[[Any], kube.Object]]] = {
    "Rollout": (Custom, rollout),
    "AnalysisRun": (Custom, analysis_run),
    "Experiment": (Custom, experiment),
    "Canary": (Custom, canary),
    "Application": (Operating, application),
    "Kustomization": (Custom, kustomization),
    "HelmRelease": (Custom, helm_release),
}
__all__ = ["SOURCES", "go_duration"]
