"""Whether the samples can be judged at all: what stands in the way before a number is compared, or of a PASS after."""

from __future__ import annotations

from typing import NamedTuple
from zoneinfo import ZoneInfo

from tfdash import figures
from tfdash.model.judgement import Outcome
from tfdash.model.observation import Observation
from tfdash.model.release import ReleaseState
from tfdash.model.traffic import Traffic
from tfdash.moments import clock, near
from tfdash.playbook.canary.frozen_baseline import FrozenBaseline
from tfdash.playbook.canary.policy import CanaryPolicy
from tfdash.playbook.canary.sides import Versions
from tfdash.playbook.canary.tally import Tally
from tfdash.playbook.canary.window_cache import Memo
from tfdash.text import toml_key

_SCRAPE = 60.0  # seconds: the scrape interval where too few samples tell it
_OLD = 3  # windows that an evaluation may be old


class Obstacle(NamedTuple):
    """Why there is no outcome, or no PASS. ``unlike``: the data is no comparison, and never was; ``partial``: half an answer;
    ``absent``: nothing measures it."""

    outcome: Outcome
    sentence: str
    unlike: bool = False
    partial: bool = False
    absent: bool = False


class Comparison(NamedTuple):
    """What the triggers that count traffic share."""

    traffic: Traffic
    who: Versions
    tally: Tally
    past: FrozenBaseline | None
    label: str  # of the baseline
    problem: str  # of the source; "" of none
    strangers: int
    age: float  # seconds since the evaluation
    memo: Memo
    zone: ZoneInfo  # in which the sentences write times
    due: float = (
        0.0  # seconds within which the next evaluation is due: merely between two rounds is not stale
    )


def unread(observation: Observation[Traffic] | None, release: ReleaseState) -> Obstacle | None:
    """Nothing was ever read; None is of a cluster without a Prometheus."""
    if observation is None:
        place = f"[environments.{toml_key(release.subject.cluster.environment)}.prometheus]"
        return Obstacle(Outcome.NO_DATA, f"no Prometheus is configured; add one under {place}", absent=True)
    if observation.value is None:
        if observation.problem is not None:
            return Obstacle(Outcome.QUERY_ERROR, f"the metrics could not be read: {observation.problem}")
        return Obstacle(Outcome.NO_DATA, "the metrics have not been read yet")
    return None


def empty(
    compared: Comparison, kind: str, has: tuple[bool, bool], windows: int, policy: CanaryPolicy
) -> Obstacle | None:
    """Nothing to compare. ``kind``: "requests" or "latency"; ``has``: whether canary and baseline have series."""
    failed = problem(compared, ("requests", "errors") if kind == "requests" else ("latency",))
    if failed is not None and not any(has):
        return failed
    ended = max((last for role, last in compared.traffic.ended if role == kind), default=None)
    if not any(has) and ended is not None:
        when = near(ended, compared.traffic.evaluated_at, compared.zone)
        return Obstacle(Outcome.STALE, f"nothing was scraped since {when}: no series is left")
    if not any(has):
        what = "request counter" if kind == "requests" else "histogram"
        return Obstacle(
            Outcome.NO_DATA,
            f"no {what} of this workload was found; tfdash doctor shows what exists",
            absent=True,
        )
    assert compared.who.canary is not None
    if not has[0]:
        name = compared.who.canary.hash or "its pods"
        return Obstacle(Outcome.NO_DATA, f"the canary ({name}) has no series yet")
    if not has[1] and compared.past is None:
        name = compared.who.baseline.hash if compared.who.baseline else ""
        return Obstacle(
            Outcome.NOT_COMPARABLE,
            f"the baseline {f'({name}) ' if name else ''}has no series: nothing to compare with",
        )
    if windows == 0:
        wait = first_window(compared, policy) - compared.traffic.evaluated_at
        return Obstacle(
            Outcome.NO_DATA, f"the first window after warm-up ends in {figures.span(max(wait, 1))}"
        )
    return None


def not_like(sentence: str) -> Obstacle:
    """What the data is lets nothing be compared, now or before."""
    return Obstacle(Outcome.NOT_COMPARABLE, sentence, unlike=True)


def first_window(compared: Comparison, policy: CanaryPolicy) -> float:
    """When the release's first counted window ends."""
    length = policy.window
    began = compared.tally.began
    start = (began + policy.warm_up) if began is not None else compared.traffic.evaluated_at
    return (-(-start // length) + 1) * length


def unsure(
    compared: Comparison,
    roles: tuple[str, ...],
    newest: tuple[float | None, float | None],
    policy: CanaryPolicy,
) -> Obstacle | None:
    """What forbids a PASS: a failed or partial query, old samples."""
    if (found := problem(compared, roles) or partial(compared, roles)) is not None:
        return found
    if compared.age > max(_OLD * policy.window, compared.due):
        return Obstacle(
            Outcome.STALE,
            f"the metrics were last evaluated {figures.span(compared.age).removeprefix('about ')} ago",
        )
    interval = compared.traffic.scrape_interval or _SCRAPE
    for name, at in zip(("canary", "baseline"), newest, strict=True):
        if name == "baseline" and compared.past is not None:
            continue
        age = compared.traffic.evaluated_at - at if at is not None else 0.0
        if age <= policy.stale_intervals * interval:
            continue
        if at is not None and name == "baseline" and _serves_no_more(compared, policy):
            return Obstacle(
                Outcome.STALE,
                f"no pod of the stable version is there any more, its last sample is of {clock(at, compared.zone)}: two windows without it come first",
            )
        return Obstacle(
            Outcome.STALE,
            f"the {name}'s newest sample is {age:.0f} s old, over {policy.stale_intervals:g} scrape intervals of {interval:g} s",
        )
    # after a gap the newest sample is of now, and all that was counted is of before it
    silent = compared.tally.latency_silent if roles == ("latency",) else compared.tally.silent
    for name, is_silent in zip(("canary", "baseline"), silent, strict=True):
        ours = name == "canary" or not (compared.past is not None or _serves_no_more(compared, policy))
        if is_silent and ours:
            return Obstacle(
                Outcome.STALE,
                f"the {name} was not scraped in the last window that ended: what was counted is of before it",
            )
    return None


def _serves_no_more(compared: Comparison, policy: CanaryPolicy) -> bool:
    """Its pods are gone, for the release serves everything: what it counted is the baseline then, and no sample is missing."""
    stable = compared.who.baseline
    return policy.baseline == "stable" and stable is not None and not stable.pods


def problem(compared: Comparison, roles: tuple[str, ...]) -> Obstacle | None:
    """A query that failed says nothing of the triggers that do not rest on it."""
    for query in compared.traffic.queries:
        if query.role in roles and query.problem:
            return Obstacle(Outcome.QUERY_ERROR, f"the {query.role} query failed: {query.problem}")
    if compared.problem:
        return Obstacle(Outcome.QUERY_ERROR, f"the metrics could not be read: {compared.problem}")
    return None


def partial(compared: Comparison, roles: tuple[str, ...]) -> Obstacle | None:
    """Half an answer: what is missing may be of one side only."""
    for query in compared.traffic.queries:
        if query.role in roles and query.warning:
            text = f"the {query.role} query answered in part: {query.warning}"
            return Obstacle(Outcome.QUERY_ERROR, text, partial=True)
    return None


def query_of(traffic: Traffic, *roles: str) -> str:
    return "; ".join(q.text for q in traffic.queries if q.role in roles)
