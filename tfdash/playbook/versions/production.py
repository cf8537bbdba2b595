"""May the next version of Kubernetes go to production? It was in development before staging, it soaked in staging, notice was given.

The notice begins when a terminal that records first wrote the plan into the audit log, whose time nobody can choose: a day that stands
in a file can be written today for a month ago. Before the planned day it may not go either, for that day is what people were told.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime, time
from typing import NamedTuple

import msgspec

from tfdash.model.subject import ClusterRef, Subject
from tfdash.model.verdict import Level, UnknownKind, Verdict
from tfdash.model.versions import PlannedUpdate, Soak
from tfdash.moments import weekday_moment
from tfdash.playbook.moment import Moment
from tfdash.playbook.schedule.local import midnight
from tfdash.playbook.staleness import Unread
from tfdash.playbook.versions.policy import VersionsPolicy
from tfdash.playbook.versions.soak import WatchedSpan, oldest_now, soak
from tfdash.playbook.versions.version import Version, same_patch, same_update
from tfdash.playbook.versions.wording import lasting

SOAK, PRODUCTION = "versions.soak", "versions.production"
UNWATCHED = 2 * 3600.0
"""Seconds without a word on an environment after which it counts as not watched: terminals that record say one each hour."""

_SEEN_WITHIN = 20.0  # seconds in which a terminal sees its own clusters again


class SeenEnvironment(NamedTuple):
    """An environment: its clusters, and what was seen of them."""

    name: str
    clusters: Collection[ClusterRef]
    spans: Sequence[WatchedSpan]

    @property
    def until(self) -> float:
        """When it was seen last, every cluster of it."""
        return min(
            (max((s.until for s in self.spans if s.cluster == c), default=0.0) for c in self.clusters),
            default=0.0,
        )

    @property
    def newest(self) -> Version | None:
        """The newest that runs in any of its clusters, as far as that was seen last."""
        return max((s.newest for s in self.spans if s.until >= self.until), default=None)


class _Condition(NamedTuple):
    """One of what must be: whether it is (None: not known), in words, and when it will be, None where nothing tells."""

    held: bool | None
    sentence: str
    at: float | None = None


def soak_verdict(
    place: SeenEnvironment, policy: VersionsPolicy, moment: Moment
) -> tuple[Soak | None, Verdict | None]:
    """How an environment soaks now; None where it was not seen."""
    version = oldest_now(place.spans, place.clusters)
    found = soak(place.spans, place.clusters, version, moment.now) if version is not None else None
    if found is None:
        return None, None
    condition = _soaked(found, place, policy, moment)
    newest = place.newest
    beside = newest if newest is not None and newest.short != found.version else None
    mixed = beside is not None and version is not None and beside[:2] > version[:2]
    more = f"; {beside.short} runs beside it and does not soak yet" if beside is not None else ""
    sentence = f"{found.version} in {place.name}: {condition.sentence}{more}"
    subject = Subject(ClusterRef(place.name, ""), "Environment", "", place.name)
    level = Level.OK if condition.held and not mixed else Level.MOVING
    return found, Verdict(level=level, rule=SOAK, subject=subject, sentence=sentence, since=found.since)


def production_verdict(places: Mapping[str, SeenEnvironment], plans: Sequence[PlannedUpdate], policy: VersionsPolicy, moment: Moment) -> Verdict:  # fmt: skip
    """What is said of production's next version. ``places``: by name, those that something is known of."""
    rules = policy.rules
    mine = places[rules.production]
    now_there = oldest_now(mine.spans, mine.clusters)
    if now_there is None:
        return _said(policy, Level.UNKNOWN, f"what {mine.name} runs is not known", UnknownKind.NO_DATA)
    staging = places.get(rules.staging)
    in_staging = oldest_now(staging.spans, staging.clusters) if staging is not None else None
    if not rules.staging or staging is None or in_staging is None:
        why = "there is no staging"
        if rules.staging:
            why = _absent("staging", policy) or f"nobody has watched what {rules.staging} runs yet"
        return _said(policy, Level.IDLE, f"{mine.name} runs {now_there.short}; {why}")
    soaked = _best(staging, now_there, policy, moment)
    if soaked is None:
        return _none_waits(mine, now_there, staging, in_staging, policy, moment)
    version, found = soaked
    conditions = [
        *_in_development(places, version, found, policy),
        _soaked(found, staging, policy, moment),
        _noticed(version, now_there, plans, policy, moment),
    ]
    said = "; ".join(c.sentence for c in conditions)
    newest = mine.newest
    # a vendor patches control planes by itself: a later patch of the same minor is none of ours
    going = newest is not None and (newest == version or newest[:2] > version[:2])
    if all(c.held for c in conditions):
        if not _watched(staging, moment):
            sentence = f"whether {version.short} may go to {mine.name} is not known: nobody watches {staging.name} since {weekday_moment(staging.until, policy.tz)}; {said}"
            return _said(policy, Level.UNKNOWN, sentence, UnknownKind.STALE)
        may = "goes" if going else "may go"
        return _said(
            policy, Level.MOVING if going else Level.OK, f"{version.short} {may} to {mine.name}: {said}"
        )
    if going:
        return _said(policy, Level.WARN, f"{version.short} goes to {mine.name} already: {said}")
    if any(c.held is None for c in conditions):
        sentence = f"whether {version.short} may go to {mine.name} is not known: {said}"
        return _said(policy, Level.UNKNOWN, sentence, UnknownKind.NO_DATA)
    times = [c.at for c in conditions if not c.held]
    opens = max((at for at in times if at is not None), default=None)
    ahead = opens is not None and opens > moment.now and None not in times
    when = f", opens {weekday_moment(opens or 0.0, policy.tz)}" if ahead else ""
    return _said(policy, Level.PAUSED, f"{version.short} may not go to {mine.name} yet{when}: {said}")


