"""``tfdash wallboard``: a screen on a wall. What is put together here reads, and holds nothing that could act."""

from __future__ import annotations

import argparse
import os
import sys
from typing import TYPE_CHECKING

from tfdash.cli.output import cannot_draw, draw_on_terminal, narrate, on_terminal
from tfdash.cli.parser import ERROR, OK, USAGE, program
from tfdash.cli.wall_options import LEAST, pages_of
from tfdash.text import safe

if TYPE_CHECKING:
    from screens.wall.context import WatchedEnvironment
    from tfdash.cli.wall_login import LoginLook
    from tfdash.clock import Clock
    from tfdash.config.quick import QuickConfig
    from tfdash.config.settings import Settings

_NO_BLANKING = "\x1b[9;0]\x1b[14;0]"
"""To Linux' own console (console_codes(4)): never blank, never power the screen down."""


def command(args: argparse.Namespace) -> int:
    console = os.environ.get("TERM") == "linux"
    plain = args.ascii or console
    if why := cannot_draw(plain=plain) if on_terminal() else "this is no terminal":
        narrate(f"{program()}: {why}; for text or JSON use: {program()} snapshot")
        return ERROR
    pages, wrong = pages_of(args.pages)
    if args.rotate < LEAST:
        wrong = wrong or f"--rotate: a page is shown for at least {LEAST:g}s"
    if wrong:
        narrate(f"{program()} wallboard: {wrong}")
        return USAGE

    from tfdash.watchdog import Watchdog

    watchdog = Watchdog(os.environ, args.heartbeat)
    try:
        watchdog.try_file()
    except OSError as error:
        narrate(f"{program()} wallboard: --heartbeat {safe(args.heartbeat)}: {error.strerror or error}")
        return ERROR

    from tfdash.cli.anonymising import anonymiser_of
    from tfdash.cli.compose import clock_of, log_to_file
    from tfdash.cli.recording import keep_recording
    from tfdash.config.load import load
    from tfdash.config.quick import load_quick

    names = args.environment or [""]
    configs = [load_quick(args.config, name, args.kubeconfig, args.context) for name in dict.fromkeys(names)]
    settings = load(configs[0].path)  # a wall is started seldom: all is validated first
    clock = clock_of(configs[0])
    looks: list[LoginLook] = []
    anonymiser = anonymiser_of(args, configs[0])
    watched = [_watched(args, config, settings, clock, looks) for config in configs]
    log_to_file(args.debug)
    recorders = [
        recorder
        for one, config in zip(watched, configs, strict=True)
        for recorder in keep_recording(one.board, config, settings, clock)
    ]

    from screens.wall.app import WallApp
    from screens.wall.context import WallContext
    from tfdash.views.wall.kept import of_kept

    context = WallContext(
        watched,
        clock,
        configs[0].zone,
        pages,
        args.rotate,
        theme=args.theme or ("ansi" if console else configs[0].ui.theme),
        kiosk=args.kiosk,
        ascii=plain,
        watchdog=watchdog,
        warnings=lambda: [
            *(told for look in looks for told in look.told),
            *(told for one in watched for told in of_kept(one.word, one.board.picture)),
        ],
        aliases=None if anonymiser is None else anonymiser.table,
    )
    app = WallApp(context)
    draw_on_terminal()
    if console and sys.__stderr__ is not None:
        sys.__stderr__.write(_NO_BLANKING)
        sys.__stderr__.flush()
    code = app.run_in_terminal()
    for one in watched:
        one.board.stop()
    for recorder in recorders:
        recorder.stop()
    if app.failure is not None:
        from tfdash.cli.crash import report

        return report(app.failure)
    return OK if code is None else code


def _watched(
    args: argparse.Namespace, config: QuickConfig, settings: Settings, clock: Clock, looks: list[LoginLook]
) -> WatchedEnvironment:
    """One environment with a board of its own. The store is opened for reading; that it watched, and what changed, is kept
    in a journal of its own."""
    from screens.wall.context import WatchedEnvironment
    from tfdash.board.board import Board
    from tfdash.cli.compose import clusters_of, judge_of, scope_of
    from tfdash.cli.journal import keep_journal
    from tfdash.cli.source_registry import Needs, Wiring, made, not_measured
    from tfdash.cli.store_options import store_options
    from tfdash.cli.wall_login import LoginLook
    from tfdash.store.opening import open_store

    environment = config.environment
    clusters = clusters_of(environment, config, clock)
    options = store_options(settings, config.path)
    opened = open_store(options, clock, acting=False)
    wiring = Wiring(environment.name, settings, clusters, clock, opened=opened)
    board = Board(
        clusters,
        judge_of(settings, _HOLD),
        clock,
        interval=max(config.kubernetes.publish_every, _EVERY),
        sources=made(wiring, Needs.SETTINGS, Needs.STORE, Needs.OTHERS, Needs.WEEKS),
        signals=not_measured(wiring),
    )
    look = LoginLook(environment.word, clusters, clock)
    looks.append(look)
    board.add_task("login", look.run)
    scope = scope_of(args, environment, clusters)
    keep_journal(board, environment.name, options, clock, scope)
    return WatchedEnvironment(environment.word, environment.colour, board, scope)


_HOLD = 0.05  # seconds for which the board's thread may judge releases before the network has its turn
_EVERY = 1.0  # seconds between two pictures: nobody on a wall sees more
