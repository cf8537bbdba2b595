"""The dated promises for a command that looks once: how they stand by what is on record."""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple
from zoneinfo import ZoneInfo

from tfdash.board.board import Board
from tfdash.cli.headless import settle
from tfdash.cli.output import narrate
from tfdash.cli.parser import UNKNOWN, USAGE, program
from tfdash.model.maintenance import ItemState
from tfdash.model.section import SectionFinding
from tfdash.model.store_state import StoreState
from tfdash.model.subject import Subject
from tfdash.model.verdict import Level
from tfdash.playbook.maintenance.live import READERS
from tfdash.playbook.maintenance.spaces import KIND as SPACE
from tfdash.sources.base import ALL, Scope
from tfdash.spelling import nearest
from tfdash.text import safe, toml_key

if TYPE_CHECKING:
    from tfdash.config.quick import QuickConfig
    from tfdash.config.settings import Settings
    from tfdash.playbook.maintenance.policy import MaintenanceItem

SECTIONS = ("maintenance",)


class AskedPromises(NamedTuple):
    """What is asked for, at this time (epoch seconds). ``look_back``: months. ``store``: what they were read from."""

    states: Mapping[Subject, ItemState]
    now: float
    zone: ZoneInfo
    look_back: int
    store: StoreState


_FIRST = 20.0  # seconds for what is on record


def live_kinds(settings: Settings) -> dict[str, Scope]:
    """What live evidence is read from."""
    named = {item.live for item in settings.maintenance.items.values() if item.evidence == "live"}
    kinds = {kind: ALL for name in named for kind in READERS[name].kinds}
    spaced = any(item.per == "namespace" for item in settings.maintenance.items.values())
    return {**kinds, SPACE: ALL} if spaced else kinds


def asked(args: argparse.Namespace, config: QuickConfig) -> AskedPromises | int:
    """How the promises stand that are asked for, one item or all; the exit code where that cannot be said, which is narrated."""
    from tfdash.cli.compose import board_of, clock_of
    from tfdash.config.load import load

    settings = load(config.path)
    clock = clock_of(config)
    board, _ = board_of(config, settings, clock, remembering=True, of=SECTIONS)
    wait = max(_FIRST, getattr(args, "wait", 0.0))
    found = states_of(board, settings, wait, coming=config.recorded is None)
    board.stop()
    if found is None:
        return UNKNOWN
    if args.item and not (found := of_item(found, args.item, settings)):
        return USAGE
    if not args.item:
        kept = {subject.name for subject in found}
        for name, item in settings.maintenance.items.items():
            if item.enabled and item.per == "environment" and name not in kept:
                narrate(f"{program()}: {_nowhere(name, item)}")
    store = board.picture.store_state
    return AskedPromises(found, clock.now(), ZoneInfo(config.zone), settings.maintenance.look_back, store)


def without_memory(
    states: Mapping[Subject, ItemState], store: StoreState, fail_on: str
) -> tuple[SectionFinding, ...]:
    """What a gate says besides where nothing at all is on record of any promise: no terminal ever wrote here, as on a runner, so that
    a promise which a terminal calls overdue would be "not yet watched". It could only have warned: who asks for breaches alone is not told.
    A store that could not be read is none of that: each promise says so itself."""
    if not states or store.health.unread:
        return ()
    record = store.maintenance
    written = (record.completions, record.waivers, record.sightings, record.started, record.rules)
    if fail_on == "breach" or any(written):
        return ()
    said = "no terminal has anything on record of the promises here: [store] path or url names where terminals write"
    return (SectionFinding(level=Level.UNKNOWN, sentence=said),)


def states_of(
    board: Board, settings: Settings, wait: float = _FIRST, *, coming: bool = True
) -> Mapping[Subject, ItemState] | None:
    """Each promise at each place by what is on record, once that is read; None, and why, where it was not in time (``wait``: seconds).
    ``coming`` False: what is not there comes no more."""

    kinds = live_kinds(settings)

    def enough(settled: bool, took: float) -> bool:
        if not coming:
            return settled
        status = board.picture.sources.get("store")
        if kinds and not settled and took < wait:
            return False  # what live evidence is read from
        known = board.assessment.number >= board.picture.number and board.assessment.maintenance is not None
        feeds = board.picture.sources.get("calendar feeds")  # what promises move for
        fed = feeds is None or not feeds.unasked
        return known and fed and status is not None and (status.complete or status.problem is not None)

    late = settle(board, kinds, wait, enough=enough)
    found = board.assessment.maintenance
    if found is None and not coming:
        narrate(f"{program()}: what is on record had not been read at that time of the recording")
    elif found is None:
        narrate(f"{program()}: what is on record was not read in time{': ' if late else ''}{', '.join(late)}")
    return found


def of_item(found: Mapping[Subject, ItemState], name: str, settings: Settings) -> dict[Subject, ItemState]:
    """At each of its places; {}, and why or the nearest that there is, where the playbook has no such item here."""
    mine = {subject: state for subject, state in found.items() if subject.name == name}
    item = settings.maintenance.items.get(name)
    if not mine and item is not None:
        narrate(f"{program()}: {_nowhere(name, item)}")
    elif not mine:
        names = {subject.name for subject in found}
        narrate(f'{program()}: the playbook has no item "{safe(name)}"; {nearest(name, names)}')
    return mine


def _nowhere(name: str, item: MaintenanceItem) -> str:
    """Why an item that stands in the settings has no place among those that are shown."""
    table = f"[maintenance.items.{toml_key(name)}]"
    if not item.enabled:
        return safe(f"{name} is not kept: {table} enabled = false")
    said = f"environments = {json.dumps(item.environments)}"
    if item.per in ("cluster", "namespace"):
        said += f", clusters = {json.dumps(item.clusters)}"
    return safe(f"{name} is kept at none of those that are shown: {table} {said}")
