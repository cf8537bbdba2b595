"""What carries releases out: Rollouts, AnalysisRuns, Experiments, Canaries.

None of these has columns of the API server's own printer: their rows come with the objects. The release columns show
what was judged of the release, and before that the controller's own word.
"""

from __future__ import annotations

from tfdash.model.delivery import (
    AnalysisRun,
    Canary,
    Rollout,
)
from tfdash.model.kube import Object
from tfdash.model.release import ReleaseState
from tfdash.model.verdict import Level
from tfdash.text import safe
from tfdash.views import state as states
from tfdash.views.age import human_duration
from tfdash.views.kinds.base import (
    Context,
    Field,
    age_field,
    count_field,
    kind_view,
    name_field,
    none,
    text_field,
)
from tfdash.views.kinds.controller_words import named, token_of, word_field


def release_of(obj: Object, context: Context) -> ReleaseState | None:
    return context.assessment.releases.get(context.subject(obj))


def _reported(obj: Rollout | Canary, context: Context) -> str:
    found = release_of(obj, context)
    return (found.reported if found is not None else "") or obj.phase


def _phase(obj: Rollout | Canary, context: Context) -> str:
    return safe(_reported(obj, context)) or _release(obj, context)


def _paint_phase(obj: Rollout | Canary, context: Context) -> str:
    return token_of(_reported(obj, context)) or _paint_release(obj, context)


def _release(obj: Object, context: Context) -> str:
    """Glyph and word: what is judged is never told by colour alone."""
    found = release_of(obj, context)
    state = states.of_rollout(found)[1]
    return state.text if found is None or state is states.STALE else f"{state.glyph} {found.phase.value}"


def _release_value(obj: Object, context: Context) -> str:
    found = release_of(obj, context)
    return "unknown" if found is None else found.phase.value


def _paint_release(obj: Object, context: Context) -> str:
    found = release_of(obj, context)
    return "unknown" if found is None else states.of_rollout(found)[1].token


def _step(obj: Rollout, context: Context) -> str:
    """As kubectl-argo-rollouts: ``2/8``, the steps that are done of all."""
    if not obj.steps:
        return "-"
    found = release_of(obj, context)
    step = obj.step_index if found is None or found.step is None else found.step
    return f"{step if step is not None else '?'}/{len(obj.steps)}"


def _weight(obj: Object, context: Context) -> str:
    found = release_of(obj, context)
    if found is None or found.weight.actual is None:
        return "-"
    about = "~" if found.weight.approximate else ""
    wanted = "" if found.weight.wanted is None else f" of {found.weight.wanted:g} %"
    return f"{about}{found.weight.actual:.0f} %{wanted}"


def _weight_value(obj: Object, context: Context) -> dict[str, object] | None:
    found = release_of(obj, context)
    if found is None:
        return None
    w = found.weight
    return {"wanted": w.wanted, "actual": w.actual, "approximate": w.approximate, "verified": w.verified}


def _serving(obj: Object, context: Context) -> str:
    return states.of_rollout(release_of(obj, context))[0].text


def _serving_value(obj: Object, context: Context) -> str:
    found = release_of(obj, context)
    return "unknown" if found is None or found.serving is None else found.serving.value


def _paint_serving(obj: Object, context: Context) -> str:
    found = release_of(obj, context)
    return states.of_rollout(found)[0].token


def _message(obj: Rollout | Canary, context: Context) -> str:
    found = release_of(obj, context)
    if found is None:
        return safe(getattr(obj, "message", ""))
    return safe(found.pause.sentence if found.pause is not None else found.message)


def _managed_by(obj: Object, context: Context) -> str:
    found = release_of(obj, context)
    if found is None or found.managed_by is None:
        return ""
    return safe(found.managed_by.tool)


def _serving_level(obj: Object, context: Context) -> Level:
    return states.of_rollout(release_of(obj, context))[0].level


def _release_level(obj: Object, context: Context) -> Level:
    return states.of_rollout(release_of(obj, context))[1].level


_SERVING = Field(
    "serving",
    "SERVING",
    10,
    _serving,
    value=_serving_value,
    paint=_paint_serving,
    level=_serving_level,
    priority=1,
)
_RELEASE = Field(
    "release",
    "RELEASE",
    13,
    _release,
    value=_release_value,
    paint=_paint_release,
    level=_release_level,
    priority=0,
)
_WEIGHT = Field("weight", "WEIGHT", 14, _weight, value=_weight_value, right=True, priority=1)
_MANAGED_BY = Field("keeper", "KEPT BY", 12, _managed_by, priority=4)
_MESSAGE = Field("message", "MESSAGE", 24, _message, priority=3, flexible=True)

ROLLOUTS = kind_view(
    "Rollout",
    needs=("ReplicaSet", "Pod", "AnalysisRun", "Experiment"),
    judged=True,
    search=lambda o, c: named(
        o.namespace, o.name, _phase(o, c), _release(o, c), _message(o, c), o.current_hash
    ),
    fields=(
        name_field(),
        Field("phase", "STATUS", 11, _phase, paint=_paint_phase, priority=0),
        _RELEASE,
        Field("step", "STEP", 6, _step, right=True, priority=1),
        _WEIGHT,
        _SERVING,
        Field(
            "ready",
            "READY",
            7,
            lambda o, c: f"{o.ready}/{o.desired}",
            lambda o, c: float(o.ready),
            value=lambda o, c: {"ready": o.ready, "desired": o.desired},
            right=True,
            priority=1,
        ),
        count_field("updated", "UP-TO-DATE", lambda o: o.updated, priority=4),
        count_field("available", "AVAILABLE", lambda o: o.available, priority=4),
        text_field("strategy", "STRATEGY", 10, lambda o: none(o.strategy), priority=5),
        age_field(priority=2),
        _MANAGED_BY,
        _MESSAGE,
    ),
)


