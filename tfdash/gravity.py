"""Which of several findings about resources stands first where all are equally bad, and which of several dated promises: one order for section,
page, Overview and gate.

What keeps pods from starting stands before what runs short, that before what was left unsaid, and what is only too much is last.
"""

from __future__ import annotations

from tfdash.figures import beyond
from tfdash.model import resource_rules
from tfdash.model.kube import Pod
from tfdash.model.maintenance import ItemStanding, ItemState
from tfdash.model.subject import Subject
from tfdash.model.verdict import Level, Verdict

_BANDS = (resource_rules.CPU_BAND, resource_rules.MEMORY_BAND)
GRAVEST_FIRST: tuple[tuple[str, ...], ...] = (
    (resource_rules.FITS,),
    (resource_rules.QUOTA,),
    (resource_rules.NODE,),
    (resource_rules.AUTOSCALER,),
    (resource_rules.VOLUME,),
    (resource_rules.HPA,),
    _BANDS,  # above; what is below its band is only too much
    (resource_rules.SPOT,),
    (resource_rules.LIMITS,),
    (resource_rules.HOURS,),
    (resource_rules.UNATTACHED,),
    (resource_rules.IDLE,),
    (resource_rules.RIGHTSIZE,),
    (resource_rules.SPOT_SHARE,),
    (resource_rules.COST,),
)
"""The rules of resources by their ids. Those in one line are measured alike, and compared by how far they are beyond their bounds."""
_PLACES = {rule: place for place, rules in enumerate(GRAVEST_FIRST) for rule in rules}
_LAST = len(GRAVEST_FIRST)
_WASTE = _PLACES[resource_rules.HOURS]  # from here on money is lost, and nothing else


def gravity(verdict: Verdict | None) -> tuple[int, float]:
    """Orders findings of one level, the gravest first; what no rule of resources said is behind all."""
    if verdict is None:
        return (_LAST + 1, 0.0)
    far = beyond(verdict.measured, *(verdict.band or (None, verdict.limit)))
    if verdict.level <= Level.OK:  # nothing is grave: what is oddest is told
        return (0, -far)
    if _is_below(verdict):
        return (_LAST, -far)
    return (-1 if _waits(verdict) else _PLACES.get(verdict.rule, _LAST + 1), -far)


def only_too_much(verdict: Verdict) -> bool:
    """Whether what a rule of resources found costs money and harms nobody: behind all else that is as bad, of whatever section."""
    return _PLACES.get(verdict.rule, -1) >= _WASTE or _is_below(verdict)


def _waits(verdict: Verdict) -> bool:
    """Pods wait now, where others would only not fit."""
    return verdict.rule == resource_rules.FITS and any(o.kind == Pod.KIND for o in verdict.evidence.objects)


def _is_below(verdict: Verdict) -> bool:
    low = verdict.band[0] if verdict.rule in _BANDS and verdict.band is not None else None
    return low is not None and verdict.measured is not None and verdict.measured < low


STANDINGS = (
    ItemStanding.OVERDUE,
    ItemStanding.NO_EVIDENCE,
    ItemStanding.IN_PROGRESS,
    ItemStanding.DUE,
    ItemStanding.DONE,
    ItemStanding.WAIVED,
    ItemStanding.NOT_WATCHED,
    ItemStanding.NOTHING,
    ItemStanding.WITHDRAWN,
)
"""The gravest first."""


def promise_rank(state: ItemState) -> tuple[int, float, Subject]:
    """Overdue first, the longest first; then what nobody knows, what is due, by its date (epoch seconds), and what is done."""
    time = state.since if state.standing is ItemStanding.OVERDUE else state.due
    return STANDINGS.index(state.standing), time if time is not None else float("inf"), state.subject
