"""Whether the samples can be judged at all: what stands in the way before a number is compared, or of a PASS after."""

from __future__ import annotations

from typing import NamedTuple

from tfdash.model.judgement import Outcome
from tfdash.model.observation import Observation
from tfdash.model.traffic import Traffic
from tfdash.playbook.canary import words
from tfdash.playbook.canary.held import Held
from tfdash.playbook.canary.policy import CanaryPolicy
from tfdash.playbook.canary.sides import Versions
from tfdash.playbook.canary.tally import Tally

_SCRAPE = 60.0  # seconds: the scrape interval where too few samples tell it
_OLD = 3  # windows that an evaluation may be old: a source that is merely between two rounds is not stale


class Bar(NamedTuple):
    """Why nothing, or no PASS, can be said. ``mends``: waiting may help."""

    outcome: Outcome
    sentence: str
    mends: bool = False


class Sight(NamedTuple):
    """What the triggers on traffic share."""

    traffic: Traffic
    who: Versions
    tally: Tally
    held: Held | None
    label: str  # of the baseline
    problem: str  # of the source; "" of none
    strangers: int
    age: float = 0.0  # seconds since the evaluation


def unread(observation: Observation[Traffic] | None) -> Bar | None:
    """Nothing was ever read."""
    if observation is None:
        return Bar(
            Outcome.NO_DATA, "no metrics are read for this workload; name its metrics in the configuration"
        )
    if observation.value is None:
        if observation.problem is not None:
            return Bar(Outcome.QUERY_ERROR, f"the metrics could not be read: {observation.problem}")
        return Bar(Outcome.NO_DATA, "the metrics have not been read yet", True)
    return None


def empty(sight: Sight, kind: str, has: tuple[bool, bool], windows: int, policy: CanaryPolicy) -> Bar | None:
    """Nothing to compare. ``kind``: "requests" or "latency"; ``has``: whether canary and baseline have series."""
    if sight.problem and not any(has):
        return Bar(Outcome.QUERY_ERROR, f"the metrics could not be read: {sight.problem}")
    if not any(has):
        what = "request counter" if kind == "requests" else "histogram"
        return Bar(Outcome.NO_DATA, f"no {what} of this workload was found; tfdash doctor shows what exists")
    assert sight.who.canary is not None
    if not has[0]:
        name = sight.who.canary.hash or "its pods"
        return Bar(Outcome.NO_DATA, f"the canary ({name}) has no series yet", True)
    if not has[1] and sight.held is None:
        name = sight.who.baseline.hash if sight.who.baseline else ""
        return Bar(
            Outcome.NOT_COMPARABLE,
            f"the baseline {f'({name}) ' if name else ''}has no series: nothing to compare with",
        )
    if windows == 0:
        wait = first_window(sight, policy) - sight.traffic.evaluated_at
        return Bar(
            Outcome.NO_DATA, f"the first window after warm-up ends in {words.span(max(wait, 1))}", True
        )
    return None


def first_window(sight: Sight, policy: CanaryPolicy) -> float:
    """When the release's first counted window ends."""
    length = policy.window
    began = sight.tally.began
    start = (began + policy.warm_up) if began is not None else sight.traffic.evaluated_at
    return (-(-start // length) + 1) * length


def unsure(
    sight: Sight, roles: tuple[str, ...], newest: tuple[float | None, float | None], policy: CanaryPolicy
) -> Bar | None:
    """What lets no PASS stand: a failed or partial query, old samples."""
    if sight.problem:
        return Bar(Outcome.QUERY_ERROR, f"the metrics could not be read: {sight.problem}")
    for query in sight.traffic.queries:
        if query.role in roles and query.warning:
            return Bar(Outcome.QUERY_ERROR, f"the {query.role} query answered in part: {query.warning}")
    if sight.age > _OLD * policy.window:
        return Bar(
            Outcome.STALE,
            f"the metrics were last evaluated {words.span(sight.age).removeprefix('about ')} ago",
            True,
        )
    interval = sight.traffic.scrape_interval or _SCRAPE
    for name, at in zip(("canary", "baseline"), newest, strict=True):
        if name == "baseline" and sight.held is not None:
            continue
        age = sight.traffic.evaluated_at - at if at is not None else 0.0
        if age > policy.stale_intervals * interval:
            return Bar(
                Outcome.STALE,
                f"the {name}'s newest sample is {age:.0f} s old, over {policy.stale_intervals:g} scrape intervals of {interval:g} s",
                True,
            )
    return None


def query_of(traffic: Traffic, *roles: str) -> str:
    return "; ".join(q.text for q in traffic.queries if q.role in roles)
