"""A headless command on a recording, in the place of clusters: ``--recording FILE --at TIME``."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from tfdash.cli.output import narrate
from tfdash.cli.parser import program
from tfdash.cli.recorded_options import Unsaid
from tfdash.config.quick import QuickConfig, RecordedMoment, load_quick
from tfdash.text import safe

if TYPE_CHECKING:
    from tfdash.board.board import Board
    from tfdash.judging.judge import Judge
    from tfdash.model.picture import Picture
    from tfdash.recording.reading import Recording


def chosen(args: argparse.Namespace, *, at_alone: bool = False) -> QuickConfig:
    """The configuration that the command line names; with ``--recording`` its policy, and the environment that was recorded.
    ``at_alone``: ``--at`` means something without a recording too. Raises ``ConfigError``, also for words that would not be heeded."""
    from tfdash.config.problems import ConfigError, ConfigProblem

    if not args.recording:
        if args.at and not at_alone:
            raise ConfigError(
                [ConfigProblem("--at", 0, "", "a moment of a recording; name it: --recording FILE")]
            )
        return load_quick(args.config, args.environment, args.kubeconfig, args.context)
    for word, given in (
        ("--environment", args.environment),
        ("--kubeconfig", args.kubeconfig),
        ("--context", args.context),
    ):
        if given:
            raise ConfigError([ConfigProblem(word, 0, "", "a recording is of what it is of; leave it out")])
    if not isinstance(getattr(args, "wait", Unsaid()), Unsaid):
        raise ConfigError([ConfigProblem("--wait", 0, "", "in a recording nothing comes; leave it out")])
    from dataclasses import replace

    from tfdash.config.startup import DemoSettings
    from tfdash.recording.reading import NoRecording, Recording
    from tfdash.views.replay import meant
    from tfdash.views.times import moment

    config, path = load_quick(args.config), Path(args.recording)
    try:
        recording = Recording.open(path)
        zone = ZoneInfo(config.zone)
        at = meant(args.at or "end", recording.end, recording.start, recording.end, zone)
    except NoRecording as error:
        raise ConfigError([ConfigProblem("--recording", 0, "", str(error))]) from None
    except ValueError as error:
        raise ConfigError([ConfigProblem("--at", 0, "", str(error))]) from None
    _say_cut(recording, "")
    made = replace(
        config,
        environment=config.known(recording.header.environment),
        demo=DemoSettings(),
        instead="",
        recorded=RecordedMoment(path, at, recording.header.anonymised),
    )
    narrate(f"{program()}: of a recording, {moment(at, zone)}, judged by {safe(judged_by(made))}")
    return made


def judged_by(config: QuickConfig) -> str:
    """By which policy a recording is judged, "" where none is: what was in force then is not in it."""
    if config.recorded is None:
        return ""
    if config.recorded.anonymised:
        return "the policy of then (it is anonymised, and today's names none of its aliases)"
    return f"the policy of {config.path}" if config.path else "the shipped playbook (--config names another)"


def picture_of(moment: RecordedMoment) -> Picture:
    """What was known then."""
    from tfdash.recording.reading import Recording

    recording = Recording.open(moment.path)
    at_opening = recording.cut
    picture = recording.picture_at(moment.at)
    _say_cut(recording, at_opening)
    return picture


def _say_cut(recording: Recording, at_opening: str) -> None:
    """What was found only where it was played: what is shown is of before that, and whoever reads it must know."""
    if recording.cut != at_opening:
        narrate(f"{program()}: the recording {safe(recording.cut)}; it is taken up to there")


def board_of(moment: RecordedMoment, make: Callable[[], Judge]) -> Board:
    """With what was known then and nothing else; judged by the policy of today (``make``), which is told what a terminal that
    had watched from the beginning would remember. An anonymised one is shown as it was judged then: policies name none of its aliases."""
    from tfdash.board.board import Board
    from tfdash.clock import FixedClock
    from tfdash.recording.reading import Recording
    from tfdash.replay.cluster import RecordedCluster
    from tfdash.replay.judging import ReplayJudge
    from tfdash.replay.walk import Walk

    recording = Recording.open(moment.path)
    walk = Walk(make, recording.again())
    walk.to(moment.at)
    replayed = ReplayJudge(make, recording, anew=not recording.header.anonymised)
    replayed.restart(walk.remembered(moment.at))
    clusters = [RecordedCluster(ref) for ref in recording.clusters]
    board = Board(clusters, replayed, FixedClock(moment.at))
    at_opening = recording.cut
    board.show(recording.picture_at(moment.at))
    _say_cut(recording, at_opening)
    return board
