"""The settings of the rollback triggers; the playbook's values stand in ``defaults/canary.toml``."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, replace
from fractions import Fraction
from functools import lru_cache
from typing import Annotated, Literal, NamedTuple

from tfdash.setting import Between, Note, Seconds, SettingsTable, Unfit, read, shipped

_GROSS_SHARE = 0.2  # of the errors' budget; the rest goes to the sequential tests
_HELD_SHARE = 0.2  # of what is left: kept for the time after 100 %, when a frozen baseline is compared with


@dataclass(frozen=True)
class ErrorsPolicy(SettingsTable):
    """ "Error rate increases by 10%" """

    enabled: bool
    mode: Annotated[
        Literal["relative", "points", "both"],
        Note("relative: x 1.10; points: + 10 percentage points; both: both must be reached"),
    ]
    relative: Annotated[float, Between(0.01, 10_000), Note("per cent of the baseline's error ratio")]
    points: Annotated[float, Between(0.001, 100), Note("percentage points")]
    floor_points: Annotated[
        float, Between(0, 100), Note("a relative rise of fewer percentage points than this is none")
    ]
    min_errors: Annotated[int, Between(1, 10**9), Note("least number of failed requests of the canary")]
    min_requests: Annotated[
        int,
        Between(1, 10**9),
        Note("least number on each side; below it only a gross failure is decided"),
    ]
    gross_percent: Annotated[
        float,
        Between(1, 100),
        Note(
            "a window in which this share of the canary's requests fails, beyond chance, is a BREACH at once, even in warm-up"
        ),
    ]
    gross_requests: Annotated[int, Between(1, 10**9), Note("least number of requests in such a window")]

    @property
    def factor(self) -> Fraction:
        """1 + relative: 11/10."""
        return 1 + _hundredth(self.relative)

    @property
    def step(self) -> Fraction:
        """The points as a ratio: 1/10."""
        return _hundredth(self.points)

    @property
    def floor(self) -> Fraction:
        """The floor as a ratio: 1/1000."""
        return _hundredth(self.floor_points)

    @property
    def gross(self) -> Fraction:
        return _hundredth(self.gross_percent)


@dataclass(frozen=True)
class LatencyPolicy(SettingsTable):
    """ "P90 latency increases by 100ms" """

    enabled: bool
    quantile: Annotated[float, Between(0.5, 0.999)]
    increase: Annotated[Seconds, Between(0.001, 3600, seconds=True)]
    min_observations: Annotated[int, Between(10, 10**9), Note("least number on each side")]
    within_bucket: Annotated[
        Literal["interpolate", "refuse"],
        Note(
            "interpolate: as Prometheus does, flagged where the bucket is wider than the limit; refuse: no PASS there"
        ),
    ]


@dataclass(frozen=True)
class JourneysPolicy(SettingsTable):
    """ "Any critical user-facing functionality broken" """

    enabled: bool
    fails: Annotated[int, Between(1, 100), Note("how many ...")]
    of: Annotated[int, Between(1, 100), Note("... of the last runs of a critical journey must fail")]
    stale_after: Annotated[
        Seconds, Between(1, 10**7, seconds=True), Note("a journey that has not run for this long is STALE")
    ]

    def __post_init__(self) -> None:
        if self.fails > self.of:
            raise Unfit("fails", f"{self.fails} of {self.of} runs cannot be")


class Budgets(NamedTuple):
    """The release's false-alarm budget, divided: each part bounds its own false BREACHes over the whole release."""

    errors: float
    errors_held: float
    gross: float
    latency: float
    latency_held: float


