"""A release in flight, whatever carries it: a Deployment, a manual pair, an Argo Rollout or a Flagger Canary.

Made by ``tfdash.playbook.releases`` from the objects of a picture. Serving health stays apart from it
(``tfdash.model.workload``): an aborted rollout is no outage.
"""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

import msgspec

from tfdash.model.capability import Capability
from tfdash.model.subject import Subject
from tfdash.model.workload import Serving


class Carrier(StrEnum):
    """What carries the release out."""

    DEPLOYMENT = "Deployment"
    PAIR = "canary pair"  # two Deployments, x and x-canary, named by the configuration
    ROLLOUT = "Argo Rollout"
    CANARY = "Flagger Canary"


class Phase(StrEnum):
    """Where the release is."""

    NONE = "none"  # nothing in flight: one version only
    PROGRESSING = "progressing"
    PAUSED = "paused"  # waits for a person or a time, see ``Pause``
    ANALYSING = "analysing"  # stands at an analysis step
    ABORTED = "aborted"  # back on the stable version; the wanted one still stands in the spec
    STUCK = "STUCK"
    COMPLETE = "complete"  # the new version serves everything
    UNKNOWN = "unknown"


class Side(msgspec.Struct, frozen=True, kw_only=True):
    """One of the two versions. ``hash`` is its pod-template-hash, or the label value that tells it apart."""

    hash: str = ""
    revision: str = ""
    image: str = ""  # short: name:tag
    images: tuple[str, ...] = ()  # whole, as in the spec
    pods: tuple[str, ...] = ()  # names of its pods now
    ready: int = 0
    desired: int = 0
    oldest_start: float | None = None  # epoch seconds at which its first pod of now started
    newest_start: float | None = None


class ReleaseStep(msgspec.Struct, frozen=True, kw_only=True):
    """One step of a canary in words, e.g. ``set weight 20 %``, ``pause 10m``, ``analysis error-rate``."""

    text: str
    kind: (
        str  # setWeight, pause, analysis, experiment, setCanaryScale, setHeaderRoute, setMirrorRoute, plugin
    )
    weight: float | None = None  # percent, of setWeight
    duration: float | None = None  # seconds, of pause; None there: until a person promotes


class Weight(msgspec.Struct, frozen=True, kw_only=True):
    """Percent of the traffic that the canary is to get and gets. ``approximate``: counted from pods, not from routing."""

    wanted: float | None = None
    actual: float | None = None
    approximate: bool = True
    verified: bool | None = None


class Pause(msgspec.Struct, frozen=True, kw_only=True):
    """Why it stands: the controller's reason, since when, until when (None: until somebody acts), in words."""

    reason: str
    since: float | None = None
    until: float | None = None
    sentence: str = ""
    manual: bool = False  # spec.paused
    overdue: bool = False  # ``until`` is long over, and its controller did not go on


class Measurement(msgspec.Struct, frozen=True, kw_only=True):
    """One measurement of an AnalysisRun. ``value`` is the controller's own text ("[0.98]", "NaN")."""

    phase: str
    value: str = ""
    message: str = ""
    at: float | None = None


class MetricResult(msgspec.Struct, frozen=True, kw_only=True):
    """One metric of an AnalysisRun with the condition it is held against, which the controller's message leaves out."""

    name: str
    phase: str
    successful: int = 0
    failed: int = 0
    inconclusive: int = 0
    error: int = 0
    dry_run: bool = False
    message: str = ""
    condition: str = ""  # success and failure condition as written
    measurements: tuple[Measurement, ...] = ()  # oldest first


class Analysis(msgspec.Struct, frozen=True, kw_only=True):
    """One AnalysisRun or Experiment of the release, or Flagger's own checks."""

    subject: Subject
    kind: str  # "step", "background", "pre-promotion", "post-promotion", "experiment", "flagger"
    phase: str
    message: str = ""
    metrics: tuple[MetricResult, ...] = ()
    started: float | None = None
    completed: float | None = None


class ManagedBy(msgspec.Struct, frozen=True, kw_only=True):
    """Who owns the object: "Argo CD", "Flux Kustomization", "Flux HelmRelease", "Helm" or "kubectl" (``tool``), the
    object that says so, and whether it puts its own version back by itself (``reconciles``; None: not known)."""

    tool: str
    subject: Subject | None = None
    reconciles: bool | None = None
    suspended: bool = False
    sentence: str = ""


class Fact(msgspec.Struct, frozen=True, kw_only=True):
    """A value that an action is decided upon, by the JSON pointer at which the object holds it."""

    pointer: str
    value: str  # canonical JSON; "" where the object has no such member


class Lack(NamedTuple):
    """Why it is not capable of something (one sentence), and what would make it possible, e.g. a hook's YAML; "" where
    nothing would. ``history``: only because the cluster keeps no earlier version, so that a remembered one mends it."""

    why: str
    remedy: str = ""
    history: bool = False


class ReleaseState(msgspec.Struct, frozen=True, kw_only=True):
    """What is said of one release. ``subject`` is the object that carries it; ``workload`` the one that serves."""

    subject: Subject
    carrier: Carrier
    phase: Phase
    message: str
    workload: Subject | None = None
    canary: Side | None = None  # None where one version only exists
    stable: Side | None = None
    step: int | None = None  # index of the current step, from 0; len(steps): all done
    steps: tuple[ReleaseStep, ...] = ()
    weight: Weight = Weight()
    pause: Pause | None = None
    aborted_at: float | None = None
    started: float | None = None
    finished: float | None = None
    analyses: tuple[Analysis, ...] = ()
    skips: tuple[str, ...] = ()  # what a promotion now would skip, in words
    skips_full: tuple[str, ...] = ()  # what a full promotion would skip
    managed_by: ManagedBy | None = None
    capabilities: frozenset[Capability] = (
        frozenset()
    )  # revertible, restartable, scalable, promotable, abortable, holdable, ...
    refused: tuple[tuple[Capability, Lack], ...] = ()  # what it is not capable of
    problem: str = ""  # what could not be read of it (missing CRD, missing right)
    reported: str = ""  # the controller's own word for its phase; "" where it has none
    partner: Subject | None = None  # the canary's own workload: of a pair, or Flagger's target
    serving: Serving | None = None  # what serves users, whatever the release does; None: not known
    served: str = ""  # "5 of 5 available"
    unwell_since: float | None = None  # since when that is too few, where its object says so
    as_of: float | None = None  # when what it rests on was last proven current, once that is stale
    uid: str = ""  # of the object that carries it
    quiet_at: float | None = (
        None  # when its controller, unless it says something before, was silent for too long
    )
    silent: bool = False  # it was
    starting: tuple[float, ...] = ()  # when, by time alone, its first pods may come to be called down

    @property
    def overdue(self) -> bool:
        """Its controller should have gone on long before, and did not."""
        return self.silent or (self.pause is not None and self.pause.overdue)

    @property
    def in_flight(self) -> bool:
        return self.phase in (Phase.PROGRESSING, Phase.PAUSED, Phase.ANALYSING, Phase.STUCK)

    @property
    def is_back(self) -> bool:
        """Aborted, and its canary gets nothing any more: what is left to do is to set back what is wanted."""
        if self.phase is not Phase.ABORTED:
            return False
        if self.weight.actual is not None:
            return self.weight.actual == 0
        return self.canary is None or not self.canary.ready

    @property
    def version(self) -> str:
        """The template hash of what is released: the canary's, else of what serves; "" where neither is known."""
        side = self.canary or self.stable
        return side.hash if side is not None else ""
