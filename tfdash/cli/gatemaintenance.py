"""``tfdash gate maintenance``: are the dated promises kept? One line a finding."""

from __future__ import annotations

import argparse
from collections.abc import Collection, Mapping
from zoneinfo import ZoneInfo

from tfdash.cli.output import deliver
from tfdash.cli.parser import UNKNOWN, USAGE
from tfdash.cli.promises import SECTIONS, of_item, states_of
from tfdash.item_place import place_of
from tfdash.model.maintenance import ItemStanding, ItemState
from tfdash.model.subject import Subject
from tfdash.report.gather import code_of
from tfdash.report.maintenance import answer, chosen, counts
from tfdash.text import safe
from tfdash.views import state as states

_TOLD = (ItemStanding.OVERDUE, ItemStanding.NO_EVIDENCE, ItemStanding.WAIVED, ItemStanding.IN_PROGRESS)
_NOT_KNOWN = (ItemStanding.NO_EVIDENCE, ItemStanding.NOT_WATCHED)


def gate_maintenance(args: argparse.Namespace) -> int:
    """Exit 0: none is overdue; 1: one is; 2: of one it is not known."""
    from tfdash.cli.compose import board_of, clock_of, judge_of
    from tfdash.config.load import load
    from tfdash.config.quick import load_quick

    config = load_quick(args.config, args.environment, args.kubeconfig, args.context)
    settings = load(config.path)
    clock = clock_of(config)
    board, _ = board_of(config, settings, clock, remembering=True, judge=judge_of(settings, of=SECTIONS))
    found = states_of(board, settings)
    board.stop()
    if found is None:
        return UNKNOWN
    if args.item and not (found := of_item(found, args.item)):
        return USAGE
    code = code_in(found.values(), bool(args.item))
    if args.format == "json":
        zone, back = ZoneInfo(config.zone), settings.maintenance.look_back
        return deliver(answer("list", found, "json", clock.now(), zone, back, code)[0], code)
    return deliver("\n".join(lines(found)), code)


def code_in(found: Collection[ItemState], named: bool) -> int:
    """``named``: one item is asked for, of which an answer is not known while nobody watches it; of all it is told and no fault."""
    unread = [s.subject.name for s in found if named and s.standing in _NOT_KNOWN]
    return code_of([s.level for s in found], unread)


def lines(found: Mapping[Subject, ItemState]) -> list[str]:
    """How many stand how, and below it one line a finding."""
    told = [f"{count} {word}" for word, count in counts(list(found.values())).items() if count]
    findings = [s for s in chosen("list", found) if s.standing in _TOLD]
    findings.sort(key=lambda s: -s.level)
    return [
        ", ".join(told) or "no promise is dated",
        *(
            f"  {states.of_level(s.level).text}  {safe(s.sentence)}  ({safe(place_of(s.subject))})"
            for s in findings
        ),
    ]
