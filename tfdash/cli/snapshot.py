"""``tfdash snapshot``: one screen on stdout, from the same board, judge and views that the terminal has."""

from __future__ import annotations

import argparse
from zoneinfo import ZoneInfo

from tfdash.board.board import Board
from tfdash.cli.output import deliver, narrate
from tfdash.cli.parser import OK, UNKNOWN
from tfdash.clock import Clock
from tfdash.model.kinds import JUDGED
from tfdash.sources.base import Scope


def command(args: argparse.Namespace, *, judged: bool = True) -> int:
    """``judged`` False: the code says only whether it was delivered, not what was found (a demonstration)."""
    from tfdash.cli.compose import clock_of
    from tfdash.config.load import load
    from tfdash.config.quick import load_quick

    config = load_quick(args.config, args.environment, args.kubeconfig, args.context)
    settings = load(config.path)  # a headless run has the time to validate first
    clock = clock_of(config)
    from tfdash.cli.compose import board_of, scope_of
    from tfdash.cli.headless import settle
    from tfdash.report import exit_code, snapshot
    from tfdash.report.canary import CANARY, canary_report
    from tfdash.report.gather import needs

    canary = args.screen == CANARY
    remembering = args.screen != "changes"
    board, sources = board_of(config, settings, clock, probing=canary, remembering=remembering)
    scope = scope_of(args, config.environment, sources)
    if args.screen == "changes":
        return _changes(args, board, scope, clock, ZoneInfo(config.zone))
    kinds = dict.fromkeys((*JUDGED, *(() if canary else needs(args.screen))), scope)
    late = settle(board, kinds, args.wait)
    namespace = args.namespace or None
    now, zone = clock.now(), ZoneInfo(config.zone)
    picture, assessment = board.picture, board.assessment
    width = args.width or None
    if canary:
        text, code = canary_report(picture, assessment, namespace, args.format, now, zone, width, late)
    else:
        text = snapshot(picture, assessment, args.screen, namespace, args.format, now, zone, width, late)
        code = exit_code(picture, assessment, args.screen, namespace, now, zone, late)
    code = deliver(text, code if judged else OK)
    board.stop()
    if late:
        narrate(f"tfdash: not settled within {args.wait:g} s: {', '.join(late)}")
    return code


def _changes(args: argparse.Namespace, board: Board, scope: Scope, clock: Clock, zone: ZoneInfo) -> int:
    """Metadata and revisions are read; nothing is watched but what tells that the clusters are reached."""
    import asyncio

    from tfdash.changes.gather import gather
    from tfdash.cli.headless import settle
    from tfdash.report.changes import HOURS, changes_report
    from tfdash.views.mask import for_a_report

    late = settle(board, {"Rollout": scope}, args.wait, signals=False)
    with for_a_report():
        found = asyncio.run(gather(board, board.clusters, scope.namespaces, clock.now() - HOURS * 3600))
    board.stop()
    unread = (*found.unread, *late)  # what was waited for in vain is said, as well as counted
    text = changes_report(
        found.changes,
        unread,
        args.format,
        clock.now(),
        zone,
        args.width or None,
        several_clusters=len(board.clusters) > 1,
    )
    return deliver(text, UNKNOWN if unread else OK)