def waiting(places: Mapping[str, SeenEnvironment], policy: VersionsPolicy, moment: Moment) -> Version | None:
    """The version of which ``production_verdict`` tells whether it may go; None where none waits, or that is not known."""
    mine, staging = places.get(policy.rules.production), places.get(policy.rules.staging)
    above = oldest_now(mine.spans, mine.clusters) if mine is not None else None
    if above is None or staging is None:
        return None
    found = _best(staging, above, policy, moment)
    return found[0] if found is not None else None


def doubted(verdict: Verdict, unread: Unread | None) -> Verdict:
    """Where not all that terminals recorded can be read: what rests on nothing having been recorded is not known."""
    if unread is None:
        return verdict
    if verdict.level in (Level.IDLE, Level.OK, Level.MOVING) or unread.unknown is UnknownKind.LOADING:
        what = (
            "how it soaks" if verdict.rule == SOAK else f"whether a version may go to {verdict.subject.name}"
        )
        sentence = f"{what} is not known: {unread.cause}"
        return msgspec.structs.replace(
            verdict, level=Level.UNKNOWN, sentence=sentence, unknown=unread.unknown
        )
    return msgspec.structs.replace(verdict, sentence=f"{verdict.sentence}; {unread.cause}")


def _said(policy: VersionsPolicy, level: Level, sentence: str, unknown: UnknownKind | None = None) -> Verdict:
    name = policy.rules.production
    subject = Subject(ClusterRef(name, ""), "Environment", "", name)
    return Verdict(level=level, rule=PRODUCTION, subject=subject, sentence=sentence, unknown=unknown)


def _best(
    staging: SeenEnvironment, above: Version, policy: VersionsPolicy, moment: Moment
) -> tuple[Version, Soak] | None:
    """Of the versions that staging had all of it on and production has not: the newest that soaked, else the newest."""
    newer = sorted({s.oldest for s in staging.spans if s.oldest > above}, reverse=True)
    found = [
        (version, told)
        for version in newer
        if (told := soak(staging.spans, staging.clusters, version, moment.now)) is not None
    ]
    return next((pair for pair in found if pair[1].watched >= policy.rules.soak), found[0] if found else None)


def _none_waits(
    mine: SeenEnvironment,
    runs: Version,
    staging: SeenEnvironment,
    in_staging: Version,
    policy: VersionsPolicy,
    moment: Moment,
) -> Verdict:
    """Where staging has nothing newer: whether production went first."""
    if in_staging < runs:
        sentence = (
            f"{mine.name} runs {runs.short} and {staging.name} {in_staging.short}: {mine.name} went first"
        )
        return _said(policy, Level.WARN, sentence)
    if not _watched(staging, moment):
        sentence = f"nobody watches {staging.name} since {weekday_moment(staging.until, policy.tz)}: then it ran {in_staging.short}, as {mine.name} does"
        return _said(policy, Level.UNKNOWN, sentence, UnknownKind.STALE)
    here = soak(mine.spans, mine.clusters, runs, moment.now)
    there = soak(staging.spans, staging.clusters, runs, moment.now)
    if here is not None and there is not None and not here.first and there.watched < policy.rules.soak:
        sentence = f"{mine.name} runs {runs.short} since {weekday_moment(here.since, policy.tz)}, and in {staging.name} it soaked {lasting(there.watched)} of {lasting(policy.rules.soak)}"
        return _said(policy, Level.WARN, sentence)
    return _said(
        policy, Level.OK, f"{mine.name} and {staging.name} run {runs.short}: none waits for {mine.name}"
    )


