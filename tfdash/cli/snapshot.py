"""``tfdash snapshot``: one screen on stdout, from the same board, judge and views that the terminal has."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from tfdash.board.board import Board
from tfdash.cli.output import deliver_to, narrate
from tfdash.cli.parser import ERROR, OK, UNKNOWN, USAGE
from tfdash.cli.snapshot_options import ALL, REPORTED
from tfdash.clock import Clock
from tfdash.model.kinds import JUDGED
from tfdash.report.formats import FORMATS
from tfdash.sources.base import Scope
from tfdash.spelling import closest
from tfdash.text import safe

if TYPE_CHECKING:
    from tfdash.changes.gather import RecentChanges
    from tfdash.views.kinds.base import KindView

_BY_WEEKS = frozenset(("overview", "resources"))  # screens that tell of findings by weeks of use


def command(args: argparse.Namespace, *, judged: bool = True) -> int:
    """``judged`` False: the code says only whether it was delivered, not what was found (a demonstration)."""
    format = FORMATS[args.format]
    if format.binary and not args.output and sys.stdout is not None and sys.stdout.isatty():
        narrate(f"tfdash: {format.name} is nothing for a terminal; name a file: --output FILE")
        return USAGE
    if why := format.lacking():
        narrate(f"tfdash: {why}")
        return ERROR
    from tfdash.cli.anonymising import anonymiser_of, keep_table
    from tfdash.cli.compose import clock_of
    from tfdash.cli.recorded import chosen, judged_by
    from tfdash.config.load import load

    config = chosen(args)
    anonymiser = anonymiser_of(args, config, "" if args.screen in REPORTED else args.screen)
    settings = load(config.path)  # a headless run has the time to validate first
    clock = clock_of(config)
    from tfdash.cli.compose import board_of, scope_of
    from tfdash.cli.headless import no_namespace, settle, weeks_judged, weeks_lacking, weeks_of_these
    from tfdash.report.canary import CANARY
    from tfdash.report.changes import CHANGES
    from tfdash.report.gather import needs
    from tfdash.report.resources import RESOURCES
    from tfdash.report.screens import EVERY, OWN, shown
    from tfdash.report.shown import ReportAsked, anonymised, code_of_all

    screens = EVERY if args.screen == ALL else (args.screen,)
    only_changes, resources = screens == (CHANGES,), RESOURCES in screens
    weeks = not _BY_WEEKS.isdisjoint(screens)
    board, sources = board_of(
        config, settings, clock, probing=CANARY in screens, remembering=not only_changes, weeks=weeks
    )
    scope = scope_of(args, config.environment, sources)
    if weeks:
        weeks_of_these(board, scope, ask=resources)
    view: KindView | None = None
    if args.screen not in REPORTED:
        found = _found(board, args.screen, scope, args.wait)
        if isinstance(found, int):
            return found
        view = found
    lists = (kind for screen in screens if screen not in OWN for kind in needs(screen, view))
    kinds = dict.fromkeys(("Rollout",) if only_changes else (*JUDGED, *lists), scope)

    def whole(settled: bool, took: float) -> bool:
        return settled and (config.recorded is not None or weeks_judged(board))

    late = settle(
        board,
        kinds,
        args.wait,
        signals=not only_changes,
        started=view is not None,
        enough=whole if resources else None,
    )
    changes = changes_of(board, scope, clock, config.recorded is not None) if CHANGES in screens else None
    asked = ReportAsked(
        board.picture,
        board.assessment,
        args.screen,
        clock.now(),
        ZoneInfo(config.zone),
        args.namespace or None,
        args.width or None,
        late,
        view,
        changes,
        judged_by(config),
    )
    lacking = weeks_lacking(board) if resources else ""
    if unknown := no_namespace(board, scope, args.wait):
        narrate(f"tfdash: {unknown}")
        asked = asked._replace(late=(*late, unknown))
    if scope.namespaces and not args.namespace:
        names = ", ".join(map(safe, scope.namespaces))
        narrate(f"tfdash: the configuration restricts what is read to {names}; -A: all")
    if anonymiser is not None:
        asked = anonymised(asked, anonymiser)
    told = [shown(asked._replace(screen=screen)) for screen in screens]
    if not keep_table(args, anonymiser):
        board.stop()
        return ERROR
    code = deliver_to(args.output, format.write(told), code_of_all(told) if judged else OK)
    board.stop()
    if late:
        narrate(f"tfdash: not settled within {args.wait:g} s: {', '.join(late)}")
    if lacking:
        narrate(f"tfdash: {lacking} within {args.wait:g} s")
    return code


def _found(board: Board, word: str, scope: Scope, wait: float) -> KindView | int:
    """The list of a kind that the clusters serve, the board being started; or the exit code where there is none."""
    import asyncio

    from tfdash.views.served_kinds import ServedKinds

    served = ServedKinds(board)
    board.want("headless", dict.fromkeys(JUDGED, scope))
    board.start()

    async def look() -> None:
        async with asyncio.timeout(wait):
            await served.look(0.0)

    try:
        asyncio.run(look())
        silent = ", ".join(served.silent())
    except TimeoutError:
        board.stop()
        narrate(
            f"tfdash: no screen {safe(word)!r}; whether it is a kind is not known: no answer within {wait:g} s"
        )
        return UNKNOWN
    meant = served.meant(word)
    if meant is not None and meant[1].listable and (view := served.view(meant[0])) is not None:
        return view
    board.stop()
    if meant is not None:
        narrate(f"tfdash: {safe(meant[0])} cannot be listed, only: {safe(', '.join(meant[1].verbs))}")
        return USAGE
    near = closest(word, REPORTED)
    screens = f"the nearest screen: {near}" if near else f"screens: {', '.join(REPORTED)}"
    narrate(f"tfdash: no screen {safe(word)!r}, and {served.unknown(word)}; {screens}")
    return UNKNOWN if silent else USAGE


def changes_of(board: Board, scope: Scope, clock: Clock, recorded: bool = False) -> RecentChanges:
    """Metadata and revisions are read; nothing is watched but what tells that the clusters are reached. Of a recording, which has neither
    (``recorded``), its ReplicaSets tell what was made until then."""
    import asyncio

    from tfdash.changes.gather import gather
    from tfdash.report.changes import HOURS
    from tfdash.views.mask import for_a_report

    with for_a_report():
        now = clock.now()
        until = now if recorded else 0.0
        return asyncio.run(gather(board, board.clusters, scope.namespaces, now - HOURS * 3600, until=until))
