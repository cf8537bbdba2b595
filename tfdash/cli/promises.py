"""The dated promises for a command that looks once: how they stand by what is on record."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple
from zoneinfo import ZoneInfo

from tfdash.board.board import Board
from tfdash.cli.headless import settle
from tfdash.cli.output import narrate
from tfdash.cli.parser import UNKNOWN, USAGE, program
from tfdash.model.maintenance import ItemState
from tfdash.model.subject import Subject
from tfdash.playbook.maintenance.live import READERS
from tfdash.sources.base import ALL, Scope
from tfdash.spelling import nearest
from tfdash.text import safe

if TYPE_CHECKING:
    from tfdash.config.settings import Settings

SECTIONS = ("maintenance",)


class AskedPromises(NamedTuple):
    """What is asked for, at this time (epoch seconds). ``look_back``: months."""

    states: Mapping[Subject, ItemState]
    now: float
    zone: ZoneInfo
    look_back: int


_FIRST = 20.0  # seconds for what is on record


def live_kinds(settings: Settings) -> dict[str, Scope]:
    """What live evidence is read from."""
    named = {item.live for item in settings.maintenance.items.values() if item.evidence == "live"}
    return {kind: ALL for name in named for kind in READERS[name].kinds}


def asked(args: argparse.Namespace) -> AskedPromises | int:
    """How the promises stand that are asked for, one item or all; the exit code where that cannot be said, which is narrated."""
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
    return AskedPromises(found, clock.now(), ZoneInfo(config.zone), settings.maintenance.look_back)


def states_of(board: Board, settings: Settings) -> Mapping[Subject, ItemState] | None:
    """Each promise at each place by what is on record, once that is read; None, and why, where it was not in time."""

    kinds = live_kinds(settings)

    def enough(settled: bool, took: float) -> bool:
        status = board.picture.sources.get("store")
        if kinds and not settled and took < _FIRST:
            return False  # what live evidence is read from
        known = board.assessment.number >= board.picture.number and board.assessment.maintenance is not None
        feeds = board.picture.sources.get("calendar feeds")  # what promises move for
        fed = feeds is None or not feeds.unasked
        return known and fed and status is not None and (status.complete or status.problem is not None)

    late = settle(board, kinds, _FIRST, enough=enough)
    found = board.assessment.maintenance
    if found is None:
        narrate(f"{program()}: what is on record was not read in time{': ' if late else ''}{', '.join(late)}")
    return found


def of_item(found: Mapping[Subject, ItemState], item: str) -> dict[Subject, ItemState]:
    """At each of its places; {}, and the nearest that there is, where the playbook has no such item."""
    mine = {subject: state for subject, state in found.items() if subject.name == item}
    if not mine:
        names = {subject.name for subject in found}
        narrate(f'{program()}: the playbook has no item "{safe(item)}"; {nearest(item, names)}')
    return mine
