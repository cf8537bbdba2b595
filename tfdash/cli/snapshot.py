"""``tfdash snapshot``: one screen on stdout, from the same board, judge and views that the terminal has."""

from __future__ import annotations

import argparse
import sys
import threading
import time
from zoneinfo import ZoneInfo

from tfdash.board import Board
from tfdash.cli.parser import UNKNOWN
from tfdash.clock import Clock
from tfdash.model.update import Update
from tfdash.sources.base import ALL, Scope


def command(args: argparse.Namespace) -> int:
    from tfdash.cli.compose import clock_of
    from tfdash.config.load import load
    from tfdash.config.quick import load_quick

    config = load_quick(args.config, args.environment, args.kubeconfig, args.context)
    load(config.path)  # a headless run has the time to validate first
    clock = clock_of(config)
    from tfdash.cli.compose import JUDGED_KINDS, board_of, judge_of, scope_of
    from tfdash.report import exit_code, snapshot
    from tfdash.report.gather import needs

    board, sources = board_of(config.environment, config, clock, judge_of(config))
    scope = scope_of(args, config.environment, sources)
    if args.screen == "changes":
        return _changes(args, board, scope, clock, ZoneInfo(config.zone))
    kinds = dict.fromkeys((*JUDGED_KINDS, *needs(args.screen)), scope)
    settled = settle(board, kinds, args.wait)
    namespace = args.namespace or None
    now, zone = clock.now(), ZoneInfo(config.zone)
    picture, assessment = board.picture, board.assessment
    text = snapshot(picture, assessment, args.screen, namespace, args.format, now, zone, args.width or None)
    print(text)
    board.stop()
    if not settled:
        late = ", ".join(f"{ref.cluster} {kind or 'API server'}" for ref, kind in board.unsettled())
        print(f"tfdash: not settled within {args.wait:g} s: {late}", file=sys.stderr)
        return UNKNOWN
    return exit_code(picture, assessment, args.screen, namespace, now, zone)


def _changes(args: argparse.Namespace, board: Board, scope: Scope, clock: Clock, zone: ZoneInfo) -> int:
    """Metadata and revisions are read; nothing is watched but what tells that the clusters are reached."""
    import asyncio

    from tfdash.changes import gather
    from tfdash.report.changes import HOURS, changes_report

    settled = settle(board, {"Rollout": scope}, args.wait)
    found = asyncio.run(gather(board, board.clusters, scope.namespaces, clock.now() - HOURS * 3600))
    board.stop()
    several = len(board.clusters) > 1
    print(
        changes_report(
            found.changes,
            found.unread,
            args.format,
            clock.now(),
            zone,
            args.width or None,
            several_clusters=several,
        )
    )
    return UNKNOWN if found.unread or not settled else 0


def settle(board: Board, kinds: dict[str, Scope], wait: float) -> bool:
    """Start the board and wait until every source has come or failed, and has been judged; False at the deadline."""
    news = threading.Condition()

    def listener(update: Update) -> None:
        with news:
            news.notify_all()

    board.subscribe(listener)
    board.want("snapshot", kinds or {"Namespace": ALL})
    board.start()
    deadline = time.monotonic() + wait
    with news:
        while board.unsettled() or board.assessment.number < board.picture.number:
            if (
                not news.wait(min(0.1, max(0.0, deadline - time.monotonic())))
                and time.monotonic() >= deadline
            ):
                return False
    return True
