"""``tfdash gate maintenance``: are the dated promises kept? One line a finding."""

from __future__ import annotations

import argparse
from collections.abc import Collection, Mapping, Sequence

from tfdash.cli.output import deliver
from tfdash.cli.promises import AskedPromises, asked
from tfdash.item_place import place_of
from tfdash.model.maintenance import ItemStanding, ItemState
from tfdash.model.subject import Subject
from tfdash.nouns import counted
from tfdash.report.gather import code_of
from tfdash.report.maintenance import answer, clash_lines, counts, worst_first
from tfdash.text import safe
from tfdash.views import state as states

_TOLD = (ItemStanding.OVERDUE, ItemStanding.NO_EVIDENCE, ItemStanding.WAIVED, ItemStanding.IN_PROGRESS)
_NOT_KNOWN = (ItemStanding.NO_EVIDENCE, ItemStanding.NOT_WATCHED, ItemStanding.WITHDRAWN)


def gate_maintenance(args: argparse.Namespace) -> int:
    """Exit 0: none is overdue; 1: one is; 2: of one it is not known."""
    told = asked(args)
    if isinstance(told, int):
        return told
    code = code_in(told.states.values(), bool(args.item))
    if args.format == "json":
        text, _ = answer("list", told.states, "json", told.now, told.zone, told.look_back, code)
        return deliver(text, code)
    return deliver("\n".join([*lines(told.states), *_ways(told)]), code)


def _ways(told: AskedPromises) -> list[str]:
    """What lies in the way of the next windows: told, and no fault."""
    return [f"  {line}" for line in clash_lines(list(told.states.values()), told.zone)]


def code_in(found: Collection[ItemState], named: bool) -> int:
    """``named``: one item is asked for, of which an answer is not known while nobody watches it; of all it is told and no fault."""
    unread = [s.subject.name for s in found if named and s.standing in _NOT_KNOWN]
    return code_of([s.level for s in found], unread)


def lines(found: Mapping[Subject, ItemState]) -> list[str]:
    """How many stand how, and below it one line a finding."""
    told = [f"{count} {word}" for word, count in counts(list(found.values())).items() if count]
    findings = sorted((s for s in found.values() if s.standing in _TOLD), key=worst_first)
    shared: dict[str, list[ItemState]] = {}
    for state in findings:  # one cause is one line
        shared.setdefault(state.cause or state.sentence + place_of(state.subject), []).append(state)
    return [
        ", ".join(told) or "no promise is dated",
        *(f"  {states.of_level(several[0].level).text}  {_finding(several)}" for several in shared.values()),
    ]


def _finding(several: Sequence[ItemState]) -> str:
    first = several[0]
    if len(several) == 1:
        return f"{safe(first.sentence)}  ({safe(place_of(first.subject))})"
    return f"{counted(len(several), 'promise')} not known: {safe(first.cause)}"
