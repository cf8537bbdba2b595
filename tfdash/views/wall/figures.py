"""The few numbers that matter, a page at a time, each out of what the playbook has said. No limit is compared here."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from tfdash.model.assessment import Assessment
from tfdash.model.maintenance import ItemStanding
from tfdash.model.picture import Picture
from tfdash.model.release import Carrier
from tfdash.model.resource_rules import CPU_BAND, MEMORY_BAND
from tfdash.model.section import SectionState
from tfdash.model.usage import Usage, usage_key
from tfdash.model.verdict import Level, Verdict
from tfdash.model.workload import IN_FLIGHT, Serving
from tfdash.views import canary
from tfdash.views import state as states
from tfdash.views.age import short_age
from tfdash.views.certificates import certificate_rows
from tfdash.views.found import found_rows


class Figure(NamedTuple):
    """A number in large digits and its word. ``level`` gives its colour; ``runs``: it changes by itself as time goes, which is no news."""

    text: str
    label: str
    level: Level
    runs: bool = False

    @property
    def token(self) -> str:
        return states.of_level(self.level).token


class WallSight(NamedTuple):
    """One environment at one time. ``sections``: those of the page."""

    picture: Picture
    assessment: Assessment
    now: float
    sections: Sequence[SectionState]


def counts(sight: WallSight) -> list[Figure]:
    """How many findings ask for somebody, by their level."""
    rows = found_rows(sight.sections).values()
    if not rows and _not_whole(sight):
        return [_not_known("breach"), _not_known("warn"), _not_known("unknown")]

    def many(level: Level, label: str) -> Figure:
        count = sum(row.finding.level is level for row in rows)
        return Figure(str(count), label, level if count else Level.IDLE)

    return [many(Level.BREACH, "breach"), many(Level.WARN, "warn"), many(Level.UNKNOWN, "unknown")]


def recoveries(sight: WallSight) -> list[Figure]:
    """How many recoveries could begin, of how many; how many are proposed by the facts, and how many are being carried out."""
    state = sight.assessment.recovery
    if state is None or not state.readiness:
        return [_not_known("ready"), _not_known("fit"), _not_known("under way")]
    several = len(state.readiness)
    good = sum(one.level is Level.OK for one in state.readiness)
    worst = max((one.level for one in state.readiness), default=Level.UNKNOWN)
    fit = sum(one.proposed is True for one in state.proposals)
    late = any(one.late for one in state.open)
    under_way = Level.WARN if late else Level.MOVING if state.open else Level.IDLE
    return [
        Figure(f"{good} of {several}", "ready", worst),
        Figure(str(fit), "fit now", Level.PAUSED if fit else Level.IDLE),
        Figure(str(len(state.open)), "under way", under_way),
    ]


def serving(sight: WallSight) -> list[Figure]:
    """Of those that should serve, how many do; how many do not at all; how many releases are under way. Rollouts are among them, as in
    the section's sentence beside."""
    workloads = sight.assessment.workloads.values()
    rollouts = [r for r in sight.assessment.releases.values() if r.carrier is Carrier.ROLLOUT]
    told = [(w.serving, states.serving(w)) for w in workloads]
    told += [(r.serving or Serving.UNKNOWN, states.of_rollout(r)[0]) for r in rollouts]
    wanted = [(serving, state) for serving, state in told if serving is not Serving.IDLE]
    well = sum(serving is Serving.OK and state.level is Level.OK for serving, state in wanted)
    down = sum(serving is Serving.DOWN for serving, _ in wanted)
    moving = sum(w.release in IN_FLIGHT for w in workloads) + sum(r.in_flight for r in rollouts)
    worst = max((state.level for _, state in wanted), default=Level.IDLE)
    worst = max(worst, _worst([s for s in sight.sections if s.id == "serving"]))
    if not wanted and _not_whole(sight):
        return [_not_known("serve"), _not_known("down"), _not_known("moving")]
    return [
        Figure(f"{well}/{len(wanted)}", "serve", worst),
        Figure(str(down), "down", Level.BREACH if down else Level.IDLE),
        Figure(str(moving), "moving", Level.MOVING if moving else Level.IDLE),
    ]


