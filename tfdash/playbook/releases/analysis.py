"""AnalysisRuns and Experiments of a Rollout, with the conditions that the controller's messages leave out."""

from __future__ import annotations

from tfdash.model.delivery import AnalysisMetric, AnalysisRun, Experiment, Rollout, RunStatus
from tfdash.model.release import Analysis, Measurement, MetricResult
from tfdash.model.subject import Subject
from tfdash.playbook.releases.world import World

_KINDS = {
    "Step": "step",
    "Background": "background",
    "PrePromotion": "pre-promotion",
    "PostPromotion": "post-promotion",
}
_TYPE, _HASH = "rollout-type", "rollouts-pod-template-hash"
ENDED = frozenset({"Successful", "Failed", "Error", "Inconclusive"})


def analyses(world: World, rollout: Rollout) -> tuple[tuple[Analysis, ...], str]:
    """Those of the wanted version, oldest first, and what could not be read of them."""
    found: dict[str, Analysis] = {}
    for run in world.runs(rollout):
        if run.labels.get(_HASH, "") == rollout.current_hash:
            found[run.name] = of_run(world, run, _KINDS.get(run.labels.get(_TYPE, ""), "step"))
    missing = []
    for kind, run_status in (
        ("step", rollout.step_run),
        ("background", rollout.background_run),
        ("pre-promotion", rollout.pre_run),
        ("post-promotion", rollout.post_run),
    ):
        if run_status is None or not run_status.name or run_status.name in found:
            continue
        run_ = world.get(AnalysisRun, rollout.namespace, run_status.name)
        if run_ is not None:
            found[run_status.name] = of_run(world, run_, kind)
        else:
            found[run_status.name] = of_status(world, rollout, run_status, kind)
            missing.append(run_status.name)
    if rollout.experiment:
        trial = world.get(Experiment, rollout.namespace, rollout.experiment)
        found[rollout.experiment] = of_experiment(world, rollout, trial)
        if trial is not None:
            for _, name, _, _ in trial.runs:
                run_ = world.get(AnalysisRun, rollout.namespace, name)
                if run_ is not None:
                    found[name] = of_run(world, run_, "experiment")
        else:
            missing.append(rollout.experiment)
    return tuple(found.values()), _problem(world, missing)


def _problem(world: World, missing: list[str]) -> str:
    if not missing:
        return ""
    why = world.unread(AnalysisRun, Experiment)
    return f"{', '.join(missing)} cannot be read: {why}" if why else f"{', '.join(missing)} is gone"


def of_status(world: World, rollout: Rollout, run_status: RunStatus, kind: str) -> Analysis:
    """Of a run that is known by its Rollout's status alone."""
    subject = Subject(world.ref, AnalysisRun.KIND, rollout.namespace, run_status.name)
    return Analysis(subject=subject, kind=kind, phase=run_status.status, message=run_status.message)


def of_run(world: World, run: AnalysisRun, kind: str) -> Analysis:
    return Analysis(
        subject=world.subject(run),
        kind=kind,
        phase=run.phase or "Pending",
        message=run.message if not on_no_data(run) else f"{_NO_DATA}: {run.message}".rstrip(": "),
        metrics=tuple(of_metric(m) for m in run.metrics),
        started=run.started,
        completed=run.completed,
    )


_NO_DATA = "passed on no data"
_NOTHING = frozenset({"[]", "NaN", "[NaN]", "null", "[null]"})


def on_no_data(run: AnalysisRun) -> bool:
    """Whether it passed and no measurement held a number: terminated before its first one, or a condition that lets an empty
    answer pass. A Job's measurement has no value, and is one."""
    measured = [m.value for metric in run.metrics if not metric.dry_run for m in metric.measurements]
    return run.phase == "Successful" and bool(run.metrics) and all(v in _NOTHING for v in measured)


def of_metric(metric: AnalysisMetric) -> MetricResult:
    return MetricResult(
        name=metric.name,
        phase=metric.phase or "Pending",
        successful=metric.successful,
        failed=metric.failed,
        inconclusive=metric.inconclusive,
        error=metric.error,
        dry_run=metric.dry_run,
        message=metric.message,
        condition=condition_of(metric),
        measurements=tuple(
            Measurement(phase=m.phase, value=m.value, message=m.message, at=m.finished or m.started)
            for m in metric.measurements
        ),
    )


def condition_of(metric: AnalysisMetric) -> str:
    """``succeeds when X; fails when Y; 1 failure allowed``; the defaults as argo-rollouts has them."""
    parts = []
    if metric.success:
        parts.append(f"succeeds when {metric.success}")
    if metric.failure:
        parts.append(f"fails when {metric.failure}")
    if not parts:
        parts.append("no condition: what the provider answers decides")
    limits = ((metric.failure_limit, "failed"), (metric.inconclusive_limit, "inconclusive"))
    parts += [f"more than {limit} {word} end it" for limit, word in limits if limit not in ("", "0", "-1")]
    if metric.failure_limit == "-1":
        parts.append("failures end nothing")
    if metric.error_limit:
        parts.append(f"more than {metric.error_limit} errors in a row end it")
    if metric.success_limit and metric.success_limit != "0":
        parts.append(f"{metric.success_limit} successes in a row end it")
    return "; ".join(parts)


def of_experiment(world: World, rollout: Rollout, trial: Experiment | None) -> Analysis:
    subject = Subject(world.ref, Experiment.KIND, rollout.namespace, rollout.experiment)
    if trial is None:
        return Analysis(subject=subject, kind="experiment", phase="unknown")
    ready = ", ".join(f"{name} {available} of {wanted}" for name, _, available, wanted in trial.templates)
    return Analysis(
        subject=subject,
        kind="experiment",
        phase=trial.phase or "Pending",
        message="; ".join(p for p in (trial.message, ready) if p),
        started=trial.available_at,
    )


def running(run_status: RunStatus | None) -> bool:
    return run_status is not None and bool(run_status.name) and run_status.status not in ENDED