def _watched(place: SeenEnvironment, moment: Moment) -> bool:
    return not moment.reached(place.until + UNWATCHED)


def _in_development(
    places: Mapping[str, SeenEnvironment], version: Version, found: Soak, policy: VersionsPolicy
) -> list[_Condition]:
    name = policy.rules.development
    if not name:
        return []
    place = places.get(name)
    if place is None or not place.spans:
        return [_Condition(None, _absent("development", policy) or f"nobody has watched {name}")]
    first = min((s.since for s in place.spans if s.oldest == version), default=None)
    if first is not None and first < found.since:
        return [_Condition(True, f"in {name} since {weekday_moment(first, policy.tz)}")]
    return [_Condition(False, f"{name} did not have it before {policy.rules.staging}")]


def _absent(key: str, policy: VersionsPolicy) -> str:
    """What is said of an environment that the configuration does not have, which nobody will ever watch."""
    name = getattr(policy.rules, key)
    if not policy.clusters or name in policy.clusters:
        return ""
    return f'no environment is called {name}; [versions] {key} says which, "" for none'


def _soaked(found: Soak, place: SeenEnvironment, policy: VersionsPolicy, moment: Moment) -> _Condition:
    """Of the watched time; at which time it will be enough, where somebody watches."""
    need = policy.rules.soak
    gaps = sum(gap.seconds for gap in found.gaps)
    more = f", {lasting(gaps)} not watched" if gaps >= 60 else ""
    if not _watched(place, moment):
        more += f", nobody watches since {weekday_moment(found.until, policy.tz)}"
    sentence = f"soak {lasting(found.watched)} of {lasting(need)}{more}"
    if found.watched >= need:
        return _Condition(True, sentence)
    left = need - found.watched
    runs = oldest_now(place.spans, place.clusters)
    goes_on = runs is not None and runs.short == found.version and _watched(place, moment)
    at = found.until + left if goes_on else None
    if at is not None and moment.reached(at):  # by the clock, and nobody has seen it yet
        moment.reached(moment.now + _SEEN_WITHIN)
        sentence += f", {place.name} last seen {weekday_moment(found.until, policy.tz)}"
    return _Condition(False, sentence, at)


def _noticed(
    version: Version,
    runs: Version,
    plans: Sequence[PlannedUpdate],
    policy: VersionsPolicy,
    moment: Moment,
) -> _Condition:
    """By the plan that is about it; of several the one that was announced first. A plan of a minor is of the update to it: where all of
    production ``runs`` that minor, it is spent, and a later patch has a notice of its own."""
    named = [p for p in plans if p.environment == policy.rules.production and same_update(p.version, version)]
    mine = [p for p in named if runs.cycle != version.cycle or same_patch(p.version, version)]
    told = [p for p in mine if p.announced is not None]
    need = policy.rules.notice
    if named and not mine:
        spent = f"that of {version.cycle} was for the update to it, no [[versions.plan]] has {version.short}"
        return _Condition(False, f"notice not given: {spent}")
    if not mine:
        return _Condition(False, f"notice not given: no [[versions.plan]] has {version.cycle}")
    if not told:
        return _Condition(False, f"notice not recorded yet: {mine[0].day} stands in the plan alone")
    plan = min(told, key=lambda p: p.announced or 0.0)
    announced = plan.announced or 0.0
    begins = midnight(date.fromisoformat(plan.day), policy.tz)
    given = f"notice {lasting(min(moment.now - announced, need))} of {lasting(need)}"
    noticed, due = moment.reached(announced + need), moment.reached(begins)
    soon = ", which is too soon" if begins < announced + need else ""
    sentence = given if due and noticed else f"{given}, planned for {_day(plan.day)}{soon}"
    return _Condition(noticed and due, sentence, max(announced + need, begins))


def _day(text: str) -> str:
    then = datetime.combine(date.fromisoformat(text), time())
    return f"{then:%a} {then.day} {then:%b}"