def releases(sight: WallSight) -> list[Figure]:
    """In flight, to be rolled back, and the share of traffic of the worst."""
    shown = canary.shown(sight.assessment)
    if not shown and _not_whole(sight):
        return [_not_known("in flight"), _not_known("roll back")]
    back = sum(sight.assessment.answer(r).must_roll_back for r in shown)
    flying = sum(r.in_flight for r in shown)
    figures = [
        Figure(str(flying), "in flight", Level.MOVING if flying else Level.IDLE),
        Figure(str(back), "roll back", Level.BREACH if back else Level.IDLE),
    ]
    weight = next((r.weight for r in shown if r.in_flight), None)
    share = None if weight is None else weight.actual if weight.actual is not None else weight.wanted
    if share is not None:
        level = Level(sight.assessment.answer(next(r for r in shown if r.in_flight)).level)
        figures.append(Figure(f"{share:.0f}%", "traffic", level))
    return figures


def bands(sight: WallSight) -> list[Figure]:
    """What the whole cluster uses of what it was asked for, and how many findings there are."""
    found: dict[str, list[Verdict]] = {CPU_BAND: [], MEMORY_BAND: []}
    whole = usage_key("Cluster", "", "")
    for subject, told in sight.assessment.verdicts.items():
        if subject.kind == Usage.KIND and subject.key == whole:
            for verdict in told:
                if verdict.rule in found:
                    found[verdict.rule].append(verdict)
    figures = []
    for rule, label in ((CPU_BAND, "cpu"), (MEMORY_BAND, "memory")):
        worst = max(found[rule], key=lambda v: v.level, default=None)
        if worst is None:  # nothing measures it here
            figures.append(Figure("-", label, Level.IDLE))
        elif worst.measured is None:
            figures.append(Figure("?", label, worst.level))
        else:
            figures.append(Figure(f"{worst.measured:.0f}%", label, worst.level))
    asking = sum(f.level >= Level.WARN for s in sight.sections for f in s.findings)
    level = max((s.level for s in sight.sections), default=Level.UNKNOWN)
    return [*figures, Figure(str(asking), "findings", level if asking else Level.IDLE)]


def promises(sight: WallSight) -> list[Figure]:
    """Overdue, and how long until the next is due; how long until a release may begin, or for how long it still may."""
    items = sight.assessment.maintenance
    overdue = [] if items is None else [i for i in items.values() if i.standing is ItemStanding.OVERDUE]
    figures = [
        _not_known("overdue")
        if items is None
        else Figure(str(len(overdue)), "overdue", max((i.level for i in overdue), default=Level.IDLE))
    ]
    ahead = [i.due for i in (items or {}).values() if i.due is not None and i.due >= sight.now]
    if ahead:
        figures.append(Figure(short_age(min(ahead) - sight.now), "next due", Level.OK, runs=True))
    calendar = sight.assessment.calendar
    turn = None if calendar is None else calendar.closes_at if calendar.open else calendar.opens_at
    if calendar is not None and turn is not None:
        label = "open" if calendar.open else "opens"
        level = Level.OK if calendar.open else Level.PAUSED
        figures.append(Figure(short_age(turn - sight.now), label, level, runs=True))
    return figures


def certificates(sight: WallSight) -> list[Figure]:
    """How soon the first ends, and how many ask for somebody."""
    rows = certificate_rows(sight.picture, sight.assessment).values()
    ends = [row for row in rows if row.ends is not None]
    figures = counts(sight)[:2]
    if ends:
        first = min(ends, key=lambda row: row.ends or 0.0)
        left = (first.ends or 0.0) - sight.now
        text = short_age(left) if left > 0 else f"-{short_age(-left)}"
        figures.insert(0, Figure(text, "first ends", first.level, runs=True))
    return figures


def nodes(sight: WallSight) -> list[Figure]:
    """How many there are, and how many of them are not well."""
    there = sum(len(cluster.objects("Node")) for cluster in sight.picture.clusters.values())
    return [
        Figure(str(there), "nodes", _worst(sight.sections)) if there else _not_known("nodes"),
        *counts(sight),
    ]


def calmed(figures: Sequence[Figure], sections: Sequence[SectionState]) -> list[Figure]:
    """Without green where a section of the page asks for somebody: a number that is well in itself is then plain."""
    if _worst(sections) < Level.UNKNOWN:
        return list(figures)
    return [f._replace(level=Level.IDLE) if f.level is Level.OK else f for f in figures]


def _worst(sections: Sequence[SectionState]) -> Level:
    return Level(max((s.level for s in sections), default=Level.IDLE))


def _not_whole(sight: WallSight) -> bool:
    """Whether something that the page's sections need is not known: then none seen is not none."""
    return any(section.level is Level.UNKNOWN or section.unknown for section in sight.sections)


def _not_known(label: str) -> Figure:
    return Figure("?", label, Level.UNKNOWN)
