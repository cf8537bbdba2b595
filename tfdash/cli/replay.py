"""``tfdash replay FILE``: every screen at any time of a recording. It reaches no cluster, and has nothing that could change one."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from tfdash.cli.output import cannot_draw, draw_on_terminal, narrate, on_terminal
from tfdash.cli.parser import ERROR, OK, USAGE, program

if TYPE_CHECKING:
    from tfdash.config.settings import Settings
    from tfdash.judging.judge import Judge


def command(args: argparse.Namespace) -> int:
    why = "this is no terminal" if not on_terminal() else cannot_draw()
    if why:
        narrate(f"{program()}: {why}; for text or JSON use: {program()} snapshot --recording FILE --at TIME")
        return ERROR
    from concurrent.futures import Future
    from dataclasses import replace
    from pathlib import Path
    from zoneinfo import ZoneInfo

    from tfdash.cli.bundle_options import command_line
    from tfdash.cli.compose import judge_of, log_to_file
    from tfdash.config.quick import load_quick
    from tfdash.recording.reading import NoRecording, Recording
    from tfdash.replay.player import Player
    from tfdash.views.replay import meant

    path = Path(args.file)
    config = load_quick(args.config)
    try:
        recording = Recording.open(path)
        at = recording.start
        if args.at:
            at = meant(args.at, at, at, recording.end, ZoneInfo(config.zone))
    except NoRecording as error:
        narrate(f"{program()}: {error}")
        return ERROR
    except ValueError as error:
        narrate(f"{program()}: --at: {error}")
        return USAGE
    place = config.known(recording.header.environment)
    validated: Future[Settings] = Future()  # nothing is judged before it is there

    def make(hold: float) -> Judge:
        return judge_of(validated.result(), hold)

    others = recording.header.anonymised  # names that no policy of today knows
    player = Player(recording.again, make, at=at, anew=not args.then and not others, anonymised=others)
    log_to_file(args.debug)

    from screens.context import AppContext
    from screens.replay import ReplayApp

    problems: list[str] = []

    def validate() -> str:
        """The whole configuration, behind the first frame; the sentence of what is wrong, or ""."""
        import threading

        from tfdash.actions.core.action_service import ReadOnlyService
        from tfdash.actions.core.mode import Mode
        from tfdash.cli.action_policy import policy_of
        from tfdash.cli.compose import policies_of
        from tfdash.config.load import load
        from tfdash.config.problems import ConfigError

        try:
            settings = load(config.path)
            context.policies = policies_of(settings)
            validated.set_result(settings)
        except ConfigError as error:
            validated.set_exception(error)
            problems.append(str(error))
            return str(error)
        mode, policy = Mode(recorded=True), policy_of(settings, [])
        context.actions = ReadOnlyService(player.board, None, policy, player.clock, mode)
        threading.Thread(target=player.walk.run, name="tfdash-walk", daemon=True).start()
        if not args.at:
            player.play(True)
        return ""

    screen = args.screen or config.ui.start
    context = AppContext(
        environment=recording.header.environment,
        word=place.word,
        colour=place.colour,
        environments=(recording.header.environment,),
        clock=player.clock,
        zone=config.zone,
        namespaces=(args.namespace,) if args.namespace else None,
        ui=replace(config.ui, start=screen, theme=args.theme or config.ui.theme),
        validate=validate,
        bundle=command_line(
            config.path, {"--recording": str(path.absolute()), "--namespace": args.namespace}
        ),
        bundle_at=True,
    )
    app = ReplayApp(player, context)
    draw_on_terminal()
    code = app.run_in_terminal()
    player.walk.stop()
    player.board.stop()
    if app.failure is not None:
        from tfdash.cli.crash import report

        return report(app.failure)
    if problems:
        narrate(*(f"{program()}: {line}" for line in problems[0].splitlines()))
        return USAGE
    return OK if code is None else code
