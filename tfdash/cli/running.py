"""``tfdash run``: the interactive terminal. What stands on the way to the first frame is in this order on purpose.

1. read the few settings that the first frame needs, 2. start fetching the first list in a thread, 3. import Textual
meanwhile, 4. draw, 5. only then start the board (httpx, watches) and validate the whole configuration.
"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from tfdash.cli.output import cannot_draw, draw_on_terminal, narrate, on_terminal
from tfdash.cli.parser import ERROR, OK, USAGE, program
from tfdash.model.kinds import first_kind

if TYPE_CHECKING:
    from tfdash.cli.acting import ActingParts
    from tfdash.config.settings import Settings
    from tfdash.recording.places import OneFile
    from tfdash.recording.recorder import Recorder

_HOLD = 0.05  # seconds for which the board's thread may judge releases before the network has its turn


def command(args: argparse.Namespace) -> int:
    if not on_terminal():
        narrate(f"{program()}: this is no terminal; for text or JSON use: {program()} snapshot")
        return ERROR
    if why := cannot_draw():
        narrate(f"{program()}: {why}; for text or JSON use: {program()} snapshot")
        return ERROR
    return run(args)


def run(args: argparse.Namespace) -> int:
    from concurrent.futures import Future
    from dataclasses import replace

    from tfdash.board.board import Board
    from tfdash.cli.bundle_options import command_line
    from tfdash.cli.compose import (
        clock_of,
        clusters_of,
        judge_of,
        log_to_file,
        scope_of,
    )
    from tfdash.config.quick import load_quick

    config = load_quick(args.config, args.environment, args.kubeconfig, args.context)
    clock = clock_of(config)
    screen = args.screen or config.ui.start
    from tfdash.cli.lazy_judge import LazyJudge
    from tfdash.model.traffic import NO_SIGNALS

    validated: Future[Settings] = Future()  # nothing is judged before it is there
    sources = clusters_of(config.environment, config, clock, attended=True)
    judge = LazyJudge(lambda: judge_of(validated.result(), _HOLD))
    board = Board(sources, judge, clock, interval=config.kubernetes.publish_every, signals=NO_SIGNALS)
    scope = scope_of(args, config.environment, sources)
    kind = first_kind(screen)
    file: OneFile | None = None
    anonymiser = None
    if getattr(args, "anonymise", False) or getattr(args, "aliases", ""):
        from tfdash.cli.anonymising import anonymiser_of, keep_table

        if not args.record:
            narrate(f"{program()}: --anonymise is of what is recorded; add --record FILE")
            return USAGE
        anonymiser = anonymiser_of(args, config)
    if name := getattr(args, "record", ""):
        from tfdash.cli.recording import made_file, why_not

        try:
            file = made_file(name, config, anonymiser)
        except OSError as error:
            narrate(f"{program()}: --record {why_not(name, error)}")
            return ERROR
    for source in sources:
        source.prefetch(board, kind, scope)
    log_to_file(args.debug)

    from screens.app import TfdashApp
    from screens.context import AppContext

    problems: list[str] = []
    opened: list[ActingParts] = []  # what is there, if anything
    recorders: list[Recorder] = []

    def validate() -> str:
        """The whole configuration, behind the first frame; the sentence of what is wrong, or ""."""
        from tfdash.cli.acting import compose, mode_of
        from tfdash.cli.compose import policies_of
        from tfdash.cli.journal import keep_journal
        from tfdash.cli.recording import keep_recording
        from tfdash.cli.source_registry import Needs, Wiring, made, not_measured
        from tfdash.cli.ui_check import check_ui
        from tfdash.config.load import load
        from tfdash.config.problems import ConfigError
        from tfdash.config.startup import UiSettings
        from tfdash.model.traffic import published

        try:
            try:
                settings = load(config.path)
                if settings.ui != UiSettings():
                    check_ui(settings.ui, config.path)
                wiring = Wiring(config.environment.name, settings, sources, clock)
                for source in made(wiring, Needs.SETTINGS):
                    board.add_source(source)
                board.put_signals(published(not_measured(wiring)))
                context.policies = policies_of(settings)
                validated.set_result(settings)
            except BaseException as error:
                validated.set_exception(error)  # who waits for it must not wait for ever
                raise
            mode = mode_of(settings, args.read_only, args.act)
            acting = compose(board, config, settings, sources, clock, mode)
            opened.append(acting)
            recorders.extend(keep_recording(board, config, settings, clock, file))
            keep_journal(board, config.environment.name, acting.options, clock, scope)
            context.actions, context.ledger = acting.actions, acting.ledger
            context.audit, context.entries = acting.audit, acting.entries
            context.runs = acting.runs
        except ConfigError as error:
            problems.append(str(error))
            return str(error)
        return ""

    def contexts() -> tuple[str, ...]:
        """Of the kubeconfig on the command line, else of the environment's own, else kubectl's. The demo has but its own."""
        from tfdash.sources.kubernetes.kubeconfig import KubeconfigError
        from tfdash.sources.kubernetes.kubeconfig import contexts as listed

        if config.demo.enabled:
            return ()
        try:
            return tuple(listed(args.kubeconfig or config.environment.clusters[0].kubeconfig)[0])
        except KubeconfigError:
            return ()

    context = AppContext(
        environment=config.environment.name,
        word=config.environment.word,
        colour=config.environment.colour,
        environments=config.environments,
        clock=clock,
        zone=config.zone,
        namespaces=scope.namespaces,
        demo=config.demo.enabled,
        ui=replace(config.ui, start=screen, theme=args.theme or config.ui.theme),
        validate=validate,
        contexts=contexts,
        may_elevate=not args.read_only,
        bundle=command_line(
            config.path,
            {
                "--environment": args.environment,
                "--kubeconfig": args.kubeconfig,
                "--context": args.context,
                "--namespace": args.namespace,
            },
        )
        + ("--all-namespaces",) * args.all_namespaces,
        context_name=sources[0].access.context if sources else "",
    )
    app = TfdashApp(board, context)
    draw_on_terminal()
    code = app.run_in_terminal()
    board.stop(*(acting.last_wait for acting in opened))
    for recorder in recorders:
        recorder.stop()
    kept = anonymiser is None or keep_table(args, anonymiser)
    for acting in opened:
        acting.ledger.close()  # where the program begins anew, what was left open here is seen to have ended
    if app.failure is not None:
        from tfdash.cli.crash import report

        return report(app.failure)
    if problems:
        narrate(*(f"{program()}: {line}" for line in problems[0].splitlines()))
        return USAGE
    if file is not None and (any(app.switch_to) or app.elevate):
        from tfdash.cli.anonymising import next_table
        from tfdash.cli.recording import next_name

        args.record = next_name(name)
        if anonymiser is not None:
            next_table(args, name)
    if any(app.switch_to):
        environment, place = app.switch_to
        args.environment, args.context = environment, place
        if environment:
            args.kubeconfig = ""
        args.act = False  # an elevation is for one place
        return run(args)
    if app.elevate:
        args.act = True
        return run(args)
    return code or (OK if kept else ERROR)
