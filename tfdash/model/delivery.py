"""Slim objects of what carries releases out (Argo Rollouts, Flagger) and of what owns them (Argo CD, Flux).

The conventions are those of ``tfdash.model.kube``: epoch seconds, None where the API has none, interned strings, no
cycles. Durations are seconds. Texts are the controllers' own and not yet made safe.
"""

from __future__ import annotations

from typing import ClassVar

import msgspec

from tfdash.model.kube import EMPTY_LABELS, Condition, Labels, Object, Selector, Template


class RolloutStep(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """One step of ``spec.strategy.canary.steps``. ``duration`` of a pause is None where a person must end it."""

    kind: (
        str  # setWeight, pause, analysis, experiment, setCanaryScale, setHeaderRoute, setMirrorRoute, plugin
    )
    weight: float | None = None
    duration: float | None = None
    name: str = ""  # of a route or plugin
    names: tuple[str, ...] = ()  # analysis templates, or templates of an experiment
    replicas: int | None = None
    percentage: int | None = None
    matched: bool = False  # a route that matches requests; one that matches none is taken away by its step


class RunStatus(msgspec.Struct, frozen=True, gc=False):
    """What a Rollout's own status says of one of its AnalysisRuns."""

    name: str
    status: str
    message: str = ""


class Rollout(Object, frozen=True, gc=False, kw_only=True):
    """An Argo Rollout. ``observed_generation`` is a string in its API. ``notes`` see ``model.kube.Deployment``."""

    KIND: ClassVar[str] = "Rollout"

    observed_generation: str = ""
    desired: int = 1
    replicas: int = 0
    updated: int = 0
    ready: int = 0
    available: int = 0
    min_ready: float = 0.0  # seconds, as of a Deployment
    strategy: str = ""  # "canary", "blueGreen" or ""
    max_surge: str = ""
    max_unavailable: str = ""
    steps: tuple[RolloutStep, ...] = ()
    step_index: int | None = None
    routed: bool = False  # spec.strategy.canary.trafficRouting is there
    max_weight: int = 100
    canary_weight: float | None = None  # status.canary.weights, percent of ``max_weight``
    weighed_hash: str = (
        ""  # whose weight that is: of the version left, while a rollback gives the stable one its pods back
    )
    verified: bool | None = None
    stable_hash: str = ""
    current_hash: str = ""
    active_hash: str = ""  # blue-green: the active Service's
    phase: str = ""
    message: str = ""
    paused: bool = False  # spec.paused
    pauses: tuple[tuple[str, float], ...] = ()  # status.pauseConditions as (reason, since)
    controller_pause: bool = False
    promote_full: bool = False
    abort: bool = False
    aborted_at: float | None = None
    auto_promotion_seconds: float = 0.0
    background: tuple[str, ...] = ()  # templates of the background analysis
    pre_promotion: tuple[str, ...] = ()
    post_promotion: tuple[str, ...] = ()
    step_run: RunStatus | None = None
    background_run: RunStatus | None = None
    pre_run: RunStatus | None = None
    post_run: RunStatus | None = None
    experiment: str = ""  # name of the current one
    restart_at: float | None = None
    restarted_at: float | None = None
    workload_kind: str = ""  # spec.workloadRef
    workload_name: str = ""
    workload_generation: str = ""
    workload_observed: str = ""
    started: float | None = None  # status.duration, absent in older controllers
    held_since: float | None = None
    finished: float | None = None
    progress_deadline: int | None = 600
    selector: Selector = Selector()
    template: Template = Template()
    conditions: tuple[Condition, ...] = ()
    revision: int | None = None
    notes: Labels = EMPTY_LABELS
    replicas_by: str = ""  # see ``model.kube.Deployment``
    replicas_at: float = 0.0


class MetricMeasurement(msgspec.Struct, frozen=True, gc=False):
    """One measurement; ``value`` is the controller's own text."""

    phase: str
    value: str = ""
    message: str = ""
    started: float | None = None
    finished: float | None = None


class AnalysisMetric(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """A metric of an AnalysisRun: what is asked, what it is held against, and what was measured (newest last)."""

    name: str
    provider: str = ""
    query: str = ""
    interval: str = ""
    count: str = ""
    success: str = ""  # successCondition
    failure: str = ""  # failureCondition
    failure_limit: str = ""
    inconclusive_limit: str = ""
    error_limit: str = ""
    success_limit: str = ""
    dry_run: bool = False
    phase: str = ""
    message: str = ""
    successful: int = 0
    failed: int = 0
    inconclusive: int = 0
    error: int = 0
    measurements: tuple[MetricMeasurement, ...] = ()


class AnalysisRun(Object, frozen=True, gc=False, kw_only=True):
    KIND: ClassVar[str] = "AnalysisRun"

    phase: str = ""
    message: str = ""
    terminate: bool = False
    started: float | None = None
    completed: float | None = None
    metrics: tuple[AnalysisMetric, ...] = ()


class Experiment(Object, frozen=True, gc=False, kw_only=True):
    """``templates`` as (name, status, available, wanted); ``runs`` as (name, AnalysisRun, phase, message)."""

    KIND: ClassVar[str] = "Experiment"

    phase: str = ""
    message: str = ""
    terminate: bool = False
    duration: float | None = None
    available_at: float | None = None
    templates: tuple[tuple[str, str, int, int], ...] = ()
    runs: tuple[tuple[str, str, str, str], ...] = ()
    conditions: tuple[Condition, ...] = ()


class CanaryMetric(msgspec.Struct, frozen=True, gc=False):
    """A metric check of a Flagger Canary; ``low`` and ``high`` are its thresholdRange, ``threshold`` the older form."""

    name: str
    low: float | None = None
    high: float | None = None
    threshold: float | None = None
    interval: str = ""


class Webhook(msgspec.Struct, frozen=True, gc=False):
    name: str
    type: str
    url: str
    lasts: float = 0.0  # seconds that Flagger waits for it at most, all tries together


class Canary(Object, frozen=True, gc=False, kw_only=True):
    """A Flagger Canary. Its status holds no metric values: they are in events and in Flagger's own metrics."""

    KIND: ClassVar[str] = "Canary"

    target_kind: str = ""
    target_name: str = ""
    provider: str = ""
    phase: str = ""
    weight: float = 0.0
    failed_checks: int = 0
    iterations: int = 0
    interval: float = 60.0
    threshold: int = 0
    max_weight: float = 0.0
    step_weight: float = 0.0
    step_weights: tuple[float, ...] = ()
    total_iterations: int = 0
    mirror: bool = False
    matched: bool = False  # spec.analysis.match: requests are routed by their headers
    sticky: bool = False  # spec.analysis.sessionAffinity
    metrics: tuple[CanaryMetric, ...] = ()
    webhooks: tuple[Webhook, ...] = ()
    suspend: bool = False
    skip_analysis: bool = False
    progress_deadline: int | None = 600
    last_promoted: str = ""
    last_transition: float | None = None
    conditions: tuple[Condition, ...] = ()
    notes: Labels = EMPTY_LABELS


class Application(Object, frozen=True, gc=False, kw_only=True):
    """An Argo CD Application. ``automated``: it syncs by itself; ``self_heal``: it undoes changes made past it."""

    KIND: ClassVar[str] = "Application"

    destination: str = ""
    source: str = ""
    automated: bool = False
    self_heal: bool = False
    prune: bool = False
    sync: str = ""
    health: str = ""
    revision: str = ""
    operation: str = ""
    conditions: tuple[Condition, ...] = ()


class Kustomization(Object, frozen=True, gc=False, kw_only=True):
    """A Flux Kustomization."""

    KIND: ClassVar[str] = "Kustomization"

    suspend: bool = False
    interval: str = ""
    path: str = ""
    source: str = ""
    prune: bool = False
    applied: str = ""
    conditions: tuple[Condition, ...] = ()


class HelmRelease(Object, frozen=True, gc=False, kw_only=True):
    """A Flux HelmRelease. ``drift``: spec.driftDetection.mode; without "enabled" it does not undo changes made past it."""

    KIND: ClassVar[str] = "HelmRelease"

    suspend: bool = False
    interval: str = ""
    chart: str = ""
    version: str = ""
    drift: str = ""
    release: str = ""
    applied: str = ""
    conditions: tuple[Condition, ...] = ()
