"""What is said of a release by the playbook's rollback triggers. Made only by ``tfdash.playbook.canary``."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

import msgspec

from tfdash.model.subject import Subject


class Outcome(StrEnum):
    """Only PASS lets a promotion go without a further confirmation; only BREACH recommends rollback. HOLD: what is known
    speaks against going on, and not for rolling back (both sides are bad; a person overruled a BREACH)."""

    PASS = "PASS"
    BREACH = "BREACH"
    HOLD = "HOLD"
    NO_DATA = "NO DATA"
    LOW_TRAFFIC = "LOW TRAFFIC"
    STALE = "STALE"
    QUERY_ERROR = "QUERY ERROR"
    NOT_COMPARABLE = "NOT COMPARABLE"


class Advice(StrEnum):
    """What to do now."""

    ROLL_BACK = "roll back"
    WAIT = "wait"  # not enough is known yet, or the hold is not over
    HOLD = "hold"  # unknown for a reason that waiting does not mend
    PROMOTE = "promote"
    NOTHING = "nothing in flight"


class Measured(msgspec.Struct, frozen=True, kw_only=True):
    """One side of a comparison in one window. Counts are exact; ``value`` is a ratio, or seconds for a quantile."""

    count: float = 0.0  # requests or observations
    events: float = 0.0  # errors
    value: float | None = None
    low: float | None = None  # interval
    high: float | None = None
    bucket: tuple[float, float] | None = None  # bounds around the quantile, seconds
    saturated: bool = False  # the quantile lies in the +Inf bucket


class WindowResult(msgspec.Struct, frozen=True, kw_only=True):
    """One window [start, end) of epoch seconds."""

    start: float
    end: float
    outcome: Outcome
    canary: Measured
    baseline: Measured


class ChartPoint(NamedTuple):
    at: float
    canary: float | None
    baseline: float | None
    limit: float | None


class Breach(msgspec.Struct, frozen=True, kw_only=True):
    """The first crossing of one trigger by one version: it stands until what ``tfdash.playbook.canary.latch`` names ends it.

    ``uid`` is the carrier's, ``version`` the template hash. ``at``: when it was crossed, by windows (or runs) of [``since``,
    ``until``], epoch seconds. ``value``, ``baseline`` and ``limit`` as in ``Trigger``, as they were then. ``overruled``: who
    decided to go on, and why. ``ended``: "" while it stands, else why it does not; ``withdrawn``: it never was one.
    """

    trigger: str
    uid: str
    version: str
    title: str = ""
    at: float
    since: float | None = None
    until: float | None = None
    sentence: str = ""
    value: float | None = None
    baseline: float | None = None
    limit: float | None = None
    unit: str = "ratio"
    canary_policy: str = ""  # digest of the canary policy that it was judged by
    overruled: str = ""
    ended: str = ""
    ended_at: float | None = None
    withdrawn: bool = False

    @property
    def key(self) -> tuple[str, str, str]:
        return self.uid, self.version, self.trigger

    @property
    def stands(self) -> bool:
        return not self.ended


class Trigger(msgspec.Struct, frozen=True, kw_only=True):
    """One trigger of one release.

    ``sentence`` is the decision with its arithmetic; ``plain`` the playbook's sentence read plainly ("3.1 % is 158 %
    above 1.2 %: at or over +10 %"); ``other`` what the other reading of "10 %" would have said. ``value``,
    ``baseline`` and ``limit`` are ratios or seconds as ``unit`` says ("ratio", "s").
    """

    id: str  # "errors", "latency", "journeys", "manual"
    title: str
    outcome: Outcome
    sentence: str
    plain: str = ""
    other: str = ""
    value: float | None = None
    baseline: float | None = None
    limit: float | None = None
    unit: str = "ratio"
    low: float | None = None
    high: float | None = None
    sample: int = 0
    baseline_sample: int = 0
    needed: int | None = None  # requests still needed, where LOW TRAFFIC
    needed_seconds: float | None = None  # at the present rate
    hopeless: bool = False  # LOW TRAFFIC that cannot end at the present rate
    query: str = ""
    evaluated_at: float | None = None
    baseline_label: str = ""  # "stable pods, same window", "frozen at 12:04", "a week before (weaker)"
    bucket: tuple[float, float] | None = None
    flags: tuple[str, ...] = ()  # "saturated", "limit finer than the bucket", "mostly stable", ...
    second_opinion: str = ""  # Pass, High, Low, Nodata: marked as such, never the sole ground
    since: float | None = None  # epoch seconds: of the windows, or runs, that the decision rests on
    until: float | None = None
    unlike: bool = (
        False  # NOT COMPARABLE because of what the data is: what it said before was no comparison either
    )
    absent: bool = False  # NO DATA because nothing measures it: no metric is named for it, or none was found
    breached: Breach | None = None  # its first crossing by this version, where that stands
    windows: tuple[WindowResult, ...] = ()  # oldest first
    chart: tuple[ChartPoint, ...] = ()


class CanaryJudgement(msgspec.Struct, frozen=True, kw_only=True):
    """All triggers of one release, the worst outcome and the advice that follows."""

    subject: Subject
    at: float
    outcome: Outcome
    advice: Advice
    sentence: str
    triggers: tuple[Trigger, ...] = ()
    verified_in: float | None = (
        None  # seconds until the release counts as verified, 0: it does now; None: not on the way
    )
    canary_policy: str = ""  # digest of the canary policy judged by
    came_back: bool = (
        False  # in place of a version that a BREACH was said of: it is held against itself before
    )
    breaches: tuple[
        Breach, ...
    ] = ()  # of this version: those that stand, and those that this judgement withdraws