@dataclass(frozen=True)
class CanaryPolicy(SettingsTable, defaults="canary.toml"):
    """When a release is to be rolled back: the playbook's triggers."""

    retired = frozenset({"persist"})  # since the tests are valid at each look, no count of windows decides

    window: Annotated[
        Seconds,
        Between(5, 3600, seconds=True),
        Note("length of one window; windows are aligned to the clock, half-open and never overlap"),
    ]
    windows: Annotated[
        int,
        Between(1, 1000),
        Note("how many of the last windows count (metrics are read windows x window back)"),
    ]
    warm_up: Annotated[
        Seconds,
        Note("windows that begin earlier than this after a pod's start are not compared"),
    ]
    false_alarms: Annotated[
        float,
        Between(0.0001, 0.5),
        Note("probability of a false BREACH in a whole release that changed nothing, over all triggers"),
    ]
    least_scatter: Annotated[
        float,
        Between(1, 100),
        Note(
            "overdispersion that is assumed at least (variance of counts over pure chance's); more is estimated after some windows"
        ),
    ]
    confidence: Annotated[
        float,
        Between(0.5, 0.9999),
        Note("one-sided, of the interval that must lie below the limit for a PASS"),
    ]
    baseline: Annotated[
        Literal["stable", "dedicated", "before"],
        Note(
            "stable: its pods in the same windows; dedicated: pods of baseline_version; "
            "before: the service before the release (weaker)"
        ),
    ]
    baseline_version: Annotated[
        str, Note("template hash, or value of the version label, of dedicated baseline pods")
    ]
    stale_intervals: Annotated[
        float, Between(1, 100), Note("how many scrape intervals old the newest sample may be")
    ]
    persist_of: Annotated[
        int,
        Between(1, 100),
        Note(
            "of how many last windows it is said, beside the decision, how many reach the limit by themselves"
        ),
    ]
    hold: Annotated[
        Seconds,
        Note("a promotion is advised no earlier than this after the canary, or its current step, began"),
    ]
    verification: Annotated[
        Seconds,
        Note("a release is verified when it has passed for this long after it took all traffic"),
    ]
    second_opinion: Annotated[
        bool,
        Note("from 50 windows on, also show the label that Kayenta's judge would give; it decides nothing"),
    ]
    errors: ErrorsPolicy
    latency: LatencyPolicy
    journeys: JourneysPolicy

    def __post_init__(self) -> None:
        if self.baseline == "dedicated" and not self.baseline_version:
            raise Unfit(
                "baseline_version", "missing; a dedicated baseline needs its template hash or version label"
            )

    @property
    def horizon(self) -> float:
        """How many seconds back samples are needed: the windows, the current one, and the first base."""
        return self.window * (self.windows + 2)

    @property
    def budgets(self) -> Budgets:
        """Bonferroni over the triggers that count traffic; journeys and a person's decision are no random events of it."""
        parts = int(self.errors.enabled) + int(self.latency.enabled)
        each = self.false_alarms / max(parts, 1)
        held = 1 - _HELD_SHARE if self.baseline == "before" else _HELD_SHARE
        errors = each * (1 - _GROSS_SHARE)
        return Budgets(
            errors * (1 - held), errors * held, each * _GROSS_SHARE, each * (1 - held), each * held
        )


@lru_cache(1024)
def exact(number: float) -> Fraction:
    """The number as it is written: 0.1 is one tenth, not the float beside it."""
    return Fraction(repr(number))


@lru_cache(1024)
def _hundredth(per_cent: float) -> Fraction:
    return exact(per_cent) / 100


@lru_cache(1)
def default_canary_policy() -> CanaryPolicy:
    """The playbook's values."""
    return read(CanaryPolicy, shipped(CanaryPolicy))


@lru_cache(8)
def refusing(policy: CanaryPolicy) -> CanaryPolicy:
    """The same, but for what a bucket wider than the limit hides: where bounds were left out nothing is interpolated."""
    return replace(policy, latency=replace(policy.latency, within_bucket="refuse"))


@lru_cache(32)
def policy_digest(policy: CanaryPolicy) -> str:
    """SHA-256 over the policy's canonical JSON, first 16 hexadecimal digits: two terminals judged alike or not."""
    text = json.dumps(asdict(policy), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:16]