def _worst_metric(run: AnalysisRun) -> str:
    """The metrics that are not well, or all by name."""
    told = [f"{m.name} {m.phase}" for m in run.metrics if m.phase in ("Failed", "Error", "Inconclusive")]
    return ", ".join(told or [m.name for m in run.metrics])


def _newest_value(run: AnalysisRun) -> str:
    """``error-rate [0.031]`` for each metric that was measured."""
    return ", ".join(
        f"{m.name} {m.measurements[-1].value or m.measurements[-1].message}"
        for m in run.metrics
        if m.measurements
    )


def _counts(run: AnalysisRun) -> str:
    """``12 ok, 1 failed``."""
    words = (
        ("successful", "ok"),
        ("failed", "failed"),
        ("inconclusive", "inconclusive"),
        ("error", "errors"),
    )
    sums = [(sum(getattr(m, name) for m in run.metrics if not m.dry_run), word) for name, word in words]
    return ", ".join(f"{n} {word}" for n, word in sums if n) or "none yet"


def _took(run: AnalysisRun, context: Context) -> str:
    if run.started is None:
        return ""
    return human_duration((run.completed if run.completed is not None else context.now) - run.started)


ANALYSIS_RUNS = kind_view(
    "AnalysisRun",
    search=lambda o, c: named(o.namespace, o.name, o.phase, o.message, _worst_metric(o)),
    order="age",
    fields=(
        name_field(width=30),
        word_field("phase", "STATUS", 12, lambda o: o.phase, "Pending"),
        text_field(
            "of", "OF", 22, lambda o: f"{o.owner.kind}/{o.owner.name}" if o.owner else "<none>", priority=2
        ),
        text_field("counts", "MEASURED", 20, _counts, priority=1),
        text_field("values", "NEWEST", 22, _newest_value, priority=2, flexible=True),
        text_field("metrics", "METRICS", 22, _worst_metric, priority=3, flexible=True),
        Field(
            "took",
            "TOOK",
            7,
            _took,
            right=True,
            priority=4,
            clock=True,
            value=lambda o, c: None if o.started is None else (o.completed or c.now) - o.started,
        ),
        age_field(priority=1),
        text_field("message", "MESSAGE", 26, lambda o: o.message, priority=3, flexible=True),
    ),
)

EXPERIMENTS = kind_view(
    "Experiment",
    search=lambda o, c: named(o.namespace, o.name, o.phase, o.message),
    order="age",
    fields=(
        name_field(width=30),
        word_field("phase", "STATUS", 12, lambda o: o.phase, "Pending"),
        text_field(
            "of", "OF", 22, lambda o: f"{o.owner.kind}/{o.owner.name}" if o.owner else "<none>", priority=2
        ),
        text_field(
            "templates",
            "TEMPLATES",
            26,
            lambda o: ", ".join(f"{n} {have} of {want}" for n, _, have, want in o.templates),
            priority=1,
            flexible=True,
        ),
        text_field(
            "runs",
            "ANALYSIS",
            22,
            lambda o: ", ".join(f"{n} {p}" for n, _, p, _ in o.runs),
            priority=2,
            flexible=True,
        ),
        age_field(priority=1),
        text_field("message", "MESSAGE", 26, lambda o: o.message, priority=3, flexible=True),
    ),
)


def _checks(canary: Canary) -> str:
    return f"{canary.failed_checks}/{canary.threshold}"


CANARIES = kind_view(
    "Canary",
    needs=("Deployment", "ReplicaSet", "Pod"),
    judged=True,
    search=lambda o, c: named(o.namespace, o.name, o.phase, _release(o, c), _message(o, c), o.target_name),
    fields=(
        name_field(),
        Field("phase", "STATUS", 16, _phase, paint=_paint_phase, priority=0),
        _RELEASE,
        _WEIGHT,
        Field(
            "checks",
            "FAILED CHECKS",
            13,
            lambda o, c: _checks(o),
            lambda o, c: float(o.failed_checks),
            value=lambda o, c: {"failed": o.failed_checks, "threshold": o.threshold},
            right=True,
            priority=1,
            paint=lambda o, c: "warn" if isinstance(o, Canary) and o.failed_checks else "",
        ),
        _SERVING,
        text_field("target", "TARGET", 24, lambda o: f"{o.target_kind}/{o.target_name}", priority=2),
        Field(
            "suspended",
            "SUSPENDED",
            9,
            lambda o, c: "yes" if o.suspend else "no",
            priority=4,
            paint=lambda o, c: "paused" if o.suspend else "",
        ),
        age_field(lambda o: o.last_transition or o.created, title="SINCE", priority=2),
        _MANAGED_BY,
        _MESSAGE,
    ),
)


VIEWS = (ROLLOUTS, ANALYSIS_RUNS, EXPERIMENTS, CANARIES)
